"""Who got a person: which koppelingen, when first and last, and with which fields, as far as the journaal was read.

`receipts.py` reads it, and says what is exact and what an upper bound.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.tables import joined, persoon, receipt, received
from uwlr_adapter.clock import from_utc, to_utc
from uwlr_adapter.contract.names import OPERATIONS
from uwlr_adapter.koppelingen.tables import Status, afnemer, koppeling

UNKNOWN = ""
"""The schooljaar and the profile of a receipt of which it is not known who was in it."""
BY_PAYLOAD = {operation.payload: operation for operation in OPERATIONS.values()}
"""The operations by the element that they answer with."""


@dataclass(frozen=True, slots=True)
class Got:
    """What one koppeling got of a person, in one kind of answer, or of which it is not known who was in it."""

    koppeling_id: int
    brin6: str
    entry_id: str
    klantnaam: str
    status: Status
    schooljaar: str
    payload: str
    fields: tuple[str, ...]
    """Record/element of what may have been in it."""
    first: datetime
    last: datetime

    @property
    def is_known(self) -> bool:
        """Whether it is known that this person was in it."""
        return self.schooljaar != UNKNOWN

    @property
    def by_groep(self) -> bool:
        """Whether it was fetched by groups: then the person counts, whichever groups were asked."""
        return BY_PAYLOAD[self.payload].by_groep


def ids_of(connection: sa.Connection, persoon_id: int) -> list[int]:
    """Return every id that a person had, the present one first (`join`)."""
    return [persoon_id, *connection.scalars(sa.select(joined.c.id).where(joined.c.persoon_id == persoon_id))]


def got(connection: sa.Connection, persoon_ids: Collection[int]) -> list[Got]:
    """Return who got a person, by any of these ids, as far as the journaal was read; the first one first."""
    last = sa.func.coalesce(received.c.last, receipt.c.last)
    query = (
        _about(received.c.first, last)
        .join(received, received.c.receipt_id == receipt.c.id)
        .where(received.c.persoon_id.in_(sorted(persoon_ids)))
    )
    return _read(connection, query)


def got_before(connection: sa.Connection, had: Sequence[Mapping[str, Any]]) -> list[Got]:
    """Return who got a person whose rows of `received` were erased just now (`administratie/answered.py`)."""
    found: list[Got] = []
    for row in had:
        last = receipt.c.last if row["last"] is None else sa.literal(row["last"], sa.DateTime)
        query = _about(sa.literal(row["first"], sa.DateTime), last).where(receipt.c.id == row["receipt_id"])
        found += _read(connection, query)
    return sorted(found, key=_in_order)


def not_known(connection: sa.Connection, brin6s: Collection[str], part: str) -> list[Got]:
    """Return who got a part of the records of some vestigingen of which it is not known who was in it."""
    payloads = [name for name, one in BY_PAYLOAD.items() if part in one.parts]
    query = _about(receipt.c.first, receipt.c.last).where(
        receipt.c.profiel == UNKNOWN, receipt.c.payload.in_(payloads), koppeling.c.brin6.in_(sorted(brin6s))
    )
    return _read(connection, query)


def _about(first: sa.ColumnElement[datetime], last: sa.ColumnElement[datetime]) -> sa.Select[Any]:
    """Return the query for receipts with their koppeling and afnemer, and two moments."""
    return (
        sa.select(
            *(koppeling.c.id, koppeling.c.brin6, koppeling.c.entry_id, afnemer.c.klantnaam, koppeling.c.status),
            *(receipt.c.schooljaar, receipt.c.payload, receipt.c.fields),
            first.label("first_moment"),
            last.label("last_moment"),
        )
        .select_from(receipt)
        .join(koppeling, koppeling.c.id == receipt.c.koppeling_id)
        .join(afnemer, afnemer.c.id == koppeling.c.afnemer_id)
    )


def _read(connection: sa.Connection, query: sa.Select[Any]) -> list[Got]:
    rows = [
        Got(
            koppeling_id=row.id,
            brin6=row.brin6,
            entry_id=row.entry_id,
            klantnaam=row.klantnaam,
            status=Status(row.status),
            schooljaar=row.schooljaar,
            payload=row.payload,
            fields=tuple(row.fields.split()),
            first=from_utc(row.first_moment),
            last=from_utc(row.last_moment),
        )
        for row in connection.execute(query)
    ]
    return sorted(rows, key=_in_order)


def _in_order(one: Got) -> tuple[str, str, datetime]:
    return one.brin6, one.klantnaam, one.first


def count_orphans(connection: sa.Connection, before: datetime) -> int:
    """Return how many rows are about nobody who is known, and of before a moment (timezone-aware)."""
    return connection.scalar(sa.select(sa.func.count()).select_from(_orphans(before).subquery())) or 0


def erase_orphans(connection: sa.Connection, before: datetime, rows: int) -> int:
    """Erase at most so many of these: what undid their import cannot be taken back any more. Return how many."""
    found = [tuple(row) for row in connection.execute(_orphans(before).limit(rows))]
    if found:
        key = sa.tuple_(received.c.receipt_id, received.c.persoon_id)
        connection.execute(received.delete().where(key.in_(found)))
    return len(found)


def _orphans(before: datetime) -> sa.Select[tuple[int, int]]:
    known = sa.union(sa.select(persoon.c.id), sa.select(joined.c.id)).subquery()
    return (
        sa.select(received.c.receipt_id, received.c.persoon_id)
        .join(receipt, receipt.c.id == received.c.receipt_id)
        .where(
            sa.func.coalesce(received.c.last, receipt.c.last) < to_utc(before),
            ~sa.exists().where(known.c.id == received.c.persoon_id),
        )
    )
