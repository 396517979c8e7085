"""The PostgreSQL backend: its limits, how its transactions begin, its failures, and COPY.

A reading transaction is one snapshot that changes nothing. A writing one reads what is committed at each statement:
together with a lock on what it is about (`locks.lock`, or the lock of a row) that is what SQLite's only writer sees, so
no transaction fails for having come second.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from uwlr_adapter.db import limits
from uwlr_adapter.db.transactions import is_later, is_writing

IDLE_SECONDS = 60
"""How long a transaction may be idle before PostgreSQL ends it: a process that hangs keeps no lock for ever."""
CONNECT_SECONDS = 5
"""How long each host of the URL may take to answer: two dead hosts still leave time within a client's timeout."""
SILENT_SECONDS = 15
"""How long a machine may be silent before its connection counts as lost; a system by itself waits for 15 minutes."""
READING = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
"""Begins a transaction that sees one moment and changes nothing."""
_WRITING = "BEGIN ISOLATION LEVEL READ COMMITTED"
_READ_ONLY_SERVER = "25006"
"""SQLSTATE read_only_sql_transaction: the server of this connection has become a standby."""
_ABOUT_DATA = frozenset({"22", "23"})
"""Classes of SQLSTATE: a value that does not fit, a constraint that does not hold."""


def make_engine(url: sa.URL) -> sa.Engine:
    """Return the engine of a PostgreSQL database; nothing is connected yet. Raises ImportError without the driver."""
    # Without a bound on connections: a thread holds one at a time, so there are as many as threads.
    engine = sa.create_engine(url, connect_args=_connect_arguments(url), hide_parameters=True, pool_size=0)
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    sa.event.listen(engine, "handle_error", _leave_standby)
    sa.event.listen(engine, "handle_error", _hide_values)
    return engine


def copy_rows(connection: sa.Connection, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows by COPY; `into` is the quoted table and its columns in parentheses. Raises DBAPIError."""
    statement = f"COPY {into} FROM STDIN"
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


def _connect_arguments(url: sa.URL) -> dict[str, Any]:
    """Return the arguments of a connection; what the URL says itself goes before them."""
    timeouts = {
        "lock_timeout": limits.WAIT_SECONDS,
        "statement_timeout": limits.STATEMENT_SECONDS,
        "idle_in_transaction_session_timeout": IDLE_SECONDS,
    }
    own = " ".join(f"-c {name}={seconds}s" for name, seconds in timeouts.items())
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


def _prepare(dbapi_connection: Any, _record: Any) -> None:  # noqa: ANN401 - a DBAPI connection has no type
    dbapi_connection.autocommit = True  # transactions are begun by _begin, not by the driver
    dbapi_connection.prepare_threshold = None  # else it drops every prepared statement, ours too, at each rollback


def _begin(connection: sa.Connection) -> None:
    later = "; SET LOCAL synchronous_commit = off" if is_later(connection) else ""  # one message: each is waited for
    connection.exec_driver_sql(_WRITING + later if is_writing(connection) else READING)


def _leave_standby(context: sa.ExceptionContext) -> None:
    """Drop every connection to a server that has become read-only; the next one asks the hosts of the URL anew."""
    if getattr(context.original_exception, "sqlstate", None) == _READ_ONLY_SERVER:
        context.is_disconnect = True


def _hide_values(context: sa.ExceptionContext) -> None:
    """Remove the text of an error about data: PostgreSQL quotes the key or value that is wrong."""
    state = getattr(context.original_exception, "sqlstate", None) or ""
    if state[:2] in _ABOUT_DATA and context.sqlalchemy_exception is not None:
        text = f"{type(context.original_exception).__name__}, SQLSTATE {state}"
        context.original_exception.args = context.sqlalchemy_exception.args = (text,)
