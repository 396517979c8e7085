"""`uwlr-adapter koppeling withhold` and `withheld`: the leerlingen that one koppeling does not get (Niet delen)."""

from collections.abc import Mapping

import click
import sqlalchemy as sa
from rich.console import Console

from uwlr_adapter.administratie import leerlingen, withholding
from uwlr_adapter.administratie.importing import persons
from uwlr_adapter.administratie.importing.effect import Answers, answers_without, effect
from uwlr_adapter.administratie.importing.persons import PersonError
from uwlr_adapter.administratie.tables import PersonKind
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.cli.base import Context, make_table, own_actor
from uwlr_adapter.cli.effect_report import print_effect
from uwlr_adapter.cli.json_output import json_option, print_json
from uwlr_adapter.cli.one_koppeling import koppeling_arguments, require_living, yes_option
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.clock import day_of
from uwlr_adapter.contract.nouns import count_records
from uwlr_adapter.koppelingen import actions
from uwlr_adapter.koppelingen.errors import UnknownLeerlingError
from uwlr_adapter.koppelingen.lifecycle import Koppeling


@click.command(epilog="KEY is the key that platforms receive, or a key in the source.")
@koppeling_arguments
@click.argument("key")
@click.option("--undo", is_flag=True, help="Take it back: share this leerling again.")
@click.option("--dry-run", is_flag=True, help="Show what would change in the answers, without changing anything.")
@yes_option
@click.pass_obj
def withhold(
    context: Context, brin6: str, koppeling_id: str, key: str, *, undo: bool, dry_run: bool, yes: bool
) -> None:
    """Withhold the leerling with KEY from one koppeling (Niet delen), after an objection.

    From then on no answer of this koppeling has the leerling, in any operation, version and school year. The platform
    deletes who is missing. It holds until it is taken back with --undo or the koppeling ends, whatever is imported;
    other koppelingen see no change. No reason is stored.

    Example:  uwlr-adapter koppeling withhold 21QW00 snappet 10001 --dry-run
    """
    act = actions.share_again if undo else actions.withhold
    with context.database() as database:
        with database.writing() as connection:
            seen = require_living(context, connection, brin6, koppeling_id)
            persoon_id = _find(connection, brin6, key)
            before = _answers(context, connection, seen, persoon_id)
            act(connection, seen.id, seen.version, persoon_id, context.clock(), actor=own_actor())
            after = _answers(context, connection, seen, persoon_id)
            who = _withheld(context, connection, seen)
            connection.rollback()
        _print_change(context.console, koppeling_id, before, after)
        _print_withheld(context.console, f"Withheld from {koppeling_id} then:", who)
        if dry_run:
            context.console.print("Dry run, nothing changed.")
            return
        if not yes:
            question = "Share this leerling with" if undo else "Withhold this leerling from"
            click.confirm(f"{question} {koppeling_id} for {brin6}?", abort=True, err=True)
        with database.writing() as connection:
            act(connection, seen.id, seen.version, persoon_id, context.clock(), actor=own_actor())
    context.messages.print("Shared again." if undo else "Withheld.")


@click.command()
@koppeling_arguments
@json_option
@click.pass_obj
def withheld(context: Context, brin6: str, koppeling_id: str, *, as_json: bool) -> None:
    """List the leerlingen who are withheld from one koppeling of the vestiging BRIN6.

    Example:  uwlr-adapter koppeling withheld 21QW00 snappet
    """
    with context.database() as database, database.reading() as connection:
        found = require_living(context, connection, brin6, koppeling_id)
        who = _withheld(context, connection, found)
    if as_json:
        members = ("key", "naam", "groep", "schooljaar")
        print_json([{name: getattr(one, name) or None for name in members} for one in who])
        return
    _print_withheld(context.console, f"Withheld from {koppeling_id}:", who)


def _find(connection: sa.Connection, brin6: str, key: str) -> int:
    """Return the person of a leerling. Raises UnknownLeerlingError."""
    try:
        return persons.get(connection, PersonKind.LEERLING, brincode_of(brin6), key).id
    except PersonError:
        raise UnknownLeerlingError from None


def _withheld(
    context: Context, connection: sa.Connection, koppeling: Koppeling
) -> tuple[leerlingen.KnownLeerling, ...]:
    who = withholding.withheld_from(connection, koppeling.id)
    return leerlingen.leerlingen(connection, koppeling.brin6, day_of(context.clock()), who)


def _answers(context: Context, connection: sa.Connection, koppeling: Koppeling, persoon_id: int) -> Answers:
    """Return what a koppeling gets now, for the years in which a leerling is."""
    without = withholding.withheld_from(connection, koppeling.id)
    return answers_without(connection, koppeling.brin6, day_of(context.clock()), [persoon_id], without)


def _print_change(console: Console, koppeling_id: str, before: Answers, after: Answers) -> None:
    print_effect(console, effect(before, after))
    for year, answered in before.items():
        console.print(
            f"{escape(koppeling_id)} gets {count_records(_leerlingen(after[year]), 'leerlingen')} of {year.brin6}, "
            f"schooljaar {year.schooljaar}; now {_leerlingen(answered)}."
        )


def _leerlingen(answered: Mapping[tuple[PersonKind, str], object]) -> int:
    return sum(kind is PersonKind.LEERLING for kind, _ in answered)


def _print_withheld(console: Console, title: str, who: tuple[leerlingen.KnownLeerling, ...]) -> None:
    if not who:
        console.print(f"{escape(title)} nobody.")
        return
    console.print(escape(title))
    table = make_table("key", "name", "groep", "schooljaar")
    for one in who:
        table.add_row(*map(escape, (one.key, one.naam or "-", one.groep or "-", one.schooljaar or "-")))
    console.print(table)
