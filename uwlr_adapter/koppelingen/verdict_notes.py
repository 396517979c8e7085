"""The noted verdicts: what a list of thousands of vestigingen is filtered and counted by.

A note holds for the version of the koppeling that was judged. Every act raises that version, so it voids the note
without any work of its own. Time and calls change a verdict too, so a job judges all of them anew (`jobs/verdicts.py`)
and writes those that changed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.clock import any_from_utc, to_utc
from uwlr_adapter.db import bulk
from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.facts import verdicts_of
from uwlr_adapter.koppelingen.tables import LIVING, koppeling, verdict_note, verdicts_noted

VerdictNotes = Mapping[int, tuple[int, str, str | None, str | None]]
"""By koppeling the version that was judged, and the kind, whose step is next and the reason of its verdict."""
_COLUMNS = ("koppeling_id", "version", "kind", "who", "reason", "noted_at")
_ONLY = 1


def changed(
    connection: sa.Connection, catalogue: Catalogue, koppeling_ids: Sequence[int], moment: datetime
) -> VerdictNotes:
    """Return the verdicts of these koppelingen, living and with data, that are others than were noted.

    Raises DBAPIError.
    """
    koppelingen = store.list_by_ids(connection, koppeling_ids)
    verdicts = verdicts_of(connection, catalogue, koppelingen, moment)
    present = {
        one.id: (one.version, verdict.kind.value, None if verdict.who is None else verdict.who.value, verdict.reason)
        for one, verdict in ((one, verdicts[one.id]) for one in koppelingen)
    }
    rows = connection.execute(sa.select(verdict_note).where(verdict_note.c.koppeling_id.in_(koppeling_ids)))
    noted = {row.koppeling_id: (row.version, row.kind, row.who, row.reason) for row in rows}
    return {id_: note for id_, note in present.items() if noted.get(id_) != note}


def write(connection: sa.Connection, notes: VerdictNotes, moment: datetime) -> int:
    """Write notes in the place of earlier ones, in a writing transaction; return how many."""
    connection.execute(verdict_note.delete().where(verdict_note.c.koppeling_id.in_(notes)))
    bulk.insert_rows(connection, verdict_note, _COLUMNS, [(id_, *note, to_utc(moment)) for id_, note in notes.items()])
    return len(notes)


def forget_ended(connection: sa.Connection, rows: int) -> int:
    """Remove at most so many notes of koppelingen that ended; return how many."""
    is_living = sa.exists().where(koppeling.c.id == verdict_note.c.koppeling_id, LIVING)
    ids = list(connection.scalars(sa.select(verdict_note.c.koppeling_id).where(~is_living).limit(rows)))
    if ids:
        connection.execute(verdict_note.delete().where(verdict_note.c.koppeling_id.in_(ids)))
    return len(ids)


def record_round(connection: sa.Connection, moment: datetime) -> None:
    """Record that every verdict was looked at, at a moment, in a writing transaction."""
    connection.execute(verdicts_noted.delete())
    connection.execute(verdicts_noted.insert().values(id=_ONLY, moment=to_utc(moment)))


def noted_at(connection: sa.Connection) -> datetime | None:
    """Return when every verdict was looked at last; None when that never happened."""
    return any_from_utc(connection.scalar(sa.select(verdicts_noted.c.moment)))
