"""`uwlr-adapter journaal`: who fetched what, and why a fetch was refused."""

import click
from rich.markup import escape

from uwlr_adapter.cli.base import Context, make_table
from uwlr_adapter.clock import AMSTERDAM
from uwlr_adapter.journaal import search
from uwlr_adapter.koppelingen import afnemers


@click.command()
@click.option("--brin6", help="Only this vestiging, such as 21QW00.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many lines.")
@click.pass_obj
def journaal(context: Context, brin6: str | None, limit: int) -> None:
    """Show the journaal, newest first, with the true reason of each refusal.

    Example:  uwlr-adapter journaal --brin6 21QW00
    """
    with context.database() as database, database.reading() as connection:
        lines = search.read(connection, brin6=brin6, limit=limit)
        names = {afnemer.id: afnemer.klantnaam for afnemer in afnemers.list_all(connection)}
    table = make_table("moment", "vestiging", "afnemer", "handeling", "uitkomst", "reden", "details")
    for line in lines:
        leerlingen = () if line.leerlingen is None else (f"leerlingen={line.leerlingen}",)
        table.add_row(
            f"{line.moment.astimezone(AMSTERDAM):%d-%m-%y %H:%M:%S}",
            line.brin6 or "-",
            escape(names.get(line.afnemer_id or 0, "-")),
            line.act,
            line.outcome,
            line.reason or "",
            " ".join((*leerlingen, *line.remarks, *(f"herstel={one}" for one in line.repairs))),
        )
    context.console.print(table)
    if not lines:
        context.messages.print("Nothing is written down yet. A call of an unknown klantnaam is counted, not listed.")
