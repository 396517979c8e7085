"""Search the journaal: the entries of a school, its last calls, and the number of calls a day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.clock import from_utc, start_of, to_utc
from uwlr_adapter.journaal.model import CALLS, Act, Entry, EntryKind, OutcomeKind
from uwlr_adapter.journaal.tables import journaal

_REFUSED = journaal.c.outcome.contains(".", autoescape=True)
"""A fault of the standard has a dot in its code; the outcome of an answered call has none."""
_KINDS = {str(kind): kind for kind in EntryKind}
_SHOWN_ACTS = (EntryKind.KOPPELING, EntryKind.RECORDS, EntryKind.GEBRUIKER)
"""The kinds of act that a school sees of its vestiging."""


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """A filter on the journaal of one vestiging; `first` and `last` are days in Amsterdam, both inclusive."""

    brin6: str
    koppeling_ids: tuple[int, ...] | None = None
    """Only these koppelingen; None: all of the vestiging."""
    first: date | None = None
    last: date | None = None
    outcome: OutcomeKind | None = None
    acts: tuple[Act, ...] | None = None
    """Only these acts; None: any."""


@dataclass(frozen=True, slots=True)
class DayCount:
    """The number of calls of one koppeling that were answered, and refused, on one day; `past` before its last act."""

    answered: int = 0
    refused: int = 0
    past_answered: int = 0
    past_refused: int = 0

    @property
    def past(self) -> int:
        """The number of calls before the last act."""
        return self.past_answered + self.past_refused

    @property
    def calls(self) -> int:
        """The number of calls."""
        return self.answered + self.refused + self.past


def moments_of(connection: sa.Connection, brin6: str, act: Act) -> list[datetime]:
    """Return when an act was done on the records of a vestiging, the first one first; timezone-aware."""
    own = journaal.c
    query = sa.select(own.moment).where(own.brin6 == brin6, own.kind == EntryKind.RECORDS, own.act == act)
    return [from_utc(moment) for moment in connection.scalars(query.order_by(own.id))]


def search(
    connection: sa.Connection, entry_filter: EntryFilter, *, limit: int, before_id: int | None = None
) -> list[Entry]:
    """Return the entries that match, newest first; `before_id` (exclusive) continues after an earlier list.

    Only rows about its records, its users, a koppeling of it or all of them: a vendor that never had one stays out of
    sight.
    """
    table = journaal.c
    shown = sa.or_(table.koppeling_id.is_not(None), table.kind.in_(_SHOWN_ACTS))
    where: list[sa.ColumnElement[bool]] = [table.brin6 == entry_filter.brin6, shown]
    if entry_filter.koppeling_ids is not None:
        where.append(table.koppeling_id.in_(entry_filter.koppeling_ids))
    if entry_filter.first is not None:
        where.append(table.moment >= stored_start_of(entry_filter.first))
    if entry_filter.last is not None:
        where.append(table.moment < stored_start_of(entry_filter.last + timedelta(days=1)))
    if entry_filter.outcome is OutcomeKind.ACT:
        where.append(table.kind.in_(_SHOWN_ACTS))
    elif entry_filter.outcome is not None:
        refused = entry_filter.outcome is OutcomeKind.REFUSED
        where += [table.kind.in_(CALLS), _REFUSED if refused else ~_REFUSED]
    if entry_filter.acts is not None:
        where.append(table.act.in_(entry_filter.acts))
    if before_id is not None:
        where.append(table.id < before_id)
    query = sa.select(journaal).where(*where).order_by(table.id.desc()).limit(limit)
    return [entry_of(row) for row in connection.execute(query)]


def last_call(connection: sa.Connection, koppeling_id: int) -> Entry | None:
    """Return the last fetch through a koppeling, answered or refused."""
    return _last(connection, koppeling_id, EntryKind.VERZOEK)


def last_success(connection: sa.Connection, koppeling_id: int) -> Entry | None:
    """Return the last answered fetch through a koppeling."""
    return _last(connection, koppeling_id, EntryKind.VERZOEK, ~_REFUSED)


def last_results(connection: sa.Connection, koppeling_id: int) -> Entry | None:
    """Return the last call through a koppeling that brought results and was answered."""
    return _last(connection, koppeling_id, EntryKind.RESULTATEN, ~_REFUSED)


def count_days(
    connection: sa.Connection, acted_at: Mapping[int, datetime | None], days: Sequence[date]
) -> dict[int, list[DayCount]]:
    """Return by koppeling its fetches on each of these consecutive days in Amsterdam.

    `acted_at` has for each koppeling the last act on it; None where nothing is past.
    """
    table = journaal.c
    ends = [stored_start_of(day + timedelta(days=1)) for day in days]
    place = sa.case(*((table.moment < end, number) for number, end in enumerate(ends)), else_=-1)
    refused = sa.case((_REFUSED, 1), else_=0)
    acts = {id_: to_utc(moment) for id_, moment in acted_at.items() if moment is not None}
    past = [sa.and_(table.koppeling_id == id_, table.moment < moment) for id_, moment in acts.items()]
    is_past = sa.case((sa.or_(*past), 1), else_=0) if past else sa.literal_column("0")
    query = (
        sa.select(
            *(table.koppeling_id, place.label("day"), refused.label("refused"), is_past.label("past")),
            sa.func.count().label("calls"),
        )
        .where(table.koppeling_id.in_(acted_at), table.kind == EntryKind.VERZOEK)
        .where(table.moment >= stored_start_of(days[0]), table.moment < ends[-1])
        .group_by(table.koppeling_id, *map(sa.literal_column, ("day", "refused", "past")))
    )
    found: dict[tuple[int, int], list[int]] = {}
    for row in connection.execute(query):
        found.setdefault((row.koppeling_id, row.day), [0, 0, 0, 0])[2 * row.past + row.refused] = row.calls
    return {id_: [DayCount(*found.get((id_, day), (0, 0, 0, 0))) for day in range(len(days))] for id_ in acted_at}


def _last(
    connection: sa.Connection, koppeling_id: int, kind: EntryKind, *where: sa.ColumnElement[bool]
) -> Entry | None:
    table = journaal.c
    query = (
        sa.select(journaal)
        .where(table.koppeling_id == koppeling_id, table.kind == kind, *where)
        .order_by(table.moment.desc(), table.id.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else entry_of(row)


def stored_start_of(day: date) -> datetime:
    """Return the start of a day in Amsterdam as it is stored: UTC, without a zone."""
    return to_utc(start_of(day))


def read(connection: sa.Connection, *, brin6: str | None = None, limit: int = 100) -> list[Entry]:
    """Return entries of one vestiging or of all, newest first."""
    query = sa.select(journaal).order_by(journaal.c.id.desc()).limit(limit)
    if brin6 is not None:
        query = query.where(journaal.c.brin6 == brin6)
    return [entry_of(row) for row in connection.execute(query)]


def entry_of(row: sa.Row[Any]) -> Entry:
    """Convert a row of the table to an entry."""
    return Entry(
        moment=from_utc(row.moment),
        kind=_KINDS.get(row.kind, row.kind),
        act=row.act,
        afnemer_id=row.afnemer_id,
        koppeling_id=row.koppeling_id,
        brin6=row.brin6,
        outcome=row.outcome,
        reason=row.reason,
        leerlingen=row.leerlingen,
        repairs=tuple((row.repairs or "").split()),
        remarks=tuple((row.remarks or "").split()),
        id=row.id,
        actor=row.actor,
        request_id=row.request_id,
    )
