"""The database: one engine, one metadata, two kinds of transaction, single statements, and migrations.

A reading transaction sees one moment of the database. A writing transaction is whole or not there at all, and durable
before `writing()` returns; on SQLite it is the only writer. `look` runs one statement, compiled once, that sees one
moment by itself. What one kind of database needs stands in `sqlite.py` and `postgresql.py`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from uwlr_adapter.db import limits, locks
from uwlr_adapter.db.backend import WRITING, WRITING_LATER, Backend, LoopDatabase, set_backend
from uwlr_adapter.db.causes import advice_of
from uwlr_adapter.db.event_log import log_event
from uwlr_adapter.db.postgresql import Postgresql
from uwlr_adapter.db.schema_version import SCHEMA, DatabaseSchema, SchemaState, read_schema
from uwlr_adapter.db.sqlite import Sqlite
from uwlr_adapter.db.statements import Command, Query, Row
from uwlr_adapter.errors import UnusableError

Result = TypeVar("Result")
_BACKENDS: dict[str, type[Backend]] = {"sqlite": Sqlite, "postgresql": Postgresql}

_UNKNOWN = "this is no URL of a database that is supported here (sqlite or postgresql): UWLR_DATABASE, or an option"
_NO_DRIVER = "the driver of this database is missing: run `pip install '.[postgresql]'` in a checkout of uwlr-adapter"
_ANOTHER = "the database is of another version: run `uwlr-adapter db upgrade` of the newest version first"
_IN_USE = (
    f"other transactions kept the tables in use for {limits.MIGRATION_SECONDS} s, such as an import: nothing was "
    "changed. Run `uwlr-adapter db upgrade` again when they are done"
)
_NO_UTF8 = "names need every letter: create the database with ENCODING 'UTF8'"
_UNUSABLE = "the database cannot be used: {}"


IN_MEMORY = "sqlite://"
"""The URL of a database that is gone when it is closed."""


class DatabaseUnusableError(UnusableError):
    """The database cannot be used as it is; the text says what an operator does about it."""


class SchemaError(DatabaseUnusableError):
    """The database has a schema that this code cannot work with; the text says what to do."""

    def __init__(self, schema: DatabaseSchema) -> None:
        if schema.state is SchemaState.OLD:
            has = f"has schema {schema.number}" if schema.number else "has a schema without a number"
            super().__init__(
                f"the database is of an older version: run `uwlr-adapter db upgrade` first (it {has}, and this version "
                f"needs {SCHEMA})"
            )
        else:
            super().__init__(
                f"this version is too old for the database, whose schema {schema.number} can be used by code of schema "
                f"{schema.readable_from} and newer; this is {SCHEMA}. Go on with the newer version, or go back by "
                "restoring the backup from before its `db upgrade`"
            )


class DatabaseAbsentError(DatabaseUnusableError):
    """There is no database, or it has no tables of ours."""

    def __init__(self) -> None:
        super().__init__("there is no database here yet: run `uwlr-adapter init` first")


def unusable(error: DBAPIError) -> DatabaseUnusableError:
    """Return the exception that tells an operator why a database failed as it was opened."""
    return DatabaseUnusableError(_UNUSABLE.format(advice_of(error)))


def has_one_writer(url: str) -> bool:
    """Return whether a database of this URL has one writer at a time; nothing is opened. False for an unknown one."""
    backend = _backend_of(url)
    return backend is not None and backend.has_one_writer


def is_supported(url: str) -> bool:
    """Return whether a text is the URL of a kind of database that can be used; nothing is opened."""
    return _backend_of(url) is not None


def shown_url(url: str) -> str:
    """Return a URL without its password and its query, for an operator. Raises DatabaseUnusableError for none."""
    if not is_supported(url):
        raise DatabaseUnusableError(_UNKNOWN)
    return make_url(url).set(query={}).render_as_string()


def _backend_of(url: str) -> type[Backend] | None:
    try:
        return _BACKENDS.get(make_url(url).get_backend_name())
    except (ArgumentError, ValueError):
        return None


class Database:
    """An open database; safe to share between threads, not between processes."""

    def __init__(self, url: str, *, create: bool = True) -> None:
        """Open a database by its SQLAlchemy URL.

        An SQLite file that is absent is created, with its folder, for its owner only; or refused without `create`.
        Raises DatabaseUnusableError; its text never holds the URL, which may hold a password.
        """
        try:
            self.url = make_url(url)
            if self.url.get_backend_name() not in _BACKENDS:
                raise DatabaseUnusableError(_UNKNOWN)
            self.backend: Backend = _BACKENDS[self.url.get_backend_name()]()
            if not create and self.backend.is_absent(self.url):
                raise DatabaseAbsentError
            self.engine = self.backend.make_engine(self.url)
        except ImportError as error:
            raise DatabaseUnusableError(_NO_DRIVER) from error
        except (ArgumentError, ValueError):
            raise DatabaseUnusableError(_UNKNOWN) from None  # the text of its cause may quote the URL
        except OSError as error:
            raise DatabaseUnusableError(f"the data folder cannot be used: {error.strerror}") from error
        set_backend(self.engine, self.backend)
        self._writer = self.engine.execution_options(**WRITING)
        self._later = self.engine.execution_options(**WRITING_LATER)
        self._spare: list[sa.PoolProxiedConnection] = []
        """Idle connections for single statements. Nothing is left to undo after one, so they skip the pool's reset."""
        self._explained = count()
        """Numbers that make each statement of `explain` another text."""
        self.generation = 0
        """Pool generation; a connection of an older generation must not be reused."""
        self.on_failure: Callable[[object], object] = lambda _failure: None
        """Called at each failure of the database, also when a second try succeeds."""
        sa.event.listen(self.engine, "handle_error", self._distrust)

    def look(self, query: Query) -> list[Row]:
        """Return the rows of one query. Raises DBAPIError."""
        (found,) = self._twice([query], lambda connection: [self.backend.fetch(connection, query)])
        return found

    def snapshot(self, queries: Sequence[Query]) -> list[list[Row]]:
        """Return the rows of each query; all see one moment. Raises DBAPIError."""
        return self._twice(queries, lambda connection: self.backend.snapshot(connection, queries))

    def write(self, commands: Sequence[Command]) -> list[list[Row]]:
        """Run statements in one transaction, durable when this returns, and return the rows of each.

        Raises DBAPIError. Nothing is tried again: its outcome may be unknown.
        """
        return self._once(lambda connection: self.backend.write(connection, commands))

    def explain(self, commands: Sequence[Command]) -> None:
        """Ask the database how it would run statements, which asks for their tables and rights and changes nothing.

        Raises DBAPIError.
        """
        with self.reading() as connection:
            read_schema(connection)  # SQLite learns that the tables changed when it reads one, and not to explain
            for command in commands:
                compiled, values = command.bound(connection.dialect)
                anew = f"EXPLAIN {compiled.sql} -- {next(self._explained)}"  # one that is cached would not be looked at
                connection.exec_driver_sql(anew, values).close()

    def flush_erased(self) -> None:
        """Make what was erased leave the files of the database as well, as far as that holds up nobody.

        Raises DBAPIError.
        """
        self._once(self.backend.flush_erased)

    def for_loop(self) -> LoopDatabase:
        """Return this database for the requests of the running event loop."""
        return self.backend.for_loop(self)

    def _once(self, act: Callable[[sa.PoolProxiedConnection], Result]) -> Result:
        """Do something on a connection that is in no transaction, and is in none afterwards. Raises DBAPIError."""
        connection = self._take()
        try:
            found = act(connection)
        except BaseException as error:
            connection.invalidate()
            if not isinstance(error, self.engine.dialect.loaded_dbapi.Error):
                raise
            raise self.failed(error) from None
        self._spare.append(connection)
        return found

    def _twice(
        self, queries: Sequence[Query], fetch: Callable[[sa.PoolProxiedConnection], list[list[Row]]]
    ) -> list[list[Row]]:
        """Run queries on a connection that is in no transaction.

        After a failure they run once more in a transaction, which recognises a lost connection and every other failure.
        """
        connection = self._take()
        try:
            found = fetch(connection)
        except BaseException as error:
            connection.invalidate()
            if not isinstance(error, self.engine.dialect.loaded_dbapi.Error):
                raise
            self.on_failure(error)
            with self.reading() as slow:
                return [[tuple(row) for row in slow.execute(one.statement.query, one.parameters)] for one in queries]
        self._spare.append(connection)
        return found

    def failed(self, error: BaseException) -> DBAPIError:
        """Drop every connection after a failure: the server may have been replaced, or have become a standby.

        A lock that was held for too long says nothing about the server. Return the error to raise, without a value in
        its text.
        """
        if not self.backend.is_lock_timeout(error):
            self.close()
        self.on_failure(error)
        return DBAPIError("a statement", None, error, hide_parameters=True)

    def _take(self) -> sa.PoolProxiedConnection:
        """Return a connection that is in no transaction."""
        try:
            connection = self._spare.pop()
        except IndexError:
            return self.connect()
        if not self.backend.has_ended(connection):
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

    def upgrade(self, waits: Callable[[], object] = lambda: None) -> None:
        """Create the tables, or migrate them to `SCHEMA`; safe when several processes start at once.

        A database that is usable already is only read. `waits` is called when other transactions keep the tables in
        use, before it is tried again. Raises DatabaseUnusableError.
        """
        schema = self.schema()
        if schema.state is SchemaState.USABLE:
            return
        if schema.state is SchemaState.NEWER:
            raise SchemaError(schema)
        until = monotonic() + limits.MIGRATION_SECONDS
        while not self._migrate():
            if monotonic() > until:
                raise DatabaseUnusableError(_IN_USE)
            waits()
            sleep(limits.MIGRATION_LOCK_SECONDS)  # whoever waited behind it goes first

    def _migrate(self) -> bool:
        """Run the migrations; return False, with nothing changed, when another transaction kept a table for long.

        Raises DatabaseUnusableError.
        """
        try:
            with self.writing() as connection:
                before = self.migrate(connection)
        except DBAPIError as error:
            if error.orig is not None and self.backend.is_lock_timeout(error.orig):
                return False
            raise unusable(error) from error
        log_event("migration", of=before, to=SCHEMA)
        return True

    def migrate(self, connection: sa.Connection, number: int = SCHEMA) -> int:
        """Make the tables, or migrate them, in a writing transaction, to a schema number that this code knows.

        Return the number from before, 0 without tables of ours.

        Other migrations wait for it; a table that another transaction keeps is waited for MIGRATION_LOCK_SECONDS.
        Raises DatabaseUnusableError or DBAPIError.
        """
        from alembic import command  # noqa: PLC0415 - a quarter of a second, for a migration only
        from alembic.config import Config  # noqa: PLC0415 - as above
        from alembic.util import CommandError  # noqa: PLC0415 - as above

        self.backend.remove_time_limits(connection)
        locks.lock(connection, "migrations")
        self.backend.limit_lock_wait(connection, limits.MIGRATION_LOCK_SECONDS)
        if not self.backend.holds_every_letter(connection):
            raise DatabaseUnusableError(_NO_UTF8)
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        try:
            before = read_schema(connection).number
            command.upgrade(config, f"{number:04}")
        except CommandError as error:
            raise DatabaseUnusableError(_ANOTHER) from error
        return before

    def require_usable(self) -> None:
        """Raise DatabaseUnusableError unless this code can work with the tables; the text names the command to run."""
        schema = self.schema()
        if schema.state is SchemaState.ABSENT:
            raise DatabaseAbsentError
        if schema.state is not SchemaState.USABLE:
            raise SchemaError(schema)

    def schema(self) -> DatabaseSchema:
        """Return what the database says of its schema. Raises DatabaseUnusableError."""
        try:
            with self.reading() as connection:
                return read_schema(connection)
        except DBAPIError as error:
            raise unusable(error) from error


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


MIGRATIONS = Path(__file__).parent / "migrations"
"""The folder of the migrations; the files in `versions` begin with their numbers."""
