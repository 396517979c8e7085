"""The file of a backup: lines of JSON in gzip, so that any tool of any year can read it.

The first line is the head: the form, the schema number, the moment, the number of rows of each table, and the check
values of the server keys. For each table follow a line with its name and columns, a line for each row, and a line with
the number of rows and their digest. The last line has the SHA-256 of everything before it. docs/reference/backup.md has
each member.

Nothing is held but one line, so a file can be of any size.
"""

import gzip
import json
import os
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Self

from uwlr_adapter.db.table_rows import CanonicalRow, TableDigest, TableShape
from uwlr_adapter.errors import UnusableError
from uwlr_adapter.keys.key_file import sync_folder

FORM = 1
"""Number of the form of the file; a reader refuses a higher one."""
MAX_LINE = 2**26
"""Bytes of a line (inclusive), of which a reader holds two: the largest row is what one import changed of a school, a
kilobyte or less of each leerling, so this is a school of 60,000."""
_FIRST_YEAR, _LAST_YEAR = 2000, 2199
"""The years that the moment of a backup can be in, inclusive."""
_MAX_ID = 2**63 - 1
_LEVEL = 4
"""Of gzip: half the time of the usual level, for a tenth more bytes."""
_GZIP_HEAD = bytes.fromhex("1f8b08000000000000ff")
"""What each file begins with: gzip, without a name and a moment."""


class BackupFileError(UnusableError):
    """A backup cannot be read or written; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class KeyMark:
    """What a backup says of a server key: its check value, and whether a stored code needs it. Never the key."""

    name: str
    check_value: str
    is_used: bool


@dataclass(frozen=True, slots=True)
class BackupHead:
    """The first line of a backup; `moment` (UTC) is the one that all of its rows are of."""

    schema: int
    moment: datetime
    version: str
    counts: Mapping[str, int]
    keys: tuple[KeyMark, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the line as JSON."""
        return {
            "uwlr-adapter": "backup",
            "form": FORM,
            "schema": self.schema,
            "moment": self.moment.isoformat(timespec="seconds"),
            "version": self.version,
            "rows": dict(self.counts),
            "keys": [{"name": one.name, "check_value": one.check_value, "used": one.is_used} for one in self.keys],
        }

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> Self:
        """Read the line. Raises BackupFileError for another form, or KeyError, TypeError or ValueError."""
        if line["form"] > FORM:
            raise BackupFileError(
                f"the backup was made by a newer version ({line.get('version', 'unknown')}): restore it with that one"
            )
        schema, moment = int(line["schema"]), datetime.fromisoformat(line["moment"])
        if schema < 1 or moment.tzinfo is None or not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            raise ValueError
        return cls(
            schema=schema,
            moment=moment,
            version=str(line["version"]),
            counts={str(name): int(count) for name, count in line["rows"].items()},
            keys=tuple(KeyMark(one["name"], one["check_value"], bool(one["used"])) for one in line["keys"]),
        )


@dataclass(frozen=True, slots=True)
class TableEnd:
    """The line behind the rows of a table; `highest_id` was the highest one handed out, None where none is."""

    name: str
    rows: int
    digest: str
    highest_id: int | None


@dataclass(slots=True)
class BackupWriter:
    """Writes the lines of a backup to an open file."""

    _file: gzip.GzipFile
    _digest: Any = field(default_factory=sha256, repr=False)

    def head(self, head: BackupHead) -> None:
        """Write the first line."""
        self._line(head.as_json())

    def table(self, shape: TableShape) -> None:
        """Begin a table."""
        self._line({"table": shape.name, "columns": [list(column) for column in shape.columns]})

    def row(self, line: bytes) -> None:
        """Write a row, given as `encode` writes it. Raises BackupFileError when no reader takes a line so long."""
        if len(line) >= MAX_LINE:
            raise BackupFileError(
                f"a row is larger than {MAX_LINE // 2**20} MiB, which no import makes; nothing was left of the file. "
                "Report it, and until then make backups with the database's own tool (pg_dump, or sqlite3 .backup)"
            )
        self._bytes(line + b"\n")

    def end(self, end: TableEnd) -> None:
        """End a table."""
        self._line({"end": end.name, "rows": end.rows, "digest": end.digest, "highest_id": end.highest_id})

    def finish(self) -> None:
        """Write the last line."""
        self._line({"whole": True, "sha256": self._digest.hexdigest()})

    def _line(self, line: Mapping[str, Any]) -> None:
        self._bytes(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")

    def _bytes(self, line: bytes) -> None:
        self._digest.update(line)
        self._file.write(line)


@contextmanager
def writing(file: IO[bytes]) -> Iterator[BackupWriter]:
    """Write a backup into an open file. Raises OSError."""
    with gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as packed:
        yield BackupWriter(packed)


@dataclass(slots=True)
class BackupReader:
    """Reads a backup, and checks it as it goes: after the last table everything was as it was written."""

    head: BackupHead
    _lines: Iterator[bytes]
    _digest: Any = field(repr=False)
    ends: dict[str, TableEnd] = field(default_factory=dict)
    """What was said of each table that was read, by its name."""

    def tables(self) -> Iterator[tuple[TableShape, Iterator[CanonicalRow]]]:
        """Yield each table with its rows, which must be read to their end before the next one; then `ends` has it."""
        with _damage():
            for line in self._lines:
                told = json.loads(line)
                if "whole" in told:
                    self._finish(told)
                    return
                self._digest.update(line)
                shape = TableShape(told["table"], tuple((name, word) for name, word in told["columns"]))
                yield shape, self._rows(shape)
                if shape.name not in self.ends:
                    raise BackupFileError(_DAMAGED)
        raise BackupFileError(_DAMAGED)

    def _rows(self, shape: TableShape) -> Iterator[CanonicalRow]:
        digest, width = TableDigest(), len(shape.columns)
        with _damage():
            for line in self._lines:
                self._digest.update(line)
                told = json.loads(line)
                if isinstance(told, list) and len(told) == width:
                    digest.add(line[:-1])
                    yield told
                    continue
                end = TableEnd(told["end"], told["rows"], told["digest"], told["highest_id"])
                if end.highest_id is not None and not 0 <= int(end.highest_id) <= _MAX_ID:
                    raise BackupFileError(_DAMAGED)
                known = (shape.name, digest.rows, digest.hex), self.head.counts.get(shape.name)
                if known != ((end.name, end.rows, end.digest), digest.rows):
                    raise BackupFileError(_DAMAGED)
                self.ends[shape.name] = end
                return
        raise BackupFileError(_DAMAGED)

    def _finish(self, told: Mapping[str, Any]) -> None:
        """Check that everything was read, and nothing stands behind it."""
        is_whole = told["sha256"] == self._digest.hexdigest() and self.ends.keys() == self.head.counts.keys()
        if not is_whole or next(self._lines, None) is not None:
            raise BackupFileError(_DAMAGED)


_DAMAGED = (
    "the backup is not whole: the file was cut off or changed after it was written. Nothing was restored: take another "
    "copy of the file, or an earlier backup"
)
_DAMAGES = (
    EOFError,
    zlib.error,
    gzip.BadGzipFile,
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    OverflowError,
    RecursionError,  # thousands of brackets
)
_NO_BACKUP = "this file is no backup that `uwlr-adapter backup` wrote"


@contextmanager
def _damage() -> Iterator[None]:
    """Turn every way in which a damaged file fails into one sentence."""
    try:
        yield
    except _DAMAGES as error:
        raise BackupFileError(_DAMAGED) from error
    except OSError as error:
        raise BackupFileError(f"the backup cannot be read: {error.strerror or type(error).__name__}") from error


@contextmanager
def reading(path: Path) -> Iterator[BackupReader]:
    """Open a backup. Raises BackupFileError."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise BackupFileError(f"{path} cannot be read: {error.strerror}") from error
    with file:
        try:
            if file.read(len(_GZIP_HEAD)) != _GZIP_HEAD:
                raise BackupFileError(_NO_BACKUP)
            file.seek(0)
        except OSError as error:  # a folder
            raise BackupFileError(f"{path} cannot be read: {error.strerror}") from error
        with gzip.GzipFile("", "rb", fileobj=file) as unpacked:
            with _damage():
                lines = _lines_of(unpacked)
                first = next(lines, b"")
                told = json.loads(first)
                if told.get("uwlr-adapter") != "backup":
                    raise BackupFileError(_NO_BACKUP)
                reader = BackupReader(BackupHead.from_json(told), lines, sha256(first))
            yield reader


def _lines_of(file: gzip.GzipFile) -> Iterator[bytes]:
    """Yield the lines of a file; one that is too long or has no end is damage."""
    while line := file.readline(MAX_LINE):
        if not line.endswith(b"\n"):
            raise BackupFileError(_DAMAGED)
        yield line


def verify(path: Path) -> BackupHead:
    """Read a backup to its end, and return its head. Raises BackupFileError."""
    with reading(path) as reader:
        for _, rows in reader.tables():
            for _ in rows:
                pass
        return reader.head


@contextmanager
def new_file(path: Path, *, replace: bool) -> Iterator[tuple[IO[bytes], Path]]:
    """Yield a file for its owner only, and its temporary path, which becomes `path` at the end of the block.

    With an exception nothing is left. Raises BackupFileError when `path` exists, unless `replace`, and OSError.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # with mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file, temporary
        if replace:
            temporary.replace(path)
        else:
            _put(temporary, path)
        sync_folder(path.parent)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _put(temporary: Path, path: Path) -> None:
    """Name a file, unless there is one of that name. Raises BackupFileError."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise BackupFileError(exists(path)) from None
    except OSError:  # a file system without hard links, as shares and sticks have
        if path.exists():
            raise BackupFileError(exists(path)) from None
        temporary.replace(path)


def exists(path: Path) -> str:
    """Return what is said of a file that is there already."""
    return f"{path} is there already and stays as it is: name another file, or add --force to replace it"
