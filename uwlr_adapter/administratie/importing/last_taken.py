"""How old the records of a vestiging are: the last import that was taken, and since when later ones were not."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.administratie.importing import batches, not_taken
from uwlr_adapter.administratie.importing.batches import Batch
from uwlr_adapter.administratie.tables import aanstelling, deelname, groep, vestiging
from uwlr_adapter.brin import brincode_of

MAX_BATCHES = 300
"""Most batches of a school that are looked through: of eight vestigingen, imported every night, more than a month."""


@dataclass(frozen=True, slots=True)
class StaleYear:
    """A year whose last import was not taken, `since` when, and the moment of the last one that was, if it is known.

    The schooljaar is empty where a refused source was too broken to tell it; `taken` is of the vestiging then.
    """

    schooljaar: str
    since: datetime
    taken: datetime | None


@dataclass(frozen=True, slots=True)
class RecordsAge:
    """The moment of the last import of a vestiging that was taken, and the years for which later ones were not.

    `taken` is None without any records, and when it is not known, as after a fusie.
    """

    has_records: bool
    taken: datetime | None
    stale: tuple[StaleYear, ...]


def of_vestiging(connection: sa.Connection, brin6: str) -> RecordsAge:
    """Return how old the records of a vestiging are."""
    found = batches.find_all(connection, brincode_of(brin6), limit=MAX_BATCHES)
    moments = dict(_moments(found, brin6))
    waiting = [one for one in not_taken.find_all(connection, brincode_of(brin6)) if one.brin6 == brin6]
    last = max(moments.values(), default=None)
    stale = tuple(
        StaleYear(one.schooljaar, one.since, moments.get(one.schooljaar) if one.schooljaar else last) for one in waiting
    )
    has_records = _has_records(connection, brin6)
    return RecordsAge(has_records, last if has_records else None, stale)


def of_school(connection: sa.Connection, brincode: str) -> dict[str, RecordsAge]:
    """Return how old the records of each vestiging of a school are that has any, or of which imports were not taken.

    It looks through no more batches than it needs: the last ones have every vestiging of most schools.
    """
    waiting = not_taken.find_all(connection, brincode)
    with_records = _with_records(connection, brincode)
    moments: dict[str, dict[str, datetime]] = {}
    for limit in (5, 50, MAX_BATCHES):
        found = batches.find_all(connection, brincode, limit=limit)
        moments = {brin6: dict(_moments(found, brin6)) for brin6 in {*with_records, *(one.brin6 for one in waiting)}}
        if all(moments.values()) or len(found) < limit:
            break
    return {
        brin6: RecordsAge(
            brin6 in with_records,
            max(own.values(), default=None) if brin6 in with_records else None,
            tuple(StaleYear(one.schooljaar, one.since, None) for one in waiting if one.brin6 == brin6),
        )
        for brin6, own in moments.items()
    }


def _with_records(connection: sa.Connection, brincode: str) -> set[str]:
    own = sa.select(vestiging.c.brin6).where(vestiging.c.brincode == brincode)
    return {brin6 for brin6 in connection.scalars(own) if _has_records(connection, brin6)}


def _moments(found: Iterable[Batch], brin6: str) -> Iterable[tuple[str, datetime]]:
    """Yield each schooljaar with the moment of an import of it that stands, the oldest first."""
    for batch in reversed(list(found)):
        if batch.undone_at is None:
            for report in batch.reports:
                if report.brin6 == brin6 and report.is_source:
                    yield report.schooljaar, batch.moment


def _has_records(connection: sa.Connection, brin6: str) -> bool:
    tables = (deelname, groep, aanstelling)
    return any(
        connection.scalar(sa.select(sa.literal(1)).select_from(table).where(table.c.brin6 == brin6).limit(1))
        for table in tables
    )
