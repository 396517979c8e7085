"""Slow guessing down: failures to show a right klantcode or verificatiecode are counted, and over a limit they wait.

They are counted in the database, for all processes together, in the commit that writes each failure. That commit
returns the count, so a process learns it without a query, and a request that succeeds costs nothing. A process that has
not failed a caller in this period does not know the count of the others yet: it lets through what is under way before
its first commit returns, at most a whole limit, and from then on it counts with them.

A klantcode is random, or chosen by an operator with 16 characters at least: over its limit a wrong one is refused
without any writing, and a right one passes, so that no other caller behind the same address keeps its owner out. A
verificatiecode is made up by a school: over its limit right and wrong ones wait alike, so that a guess made meanwhile
tells nothing.

The counts are bounded. A process begins at most MAX_KLANTEN of klantcodes and MAX_SUBJECTS in all in a period; what
fails beyond them is refused as ever and not counted. So nobody is kept out for it, and a guesser with that many sources
is not slowed down by a process until the period ends; the journaal and the table `refusal` show it all the same.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from math import ceil
from typing import Any

from uwlr_adapter.clock import to_utc
from uwlr_adapter.db.statements import Delete, InsertStatement, Row, make_removal
from uwlr_adapter.koppelingen.tables import failure

PERIOD = timedelta(minutes=10)
"""The time over which failures are counted, from a whole multiple of it. A vendor that mended its code waits no longer;
with MAX_CODE it leaves 4,320 guesses a day, and at most as many again for each further process."""
MAX_KLANT = 100
"""Failures of row 5 that one source is allowed in a period (inclusive): a vendor with a wrong klantcode sees its
fault."""
MAX_CODE = 30
"""Failures of row 7 that one afnemer is allowed in a period for one school from one source (inclusive)."""
MAX_SUBJECTS = 50_000
"""Subjects that a process counts in a period (inclusive): 10 MB here, and as many rows."""
MAX_KLANTEN = 25_000
"""Subjects above which a process begins no count of klantcodes: strangers leave room for the counts of afnemers."""
STRANGE = 64
"""Counts over which an afnemer's names of schools that it never had a koppeling with are divided, whether they exist or
not: inventing names makes no more rows, and a vendor that asks for hundreds of schools too early has a fault for
each."""
MAX_REMOVED = 1000
"""Rows of past periods that one commit removes."""
_KLANT = "klant "
_COLUMNS = ("period", "subject", "occurrences")
COUNT = InsertStatement(failure, _COLUMNS, adds="occurrences", returning=_COLUMNS)
"""Adds failures to their counts, and returns these."""


def of_klant(source: str) -> str:
    """Return the subject under which the wrong klantcodes of a source are counted."""
    return _KLANT + source


def of_code(afnemer_id: int, school: str, source: str) -> str:
    """Return the subject of the wrong codes of an afnemer, for a school in its present state, from a source."""
    return "code " + sha256(f"{afnemer_id} {source} {school}".encode()).hexdigest()[:32]


def strange(name: str) -> str:
    """Return what a school counts as that the afnemer never had a koppeling with, by its name as sent."""
    return f"- {int.from_bytes(sha256(name.encode()).digest()[:4]) % STRANGE}"


class Failures:
    """The counts of the present period, as far as this process knows them. Safe to share between threads."""

    max_klant, max_code = MAX_KLANT, MAX_CODE

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        """By subject; empty as long as nobody failed."""
        self._present: tuple[datetime | None, dict[str, int]] = (None, self.counts)
        """The period and its counts, in one value: another thread may begin the next period at any moment."""

    def wait(self, subject: str, moment: datetime) -> int:
        """Return for how many seconds the next try of a subject has to wait; 0 if it need not."""
        limit = self.max_klant if subject.startswith(_KLANT) else self.max_code
        period, counts = self._present
        if period is None or counts.get(subject, 0) < limit or _period_of(moment) != period:
            return 0
        return max(1, ceil((period + PERIOD - to_utc(moment)).total_seconds()))

    def add(self, subject: str, moment: datetime) -> str | None:
        """Count a failure that is about to be written, so that a hundred at once are a hundred.

        Return the subject to write it under; None when it is not to be counted: the subjects are at their bound, or the
        moment is of the period before, which nobody waits for any more.
        """
        period, counts = self._present
        present = _period_of(moment)
        if period is not None and present == period - PERIOD:
            return None
        if present != period:
            counts = {}
            self._present, self.counts = (present, counts), counts
        most = MAX_KLANTEN if subject.startswith(_KLANT) else MAX_SUBJECTS
        if subject not in counts and len(counts) >= most:
            return None
        counts[subject] = counts.get(subject, 0) + 1
        return subject

    def learn(self, rows: Iterable[Row]) -> None:
        """Take the counts of the present period that COUNT returned, in which the failures of other processes are."""
        present, counts = self._present
        for period, subject, occurrences in rows:
            if period == present:
                counts[subject] = max(occurrences, counts.get(subject, 0))


def rows_of(failed: Sequence[tuple[str, datetime]]) -> list[Mapping[str, Any]]:
    """Return the rows of COUNT for failures, by subject and moment.

    They are sorted, so that two processes lock rows in one order and never deadlock.
    """
    counted = Counter((_period_of(moment), subject) for subject, moment in failed)
    return [dict(zip(_COLUMNS, (*key, counted[key]), strict=True)) for key in sorted(counted)]


_REMOVE = make_removal(failure, "period", MAX_REMOVED)


def removal(moment: datetime) -> Delete:
    """Return the statement that removes rows of the periods before that of a moment."""
    return Delete(_REMOVE, {"period": _period_of(moment)})


def _period_of(moment: datetime) -> datetime:
    """Return the begin of the period of a timezone-aware moment, as it is stored."""
    seconds = PERIOD.total_seconds()
    return to_utc(datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC))
