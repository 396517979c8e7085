"""The database: one engine, one metadata, two kinds of transaction, single statements, and migrations.

A reading transaction sees one moment of the database. A writing transaction is whole or not there at all, and durable
before `writing()` returns; on SQLite it is the only writer. `look` runs one statement, compiled once, that sees one
moment by itself. What one kind of database needs stands in `sqlite.py` and `postgresql.py`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError

from uwlr_adapter.db import limits, locks, postgresql, sqlite
from uwlr_adapter.db.blocking import WouldBlock, before_blocking, may_block
from uwlr_adapter.db.libpq import Row, Step, libpq_of
from uwlr_adapter.db.schema_version import SchemaState, schema_state
from uwlr_adapter.db.statements import InsertStatement, Query
from uwlr_adapter.db.transactions import WRITING, WRITING_LATER
from uwlr_adapter.errors import UnusableError

_UNKNOWN = "UWLR_DATABASE is no URL of a database that is supported here (sqlite or postgresql)"
_NO_DRIVER = "the driver of this database is missing: run `pip install '.[postgresql]'` in a checkout of uwlr-adapter"
_NEWER = "the database is of another version: run `uwlr-adapter db upgrade` of the newest version first"
_OLD = "the database is of an older version: run `uwlr-adapter db upgrade` first"
_UNUSABLE = "the database cannot be used: it is not a database, it is in use for too long, or it cannot be reached"


IN_MEMORY = "sqlite://"
"""The URL of a database that is gone when it is closed."""


class DatabaseUnusableError(UnusableError):
    """The database cannot be used as it is; the text says what an operator does about it."""


class DatabaseAbsentError(DatabaseUnusableError):
    """There is no database, or it has no tables of ours."""

    def __init__(self) -> None:
        super().__init__("there is no database here yet: run `uwlr-adapter init` first")


def fetch_queries(connection: sa.Connection, query: Sequence[Query]) -> list[list[Row]]:
    """Return the rows of each query, run in order inside a transaction. Raises DBAPIError."""
    found = _in_one_message(connection, lambda kind: [one.step(kind) for one in query])
    return [_rows(connection, one) for one in query] if found is None else found


def insert_rows(connection: sa.Connection, rows: Sequence[tuple[InsertStatement, Mapping[str, Any]]]) -> None:
    """Insert single rows inside a transaction, one after the other. Raises DBAPIError."""
    if _in_one_message(connection, lambda kind: [insert.step(kind, [row]) for insert, row in rows]) is None:
        for insert, row in rows:
            insert.execute(connection, [row])


def _in_one_message(connection: sa.Connection, steps: Callable[[sa.Dialect], Sequence[Step]]) -> list[list[Row]] | None:
    """Run statements inside a transaction in one message, and return the rows of each.

    Return None where nothing was done: on SQLite, and after a failure. The connection is lost then, and the driver says
    so at its next statement.
    """
    if connection.dialect.name != "postgresql":
        return None
    try:
        libpq = libpq_of(connection.connection)
        return libpq.fetch_all(steps(connection.dialect), limits.STATEMENT_SECONDS + 1)
    except connection.dialect.loaded_dbapi.Error:
        return None


def _rows(connection: sa.Connection, query: Query) -> list[Row]:
    statement = query.statement.compiled(connection.dialect)
    result = connection.exec_driver_sql(statement.sql, statement.bind(query.parameters))
    found = result.cursor.fetchall()  # as the driver has them: a school is thousands of rows
    result.close()
    return [statement.read(row) for row in found] if statement.readers else list(found)


class Database:
    """An open database; safe to share between threads, not between processes."""

    def __init__(self, url: str, *, create: bool = True) -> None:
        """Open a database by its SQLAlchemy URL.

        An SQLite file that is absent is created, with its folder, for its owner only; or refused without `create`.
        Raises DatabaseUnusableError; its text never holds the URL, which may hold a password.
        """
        try:
            self.url = make_url(url)
            if self.url.get_backend_name() not in {"sqlite", "postgresql"}:
                raise DatabaseUnusableError(_UNKNOWN)
            if not create and sqlite.is_absent(self.url):
                raise DatabaseAbsentError
            self.is_sqlite = self.url.get_backend_name() == "sqlite"
            """Whether this is the embedded default."""
            make_engine = sqlite.make_engine if self.is_sqlite else postgresql.make_engine
            self.engine = make_engine(self.url)
        except ImportError as error:
            raise DatabaseUnusableError(_NO_DRIVER) from error
        except (ArgumentError, ValueError):
            raise DatabaseUnusableError(_UNKNOWN) from None  # the text of its cause may quote the URL
        except OSError as error:
            raise DatabaseUnusableError(f"the data folder cannot be used: {error.strerror}") from error
        self._writer = self.engine.execution_options(**WRITING)
        self._later = self.engine.execution_options(**WRITING_LATER)
        self._spare: list[sa.PoolProxiedConnection] = []
        """Idle connections for single statements. Nothing is left to undo after one, so they skip the pool's reset."""
        self.generation = 0
        """Pool generation; a connection of an older generation must not be reused."""
        self.on_failure: Callable[[object], object] = lambda _failure: None
        """Called at each failure of the database, also when a second try succeeds."""
        sa.event.listen(self.engine, "handle_error", self._distrust)
        if not self.is_sqlite:
            sa.event.listen(self.engine, "checkout", _refuse_ended)

    def look(self, query: Query) -> list[Row]:
        """Return the rows of one query. Raises DBAPIError."""
        (found,) = self._look([query], _single)
        return found

    def snapshot(self, query: Sequence[Query]) -> list[list[Row]]:
        """Return the rows of each query; all see one moment. Raises DBAPIError."""
        return self._look(query, _at_one_moment)

    def _look(
        self,
        query: Sequence[Query],
        fetch: Callable[[sa.PoolProxiedConnection, sa.Dialect, Sequence[Query]], list[list[Row]]],
    ) -> list[list[Row]]:
        """Run queries on a connection that is in no transaction.

        After a failure they run once more in a transaction, which recognises a lost connection and every other failure.
        """
        connection = None
        try:
            connection = self._take()
            found = fetch(connection, self.engine.dialect, query)
        except BaseException as error:
            if connection is not None:
                connection.invalidate()
            if not isinstance(error, self.engine.dialect.loaded_dbapi.Error):
                raise
            self.on_failure(error)
            before_blocking()
            with self.reading() as slow:
                return [[tuple(row) for row in slow.execute(one.statement.query, one.parameters)] for one in query]
        self._spare.append(connection)
        return found

    def put(self, insert: InsertStatement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows in one statement, a transaction by itself, durable when this returns.

        Raises DBAPIError, and WouldBlock when another connection writes to an SQLite file. Nothing is tried again:
        its outcome may be unknown.
        """
        connection = self._take()
        try:
            if self.is_sqlite:
                sqlite.make_durable(connection)
            with nullcontext() if may_block() or not self.is_sqlite else sqlite.without_wait(connection):
                insert.put(connection, self.engine.dialect, rows)
        except BaseException as error:
            if not may_block() and sqlite.is_busy(error):
                self._spare.append(connection)
                raise WouldBlock from None
            connection.invalidate()
            if not isinstance(error, self.engine.dialect.loaded_dbapi.Error):
                raise
            raise self.failed(error) from None
        self._spare.append(connection)

    def failed(self, error: BaseException) -> DBAPIError:
        """Drop every connection after a failure: the server may have been replaced, or have become a standby.

        Return the error to raise, without a value in its text.
        """
        self.close()
        self.on_failure(error)
        return DBAPIError("a statement", None, error, hide_parameters=True)

    def _take(self) -> sa.PoolProxiedConnection:
        """Return a connection that is in no transaction."""
        try:
            connection = self._spare.pop()
        except IndexError:
            before_blocking()
            return self.connect()
        if self.is_sqlite or not libpq_of(connection).has_ended():
            return connection
        connection.invalidate()  # it ended while it was idle, so no caller fails
        return self._take()

    def connect(self) -> sa.PoolProxiedConnection:
        """Return a connection of the pool, a new one when none is idle. Raises DBAPIError."""
        try:
            return self.engine.raw_connection()
        except self.engine.dialect.loaded_dbapi.Error as error:
            raise self.failed(error) from None

    def _drop_spare(self) -> None:
        """Close the idle connections for single statements, and begin a new generation."""
        self.generation += 1
        while self._spare:
            with suppress(IndexError):
                self._spare.pop().invalidate()

    def _distrust(self, context: sa.ExceptionContext) -> None:
        """Drop the idle connections when one was lost: the server may have been replaced."""
        self.on_failure(context)
        if context.is_disconnect:
            self._drop_spare()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Open a transaction that sees one moment and changes nothing. Raises DBAPIError."""
        with _begun(self.engine) as connection:
            yield connection
            connection.rollback()

    @contextmanager
    def writing(self, *, later: bool = False) -> Iterator[sa.Connection]:
        """Open a writing transaction; it is committed at the end of the block, or undone by an exception.

        With `later` it is visible at once, and durable with the next commit of any writer: for what only counts
        together with that one, and can be made again. On PostgreSQL two can run at once: what must come one after the
        other takes `locks.lock` or the lock of a row. Raises DBAPIError.
        """
        with _begun(self._later if later else self._writer) as connection:
            yield connection
            connection.commit()

    def close(self) -> None:
        """Close every connection."""
        self._drop_spare()
        self.engine.dispose()

    def upgrade(self) -> None:
        """Create the tables, or migrate them to `SCHEMA`; safe when several processes start at once.

        A database that is usable already is only read. Raises DatabaseUnusableError.
        """
        state = self.schema_state()
        if state is SchemaState.USABLE:
            return
        if state is SchemaState.NEWER:
            raise DatabaseUnusableError(_NEWER)
        from alembic import command  # noqa: PLC0415 - a quarter of a second, for a migration only
        from alembic.config import Config  # noqa: PLC0415 - as above
        from alembic.util import CommandError  # noqa: PLC0415 - as above

        try:
            with self.writing() as connection:
                locks.no_time_limit(connection)
                locks.lock(connection, "migrations")
                _require_utf8(connection)
                config = Config()
                config.set_main_option("script_location", str(_MIGRATIONS))
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except (DBAPIError, CommandError) as error:
            raise DatabaseUnusableError(_NEWER if isinstance(error, CommandError) else _UNUSABLE) from error

    def require_usable(self) -> None:
        """Raise DatabaseUnusableError unless this code can work with the tables; the text names the command to run."""
        state = self.schema_state()
        if state is SchemaState.ABSENT:
            raise DatabaseAbsentError
        if state is not SchemaState.USABLE:
            raise DatabaseUnusableError(_OLD if state is SchemaState.OLD else _NEWER)

    def schema_state(self) -> SchemaState:
        """Return what this code can do with the database. Raises DatabaseUnusableError."""
        try:
            with self.reading() as connection:
                return schema_state(connection)
        except DBAPIError as error:
            raise DatabaseUnusableError(_UNUSABLE) from error


def _refuse_ended(_driver: object, _record: object, connection: sa.PoolProxiedConnection) -> None:
    """Make the pool replace a connection that ended while it was idle, so that no caller fails."""
    if libpq_of(connection).has_ended():
        raise DisconnectionError


def _single(connection: sa.PoolProxiedConnection, kind: sa.Dialect, query: Sequence[Query]) -> list[list[Row]]:
    return [one.statement.fetch(connection, kind, one.parameters) for one in query]


def _at_one_moment(connection: sa.PoolProxiedConnection, kind: sa.Dialect, query: Sequence[Query]) -> list[list[Row]]:
    """Return the rows of queries in one transaction, on PostgreSQL one message. Raises what the driver raises."""
    if kind.name == "postgresql":
        steps = [Step(postgresql.READING, []), *(one.step(kind) for one in query), Step("COMMIT", [])]
        return libpq_of(connection).fetch_all(steps, limits.STATEMENT_SECONDS + 1)[1:-1]
    cursor = connection.cursor()
    cursor.execute("BEGIN")
    found = _single(connection, kind, query)
    cursor.execute("COMMIT")
    cursor.close()
    return found


def _begun(engine: sa.Engine) -> sa.Connection:
    """Return a connection with a transaction begun. Raises DBAPIError.

    A connection that was lost while it was idle shows here, before anything was done: then a new one is tried, once.
    Later in a transaction nothing is tried again, since its outcome may be unknown.
    """
    try:
        return _begin(engine)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
    return _begin(engine)


def _begin(engine: sa.Engine) -> sa.Connection:
    connection = engine.connect()
    try:
        connection.begin()
    except BaseException:
        connection.close()
        raise
    return connection


def _require_utf8(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql" and connection.scalar(sa.text("SHOW server_encoding")) != "UTF8":
        raise DatabaseUnusableError("names need every letter: create the database with ENCODING 'UTF8'")


_MIGRATIONS = Path(__file__).parent / "migrations"
