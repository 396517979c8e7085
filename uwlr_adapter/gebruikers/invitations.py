"""Invitations: a colleague is asked to join a vestiging; accepting it makes an account, or gives an account access.

The school that invites learns nothing of accounts elsewhere: inviting does and says the same whether the login exists
or not. Whoever opens the link makes a new account; the owner of an account that exists opens it logged in. Without the
link nothing is accepted: another school may have made an account with that login for somebody else. Functions take the
open writing connection of the caller, and write the act in the journaal.

Those of leerkrachten name the groepen that accepting them gives, and stand in a table of their own.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.clock import from_utc, to_utc
from uwlr_adapter.db.locks import lock
from uwlr_adapter.gebruikers import access, accounts, groep_access, identities
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.gebruikers.errors import (
    AlreadyColleagueError,
    AlreadyInvitedError,
    InvalidLinkError,
    LoginTakenError,
    NoInvitationError,
    OtherKindOfAccountError,
    ProviderTakenError,
    TooManyInvitationsError,
)
from uwlr_adapter.gebruikers.groep_access import Taught
from uwlr_adapter.gebruikers.identities import BindOutcome
from uwlr_adapter.gebruikers.tables import (
    SCHOOL_ACCOUNTS,
    GebruikerRol,
    gebruiker,
    invitation,
    leerkracht_invitation,
)
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.journaal.writer import record_gebruiker_act

LIFETIME = timedelta(hours=72)
"""How long an invitation can be accepted (exclusive): over a weekend."""
MAX_OPEN = 20
"""Invitations of one vestiging (inclusive): more than join a school at once."""
MAX_OPEN_LEERKRACHTEN = 150
"""Those of leerkrachten (inclusive): a whole team in the first week of a schooljaar."""

TABLES = (invitation, leerkracht_invitation)
"""Those of colleagues, and of leerkrachten."""


@dataclass(frozen=True, slots=True)
class NewInvitation:
    """An invitation as a colleague enters it; that of a leerkracht has groepen in place of a role."""

    brin6: str
    login: str
    naam: str
    rol: GebruikerRol
    taught: Taught | None = None


@dataclass(frozen=True, slots=True)
class Invitation:
    """A stored invitation. Moments are timezone-aware; it can be accepted until `until` (exclusive)."""

    id: int
    brin6: str
    login: str
    naam: str
    rol: GebruikerRol
    invited_by: str
    made_at: datetime
    until: datetime
    taught: Taught | None = None
    """The groepen of that of a leerkracht; None of any other one."""

    def is_open(self, moment: datetime) -> bool:
        """Return whether it can be accepted at a moment."""
        return moment < self.until


def invite(connection: sa.Connection, new: NewInvitation, token: str, moment: datetime, *, actor: str) -> Invitation:
    """Store an invitation with the token of its link. Raises GebruikerError for the login, or ColleagueError.

    A form that is sent twice brings the token of the first time, and does nothing more.
    """
    access.require_manager(connection, new.brin6, actor)
    login = accounts.require_login(new.login)
    table = table_of(new.rol)
    found = {one.login: one for one in list_of_vestiging(connection, new.brin6, table)}
    known = found.get(login)
    if known is not None and _has_token(connection, table, known.id, token):
        return known
    there = accounts.find(connection, login)
    if there is not None and new.brin6 in (there.vestigingen if new.taught is None else there.places):
        raise AlreadyColleagueError
    if known is not None and known.is_open(moment):
        raise AlreadyInvitedError
    if known is None and len(found) >= (MAX_OPEN if new.taught is None else MAX_OPEN_LEERKRACHTEN):
        raise TooManyInvitationsError
    connection.execute(table.delete().where(table.c.brin6 == new.brin6, table.c.login == login))
    values = {"brin6": new.brin6, "login": login, "naam": new.naam.strip(), "invited_by": actor, **_what(new)}
    moments = {"made_at": to_utc(moment), "until": to_utc(_until(moment, new.taught))}
    row = {**values, **moments, "token_digest": accounts.link_digest(token)}
    made = connection.execute(table.insert().values(row).returning(table)).one()
    _record(connection, _of(made), Act.GEBRUIKER_INVITED, moment, actor)
    return _of(made)


def renew(
    connection: sa.Connection,
    brin6: str,
    invitation_id: int,
    token: str,
    moment: datetime,
    *,
    actor: str,
    table: sa.Table = invitation,
) -> Invitation:
    """Replace the link of an invitation by another one, which is valid for LIFETIME. Raises ColleagueError."""
    access.require_manager(connection, brin6, actor)
    found = _find(connection, table, id=invitation_id, brin6=brin6)
    if found is None:
        raise NoInvitationError
    if _has_token(connection, table, found.id, token):
        return found
    until = to_utc(_until(moment, found.taught))
    values = {"token_digest": accounts.link_digest(token), "until": until, "invited_by": actor}
    own = table.update().where(table.c.id == invitation_id).values(values).returning(table)
    row = connection.execute(own).one_or_none()
    if row is None:
        raise NoInvitationError
    _record(connection, _of(row), Act.GEBRUIKER_INVITED, moment, actor)
    return _of(row)


def withdraw(
    connection: sa.Connection,
    brin6: str,
    invitation_id: int,
    moment: datetime,
    *,
    actor: str,
    table: sa.Table = invitation,
) -> Invitation:
    """Erase an invitation. Raises ColleagueError."""
    access.require_manager(connection, brin6, actor)
    return _take(connection, table, Act.INVITATION_WITHDRAWN, moment, actor, brin6=brin6, id=invitation_id)


def list_of_vestiging(connection: sa.Connection, brin6: str, table: sa.Table = invitation) -> list[Invitation]:
    """Return the invitations of a vestiging that were not accepted, ended ones included, in the order of the logins."""
    query = sa.select(table).where(table.c.brin6 == brin6).order_by(table.c.login)
    return [_of(row) for row in connection.execute(query)]


def list_of_login(connection: sa.Connection, login: str, moment: datetime) -> list[Invitation]:
    """Return the open invitations for a login, at most MAX_OPEN of a kind, in the order of the vestigingen."""
    found: list[Invitation] = []
    for table in TABLES:
        own = sa.select(table).where(table.c.login == login, table.c.until > to_utc(moment))
        found += [_of(row) for row in connection.execute(own.order_by(table.c.brin6).limit(MAX_OPEN))]
    return sorted(found, key=lambda one: one.brin6)


def by_token(connection: sa.Connection, token: str, moment: datetime) -> Invitation:
    """Return the invitation of a link. Raises InvalidLinkError when it is unknown, used, withdrawn or has ended."""
    digest = accounts.link_digest(token)
    found = next((one for table in TABLES if (one := _find(connection, table, token_digest=digest))), None)
    if found is None or not found.is_open(moment):
        raise InvalidLinkError
    return found


def join(connection: sa.Connection, token: str, password_hash: str | None, moment: datetime) -> Gebruiker:
    """Make the account of an invitation, with the password that its owner chose, if one; return it.

    A login that was disabled and acts for nothing is handed out again: nothing of the account of before remains. Raises
    InvalidLinkError, or LoginTakenError for the login of any other account.
    """
    lock(connection, accounts.lock_name(by_token(connection, token, moment).login))
    found = by_token(connection, token, moment)  # of two who use one link, the second one waited
    there = accounts.find(connection, found.login)
    version = 1
    if there is not None:
        if there.is_enabled or there.has_access_after(moment) or there.rol not in SCHOOL_ACCOUNTS:
            raise LoginTakenError
        version = there.session_version + 1  # its id may be handed out again, and a session names the id
        connection.execute(gebruiker.delete().where(gebruiker.c.id == there.id))
    try:
        _take(connection, table_of(found.rol), Act.GEBRUIKER_JOINED, moment, found.login, id=found.id, rol=found.rol)
    except NoInvitationError:  # another request used the link after the check above
        raise InvalidLinkError from None
    values = {
        "login": found.login,
        "naam": found.naam,
        "rol": accounts.stored_rol(found.rol),
        "created_at": to_utc(moment),
        "session_version": version,
        "password_hash": password_hash,
        "totp_required": True,
    }
    new_id = connection.execute(gebruiker.insert().values(values).returning(gebruiker.c.id)).scalar_one()
    _give(connection, new_id, found, moment)
    return accounts.get(connection, found.login)


def join_at_provider(connection: sa.Connection, token: str, issuer: str, subject: str, moment: datetime) -> Gebruiker:
    """Make the account of an invitation, with an account at a provider in place of a password; return it.

    Raises InvalidLinkError, LoginTakenError, or ProviderTakenError when that account is of another user.
    """
    joined = join(connection, token, None, moment)
    if identities.bind(connection, joined.id, issuer, subject, moment) is not BindOutcome.BOUND:
        raise ProviderTakenError
    return joined


def accept(connection: sa.Connection, owner: Gebruiker, token: str, moment: datetime) -> Invitation:
    """Give a user the access that the invitation of a link offers to its login. Raises ColleagueError.

    Somebody who got access to that vestiging since then keeps the role of today, and the groepen of today.
    """
    if owner.rol not in SCHOOL_ACCOUNTS:
        raise OtherKindOfAccountError
    own = {"login": owner.login, "token_digest": accounts.link_digest(token)}
    open_one = next((one for table in TABLES if (one := _find(connection, table, **own))), None)
    if open_one is None or not open_one.is_open(moment):
        raise NoInvitationError
    lock(connection, access.lock_name(open_one.brin6))
    present = accounts.by_id(connection, owner.id)
    rol = None if present is None else _rol_today(present, open_one)
    shown = open_one.rol if rol is None else rol
    found = _take(connection, table_of(open_one.rol), Act.GEBRUIKER_JOINED, moment, owner.login, rol=shown, **own)
    if rol is None:
        _give(connection, owner.id, found, moment)
    return found


def decline(
    connection: sa.Connection,
    owner: Gebruiker,
    invitation_id: int,
    moment: datetime,
    table: sa.Table = invitation,
) -> Invitation:
    """Erase an invitation for the login of a user. Raises ColleagueError."""
    return _take(connection, table, Act.INVITATION_DECLINED, moment, owner.login, id=invitation_id, login=owner.login)


def table_of(rol: GebruikerRol) -> sa.Table:
    """Return the table with the invitations in a role."""
    return leerkracht_invitation if rol is GebruikerRol.LEERKRACHT else invitation


def _rol_today(present: Gebruiker, offered: Invitation) -> GebruikerRol | None:
    """Return the role that a user has where an invitation offers access; None when it offers something more."""
    if offered.taught is None:
        return present.rol_at(offered.brin6) if offered.brin6 in present.vestigingen else None
    if offered.brin6 in present.acts_for:
        return present.rol
    has_groepen = any(
        (one.brin6, one.schooljaar) == (offered.brin6, offered.taught.schooljaar) for one in present.groepen
    )
    return GebruikerRol.LEERKRACHT if has_groepen else None


def _give(connection: sa.Connection, gebruiker_id: int, found: Invitation, moment: datetime) -> None:
    """Store what an invitation offers to a user."""
    if found.taught is None:
        access.place(connection, gebruiker_id, found.brin6, found.rol)
    else:
        groep_access.put(connection, gebruiker_id, found.brin6, found.taught, found.invited_by, moment)


def _what(new: NewInvitation) -> dict[str, Any]:
    """Return the columns that say what an invitation offers."""
    taught = new.taught
    if taught is None:
        return {"rol": new.rol}
    groepen = [list(one) for one in taught.groepen]
    return {"schooljaar": taught.schooljaar, "groepen": groepen, "persoon_id": taught.persoon_id}


def _until(moment: datetime, taught: Taught | None) -> datetime:
    """Return until when an invitation of a moment can be accepted: no longer than what it offers lasts."""
    return moment + LIFETIME if taught is None else min(moment + LIFETIME, taught.until)


def _take(
    connection: sa.Connection,
    table: sa.Table,
    act: Act,
    moment: datetime,
    actor: str,
    *,
    rol: GebruikerRol | None = None,
    **own: object,
) -> Invitation:
    """Erase the invitation with these values, which no other request can do as well, and record why.

    Raises NoInvitationError.
    """
    where = [table.c[name] == value for name, value in own.items()]
    row = connection.execute(table.delete().where(*where).returning(table)).one_or_none()
    if row is None:
        raise NoInvitationError
    _record(connection, _of(row), act, moment, actor, rol)
    return _of(row)


def _record(
    connection: sa.Connection,
    found: Invitation,
    act: Act,
    moment: datetime,
    actor: str,
    rol: GebruikerRol | None = None,
) -> None:
    shown = found.rol if act is Act.GEBRUIKER_INVITED else rol
    who = {"login": found.login, "brin6s": [found.brin6], "actor": actor, "rol": shown}
    record_gebruiker_act(connection, moment=moment, act=act, **who)  # type: ignore[arg-type] # by name


def _has_token(connection: sa.Connection, table: sa.Table, invitation_id: int, token: str) -> bool:
    return _find(connection, table, id=invitation_id, token_digest=accounts.link_digest(token)) is not None


def _find(connection: sa.Connection, table: sa.Table, **own: object) -> Invitation | None:
    """Return the invitation with these values; None without one."""
    where = [table.c[name] == value for name, value in own.items()]
    row = connection.execute(sa.select(table).where(*where)).one_or_none()
    return None if row is None else _of(row)


def _of(row: sa.Row[Any]) -> Invitation:
    taught = None
    if "groepen" in row._mapping:  # noqa: SLF001 - the public name of SQLAlchemy
        groepen = tuple((key, naam) for key, naam in row.groepen)
        taught = Taught(row.schooljaar, groepen, row.persoon_id)
    return Invitation(
        id=row.id,
        brin6=row.brin6,
        login=row.login,
        naam=row.naam,
        rol=GebruikerRol(row.rol) if taught is None else GebruikerRol.LEERKRACHT,
        invited_by=row.invited_by,
        made_at=from_utc(row.made_at),
        until=from_utc(row.until),
        taught=taught,
    )
