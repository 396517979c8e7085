"""The accounts at a provider of OpenID Connect by which users log in: each is bound by the user, never by e-mail.

An account there is known by the issuer and its `sub`, of which a digest is stored. A user has one at a provider, and it
is of one user. Functions take the open connection of the caller.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from hashlib import sha256

import sqlalchemy as sa

from uwlr_adapter.clock import from_utc, to_utc
from uwlr_adapter.gebruikers import accounts
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.gebruikers.errors import InvalidLinkError
from uwlr_adapter.gebruikers.tables import gebruiker, gebruiker_oidc


@dataclass(frozen=True, slots=True)
class ProviderIdentity:
    """The account of a user at a provider; `since` is when the user bound it (UTC)."""

    id: int
    gebruiker_id: int
    since: datetime


class BindOutcome(Enum):
    """The outcome of binding an account at a provider to a user."""

    BOUND = auto()
    WAS_BOUND = auto()
    """To this user already."""
    OF_ANOTHER = auto()
    """The account is of another user."""
    HAS_ANOTHER = auto()
    """The user has another account at this provider."""


def find(connection: sa.Connection, issuer: str, subject: str) -> ProviderIdentity | None:
    """Return the account at a provider with this `sub`; None when no user has it."""
    return _load(connection, gebruiker_oidc.c.subject_digest == _digest(issuer, subject))


def of_gebruiker(connection: sa.Connection, gebruiker_id: int, issuer: str) -> ProviderIdentity | None:
    """Return the account of a user at a provider, or None."""
    table = gebruiker_oidc
    return _load(connection, sa.and_(table.c.gebruiker_id == gebruiker_id, table.c.issuer == issuer))


def bind(connection: sa.Connection, gebruiker_id: int, issuer: str, subject: str, moment: datetime) -> BindOutcome:
    """Bind an account at a provider to a user, unless one of the two has another already; return what came of it."""
    values = {"owner": gebruiker_id, "issuer": issuer, "digest": _digest(issuer, subject), "moment": to_utc(moment)}
    if connection.execute(_BIND, values).rowcount == 1:
        return BindOutcome.BOUND
    found = find(connection, issuer, subject)
    if found is None:
        return BindOutcome.HAS_ANOTHER
    return BindOutcome.WAS_BOUND if found.gebruiker_id == gebruiker_id else BindOutcome.OF_ANOTHER


def accept_link(
    connection: sa.Connection, token: str, issuer: str, subject: str, moment: datetime
) -> tuple[Gebruiker, BindOutcome]:
    """Bind an account at a provider to the user of a one-time link; the link is void then, and every session ends.

    When it cannot be bound, the link stays. Raises InvalidLinkError.
    """
    owner = accounts.by_link(connection, token, moment)
    outcome = bind(connection, owner.id, issuer, subject, moment)
    if outcome in {BindOutcome.BOUND, BindOutcome.WAS_BOUND} and not accounts.use_link(connection, owner.id, token):
        raise InvalidLinkError
    return owner, outcome


def unbind(connection: sa.Connection, gebruiker_id: int, issuer: str) -> bool:
    """Remove the account of a user at a provider, which ends the sessions opened with it; return whether there was one.

    The portal asks for the row at each page of such a session.
    """
    table = gebruiker_oidc
    own = table.delete().where(table.c.gebruiker_id == gebruiker_id, table.c.issuer == issuer)
    return connection.execute(own).rowcount == 1


def is_bound(connection: sa.Connection, identity_id: int, gebruiker_id: int, issuer: str) -> bool:
    """Return whether this very account at a provider is still that of a user."""
    found = of_gebruiker(connection, gebruiker_id, issuer)
    return found is not None and found.id == identity_id


def mark_of(connection: sa.Connection, login: str) -> str | None:
    """Return a text that changes with the accounts of a user at providers; None for a login without any."""
    table = gebruiker_oidc
    own = (
        sa.select(table.c.id, table.c.subject_digest).join(gebruiker).where(gebruiker.c.login == login.strip().lower())
    )
    marks = [f"{row.id} {row.subject_digest}" for row in connection.execute(own.order_by(table.c.id))]
    return ", ".join(marks) or None


def _load(connection: sa.Connection, where: sa.ColumnElement[bool]) -> ProviderIdentity | None:
    row = connection.execute(sa.select(gebruiker_oidc).where(where)).one_or_none()
    return None if row is None else ProviderIdentity(row.id, row.gebruiker_id, from_utc(row.since))


def _digest(issuer: str, subject: str) -> str:
    """Return what an account at a provider is stored as; neither part can hold a NUL."""
    return sha256(f"{issuer}\0{subject}".encode()).hexdigest()


_BIND = sa.text(
    "INSERT INTO gebruiker_oidc (gebruiker_id, issuer, subject_digest, since)"
    " VALUES (:owner, :issuer, :digest, :moment) ON CONFLICT DO NOTHING"
).bindparams(sa.bindparam("moment", type_=sa.DateTime))
