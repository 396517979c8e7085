"""Carry tables: out of a database in one snapshot, into a new one in one transaction, and a comparison of the two.

A database that is filled is whole or not there at all: its tables are made, filled and compared in the transaction in
which they become visible. What breaks off leaves nothing behind, `serve` says that there is no database, and it can be
begun again.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from uwlr_adapter.backup import tables
from uwlr_adapter.backup.backup_file import TableEnd
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.db import locks
from uwlr_adapter.db.causes import ADVICE, UNKNOWN, Reason, cause_of, is_outcome_unknown
from uwlr_adapter.db.database import Database, DatabaseAbsentError, DatabaseUnusableError
from uwlr_adapter.db.highest_id import highest_id
from uwlr_adapter.db.metadata import metadata
from uwlr_adapter.db.schema_version import SCHEMA, SchemaState, read_schema, schema_version
from uwlr_adapter.db.table_rows import CanonicalRow, TableDigest, TableShape, encode, read_rows, write_rows
from uwlr_adapter.errors import UnusableError

REPORT_EVERY = 10_000
"""Rows after which progress is told again."""
_NOTHING = "nothing was written"
_NOT_KNOWN = (
    "the last step may have been done: run `db check` on the target, and begin again when it says that there is no "
    "database"
)
_NO_FACTS = frozenset({"server_key"})
"""Tables that may have rows in a database that counts as empty: `init` writes the check value of its key."""


class CarryError(UnusableError):
    """A database cannot be read from or filled; the text says why, and what to do."""


class Progress(Protocol):
    """Called as work goes on: with what is done now, such as `write deelname`, and the rows done of a total."""

    def __call__(self, step: str, rows: int, total: int) -> None:
        """Take note."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A table that is carried: its rows, which are read once, and what will be known of it behind them."""

    shape: TableShape
    rows: Iterator[CanonicalRow]


@contextmanager
def snapshot(database: Database) -> Iterator[sa.Connection]:
    """Open a reading transaction of any length on a database whose tables are those of this code.

    Raises CarryError, DatabaseUnusableError or DBAPIError.
    """
    database.require_usable()
    with database.reading() as connection:
        database.backend.remove_time_limits(connection)
        if connection.scalar(sa.select(schema_version.c.number)) != SCHEMA:
            raise CarryError("the database was upgraded by a newer version, which has to do this: it knows every table")
        yield connection


def count_rows(connection: sa.Connection) -> dict[str, int]:
    """Return the number of rows of each table that is carried."""
    return {
        table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in tables.carried()
    }


def read_tables(connection: sa.Connection) -> Iterator[Carried]:
    """Yield each table that is carried, each after those that it refers to."""
    for table in tables.carried():
        shape = TableShape.of(table)
        yield Carried(shape, read_rows(connection, shape))


def highest_id_of(database: Database, connection: sa.Connection, name: str) -> int | None:
    """Return the highest id that was handed out for a table; None when none is."""
    table = metadata.tables.get(name)
    return None if table is None else database.backend.highest_id(connection, table)


def require_empty(database: Database) -> None:
    """Raise CarryError unless a database has no tables of ours, or nothing in them. Raises DatabaseUnusableError."""
    with database.reading() as connection:
        _require_empty(connection)


def _require_empty(connection: sa.Connection) -> None:
    if read_schema(connection).state is SchemaState.NEWER:
        raise CarryError("the target is a database of a newer version: name a new or an empty one")
    present = set(sa.inspect(connection).get_table_names())
    for table in tables.all_tables():
        if table.name not in present or table.name in tables.LEFT_OUT or table.name in _NO_FACTS:
            continue
        if connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None:
            raise CarryError(
                f"the target is not empty: its table {table.name} has rows, and nothing was changed. Name a new "
                "database, or one in which only `init` has run"
            )


@contextmanager
def filling(database: Database, schema: int) -> Iterator[sa.Connection]:
    """Yield a writing transaction in which an empty database has tables of a schema number, committed at the end.

    With an exception it is as it was, unless its text says that this is not known: the commit failed, and may have been
    done. Raises CarryError or DatabaseUnusableError.
    """
    left = _NOTHING
    try:
        with database.writing() as connection:
            database.backend.remove_time_limits(connection)
            locks.lock(connection, "migrations")  # of two that fill a database at once, the second finds it not empty
            _require_empty(connection)
            _make_tables(database, connection, schema)
            yield connection
            left = _NOT_KNOWN
    except DBAPIError as error:
        raise CarryError(f"{reason_of(error)}; {left if is_outcome_unknown(error) else _NOTHING}") from error


def _make_tables(database: Database, connection: sa.Connection, schema: int) -> None:
    """Leave tables of a schema number without rows: those that are there when they are of it, else new ones.

    Rows of an older schema go into tables of that one, which are migrated then.
    """
    cleared = set(_NO_FACTS)
    if read_schema(connection).number == schema:
        cleared |= tables.LEFT_OUT.keys() - {schema_version.name, highest_id.name}
    else:
        metadata.drop_all(connection, tables.all_tables())
        connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
        database.migrate(connection, schema)
    present = set(sa.inspect(connection).get_table_names())
    for table in reversed(tables.all_tables()):
        if table.name in cleared & present:
            connection.execute(table.delete())


def columns_of(connection: sa.Connection) -> dict[str, frozenset[str]]:
    """Return the columns that each table has in a database, of the tables that are carried and are there."""
    inspector = sa.inspect(connection)
    present = set(inspector.get_table_names())
    return {
        table.name: frozenset(column["name"] for column in inspector.get_columns(table.name))
        for table in tables.carried()
        if table.name in present
    }


def fill_table(connection: sa.Connection, carried: Carried, total: int, progress: Progress) -> TableEnd:
    """Write the rows of a table, and return their number and digest. Raises CarryError."""
    digest, shape = TableDigest(), carried.shape
    try:
        while rows := list(islice(carried.rows, shape.chunk)):
            for row in rows:
                digest.add(encode(row))
            write_rows(connection, shape, rows)
            if digest.rows % REPORT_EVERY < len(rows):
                progress(f"write {shape.name}", digest.rows, total)
    except DBAPIError as error:
        raise CarryError(f"a row of {shape.name} cannot be written: {reason_of(error)}; {_NOTHING}") from error
    progress(f"write {shape.name}", digest.rows, total)
    return TableEnd(shape.name, digest.rows, digest.hex, None)


def require_equal(
    connection: sa.Connection, shapes: Iterable[TableShape], ends: Mapping[str, TableEnd], progress: Progress
) -> None:
    """Read tables that were filled, and compare their rows with what was to be in them. Raises CarryError."""
    for shape in shapes:
        digest, end = TableDigest(), ends[shape.name]
        for row in read_rows(connection, shape):
            digest.add(encode(row))
            if digest.rows % REPORT_EVERY == 0:
                progress(f"compare {shape.name}", digest.rows, end.rows)
        progress(f"compare {shape.name}", digest.rows, end.rows)
        if (digest.rows, digest.hex) != (end.rows, end.digest):
            raise CarryError(
                f"the table {shape.name} is not what it had to be: it has "
                f"{count_noun(digest.rows, 'row', 'rows')} and not {end.rows}, or another content; nothing was "
                "written. Please report it"
            )


@contextmanager
def target(url: str) -> Iterator[Database]:
    """Open the database to fill, made if need be; one that was made goes again with an exception.

    Raises CarryError unless it is empty, or DatabaseUnusableError.
    """
    is_new = False
    try:
        database = Database(url, create=False)
    except DatabaseAbsentError:
        is_new, database = True, Database(url)
    try:
        try:
            require_empty(database)
            yield database
        finally:
            database.close()
    except BaseException as error:
        if is_new:
            database.backend.discard(database.url)
        if isinstance(error, DBAPIError):
            raise CarryError(f"{reason_of(error)}; {_NOTHING}") from error
        raise


def require_target(url: str) -> None:
    """Raise CarryError unless a URL names an empty database or none yet; nothing is made. Or DatabaseUnusableError."""
    try:
        database = Database(url, create=False)
    except DatabaseAbsentError:
        return
    try:
        require_empty(database)
    except DBAPIError as error:
        raise DatabaseUnusableError(f"the target cannot be used: {reason_of(error)}") from error
    finally:
        database.close()


_REASONS = {
    Reason.DISK_FULL: "the disk of the database is full",
    Reason.READ_ONLY: "the database is read-only: its disk or folder, a standby, or a server that was switched over",
    Reason.PASSWORD: "it refuses the user or the password of the URL",
    Reason.NETWORK: "the server cannot be reached: see whether it runs, and the host and port of the URL",
    Reason.RIGHTS: "the user of the URL has no right to do this here: make it the owner of the database",
    Reason.VALUE: "a value breaks a rule of its column or table: `db check` of the source says which",
}
"""What differs from `ADVICE` for a database that a URL of the command names."""


def reason_of(error: DBAPIError) -> str:
    """Return why a database failed, in a sentence without a value, with the code of the database."""
    cause = cause_of(error) or UNKNOWN
    reason = _REASONS.get(cause.reason) or ADVICE[cause.reason]
    return f"{reason} ({cause.code})" if cause.code else reason
