"""The PostgreSQL backend: its limits, how its transactions begin, its failures, and COPY.

A reading transaction is one snapshot that changes nothing. A writing one reads what is committed at each statement:
together with a lock on what it is about (`locks.lock`, or the lock of a row) that is what SQLite's only writer sees, so
no transaction fails for having come second.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, DisconnectionError

from uwlr_adapter.db import limits
from uwlr_adapter.db.backend import is_later, is_writing, quoted
from uwlr_adapter.db.bounded_connection import connect
from uwlr_adapter.db.group_commit import LoopGroup
from uwlr_adapter.db.libpq import Pipeline, libpq_of
from uwlr_adapter.db.metadata import metadata
from uwlr_adapter.db.statements import Command, Query, Row, SelectStatement, Step

if TYPE_CHECKING:
    from uwlr_adapter.db.database import Database

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
_LOCK_NOT_AVAILABLE = "55P03"
"""SQLSTATE lock_not_available: a statement waited for a lock too long."""
_ABOUT_DATA = frozenset({"22", "23"})
"""Classes of SQLSTATE: a value that does not fit, a constraint that does not hold."""


_TAKE_IDS = sa.text(
    "SELECT array_agg(nextval(named.sequence)) FROM "
    "(SELECT CAST(pg_get_serial_sequence(:name, 'id') AS regclass) AS sequence OFFSET 0) AS named, "
    "generate_series(1, :count)"
)
"""Take numbers of the sequence of a table, whose name is looked up once."""
COPY_FROM = 2
"""Rows from which COPY is quicker: the driver binds and sends each row of a statement by itself."""


class Postgresql:
    """The Backend of PostgreSQL."""

    is_embedded = False
    has_one_writer = False

    def make_engine(self, url: sa.URL) -> sa.Engine:
        """Return the engine of a PostgreSQL database. Raises ImportError without the driver."""
        # Without a bound on connections: a thread holds one at a time, so there are as many as threads.
        engine = sa.create_engine(url, connect_args=_connect_arguments(url), hide_parameters=True, pool_size=0)
        sa.event.listen(engine, "do_connect", _connect)
        sa.event.listen(engine, "connect", _prepare)
        sa.event.listen(engine, "begin", _begin)
        sa.event.listen(engine, "handle_error", _leave_standby)
        sa.event.listen(engine, "handle_error", _hide_values)
        sa.event.listen(engine, "checkout", _refuse_ended)
        self._dialect = engine.dialect
        return engine

    def is_absent(self, _url: sa.URL) -> bool:
        """Return False: only connecting tells."""
        return False

    def discard(self, _url: sa.URL) -> None:
        """Do nothing: the operator makes and drops databases."""

    def has_ended(self, connection: sa.PoolProxiedConnection) -> bool:
        """Return whether the server has ended an idle connection."""
        return libpq_of(connection).has_ended()

    def is_lock_timeout(self, error: BaseException) -> bool:
        """Return whether a statement waited for a lock too long."""
        return getattr(error, "sqlstate", None) == _LOCK_NOT_AVAILABLE

    def fetch(self, connection: sa.PoolProxiedConnection, query: Query) -> list[Row]:
        """Return the rows of a query. Raises psycopg.Error."""
        return libpq_of(connection).fetch(query.step(self._dialect))

    def snapshot(self, connection: sa.PoolProxiedConnection, queries: Sequence[Query]) -> list[list[Row]]:
        """Return the rows of each query, in one transaction and one message. Raises psycopg.Error."""
        steps = [Step(READING, []), *self._steps(queries), Step("COMMIT", [])]
        return libpq_of(connection).fetch_all(steps, limits.STATEMENT_SECONDS + 1)[1:-1]

    def write(self, connection: sa.PoolProxiedConnection, commands: Sequence[Command]) -> list[list[Row]]:
        """Run statements in one transaction and one message. Raises psycopg.Error."""
        return libpq_of(connection).fetch_all(self._steps(commands), limits.STATEMENT_SECONDS + 1)

    def run(self, connection: sa.Connection, commands: Sequence[Command]) -> list[list[Row]]:
        """Run statements inside a transaction, in one message. Raises DBAPIError."""
        error = connection.dialect.loaded_dbapi.Error
        try:
            libpq = libpq_of(connection.connection)
            steps = [command.step(connection.dialect) for command in commands]
            return libpq.fetch_all(steps, limits.STATEMENT_SECONDS + 1)
        except error as failure:  # SQLAlchemy recognises the lost connection at its next statement
            connection.exec_driver_sql("SELECT 1")
            raise DBAPIError("a statement", None, failure, hide_parameters=True) from None

    def insert_bulk(
        self, connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Insert rows, many at once by COPY. Raises DBAPIError."""
        into = quoted(connection, table, names)
        if len(rows) >= COPY_FROM:
            copy_rows(connection, into, rows)
        else:
            places = ", ".join(["%s"] * len(names))
            connection.exec_driver_sql(f"INSERT INTO {into} VALUES ({places})", list(rows))  # noqa: S608 - our own names

    def take_ids(self, connection: sa.Connection, table: sa.Table, count: int) -> list[int]:
        """Return the next numbers of the sequence."""
        found = connection.scalar(_TAKE_IDS, {"name": table.name, "count": count})
        return list(found or ())

    def highest_id(self, connection: sa.Connection, table: sa.Table) -> int | None:
        """Return the number at which the sequence of a table is, or its highest id where that is more."""
        if (sequence := _sequence_of(connection, table)) is None:
            return None
        query = f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}"  # noqa: S608 - quoted by PostgreSQL
        handed_out: int = connection.exec_driver_sql(query).scalar_one()
        return max(handed_out, connection.scalar(sa.select(sa.func.max(table.c.id))) or 0)

    def set_highest_id(self, connection: sa.Connection, table: sa.Table, number: int) -> None:
        """Set the sequence of a table."""
        if (sequence := _sequence_of(connection, table)) is not None:
            connection.execute(sa.select(sa.func.setval(sequence, max(number, 1), number > 0)))

    def find_damage(self, connection: sa.Connection) -> list[str]:
        """Return constraints and indexes that PostgreSQL does not hold, and sequences behind their table."""
        found = [
            f"the index {name} of {table} is not valid: run REINDEX INDEX {name}"
            for name, table in connection.exec_driver_sql(_INVALID_INDEXES)
        ]
        found += [
            f"the constraint {name} of {table} was never checked: run ALTER TABLE {table} VALIDATE CONSTRAINT {name}"
            for name, table in connection.exec_driver_sql(_UNCHECKED)
        ]
        for table in metadata.sorted_tables:
            sequence = _sequence_of(connection, table)
            if sequence is None:
                continue
            behind = f"SELECT coalesce((SELECT max(id) FROM {table.name}), 0) > last_value FROM {sequence}"  # noqa: S608 - our own names
            if connection.exec_driver_sql(behind).scalar_one():
                found.append(f"the sequence of {table.name} is behind its rows: the next row would fail")
        return found

    def refresh_statistics(self, connection: sa.Connection) -> None:
        """Let the planner look at every table of ours."""
        for table in metadata.sorted_tables:
            connection.exec_driver_sql(f"ANALYZE {connection.dialect.identifier_preparer.quote(table.name)}")

    def identity(self, connection: sa.Connection) -> str:
        """Return what tells a database of one server from every other one: when the server started, and the id."""
        query = "SELECT pg_postmaster_start_time()::text, oid::text FROM pg_database WHERE datname = current_database()"
        return " ".join(["postgresql", *connection.exec_driver_sql(query).one()])

    def clock(self, connection: sa.Connection) -> datetime:
        """Return the present moment of the server, also within a transaction."""
        moment: datetime = connection.scalars(sa.select(sa.func.clock_timestamp())).one()
        return moment.astimezone(UTC)

    def flush_erased(self, connection: sa.PoolProxiedConnection) -> None:
        """Do nothing: autovacuum makes the room of removed rows free."""

    def lock(self, connection: sa.Connection, what: str) -> None:
        """Take an advisory lock that ends with the transaction. Raises DBAPIError after WAIT_SECONDS."""
        number = int.from_bytes(sha256(what.encode()).digest()[:8], signed=True)
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.literal(number, sa.BigInteger))))

    def remove_time_limits(self, connection: sa.Connection) -> None:
        """Remove every time limit from a transaction, ours included."""
        driver: Any = connection.connection.driver_connection
        driver.is_bounded = False
        for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            connection.exec_driver_sql(f"SET LOCAL {name} = 0")

    def limit_lock_wait(self, connection: sa.Connection, seconds: int) -> None:
        """Make the statements of a transaction that follow wait for a lock no longer than this."""
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{seconds}s'")

    def holds_every_letter(self, connection: sa.Connection) -> bool:
        """Return whether the database is in UTF-8."""
        return bool(connection.scalar(sa.text("SHOW server_encoding")) == "UTF8")

    def for_loop(self, database: "Database") -> "PostgresqlLoop":
        """Return the database for the running event loop."""
        return PostgresqlLoop(database)

    def _steps(self, commands: Sequence[Command]) -> list[Step]:
        return [command.step(self._dialect) for command in commands]


class PostgresqlLoop:
    """The LoopDatabase of PostgreSQL: the queries of all that wait are one statement, and no thread waits."""

    def __init__(self, database: "Database") -> None:
        self._dialect = database.engine.dialect
        self._thread = ThreadPoolExecutor(1, "uwlr-connect")
        self._looks, self._loads = (Pipeline(database, self._thread, limits.LOOK_SECONDS) for _ in range(2))
        self._writes = Pipeline(database, self._thread, limits.COMMIT_SECONDS, limits.LOOP_WAIT_SECONDS)
        self.look = LoopGroup[Query, list[Row]](partial(self._ask, self._looks)).add
        """Returns the rows of a query. Raises DBAPIError."""
        self.load = LoopGroup[Query, list[Row]](partial(self._ask, self._loads)).add
        """Returns the rows of a query, on a connection of its own. Raises DBAPIError."""
        self.write = partial(self._run, self._writes)
        """Runs statements in one durable transaction. Raises DBAPIError or LockedError."""

    def close(self) -> None:
        """Close the connections."""
        for pipeline in (self._looks, self._loads, self._writes):
            pipeline.close()

    async def _ask(self, pipeline: Pipeline, queries: Sequence[Query]) -> list[list[Row]]:
        """Return the rows of each query. Those of one statement are one: to start it takes longer than a row of it."""
        found: list[list[Row]] = [[] for _ in queries]
        groups: dict[SelectStatement, list[tuple[list[Row], dict[str, Any]]]] = {}
        for (statement, parameters), rows in zip(queries, found, strict=True):
            groups.setdefault(statement, []).append((rows, parameters))
        steps = [one.for_each(self._dialect, [asked for _, asked in group]) for one, group in groups.items()]
        for group, rows in zip(groups.values(), await pipeline.run(steps), strict=True):
            for row in rows:
                group[row[0]][0].append(row[1:])
        return found

    async def _run(self, pipeline: Pipeline, commands: Sequence[Command]) -> list[list[Row]]:
        return await pipeline.run([command.step(self._dialect) for command in commands])


def _sequence_of(connection: sa.Connection, table: sa.Table) -> str | None:
    """Return the quoted name of the sequence that numbers the rows of a table; None without one."""
    if "id" not in table.columns:
        return None
    found: str | None = connection.scalar(sa.select(sa.func.pg_get_serial_sequence(table.name, "id")))
    return found


_INVALID_INDEXES = """
SELECT indexrelid::regclass::text, indrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
WHERE relnamespace = current_schema()::regnamespace AND NOT (indisvalid AND indisready) ORDER BY 1
"""
_UNCHECKED = """
SELECT quote_ident(conname), conrelid::regclass::text FROM pg_constraint
WHERE connamespace = current_schema()::regnamespace AND NOT convalidated ORDER BY 1
"""


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


def _refuse_ended(_driver: object, _record: object, connection: sa.PoolProxiedConnection) -> None:
    """Make the pool replace a connection that ended while it was idle, so that no caller fails."""
    if libpq_of(connection).has_ended():
        raise DisconnectionError


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


def _connect(_dialect: object, _record: object, arguments: list[Any], named: dict[str, Any]) -> Any:  # noqa: ANN401 - a DBAPI connection has no type
    return connect()(*arguments, **named)


def _prepare(dbapi_connection: Any, _record: Any) -> None:  # noqa: ANN401 - a DBAPI connection has no type
    dbapi_connection.autocommit = True  # transactions are begun by _begin, not by the driver
    dbapi_connection.prepare_threshold = None  # else it drops every prepared statement, ours too, at each rollback


def _begin(connection: sa.Connection) -> None:
    driver: Any = connection.connection.driver_connection
    driver.is_bounded = True
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
