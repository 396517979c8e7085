"""Restore a backup into a new or an empty database: all of it, made true again, in one transaction."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from uwlr_adapter.administratie.importing.forget_again import ForgottenDigest
from uwlr_adapter.backup import backup_file
from uwlr_adapter.backup.backup_file import BackupFileError, BackupHead, TableEnd
from uwlr_adapter.backup.carrying import Carried, Progress, columns_of, fill_table, filling, require_equal, target
from uwlr_adapter.backup.comparing import ComparedRows
from uwlr_adapter.backup.going_back import Settled, settle
from uwlr_adapter.backup.tables import all_tables, carried
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.metadata import metadata
from uwlr_adapter.db.schema_version import SCHEMA
from uwlr_adapter.db.table_rows import TableShape
from uwlr_adapter.keys.server_keys import ServerKeys


@dataclass(frozen=True, slots=True)
class Inspected:
    """A backup that was read to its end, and is whole: its head, and how things stood then."""

    head: BackupHead
    standing: ComparedRows


def inspect(path: Path, progress: Progress) -> Inspected:
    """Read a backup to its end. Raises BackupFileError when it is not whole, or of a newer version.

    Whether an older one has the tables of its schema number is seen when these are made (`restore`).
    """
    standing = ComparedRows()
    own = {table.name: frozenset(table.columns.keys()) for table in carried()}
    with backup_file.reading(path) as reader:
        _require_schema(reader.head)
        is_own = reader.head.schema == SCHEMA
        if is_own:
            _require_tables(reader.head, own)
        for shape, rows in reader.tables():
            _require_columns(reader.head, shape, own[shape.name] if is_own else shape.names)
            for _ in standing.passing(shape, rows):
                pass
            total = reader.ends[shape.name].rows
            progress(f"read {shape.name}", total, total)
        return Inspected(reader.head, standing)


def require_keys(head: BackupHead, keys: ServerKeys) -> None:
    """Raise ServerKeyError unless these keys belong to a backup."""
    used = {mark.name for mark in head.keys if mark.is_used}
    keys.require_belonging({mark.name: mark.check_value for mark in head.keys}, used)


def restore(
    path: Path,
    url: str,
    keys: ServerKeys | None,
    digests: Iterable[ForgottenDigest],
    moment: datetime,
    actor: str,
    progress: Progress,
) -> Settled:
    """Restore a backup into the database of a URL, which is new or empty, and return what was done behind it.

    `digests` are those of persons who were forgotten since. Without `keys` the backup needs none. Raises
    BackupFileError, CarryError, ServerKeyError or DatabaseUnusableError; then there is nothing.
    """
    all_tables()  # declares them
    with target(url) as database, backup_file.reading(path) as reader:
        _require_schema(reader.head)
        if keys is not None:
            require_keys(reader.head, keys)
        with filling(database, reader.head.schema) as connection:
            shapes, columns = [], columns_of(connection)
            _require_tables(reader.head, columns)
            for shape, rows in reader.tables():
                _require_columns(reader.head, shape, columns[shape.name])
                fill_table(connection, Carried(shape, rows), reader.head.counts[shape.name], progress)
                shapes.append(shape)
            _keep_highest_ids(database, connection, reader.ends.values())
            require_equal(connection, shapes, reader.ends, progress)
            database.migrate(connection)
            done = settle(connection, digests, reader.head.moment, moment, actor)
            if keys is not None:
                keys.register(connection, moment)
            database.backend.refresh_statistics(connection)
    return done


def _require_schema(head: BackupHead) -> None:
    if head.schema > SCHEMA:
        raise BackupFileError(
            f"the backup was made by a newer version ({head.version}): install that one, and restore it with that"
        )


def _require_tables(head: BackupHead, known: Mapping[str, Collection[str]]) -> None:
    """Raise BackupFileError unless a backup has the tables of its schema number, no more and no less."""
    if head.counts.keys() != known.keys():
        raise _wrong_tables(head)


def _require_columns(head: BackupHead, shape: TableShape, columns: Collection[str]) -> None:
    """Raise BackupFileError unless a table is of a backup's head, and has these columns."""
    if shape.name not in head.counts or sorted(shape.names) != sorted(columns):
        raise _wrong_tables(head)


def _wrong_tables(head: BackupHead) -> BackupFileError:
    return BackupFileError(
        f"the backup has not the tables and columns of its schema number ({head.schema}): it was changed after it was "
        "written, or this version does not know them. Nothing was restored: take another copy of the file, or restore "
        f"it with the version that wrote it ({head.version})"
    )


def _keep_highest_ids(database: Database, connection: sa.Connection, ends: Iterable[TableEnd]) -> None:
    """Make the database go on above every id that was ever handed out, and above those that are there."""
    for end in ends:
        table = metadata.tables[end.name]
        present = database.backend.highest_id(connection, table)
        if present is not None:
            database.backend.set_highest_id(connection, table, max(present, end.highest_id or 0))
