"""Invitations: a colleague is asked to join a vestiging; accepting it makes an account, or gives an account access.

The school that invites learns nothing of accounts elsewhere: inviting does and says the same whether the login exists
or not. Whoever opens the link makes a new account; the owner of an account that exists opens it logged in. Without the
link nothing is accepted: another school may have made an account with that login for somebody else. Functions take the
open writing connection of the caller, and write the act in the journaal.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.clock import from_utc, to_utc
from uwlr_adapter.db.locks import lock
from uwlr_adapter.gebruikers import access, accounts, identities
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
from uwlr_adapter.gebruikers.identities import BindOutcome
from uwlr_adapter.gebruikers.tables import SCHOOL_ROLES, GebruikerRol, gebruiker, invitation
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.journaal.writer import record_gebruiker_act

LIFETIME = timedelta(hours=72)
"""How long an invitation can be accepted (exclusive): over a weekend."""
MAX_OPEN = 20
"""Invitations of one vestiging (inclusive): more than join a school at once."""


@dataclass(frozen=True, slots=True)
class NewInvitation:
    """An invitation as a colleague enters it."""

    brin6: str
    login: str
    naam: str
    rol: GebruikerRol


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

    def is_open(self, moment: datetime) -> bool:
        """Return whether it can be accepted at a moment."""
        return moment < self.until


def invite(connection: sa.Connection, new: NewInvitation, token: str, moment: datetime, *, actor: str) -> Invitation:
    """Store an invitation with the token of its link. Raises GebruikerError for the login, or ColleagueError.

    A form that is sent twice brings the token of the first time, and does nothing more.
    """
    access.require_manager(connection, new.brin6, actor)
    login = accounts.require_login(new.login)
    found = {one.login: one for one in list_of_vestiging(connection, new.brin6)}
    known = found.get(login)
    if known is not None and _has_token(connection, known.id, token):
        return known
    there = accounts.find(connection, login)
    if there is not None and new.brin6 in there.vestigingen:
        raise AlreadyColleagueError
    if known is not None and known.is_open(moment):
        raise AlreadyInvitedError
    if known is None and len(found) >= MAX_OPEN:
        raise TooManyInvitationsError
    connection.execute(invitation.delete().where(invitation.c.brin6 == new.brin6, invitation.c.login == login))
    values = {"brin6": new.brin6, "login": login, "naam": new.naam.strip(), "rol": new.rol, "invited_by": actor}
    moments = {"made_at": to_utc(moment), "until": to_utc(moment + LIFETIME)}
    row = {**values, **moments, "token_digest": accounts.link_digest(token)}
    made = connection.execute(invitation.insert().values(row).returning(invitation)).one()
    _record(connection, _of(made), Act.GEBRUIKER_INVITED, moment, actor)
    return _of(made)


def renew(
    connection: sa.Connection, brin6: str, invitation_id: int, token: str, moment: datetime, *, actor: str
) -> Invitation:
    """Replace the link of an invitation by another one, which is valid for LIFETIME. Raises ColleagueError."""
    access.require_manager(connection, brin6, actor)
    found = _find(connection, invitation.c.id == invitation_id, invitation.c.brin6 == brin6)
    if found is None:
        raise NoInvitationError
    if _has_token(connection, found.id, token):
        return found
    values = {"token_digest": accounts.link_digest(token), "until": to_utc(moment + LIFETIME), "invited_by": actor}
    own = invitation.update().where(invitation.c.id == invitation_id).values(values).returning(invitation)
    row = connection.execute(own).one_or_none()
    if row is None:
        raise NoInvitationError
    _record(connection, _of(row), Act.GEBRUIKER_INVITED, moment, actor)
    return _of(row)


def withdraw(connection: sa.Connection, brin6: str, invitation_id: int, moment: datetime, *, actor: str) -> Invitation:
    """Erase an invitation. Raises ColleagueError."""
    access.require_manager(connection, brin6, actor)
    return _take(connection, Act.INVITATION_WITHDRAWN, moment, actor, brin6=brin6, id=invitation_id)


def list_of_vestiging(connection: sa.Connection, brin6: str) -> list[Invitation]:
    """Return the invitations of a vestiging that were not accepted, ended ones included, in the order of the logins."""
    query = sa.select(invitation).where(invitation.c.brin6 == brin6).order_by(invitation.c.login)
    return [_of(row) for row in connection.execute(query)]


def list_of_login(connection: sa.Connection, login: str, moment: datetime) -> list[Invitation]:
    """Return the open invitations for a login, at most MAX_OPEN, in the order of the vestigingen."""
    own = sa.select(invitation).where(invitation.c.login == login, invitation.c.until > to_utc(moment))
    return [_of(row) for row in connection.execute(own.order_by(invitation.c.brin6).limit(MAX_OPEN))]


def by_token(connection: sa.Connection, token: str, moment: datetime) -> Invitation:
    """Return the invitation of a link. Raises InvalidLinkError when it is unknown, used, withdrawn or has ended."""
    found = _find(connection, invitation.c.token_digest == accounts.link_digest(token))
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
        if there.is_enabled or there.vestigingen or there.rol not in SCHOOL_ROLES:
            raise LoginTakenError
        version = there.session_version + 1  # its id may be handed out again, and a session names the id
        connection.execute(gebruiker.delete().where(gebruiker.c.id == there.id))
    try:
        _take(connection, Act.GEBRUIKER_JOINED, moment, found.login, id=found.id, rol=found.rol)
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
    connection.execute(accounts.place_of(found.rol).insert().values(gebruiker_id=new_id, brin6=found.brin6))
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

    Somebody who got access to that vestiging since then keeps the role of today.
    """
    if owner.rol not in SCHOOL_ROLES:
        raise OtherKindOfAccountError
    own = {"login": owner.login, "token_digest": accounts.link_digest(token)}
    open_one = _find(connection, *(invitation.c[name] == value for name, value in own.items()))
    if open_one is None or not open_one.is_open(moment):
        raise NoInvitationError
    lock(connection, access.lock_name(open_one.brin6))
    present = accounts.by_id(connection, owner.id)
    has_access = present is not None and open_one.brin6 in present.vestigingen
    rol = present.rol_at(open_one.brin6) if present is not None and has_access else open_one.rol
    found = _take(connection, Act.GEBRUIKER_JOINED, moment, owner.login, rol=rol, **own)
    if not has_access:
        access.place(connection, owner.id, found.brin6, found.rol)
    return found


def decline(connection: sa.Connection, owner: Gebruiker, invitation_id: int, moment: datetime) -> Invitation:
    """Erase an invitation for the login of a user. Raises ColleagueError."""
    return _take(connection, Act.INVITATION_DECLINED, moment, owner.login, id=invitation_id, login=owner.login)


def _take(
    connection: sa.Connection,
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
    where = [invitation.c[name] == value for name, value in own.items()]
    row = connection.execute(invitation.delete().where(*where).returning(invitation)).one_or_none()
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


def _has_token(connection: sa.Connection, invitation_id: int, token: str) -> bool:
    own = sa.and_(invitation.c.id == invitation_id, invitation.c.token_digest == accounts.link_digest(token))
    return connection.scalar(sa.select(invitation.c.id).where(own)) is not None


def _find(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> Invitation | None:
    row = connection.execute(sa.select(invitation).where(*where)).one_or_none()
    return None if row is None else _of(row)


def _of(row: sa.Row[Any]) -> Invitation:
    return Invitation(
        id=row.id,
        brin6=row.brin6,
        login=row.login,
        naam=row.naam,
        rol=GebruikerRol(row.rol),
        invited_by=row.invited_by,
        made_at=from_utc(row.made_at),
        until=from_utc(row.until),
    )
