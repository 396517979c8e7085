"""Bring the rows of one table from what they are to what they must be, touching nothing else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

Rij = Mapping[str, Any]
"""A whole row by column name."""


@dataclass(frozen=True, slots=True)
class Verschil:
    """What differs between the rows of a table and those wanted; keyed by the primary key in its column order."""

    table: sa.Table
    toegevoegd: dict[tuple[Any, ...], Rij]
    gewijzigd: dict[tuple[Any, ...], Rij]
    verwijderd: dict[tuple[Any, ...], Rij]

    def write(self, connection: sa.Connection) -> None:
        """Insert and update; deleting comes apart, after those rows that refer to these."""
        if self.toegevoegd:
            connection.execute(self.table.insert(), [dict(rij) for rij in self.toegevoegd.values()])
        if self.gewijzigd:
            values: dict[str, Any] = {
                column.name: sa.bindparam(f"new_{column.name}")
                for column in self.table.columns
                if not column.primary_key
            }
            rijen = [{f"new_{naam}": value for naam, value in rij.items()} for rij in self.gewijzigd.values()]
            connection.execute(self.table.update().where(self._is_row()).values(values), rijen)

    def delete(self, connection: sa.Connection) -> None:
        """Delete the rows that are no longer wanted."""
        if self.verwijderd:
            rijen = [{f"new_{naam}": value for naam, value in rij.items()} for rij in self.verwijderd.values()]
            connection.execute(self.table.delete().where(self._is_row()), rijen)

    def _is_row(self) -> sa.ColumnElement[bool]:
        return sa.and_(*(column == sa.bindparam(f"new_{column.name}") for column in self.table.primary_key.columns))


def compare(connection: sa.Connection, table: sa.Table, where: Rij, wanted: Iterable[Rij]) -> Verschil:
    """Compare the rows that `where` selects with the wanted ones, which must be whole and lie within it."""
    primary = [column.name for column in table.primary_key.columns]

    def key(rij: Rij) -> tuple[Any, ...]:
        return tuple(rij[naam] for naam in primary)

    query = sa.select(table).where(*(table.c[naam] == value for naam, value in where.items()))
    present = {key(rij): rij for rij in map(_as_dict, connection.execute(query).mappings())}
    new = {key(rij): rij for rij in wanted}
    return Verschil(
        table=table,
        toegevoegd={k: rij for k, rij in new.items() if k not in present},
        gewijzigd={k: rij for k, rij in new.items() if k in present and dict(rij) != present[k]},
        verwijderd={k: rij for k, rij in present.items() if k not in new},
    )


def _as_dict(found: sa.RowMapping) -> dict[str, Any]:
    return {str(naam): value for naam, value in found.items()}
