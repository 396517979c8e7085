"""The last refusals of a vestiging, those of one afnemer for one reason together: since when, how often, and still."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.clock import from_utc
from uwlr_adapter.journaal.model import EntryKind
from uwlr_adapter.journaal.tables import journaal

MAX_CALLS = 500
"""Entries of a vestiging that are looked at, the newest: three months of five platforms that fetch each night."""


@dataclass(frozen=True, slots=True)
class RefusalRun:
    """The refusals of one afnemer for one reason, among the last entries of a vestiging.

    `is_last` is whether its last call was one of these: then it is so still.
    """

    afnemer_id: int | None
    reason: str | None
    number: int
    first: datetime
    last: datetime
    is_last: bool


def of_vestiging(connection: sa.Connection, brin6: str) -> list[RefusalRun]:
    """Return the refusals among the last MAX_CALLS entries of a vestiging, what is so still first, then the newest."""
    own = journaal.c
    query = sa.select(own.kind, own.moment, own.afnemer_id, own.outcome, own.reason).where(own.brin6 == brin6)
    found: dict[tuple[int | None, str | None], RefusalRun] = {}
    called: set[int | None] = set()
    for row in connection.execute(query.order_by(own.id.desc()).limit(MAX_CALLS)):
        if row.kind != EntryKind.VERZOEK:
            continue
        is_last = row.afnemer_id not in called
        called.add(row.afnemer_id)
        if "." in row.outcome:
            key, moment = (row.afnemer_id, row.reason), from_utc(row.moment)
            before = found.get(key)
            number, last = (1, moment) if before is None else (before.number + 1, before.last)
            still = is_last if before is None else before.is_last
            found[key] = RefusalRun(*key, number, moment, last, still)
    return sorted(found.values(), key=lambda one: (one.is_last, one.last), reverse=True)
