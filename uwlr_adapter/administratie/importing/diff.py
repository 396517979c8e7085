"""Bring the rows of one table from what they are to what they must be, touching nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.db import dialect

Rij = tuple[Any, ...]
"""A whole row: the values of all columns of its table, in their order. The primary key comes first in each table."""


@dataclass(frozen=True, slots=True)
class Verschil:
    """What differs between the rows of a table and those wanted; `oud` are the changed ones as they were."""

    table: sa.Table
    toegevoegd: Sequence[Rij] = ()
    gewijzigd: Sequence[Rij] = ()
    verwijderd: Sequence[Rij] = ()
    oud: Sequence[Rij] = ()

    def write(self, connection: sa.Connection) -> None:
        """Insert and update; deleting comes apart, after those rows that refer to these."""
        dialect.insert_rows(connection, self.table, self.table.columns.keys(), self.toegevoegd)
        update(connection, self.table, _named(self.table, self.gewijzigd))

    def delete(self, connection: sa.Connection) -> None:
        """Delete the rows that are no longer wanted."""
        delete(connection, self.table, _named(self.table, self.verwijderd))

    def values(self, naam: str) -> set[Any]:
        """Give what a column holds in the rows that are added, changed or removed."""
        place = self.table.columns.keys().index(naam)
        return {rij[place] for rijen in (self.toegevoegd, self.gewijzigd, self.verwijderd) for rij in rijen}


def update(connection: sa.Connection, table: sa.Table, rijen: Iterable[Mapping[str, Any]]) -> None:
    """Update rows, found by their primary key, to what these whole rows say."""
    if found := [{f"new_{naam}": value for naam, value in rij.items()} for rij in rijen]:
        values: dict[str, Any] = {
            column.name: sa.bindparam(f"new_{column.name}") for column in table.columns if not column.primary_key
        }
        connection.execute(table.update().where(_is_row(table)).values(values), found)


def delete(connection: sa.Connection, table: sa.Table, rijen: Iterable[Mapping[str, Any]]) -> None:
    """Delete rows, found by their primary key."""
    if found := [{f"new_{column.name}": rij[column.name] for column in table.primary_key} for rij in rijen]:
        connection.execute(table.delete().where(_is_row(table)), found)


def _is_row(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(*(column == sa.bindparam(f"new_{column.name}") for column in table.primary_key))


def _named(table: sa.Table, rijen: Iterable[Rij]) -> list[dict[str, Any]]:
    names = table.columns.keys()
    return [dict(zip(names, rij, strict=True)) for rij in rijen]


def compare(connection: sa.Connection, table: sa.Table, where: Mapping[str, Any], wanted: Iterable[Rij]) -> Verschil:
    """Compare the rows that `where` selects with the wanted ones, which must lie within it."""
    width = len(table.primary_key)
    new = {rij[:width]: rij for rij in wanted}
    query = sa.select(table).where(*(table.c[naam] == value for naam, value in where.items()))
    present = {rij[:width]: rij for rij in map(tuple, connection.execute(query))}
    changed = [key for key, rij in new.items() if key in present and rij != present[key]]
    return Verschil(
        table=table,
        toegevoegd=[rij for key, rij in new.items() if key not in present],
        gewijzigd=[new[key] for key in changed],
        verwijderd=[rij for key, rij in present.items() if key not in new],
        oud=[present[key] for key in changed],
    )
