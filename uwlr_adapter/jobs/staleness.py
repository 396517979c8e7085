"""How old the records of each vestiging are: noted by a job, and read by the metrics, later by mail and the portal.

No label of a metric names a school: the metric counts vestigingen with a living koppeling by their age.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa

from uwlr_adapter.administratie.importing import last_taken
from uwlr_adapter.administratie.tables import records_age, school
from uwlr_adapter.clock import any_from_utc, to_utc
from uwlr_adapter.db import bulk
from uwlr_adapter.jobs.work import MAX_ROWS, Due, JobRun
from uwlr_adapter.koppelingen.tables import Status, koppeling
from uwlr_adapter.settings import Settings

OLDER_THAN_DAYS = (1, 2, 3, 7, 14, 30)
"""The ages that are counted. Imports come each night: one day is a missed night, three a weekend and a holiday."""
_WHAT = "vestigingen"
Ages = Mapping[str, tuple[datetime | None, datetime | None]]
"""By brin6 the last import that was taken, and since when imports were not, as stored."""


@dataclass(frozen=True, slots=True)
class StaleCounts:
    """The number of vestigingen with a living koppeling by how long ago their last import was taken."""

    older_than: Mapping[int, int]
    """By a number of days (exclusive)."""
    not_taken: int
    """Of how many the last import was refused, or asks."""


def due(connection: sa.Connection, _settings: Settings, _moment: datetime) -> list[Due]:
    """Return how many vestigingen have another age than was noted."""
    number = sum(
        len(_changed(connection, brincodes)[0]) + len(_changed(connection, brincodes)[1])
        for brincodes in _schools(connection)
    )
    return [Due(_WHAT, number, "whose records have another age than was noted")]


def run(run_: JobRun) -> None:
    """Note the age of the records of each vestiging. Raises StoppedError, LeaseLostError or DBAPIError."""
    with run_.reading() as connection:
        schools = _schools(connection)
    for brincodes in schools:
        with run_.reading() as connection:
            changed, gone = _changed(connection, brincodes)
        if changed or gone:
            run_.write(_WHAT, partial(_store, changed=changed, gone=gone))


def count_stale(connection: sa.Connection, moment: datetime) -> StaleCounts:
    """Return the counts of what was noted, at a moment."""
    living = sa.exists().where(koppeling.c.brin6 == records_age.c.brin6, koppeling.c.status != Status.BEEINDIGD)
    older = [
        sa.func.coalesce(sa.func.sum(sa.case((records_age.c.taken_at < to_utc(moment - timedelta(days=days)), 1))), 0)
        for days in OLDER_THAN_DAYS
    ]
    *numbers, not_taken = connection.execute(
        sa.select(*older, sa.func.count(records_age.c.stale_since)).where(living)
    ).one()
    return StaleCounts(dict(zip(OLDER_THAN_DAYS, map(int, numbers), strict=True)), not_taken)


def noted(connection: sa.Connection, brin6: str) -> tuple[datetime | None, datetime | None]:
    """Return what was noted of a vestiging: the last import that was taken, and since when imports were not."""
    row = connection.execute(sa.select(records_age).where(records_age.c.brin6 == brin6)).one_or_none()
    if row is None:
        return None, None
    return (
        any_from_utc(row.taken_at),
        any_from_utc(row.stale_since),
    )


def _schools(connection: sa.Connection) -> list[Sequence[str]]:
    """Return every brincode, as many together as one transaction notes: a school has a few vestigingen."""
    found = connection.scalars(sa.select(school.c.brincode).order_by(school.c.brincode)).all()
    return list(bulk.pieces(found, MAX_ROWS // 5))


def _changed(connection: sa.Connection, brincodes: Sequence[str]) -> tuple[Ages, list[str]]:
    """Return the vestigingen of schools whose age is another one than was noted, and those that have no records."""
    present: dict[str, tuple[datetime | None, datetime | None]] = {}
    stored: dict[str, tuple[datetime | None, datetime | None]] = {}
    for brincode in brincodes:
        for brin6, age in last_taken.of_school(connection, brincode).items():
            since = min((one.since for one in age.stale), default=None)
            present[brin6] = (_stored(age.taken), _stored(since))
        of_school = records_age.c.brin6.startswith(brincode, autoescape=True)
        for row in connection.execute(sa.select(records_age).where(of_school)):
            stored[row.brin6] = (row.taken_at, row.stale_since)
    changed = {brin6: age for brin6, age in present.items() if stored.get(brin6) != age}
    return changed, sorted(stored.keys() - present.keys())


def _stored(moment: datetime | None) -> datetime | None:
    return None if moment is None else to_utc(moment)


def _store(connection: sa.Connection, changed: Ages, gone: Sequence[str]) -> int:
    connection.execute(records_age.delete().where(records_age.c.brin6.in_([*changed, *gone])))
    rows = [(brin6, *age) for brin6, age in sorted(changed.items())]
    bulk.insert_rows(connection, records_age, records_age.columns.keys(), rows)
    return len(changed) + len(gone)
