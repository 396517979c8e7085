"""The purge: each kind of data whose term passed is erased, in short transactions, and counted.

Each kind is an entry of KINDS: how many are due, and how they are erased. An interrupted purge leaves whole
transactions behind, and the next one finds what is left.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from operator import attrgetter

import sqlalchemy as sa

from uwlr_adapter.administratie.importing import batches, closed_years, leavers
from uwlr_adapter.administratie.importing.leavers import LeaverTerm
from uwlr_adapter.administratie.tables import PersonKind
from uwlr_adapter.db import bulk
from uwlr_adapter.db.backend import run as run_statements
from uwlr_adapter.db.statements import Insert, InsertStatement
from uwlr_adapter.gebruikers import groep_terms
from uwlr_adapter.gebruikers import retention as gebruikers
from uwlr_adapter.jobs import received as fetched
from uwlr_adapter.jobs.clock_guard import require_trusted_clock
from uwlr_adapter.jobs.tables import erased
from uwlr_adapter.jobs.terms import Terms
from uwlr_adapter.jobs.work import MAX_ROWS, Due, JobRun
from uwlr_adapter.journaal import retention as journaal
from uwlr_adapter.koppelingen import received
from uwlr_adapter.koppelingen import retention as koppelingen
from uwlr_adapter.mail import retention as mail
from uwlr_adapter.maintenance import announced
from uwlr_adapter.resultaten import retention as resultaten
from uwlr_adapter.settings import Settings

MAX_PERSONS = 50
"""Persons of one school that one transaction erases at most. Each has some ten rows and stands in kept imports: 20 to
35 ms for forty leerlingen of a school of 320 with three imports to undo."""
_COUNT = InsertStatement(erased, [column.name for column in erased.c], adds="occurrences")
Erase = Callable[[sa.Connection], int]
"""Erases some in the transaction of the connection, and returns how many."""


@dataclass(frozen=True, slots=True)
class Purge:
    """The purge of one kind in one run."""

    run: JobRun
    terms: Terms
    what: str

    def write(self, erase: Erase) -> int:
        """Erase some in a transaction of their own, in which they are counted; return how many.

        Raises StoppedError, LeaseLostError or DBAPIError.
        """
        return self.run.write(self.what, partial(self._counted, erase))

    def _counted(self, erase: Erase, connection: sa.Connection) -> int:
        number = erase(connection)
        if number:
            row = {"day": self.terms.day, "what": self.what, "occurrences": number}
            run_statements(connection, [Insert(_COUNT, [row])])
        return number

    def each(self, find: Callable[[sa.Connection], Sequence[Erase]]) -> None:
        """Run each of the transactions that `find` returns. Raises what `write` does."""
        with self.run.reading() as connection:
            transactions = find(connection)
        for erase in transactions:
            self.write(erase)

    def until_none(self, erase: Callable[[sa.Connection, int], int]) -> None:
        """Erase MAX_ROWS at a time, until there are fewer. Raises what `write` does."""
        while self.write(lambda connection: erase(connection, MAX_ROWS)) == MAX_ROWS:
            pass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of data with a term."""

    what: str
    """As counted in the table `erased`, and shown by the commands."""
    term: str
    """In words, with the place of the settings in braces."""
    count: Callable[[sa.Connection, Terms], int]
    """Returns how many are due."""
    erase: Callable[[Purge], None]


def due(connection: sa.Connection, settings: Settings, moment: datetime) -> list[Due]:
    """Return for each kind how many are due at a moment."""
    terms = Terms.at(settings, moment)
    return [
        Due(kind.what, kind.count(connection, terms), kind.term.format_map(settings.model_dump())) for kind in KINDS
    ]


def run(run_: JobRun) -> None:
    """Erase what is due of each kind. Raises StoppedError, LeaseLostError or DBAPIError; what was erased stays so."""
    terms = Terms.at(run_.settings, run_.moment)
    for kind in KINDS:
        kind.erase(Purge(run_, terms, kind.what))
    run_.database.flush_erased()


def run_unattended(run_: JobRun) -> None:
    """Erase what is due, unless the clock is in doubt. Raises JobRefusedError, and what `run` does."""
    require_trusted_clock(run_)
    run(run_)


@dataclass(frozen=True, slots=True)
class ErasedCount:
    """How much of one kind was ever erased because its term passed, and the last day on which any was."""

    what: str
    occurrences: int
    last: date


def erased_so_far(connection: sa.Connection) -> dict[str, ErasedCount]:
    """Return the counts of what was erased, by kind."""
    own = erased.c
    query = sa.select(own.what, sa.func.sum(own.occurrences), sa.func.max(own.day)).group_by(own.what)
    return {what: ErasedCount(what, int(number), last) for what, number, last in connection.execute(query)}


def _count_leavers(kind: PersonKind, connection: sa.Connection, terms: Terms) -> int:
    return len(leavers.find_due(connection, _leaver_term(terms), terms.day, kind))


def _erase_leavers(kind: PersonKind, purge: Purge) -> None:
    terms, term = purge.terms, _leaver_term(purge.terms)

    def find(connection: sa.Connection) -> list[Erase]:
        of_school: dict[str, list[int]] = {}
        for leaver in leavers.find_due(connection, term, terms.day, kind):
            of_school.setdefault(leaver.brincode, []).append(leaver.id)
        return [
            partial(
                leavers.erase,
                brincode=brincode,
                kind=kind,
                ids=some,
                term=term,
                today=terms.day,
                moment=terms.moment,
            )
            for brincode, ids in of_school.items()
            for some in bulk.pieces(ids, MAX_PERSONS)
        ]

    purge.each(find)


def _leaver_term(terms: Terms) -> LeaverTerm:
    return LeaverTerm(*terms.leavers_erased_on, undo=terms.undo)


def _erase_questions(purge: Purge) -> None:
    day = purge.terms.day
    purge.each(
        lambda connection: [
            partial(closed_years.erase_question, brincode=brincode, question_id=id_, today=day)
            for brincode, id_ in closed_years.find_questions(connection, day)
        ]
    )


def _erase_answers(purge: Purge) -> None:
    purge.each(
        lambda connection: [
            partial(closed_years.erase_answers, year=year)
            for year in closed_years.find_answers(connection, purge.terms.day)
        ]
    )


def _erase_undo(purge: Purge) -> None:
    before = purge.terms.undo_before
    purge.each(
        lambda connection: [
            partial(batches.remove_expired, batch_id=batch_id, before=before)
            for batch_id in batches.expired(connection, before)
        ]
    )


def _of_rows(
    what: str,
    note: str,
    before: Callable[[Terms], datetime],
    count: Callable[[sa.Connection, datetime], int],
    remove: Callable[[sa.Connection, datetime, int], int],
) -> Kind:
    """Return a kind of rows that are erased once they are of before a moment of the terms."""
    return Kind(
        what,
        note,
        lambda connection, terms: count(connection, before(terms)),
        lambda purge: purge.until_none(lambda connection, rows: remove(connection, before(purge.terms), rows)),
    )


_LEAVERS = "{leavers_erased_on} after the last school year (UWLR_LEAVERS_ERASED_ON)"
_CLOSED = "as soon as the school year is no longer answered"
KINDS: tuple[Kind, ...] = (
    Kind(
        "undo data of imports",
        "{undo_days} days (UWLR_UNDO_DAYS)",
        lambda connection, terms: len(batches.expired(connection, terms.undo_before)),
        _erase_undo,
    ),
    Kind(
        "held rows",
        _CLOSED,
        lambda connection, terms: len(closed_years.find_questions(connection, terms.day)),
        _erase_questions,
    ),
    *(
        Kind(what, _LEAVERS, partial(_count_leavers, kind), partial(_erase_leavers, kind))
        for what, kind in (("leerlingen", PersonKind.LEERLING), ("leerkrachten", PersonKind.LEERKRACHT))
    ),
    Kind(
        "years of stored answers",
        _CLOSED,
        lambda connection, terms: len(closed_years.find_answers(connection, terms.day)),
        _erase_answers,
    ),
    _of_rows(
        "lists of who is in an answer",
        "a day after it is sent no more",
        lambda terms: terms.moment - fetched.NOTED,
        fetched.count_lists,
        fetched.remove_lists,
    ),
    _of_rows(
        "receipts of an import that was undone",
        "{undo_days} days (UWLR_UNDO_DAYS)",
        attrgetter("undo_before"),
        received.count_orphans,
        received.erase_orphans,
    ),
    _of_rows(
        "results that the administration has",
        "{results_months} months after it took them (UWLR_RESULTS_MONTHS)",
        attrgetter("results_before"),
        resultaten.count_delivered,
        resultaten.erase_delivered,
    ),
    _of_rows(
        "results of an import that was undone",
        "{undo_days} days (UWLR_UNDO_DAYS)",
        attrgetter("undo_before"),
        resultaten.count_orphans,
        resultaten.erase_orphans,
    ),
    _of_rows(
        "leerlingids without results taken",
        "{not_processed_days} days (UWLR_NOT_PROCESSED_DAYS)",
        attrgetter("not_processed_before"),
        resultaten.count_not_processed,
        resultaten.erase_not_processed,
    ),
    _of_rows(
        "messages of which no result is left",
        "{journaal_months} months (UWLR_JOURNAAL_MONTHS)",
        attrgetter("journaal_before"),
        resultaten.count_messages,
        resultaten.erase_messages,
    ),
    _of_rows(
        "entries of the journaal",
        "{journaal_months} months (UWLR_JOURNAAL_MONTHS)",
        attrgetter("journaal_before"),
        journaal.count_entries,
        journaal.remove_entries,
    ),
    _of_rows(
        "counts of refusals",
        "{refusals_days} days (UWLR_REFUSALS_DAYS)",
        attrgetter("refusals_before"),
        journaal.count_refusals,
        journaal.remove_refusals,
    ),
    _of_rows(
        "disabled logins",
        "{logins_months} months after being disabled (UWLR_LOGINS_MONTHS)",
        attrgetter("logins_before"),
        gebruikers.count_logins,
        gebruikers.erase_logins,
    ),
    _of_rows(
        "counts of login attempts",
        "a day",
        attrgetter("moment"),
        gebruikers.count_attempts,
        gebruikers.remove_attempts,
    ),
    _of_rows(
        "counts of wrong codes",
        "20 minutes",
        attrgetter("moment"),
        koppelingen.count_failures,
        koppelingen.remove_failures,
    ),
    _of_rows(
        "agreements",
        "{agreements_years} years after the end of the koppeling (UWLR_AGREEMENTS_YEARS)",
        attrgetter("agreements_before"),
        koppelingen.count_agreements,
        koppelingen.erase_agreements,
    ),
    _of_rows(
        "sent mails",
        "{mail_days} days (UWLR_MAIL_DAYS)",
        attrgetter("mails_before"),
        mail.count_mails,
        mail.remove_mails,
    ),
    _of_rows(
        "logins from new browsers",
        "{logins_months} months (UWLR_LOGINS_MONTHS)",
        attrgetter("logins_before"),
        gebruikers.count_new_browsers,
        gebruikers.remove_new_browsers,
    ),
    _of_rows(
        "invitations of colleagues",
        "a week after they ended",
        attrgetter("moment"),
        gebruikers.count_invitations,
        gebruikers.remove_invitations,
    ),
    _of_rows(
        "invitations of leerkrachten",
        "a week after they ended",
        attrgetter("moment"),
        groep_terms.count_invitations,
        groep_terms.remove_invitations,
    ),
    _of_rows(
        "access of leerkrachten to groepen",
        "a year after it ended",
        attrgetter("moment"),
        groep_terms.count_access,
        groep_terms.erase_access,
    ),
    _of_rows(
        "announced maintenance",
        "30 days after its end",
        attrgetter("moment"),
        announced.count_past,
        announced.remove_past,
    ),
)
"""Every kind, in the order in which they are erased: what kept imports hold goes before the persons in them."""
