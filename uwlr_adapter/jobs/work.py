"""One run of a job: its transactions, each short, and none after the process was told to stop.

A job never holds up a request for long. Its work is divided into transactions of at most MAX_ROWS rows, and on a
database with one writer it rests after each of them, so that who waits to write has its turn.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from uwlr_adapter.db.database import Database
from uwlr_adapter.db.event_log import log_event, log_failure
from uwlr_adapter.errors import RefusedError, UwlrAdapterError
from uwlr_adapter.jobs.lease import Lease, LeaseLostError
from uwlr_adapter.jobs.schedule import JobState, RunOutcome, Schedule
from uwlr_adapter.journaal.request_id import new_id, working_for
from uwlr_adapter.settings import Settings

MAX_ROWS = 500
"""Rows that one transaction of a job erases or writes at most: some ten milliseconds, which no caller notices."""
REST = 3
"""How many times as long as a transaction took a job rests after it, on a database with one writer: three quarters of
the time belong to the requests."""
MIN_REST_SECONDS = 0.02
"""The shortest rest: SQLite looks again after up to so long when the file was in use."""

logger = logging.getLogger("uwlr_adapter.jobs")
_T = TypeVar("_T")


class StoppedError(UwlrAdapterError):
    """The process was told to stop; what was committed stays, and another process goes on."""

    def __init__(self) -> None:
        super().__init__("stopped before it was done: it goes on the next time")


class JobRefusedError(RefusedError):
    """A job refuses to do anything as things are; the text says why, and what an operator does about it."""


_OUTCOMES: dict[type[BaseException], RunOutcome] = {
    StoppedError: RunOutcome.STOPPED,
    KeyboardInterrupt: RunOutcome.INTERRUPTED,
    JobRefusedError: RunOutcome.REFUSED,
}
"""How a run ended, by what ended it; anything else is a failure."""


@dataclass(frozen=True, slots=True)
class Due:
    """How much there is to do of one kind of work, for a dry run: no name, no key."""

    what: str
    number: int
    note: str = ""
    """Which ones: the term, with its setting."""


@dataclass(slots=True)
class JobRun:
    """One run of a job by this process, which holds its lease."""

    database: Database
    settings: Settings
    moment: datetime
    """The present moment of the run, timezone-aware: every term is reckoned from it."""
    lease: Lease
    stop: threading.Event = field(default_factory=threading.Event)
    tell: Callable[[str, int], None] = lambda _what, _number: None
    """Called with what was handled, and how much of it, after each transaction: the progress of a command."""
    handled: int = 0

    def write(self, what: str, act: Callable[[sa.Connection], int]) -> int:
        """Run `act` as `transact` does, and count the rows that it returns it was about; return how many."""
        number = self.transact(act)
        self.count(what, number)
        return number

    def count(self, what: str, number: int) -> None:
        """Count what was handled, and pass it on."""
        self.handled += number
        self.tell(what, number)

    def transact(self, act: Callable[[sa.Connection], _T]) -> _T:
        """Run `act` in a writing transaction of its own, and return what it returns.

        Raises StoppedError before it begins, LeaseLostError with nothing written, or DBAPIError.
        """
        if self.stop.is_set():
            raise StoppedError
        begun = time.monotonic()
        with self.database.writing() as connection:
            self.lease.renew(connection)
            found = act(connection)
        if self.database.backend.has_one_writer:
            self.stop.wait(max(MIN_REST_SECONDS, REST * (time.monotonic() - begun)))
        return found

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Open a reading transaction. Raises StoppedError or DBAPIError."""
        if self.stop.is_set():
            raise StoppedError
        with self.database.reading() as connection:
            yield connection


@dataclass(frozen=True, slots=True)
class Job:
    """Periodic work; `run` does it, `due` returns how much there is to do without doing it."""

    name: str
    summary: str
    schedule: Schedule
    run: Callable[[JobRun], None]
    due: Callable[[sa.Connection, Settings, datetime], Sequence[Due]]
    has_work: Callable[[sa.Connection, datetime], bool] = lambda _connection, _now: True
    """A cheap look whether there is anything to do now. A process whose turn it is and that finds nothing leaves it,
    but once an hour: a job that is idle still says that it is well."""
    is_apart: bool = False
    """Whether it has a thread of its own: it calls code of somebody else, which may never return."""


def run_now(
    job: Job,
    database: Database,
    settings: Settings,
    lease: Lease,
    *,
    is_wanted: Callable[[JobState, datetime], bool] = lambda _state, _now: True,
    moment: datetime | None = None,
    stop: threading.Event | None = None,
    tell: Callable[[str, int], None] = lambda _what, _number: None,
) -> JobRun | None:
    """Claim a job and run it to its end; None when it is not wanted in its present state.

    Without a `moment` terms are reckoned from the clock of the lease. How it ended is stored and logged. Raises
    HeldError, StoppedError, LeaseLostError, JobRefusedError, DBAPIError, or what the job raises.
    """
    try:
        with database.writing() as connection:
            if not lease.claim(connection, is_wanted):
                connection.rollback()
                return None
            present = lease.clock(connection) if moment is None else moment
    except DBAPIError as error:
        log_failure(error, logger)
        raise
    run = JobRun(database, settings, present, lease, stop or threading.Event(), tell)
    with working_for(new_id()):
        return _finish(job, run)


def _finish(job: Job, run: JobRun) -> JobRun:
    """Run a claimed job to its end, and store and log how it ended. Raises what `run_now` raises."""
    database, lease = run.database, run.lease
    log_event("job begins", job=job.name)
    try:
        job.run(run)
    except LeaseLostError:
        log_event("job taken over", job=job.name, handled=run.handled)
        raise
    except BaseException as error:
        outcome = _OUTCOMES.get(type(error), RunOutcome.FAILED)
        why = {"reason": str(error)} if outcome is RunOutcome.REFUSED else {}
        log_event(f"job {outcome}", job=job.name, handled=run.handled, **why)
        if outcome is RunOutcome.FAILED:
            log_failure(error, logger)
        _release(database, lease, outcome, run.handled)
        raise
    seconds = _release(database, lease, RunOutcome.DONE, run.handled)
    log_event("job", job=job.name, handled=run.handled, seconds=round(seconds, 3))
    return run


def _release(database: Database, lease: Lease, outcome: RunOutcome, handled: int) -> float:
    """Store how a run ended; a database that is gone learns it when the lease expires."""
    try:
        with database.writing() as connection:
            return lease.release(connection, outcome, handled)
    except (DBAPIError, LeaseLostError):
        if outcome is RunOutcome.DONE:
            raise
        return 0.0
