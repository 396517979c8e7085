"""The users of the portal in the database. Functions take the open connection of the caller.

A user is made with a one-time link, by which the person sets a password; the operator never knows one. `reset` makes
the password and the second factor void at once and gives a new link. Whatever takes away access ends every session.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.schools import find_vestiging
from uwlr_adapter.clock import from_utc, to_utc
from uwlr_adapter.gebruikers import passwords as wachtwoorden
from uwlr_adapter.gebruikers.errors import GebruikerError, InvalidLinkError
from uwlr_adapter.gebruikers.tables import GebruikerRol, gebruiker, gebruiker_vestiging

LINK_LIFETIME = timedelta(hours=24)
LINK_BYTES = 32
MAX_NAAM = 200
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,62}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Gebruiker:
    """One user. `vestigingen` are the brin6s it acts for, in order; an operator may have none."""

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
        """Whether it may log in."""
        return self.disabled_at is None

    @property
    def must_set_up_totp(self) -> bool:
        """Whether it sets up the second factor before anything else."""
        return self.needs_totp and not self.has_totp


@dataclass(frozen=True, slots=True)
class NewGebruiker:
    """What the operator says of a new user; `login` in any letters."""

    login: str
    naam: str
    rol: GebruikerRol
    vestigingen: tuple[str, ...] = ()
    needs_totp: bool = True


def add(connection: sa.Connection, new: NewGebruiker, moment: datetime) -> tuple[Gebruiker, str]:
    """Make a user, and give it with the token of its link. Raises GebruikerError."""
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
    made = connection.execute(gebruiker.insert().values(values).returning(gebruiker.c.id)).scalar_one()
    for brin6 in vestigingen:
        connection.execute(gebruiker_vestiging.insert().values(gebruiker_id=made, brin6=brin6))
    token = _new_link(connection, made, moment)
    return get(connection, login), token


def reset(connection: sa.Connection, login: str, moment: datetime) -> str:
    """Make the password and the second factor void, end every session, and give the token of a new link.

    Raises GebruikerError for an unknown or disabled user.
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
    return _new_link(connection, found.id, moment)


def disable(connection: sa.Connection, login: str, moment: datetime) -> None:
    """Refuse a user from now on, and end every session; what it agreed to stands. Raises GebruikerError."""
    found = get(connection, login)
    if found.is_enabled:
        ended = gebruiker.c.session_version + 1
        _update(
            connection,
            found.id,
            disabled_at=to_utc(moment),
            session_version=ended,
            link_digest=None,
            link_until=None,
        )


def enable(connection: sa.Connection, login: str) -> None:
    """Let a disabled user log in again, with the password that it had. Raises GebruikerError."""
    _update(connection, get(connection, login).id, disabled_at=None)


def end_sessions(connection: sa.Connection, gebruiker_id: int) -> None:
    """End every session of a user: somebody logged out."""
    _update(connection, gebruiker_id, session_version=gebruiker.c.session_version + 1)


def by_link(connection: sa.Connection, token: str, moment: datetime) -> Gebruiker:
    """Give the user whose link this is. Raises InvalidLinkError."""
    found = _load(connection, gebruiker.c.link_digest == _link_digest(token))
    if not found or not found[0].is_enabled or found[0].link_until is None or moment >= found[0].link_until:
        raise InvalidLinkError
    return found[0]


def set_password(connection: sa.Connection, token: str, password_hash: str, moment: datetime) -> Gebruiker:
    """Store the hash of the password that the owner of a link chose; the link is used up. Raises InvalidLinkError."""
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
    if result.rowcount != 1:  # used in this very moment by somebody else
        raise InvalidLinkError
    return get(connection, found.login)


def authenticate(connection: sa.Connection, login: str, wachtwoord: str) -> Gebruiker | None:
    """Give the user with this login and password; unknown, wrong and disabled cost the same work."""
    normal = login.strip().lower()
    hash_ = connection.scalar(sa.select(gebruiker.c.password_hash).where(gebruiker.c.login == normal))
    good = wachtwoorden.matches(hash_, wachtwoord)
    found = find(connection, normal)
    return found if good and found is not None and found.is_enabled else None


def refresh_hash(connection: sa.Connection, gebruiker_id: int, wachtwoord: str) -> None:
    """Store a password that was just right anew, when its hash was made with less work than is usual now."""
    hash_ = connection.scalar(sa.select(gebruiker.c.password_hash).where(gebruiker.c.id == gebruiker_id))
    if hash_ is not None and wachtwoorden.is_outdated(hash_):
        _update(connection, gebruiker_id, password_hash=wachtwoorden.make_hash(wachtwoord))


def totp_of(connection: sa.Connection, gebruiker_id: int) -> tuple[str | None, int | None]:
    """Give the sealed secret of the second factor, and the last time step that was used."""
    row = connection.execute(
        sa.select(gebruiker.c.totp_secret, gebruiker.c.totp_step).where(gebruiker.c.id == gebruiker_id)
    ).one_or_none()
    return (None, None) if row is None else (row.totp_secret, row.totp_step)


def set_totp(connection: sa.Connection, gebruiker_id: int, sealed: str, step: int) -> bool:
    """Store a second factor whose first code was right; False when there is one already."""
    result = connection.execute(
        gebruiker.update()
        .where(gebruiker.c.id == gebruiker_id, gebruiker.c.totp_secret.is_(None))
        .values(totp_secret=sealed, totp_step=step)
    )
    return result.rowcount == 1


def use_step(connection: sa.Connection, gebruiker_id: int, step: int, sealed: str) -> bool:
    """Use up a time step, and keep the secret as it is sealed now; False when the step was used just before."""
    result = connection.execute(
        gebruiker.update()
        .where(gebruiker.c.id == gebruiker_id)
        .where(sa.or_(gebruiker.c.totp_step.is_(None), gebruiker.c.totp_step < step))
        .values(totp_step=step, totp_secret=sealed)
    )
    return result.rowcount == 1


def find(connection: sa.Connection, login: str) -> Gebruiker | None:
    """Give the user with this login, in any letters, if any."""
    found = _load(connection, gebruiker.c.login == login.strip().lower())
    return found[0] if found else None


def get(connection: sa.Connection, login: str) -> Gebruiker:
    """Give the user with this login. Raises GebruikerError."""
    found = find(connection, login)
    if found is None:
        raise GebruikerError("there is no user with this login")
    return found


def by_id(connection: sa.Connection, gebruiker_id: int) -> Gebruiker | None:
    """Give the user with this id, if any."""
    found = _load(connection, gebruiker.c.id == gebruiker_id)
    return found[0] if found else None


def list_all(connection: sa.Connection) -> list[Gebruiker]:
    """Give every user, by login."""
    return _load(connection)


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
    own: dict[int, list[str]] = {}
    table = gebruiker_vestiging
    for row in connection.execute(sa.select(table).where(table.c.gebruiker_id.in_(ids)).order_by(table.c.brin6)):
        own.setdefault(row.gebruiker_id, []).append(row.brin6)
    return [_record(row, tuple(own.get(row.id, ()))) for row in rows]


def _record(row: sa.Row[Any], vestigingen: tuple[str, ...]) -> Gebruiker:
    return Gebruiker(
        id=row.id,
        login=row.login,
        naam=row.naam,
        rol=GebruikerRol(row.rol),
        vestigingen=vestigingen,
        session_version=row.session_version,
        disabled_at=None if row.disabled_at is None else from_utc(row.disabled_at),
        has_password=row.password_hash is not None,
        link_until=None if row.link_until is None else from_utc(row.link_until),
        needs_totp=row.totp_required,
        has_totp=row.totp_secret is not None,
    )
