"""How long the journaal and the counts of refusals are kept: what is older goes, some rows in each transaction.

Entries are found by their id: those of a transaction are written in the order of their moments, but for the seconds by
which machines differ, so the oldest ones come first and nothing is searched. The last one of all stays, however old:
the number of the next is one more, and other tables name entries by their number. Counts of refusals are added up by
the day once nobody looks at minutes any more.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from uwlr_adapter.clock import to_utc
from uwlr_adapter.db.backend import run
from uwlr_adapter.db.statements import Insert
from uwlr_adapter.journaal.tables import act_to_tell, journaal, refusal
from uwlr_adapter.journaal.writer import COUNT_REFUSALS

MINUTES_KEPT = timedelta(days=7)
"""For how long refusals are counted by the minute: the course of an attack is looked into within days."""
_AT_ONCE = 32
"""Rows of one statement: each number of rows is one of its own."""


def count_entries(connection: sa.Connection, before: datetime) -> int:
    """Return the number of entries from before a moment, without the last one of all."""
    last = sa.select(sa.func.max(journaal.c.id)).scalar_subquery()
    return _count(connection, journaal, (journaal.c.moment < to_utc(before)) & (journaal.c.id < last))


def remove_entries(connection: sa.Connection, before: datetime, rows: int) -> int:
    """Remove at most so many of the oldest entries, those from before a moment; return how many. The last one stays."""
    last = sa.select(sa.func.max(journaal.c.id)).scalar_subquery()
    oldest = sa.select(journaal.c.id, journaal.c.moment).where(journaal.c.id < last).order_by(journaal.c.id).limit(rows)
    ids = [row.id for row in connection.execute(oldest) if row.moment < to_utc(before)]
    if ids:
        connection.execute(act_to_tell.delete().where(act_to_tell.c.entry_id.in_(ids)))
        connection.execute(journaal.delete().where(journaal.c.id.in_(ids)))
    return len(ids)


def count_refusals(connection: sa.Connection, before: datetime) -> int:
    """Return the number of counts of refusals from before a moment."""
    return _count(connection, refusal, refusal.c.minute < to_utc(before))


def remove_refusals(connection: sa.Connection, before: datetime, rows: int) -> int:
    """Remove at most so many counts of refusals from before a moment; return how many."""
    key = tuple(refusal.primary_key.columns)
    oldest = sa.select(*key).where(refusal.c.minute < to_utc(before)).order_by(refusal.c.minute).limit(rows)
    found = [tuple(row) for row in connection.execute(oldest)]
    if found:
        connection.execute(refusal.delete().where(sa.tuple_(*key).in_(found)))
    return len(found)


def next_to_roll_up(connection: sa.Connection, moment: datetime, after: datetime | None) -> datetime | None:
    """Return the next day (its begin, UTC and naive) with counts by the minute that are old enough, or None.

    `after` is the day that was rolled up last.
    """
    last = _day(to_utc(moment - MINUTES_KEPT))
    start = datetime.min if after is None else after + timedelta(days=1)  # noqa: DTZ901 - as stored
    while True:
        found = connection.scalar(sa.select(sa.func.min(refusal.c.minute)).where(refusal.c.minute >= start))
        if found is None or found >= last:
            return None
        day = _day(found)
        if connection.scalar(sa.select(refusal.c.minute).where(*_within(day)).limit(1)) is not None:
            return day
        start = day + timedelta(days=1)


def count_to_roll_up(connection: sa.Connection, moment: datetime) -> int:
    """Return the number of counts by the minute that are old enough to be added up by the day."""
    number, day = 0, next_to_roll_up(connection, moment, None)
    while day is not None:
        number += connection.scalar(sa.select(sa.func.count()).select_from(refusal).where(*_within(day))) or 0
        day = next_to_roll_up(connection, moment, day)
    return number


def roll_up(connection: sa.Connection, day: datetime, rows: int) -> int:
    """Add at most so many counts of a day to those of the whole day, which stand at its begin; return how many."""
    key = tuple(refusal.primary_key.columns)
    found = connection.execute(sa.select(refusal).where(*_within(day)).order_by(*key).limit(rows)).all()
    if not found:
        return 0
    connection.execute(
        refusal.delete().where(sa.tuple_(*key).in_([(row.minute, row.source, row.outcome) for row in found]))
    )
    totals: dict[tuple[str, str], int] = {}
    for row in found:
        totals[row.source, row.outcome] = totals.get((row.source, row.outcome), 0) + row.occurrences
    added = [
        {"minute": day, "source": source, "outcome": outcome, "occurrences": number}
        for (source, outcome), number in sorted(totals.items())
    ]
    run(connection, [Insert(COUNT_REFUSALS, added[at : at + _AT_ONCE]) for at in range(0, len(added), _AT_ONCE)])
    return len(found)


def _within(day: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions for the minutes of a day but its first one, which is the whole day."""
    return refusal.c.minute > day, refusal.c.minute < day + timedelta(days=1)


def _day(stored: datetime) -> datetime:
    return stored.replace(hour=0, minute=0, second=0, microsecond=0)


def _count(connection: sa.Connection, table: sa.Table, where: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table).where(where)) or 0
