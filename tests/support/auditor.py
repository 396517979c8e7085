"""Audits a database from outside: by SQL of its own over the tables, and by what an afnemer gets.

An act is there whole or not at all: the rows are those of before it, or those of after it. What differs between two
runs of one act, such as its moment or a random number, is left out of that comparison.
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import psycopg
from lxml import etree

from support.messages import LG

Rows = dict[str, list[tuple[Any, ...]]]
"""The rows of each table by its name; `schema` holds the tables themselves."""
SCHEMA = "(schema)"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")
_RECENT = timedelta(hours=2)


@dataclass(frozen=True)
class Contents:
    """All that a database holds."""

    columns: Mapping[str, tuple[str, ...]]
    rows: Rows

    def of(self, table: str, *names: str) -> list[tuple[Any, ...]]:
        """Return some columns of a table."""
        places = [self.columns[table].index(name) for name in names]
        return [tuple(row[place] for place in places) for row in self.rows[table]]


class Place(Protocol):
    """A database that can be read."""

    def contents(self) -> Contents:
        """Return all that is in it. Raises AssertionError when the database itself finds fault with it."""


@dataclass(frozen=True)
class SqlitePlace:
    """A folder with an SQLite database, read in a copy: what is found out about the log is not kept."""

    data: Path
    scratch: Path

    def contents(self) -> Contents:
        """As Place says; the index of the log is left out of the copy, as after a restart of the machine."""
        copy = self.scratch / "audited.sqlite3"
        for suffix in ("", "-wal"):
            source, target = (file.with_name(file.name + suffix) for file in (self.data / "uwlr.sqlite3", copy))
            target.unlink(missing_ok=True)
            if source.exists():
                target.write_bytes(source.read_bytes())
        if not copy.exists():
            return Contents({SCHEMA: ()}, {SCHEMA: []})
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
            found_schema = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")
            schema = [(*row[:3], _clauses(row[3])) for row in found_schema]
            tables = [name for kind, name, *_ in schema if kind == "table"]
            found = {name: connection.execute(f'SELECT * FROM "{name}"') for name in tables}  # noqa: S608 - its own names
            columns = {name: tuple(column[0] for column in cursor.description) for name, cursor in found.items()}
            rows: Rows = {name: cursor.fetchall() for name, cursor in found.items()}
        return Contents({**columns, SCHEMA: ()}, {**rows, SCHEMA: schema})


def _clauses(text: str | None) -> str:
    """Return the clauses of a CREATE in one order: a migration that makes a table anew writes them in any."""
    return "\n".join(sorted(line.strip(" \t,") for line in (text or "").splitlines()))


_PG_SCHEMA = """
SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
WHERE table_schema = 'public'
UNION ALL SELECT tablename, indexname, indexdef, '', '' FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '' FROM pg_constraint
WHERE connamespace = 'public'::regnamespace
"""


@dataclass(frozen=True)
class PostgresqlPlace:
    """A PostgreSQL database, by its URL (SQLAlchemy's)."""

    url: str

    def contents(self) -> Contents:
        """As Place says; PostgreSQL itself holds the references."""
        columns, rows = {}, {}
        with connect(self.url) as connection:
            schema = connection.execute(_PG_SCHEMA).fetchall()
            listed = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            for (name,) in listed:
                cursor = connection.execute(f'SELECT * FROM "{name}"'.encode())  # noqa: S608 - its own names
                columns[name] = tuple(column.name for column in cursor.description or ())
                rows[name] = cursor.fetchall()
        return Contents({**columns, SCHEMA: ()}, {**rows, SCHEMA: schema})


def connect(url: str) -> psycopg.Connection:
    """Connect to a PostgreSQL database by its URL."""
    return psycopg.connect(url.replace("postgresql+psycopg", "postgresql", 1), autocommit=True)


def _plain(value: Any) -> str:
    """Write a value, its moments of the last hours as one word: they differ from run to run."""
    since = datetime.now(UTC).replace(tzinfo=None) - _RECENT

    def hide(found: re.Match[str]) -> str:
        moment = datetime.fromisoformat(found[0])
        plain = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
        return "(now)" if plain > since else found[0]

    text = value.isoformat(" ") if isinstance(value, datetime) else repr(value)
    return _MOMENT.sub(hide, text)


def unlike(one: Contents, other: Contents) -> set[tuple[str, str]]:
    """Return the columns (table, column) that differ between two runs of the same act."""
    assert one.columns == other.columns
    found = set()
    for table, names in one.columns.items():
        for place, name in enumerate(names):
            values = [Counter(_plain(row[place]) for row in each.rows[table]) for each in (one, other)]
            if values[0] != values[1]:
                found.add((table, name))
    return found


def told(contents: Contents, leave_out: Iterable[tuple[str, str]] = ()) -> dict[str, list[tuple[str, ...]]]:
    """Return the rows of every table to compare; of a column that is left out only whether there is a value."""
    left = set(leave_out)
    found = {}
    for table, rows in contents.rows.items():
        hidden = [(table, name) in left for name in contents.columns[table]] or [False] * 9
        found[table] = sorted(
            tuple(str(value is not None) if hide else _plain(value) for hide, value in zip(hidden, row, strict=False))
            for row in rows
        )
    return found


JournalRow = tuple[str, str, str]
"""Kind, act and outcome of an entry."""


def journal(contents: Contents) -> Counter[JournalRow]:
    """Return the entries of the journaal; none of one that has no such columns yet."""
    if "act" not in contents.columns.get("journaal", ()):
        return Counter()
    return Counter(contents.of("journaal", "kind", "act", "outcome"))


def erased(contents: Contents) -> Counter[str]:
    """Return how much of each kind the terms erased so far, as the database counts it."""
    counts: Counter[str] = Counter()
    for what, number in contents.of("erased", "what", "occurrences") if "erased" in contents.rows else ():
        counts[what] += number
    return counts


@dataclass(frozen=True)
class Answer:
    """The answer that an afnemer got: the leerlingen as (key, roepnaam, achternaam), or the code of a fault."""

    leerlingen: tuple[tuple[str | None, ...], ...] = ()
    fault: str = ""

    @classmethod
    def read(cls, body: bytes) -> "Answer":
        """Read a response."""
        tree = etree.fromstring(body)
        if (fault := tree.find(".//faultcode")) is not None:
            return cls(fault=(fault.text or "").rpartition(":")[2])
        return cls(
            tuple(
                sorted(
                    (one.get("key"), one.findtext(f"{{{LG}}}roepnaam"), one.findtext(f"{{{LG}}}achternaam"))
                    for one in tree.iter(f"{{{LG}}}leerling")
                    if one.get("key") is not None
                )
            )
        )


def leerlingen_of(contents: Contents, brin6: str, schooljaar: str) -> tuple[tuple[str | None, ...], ...]:
    """Return the leerlingen of a year as the records have them, as an Answer does; none has left in these schools."""
    keys = dict(contents.of("persoon", "id", "key"))
    found = contents.of("deelname", "persoon_id", "brin6", "schooljaar", "roepnaam", "achternaam")
    return tuple(sorted((keys[row[0]], row[3], row[4]) for row in found if row[1:3] == (brin6, schooljaar)))
