"""Restore a backup into a new or an empty database: all of it, made true again, in one transaction."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from uwlr_adapter.administratie.importing.forget_again import ForgottenDigest
from uwlr_adapter.backup import backup_file
from uwlr_adapter.backup.backup_file import BackupFileError, BackupHead, TableEnd
from uwlr_adapter.backup.carrying import Carried, Progress, fill_table, filling, require_equal, target
from uwlr_adapter.backup.comparing import ComparedRows
from uwlr_adapter.backup.going_back import Settled, settle
from uwlr_adapter.backup.tables import all_tables
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.metadata import metadata
from uwlr_adapter.db.schema_version import SCHEMA
from uwlr_adapter.keys.server_keys import ServerKeys


@dataclass(frozen=True, slots=True)
class Inspected:
    """A backup that was read to its end, and is whole: its head, and how things stood then."""

    head: BackupHead
    standing: ComparedRows


def inspect(path: Path, progress: Progress) -> Inspected:
    """Read a backup to its end. Raises BackupFileError when it is not whole, or of a newer version."""
    standing = ComparedRows()
    with backup_file.reading(path) as reader:
        _require_schema(reader.head)
        for shape, rows in reader.tables():
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
            shapes = []
            for carried in _carried(reader):
                fill_table(connection, carried, reader.head.counts[carried.shape.name], progress)
                shapes.append(carried.shape)
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


def _carried(reader: backup_file.BackupReader) -> Iterator[Carried]:
    for shape, rows in reader.tables():
        yield Carried(shape, rows)


def _keep_highest_ids(database: Database, connection: sa.Connection, ends: Iterable[TableEnd]) -> None:
    """Make the database go on above every id that was ever handed out, and above those that are there."""
    for end in ends:
        table = metadata.tables[end.name]
        present = database.backend.highest_id(connection, table)
        if present is not None:
            database.backend.set_highest_id(connection, table, max(present, end.highest_id or 0))
