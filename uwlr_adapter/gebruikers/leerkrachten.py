"""The acts by which a school gives leerkrachten the results of groepen, changes that, and takes it away.

Each is on the version of the user that was seen, asks anew whether its actor may do it, and writes the journaal, in one
transaction under the lock of the vestiging, as those of `access.py` do.
"""

from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.administratie import groepen
from uwlr_adapter.administratie import leerkrachten as records
from uwlr_adapter.db.locks import lock
from uwlr_adapter.gebruikers import access, accounts, groep_access, invitations
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.gebruikers.errors import (
    AlreadyColleagueError,
    AlreadyLeerkrachtError,
    DisabledAccountError,
    NoColleagueError,
    NoGroepError,
    SeesAllError,
)
from uwlr_adapter.gebruikers.groep_access import Taught
from uwlr_adapter.gebruikers.invitations import Invitation, NewInvitation
from uwlr_adapter.gebruikers.tables import SCHOOL_ACCOUNTS, GebruikerRol, gebruiker, leerkracht_invitation
from uwlr_adapter.gebruikers.tables import groep_access as groep_access_table
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.journaal.writer import record_gebruiker_act


def list_of_year(connection: sa.Connection, brin6: str, schooljaar: str, after: str, limit: int) -> list[Gebruiker]:
    """Return at most so many users with groepen in a schooljaar, those behind a login (exclusive), by login."""
    own = groep_access_table.c
    of_year = sa.select(own.gebruiker_id).where(own.brin6 == brin6, own.schooljaar == schooljaar)
    return accounts.list_some(connection, gebruiker.c.id.in_(of_year), after, limit)


def of_persons(connection: sa.Connection, brin6: str) -> dict[int, Gebruiker]:
    """Return by id of a person of the records the user who is that leerkracht, whatever the schooljaar."""
    own = groep_access_table.c
    rows = connection.execute(
        sa.select(own.persoon_id, own.gebruiker_id)
        .where(own.brin6 == brin6, own.persoon_id.is_not(None))
        .order_by(own.until, own.given_at)
    ).all()
    users = accounts.list_some(connection, gebruiker.c.id.in_({row.gebruiker_id for row in rows}), "", len(rows))
    by_id = {one.id: one for one in users if access.is_leerkracht(one, brin6)}
    present = records.now_of(connection, {row.persoon_id for row in rows})
    return {present[row.persoon_id]: by_id[row.gebruiker_id] for row in rows if row.gebruiker_id in by_id}


def give(
    connection: sa.Connection, new: NewInvitation, taught: Taught, token: str, moment: datetime, *, actor: str
) -> Gebruiker | Invitation:
    """Store groepen for somebody whom the school knows, else store an invitation; return the user, or the invitation.

    A form that is sent twice does nothing more. Raises GebruikerError for the login, or ColleagueError.
    """
    access.require_manager(connection, new.brin6, actor)
    _require_groepen(connection, new.brin6, taught)
    known = accounts.find(connection, accounts.require_login(new.login))
    if known is None or new.brin6 not in known.places:
        return invitations.invite(connection, new, token, moment, actor=actor)
    if known.rol not in SCHOOL_ACCOUNTS:
        raise AlreadyColleagueError
    if new.brin6 in known.acts_for:
        raise SeesAllError
    has = _keys_of(known, new.brin6, taught.schooljaar)
    if has and has != taught.keys:
        raise AlreadyLeerkrachtError
    return set_groepen(connection, new.brin6, known.id, taught, known.version, moment, actor=actor)


def set_groepen(
    connection: sa.Connection,
    brin6: str,
    gebruiker_id: int,
    taught: Taught,
    seen: int,
    moment: datetime,
    *,
    actor: str,
) -> Gebruiker:
    """Replace the groepen of a user in a schooljaar; return the user as it is then. Raises ColleagueError.

    Nothing is done when the user has these already. A groep that is no longer in the records can stay, and not be
    added. Without groepen it is what `take` does, of that schooljaar alone.
    """
    access.require_manager(connection, brin6, actor)
    known = accounts.by_id(connection, gebruiker_id)
    if known is None or not access.is_known(known, brin6):
        raise NoColleagueError
    if brin6 in known.acts_for:
        raise SeesAllError
    has = _keys_of(known, brin6, taught.schooljaar)
    if has == taught.keys:
        return known
    _require_groepen(connection, brin6, taught, has)
    if taught.groepen and not known.is_enabled:
        raise DisabledAccountError
    access.begin(connection, brin6, gebruiker_id, seen, actor)
    groep_access.put(connection, gebruiker_id, brin6, taught, actor, moment)
    if taught.groepen:
        _record(connection, Act.GROEPEN_GIVEN, known, brin6, moment, actor, taught)
        return accounts.get(connection, known.login)
    return _taken(connection, known, brin6, moment, actor)


def take(
    connection: sa.Connection, brin6: str, gebruiker_id: int, seen: int, moment: datetime, *, actor: str
) -> Gebruiker:
    """Take the access of a user to every groep of a vestiging away; return the user as it is then.

    Who is lezer of the vestiging stays so. An account without any other access is disabled, which ends its sessions.
    Raises ColleagueError.
    """
    _, known = access.begin(connection, brin6, gebruiker_id, seen, actor)
    if not any(one.brin6 == brin6 for one in known.groepen):
        raise NoColleagueError
    groep_access.take(connection, gebruiker_id, [brin6])
    return _taken(connection, known, brin6, moment, actor)


def end_by_operator(
    connection: sa.Connection, login: str, brin6: str | None, moment: datetime, *, actor: str
) -> tuple[Gebruiker, list[str]]:
    """Take the access of a user to the groepen of one vestiging, or of each, away; return it with these vestigingen.

    Raises GebruikerError.
    """
    found = accounts.get(connection, login)
    places = sorted({one.brin6 for one in found.groepen if brin6 in {None, one.brin6}})
    for place in places:
        lock(connection, access.lock_name(place))
    groep_access.take(connection, found.id, places)
    for place in places:
        _record(connection, Act.GROEPEN_TAKEN, found, place, moment, actor)
    if places:
        accounts.end_sessions(connection, found.id)
        found = access.disable_without_access(connection, found, moment)
    return found, places


def list_invitations(connection: sa.Connection, brin6: str) -> list[Invitation]:
    """Return the invitations of leerkrachten of a vestiging that were not accepted, in the order of the logins."""
    return invitations.list_of_vestiging(connection, brin6, leerkracht_invitation)


def new_invitation(brin6: str, login: str, naam: str, taught: Taught) -> NewInvitation:
    """Return an invitation of a leerkracht."""
    return NewInvitation(brin6, login, naam, GebruikerRol.LEERKRACHT, taught)


def _taken(connection: sa.Connection, known: Gebruiker, brin6: str, moment: datetime, actor: str) -> Gebruiker:
    _record(connection, Act.GROEPEN_TAKEN, known, brin6, moment, actor)
    return access.disable_without_access(connection, known, moment)


def _keys_of(of: Gebruiker, brin6: str, schooljaar: str) -> frozenset[str]:
    return frozenset(one.groep_key for one in of.groepen if (one.brin6, one.schooljaar) == (brin6, schooljaar))


def _require_groepen(connection: sa.Connection, brin6: str, taught: Taught, has: frozenset[str] = frozenset()) -> None:
    """Raise NoGroepError unless each groep is in the records of the schooljaar, or the user has it already."""
    there = {one.key for one in groepen.groepen_in(connection, brin6, taught.schooljaar)}
    if not taught.keys <= there | has:
        raise NoGroepError


def _record(
    connection: sa.Connection,
    act: Act,
    of: Gebruiker,
    brin6: str,
    moment: datetime,
    actor: str,
    taught: Taught | None = None,
) -> None:
    told = None if taught is None else (len(taught.groepen), taught.schooljaar)
    record_gebruiker_act(connection, moment=moment, act=act, login=of.login, brin6s=[brin6], actor=actor, taught=told)
