"""The SQLite backend: its file, its settings, how its transactions begin, and the wait for its only writer.

The driver commits by itself; each transaction begins with a statement of ours.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.db import limits
from uwlr_adapter.db.transactions import is_later, is_writing


def make_engine(url: sa.URL) -> sa.Engine:
    """Return the engine of an SQLite database, whose file is created if need be. Raises OSError."""
    _make_file(url.database)
    # As many connections as threads; a database in memory has a pool of its own.
    pool = {"pool_size": 0} if url.database not in {None, "", ":memory:"} else {}
    engine = sa.create_engine(url, connect_args={"timeout": limits.WAIT_SECONDS}, hide_parameters=True, **pool)
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    return engine


def is_absent(url: sa.URL) -> bool:
    """Return whether a URL names an SQLite file that does not exist; nothing is connected."""
    return url.get_backend_name() == "sqlite" and _is_file(url.database) and not Path(url.database or "").exists()


def _is_file(database: str | None) -> bool:
    """Return whether the database of an SQLite URL is a plain file: not in memory, and no URI."""
    return database not in {None, "", ":memory:"} and not (database or "").startswith("file:")


def _make_file(database: str | None) -> None:
    """Create an SQLite file that only its owner can read: SQLite gives the same rights to its -wal and -shm."""
    if not _is_file(database):
        return
    path = Path(database or "")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):  # and then it stays closed: to close it here drops the locks of other connections
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _prepare(dbapi_connection: Any, _record: Any) -> None:  # noqa: ANN401 - a DBAPI connection has no type
    dbapi_connection.isolation_level = None  # transactions are begun by _begin, not by the driver
    cursor = dbapi_connection.cursor()
    _use_wal(cursor)
    cursor.execute("PRAGMA synchronous = FULL")  # a commit survives a power cut
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


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


def _begin(connection: sa.Connection) -> None:
    if is_writing(connection):  # with NORMAL a commit is durable together with the next one that is FULL: one WAL
        wanted = "NORMAL" if is_later(connection) else "FULL"
        if connection.info.get("uwlr_synchronous", "FULL") != wanted:
            connection.exec_driver_sql(f"PRAGMA synchronous = {wanted}")
            connection.info["uwlr_synchronous"] = wanted
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing(connection) else "BEGIN")


def make_durable(connection: sa.PoolProxiedConnection) -> None:
    """Make what a connection does outside any transaction durable before it returns."""
    if connection.info.get("uwlr_synchronous", "FULL") != "FULL":
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.close()
        connection.info["uwlr_synchronous"] = "FULL"


@contextmanager
def without_wait(connection: sa.PoolProxiedConnection) -> Iterator[None]:
    """Make a statement within the block fail at once (`is_busy`) while another connection writes."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 0")
    try:
        yield
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {limits.WAIT_SECONDS * 1000}")
        cursor.close()


def is_busy(error: BaseException) -> bool:
    """Return whether nothing was done because another connection writes to the file."""
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
