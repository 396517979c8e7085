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
    with context.opslag() as opslag, opslag.reading() as connection:
        regels = search.read(connection, brin6=brin6, limit=limit)
        namen = {afnemer.id: afnemer.klantnaam for afnemer in afnemers.list_all(connection)}
    table = make_table("moment", "vestiging", "afnemer", "handeling", "uitkomst", "reden", "details")
    for regel in regels:
        leerlingen = () if regel.leerlingen is None else (f"leerlingen={regel.leerlingen}",)
        table.add_row(
            f"{regel.moment.astimezone(AMSTERDAM):%d-%m-%y %H:%M:%S}",
            regel.brin6 or "-",
            escape(namen.get(regel.afnemer_id or 0, "-")),
            regel.handeling,
            regel.uitkomst,
            regel.reden or "",
            " ".join((*leerlingen, *regel.opmerkingen, *(f"herstel={one}" for one in regel.herstel))),
        )
    context.console.print(table)
    if not regels:
        context.messages.print("Nothing is written down yet. A call of an unknown klantnaam is counted, not listed.")
