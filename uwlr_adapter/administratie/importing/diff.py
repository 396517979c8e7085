"""Differences between the present and the wanted rows of one table, and the statements that apply them."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.db import bulk
from uwlr_adapter.db.backend import run
from uwlr_adapter.db.statements import Query, SelectStatement

TableRow = tuple[Any, ...]
"""A whole row: the values of all columns of its table, in column order. The primary key comes first in each table."""
AT_ONCE = 500
"""Rows that one query finds by their keys: with four columns, well below the parameters that a database takes."""


@dataclass(frozen=True, slots=True)
class TableDiff:
    """The rows to add, to change and to remove in one table; `before` holds the rows of `changed` as they were."""

    table: sa.Table
    added: Sequence[TableRow] = ()
    changed: Sequence[TableRow] = ()
    removed: Sequence[TableRow] = ()
    before: Sequence[TableRow] = ()

    def write(self, connection: sa.Connection) -> None:
        """Insert and update. `delete` is separate, because rows that refer to the removed ones must go first."""
        bulk.insert_rows(connection, self.table, self.table.columns.keys(), self.added)
        update(connection, self.table, _named(self.table, self.changed), self.before)

    def delete(self, connection: sa.Connection) -> None:
        """Delete the rows that are no longer wanted."""
        delete(connection, self.table, _named(self.table, self.removed))

    def rows_before(self, wanted: Iterable[TableRow]) -> list[TableRow]:
        """Return the rows of the table as they were; `wanted` are those that it was compared with."""
        width = len(self.table.primary_key)
        touched = {row[:width] for rows in (self.added, self.changed) for row in rows}
        return [*(row for row in wanted if row[:width] not in touched), *self.before, *self.removed]

    def values(self, name: str) -> set[Any]:
        """Return the values of a column in the rows that are added, changed or removed."""
        place = self.table.columns.keys().index(name)
        return {row[place] for rows in (self.added, self.changed, self.removed) for row in rows}


def update(
    connection: sa.Connection,
    table: sa.Table,
    rows: Iterable[Mapping[str, Any]],
    before: Iterable[TableRow] = (),
) -> None:
    """Update rows, found by their primary key, to these values, given by column name; all name the same columns.

    `before` holds the same rows as they are. With it a unique value may go from one row to another, in a swap or a
    chain, in any order of the rows.
    """
    wanted = {key_of(table, row): row for row in rows}
    if wanted:
        _vacate(connection, table, wanted, {row[: len(table.primary_key)]: row for row in before})
        _set(connection, table, list(wanted.values()))


def _set(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    values: dict[str, Any] = {  # rows that were kept before a column was added do not name it
        name: sa.bindparam(f"new_{name}") for name in rows[0] if not table.c[name].primary_key
    }
    parameters = [{f"new_{name}": value for name, value in row.items()} for row in rows]
    connection.execute(table.update().where(_is_row(table)).values(values), parameters)


def _vacate(
    connection: sa.Connection,
    table: sa.Table,
    wanted: Mapping[TableRow, Mapping[str, Any]],
    present: Mapping[TableRow, TableRow],
) -> None:
    """Take each unique value that another one of these rows is to get from the row that has it now.

    Until that row is updated it has no value; where it must have one, it has one that starts with `#`, as no key that
    is sent does (EDEXML 2.1, keys).
    """
    places = {name: place for place, name in enumerate(table.columns.keys())}
    for constraint in table.constraints:
        if not present or not isinstance(constraint, sa.UniqueConstraint):
            continue
        names = constraint.columns.keys()
        owner = {tuple([row[places[name]] for name in names]): key for key, row in present.items()}
        vacated = []
        for key, row in wanted.items():
            value = tuple([row[name] if name in row else present[key][places[name]] for name in names])
            other = owner.get(value)
            if None not in value and other is not None and other != key:
                empty = None if table.c[names[-1]].nullable else f"#{other}"
                vacated.append(dict(zip(table.primary_key.columns.keys(), other, strict=True)) | {names[-1]: empty})
        if vacated:
            _set(connection, table, vacated)


def delete(connection: sa.Connection, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Delete rows, found by their primary key and given by column name."""
    if parameters := [{f"new_{column.name}": row[column.name] for column in table.primary_key} for row in rows]:
        connection.execute(table.delete().where(_is_row(table)), parameters)


def _is_row(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(*(column == sa.bindparam(f"new_{column.name}") for column in table.primary_key))


def find_rows(connection: sa.Connection, table: sa.Table, keys: Iterable[Mapping[str, Any]]) -> list[TableRow]:
    """Return the whole rows that have the primary keys of these ones; one that is not there is left out."""
    columns = list(table.primary_key)
    wanted = [key_of(table, row) for row in keys]
    found: list[TableRow] = []
    for some in bulk.pieces(wanted, AT_ONCE):
        where = sa.tuple_(*columns).in_(some) if len(columns) > 1 else columns[0].in_([one for (one,) in some])
        found += map(tuple, connection.execute(sa.select(table).where(where)))
    return found


def key_of(table: sa.Table, row: Mapping[str, Any]) -> TableRow:
    """Return the primary key of a row that is given by column name."""
    return tuple([row[column.name] for column in table.primary_key])


def _named(table: sa.Table, rows: Iterable[TableRow]) -> list[dict[str, Any]]:
    names = table.columns.keys()
    return [dict(zip(names, row, strict=True)) for row in rows]


def rows_with(connection: sa.Connection, table: sa.Table, **values: object) -> list[TableRow]:
    """Return the whole rows of a table that have these values, none of which is None."""
    (rows,) = run(connection, [Query(_rows_with(table, tuple(values)), values)])
    return rows


@functools.cache
def _rows_with(table: sa.Table, names: tuple[str, ...]) -> SelectStatement:
    """Return the query for rows by the values of these columns: an import asks the same ones of every school."""
    return SelectStatement(sa.select(table).where(*(table.c[name] == sa.bindparam(name) for name in names)))


def compare(
    connection: sa.Connection, table: sa.Table, where: Mapping[str, Any], wanted: Iterable[TableRow]
) -> TableDiff:
    """Return the difference between the rows that `where` selects and the wanted ones, which must satisfy it too."""
    width = len(table.primary_key)
    new = {row[:width]: row for row in wanted}
    present = {row[:width]: row for row in rows_with(connection, table, **where)}
    changed = [key for key, row in new.items() if key in present and row != present[key]]
    return TableDiff(
        table=table,
        added=[row for key, row in new.items() if key not in present],
        changed=[new[key] for key in changed],
        removed=[row for key, row in present.items() if key not in new],
        before=[present[key] for key in changed],
    )
