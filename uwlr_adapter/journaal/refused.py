"""The last refusals of a vestiging, those of one afnemer for one reason together: since when, how often, and still."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.clock import from_utc
from uwlr_adapter.journaal.model import CALLS
from uwlr_adapter.journaal.tables import journaal

MAX_CALLS = 500
"""Entries of a vestiging that are looked at, the newest: three months of five platforms that fetch each night."""


@dataclass(frozen=True, slots=True)
class RefusalRun:
    """The refusals of one afnemer for one reason, among the last entries of a vestiging.

    `is_last` is whether its last call was one of these: then it is so still. Fetches and messages with results are
    counted by themselves.
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
    found: dict[tuple[int | None, str | None, str], RefusalRun] = {}
    called: set[tuple[int | None, str]] = set()
    for row in connection.execute(query.order_by(own.id.desc()).limit(MAX_CALLS)):
        if row.kind not in CALLS:
            continue
        is_last = (row.afnemer_id, row.kind) not in called
        called.add((row.afnemer_id, row.kind))
        if "." in row.outcome:
            key, moment = (row.afnemer_id, row.reason, row.kind), from_utc(row.moment)
            before = found.get(key)
            number, last = (1, moment) if before is None else (before.number + 1, before.last)
            still = is_last if before is None else before.is_last
            found[key] = RefusalRun(*key[:2], number, moment, last, still)
    return sorted(found.values(), key=lambda one: (one.is_last, one.last), reverse=True)
