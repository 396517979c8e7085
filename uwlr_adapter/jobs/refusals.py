"""The roll-up of refusals: counts by the minute become counts by the day once they are a week old."""

from datetime import datetime
from functools import partial

import sqlalchemy as sa

from uwlr_adapter.jobs.work import MAX_ROWS, Due, JobRun
from uwlr_adapter.journaal import retention
from uwlr_adapter.settings import Settings

_WHAT = "counts of refusals by the minute"


def due(connection: sa.Connection, _settings: Settings, moment: datetime) -> list[Due]:
    """Return how many counts are old enough to be added up."""
    note = f"added up by the day after {retention.MINUTES_KEPT.days} days"
    return [Due(_WHAT, retention.count_to_roll_up(connection, moment), note)]


def run(run_: JobRun) -> None:
    """Add the counts of each day up, one day at a time. Raises StoppedError, LeaseLostError or DBAPIError."""
    day = _next(run_, None)
    while day is not None:
        while run_.write(_WHAT, partial(retention.roll_up, day=day, rows=MAX_ROWS)) == MAX_ROWS:
            pass
        day = _next(run_, day)


def _next(run_: JobRun, after: datetime | None) -> datetime | None:
    with run_.reading() as connection:
        return retention.next_to_roll_up(connection, run_.moment, after)
