"""The users of the portal in the database. Functions take the open connection of the caller.

A new user gets a one-time link to set a password, so the operator never knows the password. `reset` erases the
password and the second factor at once and makes a new link. Every change that takes away access ends all sessions of
the user.
"""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.schools import find_vestiging
from uwlr_adapter.clock import any_from_utc, from_utc, to_utc
from uwlr_adapter.gebruikers import passwords
from uwlr_adapter.gebruikers.errors import GebruikerError, InvalidLinkError
from uwlr_adapter.gebruikers.tables import GebruikerRol, gebruiker, gebruiker_oidc, gebruiker_vestiging
from uwlr_adapter.keys import known_keys

LINK_LIFETIME = timedelta(hours=24)
"""How long a link to set a password is valid, exclusive."""
LINK_BYTES = 32
"""The number of random bytes in the token of a link."""
MAX_NAAM = 200
"""The maximum length of a naam of a user in characters (inclusive)."""
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,62}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Gebruiker:
    """One user of the portal.

    `vestigingen` are the brin6s that the user acts for, in ascending order; an operator may have none. A session of
    another `session_version` is not accepted. `link_until` is when the link expires (exclusive, UTC); None without one.
    """

    id: int
    login: str
    naam: str
    rol: GebruikerRol
    vestigingen: tuple[str, ...]
    session_version: int
    disabled_at: datetime | None
    has_password: bool
    link_until: datetime | None
    needs_totp: bool
    has_totp: bool

    @property
    def is_enabled(self) -> bool:
        """Whether the user may log in."""
        return self.disabled_at is None

    @property
    def must_set_up_totp(self) -> bool:
        """Whether the user must set up the second factor before any other page."""
        return self.needs_totp and not self.has_totp


@dataclass(frozen=True, slots=True)
class NewGebruiker:
    """A new user as the operator enters it; the case of `login` does not matter."""

    login: str
    naam: str
    rol: GebruikerRol
    vestigingen: tuple[str, ...] = ()
    needs_totp: bool = True


def add(connection: sa.Connection, new: NewGebruiker, moment: datetime) -> tuple[Gebruiker, str]:
    """Create a user, and return it with the token of its link. Raises GebruikerError."""
    login = new.login.strip().lower()
    if not _LOGIN.fullmatch(login):
        raise GebruikerError("a login has 3 to 64 of: letters a-z, digits and . _ @ + - (an e-mail address is fine)")
    if not 0 < len(new.naam.strip()) <= MAX_NAAM:
        raise GebruikerError(f"a naam has 1 to {MAX_NAAM} characters")
    if find(connection, login) is not None:
        raise GebruikerError("there is a user with this login already")
    vestigingen = tuple(dict.fromkeys(new.vestigingen))
    if not vestigingen and new.rol is not GebruikerRol.OPERATOR:
        raise GebruikerError(f"a {new.rol} acts for at least one vestiging")
    for brin6 in vestigingen:
        if find_vestiging(connection, brin6) is None:
            raise GebruikerError(f"there is no vestiging {brin6}: import its records, or add it with `school add`")
    values = {
        "login": login,
        "naam": new.naam.strip(),
        "rol": new.rol,
        "created_at": to_utc(moment),
        "session_version": 1,
        "totp_required": new.needs_totp,
    }
    new_id = connection.execute(gebruiker.insert().values(values).returning(gebruiker.c.id)).scalar_one()
    for brin6 in vestigingen:
        connection.execute(gebruiker_vestiging.insert().values(gebruiker_id=new_id, brin6=brin6))
    token = _new_link(connection, new_id, moment)
    return get(connection, login), token


def give_access(connection: sa.Connection, brin6: str, into: str) -> list[str]:
    """Let every user who acts for a vestiging act for another one as well; return their logins, in ascending order.

    A fusie gave the other one its records.
    """
    table = gebruiker_vestiging
    own, known = (
        set(connection.scalars(sa.select(table.c.gebruiker_id).where(table.c.brin6 == one))) for one in (brin6, into)
    )
    new = sorted(own - known)
    for gebruiker_id in new:
        connection.execute(table.insert().values(gebruiker_id=gebruiker_id, brin6=into))
    return sorted(connection.scalars(sa.select(gebruiker.c.login).where(gebruiker.c.id.in_(new))))


def reset(connection: sa.Connection, login: str, moment: datetime) -> str:
    """Erase the password, the second factor and the account at a provider, end every session, and return a new link.

    The link is returned as its token. Raises GebruikerError for an unknown or disabled user.
    """
    found = get(connection, login)
    if not found.is_enabled:
        raise GebruikerError("this user is disabled: enable it first")
    _update(
        connection,
        found.id,
        password_hash=None,
        totp_secret=None,
        totp_step=None,
        session_version=gebruiker.c.session_version + 1,
    )
    connection.execute(gebruiker_oidc.delete().where(gebruiker_oidc.c.gebruiker_id == found.id))
    return _new_link(connection, found.id, moment)


def disable(connection: sa.Connection, login: str, moment: datetime) -> None:
    """Disable a user: end every session and void the link; agreements remain. Raises GebruikerError when unknown."""
    found = get(connection, login)
    if found.is_enabled:
        _update(
            connection,
            found.id,
            disabled_at=to_utc(moment),
            session_version=gebruiker.c.session_version + 1,
            link_digest=None,
            link_until=None,
        )


def enable(connection: sa.Connection, login: str) -> None:
    """Enable a disabled user, with the password from before. Raises GebruikerError when unknown."""
    _update(connection, get(connection, login).id, disabled_at=None)


def end_sessions(connection: sa.Connection, gebruiker_id: int) -> None:
    """End every session of a user; a logout ends them all."""
    _update(connection, gebruiker_id, session_version=gebruiker.c.session_version + 1)


def by_link(connection: sa.Connection, token: str, moment: datetime) -> Gebruiker:
    """Return the user of a link. Raises InvalidLinkError when it is unknown, used or expired, or its user disabled."""
    found = _load(connection, gebruiker.c.link_digest == _link_digest(token))
    if not found or not found[0].is_enabled or found[0].link_until is None or moment >= found[0].link_until:
        raise InvalidLinkError
    return found[0]


def set_password(connection: sa.Connection, token: str, password_hash: str, moment: datetime) -> Gebruiker:
    """Store the hash of the password that the owner of a link chose, and void the link. Raises InvalidLinkError."""
    found = by_link(connection, token, moment)
    result = connection.execute(
        gebruiker.update()
        .where(gebruiker.c.id == found.id, gebruiker.c.link_digest == _link_digest(token))
        .values(
            password_hash=password_hash,
            link_digest=None,
            link_until=None,
            session_version=gebruiker.c.session_version + 1,
        )
    )
    if result.rowcount != 1:  # another request used the link after the check above
        raise InvalidLinkError
    return get(connection, found.login)


def use_link(connection: sa.Connection, gebruiker_id: int, token: str) -> bool:
    """Void the link of a user, and end every session; return False when another request used it meanwhile."""
    result = connection.execute(
        gebruiker.update()
        .where(gebruiker.c.id == gebruiker_id, gebruiker.c.link_digest == _link_digest(token))
        .values(link_digest=None, link_until=None, session_version=gebruiker.c.session_version + 1)
    )
    return result.rowcount == 1


def authenticate(connection: sa.Connection, login: str, password: str) -> Gebruiker | None:
    """Return the enabled user with this login and password, else None; every outcome costs the same work."""
    is_right = passwords.matches(password_hash_of(connection, login), password)
    found = find(connection, login)
    return found if is_right and found is not None and found.is_enabled else None


def password_hash_of(connection: sa.Connection, login: str) -> str | None:
    """Return the stored hash of the password of a login, in any case; None without one, and for an unknown login."""
    query = sa.select(gebruiker.c.password_hash).where(gebruiker.c.login == login.strip().lower())
    return connection.scalar(query)


def replace_hash(connection: sa.Connection, gebruiker_id: int, old: str, new: str) -> None:
    """Store another hash of the password of a user, unless the stored one is no longer `old`: another password."""
    of_password = (gebruiker.c.id == gebruiker_id, gebruiker.c.password_hash == old)
    connection.execute(gebruiker.update().where(*of_password).values(password_hash=new))


def totp_of(connection: sa.Connection, gebruiker_id: int) -> tuple[str | None, int | None]:
    """Return the sealed secret of the second factor and the last used time step; each None without one."""
    row = connection.execute(
        sa.select(gebruiker.c.totp_secret, gebruiker.c.totp_step).where(gebruiker.c.id == gebruiker_id)
    ).one_or_none()
    return (None, None) if row is None else (row.totp_secret, row.totp_step)


def set_totp(connection: sa.Connection, gebruiker_id: int, sealed: str, step: int) -> bool:
    """Store a second factor with the time step of its first code; return False when the user has one already."""
    result = connection.execute(
        gebruiker.update()
        .where(gebruiker.c.id == gebruiker_id, gebruiker.c.totp_secret.is_(None))
        .values(totp_secret=sealed, totp_step=step)
    )
    return result.rowcount == 1


def use_step(connection: sa.Connection, gebruiker_id: int, step: int, old: str, sealed: str) -> bool:
    """Store a time step as used, and the secret as sealed now.

    Return False when that step or a later one was used already, or the secret is no longer `old`: it was reset.
    """
    result = connection.execute(
        gebruiker.update()
        .where(gebruiker.c.id == gebruiker_id, gebruiker.c.totp_secret == old)
        .where(sa.or_(gebruiker.c.totp_step.is_(None), gebruiker.c.totp_step < step))
        .values(totp_step=step, totp_secret=sealed)
    )
    return result.rowcount == 1


def find(connection: sa.Connection, login: str) -> Gebruiker | None:
    """Return the user with this login, in any case; None when unknown."""
    found = _load(connection, gebruiker.c.login == login.strip().lower())
    return found[0] if found else None


def get(connection: sa.Connection, login: str) -> Gebruiker:
    """Return the user with this login, in any case. Raises GebruikerError when unknown."""
    found = find(connection, login)
    if found is None:
        raise GebruikerError("there is no user with this login")
    return found


def by_id(connection: sa.Connection, gebruiker_id: int) -> Gebruiker | None:
    """Return the user with this id; None when unknown."""
    found = _load(connection, gebruiker.c.id == gebruiker_id)
    return found[0] if found else None


def names_of(connection: sa.Connection, logins: Iterable[str]) -> dict[str, tuple[str, datetime]]:
    """Return by login the name of each user that is still known, and since when there is an account (UTC)."""
    query = sa.select(gebruiker.c.login, gebruiker.c.naam, gebruiker.c.created_at).where(
        gebruiker.c.login.in_(set(logins))
    )
    return {row.login: (row.naam, from_utc(row.created_at)) for row in connection.execute(query)}


def list_all(connection: sa.Connection) -> list[Gebruiker]:
    """Return every user, in the order of the logins."""
    return _load(connection)


def list_of_vestiging(connection: sa.Connection, brin6: str) -> list[Gebruiker]:
    """Return the users who act for a vestiging, in the order of the logins."""
    acts_for = sa.select(gebruiker_vestiging.c.gebruiker_id).where(gebruiker_vestiging.c.brin6 == brin6)
    return _load(connection, gebruiker.c.id.in_(acts_for))


def list_under_key(connection: sa.Connection, name: str) -> list[str]:
    """Return the logins of the users whose second factor is stored under a server key, in their order."""
    query = sa.select(gebruiker.c.login).where(known_keys.needs(gebruiker.c.totp_secret, name))
    return sorted(connection.scalars(query))


def _new_link(connection: sa.Connection, gebruiker_id: int, moment: datetime) -> str:
    token = secrets.token_urlsafe(LINK_BYTES)
    _update(connection, gebruiker_id, link_digest=_link_digest(token), link_until=to_utc(moment + LINK_LIFETIME))
    return token


def _link_digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _update(connection: sa.Connection, gebruiker_id: int, **values: object) -> None:
    connection.execute(gebruiker.update().where(gebruiker.c.id == gebruiker_id).values(values))


def _load(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[Gebruiker]:
    rows = connection.execute(sa.select(gebruiker).where(*where).order_by(gebruiker.c.login)).all()
    ids = [row.id for row in rows]
    brin6s: dict[int, list[str]] = {}
    table = gebruiker_vestiging
    for row in connection.execute(sa.select(table).where(table.c.gebruiker_id.in_(ids)).order_by(table.c.brin6)):
        brin6s.setdefault(row.gebruiker_id, []).append(row.brin6)
    return [_record(row, tuple(brin6s.get(row.id, ()))) for row in rows]


def _record(row: sa.Row[Any], vestigingen: tuple[str, ...]) -> Gebruiker:
    return Gebruiker(
        id=row.id,
        login=row.login,
        naam=row.naam,
        rol=GebruikerRol(row.rol),
        vestigingen=vestigingen,
        session_version=row.session_version,
        disabled_at=any_from_utc(row.disabled_at),
        has_password=row.password_hash is not None,
        link_until=any_from_utc(row.link_until),
        needs_totp=row.totp_required,
        has_totp=row.totp_secret is not None,
    )
