"""The database: one engine, one metadata, two kinds of transaction, and migrations.

A reading transaction sees one moment of the database. A writing transaction starts as the only writer (SQLite:
`BEGIN IMMEDIATE`), is whole or not there at all, and is on the disk before `writing()` returns.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
            self.engine = sa.create_engine(self.url, connect_args=self._connect_args(), hide_parameters=True)
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
