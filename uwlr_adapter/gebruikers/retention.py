"""How long logins are kept after they were disabled, counts of attempts, logins from new browsers, and invitations.

The journaal keeps the login of whoever acted for as long as its own term is.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from uwlr_adapter.clock import to_utc
from uwlr_adapter.gebruikers.attempts import FORGET_AFTER
from uwlr_adapter.gebruikers.tables import gebruiker, gebruiker_vestiging, invitation, login_attempt, new_browser

INVITATION_KEPT = timedelta(days=7)
"""How long an invitation is kept after its last moment: the school sees that it ended, and can make another one."""


def count_logins(connection: sa.Connection, before: datetime) -> int:
    """Return the number of logins that were disabled before a moment."""
    disabled = gebruiker.c.disabled_at < to_utc(before)
    return connection.scalar(sa.select(sa.func.count()).select_from(gebruiker).where(disabled)) or 0


def erase_logins(connection: sa.Connection, before: datetime, rows: int) -> int:
    """Erase at most so many logins that were disabled before a moment, with name and second factor; return how many."""
    query = sa.select(gebruiker.c.id).where(gebruiker.c.disabled_at < to_utc(before)).order_by(gebruiker.c.id)
    ids = list(connection.scalars(query.limit(rows).with_for_update()))
    if ids:
        connection.execute(gebruiker_vestiging.delete().where(gebruiker_vestiging.c.gebruiker_id.in_(ids)))
        connection.execute(gebruiker.delete().where(gebruiker.c.id.in_(ids)))
    return len(ids)


def count_attempts(connection: sa.Connection, moment: datetime) -> int:
    """Return the number of counts of attempts that ended."""
    ended = login_attempt.c.last_at <= to_utc(moment - FORGET_AFTER)
    return connection.scalar(sa.select(sa.func.count()).select_from(login_attempt).where(ended)) or 0


def remove_attempts(connection: sa.Connection, moment: datetime, rows: int) -> int:
    """Remove at most so many counts of attempts that ended; return how many.

    An attempt removes some as well; these are left over when nobody logs in.
    """
    key = (login_attempt.c.login_digest, login_attempt.c.source)
    some = sa.select(*key).where(login_attempt.c.last_at <= to_utc(moment - FORGET_AFTER)).limit(rows)
    found = [tuple(row) for row in connection.execute(some.with_for_update(skip_locked=True))]
    if found:
        connection.execute(login_attempt.delete().where(sa.tuple_(*key).in_(found)))
    return len(found)


def count_new_browsers(connection: sa.Connection, before: datetime) -> int:
    """Return the number of logins from a new browser from before a moment."""
    old = new_browser.c.moment < to_utc(before)
    return connection.scalar(sa.select(sa.func.count()).select_from(new_browser).where(old)) or 0


def remove_new_browsers(connection: sa.Connection, before: datetime, rows: int) -> int:
    """Remove at most so many logins from a new browser from before a moment; return how many."""
    old = sa.select(new_browser.c.id).where(new_browser.c.moment < to_utc(before)).order_by(new_browser.c.id)
    ids = list(connection.scalars(old.limit(rows)))
    if ids:
        connection.execute(new_browser.delete().where(new_browser.c.id.in_(ids)))
    return len(ids)


def count_invitations(connection: sa.Connection, moment: datetime) -> int:
    """Return the number of invitations that ended INVITATION_KEPT before a moment."""
    ended = invitation.c.until < to_utc(moment - INVITATION_KEPT)
    return connection.scalar(sa.select(sa.func.count()).select_from(invitation).where(ended)) or 0


def remove_invitations(connection: sa.Connection, moment: datetime, rows: int) -> int:
    """Remove at most so many invitations that ended INVITATION_KEPT before a moment; return how many."""
    ended = invitation.c.until < to_utc(moment - INVITATION_KEPT)
    ids = list(connection.scalars(sa.select(invitation.c.id).where(ended).order_by(invitation.c.id).limit(rows)))
    if ids:
        connection.execute(invitation.delete().where(invitation.c.id.in_(ids)))
    return len(ids)
