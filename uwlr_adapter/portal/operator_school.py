"""The page of one vestiging for operators: its imports, its koppelingen, and why its fetches are refused.

It shows no leerling: counts, moments and fixed words only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from flask import abort, render_template

from uwlr_adapter.administratie import school_calendar
from uwlr_adapter.administratie.importing import batches, last_taken, not_taken, questions
from uwlr_adapter.administratie.importing.batches import Batch, YearReport
from uwlr_adapter.administratie.importing.last_taken import RecordsAge
from uwlr_adapter.administratie.importing.not_taken import NotTaken
from uwlr_adapter.administratie.schools import Vestiging, find_vestiging
from uwlr_adapter.administratie.tables import deelname
from uwlr_adapter.clock import day_of, next_schooljaar, schooljaar_of
from uwlr_adapter.gebruikers import accounts
from uwlr_adapter.gebruikers.tables import gebruiker, gebruiker_vestiging
from uwlr_adapter.journaal import refused
from uwlr_adapter.journaal.refused import RefusalRun
from uwlr_adapter.koppelingen import afnemers, store
from uwlr_adapter.koppelingen.facts import held_at, stale_since, verdicts_of
from uwlr_adapter.koppelingen.verdict import Held
from uwlr_adapter.koppelingen.verdict_words import VerdictWords, words_of
from uwlr_adapter.mail import addresses
from uwlr_adapter.mail.addresses import MailAddress, Owner
from uwlr_adapter.portal import operator_words
from uwlr_adapter.portal.blueprints import OPERATOR
from uwlr_adapter.portal.context import catalogue, database, now
from uwlr_adapter.portal.school import name_of

LAST_IMPORTS = 50
"""Imports of the school that are looked through for the last one of the vestiging."""


@dataclass(frozen=True, slots=True)
class SchoolKoppeling:
    """One living koppeling as an operator sees it."""

    name: str
    afnemer_id: int | None
    klantnaam: str | None
    words: VerdictWords
    sentence: str
    step: str
    who: str | None


@dataclass(frozen=True, slots=True)
class RefusalInWords:
    """Refusals of one afnemer for one reason, in words."""

    who: str
    afnemer_id: int | None
    what: str
    todo: str
    run: RefusalRun


@dataclass(frozen=True, slots=True)
class AnsweredYear:
    """A school year: when it is answered, and how many leerlingen it has."""

    schooljaar: str
    opens: date | None
    is_open: bool
    leerlingen: int


@dataclass(frozen=True, slots=True)
class SchoolFacts:
    """What the page says of the vestiging itself."""

    vestiging: Vestiging
    age: RecordsAge
    stale_since: datetime | None
    held: Held
    questions: int
    waiting: tuple[NotTaken, ...]
    last: tuple[Batch, tuple[YearReport, ...]] | None
    """The last import with records of the vestiging, and its reports of it."""
    years: tuple[AnsweredYear, ...]
    address: MailAddress | None
    gebruikers: int


@OPERATOR.get("/scholen/<brin6:brin6>")
def show_school(brin6: str) -> str:
    """Show one vestiging."""
    moment = now()
    with database().reading() as connection:
        vestiging = find_vestiging(connection, brin6) or abort(404)
        facts = _facts(connection, vestiging, moment)
        koppelingen = _koppelingen(connection, brin6, moment)
        refusals = _refusals(connection, brin6)
    return render_template("beheer_school.html", facts=facts, koppelingen=koppelingen, refusals=refusals)


def _facts(connection: sa.Connection, vestiging: Vestiging, moment: datetime) -> SchoolFacts:
    brin6 = vestiging.brin6
    return SchoolFacts(
        vestiging=vestiging,
        age=last_taken.of_vestiging(connection, brin6),
        stale_since=stale_since(connection, [brin6], moment).get(brin6),
        held=held_at(connection, [brin6]).get(brin6, Held()),
        questions=questions.number_at(connection, brin6),
        waiting=tuple(one for one in not_taken.find_all(connection, vestiging.brincode) if one.brin6 == brin6),
        last=_last_import(connection, vestiging),
        years=tuple(_years(connection, brin6, moment)),
        address=addresses.find(connection, Owner(brin6=brin6)),
        gebruikers=_count_gebruikers(connection, brin6),
    )


def _last_import(connection: sa.Connection, vestiging: Vestiging) -> tuple[Batch, tuple[YearReport, ...]] | None:
    for batch in batches.find_all(connection, vestiging.brincode, limit=LAST_IMPORTS):
        if batch.undone_at is None:
            own = tuple(one for one in batch.reports if one.brin6 == vestiging.brin6 and one.is_source)
            if own:
                return batch, own
    return None


def _years(connection: sa.Connection, brin6: str, moment: datetime) -> Sequence[AnsweredYear]:
    """Return the present and the next school year."""
    today = day_of(moment)
    found = []
    for schooljaar in (schooljaar_of(today), next_schooljaar(today)):
        window = school_calendar.window_of(schooljaar, school_calendar.find(connection, brin6, schooljaar))
        number = sa.select(sa.func.count()).where(deelname.c.brin6 == brin6, deelname.c.schooljaar == schooljaar)
        is_open = window is not None and window.holds(today)
        opens = None if window is None else window.opens
        found.append(AnsweredYear(schooljaar, opens, is_open, connection.scalar(number) or 0))
    return found


def _count_gebruikers(connection: sa.Connection, brin6: str) -> int:
    """Return how many users that may log in act for a vestiging."""
    own = gebruiker_vestiging.c
    query = sa.select(sa.func.count()).select_from(gebruiker_vestiging.join(gebruiker))
    may_log_in = (gebruiker.c.disabled_at.is_(None), accounts.is_of_no_afnemer())
    return connection.scalar(query.where(own.brin6 == brin6, *may_log_in)) or 0


def _koppelingen(connection: sa.Connection, brin6: str, moment: datetime) -> list[SchoolKoppeling]:
    living = [one for one in store.list_living(connection, brin6) if one.afnemer_id is not None]
    verdicts = verdicts_of(connection, catalogue(), living, moment)
    klantnamen = _klantnamen(connection)
    return [
        SchoolKoppeling(
            name := name_of(one),
            one.afnemer_id,
            klantnamen.get(one.afnemer_id),
            words_of(verdict, name),
            operator_words.sentence_of(verdict, name),
            operator_words.step_of(verdict, name),
            operator_words.who_in_words(verdict, name),
        )
        for one, verdict in ((one, verdicts[one.id]) for one in living)
    ]


def _refusals(connection: sa.Connection, brin6: str) -> list[RefusalInWords]:
    """Return the last refusals of a vestiging, those of one afnemer for one reason together, the last ones first."""
    klantnamen = _klantnamen(connection)
    return [
        RefusalInWords(
            klantnamen.get(one.afnemer_id, "een afnemer die er niet meer is"),
            one.afnemer_id if one.afnemer_id in klantnamen else None,
            *operator_words.refusal_in_words(one.reason),
            one,
        )
        for one in refused.of_vestiging(connection, brin6)
    ]


def _klantnamen(connection: sa.Connection) -> Mapping[int | None, str]:
    return {one.id: one.klantnaam for one in afnemers.list_all(connection)}
