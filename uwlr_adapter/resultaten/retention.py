"""How long results are kept: until the administration has had them for some months, else as long as their leerling."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.result_tables import not_processed, resultaat, resultaat_versie
from uwlr_adapter.administratie.tables import joined, persoon
from uwlr_adapter.clock import to_utc
from uwlr_adapter.resultaten import delivering
from uwlr_adapter.resultaten.tables import results_message, toets


def count_delivered(connection: sa.Connection, before: datetime) -> int:
    """Return how many results the administration had taken, in their newest version, before a moment."""
    return _count(connection, _delivered(before))


def erase_delivered(connection: sa.Connection, before: datetime, rows: int) -> int:
    """Erase at most so many of these, with their versions; return how many."""
    return _erase(connection, resultaat.c.id, _held(_delivered(before), rows))


def count_orphans(connection: sa.Connection, before: datetime) -> int:
    """Return how many results are of nobody who is known, and came before a moment."""
    return _count(connection, _orphans(before))


def erase_orphans(connection: sa.Connection, before: datetime, rows: int) -> int:
    """Erase at most so many of these: what undid the import of their leerling cannot be taken back any more."""
    return _erase(connection, resultaat.c.id, _held(_orphans(before), rows))


def count_not_processed(connection: sa.Connection, before: datetime) -> int:
    """Return of how many leerlingids results were not processed before a moment."""
    return _count(connection, _not_processed(before))


def erase_not_processed(connection: sa.Connection, before: datetime, rows: int) -> int:
    """Erase at most so many of these; return how many. The counts of the message stay."""
    return _erase(connection, not_processed.c.id, _not_processed(before).limit(rows))


def count_definitions(connection: sa.Connection, before: datetime) -> int:
    """Return how many definitions of toetsen of before a moment no result names."""
    return _count(connection, _definitions(before))


def erase_definitions(connection: sa.Connection, before: datetime, rows: int) -> int:
    """Erase at most so many of these; return how many.

    They are held first, and those that a message names meanwhile are passed over (`taking`).
    """
    found = connection.scalars(_definitions(before).limit(rows).with_for_update(skip_locked=True)).all()
    unused = toets.delete().where(toets.c.id.in_(found), ~_USED)
    return connection.execute(unused).rowcount if found else 0


def count_messages(connection: sa.Connection, before: datetime) -> int:
    """Return how many messages of before a moment have nothing left of what they said."""
    return _count(connection, _messages(before))


def erase_messages(connection: sa.Connection, before: datetime, rows: int) -> int:
    """Erase at most so many of these; return how many."""
    return _erase(connection, results_message.c.id, _messages(before).limit(rows))


_stands = results_message.c.taken_back_at.is_(None)
_HAS_ALL = sa.or_(
    sa.and_(_stands, resultaat.c.delivered == resultaat.c.newest),
    sa.and_(~_stands, results_message.c.delivered_at.is_not(None)),
)
"""The administration has what stands: it was told too when the newest version was taken back, or put back. Of a join
and its undo `delivering.moved` knows."""


def _delivered(before: datetime) -> sa.Select[tuple[int]]:
    own = resultaat_versie.c
    return (
        sa.select(resultaat.c.id)
        .join(resultaat_versie, sa.and_(own.resultaat_id == resultaat.c.id, own.number == resultaat.c.newest))
        .join(results_message, results_message.c.id == own.message_id)
        .where(own.delivered_at < to_utc(before), _HAS_ALL, resultaat.c.id.not_in(delivering.moved()))
    )


def _held(query: sa.Select[tuple[int]], rows: int) -> sa.Select[tuple[int]]:
    """Return a query of results with at most so many of these, which are held.

    Those that a message says something of meanwhile are passed over: it may bring a newer version (`taking`).
    """
    return query.limit(rows).with_for_update(of=resultaat, skip_locked=True)


def _orphans(before: datetime) -> sa.Select[tuple[int]]:
    own = resultaat_versie.c
    known = sa.union_all(sa.select(persoon.c.id), sa.select(joined.c.id)).subquery()
    return (
        sa.select(resultaat.c.id)
        .join(resultaat_versie, sa.and_(own.resultaat_id == resultaat.c.id, own.number == resultaat.c.newest))
        .join(results_message, results_message.c.id == own.message_id)
        .where(results_message.c.moment < to_utc(before), ~sa.exists().where(known.c.id == own.persoon_id))
    )


def _not_processed(before: datetime) -> sa.Select[tuple[int]]:
    return sa.select(not_processed.c.id).where(not_processed.c.moment < to_utc(before))


_USED = sa.exists().where(resultaat_versie.c.toets_id == toets.c.id)


def _definitions(before: datetime) -> sa.Select[tuple[str]]:
    return sa.select(toets.c.id).where(toets.c.moment < to_utc(before), ~_USED)


def _messages(before: datetime) -> sa.Select[tuple[int]]:
    own = results_message.c
    used = sa.exists().where(resultaat_versie.c.message_id == own.id)
    return sa.select(own.id).where(own.moment < to_utc(before), ~used)


def _count(connection: sa.Connection, query: sa.Select[Any]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0


def _erase(connection: sa.Connection, column: sa.Column[int], query: sa.Select[tuple[int]]) -> int:
    ids = connection.scalars(query).all()
    if ids:
        connection.execute(column.table.delete().where(column.in_(ids)))
    return len(ids)
