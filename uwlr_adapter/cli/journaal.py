"""`uwlr-adapter journaal`: list the requests and changes, with the true reason of each refusal."""

import click

from uwlr_adapter.cli.base import Context, make_table
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.clock import AMSTERDAM
from uwlr_adapter.journaal import search
from uwlr_adapter.koppelingen import afnemers


@click.command()
@click.option("--brin6", help="Only entries of this vestiging, such as 21QW00.")
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="Maximum number of entries."
)
@click.pass_obj
def journaal(context: Context, brin6: str | None, limit: int) -> None:
    """Show the journaal, newest first, with the true reason of each refusal.

    Example:  uwlr-adapter journaal --brin6 21QW00
    """
    with context.database() as database, database.reading() as connection:
        entries = search.read(connection, brin6=brin6, limit=limit)
        names = {afnemer.id: afnemer.klantnaam for afnemer in afnemers.list_all(connection)}
    table = make_table("moment", "vestiging", "afnemer", "handeling", "uitkomst", "reden", "details")
    for entry in entries:
        leerlingen = () if entry.leerlingen is None else (f"leerlingen={entry.leerlingen}",)
        table.add_row(
            f"{entry.moment.astimezone(AMSTERDAM):%d-%m-%y %H:%M:%S}",
            entry.brin6 or "-",
            escape(names.get(entry.afnemer_id or 0, "-")),
            entry.act,
            entry.outcome,
            entry.reason or "",
            " ".join((*leerlingen, *entry.remarks, *(f"herstel={repair}" for repair in entry.repairs))),
        )
    context.console.print(table)
    if not entries:
        context.messages.print("No entries yet. Calls of an unknown klantnaam are counted, not listed.")
