"""The SQLite backend: its file, its settings, how its transactions begin, and the wait for its only writer.

The driver commits by itself; each transaction begins with a statement of ours.
"""

import asyncio
import errno
import os
import sqlite3
import stat
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.db import highest_id, limits
from uwlr_adapter.db.backend import is_later, is_writing, quoted
from uwlr_adapter.db.metadata import metadata
from uwlr_adapter.db.statements import Command, Query, Row

if TYPE_CHECKING:
    from uwlr_adapter.db.database import Database

SLOW_SECONDS = 0.002
"""A commit that takes longer than this keeps the callers of an event loop waiting more than a thread costs."""
SLOW_COMMITS = 3
"""Slow commits in a row after which the disk counts as slow: one by itself is a checkpoint of the WAL."""
STALL_SECONDS = 0.05
"""A commit that takes longer than this is enough by itself."""
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
FLUSH_MILLISECONDS = 200
"""How long emptying the WAL may wait for readers, and a writer for it: a tenth of what a caller notices."""
IN_THREAD_SECONDS = 1.0
"""For how long at least commits are done in a thread once the disk is slow; a hundred times the last one if longer."""


class Sqlite:
    """The Backend of SQLite."""

    is_embedded = True
    has_one_writer = True

    def __init__(self) -> None:
        self._path: Path | None = None
        """Of the file; None for a database in memory."""
        self._opened: tuple[int, int] | None = None
        """The device and the number of the file that the first connection opened."""

    def make_engine(self, url: sa.URL) -> sa.Engine:
        """Return the engine of an SQLite database, whose file is created if need be. Raises OSError."""
        _make_file(url.database)
        self._url = url
        self._path = Path(url.database or "") if _is_file(url.database) else None
        # As many connections as threads; a database in memory has a pool of its own.
        pool = {"pool_size": 0} if url.database not in {None, "", ":memory:"} else {}
        engine = sa.create_engine(url, connect_args={"timeout": limits.WAIT_SECONDS}, hide_parameters=True, **pool)
        sa.event.listen(engine, "do_connect", self._before_connecting)
        sa.event.listen(engine, "connect", self._prepare)
        sa.event.listen(engine, "begin", self._begin)
        self._dialect = engine.dialect
        return engine

    def is_absent(self, url: sa.URL) -> bool:
        """Return whether a URL names a file that does not exist."""
        return _is_file(url.database) and not Path(url.database or "").exists()

    def discard(self, url: sa.URL) -> None:
        """Remove the file and what SQLite keeps beside it. Raises OSError."""
        if _is_file(url.database):
            path = Path(url.database or "")
            for suffix in ("", "-wal", "-shm"):
                path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
            self._opened = None

    def has_ended(self, _connection: sa.PoolProxiedConnection) -> bool:
        """Return False: there is no server."""
        return False

    def is_lock_timeout(self, error: BaseException) -> bool:
        """Return whether another connection wrote to the file for too long."""
        return is_busy(error)

    def fetch(self, connection: sa.PoolProxiedConnection, query: Query) -> list[Row]:
        """Return the rows of a query. Raises sqlite3.Error."""
        compiled, values = query.bound(self._dialect)
        cursor = connection.cursor()
        cursor.execute(compiled.sql, values)
        rows: list[Row] = cursor.fetchall()  # type: ignore[assignment] # a list of tuples
        cursor.close()
        return compiled.read(rows) if compiled.readers else rows

    def snapshot(self, connection: sa.PoolProxiedConnection, queries: Sequence[Query]) -> list[list[Row]]:
        """Return the rows of each query in one transaction. Raises sqlite3.Error."""
        return self._transact(connection, "BEGIN", queries)

    def write(self, connection: sa.PoolProxiedConnection, commands: Sequence[Command]) -> list[list[Row]]:
        """Run statements in one writing transaction. Raises sqlite3.Error."""
        self._require_file()
        if connection.info.get(_SYNCHRONOUS, "FULL") != "FULL":
            _set_synchronous(connection.info, connection.cursor().execute, "FULL")
        return self._transact(connection, "BEGIN IMMEDIATE", commands)

    def run(self, connection: sa.Connection, commands: Sequence[Command]) -> list[list[Row]]:
        """Run statements inside a transaction. Raises DBAPIError."""
        found = []
        for command in commands:
            compiled, values = command.bound(connection.dialect)
            result = connection.exec_driver_sql(compiled.sql, values)
            # As the driver has them: a school is thousands of rows.
            found.append(compiled.read(result.cursor.fetchall()) if result.returns_rows else [])
            result.close()
        return found

    def insert_bulk(
        self, connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Insert rows by the driver's executemany. Raises DBAPIError."""
        places = ", ".join("?" * len(names))
        statement = f"INSERT INTO {quoted(connection, table, names)} VALUES ({places})"  # noqa: S608 - our own names
        connection.exec_driver_sql(statement, list(rows))

    def take_ids(self, connection: sa.Connection, table: sa.Table, count: int) -> list[int]:
        """Return the ids that follow on the highest one that was ever taken: nobody else writes."""
        return highest_id.take(connection, table, count)

    def highest_id(self, connection: sa.Connection, table: sa.Table) -> int | None:
        """Return the highest id of a table that numbers its rows itself."""
        return highest_id.find(connection, table) if "id" in table.columns and _numbers_rows(table) else None

    def set_highest_id(self, connection: sa.Connection, table: sa.Table, number: int) -> None:
        """Keep the number beside the rows."""
        highest_id.keep(connection, table, number)

    def find_damage(self, connection: sa.Connection) -> list[str]:
        """Return what SQLite's own checks find, and values that a column of PostgreSQL would refuse."""
        found = [
            f"the file is damaged: {text}"
            for text in connection.exec_driver_sql("PRAGMA integrity_check(20)").scalars()
            if text != "ok"
        ]
        broken = Counter(
            (row[0], row[2]) for row in connection.exec_driver_sql("PRAGMA foreign_key_check").yield_per(1000)
        )
        found += [
            f"{count_noun(count, 'row', 'rows')} of {table} without the row of {parent} to which it belongs"
            for (table, parent), count in sorted(broken.items())
        ]
        return found + [text for table in metadata.sorted_tables for text in _misfits(connection, table)]

    def refresh_statistics(self, connection: sa.Connection) -> None:
        """Do nothing: no plan depends on them here."""

    def identity(self, _connection: sa.Connection) -> str:
        """Return the place of the file."""
        name = self._url.database
        return f"sqlite {Path(name or '').resolve() if _is_file(name) else id(self)}"

    def clock(self, _connection: sa.Connection) -> datetime:
        """Return the present moment of this machine, which alone uses the file."""
        return datetime.now(UTC)

    def flush_erased(self, connection: sa.PoolProxiedConnection) -> None:
        """Write the WAL into the file and empty it: both may hold what was erased since. Raises sqlite3.Error.

        It needs a moment without a reader, and keeps writers waiting for FLUSH_MILLISECONDS at most: without such a
        moment it is left to the next time.
        """
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {FLUSH_MILLISECONDS}")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        cursor.execute(f"PRAGMA busy_timeout = {limits.WAIT_SECONDS * 1000}")
        cursor.close()

    def lock(self, connection: sa.Connection, what: str) -> None:
        """Do nothing: a writing transaction is alone."""

    def remove_time_limits(self, connection: sa.Connection) -> None:
        """Do nothing: a statement has no time limit."""

    def limit_lock_wait(self, connection: sa.Connection, seconds: int) -> None:
        """Do nothing: a writing transaction is alone."""

    def holds_every_letter(self, _connection: sa.Connection) -> bool:
        """Return True: text is UTF-8."""
        return True

    def for_loop(self, database: "Database") -> "SqliteLoop":
        """Return the database for the running event loop."""
        return SqliteLoop(self, database)

    def _before_connecting(self, _dialect: Any, _record: Any, _arguments: Any, _options: Any) -> None:  # noqa: ANN401 - of SQLAlchemy
        self._require_file()

    def _prepare(self, dbapi_connection: Any, _record: Any) -> None:  # noqa: ANN401 - a DBAPI connection has no type
        self._opened = self._opened or self._present()
        dbapi_connection.isolation_level = None  # transactions are begun by _begin, not by the driver
        cursor = dbapi_connection.cursor()
        _use_wal(cursor)
        cursor.execute("PRAGMA synchronous = FULL")  # a commit survives a power cut
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten: no name stays in a free page
        cursor.close()

    def _begin(self, connection: sa.Connection) -> None:
        if is_writing(connection):  # with NORMAL a commit is durable together with the next one that is FULL: one WAL
            self._require_file()
            _set_synchronous(connection.info, connection.exec_driver_sql, "NORMAL" if is_later(connection) else "FULL")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing(connection) else "BEGIN")

    def _present(self) -> tuple[int, int] | None:
        """Return the device and the number of the file that has the name now; None without one."""
        if self._path is None:
            return None
        with suppress(OSError):
            found = self._path.stat()
            return found.st_dev, found.st_ino
        return None

    def _require_file(self) -> None:
        """Raise sqlite3.OperationalError when the file has another name now, or another file has its name.

        SQLite itself goes on with the file that it opened: what is written there nobody finds again. And it would make
        an empty file where there is none.
        """
        if self._opened is not None and self._present() != self._opened:
            error = sqlite3.OperationalError("the file was moved")
            error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_READONLY_DBMOVED, "SQLITE_READONLY_DBMOVED"
            raise error

    def _transact(
        self, connection: sa.PoolProxiedConnection, begin: str, commands: Sequence[Command]
    ) -> list[list[Row]]:
        cursor = connection.cursor()
        cursor.execute(begin)
        found: list[list[Row]] = []
        try:
            for command in commands:
                compiled, values = command.bound(self._dialect)
                cursor.execute(compiled.sql, values)
                rows: list[Row] = cursor.fetchall()  # type: ignore[assignment] # as above
                found.append(compiled.read(rows) if compiled.readers else rows)
            cursor.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # some failures end the transaction by themselves
                cursor.execute("ROLLBACK")
            raise
        cursor.close()
        return found


class SqliteLoop:
    """The LoopDatabase of SQLite.

    A query on a file takes less time than handing it to another thread, and so does a commit on a fast disk: both are
    done in the thread of the loop, on a connection that never waits. What finds the file in use is done again in a
    thread; so is each commit for a while once the disk is slow.
    """

    def __init__(self, backend: Sqlite, database: "Database") -> None:
        self._backend = backend
        self._database = database
        self._thread = ThreadPoolExecutor(1, "uwlr-sqlite")
        self._loop = asyncio.get_running_loop()
        self._opened: tuple[int, sa.PoolProxiedConnection] | None = None
        self._opening = asyncio.Lock()
        self._slow = 0
        self._in_thread_until = 0.0

    async def look(self, query: Query) -> list[Row]:
        """Return the rows of a query. Raises DBAPIError."""
        connection = self._at_hand() or await self._connect()
        try:
            return self._backend.fetch(connection, query)
        except sqlite3.Error as error:
            raise self._failed(error) from None

    load = look

    async def write(self, commands: Sequence[Command]) -> list[list[Row]]:
        """Run statements in one durable transaction. Raises DBAPIError."""
        connection = self._at_hand() or await self._connect()
        begun = monotonic()
        if begun >= self._in_thread_until:
            try:
                return self._backend.write(connection, commands)
            except sqlite3.Error as error:
                if not is_busy(error):
                    raise self._failed(error) from None
            finally:
                if (seconds := monotonic() - begun) < SLOW_SECONDS:
                    self._slow = 0
                else:
                    self._count_slow(seconds)
        return await self._loop.run_in_executor(self._thread, self._database.write, commands)

    def _count_slow(self, seconds: float) -> None:
        """Count a slow commit; after some in a row, or one that stalled, a thread does them for a while."""
        self._slow += 1
        if self._slow >= SLOW_COMMITS or seconds > STALL_SECONDS:
            self._slow, self._in_thread_until = 0, monotonic() + max(IN_THREAD_SECONDS, 100 * seconds)

    def close(self) -> None:
        """Close the connection."""
        if self._opened is not None:
            self._opened[1].invalidate()
            self._opened = None

    def _at_hand(self) -> sa.PoolProxiedConnection | None:
        """Return the connection of the loop, unless it is to be opened."""
        opened = self._opened
        return None if opened is None or opened[0] != self._database.generation else opened[1]

    async def _connect(self) -> sa.PoolProxiedConnection:
        """Open the connection of the loop, once for all that need it; it may wait, so a thread does it."""
        async with self._opening:
            connection = self._at_hand()
            if connection is None:
                self.close()
                generation = self._database.generation
                connection = await self._loop.run_in_executor(self._thread, self._database.connect)
                connection.cursor().execute("PRAGMA busy_timeout = 0")
                self._opened = generation, connection
            return connection

    def _failed(self, error: sqlite3.Error) -> DBAPIError:
        self.close()
        return self._database.failed(error)


def _numbers_rows(table: sa.Table) -> bool:
    """Return whether the rows of a table get an id of the database where none is given."""
    return table.autoincrement_column is not None and table.autoincrement_column.name == "id"


def _misfits(connection: sa.Connection, table: sa.Table) -> Iterator[str]:
    """Yield a sentence for each column with values that are not of its type or do not fit: SQLite stores any value."""
    quote = connection.dialect.identifier_preparer.quote
    for column in table.columns:
        name, kind = quote(column.name), column.type
        if isinstance(kind, sa.LargeBinary):
            wrong = f"typeof({name}) <> 'blob'"
        elif isinstance(kind, sa.Boolean):
            wrong = f"typeof({name}) <> 'integer' OR {name} NOT IN (0, 1)"
        elif isinstance(kind, sa.Integer):
            bits = 63 if isinstance(kind, sa.BigInteger) else 15 if isinstance(kind, sa.SmallInteger) else 31
            wrong = f"typeof({name}) <> 'integer' OR {name} NOT BETWEEN {-(2**bits)} AND {2**bits - 1}"
        elif isinstance(kind, sa.Float):
            wrong = f"typeof({name}) <> 'real'"
        else:
            wrong = f"typeof({name}) <> 'text' OR instr({name}, char(0))"
            if isinstance(kind, sa.String) and kind.length is not None:
                wrong += f" OR length({name}) > {kind.length}"
        query = f"SELECT count(*) FROM {quote(table.name)} WHERE {name} IS NOT NULL AND ({wrong})"  # noqa: S608 - our own names
        if count := connection.exec_driver_sql(query).scalar_one():
            yield f"{count} values of {table.name}.{column.name} do not fit their column; PostgreSQL refuses them"


def _is_file(database: str | None) -> bool:
    """Return whether the database of an SQLite URL is a plain file: not in memory, and no URI."""
    return database not in {None, "", ":memory:"} and not (database or "").startswith("file:")


def _make_file(database: str | None) -> None:
    """Create an SQLite file that only its owner can read: SQLite gives the same rights to its -wal and -shm.

    A symbolic link is followed, so that the file behind it has those rights. Raises OSError, also when somebody else
    could put another file in its place or write in it.
    """
    if not _is_file(database):
        return
    named = Path(database or "")
    named.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = named.resolve()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _require_own(named.parent.resolve())
    _require_own(path.parent)
    with suppress(FileExistsError):  # and then it stays closed: to close it here drops the locks of other connections
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    _require_own(path)


def _require_own(place: Path) -> None:
    """Raise OSError when others than the owner of a file or folder can write to it; checked on Linux only."""
    if sys.platform == "linux" and place.stat().st_mode & _OTHERS_WRITE:
        raise OSError(errno.EPERM, f"others than its owner can write to it: run `chmod go-w '{place}'`")


def _use_wal(cursor: sqlite3.Cursor) -> None:
    """Make readers go on while one writes.

    Of several processes that open a new file at once one makes the change; SQLite refuses the others at once, unlike at
    every other lock, so they try again for WAIT_SECONDS. Raises OperationalError.
    """
    until = monotonic() + limits.WAIT_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not is_busy(error) or monotonic() > until:
                raise
            sleep(0.01)
        else:
            return


def _set_synchronous(info: dict[Any, Any], execute: Any, wanted: str) -> None:  # noqa: ANN401 - a method of a cursor or of a connection
    """Set, outside a transaction, whether a commit of a connection is durable before it returns (FULL)."""
    if info.get(_SYNCHRONOUS, "FULL") != wanted:
        execute(f"PRAGMA synchronous = {wanted}")
        info[_SYNCHRONOUS] = wanted


_SYNCHRONOUS = "uwlr_synchronous"
"""Where the setting of a connection is kept; without a value it is FULL."""


def is_busy(error: BaseException) -> bool:
    """Return whether nothing was done because another connection writes to the file."""
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
