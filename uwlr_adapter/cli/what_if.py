"""Effects of an act on a koppeling, on the command line: what it gives no more, and which fields a profile brings."""

from collections.abc import Sequence
from dataclasses import asdict

import click
from rich.console import Console

from uwlr_adapter.cli.base import Context, make_table
from uwlr_adapter.cli.json_output import json_option, print_json
from uwlr_adapter.cli.one_koppeling import koppeling_arguments, require_living
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.clock import day_of
from uwlr_adapter.contract.nouns import count_noun, count_records
from uwlr_adapter.koppelingen import what_if
from uwlr_adapter.koppelingen.errors import UnknownEntryError
from uwlr_adapter.koppelingen.what_if import YearFlow


def print_stopped(console: Console, koppeling_id: str, years: Sequence[YearFlow]) -> None:
    """Print what a koppeling gives no more once it is paused or ended."""
    for one in years:
        numbers = ", ".join(count_records(number, kind) for kind, number in one.before._asdict().items())
        console.print(f"{koppeling_id}, schooljaar {one.schooljaar}: {numbers} now; nothing then.")
    if not years:
        console.print(f"{koppeling_id} gives nothing now.")
    console.print("The platform keeps what it has fetched.")


@click.command("profiel")
@koppeling_arguments
@click.argument("profiel")
@json_option
@click.pass_obj
def profiel_(context: Context, brin6: str, koppeling_id: str, profiel: str, *, as_json: bool) -> None:
    """Show which fields would go or stay behind if the koppeling ID had the profile PROFIEL; nothing is changed.

    A profile is changed in the catalogue. The numbers are of the records that have a value in the field now, at this
    vestiging.

    Example:  uwlr-adapter koppeling profiel 21QW00 snappet LVS-set
    """
    catalogue = context.catalogue()
    other = catalogue.requested_profiel(profiel)
    if other is None:
        raise click.BadParameter("no such profile in the catalogue", param_hint="PROFIEL")
    with context.database() as database, database.reading() as connection:
        found = require_living(context, connection, brin6, koppeling_id)
        own = catalogue.profiel_by_entry.get(koppeling_id)
        if own is None:
            raise click.ClickException(UnknownEntryError.text)
        changes = what_if.if_profiel(connection, found, day_of(context.clock()), own, other)
    if as_json:
        print_json([asdict(one) for one in changes])
        return
    if not changes:
        context.console.print(
            f"Nothing changes: {escape(own.name)} and {escape(other.name)} let the same fields through."
        )
        return
    table = make_table("", "record", "field", "filled in now")
    for one in changes:
        word = "goes then" if one.is_added else "stays behind then"
        table.add_row(word, one.record, one.word, str(one.number))
    context.console.print(table)
    added = sum(one.is_added for one in changes)
    if added:
        fields = count_noun(added, "field", "fields")
        context.console.print(f"{fields} more go at the next fetch; a school has to agree to that first.")
