"""The guard of the purge: a clock that jumped ahead must not erase what its terms then seem to have passed.

The moment of a run is trusted as long as it follows, within MAX_SILENCE, on the last run that ended well. Of a job that
never ended well since it is known, that moment in turn follows on what the service wrote before it. What is written by
a clock that jumped proves nothing: a refused run leaves no trace that the next one would trust. So it stays refused
until the clock is right, or an operator says that it is (`uwlr-adapter purge`).
"""

from datetime import datetime, timedelta
from itertools import pairwise

import sqlalchemy as sa

from uwlr_adapter.administratie.tables import import_batch
from uwlr_adapter.clock import from_utc, to_utc
from uwlr_adapter.jobs import lease
from uwlr_adapter.jobs.work import JobRefusedError, JobRun
from uwlr_adapter.journaal.tables import journaal, refusal

MAX_SILENCE = timedelta(days=60)
"""How long a service may be silent (inclusive), and be taken for one that was closed: longer than a summer holiday, and
shorter than the terms that erase a record."""
IN_DOUBT = (
    f"by the clock this service was silent for over {MAX_SILENCE.days} days: it jumped ahead, or the purge did not "
    "run for so long. Nothing was erased, and nothing will be by itself. See whether the date is right here and on the "
    "server of the database; if it is, `uwlr-adapter purge --dry-run` shows what is due, and `uwlr-adapter purge` "
    "erases it"
)
_MOMENTS = (
    (journaal.c.moment, journaal.c.id),
    (import_batch.c.moment, import_batch.c.id),
    (refusal.c.minute, refusal.c.minute),
)
"""What a service writes: the column of the moment, and the one of the index that has them in their order."""


def require_trusted_clock(run: JobRun) -> None:
    """Raise JobRefusedError unless the moment of a run follows on an earlier one. Raises StoppedError or DBAPIError."""
    with run.reading() as connection:
        state = lease.states(connection)[run.lease.name]
        steps = [run.moment, state.succeeded_at or state.known_since]
        if state.succeeded_at is None and (last := _last_written(connection, state.known_since)) is not None:
            steps.append(last)
    if any(later - earlier > MAX_SILENCE for later, earlier in pairwise(steps)):
        raise JobRefusedError(IN_DOUBT)


def _last_written(connection: sa.Connection, until: datetime) -> datetime | None:
    """Return the last moment until another one (inclusive) at which the service wrote something, if it ever did."""
    found: list[datetime] = []
    for moment, order in _MOMENTS:
        last = sa.select(moment).where(moment <= to_utc(until)).order_by(order.desc()).limit(1)
        found += connection.scalars(last)
    return from_utc(max(found)) if found else None
