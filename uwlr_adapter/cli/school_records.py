"""`uwlr-adapter school withdraw` and `school merge`: the records of a vestiging go, or move to another brincode."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import click
import sqlalchemy as sa
from rich.console import Console

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing import fusie
from uwlr_adapter.administratie.importing import persons as known
from uwlr_adapter.administratie.importing.by_hand import Operator
from uwlr_adapter.administratie.importing.fusie import Merged, MergeError
from uwlr_adapter.administratie.importing.persons import Person
from uwlr_adapter.administratie.importing.withdraw import Withdrawn
from uwlr_adapter.administratie.importing.withdraw import withdraw as withdraw_records
from uwlr_adapter.brin import is_brin6
from uwlr_adapter.cli.acts import carry_out, confirm_options, operator_of, require_brincode
from uwlr_adapter.cli.base import Context, make_table
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.clock import schooljaar_start
from uwlr_adapter.gebruikers import accounts
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.journaal.writer import record_gebruiker_act
from uwlr_adapter.koppelingen import actions, store
from uwlr_adapter.koppelingen.lifecycle import Koppeling


@click.command()
@click.argument("brin6")
@click.option("--schooljaar", help="Only this schooljaar, such as 2025-2026. Default: every one.")
@confirm_options
@click.pass_obj
def withdraw(context: Context, brin6: str, schooljaar: str | None, *, dry_run: bool, yes: bool) -> None:
    """Take the records of the vestiging BRIN6 out of the answers: geengegevens until they are imported again.

    For a vestiging or a schooljaar that should never have been imported. Platforms remove what they no longer get.
    Persons keep their keys, and koppelingen stay as they are. `import undo` brings the records back.

    Example:  uwlr-adapter school withdraw 21QW00 --schooljaar 2025-2026 --dry-run
    """
    if schooljaar is not None and schooljaar_start(schooljaar) is None:
        raise click.BadParameter("must be two consecutive years, such as 2026-2027", param_hint="--schooljaar")
    brincode, operator = require_brincode(brin6), operator_of(context)
    result = carry_out(
        context,
        [brincode],
        lambda connection: withdraw_records(connection, brin6, schooljaar, operator),
        tell=_tell_withdrawn,
        question="Take these records out?",
        dry_run=dry_run,
        yes=yes,
    )
    if result is not None:
        context.console.print(f"Done. `uwlr-adapter import undo {result.batch}` brings them back.")


def _tell_withdrawn(console: Console, result: Withdrawn) -> None:
    """Print which years go."""
    years = ", ".join(year.schooljaar for year in result.years)
    console.print(f"{result.years[0].brin6}: the records of {years} are taken out.")


@dataclass(frozen=True, slots=True)
class _Fusie:
    """What `school merge` did, with the names of whom it tells about."""

    merged: Merged
    united: tuple[tuple[Person, Person, str], ...]
    """Who is kept, who became that person, and the name."""
    new_keys: tuple[tuple[Person, str, str], ...]
    """Who, the new key, and the name."""
    ended: tuple[Koppeling, ...]
    logins: Mapping[str, list[str]]
    """Who may open a new vestiging from now on, by its brin6."""
    old_vestigingen: Mapping[str, str]


@click.command()
@click.argument("old", metavar="FROM")
@click.argument("new", metavar="INTO")
@click.option(
    "--vestiging",
    "pairs",
    multiple=True,
    metavar="BRIN6=BRIN6",
    help="The new brin6 of a vestiging of FROM; repeat the option for each one.",
)
@confirm_options
@click.pass_obj
def merge(context: Context, old: str, new: str, pairs: tuple[str, ...], *, dry_run: bool, yes: bool) -> None:
    """Move the school with the brincode FROM into the brincode INTO (fusie).

    Persons, keys and records move. Whoever is known at both schools, by ECK-iD or key and by name, becomes one person
    with the key of INTO; a key that somebody else has at INTO is replaced by a new one. Both are listed first. The
    koppelingen of FROM end: a verificatiecode begins with the brin6, so the school activates each one at the new
    vestiging, with a new code. `import undo` moves everything back, but does not bring the koppelingen back.

    Example:  uwlr-adapter school merge 30AD 21QW --vestiging 30AD00=21QW02 --dry-run
    """
    for brincode, hint in ((old, "FROM"), (new, "INTO")):
        if not is_brin6(f"{brincode}00"):
            raise click.BadParameter("must be a brincode in capitals, such as 21QW", param_hint=hint)
    vestigingen = dict(_pairs(pairs))
    operator = operator_of(context)
    result = carry_out(
        context,
        [old, new],
        lambda connection: _merge(context, connection, (old, new), vestigingen, operator),
        tell=lambda console, done: _tell_merged(console, (old, new), done),
        question=f"Move {old} into {new}?",
        dry_run=dry_run,
        yes=yes,
    )
    if result is not None:
        context.console.print(f"Done. `uwlr-adapter import undo {result.merged.batch}` moves everything back.")


def _pairs(pairs: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Yield each vestiging with its new brin6. Raises BadParameter."""
    seen = set()
    for pair in pairs:
        brin6, _, into = pair.partition("=")
        if not (is_brin6(brin6) and is_brin6(into)) or brin6 in seen:
            raise click.BadParameter("write it once, as 30AD00=21QW02", param_hint="--vestiging")
        seen.add(brin6)
        yield brin6, into


def _merge(
    context: Context,
    connection: sa.Connection,
    brincodes: tuple[str, str],
    vestigingen: Mapping[str, str],
    operator: Operator,
) -> _Fusie:
    """Move the records, end the koppelingen, and let the users of each vestiging act for its new number."""
    old, new = brincodes
    present = {one.brin6 for one in schools.list_vestigingen(connection)}
    try:
        merged = fusie.merge(connection, old, new, vestigingen, operator)
    except MergeError as error:
        _print_mixed(context, connection, error)
        raise
    ended: list[Koppeling] = []
    for brin6 in sorted(vestigingen):
        store.lock_vestiging(connection, brin6)
        living = store.list_living(connection, brin6)
        ended += [actions.end_by_merge(connection, one, operator.moment, actor=operator.actor) for one in living]
    logins = {
        into: accounts.give_access(connection, brin6, into)
        for brin6, into in sorted(vestigingen.items())
        if into not in present
    }
    for into, given in logins.items():
        for login in given:
            record_gebruiker_act(
                connection,
                moment=operator.moment,
                act=Act.GEBRUIKER_ADDED,
                login=login,
                brin6s=[into],
                actor=operator.actor,
            )
    return _Fusie(
        merged,
        tuple((one.keep, one.other, known.name_of(connection, one.keep)) for one in merged.united),
        tuple((one.person, one.key, known.name_of(connection, one.person)) for one in merged.new_keys),
        tuple(ended),
        logins,
        vestigingen,
    )


def _print_mixed(context: Context, connection: sa.Connection, error: MergeError) -> None:
    """Print who has one ECK-iD and two names."""
    if not error.mixed:
        return
    table = make_table("", "school", "key", "name")
    for pair in error.mixed:
        for person in pair:
            table.add_row(
                person.kind.value, person.brincode, escape(person.key), escape(known.name_of(connection, person))
            )
    context.messages.print(table)


def _tell_merged(console: Console, brincodes: tuple[str, str], done: _Fusie) -> None:
    """Print what moves, and what the school has to do."""
    old, new = brincodes
    for brin6, into in sorted(done.old_vestigingen.items()):
        console.print(f"{brin6} becomes {into}.")
    counts = ", ".join(f"{count} x {kind.value}" for kind, count in done.merged.moved.items())
    console.print(f"{counts} move from {old} to {new}.")
    rows = [(keep.kind.value, other.key, keep.key, name) for keep, other, name in done.united]
    _print_keys(console, f"Known at both, and one person from now on, with the key of {new}:", brincodes, rows)
    rows = [(person.kind.value, person.key, key, name) for person, key, name in done.new_keys]
    _print_keys(console, f"Somebody else at {new} has their key, so platforms get another one for:", brincodes, rows)
    if lost := done.merged.lost_aliases:
        console.print(
            f"Keys of the source of {old} that name somebody else in the source of {new}: {lost}. The next import "
            "finds these persons by ECK-iD only."
        )
    for koppeling in done.ended:
        into = done.old_vestigingen[koppeling.brin6]
        console.print(
            f"The koppeling {escape(koppeling.entry_id)} of {koppeling.brin6} ends; the school activates it at {into} "
            f"with a new verificatiecode, which begins with {into}."
        )
    _print_access(console, done)
    console.print(f"From now on a source that names {old} is refused; it must name {new}.")


def _print_keys(
    console: Console, title: str, brincodes: tuple[str, str], rows: Iterable[tuple[str, str, str, str]]
) -> None:
    """Print the persons whose key changes, if there are any: kind, key before, key after, name."""
    table = make_table("", *(f"key at {one}" for one in brincodes), "name")
    for row in rows:
        table.add_row(*map(escape, row))
    if table.row_count:
        console.print(title)
        console.print(table)


def _print_access(console: Console, done: _Fusie) -> None:
    """Print who may open a new vestiging in the portal."""
    for into in sorted(set(done.old_vestigingen.values())):
        if into not in done.logins:
            console.print(f"{into} exists already: nobody gets access to it (`uwlr-adapter gebruiker add`).")
        elif logins := done.logins[into]:
            console.print(f"These users may open {into} too: {escape(', '.join(logins))}.")
