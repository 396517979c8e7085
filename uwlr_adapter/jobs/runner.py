"""The runner: a thread of each worker process that looks which job is due, and runs it if nobody else does.

It is a thread of a worker, not of the server that forks the workers: a thread there could hold a lock at the moment of
a fork, for ever in the new worker. It dies with its worker, and then the lease lets another one go on.

A job that calls code of somebody else has a runner of its own: while that hangs, nothing would be erased or mailed, and
after the lease in no other process either.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from uwlr_adapter.db.database import Database
from uwlr_adapter.db.database_clock import DatabaseClock, database_clock
from uwlr_adapter.db.event_log import log_failure
from uwlr_adapter.errors import UnusableError
from uwlr_adapter.jobs import lease, schedule
from uwlr_adapter.jobs.lease import HeldError, Lease, LeaseLostError, holder_name
from uwlr_adapter.jobs.schedule import JobState
from uwlr_adapter.jobs.work import Job, JobRefusedError, StoppedError, run_now
from uwlr_adapter.settings import Settings

FIRST_SECONDS = 5
"""Seconds after its start at which a process first looks: a restart answers its callers first."""
POLL_SECONDS = 30
"""Seconds between two looks, each of which is one query: shorter than any schedule, and than a lease."""
JOIN_SECONDS = 2
"""Seconds that a stop waits for the transaction that a job is in."""

MAX_IDLE = timedelta(hours=1)
"""For how long a job without work is left alone: its success would look old to those who watch."""

logger = logging.getLogger("uwlr_adapter.jobs")


class JobRunner:
    """Runs the jobs of a table for one process, one at a time, until it is stopped."""

    def __init__(
        self, database: Database, settings: Settings, jobs: Mapping[str, Job], clock: DatabaseClock = database_clock
    ) -> None:
        self._database, self._settings, self._jobs, self._clock = database, settings, jobs, clock
        self._holder = holder_name()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="jobs")

    def start(self) -> None:
        """Start looking, in a thread of its own."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Begin no further transaction."""
        self._stop.set()

    def stop(self) -> None:
        """Stop after the transaction that a job is in; wait for that, JOIN_SECONDS at most."""
        self.ask_to_stop()
        if self._thread.is_alive():
            self._thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        seconds = FIRST_SECONDS
        while not self._stop.wait(seconds):
            seconds = POLL_SECONDS
            self.look()

    def look(self) -> list[str]:
        """Run each job that is due, and return the names of those that this process ran to their end.

        A failure is logged, and counted with the job; it ends neither this thread nor the other jobs.
        """
        try:
            wanted = self._due()
        except (DBAPIError, UnusableError) as error:
            log_failure(error, logger)
            return []
        done = []
        for job in wanted:
            if self._stop.is_set():
                break
            if self._run_job(job):
                done.append(job.name)
        return done

    def _due(self) -> list[Job]:
        """Return the jobs that are due; those that the database does not know are noted first. Raises DBAPIError."""
        with self._database.reading() as connection:
            known, now = lease.states(connection), self._clock(connection)
        if not known.keys() >= self._jobs.keys():
            with self._database.writing() as connection:
                lease.note(connection, self._jobs, now)
                known = lease.states(connection)
        with self._database.reading() as connection:
            return [job for job in self._jobs.values() if _is_wanted(connection, job, known.get(job.name), now)]

    def _run_job(self, job: Job) -> bool:
        def is_wanted(state: JobState, now: datetime) -> bool:  # another process may have run it meanwhile
            return schedule.is_due(job.schedule, state, now)

        held = Lease(job.name, self._holder, self._clock)
        try:
            run = run_now(job, self._database, self._settings, held, is_wanted=is_wanted, stop=self._stop)
        except (HeldError, LeaseLostError, StoppedError, JobRefusedError):
            return False
        except Exception:  # noqa: BLE001 - logged by run_now; the other jobs go on
            return False
        return run is not None


def start(database: Database, settings: Settings, jobs: Mapping[str, Job]) -> Callable[[], None]:
    """Start the runners of some jobs, and return the function that stops them as `JobRunner.stop` does."""
    together = {name: one for name, one in jobs.items() if not one.is_apart}
    groups = [together, *({name: one} for name, one in jobs.items() if one.is_apart)]
    runners = [JobRunner(database, settings, group) for group in groups]
    for one in runners:
        one.start()

    def stop() -> None:
        for one in runners:
            one.ask_to_stop()
        for one in runners:
            one.stop()

    return stop


def _is_wanted(connection: sa.Connection, job: Job, state: JobState | None, now: datetime) -> bool:
    """Return whether a job is due and has work, or was idle for so long that it has to say that it is well."""
    if not schedule.is_due(job.schedule, state, now):
        return False
    rested = state is None or state.started_at is None or now - state.started_at >= MAX_IDLE
    return rested or (state is not None and state.is_asked(now)) or job.has_work(connection, now)
