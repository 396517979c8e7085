"""`uwlr-adapter journaal`: the requests and acts, with the true reason of each refusal and who did what."""

import click

from uwlr_adapter.cli.base import Context, make_table
from uwlr_adapter.cli.journaal_entry import Names
from uwlr_adapter.cli.journaal_export import export_
from uwlr_adapter.cli.json_output import json_option, print_json
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.clock import AMSTERDAM
from uwlr_adapter.journaal import search


class _JournaalGroup(click.Group):
    """The group, whose usual command is `list`: `uwlr-adapter journaal --limit 5` is `journaal list --limit 5`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the usual command in front of options without a command."""
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_JournaalGroup)
def journaal() -> None:
    """List or export the journaal: each fetch and each act, with who did it. Without a command: list.

    \b
    Example:
      uwlr-adapter journaal --brin6 21QW00
      uwlr-adapter journaal export --from 2026-10-01 --out journaal.csv
    """  # noqa: D301 - \b is click's mark for text that is not folded


@journaal.command("list")
@click.option("--brin6", help="Only entries of this vestiging, such as 21QW00.")
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="Maximum number of entries."
)
@json_option
@click.pass_obj
def list_(context: Context, brin6: str | None, limit: int, *, as_json: bool) -> None:
    """List the newest entries, newest first, with the true reason of each refusal.

    Example:  uwlr-adapter journaal list --brin6 21QW00
    """
    with context.database() as database, database.reading() as connection:
        entries = search.read(connection, brin6=brin6, limit=limit)
        names = Names.read(connection)
    if as_json:
        print_json([names.as_json(entry) for entry in entries])
        return
    table = make_table("moment", "vestiging", "afnemer", "handeling", "uitkomst", "reden", "details", "wie")
    for entry in entries:
        leerlingen = () if entry.leerlingen is None else (f"leerlingen={entry.leerlingen}",)
        table.add_row(
            f"{entry.moment.astimezone(AMSTERDAM):%d-%m-%y %H:%M:%S}",
            entry.brin6 or "-",
            escape(names.afnemer_of(entry) or "-"),
            entry.act,
            entry.outcome,
            entry.reason or "",
            escape(" ".join((*leerlingen, *entry.remarks, *(f"herstel={repair}" for repair in entry.repairs)))),
            escape(entry.actor or ""),
        )
    context.console.print(table)
    if not entries:
        context.messages.print("No entries yet. Calls of an unknown klantnaam are counted, not listed.")


journaal.add_command(export_)
