"""The acts on one koppeling, and on the records of a vestiging, in words: what was done, when, and by whom."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.clock import date_time
from uwlr_adapter.journaal import search
from uwlr_adapter.journaal.model import Act, Entry, OutcomeKind
from uwlr_adapter.journaal.search import EntryFilter
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.context import database
from uwlr_adapter.portal.known_users import KnownUsers, known_users
from uwlr_adapter.portal.sentences import AUTOMATIC, UNKNOWN, actor_of, sentence_of

_LED_TO = {
    Status.ACTIEF: (Act.ACTIVATED, Act.RESUMED),
    Status.GEPAUZEERD: (Act.PAUSED,),
    Status.BEEINDIGD: (Act.ENDED, Act.ENDED_BY_MERGE),
}
"""The acts that lead to each status."""
MAX_MISSED = 5
"""Acts of somebody else that a page lists for who did not know of them."""
ON_RECORDS = (
    *(Act.QUESTION_ANSWERED, Act.IMPORTED, Act.IMPORT_UNDONE, Act.IMPORT_REDONE, Act.ECKID_CORRECTED),
    *(Act.PERSONS_JOINED, Act.PERSON_FORGOTTEN, Act.RECORDS_WITHDRAWN, Act.SCHOOL_MERGED, Act.WENT_BACK),
    *(Act.CALENDAR_SET, Act.YEAR_RELEASED, Act.YEAR_TAKEN_BACK),
)
"""The acts that change the records of a vestiging or which of them are answered, and so what an answer changes."""
ON_THE_NEXT_YEAR = (Act.YEAR_RELEASED, Act.YEAR_TAKEN_BACK)
"""The acts by which a school decides whether its next school year is answered."""


@dataclass(frozen=True, slots=True)
class ActInWords:
    """One act on a koppeling: `act` is its word in the journaal."""

    moment: datetime
    act: str
    sentence: str
    who: str
    actor: str | None
    """The actor, as the journaal names it."""

    @property
    def by(self) -> str:
        """By whom, behind a sentence or a moment."""
        if self.who == UNKNOWN:
            return "door wie is niet bekend"
        return self.who if self.who == AUTOMATIC else f"door {self.who}"

    @property
    def sentence_with_person(self) -> str:
        """What was done and by whom."""
        return f"{self.sentence} {self.by[0].upper()}{self.by[1:]}."

    @property
    def told(self) -> str:
        """When it was, what was done and by whom, for a page that did nothing because of it."""
        return f"Op {date_time(self.moment)}: {self.sentence_with_person}"


def acts_of(connection: sa.Connection, koppeling: Koppeling, name: str, limit: int) -> tuple[ActInWords, ...]:
    """Return the last acts on a koppeling, at most so many, the newest first; those past their term are gone."""
    entries = _entries(connection, koppeling, limit)
    users = known_users(connection, (entry.actor for entry in entries))
    return tuple(_in_words(entry, name, users) for entry in entries)


def last_at(connection: sa.Connection, brin6: str, acts: tuple[Act, ...]) -> ActInWords | None:
    """Return the last of these acts at a vestiging; None when it is past its term."""
    entries = search.search(connection, EntryFilter(brin6, acts=acts), limit=1)
    users = known_users(connection, (entry.actor for entry in entries))
    return next((_in_words(entry, "", users) for entry in entries), None)


def was_done(koppeling: Koppeling, seen: int, act: Act) -> bool:
    """Return whether the logged-in user did this very act on the version that was seen, and nothing came after it.

    So it is when a form is sent twice: the second time it is done already, and nobody else was in between.
    """
    if koppeling.version != seen + 1:
        return False
    with database().reading() as connection:
        last = _entries(connection, koppeling, 1)
    return bool(last) and (last[0].act, last[0].actor) == (act, login_session.actor())


def missed(connection: sa.Connection, koppeling: Koppeling, name: str, seen: int) -> tuple[ActInWords, ...]:
    """Return what was done to a koppeling since its version `seen`, at most MAX_MISSED acts, the newest first."""
    return acts_of(connection, koppeling, name, min(max(koppeling.version - seen, 1), MAX_MISSED))


def led_to(status: Status, acts: tuple[ActInWords, ...]) -> ActInWords | None:
    """Return the act that led to the present status of a koppeling, if it is among these."""
    return next((one for one in acts if one.act in _LED_TO[status]), None)


def _in_words(entry: Entry, name: str, users: KnownUsers) -> ActInWords:
    return ActInWords(entry.moment, entry.act, sentence_of(entry, name), actor_of(entry, name, users), entry.actor)


def _entries(connection: sa.Connection, koppeling: Koppeling, limit: int) -> list[Entry]:
    """Return the entries of the last acts on a koppeling, at most so many, the newest first."""
    entry_filter = EntryFilter(koppeling.brin6, (koppeling.id,), outcome=OutcomeKind.ACT)
    return search.search(connection, entry_filter, limit=limit)
