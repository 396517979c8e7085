"""The lease of a job: one row in the database, so that one of many machines and processes runs it.

A process that holds it renews it in each transaction of the job, so that what a job writes is written by its holder or
not at all. One that died keeps the job for LEASE at most. Every moment is that of the database: the clocks of machines
may differ by hours, and change nothing here.
"""

import os
import secrets
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.clock import any_from_utc, from_utc, to_utc
from uwlr_adapter.db.database_clock import DatabaseClock, database_clock
from uwlr_adapter.errors import RefusedError
from uwlr_adapter.jobs.schedule import LEASE, JobState, RunOutcome
from uwlr_adapter.jobs.tables import job


class HeldError(RefusedError):
    """Another process runs this job now; the text says since when."""

    def __init__(self, state: JobState) -> None:
        since = "" if state.started_at is None else f" since {state.started_at:%Y-%m-%d %H:%M:%S} UTC"
        super().__init__(f"another process runs the job '{state.name}'{since}: wait until it is done (`jobs list`)")


class LeaseLostError(RefusedError):
    """Another process took the job over, because this one did not renew its lease in time; nothing more is written."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the job '{name}' was taken over by another process")


def holder_name() -> str:
    """Return a name for this process that no other process has: machine, process id and a random number."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(8)}"


def states(connection: sa.Connection) -> dict[str, JobState]:
    """Return what is stored of each job, by name."""
    return {row.name: _state(row) for row in connection.execute(sa.select(job))}


def note(connection: sa.Connection, names: Iterable[str], now: datetime) -> None:
    """Store jobs that the database does not know yet. The transaction must be a writing one."""
    known = set(connection.scalars(sa.select(job.c.name)))
    for name in sorted(set(names) - known):
        _insert(connection, name, now)


def _insert(connection: sa.Connection, name: str, now: datetime) -> None:
    """Store a new job; another process may do so at the same moment."""
    statement = sa.text(
        "INSERT INTO job (name, known_since, failures) VALUES (:name, :now, 0) ON CONFLICT (name) DO NOTHING"
    ).bindparams(sa.bindparam("now", type_=sa.DateTime))
    connection.execute(statement, {"name": name, "now": to_utc(now)})


def ask(connection: sa.Connection, name: str, actor: str, now: datetime) -> None:
    """Note that somebody wants a job to run now; the next process that looks runs it, once for all who asked.

    `actor` as the journaal names one. The transaction must be a writing one.
    """
    _insert(connection, name, now)
    connection.execute(job.update().where(job.c.name == name).values(asked_at=to_utc(now), asked_by=actor))


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease of one job by one process, for LEASE from the last time it was renewed."""

    name: str
    holder: str
    clock: DatabaseClock = database_clock

    def claim(self, connection: sa.Connection, is_wanted: Callable[[JobState, datetime], bool]) -> bool:
        """Take the job, if nobody holds it and it is wanted in its present state; return whether it was.

        The transaction must be a writing one: of two processes the second sees what the first one did. Raises HeldError
        when another process holds it.
        """
        now = self.clock(connection)
        _insert(connection, self.name, now)
        state = _state(connection.execute(sa.select(job).where(job.c.name == self.name).with_for_update()).one())
        if state.is_held(now):
            raise HeldError(state)
        if not is_wanted(state, now):
            return False
        values = {"holder": self.holder, "held_until": to_utc(now + LEASE), "started_at": to_utc(now), "asked_at": None}
        connection.execute(job.update().where(job.c.name == self.name).values(values))
        return True

    def renew(self, connection: sa.Connection) -> None:
        """Hold the job for LEASE from now, in a transaction of the job.

        Raises LeaseLostError when it is another's by now; the caller rolls back.
        """
        until = to_utc(self.clock(connection) + LEASE)
        if not connection.execute(job.update().where(self._is_own()).values(held_until=until)).rowcount:
            raise LeaseLostError(self.name)

    def release(self, connection: sa.Connection, outcome: RunOutcome, handled: int) -> float:
        """Store how the run ended, and let the job go; return the seconds that it took.

        Raises LeaseLostError when it is another's by now.
        """
        now = self.clock(connection)
        row = connection.execute(sa.select(job).where(self._is_own()).with_for_update()).one_or_none()
        if row is None:
            raise LeaseLostError(self.name)
        seconds: float = max(0.0, (to_utc(now) - row.started_at).total_seconds())
        values: dict[str, Any] = {
            "holder": None,
            "held_until": None,
            "ended_at": to_utc(now),
            "outcome": outcome.value,
            "seconds": seconds,
            "handled": handled,
        }
        if outcome is RunOutcome.DONE:
            values["succeeded_at"] = to_utc(now)
        elif outcome is RunOutcome.FAILED:
            values["failures"] = row.failures + 1
        connection.execute(job.update().where(self._is_own()).values(values))
        return seconds

    def _is_own(self) -> sa.ColumnElement[bool]:
        return sa.and_(job.c.name == self.name, job.c.holder == self.holder)


def _state(row: sa.Row[Any]) -> JobState:
    return JobState(
        name=row.name,
        known_since=from_utc(row.known_since),
        holder=row.holder,
        held_until=any_from_utc(row.held_until),
        started_at=any_from_utc(row.started_at),
        ended_at=any_from_utc(row.ended_at),
        outcome=None if row.outcome is None else RunOutcome(row.outcome),
        seconds=row.seconds,
        handled=row.handled,
        succeeded_at=any_from_utc(row.succeeded_at),
        failures=row.failures,
        asked_at=any_from_utc(row.asked_at),
        asked_by=row.asked_by,
    )
