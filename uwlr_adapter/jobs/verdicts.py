"""The verdict on each koppeling: noted every ten minutes, so that a page counts those of thousands of vestigingen."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

import sqlalchemy as sa

from uwlr_adapter.db import bulk
from uwlr_adapter.jobs.work import MAX_ROWS, Due, JobRun
from uwlr_adapter.koppelingen import call_states, verdict_notes
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.settings import Settings

_WHAT = "koppelingen"


def due(connection: sa.Connection, settings: Settings, moment: datetime) -> list[Due]:
    """Return how many koppelingen have another verdict than was noted."""
    catalogue = Catalogue.load(settings.catalogus)
    number = sum(len(verdict_notes.changed(connection, catalogue, ids, moment)) for ids in _pieces(connection))
    return [Due(_WHAT, number, "that have another verdict than was noted")]


def run(run_: JobRun) -> None:
    """Note the verdict on each living koppeling that carries data; what did not change is not written.

    Raises StoppedError, LeaseLostError or DBAPIError.
    """
    catalogue = Catalogue.load(run_.settings.catalogus)
    with run_.reading() as connection:
        pieces = list(_pieces(connection))
    for ids in pieces:
        with run_.reading() as connection:
            notes = verdict_notes.changed(connection, catalogue, ids, run_.moment)
        if notes:
            run_.write(_WHAT, partial(verdict_notes.write, notes=notes, moment=run_.moment))
    while run_.write("ended koppelingen", partial(verdict_notes.forget_ended, rows=MAX_ROWS)) == MAX_ROWS:
        pass
    run_.transact(partial(verdict_notes.record_round, moment=run_.moment))


def _pieces(connection: sa.Connection) -> Iterator[Sequence[int]]:
    return bulk.pieces(call_states.living(connection), MAX_ROWS)
