"""The users of an afnemer: when their afnemer is disabled, and when one of them replaces its klantcode.

While it is disabled none of them may log in or stay (`Gebruiker.is_enabled`). Their sessions end for good, so that
none comes back to life when the afnemer is enabled again.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from uwlr_adapter.gebruikers import accounts
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.gebruikers.errors import NoLongerAllowedError
from uwlr_adapter.gebruikers.tables import gebruiker, gebruiker_afnemer
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import afnemers
from uwlr_adapter.koppelingen.afnemers import Afnemer


def disable(connection: sa.Connection, klantnaam: str, moment: datetime, *, actor: str) -> None:
    """Refuse every call of an afnemer from now on; end the sessions of its users, and void their links.

    Raises AfnemerError.
    """
    afnemers.disable(connection, klantnaam, moment, actor=actor)
    found = afnemers.get(connection, klantnaam)
    own = sa.select(gebruiker_afnemer.c.gebruiker_id).where(gebruiker_afnemer.c.afnemer_id == found.id)
    values = {"session_version": gebruiker.c.session_version + 1, "link_digest": None, "link_until": None}
    connection.execute(gebruiker.update().where(gebruiker.c.id.in_(own)).values(values))


def rotate(
    connection: sa.Connection,
    server_keys: ServerKeys,
    of: Gebruiker,
    moment: datetime,
    overlap: timedelta,
    *,
    seen: str | None,
    ticket: str,
) -> tuple[Afnemer, str]:
    """Replace the klantcode of the afnemer of a user, as `afnemers.rotate` does.

    A proof of who asks takes its time: somebody who was blocked meanwhile, or whose sessions ended, gets no klantcode.
    Raises NoLongerAllowedError or AfnemerError.
    """
    present = accounts.by_id(connection, of.id)
    if present is None or present.klantnaam is None or not present.is_enabled:
        raise NoLongerAllowedError
    if present.session_version != of.session_version:
        raise NoLongerAllowedError
    return afnemers.rotate(
        connection, server_keys, present.klantnaam, moment, overlap, actor=present.login, seen=seen, ticket=ticket
    )
