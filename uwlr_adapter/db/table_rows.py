"""The rows of a table in one form that no kind of database has by itself: what a backup, a restore and a copy carry.

A value is canonical when it is what JSON can hold: a text, a number, a boolean, a day as `2026-10-01`, a moment as
`2026-10-01T07:00:00.000000`, bytes in base64. A column of JSON is carried as the text that is stored, unread.
"""

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Self

import sqlalchemy as sa

from uwlr_adapter.db import bulk
from uwlr_adapter.errors import UnusableError

CanonicalRow = list[Any]
"""The canonical values of a row, in the order of the columns of its table."""
CHUNK = 1000
"""Rows that are read and written at a time."""
JSON_CHUNK = 16
"""The same for a table with a column of JSON: a step of an import of a large school is megabytes."""
_DIGEST_BITS = 256


class TableValueError(UnusableError):
    """A value of a table is not of the kind of its column; the text names the table, and never the value."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the table {name} cannot be read or written: a value is not of its type. Somebody changed it by hand, or "
            "a disk did: mend it with the tools of the database, or restore an earlier backup"
        )


@contextmanager
def _of_kind(name: str) -> Iterator[None]:
    """Raise TableValueError for what a value of another kind causes in a conversion or in the driver of SQLite."""
    try:
        yield
    except (ValueError, TypeError, OverflowError, AttributeError):
        raise TableValueError(name) from None  # the text of the first one quotes the value


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of column: how it is read and stored, and how a stored value becomes canonical and back."""

    type: sa.types.TypeEngine[Any]
    to_canonical: Callable[[Any], Any] | None = None
    from_canonical: Callable[[Any], Any] | None = None


def _moment(value: datetime) -> str:
    return value.isoformat(timespec="microseconds")


def _text_of(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


_KINDS = {
    "text": _Kind(sa.Text()),
    "integer": _Kind(sa.BigInteger()),
    "number": _Kind(sa.Double()),
    "boolean": _Kind(sa.Boolean()),
    "date": _Kind(sa.Date(), date.isoformat, date.fromisoformat),
    "moment": _Kind(sa.DateTime(), _moment, datetime.fromisoformat),
    "json": _Kind(sa.Text()),
    "bytes": _Kind(sa.LargeBinary(), _text_of, base64.b64decode),
}
"""By the word that a backup has for it."""
_BY_TYPE: tuple[tuple[type[sa.types.TypeEngine[Any]], str], ...] = (
    (sa.JSON, "json"),
    (sa.Boolean, "boolean"),
    (sa.DateTime, "moment"),
    (sa.Date, "date"),
    (sa.LargeBinary, "bytes"),
    (sa.Integer, "integer"),
    (sa.Float, "number"),
    (sa.String, "text"),
)


@dataclass(frozen=True, slots=True)
class TableShape:
    """The name of a table and its columns, each with the word for its kind. Raises ValueError for an unknown word."""

    name: str
    columns: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        """Refuse kinds of column that are not known here. Raises ValueError."""
        if unknown := {word for _, word in self.columns} - _KINDS.keys():
            raise ValueError(f"{', '.join(sorted(unknown))} is no kind of column")

    @classmethod
    def of(cls, table: sa.Table) -> Self:
        """Return the shape of a table. Raises ValueError for a column of a type that has no canonical form."""
        return cls(table.name, tuple((column.name, _word_of(column)) for column in table.columns))

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [name for name, _ in self.columns]

    @property
    def chunk(self) -> int:
        """The number of rows to hold at a time."""
        return JSON_CHUNK if any(word == "json" for _, word in self.columns) else CHUNK

    def table(self) -> sa.Table:
        """Return the table as rows are written into it: without keys, and JSON as text."""
        columns = (sa.Column(name, _KINDS[word].type) for name, word in self.columns)
        return sa.Table(self.name, sa.MetaData(), *columns)


def _word_of(column: sa.Column[Any]) -> str:
    for kind, word in _BY_TYPE:
        if isinstance(column.type, kind):
            return word
    raise ValueError(f"{column} has no canonical form")


@dataclass(slots=True)
class TableDigest:
    """The number of rows of a table, and a digest of them that does not depend on their order."""

    rows: int = 0
    _sum: int = field(default=0, repr=False)

    def add(self, line: bytes) -> None:
        """Count a row, given as `encode` writes it."""
        self.rows += 1
        self._sum += int.from_bytes(sha256(line).digest())

    @property
    def hex(self) -> str:
        """The digest: the sum of the SHA-256 of each row, 64 hexadecimal digits."""
        return f"{self._sum % 2**_DIGEST_BITS:064x}"


def encode(row: CanonicalRow) -> bytes:
    """Return a canonical row as one line of JSON, without its end."""
    return _ENCODER.encode(row).encode("utf-8", "surrogatepass")


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def read_rows(connection: sa.Connection, shape: TableShape) -> Iterator[CanonicalRow]:
    """Yield the rows of a table, in no order, holding a few at a time. Raises DBAPIError or TableValueError."""
    columns = [
        sa.cast(column, sa.Text) if word == "json" else column
        for column, (_, word) in zip(shape.table().columns, shape.columns, strict=True)
    ]
    converters = [_KINDS[word].to_canonical for _, word in shape.columns]
    result = connection.execute(sa.select(*columns), execution_options={"yield_per": shape.chunk})
    parts = result.partitions()
    while True:
        with _of_kind(shape.name):
            part = next(parts, None)
            rows = [] if part is None else list(map(list, _converted(converters, part)))
        if part is None:
            return
        yield from rows


def write_rows(connection: sa.Connection, shape: TableShape, rows: Sequence[CanonicalRow]) -> None:
    """Insert canonical rows in a writing transaction. Raises DBAPIError or TableValueError."""
    converters = [_KINDS[word].from_canonical for _, word in shape.columns]
    with _of_kind(shape.name):
        bulk.insert_rows(connection, shape.table(), shape.names, list(_converted(converters, rows)))


def _converted(
    converters: Sequence[Callable[[Any], Any] | None], rows: Sequence[Sequence[Any]]
) -> Iterator[Sequence[Any]]:
    """Convert the values of rows, a column at a time; None stays None."""
    if not any(converters):
        return iter(rows)
    columns = zip(*rows, strict=True)
    return zip(
        *(
            values if convert is None else [None if value is None else convert(value) for value in values]
            for convert, values in zip(converters, columns, strict=True)
        ),
        strict=True,
    )
