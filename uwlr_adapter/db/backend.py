"""The interface of a kind of database: everything that SQLite and PostgreSQL do in different ways.

`sqlite.Sqlite` and `postgresql.Postgresql` implement it. Nothing outside this package asks which one it has.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from uwlr_adapter.db.statements import Command, Query, Row
from uwlr_adapter.errors import UwlrAdapterError

if TYPE_CHECKING:
    from uwlr_adapter.db.database import Database

_BACKEND = "uwlr_backend"
WRITING: dict[str, Any] = {"uwlr_writes": True}
"""The options of an engine whose transactions write."""
WRITING_LATER: dict[str, Any] = {**WRITING, "uwlr_later": True}
"""The options of an engine whose writing transactions are durable with the next commit that is."""


class LockedError(UwlrAdapterError):
    """Nothing was written, because another transaction held a row for LOOP_WAIT_SECONDS."""


class LoopDatabase(Protocol):
    """A database for the requests of one event loop, which must be running; no method blocks the loop.

    `look` and `load` do not wait for each other: a lock on what the one reads does not delay the other.
    """

    @property
    def look(self) -> Callable[[Query], Awaitable[list[Row]]]:
        """Return what returns the rows of a query, as `Database.look` does. Raises DBAPIError."""

    @property
    def load(self) -> Callable[[Query], Awaitable[list[Row]]]:
        """Return what returns the rows of a query for stored bytes. Raises DBAPIError."""

    @property
    def write(self) -> Callable[[Sequence[Command]], Awaitable[list[list[Row]]]]:
        """Return what runs statements as `Database.write` does. Raises DBAPIError or LockedError, soon."""

    def close(self) -> None:
        """Close the connections."""


class Backend(Protocol):
    """One kind of database."""

    is_embedded: bool
    """Whether it is a file of this machine, made where it is absent."""
    has_one_writer: bool
    """Whether a writing transaction keeps every other writer waiting."""

    def make_engine(self, url: sa.URL) -> sa.Engine:
        """Return the engine; nothing is connected yet. Raises ImportError without the driver, or OSError."""

    def is_absent(self, url: sa.URL) -> bool:
        """Return whether there is no such database; nothing is connected. False where only connecting tells."""

    def has_ended(self, connection: sa.PoolProxiedConnection) -> bool:
        """Return whether the server has ended an idle connection."""

    def is_lock_timeout(self, error: BaseException) -> bool:
        """Return whether nothing was done because another connection held a lock for too long."""

    def fetch(self, connection: sa.PoolProxiedConnection, query: Query) -> list[Row]:
        """Return the rows of a query, outside a transaction. Raises what the driver raises."""

    def snapshot(self, connection: sa.PoolProxiedConnection, queries: Sequence[Query]) -> list[list[Row]]:
        """Return the rows of each query, outside a transaction; all see one moment. Raises what the driver raises."""

    def write(self, connection: sa.PoolProxiedConnection, commands: Sequence[Command]) -> list[list[Row]]:
        """Run statements in one transaction, durable when this returns, and return the rows of each.

        Raises what the driver raises.
        """

    def run(self, connection: sa.Connection, commands: Sequence[Command]) -> list[list[Row]]:
        """Run statements inside a transaction, and return the rows of each. Raises DBAPIError."""

    def insert_bulk(
        self, connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Insert rows of values for the driver inside a transaction. Raises DBAPIError."""

    def take_ids(self, connection: sa.Connection, table: sa.Table, count: int) -> list[int]:
        """Return `count` ids (at least 1) for new rows of a table with a column `id`, in a writing transaction.

        None of them ever named a row that is gone.
        """

    def clock(self, connection: sa.Connection) -> datetime:
        """Return the present moment by the clock of the database, timezone-aware: the machines may differ."""

    def flush_erased(self, connection: sa.PoolProxiedConnection) -> None:
        """Make what was erased leave the files, outside a transaction; it may be put off, never waited for.

        Raises what the driver raises.
        """

    def lock(self, connection: sa.Connection, what: str) -> None:
        """Hold `what` until the transaction ends. Raises DBAPIError after WAIT_SECONDS."""

    def remove_time_limits(self, connection: sa.Connection) -> None:
        """Remove every time limit from a transaction."""

    def holds_every_letter(self, connection: sa.Connection) -> bool:
        """Return whether the database can hold every letter of a name."""

    def for_loop(self, database: "Database") -> LoopDatabase:
        """Return the database for the running event loop."""


def set_backend(engine: sa.Engine, backend: Backend) -> None:
    """Make the backend known to each connection of an engine."""
    engine.update_execution_options(**{_BACKEND: backend})


def backend_of(connection: sa.Connection) -> Backend:
    """Return the backend of a connection of a `Database`."""
    backend: Backend = connection.get_execution_options()[_BACKEND]
    return backend


def run(connection: sa.Connection, commands: Sequence[Command]) -> list[list[Row]]:
    """Run statements inside a transaction, and return the rows of each. Raises DBAPIError."""
    return backend_of(connection).run(connection, commands)


def is_writing(connection: sa.Connection) -> bool:
    """Return whether a transaction of this connection may write."""
    return bool(connection.get_execution_options().get("uwlr_writes", False))


def is_later(connection: sa.Connection) -> bool:
    """Return whether a commit of this connection need not be durable by itself."""
    return bool(connection.get_execution_options().get("uwlr_later", False))


def quoted(connection: sa.Connection, table: sa.Table, names: Sequence[str]) -> str:
    """Return the quoted table and its columns in parentheses, as INSERT and COPY name them."""
    quote = connection.dialect.identifier_preparer.quote
    return f"{quote(table.name)} ({', '.join(map(quote, names))})"
