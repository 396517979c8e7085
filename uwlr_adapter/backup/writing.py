"""Write a backup: one snapshot of the database, in a file that was read again before it has its name."""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from uwlr_adapter.backup import backup_file
from uwlr_adapter.backup.backup_file import BackupFileError, BackupHead, KeyMark, TableEnd
from uwlr_adapter.backup.carrying import REPORT_EVERY, Progress, count_rows, highest_id_of, read_tables, snapshot
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.schema_version import SCHEMA
from uwlr_adapter.db.table_rows import TableDigest, encode
from uwlr_adapter.keys import known_keys


@dataclass(frozen=True, slots=True)
class Written:
    """A backup that was written and read again; `size` in bytes."""

    head: BackupHead
    rows: int
    size: int


def write(
    database: Database, path: Path, version: str, moment: datetime, progress: Progress, *, replace: bool
) -> Written:
    """Write a backup of a database, also of one that is served from, by a version of this package.

    The file is whole and for its owner only, or not there at all. Raises BackupFileError, CarryError,
    DatabaseUnusableError or DBAPIError.
    """
    if path.is_dir() or (path.exists() and not replace):
        raise BackupFileError(f"{path} is a folder: name a file" if path.is_dir() else backup_file.exists(path))
    try:
        with backup_file.new_file(path, replace=replace) as (file, temporary):
            with snapshot(database) as connection, backup_file.writing(file) as writer:
                head = _head(connection, version, moment)
                rows = _write(database, connection, writer, head, progress)
            file.flush()
            os.fsync(file.fileno())
            if backup_file.verify(temporary) != head:
                raise BackupFileError("the backup that was written says something else when it is read: try again")
            size = temporary.stat().st_size
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BackupFileError(f"{path} cannot be written: {reason}; nothing was left there") from error
    return Written(head, rows, size)


def _head(connection: sa.Connection, version: str, moment: datetime) -> BackupHead:
    marks = (
        KeyMark(one.name, one.check_value, known_keys.is_needed(connection, one.name, moment))
        for one in known_keys.read(connection).values()
    )
    return BackupHead(SCHEMA, moment.replace(microsecond=0), version, count_rows(connection), tuple(marks))


def _write(
    database: Database,
    connection: sa.Connection,
    writer: backup_file.BackupWriter,
    head: BackupHead,
    progress: Progress,
) -> int:
    """Write every table, and return the number of rows."""
    done = 0
    writer.head(head)
    for carried in read_tables(connection):
        shape, digest = carried.shape, TableDigest()
        total = head.counts[shape.name]
        writer.table(shape)
        for row in carried.rows:
            line = encode(row)
            digest.add(line)
            writer.row(line)
            if digest.rows % REPORT_EVERY == 0:
                progress(f"write {shape.name}", digest.rows, total)
        progress(f"write {shape.name}", digest.rows, total)
        highest = highest_id_of(database, connection, shape.name)
        writer.end(TableEnd(shape.name, digest.rows, digest.hex, highest))
        done += digest.rows
    writer.finish()
    return done
