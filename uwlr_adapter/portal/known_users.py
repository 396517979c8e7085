"""The names of users beside their logins, for whoever reads who did what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.gebruikers import accounts


@dataclass(frozen=True, slots=True)
class KnownUsers:
    """Users by login, each with a name and the moment since which there is an account (UTC)."""

    by_login: Mapping[str, tuple[str, datetime]] = field(repr=False)

    def named(self, login: str, moment: datetime) -> str:
        """Return a user who did something at a moment as name and login; without a name when it is not known.

        An account that was made later is of somebody else: a login can be handed out again.
        """
        naam, since = self.by_login.get(login, ("", moment))
        return f"{naam} ({login})" if naam and since <= moment else login


NOBODY_KNOWN = KnownUsers({})
"""Nobody has a name."""


def known_users(connection: sa.Connection, logins: Iterable[str | None]) -> KnownUsers:
    """Return the users with these logins, as far as they are still known."""
    return KnownUsers(accounts.names_of(connection, filter(None, logins)))
