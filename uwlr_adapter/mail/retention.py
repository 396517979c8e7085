"""How long it is kept which mail was sent to whom."""

from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.clock import to_utc
from uwlr_adapter.mail.tables import mail


def count_mails(connection: sa.Connection, before: datetime) -> int:
    """Return the number of mails from before a moment that wait no longer."""
    return connection.scalar(sa.select(sa.func.count()).select_from(mail).where(*_ended(before))) or 0


def remove_mails(connection: sa.Connection, before: datetime, rows: int) -> int:
    """Remove at most so many mails from before a moment that wait no longer; return how many."""
    ids = list(connection.scalars(sa.select(mail.c.id).where(*_ended(before)).order_by(mail.c.id).limit(rows)))
    if ids:
        connection.execute(mail.delete().where(mail.c.id.in_(ids)))
    return len(ids)


def _ended(before: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return mail.c.created_at < to_utc(before), mail.c.next_try_at.is_(None)
