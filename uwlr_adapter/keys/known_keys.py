"""What the database knows of the server keys: which one is in use, which were, and what still needs each of them.

The database says under which key new digests are made, for all processes and machines together. So a key file can be
distributed in any order: what stands in it is only held until `keys use` says otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from uwlr_adapter.clock import any_from_utc, to_utc
from uwlr_adapter.db.database_clock import database_clock
from uwlr_adapter.keys import tables

LIVING = timedelta(minutes=5)
"""How long after its last report a process counts as living: it may wait for the one writer of SQLite meanwhile."""
_table = tables.server_key


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A server key as the database knows it. Moments are in UTC."""

    name: str
    check_value: str = field(repr=False)
    used_since: datetime | None
    """Since when new digests are made under it, or last were; None if never."""
    replaced_at: datetime | None
    """When another key took that over; None for the one in use, and for one that never was."""
    removed_at: datetime | None
    changed_by: str | None

    @property
    def is_in_use(self) -> bool:
        """Whether new digests are made under it."""
        return self.used_since is not None and self.replaced_at is None


def read(connection: sa.Connection) -> dict[str, KnownKey]:
    """Return the server keys that the database knows, by name and in the order of their names."""
    rows = connection.execute(sa.select(_table).order_by(_table.c.name))
    return {
        row.name: KnownKey(
            name=row.name,
            check_value=row.check_value,
            used_since=any_from_utc(row.used_since),
            replaced_at=any_from_utc(row.replaced_at),
            removed_at=any_from_utc(row.removed_at),
            changed_by=row.changed_by,
        )
        for row in rows
    }


def find_in_use(known: Mapping[str, KnownKey]) -> KnownKey | None:
    """Return the key under which new digests are made; None in a database that older code made."""
    return next((one for one in known.values() if one.is_in_use), None)


def is_needed(connection: sa.Connection, name: str, moment: datetime) -> bool:
    """Return whether what is stored and may still be presented needs a key, in any of `tables.USES`."""
    exists = (sa.exists(_needing(*use, name, moment)) for use in tables.USES)
    return connection.scalar(sa.select(sa.or_(*exists))) is True


def needed_names(connection: sa.Connection, moment: datetime) -> set[str]:
    """Return the names of the keys that what is stored needs, also of keys that the database does not know."""
    found = set()
    for table, column, until in tables.USES:
        text: sa.ColumnClause[str] = sa.column(column, sa.String)
        query = sa.select(text).select_from(sa.table(table)).where(text.is_not(None), *_still_used(until, moment))
        found |= {stored.partition(":")[0] for stored in connection.scalars(query)}
    return found


def is_stored_under(connection: sa.Connection, name: str) -> bool:
    """Return whether a living process makes digests under a key: by the clock of the database, as each one reports."""
    holder, moment = tables.key_holder.c, database_clock(connection)
    living = sa.exists().where(holder.uses == name, holder.seen_at > to_utc(moment - LIVING))
    return connection.scalar(sa.select(living)) is True


def count_needing(connection: sa.Connection, name: str, moment: datetime) -> dict[str, int]:
    """Return by table how many texts that may still be presented need a key; a table without any is left out."""
    counts: dict[str, int] = {}
    for table, column, until in tables.USES:
        query = _needing(table, column, until, name, moment)
        if number := connection.scalar(sa.select(sa.func.count()).select_from(query.subquery())):
            counts[table] = counts.get(table, 0) + number
    return counts


def needs(column: sa.ColumnElement[str] | sa.ColumnElement[str | None], name: str) -> sa.ColumnElement[bool]:
    """Return the condition that a text in a column needs the key of this name."""
    return column.startswith(f"{name}:", autoescape=True)


def _needing(table: str, column: str, until: str | None, name: str, moment: datetime) -> sa.Select[str]:
    """Return the query for the texts in a column that need the key of this name."""
    text: sa.ColumnClause[str] = sa.column(column, sa.String)
    return sa.select(text).select_from(sa.table(table)).where(needs(text, name), *_still_used(until, moment))


def _still_used(until: str | None, moment: datetime) -> list[sa.ColumnElement[bool]]:
    return [] if until is None else [sa.column(until, sa.DateTime) > to_utc(moment)]
