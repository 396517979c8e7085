"""`uwlr-adapter resultaten export`: results as CSV or as JSON lines, in bounded memory."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click

from uwlr_adapter.cli.base import Context, own_actor
from uwlr_adapter.cli.export_output import (
    DATE,
    CsvForm,
    day_of_option,
    require_place_and_days,
    require_writable,
    tell_exported,
    write_all,
)
from uwlr_adapter.cli.json_output import moment_of
from uwlr_adapter.clock import schooljaar_start
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.db.database import Database
from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.koppelingen import afnemers
from uwlr_adapter.resultaten.exporting import ExportedResult, ResultFilter, count, export
from uwlr_adapter.resultaten.stored_form import to_plain

COLUMNS = (
    *("resultaat", "versienummer", "afnemer", "brin6", "schooljaar", "leerling", "brincode", "key", "toetscode"),
    *(
        "toetsversie",
        "toetsnaam",
        "onderdeel",
        "afnamedatum",
        "score",
        "osoresultaat",
        "versie",
        "infourl",
        "verwerker",
    ),
    *("bericht", "aanmaakdatum", "received", "delivered", "state"),
)
"""The columns of an export, and the members of an object."""


@click.command("export")
@click.option("--brin6", help="Only results of this vestiging, such as 21QW00.")
@click.option("--school", "brincode", help="Only results of the vestigingen of this brincode, such as 21QW.")
@click.option("--schooljaar", help="Only results that were sent for this schooljaar, such as 2026-2027.")
@click.option("--afnemer", "klantnaam", help="Only results of this afnemer.")
@click.option("--from", "first", type=DATE, callback=day_of_option, help="First day of the work (inclusive).")
@click.option("--until", "last", type=DATE, callback=day_of_option, help="Last day of the work (inclusive).")
@click.option("--all-versions", is_flag=True, help="Every version, also those that were replaced or taken back.")
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True, help="Form.")
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write, readable by you only; it is there once it is whole. Default: standard output.",
)
@click.pass_obj
def export_(
    context: Context,
    brin6: str | None,
    brincode: str | None,
    schooljaar: str | None,
    klantnaam: str | None,
    first: date | None,
    last: date | None,
    form: str,
    out: Path | None,
    *,
    all_versions: bool,
) -> None:
    """Export the results that stand, as CSV for a spreadsheet or as JSON lines (an object for each result).

    What was exported, by whom and how much of each vestiging, is in the journaal before the first line. Where there are
    no results nothing is written. docs/reference/commands.md has the columns.

    \b
    Example:
      uwlr-adapter resultaten export --school 21QW --schooljaar 2026-2027 -o resultaten.csv
      uwlr-adapter resultaten export --format jsonl --afnemer Snappet | gzip > snappet.jsonl.gz
    """  # noqa: D301 - \b is click's mark for text that is not folded
    require_place_and_days(brin6, brincode, first, last)
    if schooljaar is not None and schooljaar_start(schooljaar) is None:
        raise click.BadParameter(
            "must be two years that follow each other, such as 2026-2027", param_hint="--schooljaar"
        )
    require_writable(out)
    with context.database() as database:
        with database.reading() as connection:
            names = {one.id: one.klantnaam for one in afnemers.list_all(connection)}
            afnemer_id = None if klantnaam is None else afnemers.get(connection, klantnaam).id
        chosen = ResultFilter(brin6 or brincode, schooljaar, afnemer_id, first, last, all_versions)
        numbers = count(database, chosen)
        if not numbers:
            context.messages.print("There are no such results: nothing was exported.")
            return
        _note(context, database, numbers)
        pieces = (([_as_json(one, names) for one in piece.results], piece.share) for piece in export(database, chosen))
        number = write_all(context, out, CsvForm(COLUMNS, _cells) if form == "csv" else None, pieces)
    tell_exported(context, count_noun(number, "result", "results"), out)


def _note(context: Context, database: Database, numbers: Mapping[str, int]) -> None:
    """Store in the journaal of each vestiging who exports how many results."""
    moment, actor = context.clock(), own_actor()
    with database.writing() as connection:
        for brin6, number in sorted(numbers.items()):
            writer.record_results_act(
                connection,
                moment=moment,
                act=Act.RESULTS_EXPORTED,
                brin6=brin6,
                actor=actor,
                counts={"resultaten": number},
            )


def _as_json(one: ExportedResult, names: Mapping[int, str]) -> dict[str, Any]:
    said, toets = one.said, one.toets
    values = (
        said.resultaat_id,
        said.number,
        names.get(said.afnemer_id),
        one.brin6,
        one.schooljaar,
        one.leerling,
        one.brincode,
        said.key,
        said.toetscode,
        None if toets.versie is None else toets.versie.term,
        toets.naam,
        said.onderdeel,
        said.afnamedatum.isoformat(),
        said.score,
        to_plain(said.osoresultaat),
        to_plain(said.versie),
        said.infourl,
        said.verwerker,
        said.message_id,
        moment_of(one.aanmaakdatum),
        moment_of(one.received),
        moment_of(one.delivered),
        str(one.state),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _cells(entry: Mapping[str, Any]) -> list[str]:
    """Return the cells of a line: what is absent is empty, and a value with parts is JSON."""
    return ["" if one is None else json.dumps(one) if isinstance(one, dict) else str(one) for one in entry.values()]
