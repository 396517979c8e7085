"""The database: one engine, one metadata, two kinds of transaction, one quick look, and migrations.

A reading transaction sees one moment of the database. A writing transaction starts as the only writer (SQLite:
`BEGIN IMMEDIATE`), is whole or not there at all, and is on the disk before `writing()` returns. A look is one
statement, compiled once, that sees one moment by itself.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

BUSY_SECONDS = 15.0
"""How long a writer waits for another one: half of the shortest client timeout seen (30 s)."""

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every table of the house; names of constraints are fixed, so that migrations can name them on each database."""


_OTHER = "the database is of another version: run `uwlr-adapter db upgrade` of the newest version first"
_UNUSABLE = "the database cannot be used: it is no database, it is in use for too long, or it cannot be reached"


class OpslagFout(Exception):
    """The database cannot be used as it is; the text says what an operator does about it."""


Rij = tuple[Any, ...]
"""One row of a look, in the order of its columns."""


@dataclass(frozen=True, slots=True)
class _Opdracht:
    """A SELECT as one kind of database takes it from its driver."""

    sql: str
    names: tuple[str, ...] | None
    """The parameters in their order, where the driver knows them by place."""
    fixed: dict[str, Any]
    readers: Mapping[int, Callable[[Any], Any]]
    """What makes a stored value into one of Python, by place of the column; most need nothing."""

    def bind(self, parameters: dict[str, str | int]) -> Any:  # noqa: ANN401 - as the driver wants it
        """Give the parameters in the form of the driver."""
        values = {**self.fixed, **parameters}
        return values if self.names is None else [values[name] for name in self.names]

    def read(self, row: Rij) -> Rij:
        """Give a row with values of Python."""
        made = list(row)
        for place, reader in self.readers.items():
            made[place] = reader(made[place])
        return tuple(made)


class Vraag:
    """A SELECT with named parameters of text or numbers, compiled once for each kind of database.

    It goes to the driver as it is: what SQLAlchemy does for each statement (its own cache, events, rows, a transaction
    around it) costs five times what the database itself needs for a row by its key.
    """

    def __init__(self, query: sa.Select[Any]) -> None:
        self._query = query
        self._compiled: dict[str, _Opdracht] = {}

    def compiled(self, dialect: sa.Dialect) -> _Opdracht:
        """Give the statement for a kind of database."""
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = self._compile(dialect)
        return found

    def _compile(self, dialect: sa.Dialect) -> _Opdracht:
        made = self._query.compile(dialect=dialect)
        readers = {
            place: reader
            for place, column in enumerate(self._query.selected_columns)
            if (reader := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        }
        names = None if made.positiontup is None else tuple(made.positiontup)
        return _Opdracht(str(made), names, dict(made.params), readers)


def _wrapped(error: Exception, sql: str, failures: type[Exception], *, lost: bool) -> DBAPIError:
    """Give a failure of the driver as SQLAlchemy raises it, without the values."""
    made = DBAPIError.instance(sql, None, error, failures, hide_parameters=True, connection_invalidated=lost)
    return cast("DBAPIError", made)


class Opslag:
    """An open database; safe to share between threads, not between processes."""

    def __init__(self, url: str) -> None:
        """Open a database by its SQLAlchemy URL; an SQLite file is made, with its folder, for its owner only.

        Raises OpslagFout when that cannot be.
        """
        try:
            self.url = make_url(url)
            if self.is_sqlite:
                _make_file(self.url.database)
            self.engine = sa.create_engine(
                self.url, connect_args=self._connect_args(), hide_parameters=True, **self._pool_args()
            )
        except (ArgumentError, ImportError) as error:
            raise OpslagFout("UWLR_DATABASE is no URL of a database that is supported here") from error
        except OSError as error:
            raise OpslagFout(f"the data folder cannot be used: {error.strerror}") from error
        if self.is_sqlite:
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)
        self._writer = self.engine.execution_options(uwlr_schrijft=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded default."""
        return self.url.get_backend_name() == "sqlite"

    def _connect_args(self) -> dict[str, Any]:
        return {"timeout": BUSY_SECONDS} if self.is_sqlite else {}

    def _pool_args(self) -> dict[str, Any]:
        """Let there be as many connections as threads: each holds one at a time, and none waits for another."""
        return {"pool_size": 0} if self.url.database not in {None, "", ":memory:"} else {}

    def look(self, vraag: "Vraag", **parameters: str | int) -> list[Rij]:
        """Give the rows of one statement. Raises DBAPIError.

        A connection that was lost while nobody used it is replaced once: a look changes nothing.
        """
        try:
            return self._look(vraag, parameters)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        return self._look(vraag, parameters)

    def _look(self, vraag: "Vraag", parameters: dict[str, str | int]) -> list[Rij]:
        dialect = self.engine.dialect
        statement = vraag.compiled(dialect)
        failures = cast("type[Exception]", dialect.loaded_dbapi.Error)
        try:
            connection = self.engine.raw_connection()
        except failures as error:
            raise _wrapped(error, statement.sql, failures, lost=False) from None
        try:
            cursor = connection.cursor()
            cursor.execute(statement.sql, statement.bind(parameters))
            rows = cursor.fetchall()
            cursor.close()
        except failures as error:
            lost = dialect.is_disconnect(cast("Any", error), connection.dbapi_connection, None)
            if lost:
                connection.invalidate(error)
            raise _wrapped(error, statement.sql, failures, lost=lost) from None
        finally:
            connection.close()
        return [statement.read(row) for row in rows] if statement.readers else list(rows)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Open a transaction that sees one moment and changes nothing."""
        with self.engine.connect() as connection:
            yield connection
            connection.rollback()

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Open the writing transaction; it is committed at the end of the block, or undone by an exception."""
        with self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def upgrade(self) -> None:
        """Bring the tables to this version of the house; safe when several processes start at once.

        A database that is current already is only read. Raises OpslagFout.
        """
        if self._revision() == _newest():
            return
        try:
            with self.writing() as connection:
                config = _alembic_config()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except (DBAPIError, CommandError) as error:
            raise OpslagFout(_OTHER if isinstance(error, CommandError) else _UNUSABLE) from error

    def require_current(self) -> None:
        """Raise OpslagFout unless the tables are those of this version of the house."""
        if self._revision() != _newest():
            raise OpslagFout(_OTHER)

    def _revision(self) -> str | None:
        try:
            with self.reading() as connection:
                return MigrationContext.configure(connection).get_current_revision()
        except DBAPIError as error:
            raise OpslagFout(_UNUSABLE) from error


def _newest() -> str | None:
    return ScriptDirectory.from_config(_alembic_config()).get_current_head()


def _make_file(database: str | None) -> None:
    """Make an SQLite file that only its owner can read: SQLite gives the same rights to its -wal and -shm."""
    if database is None or database == ":memory:" or database.startswith("file:"):
        return
    path = Path(database)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _prepare_sqlite(dbapi_connection: Any, _record: Any) -> None:  # noqa: ANN401 - a DBAPI connection has no type
    dbapi_connection.isolation_level = None  # transactions are begun by _begin_sqlite, not by the driver
    cursor = dbapi_connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")  # readers go on while one writes
    cursor.execute("PRAGMA synchronous = FULL")  # a commit survives a power cut
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("uwlr_schrijft", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
