"""How long it is kept who agreed to a koppeling after its end, and counts of wrong codes of past periods.

The koppeling itself stays, with its moments and versions of terms: its number stands in the journaal. Only the person
who agreed is erased, and with the last agreement that names it the text of the terms.
"""

from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.clock import to_utc
from uwlr_adapter.db.locks import lock
from uwlr_adapter.koppelingen.failures import PERIOD
from uwlr_adapter.koppelingen.tables import earlier_akkoord, failure, koppeling, voorwaarden

ERASED = "(gewist)"
"""What a page shows as the name and the login of somebody whose agreement was erased."""


TEXTS = "voorwaarden"
"""The name of the lock of the texts of terms: nobody agrees to one while it is removed."""


def _ended(before: datetime) -> "sa.Select[tuple[int]]":
    """Return the query for the koppelingen that ended before a moment and still say who agreed."""
    earlier = sa.exists().where(earlier_akkoord.c.koppeling_id == koppeling.c.id)
    # Code of before migration 0033 erases only the first of the two.
    named = sa.or_(koppeling.c.akkoord_naam != ERASED, koppeling.c.resultaten_naam != ERASED)
    return sa.select(koppeling.c.id).where(koppeling.c.ended_at < to_utc(before), sa.or_(named, earlier))


def count_agreements(connection: sa.Connection, before: datetime) -> int:
    """Return the number of koppelingen that ended before a moment and still say who agreed."""
    return connection.scalar(sa.select(sa.func.count()).select_from(_ended(before).subquery())) or 0


def erase_agreements(connection: sa.Connection, before: datetime, rows: int) -> int:
    """Erase who agreed to at most so many koppelingen that ended before a moment; return how many."""
    query = _ended(before).order_by(koppeling.c.id).limit(rows).with_for_update(of=koppeling)
    ids = list(connection.scalars(query))
    if ids:
        connection.execute(earlier_akkoord.delete().where(earlier_akkoord.c.koppeling_id.in_(ids)))
        of_these, results = koppeling.c.id.in_(ids), koppeling.c.resultaten_naam.is_not(None)
        actors = {"leerlinggegevens_by": None, "resultaten_by": None}
        values = {"akkoord_naam": ERASED, "akkoord_login": ERASED, **actors}
        connection.execute(koppeling.update().where(of_these).values(values))
        erased = {"resultaten_naam": ERASED, "resultaten_login": ERASED}
        connection.execute(koppeling.update().where(of_these, results).values(erased))
        lock(connection, TEXTS)
        connection.execute(voorwaarden.delete().where(~_is_named()))
    return len(ids)


def _is_named() -> sa.ColumnElement[bool]:
    """Return whether an agreement that still says who agreed names a text of terms."""
    own, digest = koppeling.c, voorwaarden.c.digest
    present = sa.exists().where(own.akkoord_tekst == digest, own.akkoord_naam != ERASED)
    results = sa.exists().where(own.resultaten_tekst == digest, own.resultaten_naam != ERASED)
    return sa.or_(present, results, sa.exists().where(earlier_akkoord.c.tekst == digest))


def count_failures(connection: sa.Connection, moment: datetime) -> int:
    """Return the number of counts of wrong codes of periods that nobody waits for any more."""
    past = failure.c.period < to_utc(moment - 2 * PERIOD)
    return connection.scalar(sa.select(sa.func.count()).select_from(failure).where(past)) or 0


def remove_failures(connection: sa.Connection, moment: datetime, rows: int) -> int:
    """Remove at most so many counts of wrong codes of periods that nobody waits for any more; return how many.

    A caller who fails removes some as well; these are left over when nobody fails.
    """
    key = tuple(failure.primary_key.columns)
    some = sa.select(*key).where(failure.c.period < to_utc(moment - 2 * PERIOD)).limit(rows)
    found = [tuple(row) for row in connection.execute(some.with_for_update(skip_locked=True))]
    if found:
        connection.execute(failure.delete().where(sa.tuple_(*key).in_(found)))
    return len(found)
