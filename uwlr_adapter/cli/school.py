"""`uwlr-adapter school`: the vestigingen that are known here."""

import click
from rich.markup import escape

from uwlr_adapter.administratie import vestigingen
from uwlr_adapter.cli.base import Context, make_table


@click.group()
def school() -> None:
    """Add and list the vestigingen of schools.

    Example:  uwlr-adapter school add 21QW00 --naam "De Regenboog"
    """


@school.command()
@click.argument("brin6")
@click.option("--naam", required=True, help="What the school calls this vestiging.")
@click.pass_obj
def add(context: Context, brin6: str, naam: str) -> None:
    """Add the vestiging BRIN6, a brincode and a dependancecode, before its records are there.

    An import adds its vestiging by itself; this is for activating a koppeling ahead of it.

    Example:  uwlr-adapter school add 21QW00 --naam "De Regenboog"
    """
    with context.opslag() as opslag:
        try:
            with opslag.writing() as connection:
                added = vestigingen.add_vestiging(connection, brin6, naam)
        except vestigingen.VestigingFout as error:
            raise click.ClickException(str(error)) from None
    context.console.print(f"Added {added.brin6}.")


@school.command("list")
@click.pass_obj
def list_(context: Context) -> None:
    """List the vestigingen by brin6.

    Example:  uwlr-adapter school list
    """
    with context.opslag() as opslag, opslag.reading() as connection:
        found = vestigingen.list_vestigingen(connection)
    table = make_table("vestiging", "naam", "schoolkey")
    for one in found:
        table.add_row(one.brin6, escape(one.naam), escape(one.schoolkey or "-"))
    context.console.print(table)
    if not found:
        context.messages.print("No vestiging yet: `uwlr-adapter import edexml FILE` adds the one of the file.")
