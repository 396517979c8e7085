"""The users of an afnemer, when their afnemer is disabled.

While it is disabled none of them may log in or stay (`Gebruiker.is_enabled`). Their sessions end for good, so that
none comes back to life when the afnemer is enabled again.
"""

from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.gebruikers.tables import gebruiker, gebruiker_afnemer
from uwlr_adapter.koppelingen import afnemers


def disable(connection: sa.Connection, klantnaam: str, moment: datetime, *, actor: str) -> None:
    """Refuse every call of an afnemer from now on; end the sessions of its users, and void their links.

    Raises AfnemerError.
    """
    afnemers.disable(connection, klantnaam, moment, actor=actor)
    found = afnemers.get(connection, klantnaam)
    own = sa.select(gebruiker_afnemer.c.gebruiker_id).where(gebruiker_afnemer.c.afnemer_id == found.id)
    values = {"session_version": gebruiker.c.session_version + 1, "link_digest": None, "link_until": None}
    connection.execute(gebruiker.update().where(gebruiker.c.id.in_(own)).values(values))
