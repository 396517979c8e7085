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
from uwlr_adapter.gebruikers.errors import GebruikerFout, LinkOngeldig
from uwlr_adapter.gebruikers.tables import Rol, gebruiker, gebruiker_vestiging

LINK_GELDIG = timedelta(hours=24)
LINK_BYTES = 32
LANGSTE_NAAM = 200
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,62}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Gebruiker:
    """One user. `vestigingen` are the brin6s it acts for, in order; an operator may have none."""

    id: int
    login: str
    naam: str
    rol: Rol
    vestigingen: tuple[str, ...]
    sessie_versie: int
    uitgeschakeld_op: datetime | None
    heeft_wachtwoord: bool
    link_tot: datetime | None
    totp_nodig: bool
    heeft_totp: bool

    @property
    def is_enabled(self) -> bool:
        """Whether it may log in."""
        return self.uitgeschakeld_op is None

    @property
    def moet_totp_instellen(self) -> bool:
        """Whether it sets up the second factor before anything else."""
        return self.totp_nodig and not self.heeft_totp


@dataclass(frozen=True, slots=True)
class Nieuw:
    """What the operator says of a new user; `login` in any letters."""

    login: str
    naam: str
    rol: Rol
    vestigingen: tuple[str, ...] = ()
    totp_nodig: bool = True


def add(connection: sa.Connection, nieuw: Nieuw, moment: datetime) -> tuple[Gebruiker, str]:
    """Make a user, and give it with the token of its link. Raises GebruikerFout."""
    login = nieuw.login.strip().lower()
    if not _LOGIN.fullmatch(login):
        raise GebruikerFout("a login has 3 to 64 of: letters a-z, digits and . _ @ + - (an e-mail address is fine)")
    if not 0 < len(nieuw.naam.strip()) <= LANGSTE_NAAM:
        raise GebruikerFout(f"a naam has 1 to {LANGSTE_NAAM} characters")
    if find(connection, login) is not None:
        raise GebruikerFout("there is a user with this login already")
    vestigingen = tuple(dict.fromkeys(nieuw.vestigingen))
    if not vestigingen and nieuw.rol is not Rol.OPERATOR:
        raise GebruikerFout(f"a {nieuw.rol} acts for at least one vestiging")
    for brin6 in vestigingen:
        if find_vestiging(connection, brin6) is None:
            raise GebruikerFout(f"there is no vestiging {brin6}: import its records, or add it with `school add`")
    values = {
        "login": login,
        "naam": nieuw.naam.strip(),
        "rol": nieuw.rol,
        "aangemaakt_op": to_utc(moment),
        "sessie_versie": 1,
        "totp_nodig": nieuw.totp_nodig,
    }
    made = connection.execute(gebruiker.insert().values(values).returning(gebruiker.c.id)).scalar_one()
    for brin6 in vestigingen:
        connection.execute(gebruiker_vestiging.insert().values(gebruiker_id=made, brin6=brin6))
    token = _new_link(connection, made, moment)
    return get(connection, login), token


def reset(connection: sa.Connection, login: str, moment: datetime) -> str:
    """Make the password and the second factor void, end every session, and give the token of a new link.

    Raises GebruikerFout for an unknown or disabled user.
    """
    found = get(connection, login)
    if not found.is_enabled:
        raise GebruikerFout("this user is disabled: enable it first")
    _update(
        connection,
        found.id,
        wachtwoord_hash=None,
        totp_geheim=None,
        totp_stap=None,
        sessie_versie=gebruiker.c.sessie_versie + 1,
    )
    return _new_link(connection, found.id, moment)


def disable(connection: sa.Connection, login: str, moment: datetime) -> None:
    """Refuse a user from now on, and end every session; what it agreed to stands. Raises GebruikerFout."""
    found = get(connection, login)
    if found.is_enabled:
        ended = gebruiker.c.sessie_versie + 1
        _update(
            connection,
            found.id,
            uitgeschakeld_op=to_utc(moment),
            sessie_versie=ended,
            link_digest=None,
            link_tot=None,
        )


def enable(connection: sa.Connection, login: str) -> None:
    """Let a disabled user log in again, with the password that it had. Raises GebruikerFout."""
    _update(connection, get(connection, login).id, uitgeschakeld_op=None)


def end_sessions(connection: sa.Connection, gebruiker_id: int) -> None:
    """End every session of a user: somebody logged out."""
    _update(connection, gebruiker_id, sessie_versie=gebruiker.c.sessie_versie + 1)


def by_link(connection: sa.Connection, token: str, moment: datetime) -> Gebruiker:
    """Give the user whose link this is. Raises LinkOngeldig."""
    found = _load(connection, gebruiker.c.link_digest == _link_digest(token))
    if not found or not found[0].is_enabled or found[0].link_tot is None or moment >= found[0].link_tot:
        raise LinkOngeldig
    return found[0]


def set_password(connection: sa.Connection, token: str, wachtwoord_hash: str, moment: datetime) -> Gebruiker:
    """Store the hash of the password that the owner of a link chose; the link is used up. Raises LinkOngeldig."""
    found = by_link(connection, token, moment)
    result = connection.execute(
        gebruiker.update()
        .where(gebruiker.c.id == found.id, gebruiker.c.link_digest == _link_digest(token))
        .values(
            wachtwoord_hash=wachtwoord_hash,
            link_digest=None,
            link_tot=None,
            sessie_versie=gebruiker.c.sessie_versie + 1,
        )
    )
    if result.rowcount != 1:  # used in this very moment by somebody else
        raise LinkOngeldig
    return get(connection, found.login)


def authenticate(connection: sa.Connection, login: str, wachtwoord: str) -> Gebruiker | None:
    """Give the user with this login and password; unknown, wrong and disabled cost the same work."""
    normal = login.strip().lower()
    hash_ = connection.scalar(sa.select(gebruiker.c.wachtwoord_hash).where(gebruiker.c.login == normal))
    goed = wachtwoorden.matches(hash_, wachtwoord)
    found = find(connection, normal)
    return found if goed and found is not None and found.is_enabled else None


def refresh_hash(connection: sa.Connection, gebruiker_id: int, wachtwoord: str) -> None:
    """Store a password that was just right anew, when its hash was made with less work than is usual now."""
    hash_ = connection.scalar(sa.select(gebruiker.c.wachtwoord_hash).where(gebruiker.c.id == gebruiker_id))
    if hash_ is not None and wachtwoorden.is_outdated(hash_):
        _update(connection, gebruiker_id, wachtwoord_hash=wachtwoorden.make_hash(wachtwoord))


def totp_of(connection: sa.Connection, gebruiker_id: int) -> tuple[str | None, int | None]:
    """Give the sealed secret of the second factor, and the last time step that was used."""
    row = connection.execute(
        sa.select(gebruiker.c.totp_geheim, gebruiker.c.totp_stap).where(gebruiker.c.id == gebruiker_id)
    ).one_or_none()
    return (None, None) if row is None else (row.totp_geheim, row.totp_stap)


def set_totp(connection: sa.Connection, gebruiker_id: int, verzegeld: str, stap: int) -> bool:
    """Store a second factor whose first code was right; False when there is one already."""
    result = connection.execute(
        gebruiker.update()
        .where(gebruiker.c.id == gebruiker_id, gebruiker.c.totp_geheim.is_(None))
        .values(totp_geheim=verzegeld, totp_stap=stap)
    )
    return result.rowcount == 1


def use_step(connection: sa.Connection, gebruiker_id: int, stap: int, verzegeld: str) -> bool:
    """Use up a time step, and keep the secret as it is sealed now; False when the step was used just before."""
    result = connection.execute(
        gebruiker.update()
        .where(gebruiker.c.id == gebruiker_id)
        .where(sa.or_(gebruiker.c.totp_stap.is_(None), gebruiker.c.totp_stap < stap))
        .values(totp_stap=stap, totp_geheim=verzegeld)
    )
    return result.rowcount == 1


def find(connection: sa.Connection, login: str) -> Gebruiker | None:
    """Give the user with this login, in any letters, if any."""
    found = _load(connection, gebruiker.c.login == login.strip().lower())
    return found[0] if found else None


def get(connection: sa.Connection, login: str) -> Gebruiker:
    """Give the user with this login. Raises GebruikerFout."""
    found = find(connection, login)
    if found is None:
        raise GebruikerFout("there is no user with this login")
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
    _update(connection, gebruiker_id, link_digest=_link_digest(token), link_tot=to_utc(moment + LINK_GELDIG))
    return token


def _link_digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _update(connection: sa.Connection, gebruiker_id: int, **values: object) -> None:
    connection.execute(gebruiker.update().where(gebruiker.c.id == gebruiker_id).values(values))


def _load(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[Gebruiker]:
    rows = connection.execute(sa.select(gebruiker).where(*where).order_by(gebruiker.c.login)).all()
    ids = [row.id for row in rows]
    eigen: dict[int, list[str]] = {}
    table = gebruiker_vestiging
    for row in connection.execute(sa.select(table).where(table.c.gebruiker_id.in_(ids)).order_by(table.c.brin6)):
        eigen.setdefault(row.gebruiker_id, []).append(row.brin6)
    return [_record(row, tuple(eigen.get(row.id, ()))) for row in rows]


def _record(row: sa.Row[Any], vestigingen: tuple[str, ...]) -> Gebruiker:
    return Gebruiker(
        id=row.id,
        login=row.login,
        naam=row.naam,
        rol=Rol(row.rol),
        vestigingen=vestigingen,
        sessie_versie=row.sessie_versie,
        uitgeschakeld_op=None if row.uitgeschakeld_op is None else from_utc(row.uitgeschakeld_op),
        heeft_wachtwoord=row.wachtwoord_hash is not None,
        link_tot=None if row.link_tot is None else from_utc(row.link_tot),
        totp_nodig=row.totp_nodig,
        heeft_totp=row.totp_geheim is not None,
    )
