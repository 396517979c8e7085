"""Slow guessing down: failures to show a right klantcode or verificatiecode are counted, and over a limit they wait.

They are counted in the database, for all processes together, in the commit that writes each failure. That commit
returns the count, so a process learns it without a query, and a request that succeeds costs nothing. A process that has
not failed a caller in this period does not know the count of the others yet: each lets at most one guess more through.

A klantcode is random, or chosen by an operator with 16 characters at least: over its limit a wrong one is refused
without any writing, and a right one passes, so that no other caller behind the same address keeps its owner out. A
verificatiecode is made up by a school: over its limit right and wrong ones wait alike, so that a guess made meanwhile
tells nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from math import ceil
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.clock import to_utc
from uwlr_adapter.db.statements import Delete, DeleteStatement, InsertStatement, Row
from uwlr_adapter.koppelingen.tables import failure

PERIOD = timedelta(minutes=10)
"""The time over which failures are counted, from a whole multiple of it. A vendor that mended its code waits no longer;
with MAX_CODE it leaves 4,320 guesses a day."""
MAX_KLANT = 100
"""Failures of row 5 that one source is allowed in a period (inclusive): a vendor with a wrong klantcode sees its
fault."""
MAX_CODE = 30
"""Failures of row 7 that one afnemer is allowed in a period for one school from one source (inclusive)."""
MAX_REMEMBERED = 10_000
"""Counts that a process holds (inclusive): 2 MB. The database has the others."""
MAX_REMOVED = 1000
"""Rows of past periods that one commit removes."""
_KLANT = "klant "
_COLUMNS = ("period", "subject", "occurrences")
COUNT = InsertStatement(failure, _COLUMNS, adds="occurrences", returning=("subject", "occurrences"))
"""Adds failures to their counts, and returns these."""


def of_klant(source: str) -> str:
    """Return the subject under which the wrong klantcodes of a source are counted."""
    return _KLANT + source


def of_code(afnemer_id: int, school: str, source: str) -> str:
    """Return the subject of the wrong codes of an afnemer, for a school in its present state, from a source."""
    return "code " + sha256(f"{afnemer_id} {source} {school}".encode()).hexdigest()[:32]


class Failures:
    """The counts of the present period, as far as this process knows them. Safe to share between threads."""

    max_klant, max_code = MAX_KLANT, MAX_CODE

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        """By subject; empty as long as nobody failed."""
        self._period: datetime | None = None

    def wait(self, subject: str, moment: datetime) -> int:
        """Return for how many seconds the next try of a subject has to wait; 0 if it need not."""
        limit = self.max_klant if subject.startswith(_KLANT) else self.max_code
        if self.counts.get(subject, 0) < limit or _period_of(moment) != self._period:
            return 0
        return max(1, ceil((self._period + PERIOD - to_utc(moment)).total_seconds()))

    def add(self, subject: str, moment: datetime) -> None:
        """Count a failure that is about to be written, so that a hundred at once are a hundred."""
        if (period := _period_of(moment)) != self._period:
            self.counts, self._period = {}, period
        self._set(subject, self.counts.get(subject, 0) + 1)

    def learn(self, rows: Iterable[Row]) -> None:
        """Take the counts that COUNT returned, in which the failures of other processes are."""
        for subject, occurrences in rows:
            self._set(subject, max(occurrences, self.counts.get(subject, 0)))

    def _set(self, subject: str, occurrences: int) -> None:
        counts = self.counts
        if len(counts) >= MAX_REMEMBERED and subject not in counts:
            counts.pop(next(iter(counts)), None)
        counts[subject] = occurrences


def rows_of(failed: Sequence[tuple[str, datetime]]) -> list[Mapping[str, Any]]:
    """Return the rows of COUNT for failures, by subject and moment.

    They are sorted, so that two processes lock rows in one order and never deadlock.
    """
    counted = Counter((_period_of(moment), subject) for subject, moment in failed)
    return [dict(zip(_COLUMNS, (*key, counted[key]), strict=True)) for key in sorted(counted)]


def make_removal(rows: int) -> DeleteStatement:
    """Return a statement that removes so many rows of past periods.

    Rows that another process is removing are passed over, so that two of them never wait for each other in a circle.
    """
    past = sa.select(failure.c.period, failure.c.subject).where(failure.c.period < sa.bindparam("period"))
    some = past.limit(rows).with_for_update(skip_locked=True)
    return DeleteStatement(failure.delete().where(sa.tuple_(failure.c.period, failure.c.subject).in_(some)))


_REMOVE = make_removal(MAX_REMOVED)


def removal(moment: datetime) -> Delete:
    """Return the statement that removes rows of the periods before that of a moment."""
    return Delete(_REMOVE, {"period": _period_of(moment)})


def _period_of(moment: datetime) -> datetime:
    """Return the begin of the period of a timezone-aware moment, as it is stored."""
    seconds = PERIOD.total_seconds()
    return to_utc(datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC))
