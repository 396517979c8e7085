"""The database: one engine, one metadata, two kinds of transaction, one quick look, and migrations.

A reading transaction sees one moment of the database. A writing transaction is whole or not there at all, and is on the
disk before `writing()` returns; on SQLite it is the only writer. A look is one statement, compiled once, that sees one
moment by itself. What differs between SQLite and PostgreSQL stands in `dialect.py`.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError

from uwlr_adapter.db import dialect
from uwlr_adapter.db.blocking import WouldBlock, before_blocking, may_block
from uwlr_adapter.db.libpq import Row, Step, libpq_of
from uwlr_adapter.db.statements import InsertStatement, Query
from uwlr_adapter.errors import UnusableError

_UNKNOWN = "UWLR_DATABASE is no URL of a database that is supported here (sqlite or postgresql)"
_NO_DRIVER = "the driver of this database is missing: run `pip install '.[postgresql]'` in a checkout of uwlr-adapter"
_OTHER = "the database is of another version: run `uwlr-adapter db upgrade` of the newest version first"
_UNUSABLE = "the database cannot be used: it is no database, it is in use for too long, or it cannot be reached"


class DatabaseUnusableError(UnusableError):
    """The database cannot be used as it is; the text says what an operator does about it."""


def fetch_queries(connection: sa.Connection, query: Sequence[Query]) -> list[list[Row]]:
    """Give the rows of some statements inside a transaction, one after the other. Raises DBAPIError."""
    found = _in_one_message(connection, lambda kind: [one.step(kind) for one in query])
    return [_rows(connection, one) for one in query] if found is None else found


def insert_rows(connection: sa.Connection, rows: Sequence[tuple[InsertStatement, Mapping[str, Any]]]) -> None:
    """Insert single rows inside a transaction, one after the other. Raises DBAPIError."""
    if _in_one_message(connection, lambda kind: [insert.step(kind, [row]) for insert, row in rows]) is None:
        for insert, row in rows:
            insert.execute(connection, [row])


def _in_one_message(connection: sa.Connection, steps: Callable[[sa.Dialect], Sequence[Step]]) -> list[list[Row]] | None:
    """Do statements inside a transaction in one message, and give what comes of each; None: they are still to be done.

    That is on SQLite, and after a failure: the connection is lost then, and the driver says so as it always does.
    """
    if connection.dialect.name != "postgresql":
        return None
    try:
        libpq = libpq_of(connection.connection)
        return libpq.fetch_all(steps(connection.dialect), dialect.STATEMENT_SECONDS + 1)
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

    def __init__(self, url: str) -> None:
        """Open a database by its SQLAlchemy URL; an SQLite file is made, with its folder, for its owner only.

        Raises DatabaseUnusableError when that cannot be; its text never holds the URL, which may hold a password.
        """
        try:
            self.url = make_url(url)
            if self.url.get_backend_name() not in {"sqlite", "postgresql"}:
                raise DatabaseUnusableError(_UNKNOWN)
            self.engine = dialect.make_engine(self.url)
        except ImportError as error:
            raise DatabaseUnusableError(_NO_DRIVER) from error
        except (ArgumentError, ValueError):
            raise DatabaseUnusableError(_UNKNOWN) from None  # the text of its cause may quote the URL
        except OSError as error:
            raise DatabaseUnusableError(f"the data folder cannot be used: {error.strerror}") from error
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        """Whether this is the embedded default."""
        self._writer = self.engine.execution_options(uwlr_schrijft=True)
        self._later = self.engine.execution_options(uwlr_schrijft=True, uwlr_later=True)
        self._spare: list[sa.PoolProxiedConnection] = []
        """Connections for single statements. After one there is nothing to undo, so that they need not go back."""
        self.generation = 0
        """Counts how often all connections were let go of: who keeps one of an earlier count asks for a new one."""
        self.on_failure: Callable[[object], object] = lambda _failure: None
        """Called at each failure of the database, also of one that a second try mends."""
        sa.event.listen(self.engine, "handle_error", self._distrust)
        if not self.is_sqlite:
            sa.event.listen(self.engine, "checkout", _refuse_ended)

    def look(self, query: Query) -> list[Row]:
        """Give the rows of one statement. Raises DBAPIError."""
        (found,) = self._look([query], _single)
        return found

    def snapshot(self, query: Sequence[Query]) -> list[list[Row]]:
        """Give the rows of some statements, which all see one moment. Raises DBAPIError."""
        return self._look(query, _at_one_moment)

    def _look(
        self,
        query: Sequence[Query],
        fetch: Callable[[sa.PoolProxiedConnection, sa.Dialect, Sequence[Query]], list[list[Row]]],
    ) -> list[list[Row]]:
        """Look by a connection that is in no transaction.

        Whatever fails is done once more in a transaction, which knows a lost connection and each kind of failure.
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
        """Insert some rows in one statement, which is a transaction by itself: on the disk when this returns.

        Raises DBAPIError, and WouldBlock when another writes to an SQLite file. Nothing is tried again: what became of
        it may be unknown.
        """
        connection = self._take()
        try:
            dialect.durable(connection, self.engine.dialect)
            with dialect.lock_wait(connection, self.engine.dialect, wait=may_block()):
                insert.put(connection, self.engine.dialect, rows)
        except BaseException as error:
            if not may_block() and dialect.is_busy(error):
                self._spare.append(connection)
                raise WouldBlock from None
            connection.invalidate()
            if not isinstance(error, self.engine.dialect.loaded_dbapi.Error):
                raise
            raise self.failed(error) from None
        self._spare.append(connection)

    def failed(self, error: BaseException) -> DBAPIError:
        """Let go of every connection after a failure: the server may be another one, or a standby, by now.

        Gives what to raise for it, without a value in its text.
        """
        self.close()
        self.on_failure(error)
        return DBAPIError("a statement", None, error, hide_parameters=True)

    def _take(self) -> sa.PoolProxiedConnection:
        """Give a connection that is in no transaction."""
        try:
            connection = self._spare.pop()
        except IndexError:
            before_blocking()
            return self.connect()
        if self.is_sqlite or not libpq_of(connection).has_ended():
            return connection
        connection.invalidate()  # it ended while nobody used it: nobody fails
        return self._take()

    def connect(self) -> sa.PoolProxiedConnection:
        """Give a connection, made anew when none is idle. Raises DBAPIError."""
        try:
            return self.engine.raw_connection()
        except self.engine.dialect.loaded_dbapi.Error as error:
            raise self.failed(error) from None

    def _drop_spare(self) -> None:
        """Close the connections of looks that are not at work."""
        self.generation += 1
        while self._spare:
            with suppress(IndexError):
                self._spare.pop().invalidate()

    def _distrust(self, context: sa.ExceptionContext) -> None:
        """Ask for new connections when one was lost: the server may be another one by now."""
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

        With `later` it is seen by all at once, and on the disk with the next commit of any writer: for what only counts
        together with that one, and can be made again.
        Two of them at once are possible on PostgreSQL: what must come one after the other takes `dialect.lock` or the
        lock of a row. Raises DBAPIError.
        """
        with _begun(self._later if later else self._writer) as connection:
            yield connection
            connection.commit()

    def close(self) -> None:
        """Close every connection."""
        self._drop_spare()
        self.engine.dispose()

    def upgrade(self) -> None:
        """Bring the tables to this version of the house; safe when several processes start at once.

        A database that is current already is only read. Raises DatabaseUnusableError.
        """
        if self._revision() == _newest():
            return
        from alembic import command  # noqa: PLC0415 - a quarter of a second, for who migrates only
        from alembic.config import Config  # noqa: PLC0415 - idem
        from alembic.util import CommandError  # noqa: PLC0415 - idem

        try:
            with self.writing() as connection:
                dialect.no_time_limit(connection)
                dialect.lock(connection, "migrations")
                _require_utf8(connection)
                config = Config()
                config.set_main_option("script_location", str(_MIGRATIONS))
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except (DBAPIError, CommandError) as error:
            raise DatabaseUnusableError(_OTHER if isinstance(error, CommandError) else _UNUSABLE) from error

    def require_current(self) -> None:
        """Raise DatabaseUnusableError unless the tables are those of this version of the house."""
        if self._revision() != _newest():
            raise DatabaseUnusableError(_OTHER)

    def _revision(self) -> str | None:
        try:
            with self.reading() as connection:
                if not sa.inspect(connection).has_table("alembic_version"):
                    return None
                found: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
                return found
        except DBAPIError as error:
            raise DatabaseUnusableError(_UNUSABLE) from error


def _refuse_ended(_driver: object, _record: object, connection: sa.PoolProxiedConnection) -> None:
    """Tell the pool that a connection ended while nobody used it: it makes another one, and nobody fails."""
    if libpq_of(connection).has_ended():
        raise DisconnectionError


def _single(connection: sa.PoolProxiedConnection, kind: sa.Dialect, query: Sequence[Query]) -> list[list[Row]]:
    return [one.statement.fetch(connection, kind, one.parameters) for one in query]


def _at_one_moment(connection: sa.PoolProxiedConnection, kind: sa.Dialect, query: Sequence[Query]) -> list[list[Row]]:
    """Give the rows of statements in a transaction; PostgreSQL takes it in one message. Raises what the driver does."""
    if kind.name == "postgresql":
        steps = [Step(dialect.READING, []), *(one.step(kind) for one in query), Step("COMMIT", [])]
        return libpq_of(connection).fetch_all(steps, dialect.STATEMENT_SECONDS + 1)[1:-1]
    cursor = connection.cursor()
    cursor.execute("BEGIN")
    found = _single(connection, kind, query)
    cursor.execute("COMMIT")
    cursor.close()
    return found


def _begun(engine: sa.Engine) -> sa.Connection:
    """Give a connection with a transaction begun.

    A connection that was lost while nobody used it shows here, before anything was done: then a fresh one is tried,
    once. Later in a transaction nothing is tried again, since what became of it may be unknown.
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


@functools.cache
def _newest() -> str:
    """Give the newest migration: their files are numbered, and each follows the one before it."""
    return max(file.name.partition("_")[0] for file in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


_MIGRATIONS = Path(__file__).parent / "migrations"
