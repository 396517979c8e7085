"""The calls through each koppeling as the journaal has them: noted each hour, so that a verdict reads few rows."""

from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa

from uwlr_adapter.db import bulk
from uwlr_adapter.jobs.work import MAX_ROWS, Due, JobRun
from uwlr_adapter.koppelingen import call_states
from uwlr_adapter.settings import Settings

SETTLED = timedelta(minutes=5)
"""How long ago an entry is certain to be committed: a request may take a minute, and the clocks of machines differ."""
_WHAT = "koppelingen"


def due(connection: sa.Connection, _settings: Settings, moment: datetime) -> list[Due]:
    """Return of how many koppelingen the journaal says more than was noted."""
    all_ = call_states.living(connection)
    number = sum(call_states.count_to_note(connection, ids, moment - SETTLED) for ids in bulk.pieces(all_, MAX_ROWS))
    return [Due(_WHAT, number, "of which the journaal says more than was noted")]


def run(run_: JobRun) -> None:
    """Note the calls of each living koppeling. Raises StoppedError, LeaseLostError or DBAPIError."""
    upto = run_.moment - SETTLED
    with run_.reading() as connection:
        all_ = call_states.living(connection)
    for ids in bulk.pieces(all_, MAX_ROWS):
        with run_.reading() as connection:
            rows = call_states.to_note(connection, ids, run_.moment, upto)
        if rows:
            run_.write(_WHAT, partial(call_states.note, rows=rows))
    while run_.write("ended koppelingen", partial(call_states.forget_ended, rows=MAX_ROWS)) == MAX_ROWS:
        pass
