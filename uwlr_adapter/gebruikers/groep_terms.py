"""How long the access of leerkrachten is kept after its end, and their invitations."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from uwlr_adapter.clock import to_utc
from uwlr_adapter.gebruikers import access, accounts
from uwlr_adapter.gebruikers.retention import INVITATION_KEPT
from uwlr_adapter.gebruikers.tables import groep_access, leerkracht_invitation

ACCESS_KEPT = timedelta(days=365)
"""How long access is kept after its last moment: who saw which groep can be told, and a school need not invite anew."""


def count_access(connection: sa.Connection, moment: datetime) -> int:
    """Return the number of groepen to which access ended ACCESS_KEPT before a moment."""
    ended = groep_access.c.until < to_utc(moment - ACCESS_KEPT)
    return connection.scalar(sa.select(sa.func.count()).select_from(groep_access).where(ended)) or 0


def erase_access(connection: sa.Connection, moment: datetime, rows: int) -> int:
    """Erase at most so many of these, and disable each user who has nothing else; return how many were erased."""
    own = groep_access.c
    key = (own.gebruiker_id, own.brin6, own.schooljaar, own.groep_key)
    some = sa.select(*key).where(own.until < to_utc(moment - ACCESS_KEPT)).order_by(*key).limit(rows)
    found = [tuple(row) for row in connection.execute(some)]
    if found:
        connection.execute(groep_access.delete().where(sa.tuple_(*key).in_(found)))
    for gebruiker_id in sorted({row[0] for row in found}):
        left = accounts.by_id(connection, gebruiker_id)
        if left is not None and left.is_enabled and not left.groepen:
            access.disable_without_access(connection, left, moment)
    return len(found)


def count_invitations(connection: sa.Connection, moment: datetime) -> int:
    """Return the number of invitations of leerkrachten that ended INVITATION_KEPT before a moment."""
    ended = leerkracht_invitation.c.until < to_utc(moment - INVITATION_KEPT)
    return connection.scalar(sa.select(sa.func.count()).select_from(leerkracht_invitation).where(ended)) or 0


def remove_invitations(connection: sa.Connection, moment: datetime, rows: int) -> int:
    """Remove at most so many invitations that ended INVITATION_KEPT before a moment; return how many."""
    own = leerkracht_invitation.c
    ended = own.until < to_utc(moment - INVITATION_KEPT)
    ids = list(connection.scalars(sa.select(own.id).where(ended).order_by(own.id).limit(rows)))
    if ids:
        connection.execute(leerkracht_invitation.delete().where(own.id.in_(ids)))
    return len(ids)
