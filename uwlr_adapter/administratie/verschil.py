"""Bring the rows of one table from what they are to what they must be, touching nothing else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from uwlr_adapter import dialect

Rij = Mapping[str, Any]
"""A whole row by column name."""
Rijen = dict[tuple[Any, ...], Rij]
"""Rows by their primary key, in its column order."""


@dataclass(frozen=True, slots=True)
class Verschil:
    """What differs between the rows of a table and those wanted; `oud` are the changed ones as they were."""

    table: sa.Table
    toegevoegd: Rijen = field(default_factory=dict)
    gewijzigd: Rijen = field(default_factory=dict)
    verwijderd: Rijen = field(default_factory=dict)
    oud: Rijen = field(default_factory=dict)

    def write(self, connection: sa.Connection) -> None:
        """Insert and update; deleting comes apart, after those rows that refer to these."""
        insert(connection, self.table, self.toegevoegd.values())
        update(connection, self.table, self.gewijzigd.values())

    def delete(self, connection: sa.Connection) -> None:
        """Delete the rows that are no longer wanted."""
        delete(connection, self.table, self.verwijderd.values())


def insert(connection: sa.Connection, table: sa.Table, rijen: Iterable[Rij]) -> None:
    """Insert whole rows."""
    dialect.insert_many(connection, table, list(rijen))


def update(connection: sa.Connection, table: sa.Table, rijen: Iterable[Rij]) -> None:
    """Update rows, found by their primary key, to what these whole rows say."""
    if found := [{f"new_{naam}": value for naam, value in rij.items()} for rij in rijen]:
        values: dict[str, Any] = {
            column.name: sa.bindparam(f"new_{column.name}") for column in table.columns if not column.primary_key
        }
        connection.execute(table.update().where(_is_row(table)).values(values), found)


def delete(connection: sa.Connection, table: sa.Table, rijen: Iterable[Rij]) -> None:
    """Delete rows, found by their primary key."""
    if found := [{f"new_{column.name}": rij[column.name] for column in table.primary_key} for rij in rijen]:
        connection.execute(table.delete().where(_is_row(table)), found)


def _is_row(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(*(column == sa.bindparam(f"new_{column.name}") for column in table.primary_key))


def key_of(table: sa.Table, rij: Rij) -> tuple[Any, ...]:
    """Give the primary key of a row."""
    return tuple(rij[column.name] for column in table.primary_key)


def compare(
    connection: sa.Connection, table: sa.Table, where: Rij, wanted: Iterable[Rij], *, is_empty: bool = False
) -> Verschil:
    """Compare the rows that `where` selects with the wanted ones, which must be whole and lie within it.

    `is_empty` says that there can be none yet, so that they need not be looked for.
    """
    new = _by_key(table, wanted)
    if is_empty:
        return Verschil(table, toegevoegd=new)
    query = sa.select(table).where(*(table.c[naam] == value for naam, value in where.items()))
    present = _by_key(table, map(as_dict, connection.execute(query).mappings()))
    changed = {key: rij for key, rij in new.items() if key in present and dict(rij) != present[key]}
    return Verschil(
        table=table,
        toegevoegd={key: rij for key, rij in new.items() if key not in present},
        gewijzigd=changed,
        verwijderd={key: rij for key, rij in present.items() if key not in new},
        oud={key: present[key] for key in changed},
    )


def _by_key(table: sa.Table, rijen: Iterable[Rij]) -> Rijen:
    names = [column.name for column in table.primary_key]
    return {tuple([rij[naam] for naam in names]): rij for rij in rijen}


def as_dict(found: sa.RowMapping) -> dict[str, Any]:
    """Give a row as a dictionary by column name."""
    return {str(naam): value for naam, value in found.items()}
