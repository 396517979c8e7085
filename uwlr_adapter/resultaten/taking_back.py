"""Take back what a message said, and undo that.

A result of which the newest version was taken back stands again as the message before said it, where that was of the
same leerling; a result that a platform has put with another leerling never goes back to the first one.
"""

from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.administratie import schools
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.clock import to_utc
from uwlr_adapter.errors import RefusedError
from uwlr_adapter.resultaten.tables import results_message
from uwlr_adapter.resultaten.taking import same_vestiging


class MessageError(RefusedError):
    """There is no such message of this vestiging; the text says so."""


def take_back(connection: sa.Connection, moment: datetime, brin6: str, message_id: int, actor: str) -> bool:
    """Take back a message of a vestiging; return False when it was taken back already. Raises MessageError.

    `moment` is timezone-aware; `actor` as the journaal names one. The transaction must be a writing one that holds
    nothing.
    """
    return _set(connection, brin6, message_id, (to_utc(moment), actor))


def undo_take_back(connection: sa.Connection, brin6: str, message_id: int) -> bool:
    """Let a message that was taken back stand again; return False when it stands. Raises as `take_back` does."""
    return _set(connection, brin6, message_id, (None, None))


def _set(connection: sa.Connection, brin6: str, message_id: int, values: tuple[datetime | None, str | None]) -> bool:
    schools.lock_school(connection, brincode_of(brin6))
    own = results_message.c
    query = sa.select(own.taken_back_at).where(own.id == message_id, own.brin6.in_(same_vestiging(connection, brin6)))
    row = connection.execute(query).one_or_none()
    if row is None:
        raise MessageError(f"there is no message {message_id} with results at {brin6}")
    moment, actor = values
    if (row.taken_back_at is None) == (moment is None):
        return False
    changed = {"taken_back_at": moment, "taken_back_by": actor, "delivered_at": None}  # the administration must know
    connection.execute(results_message.update().where(own.id == message_id).values(changed))
    return True
