"""The serving processes and the server keys that each holds, as they tell it in the database.

Each process tells it when it starts, from then on every BEAT_SECONDS, and removes its row when it ends. So a key comes
in use only when every living process has it, and goes only when none makes digests under it any more. Each moment is
that of the database: a machine whose own clock is wrong counts as living all the same.
"""

import os
import secrets
import socket
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from uwlr_adapter.clock import from_utc, to_utc
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.database_clock import DatabaseClock, database_clock
from uwlr_adapter.keys import known_keys, tables
from uwlr_adapter.keys.known_keys import LIVING
from uwlr_adapter.keys.server_keys import ServerKeys, lock_keys

BEAT_SECONDS = 5
"""Seconds between two reports of a process; within them it learns which key is in use."""
_KEPT = timedelta(days=1)
"""How long after its last report the row of a process that was killed is kept."""
_MAX_MACHINE = 64
_table = tables.key_holder


@dataclass(frozen=True, slots=True)
class Holder:
    """A serving process and the names of the server keys that it holds. Moments are in UTC."""

    machine: str
    process: int
    started_at: datetime
    seen_at: datetime
    holds: frozenset[str]
    uses: str
    """The key under which it makes new digests."""


@dataclass(slots=True)
class HolderReport:
    """The report of this process; one thread at a time uses it."""

    database: Database
    server_keys: ServerKeys
    clock: DatabaseClock = database_clock
    _id: str = field(default_factory=lambda: secrets.token_hex(16))
    _started_at: datetime | None = None

    def begin(self) -> None:
        """Report for the first time, which no `keys use` can overlook. Raises ServerKeyError or DBAPIError."""
        with self.database.writing() as connection:
            lock_keys(connection)
            moment = self._started_at = self.clock(connection)
            self.server_keys.register(connection, moment)
            self._write(connection, moment)
            connection.execute(_table.delete().where(_table.c.seen_at < to_utc(moment - _KEPT)))

    def beat(self) -> bool:
        """Report again, and learn which key is in use; return whether that is another one.

        Raises ServerKeyError when it is not here, or DBAPIError.
        """
        with self.database.reading() as connection:
            known = known_keys.read(connection)
        try:
            return self.server_keys.learn(known)
        finally:
            with self.database.writing(later=True) as connection:
                self._write(connection, self.clock(connection))

    def end(self) -> None:
        """Remove the report: this process ends. Raises DBAPIError."""
        with self.database.writing() as connection:
            connection.execute(_table.delete().where(_table.c.id == self._id))

    def _write(self, connection: sa.Connection, moment: datetime) -> None:
        values = {
            "seen_at": to_utc(moment),
            "holds": ",".join(self.server_keys.names),
            "uses": self.server_keys.in_use.name,
        }
        if connection.execute(_table.update().where(_table.c.id == self._id).values(values)).rowcount == 0:
            own = {
                "id": self._id,
                "machine": socket.gethostname()[:_MAX_MACHINE],
                "process": os.getpid(),
                "started_at": to_utc(self._started_at or moment),
            }
            connection.execute(_table.insert().values(own | values))


def list_living(connection: sa.Connection, moment: datetime) -> list[Holder]:
    """Return the processes that reported within LIVING of a moment of `database_clock`, by machine and start."""
    query = (
        sa.select(_table)
        .where(_table.c.seen_at > to_utc(moment - LIVING))
        .order_by(_table.c.machine, _table.c.started_at, _table.c.process)
    )
    return [
        Holder(
            machine=row.machine,
            process=row.process,
            started_at=from_utc(row.started_at),
            seen_at=from_utc(row.seen_at),
            holds=frozenset(row.holds.split(",")),
            uses=row.uses,
        )
        for row in connection.execute(query)
    ]
