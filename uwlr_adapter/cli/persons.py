"""The commands about one person, which `leerling` and `leerkracht` share: show, eckid, join, forget, allow."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import click
import sqlalchemy as sa
from rich.console import Console

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing import by_hand, eckid, forget, join, persons
from uwlr_adapter.administratie.importing.eckid import Corrected, EckidTakenError
from uwlr_adapter.administratie.importing.effect import YearEffect
from uwlr_adapter.administratie.importing.forget import Erased
from uwlr_adapter.administratie.importing.join import Union
from uwlr_adapter.administratie.importing.naming import compare
from uwlr_adapter.administratie.importing.persons import Person, PersonError, PersonYear
from uwlr_adapter.administratie.sources.edexml.edexml import KETENID
from uwlr_adapter.administratie.tables import PersonKind
from uwlr_adapter.cli.acts import carry_out, confirm_options, operator_of, require_brincode
from uwlr_adapter.cli.base import Context, make_table
from uwlr_adapter.cli.json_output import json_option, print_json
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.clock import AMSTERDAM, day_of
from uwlr_adapter.contract.nouns import count_noun, count_records
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.koppelingen import receipts
from uwlr_adapter.koppelingen.recipients import Recipient, recipients

KEY_HELP = "KEY is the key that platforms receive, else a key in the source."
_RECORD = {PersonKind.LEERLING: "deelnames", PersonKind.LEERKRACHT: "aanstellingen"}
_PART = {PersonKind.LEERLING: "leerlingen", PersonKind.LEERKRACHT: "leerkrachten"}


def add_commands(group: click.Group, kind: PersonKind) -> None:
    """Add the commands about one person of a kind to its group."""
    for make in (_show, _eckid, _join, _forget, _allow):
        group.add_command(make(kind))


def _show(kind: PersonKind) -> click.Command:
    text = f"""Show everything known of the {kind} with KEY at the school of BRIN6, in every year and vestiging.

    Example:  uwlr-adapter {kind} show 21QW00 10001
    """

    @click.command(help=text, epilog=KEY_HELP)
    @click.argument("brin6")
    @click.argument("key")
    @json_option
    @click.pass_obj
    def show(context: Context, brin6: str, key: str, *, as_json: bool) -> None:
        brincode, day = require_brincode(brin6), day_of(context.clock())
        with context.database() as database, database.reading() as connection:
            person = persons.get(connection, kind, brincode, key)
            years = persons.show(connection, person, day)
            warnings = _other_in_source(connection, person, key)
        if as_json:
            print_json(_as_json(person, years))
        else:
            _print_person(context.console, person, years)
        for warning in warnings:
            context.messages.print(warning)

    return show


def _other_in_source(connection: sa.Connection, person: Person, key: str) -> list[str]:
    """Return a warning when a key, by which somebody was found, names another person in the source, else nothing."""
    other = persons.named_by_source(connection, person.kind, person.brincode, key)
    if other is None or other.id == person.id:
        return []
    name = escape(persons.name_of(connection, other))
    known = f"platforms know this {person.kind} by {escape(key)}"
    return [
        f"Warning: {known}; in the source that key is another one now: {name}, sent with the key {escape(other.key)}."
    ]


def _eckid(kind: PersonKind) -> click.Command:
    text = f"""Give the {kind} with KEY at the school of BRIN6 another ECKID, in every year and vestiging.

    With --none the {kind} has no ECK-iD any more. An ECK-iD that another {kind} of the school has is refused; with
    --swap that one gets the ECK-iD of this one. `import undo` takes it back.

    Example:  uwlr-adapter {kind} eckid 21QW00 10001 https://ketenid.nl/201703/ab12 --dry-run
    """

    @click.command("eckid", help=text, epilog=KEY_HELP)
    @click.argument("brin6")
    @click.argument("key")
    @click.argument("new", metavar="[ECKID]", required=False)
    @click.option("--none", "away", is_flag=True, help="Take the ECK-iD away.")
    @click.option("--swap", is_flag=True, help="Exchange it with the person who has it now.")
    @confirm_options
    @click.pass_obj
    def command(
        context: Context, brin6: str, key: str, new: str | None, *, away: bool, swap: bool, dry_run: bool, yes: bool
    ) -> None:
        if (new is None) is not away or (away and swap):
            raise click.UsageError("say the ECK-iD, or --none; --swap goes with an ECK-iD")
        brincode, operator = require_brincode(brin6), operator_of(context)

        def act(connection: sa.Connection) -> _EckidAct:
            person = persons.get(connection, kind, brincode, key)
            warnings = _other_in_source(connection, person, key)
            try:
                done = eckid.correct(connection, person, new, operator, swap=swap)
            except EckidTakenError as error:
                who = f"{escape(error.other.key)} ({escape(persons.name_of(connection, error.other))})"
                context.messages.print(f"{kind.value} {who} has that ECK-iD.")
                context.messages.print(
                    f"Add --swap if the two must exchange theirs; `uwlr-adapter {kind} join` if they are one {kind}."
                )
                raise
            both = [person] if done.other is None else [person, done.other]
            return _EckidAct(done, person, {one.id: persons.name_of(connection, one) for one in both}, warnings)

        if new is not None and not new.startswith(KETENID):
            context.messages.print(f"Warning: the ECK-iD does not start with {KETENID}")
        result = carry_out(
            context,
            [brincode],
            act,
            tell=_tell_eckid,
            question="Change it?",
            dry_run=dry_run,
            yes=yes,
        )
        if result is not None:
            _print_done(context.console, result.done.batch)

    return command


class _EckidAct(NamedTuple):
    """What `eckid` did, the person before it, and the names by id."""

    done: Corrected
    before: Person
    names: dict[int, str]
    warnings: list[str]


def _tell_eckid(console: Console, result: _EckidAct) -> None:
    """Print who gets which ECK-iD."""
    done, before, names, warnings = result
    rows = [(done.person, before.eckid)] + ([] if done.other is None else [(done.other, done.person.eckid)])
    table = make_table("key", "name", "ECK-iD now", "ECK-iD then")
    for person, now in rows:
        table.add_row(escape(person.key), escape(names[person.id]), escape(now or "-"), escape(person.eckid or "-"))
    console.print(table)
    for warning in warnings:
        console.print(warning)


def _join(kind: PersonKind) -> click.Command:
    text = f"""Make two persons one: the {kind} with the key OTHER becomes the one with the key KEEP.

    KEEP stays the key that platforms receive; OTHER and the other keys of the source lead to the same {kind} from then
    on. Of a year in which both have a record at one vestiging, the record of KEEP stays, or that of OTHER when only
    that one is answered now. Two different ECK-iDs are refused. `import undo` takes it back.

    Example:  uwlr-adapter {kind} join 21QW00 10001 20001 --dry-run
    """

    @click.command("join", help=text)
    @click.argument("brin6")
    @click.argument("keep")
    @click.argument("other")
    @confirm_options
    @click.pass_obj
    def command(context: Context, brin6: str, keep: str, other: str, *, dry_run: bool, yes: bool) -> None:
        brincode, operator = require_brincode(brin6), operator_of(context)

        def act(connection: sa.Connection) -> _JoinAct:
            stays, goes = (persons.get(connection, kind, brincode, one) for one in (keep, other))
            named = [(one, persons.name_of(connection, one)) for one in (stays, goes)]
            warnings = [
                one
                for person, given in ((stays, keep), (goes, other))
                for one in _other_in_source(connection, person, given)
            ]
            union, batch = join.join(connection, stays, goes, operator)
            return _JoinAct(union, batch, named, warnings)

        result = carry_out(
            context, [brincode], act, tell=_tell_join, question="Make them one?", dry_run=dry_run, yes=yes
        )
        if result is not None:
            _print_done(context.console, result.batch)

    return command


class _JoinAct(NamedTuple):
    """What `join` did, and the two persons before it with their names: who stays and who goes."""

    union: Union
    batch: int
    named: list[tuple[Person, str]]
    warnings: list[str]


def _tell_join(console: Console, result: _JoinAct) -> None:
    """Print who becomes whom, and what becomes of keys and records."""
    union, _, named, warnings = result
    table = make_table("", "key", "other keys", "ECK-iD", "name")
    for word, (person, name) in zip(("stays", "goes"), named, strict=True):
        table.add_row(
            word, escape(person.key), escape(_keys(person.aliases)), escape(person.eckid or "-"), escape(name)
        )
    one = union.keep
    table.add_row("then", escape(one.key), escape(_keys(one.aliases)), escape(one.eckid or "-"), escape(named[0][1]))
    console.print(table)
    for warning in warnings:
        console.print(warning)
    compared = compare(*(person.naming for person, _ in named))
    if differing := compared.differing:
        console.print(f"Warning: they have another {' and another '.join(differing)}. Is this one person?")
    elif not compared.is_alike:
        console.print("Warning: too little is known of their names and dates of birth to tell. Is this one person?")
    for shared in union.shared:
        whose = (union.keep if shared.keeps_own else union.other).key
        console.print(
            f"Both have a record at {shared.year.brin6}, schooljaar {shared.year.schooljaar}: that of "
            f"{escape(whose)} stays, the other one goes."
        )


def _forget(kind: PersonKind) -> click.Command:
    text = f"""Erase the {kind} with KEY at the school of BRIN6: records of all years, and the data in stored imports.

    This cannot be undone. The next import of a source that still has this {kind} is refused: remove the person from
    the source first. The platforms that have the person, as far as is known, are listed, to be told.

    Example:  uwlr-adapter {kind} forget 21QW00 10001 --dry-run
    """

    @click.command("forget", help=text, epilog=KEY_HELP)
    @click.argument("brin6")
    @click.argument("key")
    @confirm_options
    @click.pass_obj
    def command(context: Context, brin6: str, key: str, *, dry_run: bool, yes: bool) -> None:
        brincode, operator = require_brincode(brin6), operator_of(context)

        def act(connection: sa.Connection) -> tuple[Erased, list[Recipient], list[str]]:
            who = _who(connection, kind, brincode, key)
            receipts.settle(connection, _vestigingen(connection, brincode))
            erased = forget.forget(connection, brincode, key, operator.moment, kind)
            told = recipients(connection, erased.received, erased.brin6s, _PART[kind])
            brin6s = by_hand.known_vestigingen(connection, erased.brin6s, brincode)
            by_hand.record_acts(connection, Act.PERSON_FORGOTTEN, brin6s, operator)
            return erased, told, who

        def tell(console: Console, result: tuple[Erased, list[Recipient], list[str]]) -> None:
            erased, told, who = result
            for line in who if not yes else ():  # what a script prints is kept somewhere
                console.print(line)
            console.print(
                f"One {kind.value}: {count_records(erased.years, _RECORD[kind])}, and the data in "
                f"{count_noun(erased.batches, 'stored import', 'stored imports')}."
            )
            _print_recipients(console, told)

        result = carry_out(
            context,
            [brincode],
            act,
            tell=tell,
            question="Erase this permanently? It cannot be undone.",
            dry_run=dry_run,
            yes=yes,
            show_effect=_print_years,
        )
        if result is not None:
            context.console.print("Forgotten.")

    return command


def _who(connection: sa.Connection, kind: PersonKind, brincode: str, key: str) -> list[str]:
    """Return who is to be forgotten; nothing of a person who is in no record any more."""
    try:
        person = persons.get(connection, kind, brincode, key)
    except PersonError:
        return []
    name = f"{escape(person.key)}, {escape(persons.name_of(connection, person))}"
    return [f"This is about {kind.value} {name}.", *_other_in_source(connection, person, key)]


def _vestigingen(connection: sa.Connection, brincode: str) -> list[str]:
    """Return the vestigingen of a school, and of the schools that were merged into it."""
    of_schools = {brincode, *schools.merged_from(connection, brincode)}
    return [one.brin6 for one in schools.list_vestigingen(connection) if one.brincode in of_schools]


def _print_recipients(console: Console, told: list[Recipient]) -> None:
    """Print the koppelingen that had the person, or may have had."""
    if not told:
        console.print("No koppeling fetched this person, as far as is known.")
        return
    console.print(
        "These koppelingen fetched this person; tell their platforms. Where it is not known, nothing was kept"
    )
    console.print("of who was in what they fetched then: persons of the same vestiging, maybe this one.")
    table = make_table("afnemer", "koppeling", "vestiging", "status", "first fetched", "last fetched", "this person")
    for one in told:
        moments = (f"{moment.astimezone(AMSTERDAM):%Y-%m-%d}" for moment in (one.first, one.last))
        known = "yes" if one.is_known else "not known"
        table.add_row(escape(one.klantnaam), escape(one.entry_id), one.brin6, str(one.status), *moments, known)
    console.print(table)


def _print_years(console: Console, effects: tuple[YearEffect, ...]) -> None:
    """Print which answers change, without the person who is to be forgotten."""
    for found in effects:
        console.print(f"The answer for {found.year.brin6}, schooljaar {found.year.schooljaar}: without this person.")
    if not effects:
        console.print("No answer changes.")


def _allow(kind: PersonKind) -> click.Command:
    text = f"""Allow the next import to bring back the {kind} with KEY, who was forgotten at the school of BRIN6.

    Example:  uwlr-adapter {kind} allow 21QW00 10001
    """

    @click.command("allow", help=text, epilog=KEY_HELP)
    @click.argument("brin6")
    @click.argument("key")
    @click.pass_obj
    def command(context: Context, brin6: str, key: str) -> None:
        brincode, operator = require_brincode(brin6), operator_of(context)
        with context.database() as database, database.writing() as connection:
            forget.allow(connection, brincode, key, kind)
            brin6s = by_hand.known_vestigingen(connection, {brin6}, brincode)
            by_hand.record_acts(connection, Act.PERSON_ALLOWED, brin6s, operator)
        context.console.print(f"This {kind.value} may be imported again.")

    return command


def _print_done(console: Console, batch: int) -> None:
    console.print(f"Done. `uwlr-adapter import undo {batch}` takes it back.")


def _print_person(console: Console, person: Person, years: Iterable[PersonYear]) -> None:
    """Print all that is known of a person."""
    console.print(f"{person.kind.value} of {person.brincode}, sent with the key {escape(person.key)}")
    console.print(f"Other keys of the source: {escape(_keys(person.aliases))}")
    console.print(f"ECK-iD: {escape(person.eckid or '-')}", soft_wrap=True)
    for year in years:
        answered = "answered today" if year.answered else "not answered today"
        console.print(f"\n{year.year.brin6}, schooljaar {year.year.schooljaar}: {answered}")
        table = make_table("", "")
        for name, value in year.fields.items():
            table.add_row(name, escape(value))
        for period in year.periods:
            guest = ", as a guest" if period.gast else ""
            table.add_row("enrolled", f"from {period.van or '(open)'} until {period.tot or '(open)'}{guest}")
        if year.locatie is not None:
            table.add_row("locatie", escape(year.locatie))
        if year.rollen:
            table.add_row("rollen", escape(_keys(year.rollen)))
        for groep in year.groepen:
            rollen = f", {_keys(groep.rollen)}" if groep.rollen else ""
            table.add_row(groep.soort, escape(f"{groep.naam} ({groep.key}){rollen}"))
        console.print(table)


def _as_json(person: Person, years: Iterable[PersonYear]) -> dict[str, Any]:
    """Return all that is known of a person as JSON has it."""
    return {
        "kind": person.kind.value,
        "brincode": person.brincode,
        "key": person.key,
        "source_keys": list(person.source_keys),
        "eckid": person.eckid,
        "years": [
            {
                "brin6": year.year.brin6,
                "schooljaar": year.year.schooljaar,
                "answered_today": year.answered,
                "fields": year.fields,
                "locatie": year.locatie,
                "periods": [
                    {
                        "van": None if one.van is None else one.van.isoformat(),
                        "tot": None if one.tot is None else one.tot.isoformat(),
                        "gast": one.gast,
                    }
                    for one in year.periods
                ],
                "rollen": list(year.rollen),
                "groepen": [
                    {"key": one.key, "soort": one.soort, "naam": one.naam, "rollen": list(one.rollen)}
                    for one in year.groepen
                ],
            }
            for year in years
        ],
    }


def _keys(keys: Iterable[str]) -> str:
    return ", ".join(keys) or "-"
