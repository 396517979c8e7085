"""Logins from a browser in which that user had not logged in before (`portal/known_browser.py`): noted to be told."""

from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.clock import from_utc, to_utc
from uwlr_adapter.gebruikers.tables import new_browser


def note(connection: sa.Connection, gebruiker_id: int, moment: datetime) -> None:
    """Note that a user logged in from a new browser, in the transaction of the login."""
    connection.execute(new_browser.insert().values(gebruiker_id=gebruiker_id, moment=to_utc(moment)))


def last(connection: sa.Connection, gebruiker_id: int, limit: int) -> list[datetime]:
    """Return the moments of the last logins of a user from a new browser, newest first; timezone-aware."""
    own = sa.select(new_browser.c.moment).where(new_browser.c.gebruiker_id == gebruiker_id)
    return [from_utc(moment) for moment in connection.scalars(own.order_by(new_browser.c.id.desc()).limit(limit))]
