"""Differences between the present and the wanted rows of one table, and the statements that apply them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.db import bulk

TableRow = tuple[Any, ...]
"""A whole row: the values of all columns of its table, in column order. The primary key comes first in each table."""


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
        update(connection, self.table, _named(self.table, self.changed))

    def delete(self, connection: sa.Connection) -> None:
        """Delete the rows that are no longer wanted."""
        delete(connection, self.table, _named(self.table, self.removed))

    def values(self, name: str) -> set[Any]:
        """Return the values of a column in the rows that are added, changed or removed."""
        place = self.table.columns.keys().index(name)
        return {row[place] for rows in (self.added, self.changed, self.removed) for row in rows}


def update(connection: sa.Connection, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Update rows, found by their primary key, to these rows, given by column name; all have the same columns.

    A column that they do not have stays as it is: a batch kept by older code does not know each one.
    """
    if parameters := [{f"new_{name}": value for name, value in row.items()} for row in rows]:
        values: dict[str, Any] = {
            column.name: sa.bindparam(f"new_{column.name}")
            for column in table.columns
            if not column.primary_key and f"new_{column.name}" in parameters[0]
        }
        connection.execute(table.update().where(_is_row(table)).values(values), parameters)


def delete(connection: sa.Connection, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Delete rows, found by their primary key and given by column name."""
    if parameters := [{f"new_{column.name}": row[column.name] for column in table.primary_key} for row in rows]:
        connection.execute(table.delete().where(_is_row(table)), parameters)


def _is_row(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(*(column == sa.bindparam(f"new_{column.name}") for column in table.primary_key))


def _named(table: sa.Table, rows: Iterable[TableRow]) -> list[dict[str, Any]]:
    names = table.columns.keys()
    return [dict(zip(names, row, strict=True)) for row in rows]


def compare(
    connection: sa.Connection, table: sa.Table, where: Mapping[str, Any], wanted: Iterable[TableRow]
) -> TableDiff:
    """Return the difference between the rows that `where` selects and the wanted ones, which must satisfy it too."""
    width = len(table.primary_key)
    new = {row[:width]: row for row in wanted}
    query = sa.select(table).where(*(table.c[name] == value for name, value in where.items()))
    present = {row[:width]: row for row in map(tuple, connection.execute(query))}
    changed = [key for key, row in new.items() if key in present and row != present[key]]
    return TableDiff(
        table=table,
        added=[row for key, row in new.items() if key not in present],
        changed=[new[key] for key in changed],
        removed=[row for key, row in present.items() if key not in new],
        before=[present[key] for key in changed],
    )
