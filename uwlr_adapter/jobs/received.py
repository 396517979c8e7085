"""Who got which person, taken from the journaal every few minutes; and the lists of who is in an answer, their end.

`koppelingen/receipts.py` has what is done; here it is divided into transactions.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.tables import answered
from uwlr_adapter.answers.state import HASH_DIGITS, PROFIEL_DIGITS
from uwlr_adapter.answers.tables import answer_state
from uwlr_adapter.clock import to_utc
from uwlr_adapter.db import bulk
from uwlr_adapter.jobs.work import Due, JobRun
from uwlr_adapter.koppelingen import receipts
from uwlr_adapter.koppelingen.receipts import GRACE
from uwlr_adapter.settings import Settings

MAX_FETCHES = 10
"""Koppelingen and answers of one transaction. Mostly each is one row, in half a millisecond; the first fetch of a
school year writes one for each person in it: some 15 ms for 1,500."""
NOTED = timedelta(days=1)
"""How long a list stays after it was noted that its answer is sent no more: a request may be under way with it."""
_WHAT = "fetches of an answer"


def due(connection: sa.Connection, _settings: Settings, _moment: datetime) -> list[Due]:
    """Return how many answers were fetched since the journaal was read last."""
    return [Due(_WHAT, len(receipts.unread(connection, receipts.position(connection))), "since they were read last")]


def run(run_: JobRun) -> None:
    """Read the journaal from where it was read to. Raises StoppedError, LeaseLostError or DBAPIError."""
    with run_.reading() as connection:
        before = receipts.position(connection)
        after = before.at(receipts.highest_entry(connection), run_.moment)
        fetches = receipts.unread(connection, before)
    for some in bulk.pieces(fetches, MAX_FETCHES):
        run_.write(_WHAT, partial(receipts.apply, fetches=some))
    if after != before:
        run_.transact(partial(receipts.store_position, reached=after))


def count_lists(connection: sa.Connection, before: datetime) -> int:
    """Return how many lists of persons are of answers that nobody is sent since a moment."""
    found = _past(connection, before)
    return connection.scalar(sa.select(sa.func.count()).select_from(found.subquery())) or 0


def remove_lists(connection: sa.Connection, before: datetime, rows: int) -> int:
    """Note which lists are of answers that nobody is sent any more, and remove at most so many that were noted before.

    Return how many were removed. Nothing that the journaal names and that was not read yet is removed.
    """
    present = sa.select(
        sa.func.substr(answer_state.c.content_hash, 1, HASH_DIGITS, type_=sa.String)
        + sa.func.substr(answer_state.c.profiel, 1, PROFIEL_DIGITS, type_=sa.String)
    )
    past = (answered.c.past_since.is_(None), answered.c.answer.not_in(present))
    connection.execute(answered.update().where(*past).values(past_since=to_utc(before + NOTED)))
    some = list(connection.scalars(_past(connection, before).limit(rows)))
    if some:
        connection.execute(answered.delete().where(answered.c.answer.in_(some)))
    return len(some)


def _past(connection: sa.Connection, before: datetime) -> sa.Select[Any]:
    read_at = receipts.position(connection).seen_at
    until = before if read_at is None else min(before, read_at - GRACE)
    return sa.select(answered.c.answer).where(answered.c.past_since <= to_utc(until), sa.literal(read_at is not None))
