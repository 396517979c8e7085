"""`uwlr-adapter journaal export`: the entries that match, as CSV or as JSON lines, in bounded memory."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.export_output import (
    DATE,
    CsvForm,
    day_of_option,
    require_place_and_days,
    require_writable,
    tell_exported,
    write_all,
)
from uwlr_adapter.cli.journaal_entry import COLUMNS, Names
from uwlr_adapter.contract.names import OPERATIONS
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.journaal.export import ExportFilter, export
from uwlr_adapter.journaal.model import AFNEMER, Act
from uwlr_adapter.koppelingen import afnemers

ACTS = frozenset({*(operation.name for operation in OPERATIONS.values()), *map(str, Act)})
"""What an entry can be about, for --act."""


def _require_act(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and value not in ACTS:
        raise click.BadParameter(f"must be one of: {', '.join(sorted(ACTS))}")
    return value


@click.command("export")
@click.option("--from", "first", type=DATE, callback=day_of_option, help="First day (inclusive), Amsterdam time.")
@click.option("--until", "last", type=DATE, callback=day_of_option, help="Last day (inclusive), Amsterdam time.")
@click.option("--brin6", help="Only entries of this vestiging, such as 21QW00.")
@click.option("--school", "brincode", help="Only entries of the vestigingen of this brincode, such as 21QW.")
@click.option("--afnemer", "klantnaam", help="Only calls of this afnemer, and acts on it and its koppelingen.")
@click.option("--act", callback=_require_act, help="Only this operation or act, such as HaalLeerlinggegevens.")
@click.option("--actor", help="Only what this one did: a login, cli:ACCOUNT, job:NAME or afnemer:KLANTNAAM.")
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True, help="Form.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write, readable by you only; it is there once it is whole. Default: standard output.",
)
@click.pass_obj
def export_(
    context: Context,
    first: date | None,
    last: date | None,
    brin6: str | None,
    brincode: str | None,
    klantnaam: str | None,
    act: str | None,
    actor: str | None,
    form: str,
    out: Path | None,
) -> None:
    """Export entries, oldest first, as CSV for a spreadsheet or as JSON lines (an object for each entry).

    The service goes on meanwhile, and any number of entries takes the same memory. All that was written before the
    export began is in it. docs/reference/commands.md has the columns.

    \b
    Example:
      uwlr-adapter journaal export --from 2026-10-01 --until 2026-10-31 --school 21QW --out oktober.csv
      uwlr-adapter journaal export --format jsonl --afnemer Snappet | gzip > snappet.jsonl.gz
    """  # noqa: D301 - \b is click's mark for text that is not folded
    require_place_and_days(brin6, brincode, first, last)
    require_writable(out)
    if actor is not None and actor.startswith(AFNEMER):
        if klantnaam is not None:
            raise click.UsageError("name the afnemer with --afnemer or with --actor, not both")
        klantnaam = actor.removeprefix(AFNEMER)
    chosen = ExportFilter(first, last, brin6 or brincode, act, actor)
    with context.database() as database:
        with database.reading() as connection:
            names = Names.read(connection)
            chosen = chosen if klantnaam is None else _about(connection, klantnaam, names, chosen)
        pieces = (([*map(names.as_json, piece.entries)], piece.share) for piece in export(database, chosen))
        count = write_all(context, out, CsvForm(COLUMNS, _cells) if form == "csv" else None, pieces)
    tell_exported(context, count_noun(count, "entry", "entries"), out)


def _about(connection: sa.Connection, klantnaam: str, names: Names, chosen: ExportFilter) -> ExportFilter:
    """Return the filter for what concerns an afnemer, too. Raises AfnemerError."""
    afnemer = afnemers.get(connection, klantnaam)
    own = frozenset(id_ for id_, one in names.koppelingen.items() if one.afnemer_id == afnemer.id)
    return replace(chosen, afnemer_id=afnemer.id, koppeling_ids=own)


def _cells(entry: Mapping[str, Any]) -> list[str]:
    """Return the cells of a line: what is absent is empty, and words of a list have a space between them."""
    return ["" if one is None else " ".join(one) if isinstance(one, list) else str(one) for one in entry.values()]
