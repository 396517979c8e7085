"""The last calls of each afnemer: a bounded piece at the end of the journaal, read by its key and counted there.

The journaal has no index by afnemer, since each call would pay for it. So all entries of the piece are passed, and what
is found is of the time since its begin.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from uwlr_adapter.clock import AMSTERDAM, from_utc, to_utc
from uwlr_adapter.journaal.model import CALLS
from uwlr_adapter.journaal.tables import journaal

MAX_ENTRIES = 40_000
"""Entries at the end of the journaal that are looked at: half a day of a nation, some thirty milliseconds."""
MAX_AGE = timedelta(days=7)
"""How far back they go at most: a week has the rhythm of a platform, and what is older says little of the present."""
_PARTS = ("year", "month", "day", "hour")
_rows = journaal.c


@dataclass(frozen=True, slots=True)
class RecentPiece:
    """The end of the journaal, from an entry on, and not before a moment (both inclusive)."""

    first_id: int
    not_before: datetime
    since: datetime
    """The later one of both, in moments: the piece has every call since then."""


@dataclass(frozen=True, slots=True)
class CallCounts:
    """The calls of one afnemer in a piece: how many, how many of them were refused, and the moment of the last."""

    calls: int
    refused: int
    last: datetime


@dataclass(frozen=True, slots=True)
class RecentCalls:
    """The calls of one afnemer in a piece, in detail."""

    outcomes: Counter[tuple[str, str | None]]
    """By outcome, and the true reason of a refusal."""
    repairs: Counter[str]
    """The repairs that they needed, by id."""
    hours: Counter[datetime]
    """By the hour in which they came, in Amsterdam."""

    @property
    def calls(self) -> int:
        """All of them."""
        return self.outcomes.total()


def piece(connection: sa.Connection, moment: datetime) -> RecentPiece | None:
    """Return the end of the journaal at a moment, which is the present; None when there is nothing in it."""
    newest = connection.scalar(sa.select(sa.func.max(_rows.id)))
    if newest is None:
        return None
    query = sa.select(_rows.id, _rows.moment).where(_rows.id > newest - MAX_ENTRIES).order_by(_rows.id).limit(1)
    first_id, begin = connection.execute(query).one()
    return RecentPiece(first_id, moment - MAX_AGE, max(from_utc(begin), moment - MAX_AGE))


def counts(connection: sa.Connection, found: RecentPiece, afnemer_id: int | None = None) -> dict[int, CallCounts]:
    """Return the calls in a piece, by afnemer: of one, or of all that called."""
    refused = sa.func.coalesce(sa.func.sum(sa.case((_is_refused(), 1))), 0)
    owner = _rows.afnemer_id
    query = (
        sa.select(owner, sa.func.count(), refused, sa.func.max(_rows.moment)).where(*calls_in(found)).group_by(owner)
    )
    if afnemer_id is not None:
        query = query.where(owner == afnemer_id)
    return {
        id_: CallCounts(calls, int(number), from_utc(last)) for id_, calls, number, last in connection.execute(query)
    }


def calls_of(connection: sa.Connection, found: RecentPiece, afnemer_id: int) -> RecentCalls:
    """Return the calls of an afnemer in a piece."""
    own = [*calls_in(found), _rows.afnemer_id == afnemer_id]
    group = (_rows.outcome, _rows.reason, _rows.repairs)
    outcomes: Counter[tuple[str, str | None]] = Counter()
    repairs: Counter[str] = Counter()
    for outcome, reason, ids, number in connection.execute(
        sa.select(*group, sa.func.count()).where(*own).group_by(*group)
    ):
        outcomes[outcome, reason] += number
        repairs.update(dict.fromkeys((ids or "").split(), number))
    hours: Counter[datetime] = Counter()
    parts = tuple(sa.extract(part, _rows.moment).label(part) for part in _PARTS)
    by_hour = sa.select(*parts, sa.func.count()).where(*own).group_by(*map(sa.literal_column, _PARTS))
    for *values, number in connection.execute(by_hour):
        year, month, day, hour = map(int, values)
        hours[datetime(year, month, day, hour, tzinfo=UTC).astimezone(AMSTERDAM)] += number
    return RecentCalls(outcomes, repairs, hours)


def calls_in(found: RecentPiece) -> list[sa.ColumnElement[bool]]:
    """Return the conditions for the calls in a piece."""
    return [_rows.id >= found.first_id, _rows.moment >= to_utc(found.not_before), _rows.kind.in_(CALLS)]


def _is_refused() -> sa.ColumnElement[bool]:
    """Return the condition that a call was refused: the code of a fault has a dot."""
    return _rows.outcome.contains(".", autoescape=True)
