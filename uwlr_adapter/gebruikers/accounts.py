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
from uwlr_adapter.db.locks import lock
from uwlr_adapter.gebruikers import groep_access, passwords
from uwlr_adapter.gebruikers.errors import GebruikerError, InvalidLinkError
from uwlr_adapter.gebruikers.groep_access import GroepAccess
from uwlr_adapter.gebruikers.tables import (
    STORED_ROLES,
    GebruikerRol,
    gebruiker,
    gebruiker_afnemer,
    gebruiker_oidc,
    gebruiker_vestiging,
    lezer_vestiging,
    recovery_code,
)
from uwlr_adapter.keys import known_keys
from uwlr_adapter.koppelingen import afnemers
from uwlr_adapter.koppelingen.tables import afnemer

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

    `vestigingen` are the brin6s that the user sees, in ascending order; an operator may have none. `reads` are those
    among them for which the user does not act. A session of another `session_version` is not accepted. `version` is
    one more after each act on the user. `link_until` is when the link expires (exclusive, UTC); None without one.
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
    has_provider: bool = False
    """Whether an account at a provider is bound to the user."""
    reads: frozenset[str] = frozenset()
    version: int = 1
    last_login_at: datetime | None = None
    previous_login_at: datetime | None = None
    """The login before the last one."""
    afnemer_id: int | None = None
    """The afnemer that a user in that role is of, with its klantnaam; None in every other role."""
    klantnaam: str | None = None
    is_kept_out: bool = False
    """Whether the afnemer of the user is disabled."""
    groepen: tuple[GroepAccess, ...] = ()
    """The groepen whose results the user sees, also those of a schooljaar that has ended or is to come."""

    def groepen_at(self, moment: datetime, brin6: str | None = None) -> tuple[GroepAccess, ...]:
        """Return those of `groepen` that the user sees at a moment, at one vestiging or everywhere."""
        return tuple(one for one in self.groepen if one.holds_at(moment) and brin6 in {None, one.brin6})

    def has_access_after(self, moment: datetime) -> bool:
        """Return whether the user has access to anything of a school at a moment, or will have it."""
        return bool(self.vestigingen) or any(moment < one.until for one in self.groepen)

    @property
    def places(self) -> tuple[str, ...]:
        """`vestigingen` and those of `groepen`, in ascending order: those for which the account is of importance."""
        return tuple(sorted({*self.vestigingen, *(one.brin6 for one in self.groepen)}))

    def rol_at(self, brin6: str) -> GebruikerRol:
        """Return the role of the user at one of `vestigingen`: lezer where the user does not act.

        What a leerkracht sees is no part of it.
        """
        return GebruikerRol.LEZER if brin6 in self.reads else self.rol

    @property
    def acts_for(self) -> tuple[str, ...]:
        """Those of `vestigingen` for which the user acts, in ascending order."""
        return tuple(one for one in self.vestigingen if one not in self.reads)

    @property
    def is_enabled(self) -> bool:
        """Whether the user may log in: neither blocked, nor of an afnemer that is disabled."""
        return self.disabled_at is None and not self.is_kept_out

    @property
    def is_blocked(self) -> bool:
        """Whether the user itself was blocked."""
        return self.disabled_at is not None

    @property
    def has_way_in(self) -> bool:
        """Whether the user has a password, or an account at a provider, and needs no link."""
        return self.has_password or self.has_provider

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
    klantnaam: str | None = None
    """That of the afnemer of a user in that role."""


def add(
    connection: sa.Connection, new: NewGebruiker, moment: datetime, token: str | None = None
) -> tuple[Gebruiker, str]:
    """Create a user, and return it with the token of its link, the given one if any. Raises GebruikerError."""
    login = require_login(new.login)
    if new.rol is GebruikerRol.LEERKRACHT:
        raise GebruikerError("the school gives a leerkracht its groepen: on the page Leerkrachten of the vestiging")
    lock(connection, lock_name(login))
    if not 0 < len(new.naam.strip()) <= MAX_NAAM:
        raise GebruikerError(f"a naam has 1 to {MAX_NAAM} characters")
    if find(connection, login) is not None:
        raise GebruikerError("there is a user with this login already")
    vestigingen = tuple(dict.fromkeys(new.vestigingen))
    afnemer_id = _require_afnemer(connection, new)
    if afnemer_id is not None and vestigingen:
        raise GebruikerError("a user of an afnemer acts for no vestiging")
    if not vestigingen and afnemer_id is None and new.rol is not GebruikerRol.OPERATOR:
        raise GebruikerError(f"a {new.rol} acts for at least one vestiging")
    for brin6 in vestigingen:
        if find_vestiging(connection, brin6) is None:
            raise GebruikerError(f"there is no vestiging {brin6}: import its records, or add it with `school add`")
    values = {
        "login": login,
        "naam": new.naam.strip(),
        "rol": stored_rol(new.rol),
        "created_at": to_utc(moment),
        "session_version": 1,
        "totp_required": new.needs_totp,
    }
    new_id = connection.execute(gebruiker.insert().values(values).returning(gebruiker.c.id)).scalar_one()
    for brin6 in vestigingen:
        connection.execute(place_of(new.rol).insert().values(gebruiker_id=new_id, brin6=brin6))
    if afnemer_id is not None:
        connection.execute(gebruiker_afnemer.insert().values(gebruiker_id=new_id, afnemer_id=afnemer_id))
    made = _new_link(connection, new_id, moment, token)
    return get(connection, login), made


def _require_afnemer(connection: sa.Connection, new: NewGebruiker) -> int | None:
    """Return the id of the afnemer of a new user in that role; None in any other role. Raises GebruikerError."""
    if new.rol is not GebruikerRol.AFNEMER:
        if new.klantnaam is not None:
            raise GebruikerError("only a user in the role afnemer is of an afnemer")
        return None
    found = None if new.klantnaam is None else afnemers.find(connection, new.klantnaam)
    if found is None:
        raise GebruikerError("there is no afnemer with this klantnaam")
    return found.id


def lock_name(login: str) -> str:
    """Return the name of the lock under which an account with a login is made."""
    return f"login {login}"


def require_login(login: str) -> str:
    """Return a login as it is stored. Raises GebruikerError for one of another form."""
    stored = login.strip().lower()
    if not _LOGIN.fullmatch(stored):
        raise GebruikerError("a login has 3 to 64 of: letters a-z, digits and . _ @ + - (an e-mail address is fine)")
    return stored


def stored_rol(rol: GebruikerRol) -> GebruikerRol:
    """Return the role that the column `rol` holds for a role."""
    return rol if rol in STORED_ROLES else GebruikerRol.SCHOOLBEHEERDER


def place_of(rol: GebruikerRol) -> sa.Table:
    """Return the table with the vestigingen of users in a role. Raises ValueError for a leerkracht, who has none."""
    if rol is GebruikerRol.LEERKRACHT:
        raise ValueError("a leerkracht has groepen, and no vestiging")
    return lezer_vestiging if rol is GebruikerRol.LEZER else gebruiker_vestiging


def give_access(connection: sa.Connection, brin6: str, into: str) -> list[str]:
    """Give every user of a vestiging the same role at another one as well; return their logins, in ascending order.

    A fusie gave the other one its records. Who acts for that one already does not become its lezer.
    """
    new = groep_access.copy(connection, brin6, into)
    of_into = {id_ for table in (gebruiker_vestiging, lezer_vestiging) for id_ in _users_at(connection, table, into)}
    for table in (gebruiker_vestiging, lezer_vestiging):
        for gebruiker_id in sorted(_users_at(connection, table, brin6) - of_into):
            connection.execute(table.insert().values(gebruiker_id=gebruiker_id, brin6=into))
            of_into.add(gebruiker_id)
            new.add(gebruiker_id)
    return sorted(connection.scalars(sa.select(gebruiker.c.login).where(gebruiker.c.id.in_(new))))


def _users_at(connection: sa.Connection, table: sa.Table, brin6: str) -> set[int]:
    return set(connection.scalars(sa.select(table.c.gebruiker_id).where(table.c.brin6 == brin6)))


def reset(connection: sa.Connection, login: str, moment: datetime, token: str | None = None) -> str:
    """Erase the password, the second factor with its recovery codes and the account at a provider; return a new link.

    Every session ends. The link is returned as its token: `token`, if the caller has made one. Raises GebruikerError
    for an unknown or disabled user.
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
        version=gebruiker.c.version + 1,
    )
    for table in (gebruiker_oidc, recovery_code):
        connection.execute(table.delete().where(table.c.gebruiker_id == found.id))
    return _new_link(connection, found.id, moment, token)


def disable(connection: sa.Connection, login: str, moment: datetime) -> None:
    """Disable a user: end every session and void the link; agreements remain. Raises GebruikerError when unknown."""
    found = get(connection, login)
    if not found.is_blocked:
        _update(
            connection,
            found.id,
            disabled_at=to_utc(moment),
            session_version=gebruiker.c.session_version + 1,
            version=gebruiker.c.version + 1,
            link_digest=None,
            link_until=None,
        )


def enable(connection: sa.Connection, login: str) -> None:
    """Enable a disabled user, with the password from before. Raises GebruikerError when unknown."""
    _update(connection, get(connection, login).id, disabled_at=None, version=gebruiker.c.version + 1)


def end_sessions(connection: sa.Connection, gebruiker_id: int) -> None:
    """End every session of a user; a logout ends them all."""
    _update(connection, gebruiker_id, session_version=gebruiker.c.session_version + 1)


def by_link(connection: sa.Connection, token: str, moment: datetime) -> Gebruiker:
    """Return the user of a link. Raises InvalidLinkError when it is unknown, used or expired, or its user disabled."""
    found = _load(connection, gebruiker.c.link_digest == link_digest(token))
    if not found or not found[0].is_enabled or found[0].link_until is None or moment >= found[0].link_until:
        raise InvalidLinkError
    return found[0]


def set_password(connection: sa.Connection, token: str, password_hash: str, moment: datetime) -> Gebruiker:
    """Store the hash of the password that the owner of a link chose, and void the link. Raises InvalidLinkError."""
    found = by_link(connection, token, moment)
    result = connection.execute(
        gebruiker.update()
        .where(gebruiker.c.id == found.id, gebruiker.c.link_digest == link_digest(token))
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
        .where(gebruiker.c.id == gebruiker_id, gebruiker.c.link_digest == link_digest(token))
        .values(link_digest=None, link_until=None, session_version=gebruiker.c.session_version + 1)
    )
    return result.rowcount == 1


def change_password(connection: sa.Connection, gebruiker_id: int, seen: int, new: str) -> bool:
    """Store the hash of another password, end every session, and void the link, if there is one.

    `seen` is the session version of who asks; return False when it is another one by now: the user was reset.
    """
    result = connection.execute(
        gebruiker.update()
        .where(gebruiker.c.id == gebruiker_id, gebruiker.c.session_version == seen)
        .values(
            password_hash=new,
            session_version=gebruiker.c.session_version + 1,
            link_digest=None,
            link_until=None,
        )
    )
    return result.rowcount == 1


def note_login(connection: sa.Connection, gebruiker_id: int, moment: datetime) -> None:
    """Note the moment of a login, and keep that of the one before; in the transaction of the login."""
    _update(connection, gebruiker_id, previous_login_at=gebruiker.c.last_login_at, last_login_at=to_utc(moment))


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


def replace_totp(connection: sa.Connection, gebruiker_id: int, seen: int, sealed: str, step: int) -> bool:
    """Store another second factor, void the recovery codes of the one before, and end every session of the user.

    `seen` is the session version of who asks; return False when it is another one by now: the user was reset.
    """
    result = connection.execute(
        gebruiker.update()
        .where(gebruiker.c.id == gebruiker_id, gebruiker.c.session_version == seen)
        .values(totp_secret=sealed, totp_step=step, session_version=gebruiker.c.session_version + 1)
    )
    if result.rowcount == 1:
        connection.execute(recovery_code.delete().where(recovery_code.c.gebruiker_id == gebruiker_id))
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
    return _load(connection, gebruiker.c.id.in_(acts_for), is_of_no_afnemer())


def list_some(connection: sa.Connection, where: sa.ColumnElement[bool], after: str, limit: int) -> list[Gebruiker]:
    """Return at most so many of some users, those behind a login (exclusive), in the order of the logins."""
    return _load(connection, where, gebruiker.c.login > after, limit=limit)


def list_under_key(connection: sa.Connection, name: str) -> list[str]:
    """Return the logins of the users whose second factor is stored under a server key, in their order."""
    query = sa.select(gebruiker.c.login).where(known_keys.needs(gebruiker.c.totp_secret, name))
    return sorted(connection.scalars(query))


def has_link(connection: sa.Connection, gebruiker_id: int, token: str) -> bool:
    """Return whether a token is that of the link of a user."""
    own = sa.and_(gebruiker.c.id == gebruiker_id, gebruiker.c.link_digest == link_digest(token))
    return connection.scalar(sa.select(gebruiker.c.id).where(own)) is not None


def take_version(connection: sa.Connection, gebruiker_id: int, seen: int) -> bool:
    """Raise the version of a user, before an act on the version that was seen; return False when it is another one.

    The row is held until the transaction ends, so that of two acts at once the second one is refused.
    """
    own = gebruiker.update().where(gebruiker.c.id == gebruiker_id, gebruiker.c.version == seen)
    return connection.execute(own.values(version=gebruiker.c.version + 1)).rowcount == 1


def new_token() -> str:
    """Return the random token of a one-time link."""
    return secrets.token_urlsafe(LINK_BYTES)


def link_digest(token: str) -> str:
    """Return what is stored of the token of a link: it is random, so a digest without a key says nothing of it."""
    return sha256(token.encode()).hexdigest()


def _new_link(connection: sa.Connection, gebruiker_id: int, moment: datetime, token: str | None = None) -> str:
    made = token or new_token()
    _update(connection, gebruiker_id, link_digest=link_digest(made), link_until=to_utc(moment + LINK_LIFETIME))
    return made


def _update(connection: sa.Connection, gebruiker_id: int, **values: object) -> None:
    connection.execute(gebruiker.update().where(gebruiker.c.id == gebruiker_id).values(values))


def _load(connection: sa.Connection, *where: sa.ColumnElement[bool], limit: int | None = None) -> list[Gebruiker]:
    query = select_users().where(*where)
    rows = connection.execute(query.order_by(gebruiker.c.login).limit(limit)).all()
    ids = [row.id for row in rows]
    acts_for, reads = (_places(connection, table, ids) for table in (gebruiker_vestiging, lezer_vestiging))
    taught = groep_access.of_users(connection, ids)
    return [_record(row, acts_for.get(row.id, set()), reads.get(row.id, set()), taught.get(row.id, ())) for row in rows]


def _places(connection: sa.Connection, table: sa.Table, ids: list[int]) -> dict[int, set[str]]:
    """Return the vestigingen in a table by user."""
    found: dict[int, set[str]] = {}
    for gebruiker_id, brin6 in connection.execute(sa.select(table).where(table.c.gebruiker_id.in_(ids))):
        found.setdefault(gebruiker_id, set()).add(brin6)
    return found


def select_users() -> "sa.Select[Any]":
    """Return the query for users, each with whether there is an account at a provider, and with its afnemer, if any."""
    query = sa.select(
        gebruiker,
        is_at_provider().label("has_provider"),
        gebruiker_afnemer.c.afnemer_id,
        afnemer.c.klantnaam,
        afnemer.c.disabled_at.label("kept_out_at"),
    )
    joined = gebruiker.outerjoin(gebruiker_afnemer, gebruiker_afnemer.c.gebruiker_id == gebruiker.c.id)
    return query.select_from(joined.outerjoin(afnemer, afnemer.c.id == gebruiker_afnemer.c.afnemer_id))


def is_of_no_afnemer() -> sa.ColumnElement[bool]:
    """Return the condition that a user is of no afnemer.

    Older code may have given one of an afnemer a place at a vestiging: a query for the users of it leaves that out.
    """
    return ~sa.exists().where(gebruiker_afnemer.c.gebruiker_id == gebruiker.c.id).correlate(gebruiker)


def is_at_provider() -> sa.ColumnElement[bool]:
    """Return the condition that an account at a provider is bound to a user."""
    return sa.exists().where(gebruiker_oidc.c.gebruiker_id == gebruiker.c.id)


def rol_of(stored: str, *, acts: bool, reads: bool, teaches: bool, is_of_afnemer: bool) -> GebruikerRol:
    """Return the role of a user: that of the column `rol`, but for who is stored as a schoolbeheerder of nothing.

    That is a lezer, or who has groepen alone a leerkracht. A user of an afnemer has no other role, whatever stands
    elsewhere.
    """
    if is_of_afnemer:
        return GebruikerRol.AFNEMER
    rol = GebruikerRol(stored)
    if rol is not GebruikerRol.SCHOOLBEHEERDER or acts:
        return rol
    return GebruikerRol.LEZER if reads else GebruikerRol.LEERKRACHT if teaches else rol


def _record(row: sa.Row[Any], acts_for: set[str], reads: set[str], taught: tuple[GroepAccess, ...]) -> Gebruiker:
    is_of_afnemer = row.afnemer_id is not None
    if is_of_afnemer:  # older code may have given it a place: it took the user for one of a school
        acts_for, reads, taught = set(), set(), ()
    is_of_school = row.rol == GebruikerRol.SCHOOLBEHEERDER
    return Gebruiker(
        id=row.id,
        login=row.login,
        naam=row.naam,
        rol=rol_of(row.rol, acts=bool(acts_for), reads=bool(reads), teaches=bool(taught), is_of_afnemer=is_of_afnemer),
        vestigingen=tuple(sorted(acts_for | reads)),
        session_version=row.session_version,
        disabled_at=any_from_utc(row.disabled_at),
        has_password=row.password_hash is not None,
        link_until=any_from_utc(row.link_until),
        needs_totp=row.totp_required,
        has_totp=row.totp_secret is not None,
        has_provider=bool(row.has_provider),
        reads=frozenset(reads - acts_for),
        version=row.version,
        last_login_at=any_from_utc(row.last_login_at),
        previous_login_at=any_from_utc(row.previous_login_at),
        afnemer_id=row.afnemer_id,
        klantnaam=row.klantnaam,
        is_kept_out=row.kept_out_at is not None,
        groepen=taught if is_of_school else (),
    )
