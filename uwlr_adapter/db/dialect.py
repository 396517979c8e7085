"""What SQLite and PostgreSQL each need, so that the rooms above see one kind of database.

Transactions begin with a statement of our own, not at the driver's whim: the driver commits by itself, and the first
statement of each transaction is the one given here. On PostgreSQL a reading transaction is one snapshot that changes
nothing. A writing one reads what is committed at each statement: together with a lock on what it is about (`lock`, or
the lock of a row) that is what SQLite's only writer sees, and no transaction fails for having come second.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from operator import itemgetter
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

WAIT_SECONDS = 15
"""How long a writer waits for another one: half of the shortest client timeout seen (30 s)."""
STATEMENT_SECONDS = 25
"""How long PostgreSQL may work on one statement: after the wait for a lock, and before that client gives up."""
IDLE_SECONDS = 60
"""How long a transaction may stand still before PostgreSQL ends it: a process that hangs keeps no lock for ever."""
CONNECT_SECONDS = 5
"""How long each host of the URL may take to answer: two dead hosts still leave time within that client timeout."""
SILENT_SECONDS = 15
"""How long a machine may be silent before its connection counts as lost; a system by itself waits for 15 minutes."""

COPY_FROM = 2
"""Rows from which COPY is quicker: the driver binds and sends each row of a statement by itself."""
READING = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
"""Begins a transaction of PostgreSQL that sees one moment and changes nothing."""
_WRITING = "BEGIN ISOLATION LEVEL READ COMMITTED"
_READ_ONLY_SERVER = "25006"
"""PostgreSQL's read_only_sql_transaction: the server that we were connected to has become a standby."""

_ABOUT_DATA = frozenset({"22", "23"})
"""Classes of SQLSTATE: a value that does not fit, a constraint that does not hold."""


def make_engine(url: sa.URL) -> sa.Engine:
    """Give the engine of a database; nothing is connected yet. Raises ImportError without the driver, and OSError."""
    if url.get_backend_name() == "sqlite":
        _make_file(url.database)
        # As many connections as threads, as below; a database in memory has a pool of its own.
        pool = {} if url.database in {None, "", ":memory:"} else {"pool_size": 0}
        engine = sa.create_engine(url, connect_args={"timeout": WAIT_SECONDS}, hide_parameters=True, **pool)
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine
    # Without a bound of its own: a thread holds one connection at a time, so that there are as many as threads.
    engine = sa.create_engine(url, connect_args=_postgresql_args(url), hide_parameters=True, pool_size=0)
    sa.event.listen(engine, "connect", _prepare_postgresql)
    sa.event.listen(engine, "begin", _begin_postgresql)
    sa.event.listen(engine, "handle_error", _leave_standby)
    sa.event.listen(engine, "handle_error", _hide_values)
    return engine


def lock(connection: sa.Connection, what: str) -> None:
    """Hold `what` until the transaction ends, so that of two writers the second sees what the first one did.

    SQLite has one writer at a time already. Raises DBAPIError when another holds it for WAIT_SECONDS.
    """
    if connection.dialect.name == "postgresql":
        number = int.from_bytes(sha256(what.encode()).digest()[:8], signed=True)
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.literal(number, sa.BigInteger))))


def insert_many(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all name the same columns, as `insert_rows` does. Raises DBAPIError."""
    if rows:
        names = tuple(rows[0])
        insert_rows(connection, table, names, [tuple([row[naam] for naam in names]) for row in rows])


def insert_rows(
    connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert rows that hold the values of these columns; many at once go to PostgreSQL by COPY. Raises DBAPIError.

    A column that is not named gets the default of the database, none of SQLAlchemy.
    """
    if not rows:
        return
    names, rows = _without_empty(table, names, rows)
    values = _for_driver(connection.dialect, table, names, rows)
    is_postgresql = connection.dialect.name == "postgresql"
    if is_postgresql and len(values) >= COPY_FROM:
        _copy(connection, table, names, values)
    else:
        places = ", ".join(["%s" if is_postgresql else "?"] * len(names))
        statement = f"INSERT INTO {_into(connection, table, names)} VALUES ({places})"  # noqa: S608 - our own names
        connection.exec_driver_sql(statement, values)


def _into(connection: sa.Connection, table: sa.Table, names: Sequence[str]) -> str:
    quote = connection.dialect.identifier_preparer.quote
    return f"{quote(table.name)} ({', '.join(map(quote, names))})"


def _without_empty(
    table: sa.Table, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
    """Leave out the columns that no row has a value for: of thirty fields a source gives six."""
    count = len(rows)
    kept = [
        place
        for place, (naam, values) in enumerate(zip(names, zip(*rows, strict=True), strict=False))
        if values.count(None) < count or table.c[naam].server_default is not None
    ]
    if len(kept) == len(names) or len(kept) < 2:  # noqa: PLR2004 - of one place no tuple is made
        return names, rows
    return [names[place] for place in kept], list(map(itemgetter(*kept), rows))


def _for_driver(
    dialect: sa.Dialect, table: sa.Table, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> list[tuple[Any, ...]]:
    """Give rows with their values as the driver takes them: lists as JSON, on SQLite days as text."""
    types = [table.c[naam].type for naam in names]
    changes = [  # yes and no both drivers know themselves
        None if isinstance(one, sa.Boolean) else one.dialect_impl(dialect).bind_processor(dialect) for one in types
    ]
    if not any(changes):
        return list(map(tuple, rows))
    columns = [
        values if change is None else map(change, values)
        for change, values in zip(changes, zip(*rows, strict=True), strict=False)
    ]
    return list(zip(*columns, strict=True))


def _copy(connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    statement = f"COPY {_into(connection, table, names)} FROM STDIN"
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            write_row = copy.write_row
            for row in rows:
                write_row(row)
    except connection.dialect.loaded_dbapi.Error as error:
        text = f"{type(error).__name__}, SQLSTATE {getattr(error, 'sqlstate', None)}"
        base = connection.dialect.loaded_dbapi.Error
        raise DBAPIError.instance(statement, None, type(error)(text), base, hide_parameters=True) from None


def take_ids(connection: sa.Connection, table: sa.Table, count: int) -> list[int]:
    """Give ids for so many new rows of a table with a column `id`, in this writing transaction."""
    if not count:
        return []
    if connection.dialect.name == "postgresql":
        ids = sa.func.array_agg(sa.func.nextval(sa.func.pg_get_serial_sequence(table.name, "id")))
        found = connection.scalar(sa.select(ids).select_from(sa.func.generate_series(1, count)))
        return list(found or ())
    last: int = connection.scalar(sa.select(sa.func.max(table.c.id))) or 0  # nobody else writes
    return list(range(last + 1, last + 1 + count))


def no_time_limit(connection: sa.Connection) -> None:
    """Let this transaction work and wait for as long as it takes: a migration of many records."""
    if connection.dialect.name == "postgresql":
        for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            connection.exec_driver_sql(f"SET LOCAL {name} = 0")


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


def _prepare_sqlite(dbapi_connection: Any, _record: Any) -> None:  # noqa: ANN401 - a DBAPI connection has no type
    dbapi_connection.isolation_level = None  # transactions are begun by _begin_sqlite, not by the driver
    cursor = dbapi_connection.cursor()
    _use_wal(cursor)
    cursor.execute("PRAGMA synchronous = FULL")  # a commit survives a power cut
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _use_wal(cursor: sqlite3.Cursor) -> None:
    """Let readers go on while one writes.

    Of several that open a new file at once one makes the change; SQLite does not let the others wait, as it does for
    every other lock.
    """
    until = monotonic() + WAIT_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not is_busy(error) or monotonic() > until:
                raise
            sleep(0.01)
        else:
            return


def _begin_sqlite(connection: sa.Connection) -> None:
    if _writes(connection):  # with NORMAL a commit is on the disk together with the next one that is FULL: one WAL
        wanted = "NORMAL" if _later(connection) else "FULL"
        if connection.info.get("uwlr_synchronous", "FULL") != wanted:
            connection.exec_driver_sql(f"PRAGMA synchronous = {wanted}")
            connection.info["uwlr_synchronous"] = wanted
    connection.exec_driver_sql("BEGIN IMMEDIATE" if _writes(connection) else "BEGIN")


def durable(connection: sa.PoolProxiedConnection, kind: sa.Dialect) -> None:
    """See to it that what a connection does outside any transaction is on the disk when it is done."""
    if kind.name == "sqlite" and connection.info.get("uwlr_synchronous", "FULL") != "FULL":
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.close()
        connection.info["uwlr_synchronous"] = "FULL"


@contextmanager
def lock_wait(connection: sa.PoolProxiedConnection, kind: sa.Dialect, *, wait: bool) -> Iterator[None]:
    """Let SQLite wait for another writer within the block, or fail at once (`is_busy`); PostgreSQL always waits."""
    if wait or kind.name != "sqlite":
        yield
        return
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 0")
    try:
        yield
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {WAIT_SECONDS * 1000}")
        cursor.close()


def is_busy(error: BaseException) -> bool:
    """Tell whether nothing was done because another writes to the SQLite file."""
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def _postgresql_args(url: sa.URL) -> dict[str, Any]:
    """Give what a connection is made with; what the URL says itself goes before it."""
    limits = {
        "lock_timeout": WAIT_SECONDS,
        "statement_timeout": STATEMENT_SECONDS,
        "idle_in_transaction_session_timeout": IDLE_SECONDS,
    }
    own = " ".join(f"-c {name}={seconds}s" for name, seconds in limits.items())
    given = url.query.get("options", "")
    defaults = {
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": SILENT_SECONDS // 3,
        "keepalives_interval": SILENT_SECONDS // 3,
        "keepalives_count": 2,
        "tcp_user_timeout": SILENT_SECONDS * 1000,
        "application_name": "uwlr-adapter",
    }
    arguments: dict[str, Any] = {name: value for name, value in defaults.items() if name not in url.query}
    return {**arguments, "options": " ".join([own, *([given] if isinstance(given, str) else given)]).strip()}


def _prepare_postgresql(dbapi_connection: Any, _record: Any) -> None:  # noqa: ANN401 - a DBAPI connection has no type
    dbapi_connection.autocommit = True  # transactions are begun by _begin_postgresql, not by the driver
    dbapi_connection.prepare_threshold = None  # else it throws away what is prepared, ours too, at each rollback


def _begin_postgresql(connection: sa.Connection) -> None:
    later = "; SET LOCAL synchronous_commit = off" if _later(connection) else ""  # one message: each is waited for
    connection.exec_driver_sql(_WRITING + later if _writes(connection) else READING)


def _writes(connection: sa.Connection) -> bool:
    return bool(connection.get_execution_options().get("uwlr_schrijft", False))


def _later(connection: sa.Connection) -> bool:
    return bool(connection.get_execution_options().get("uwlr_later", False))


def _leave_standby(context: sa.ExceptionContext) -> None:
    """Let go of every connection to a server that has become read-only; the next one asks the hosts of the URL anew."""
    if getattr(context.original_exception, "sqlstate", None) == _READ_ONLY_SERVER:
        context.is_disconnect = True


def _hide_values(context: sa.ExceptionContext) -> None:
    """Take the text off an error about data: PostgreSQL quotes the key or value that is wrong."""
    state = getattr(context.original_exception, "sqlstate", None) or ""
    if state[:2] in _ABOUT_DATA and context.sqlalchemy_exception is not None:
        text = f"{type(context.original_exception).__name__}, SQLSTATE {state}"
        context.original_exception.args = context.sqlalchemy_exception.args = (text,)
