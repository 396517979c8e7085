"""When a job is due: a pure function of its row and the present moment.

All moments are of one clock, that of the database (`Backend.clock`): the machines that run jobs may differ. Also that
clock is set back at times, by minutes or years: a stored moment that lies in the future holds nothing up.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Protocol

from uwlr_adapter.clock import AMSTERDAM
from uwlr_adapter.contract.nouns import count_noun

LEASE = timedelta(seconds=90)
"""How long a lease lasts without being renewed: three times the longest statement that PostgreSQL is allowed (25 s), so
that only a process that is gone loses it."""
RETRY = timedelta(minutes=30)
"""How long after a failure a job is tried again: long enough for a database to come back, and well within a night."""


class RunOutcome(StrEnum):
    """How a run of a job ended."""

    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    """Its process was told to stop: another one goes on at once."""
    INTERRUPTED = "interrupted"
    """The operator interrupted the command that ran it: it waits for its next time."""
    REFUSED = "refused"
    """It does not trust the clock (`clock_guard.py`), and did nothing: it waits for its next time, or an operator."""


class Schedule(Protocol):
    """When a job runs."""

    def is_due(self, last: datetime | None, known_since: datetime, now: datetime) -> bool:
        """Return whether a job that last began at `last`, or never did, begins now."""

    def next_after(self, last: datetime | None, now: datetime) -> datetime:
        """Return when a job that last began at `last` begins next, as seen now; a moment that is past is at once."""

    def __str__(self) -> str:
        """Return the schedule in words."""


@dataclass(frozen=True, slots=True)
class Nightly:
    """Once a day, from a time in Amsterdam on; one that was missed is made up for, once."""

    at: time

    def is_due(self, last: datetime | None, known_since: datetime, now: datetime) -> bool:
        """Return whether the time of the present day, or else of yesterday, passed since the last begin.

        A job that is new waits for its first night.
        """
        return (last or known_since) < self._last_slot(now)

    def next_after(self, last: datetime | None, now: datetime) -> datetime:  # noqa: ARG002 - as of `Every`
        """Return the next time in Amsterdam."""
        day = self._last_slot(now).astimezone(AMSTERDAM).date() + timedelta(days=1)
        return datetime.combine(day, self.at, AMSTERDAM)

    def _last_slot(self, now: datetime) -> datetime:
        local = now.astimezone(AMSTERDAM)
        slot = datetime.combine(local.date(), self.at, AMSTERDAM)
        return slot if slot <= local else datetime.combine(local.date() - timedelta(days=1), self.at, AMSTERDAM)

    def __str__(self) -> str:
        """Return the schedule in words."""
        return f"each night at {self.at:%H:%M}"


@dataclass(frozen=True, slots=True)
class Every:
    """Every so many minutes, and at once when it is new."""

    minutes: int

    def is_due(self, last: datetime | None, known_since: datetime, now: datetime) -> bool:  # noqa: ARG002 - as above
        """Return whether so many minutes passed since the last begin."""
        return last is None or now >= last + timedelta(minutes=self.minutes)

    def next_after(self, last: datetime | None, now: datetime) -> datetime:
        """Return so many minutes after the last begin; now when there was none."""
        return now if last is None else last + timedelta(minutes=self.minutes)

    def __str__(self) -> str:
        """Return the schedule in words."""
        return f"every {count_noun(self.minutes, 'minute', 'minutes')}"


@dataclass(frozen=True, slots=True)
class JobState:
    """What is stored of a job; moments are timezone-aware."""

    name: str
    known_since: datetime
    holder: str | None = None
    held_until: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: RunOutcome | None = None
    seconds: float | None = None
    handled: int | None = None
    succeeded_at: datetime | None = None
    failures: int = 0
    asked_at: datetime | None = None
    asked_by: str | None = None

    def is_asked(self, now: datetime) -> bool:
        """Return whether somebody asked to run it now; what was asked by a clock that was set back waits for it."""
        return self.asked_at is not None and self.asked_at <= now

    def is_held(self, now: datetime) -> bool:
        """Return whether a process runs it; a lease that expired (inclusive) is nobody's.

        Nor is one that ends later than a lease can: it is of a clock that was set back since.
        """
        return self.held_until is not None and now < self.held_until <= now + LEASE


def is_due(schedule: Schedule, state: JobState | None, now: datetime) -> bool:
    """Return whether a job is to begin now; without a state it was never seen, and is first noted.

    One whose process died in the middle begins again as soon as its lease expired.
    """
    if state is None or state.is_held(now):
        return False
    if state.held_until is not None or state.outcome is RunOutcome.STOPPED or state.is_asked(now):
        return True
    if state.outcome is RunOutcome.FAILED and state.ended_at is not None and now >= state.ended_at + RETRY:
        return True
    if (state.started_at or state.known_since) > now:
        return True  # the clock was set back: it begins, and notes a moment of the present clock
    return schedule.is_due(state.started_at, state.known_since, now)
