"""How long it is kept which mail was sent to whom, and from which new browsers was logged in."""

from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.clock import to_utc
from uwlr_adapter.gebruikers.tables import new_browser
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


def count_logins(connection: sa.Connection, before: datetime) -> int:
    """Return the number of logins from a new browser from before a moment."""
    old = new_browser.c.moment < to_utc(before)
    return connection.scalar(sa.select(sa.func.count()).select_from(new_browser).where(old)) or 0


def remove_logins(connection: sa.Connection, before: datetime, rows: int) -> int:
    """Remove at most so many logins from a new browser from before a moment; return how many."""
    old = sa.select(new_browser.c.id).where(new_browser.c.moment < to_utc(before)).order_by(new_browser.c.id)
    ids = list(connection.scalars(old.limit(rows)))
    if ids:
        connection.execute(new_browser.delete().where(new_browser.c.id.in_(ids)))
    return len(ids)
