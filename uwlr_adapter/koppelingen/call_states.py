"""The calls of koppelingen in the database: noted up to a moment by a job, and read on from there.

A page reads what was noted and the few rows of the journaal after it, so that it is never behind; a job notes them
again each hour (`jobs/calls.py`), so that those rows stay few. Each koppeling is looked up in the index of the journaal
by its id and moment.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.clock import to_utc
from uwlr_adapter.db import bulk
from uwlr_adapter.journaal.model import CALLS, EntryKind
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.koppelingen.calls import RHYTHM, Calls, Gap, JournaalRow, fold
from uwlr_adapter.koppelingen.tables import Status, koppeling, koppeling_calls

AT_ONCE = 1000
"""Koppelingen of one statement."""
_AGES = (timedelta(hours=2), timedelta(hours=30), timedelta(days=8))
"""What was noted is read on together by its age: one that was noted long ago does not make others read as far back."""
_noted, _rows = koppeling_calls.c, journaal.c
_MEMBERS = tuple(one.name for one in fields(Calls) if one.name != "gaps")
_COLUMNS = ("koppeling_id", "afnemer_id", "upto", *_MEMBERS, "gaps")
_KINDS = (*(one.value for one in CALLS), EntryKind.KOPPELING.value)


@dataclass(frozen=True, slots=True)
class _Stored:
    """What was noted of a koppeling, up to a moment (UTC, without a zone); None: nothing yet."""

    calls: Calls
    upto: datetime | None
    has_more: bool
    """Whether the journaal has rows after that moment."""


def read(connection: sa.Connection, koppeling_ids: Iterable[int], moment: datetime) -> dict[int, Calls]:
    """Return the calls of koppelingen by id, from what was noted and everything after it; one without any has none.

    `moment` is the present: of a koppeling of which nothing was noted yet, RHYTHM is read back from there.
    """
    found: dict[int, Calls] = {}
    for some in bulk.pieces(sorted(set(koppeling_ids)), AT_ONCE):
        found |= _read_on(connection, _stored(connection, some, None), moment, None)
    return found


def to_note(
    connection: sa.Connection, koppeling_ids: Sequence[int], moment: datetime, upto: datetime
) -> list[Sequence[Any]]:
    """Return the rows of living koppelingen to note up to a moment (inclusive) that lies before the present.

    Only of those that the journaal says more of. Reading is what takes long; `note` writes them.
    """
    all_ = _stored(connection, koppeling_ids, to_utc(upto))
    stored = {id_: one for id_, one in all_.items() if one.upto is None or one.has_more}
    calls = _read_on(connection, stored, moment, to_utc(upto))
    owners = connection.execute(sa.select(koppeling.c.id, koppeling.c.afnemer_id).where(koppeling.c.id.in_(stored)))
    return [_row_of(row.id, row.afnemer_id, to_utc(upto), calls[row.id]) for row in owners]


def note(connection: sa.Connection, rows: Sequence[Sequence[Any]]) -> int:
    """Write what `to_note` returned in the place of what was noted, in a writing transaction; return how many."""
    connection.execute(koppeling_calls.delete().where(_noted.koppeling_id.in_([row[0] for row in rows])))
    bulk.insert_rows(connection, koppeling_calls, _COLUMNS, rows)
    return len(rows)


def count_to_note(connection: sa.Connection, koppeling_ids: Sequence[int], upto: datetime) -> int:
    """Return of how many of these koppelingen `note` would write."""
    return sum(one.upto is None or one.has_more for one in _stored(connection, koppeling_ids, to_utc(upto)).values())


def living(connection: sa.Connection) -> list[int]:
    """Return the id of each living koppeling that carries data, in order."""
    where = (koppeling.c.status != Status.BEEINDIGD, koppeling.c.afnemer_id.is_not(None))
    return list(connection.scalars(sa.select(koppeling.c.id).where(*where).order_by(koppeling.c.id)))


def forget_ended(connection: sa.Connection, rows: int) -> int:
    """Remove at most so many rows of koppelingen that ended, of which nothing is asked any more; return how many."""
    ended = sa.select(koppeling.c.id).where(
        koppeling.c.id == _noted.koppeling_id, koppeling.c.status == Status.BEEINDIGD
    )
    ids = list(connection.scalars(sa.select(_noted.koppeling_id).where(ended.exists()).limit(rows)))
    if ids:
        connection.execute(koppeling_calls.delete().where(_noted.koppeling_id.in_(ids)))
    return len(ids)


def elsewhere(connection: sa.Connection, koppeling_ids: Sequence[int]) -> dict[int, datetime]:
    """Return by koppeling when its platform last fetched through another one, as noted (UTC, without a zone)."""
    other = koppeling_calls.alias("other")
    last = (
        sa.select(sa.func.max(other.c.fetched_at))
        .where(other.c.afnemer_id == koppeling.c.afnemer_id, other.c.koppeling_id != koppeling.c.id)
        .correlate(koppeling)
        .scalar_subquery()
    )
    found: dict[int, datetime] = {}
    for some in bulk.pieces(koppeling_ids, AT_ONCE):
        query = sa.select(koppeling.c.id, last.label("last")).where(koppeling.c.id.in_(some))
        found |= {row.id: row.last for row in connection.execute(query) if row.last is not None}
    return found


def _stored(connection: sa.Connection, koppeling_ids: Sequence[int], upto: datetime | None) -> dict[int, _Stored]:
    """Return what was noted of koppelingen, and whether the journaal says more: one look into its index for each.

    Rows after `upto` (UTC, without a zone) do not count, if there is one.
    """
    where = [_rows.koppeling_id == koppeling.c.id, *([] if upto is None else [_rows.moment <= upto])]
    newest = sa.select(sa.func.max(_rows.moment)).where(*where).correlate(koppeling).scalar_subquery()
    query = (
        sa.select(koppeling.c.id, newest.label("newest"), *(_noted[name] for name in _COLUMNS[2:]))
        .outerjoin(koppeling_calls, _noted.koppeling_id == koppeling.c.id)
        .where(koppeling.c.id.in_(koppeling_ids))
    )
    found: dict[int, _Stored] = {}
    for id_, newest_at, noted_upto, *members, gaps in connection.execute(query):
        if noted_upto is None:
            found[id_] = _Stored(Calls(), None, has_more=newest_at is not None)
        else:
            has_more = newest_at is not None and newest_at > noted_upto
            calls = Calls(**dict(zip(_MEMBERS, members, strict=True)), gaps=_gaps_of(gaps))
            found[id_] = _Stored(calls, noted_upto, has_more)
    return found


def _read_on(
    connection: sa.Connection, stored: Mapping[int, _Stored], moment: datetime, upto: datetime | None
) -> dict[int, Calls]:
    """Return the calls of koppelingen with the rows after what was stored, up to a moment (inclusive) or all."""
    begin = to_utc(moment - RHYTHM)
    found = {id_: one.calls for id_, one in stored.items()}
    found |= _long_ago(connection, [id_ for id_, one in stored.items() if one.upto is None and one.has_more], begin)
    starts = {id_: begin if one.upto is None else one.upto for id_, one in stored.items() if one.has_more}
    for ids in _by_age(starts, to_utc(moment)):
        first = min(starts[id_] for id_ in ids)
        for id_, rows in groupby(_rows_after(connection, ids, first, upto), key=lambda row: row[0]):
            found[id_] = fold(found[id_], (row for _, row in rows if row.moment > starts[id_]))
    return found


def _by_age(starts: Mapping[int, datetime], moment: datetime) -> Iterator[list[int]]:
    """Yield the koppelingen in groups that are read on from about the same moment."""

    def age(id_: int) -> int:
        return sum(moment - starts[id_] > limit for limit in _AGES)

    for _, ids in groupby(sorted(starts, key=age), key=age):
        yield list(ids)


def _rows_after(
    connection: sa.Connection, ids: Sequence[int], first: datetime, upto: datetime | None
) -> Iterator[tuple[int, JournaalRow]]:
    where = [_rows.koppeling_id.in_(ids), _rows.moment > first, _rows.kind.in_(_KINDS)]
    if upto is not None:
        where.append(_rows.moment <= upto)
    is_call = _rows.kind.in_(CALLS).label("is_call")
    query = (
        sa.select(_rows.koppeling_id, _rows.moment, is_call, _rows.act, _rows.outcome, _rows.reason, _rows.leerlingen)
        .where(*where)
        .order_by(_rows.koppeling_id, _rows.moment, _rows.id)
    )
    for id_, *row in connection.execute(query):
        yield id_, JournaalRow(*row)


def _long_ago(connection: sa.Connection, ids: Sequence[int], before: datetime) -> dict[int, Calls]:
    """Return of koppelingen of which nothing was noted yet only when they were last fetched, and results last came.

    Both before a moment.
    """
    last, results = (
        sa.select(sa.func.max(_rows.moment))
        .where(
            _rows.koppeling_id == koppeling.c.id,
            _rows.moment <= before,
            _rows.kind == kind,
            ~_rows.outcome.contains(".", autoescape=True),
        )
        .correlate(koppeling)
        .scalar_subquery()
        for kind in CALLS
    )
    query = sa.select(koppeling.c.id, last.label("last"), results.label("results")).where(koppeling.c.id.in_(ids))
    return {
        row.id: Calls(called_at=row.last, fetched_at=row.last, first_at=row.last, results_at=row.results)
        for row in (connection.execute(query) if ids else ())
        if row.last is not None or row.results is not None
    }


def _row_of(id_: int, afnemer_id: int, upto: datetime, calls: Calls) -> list[Any]:
    gaps = [[int(gap.end.replace(tzinfo=UTC).timestamp()), int(gap.length.total_seconds())] for gap in calls.gaps]
    return [id_, afnemer_id, upto, *(getattr(calls, name) for name in _MEMBERS), json.dumps(gaps)]


def _gaps_of(text: str) -> tuple[Gap, ...]:
    if text == "[]":
        return ()
    return tuple(
        Gap(datetime.fromtimestamp(end, UTC).replace(tzinfo=None), timedelta(seconds=length))
        for end, length in json.loads(text)
    )
