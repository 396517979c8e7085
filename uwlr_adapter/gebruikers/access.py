"""The access of colleagues to one vestiging: who has it in which role, and the acts of a colleague on it.

Each act is on the version of the user that was seen, asks anew whether its actor may do it, and writes the journaal, in
one transaction under the lock of the vestiging: of two colleagues who remove each other the second one is refused.
"""

from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.db.locks import lock
from uwlr_adapter.gebruikers import accounts, groep_access
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.gebruikers.errors import (
    AlsoElsewhereError,
    ColleagueChangedError,
    DisabledAccountError,
    LastSchoolbeheerderError,
    NoColleagueError,
    NoLongerAllowedError,
    OwnAccountError,
)
from uwlr_adapter.gebruikers.tables import (
    SCHOOL_ACCOUNTS,
    SCHOOL_ROLES,
    GebruikerRol,
    gebruiker,
    gebruiker_vestiging,
    invitation,
    leerkracht_invitation,
    lezer_vestiging,
)
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.journaal.writer import record_gebruiker_act

MANAGERS = (GebruikerRol.SCHOOLBEHEERDER, GebruikerRol.BESTUUR)
"""The roles that may act on the access of colleagues."""


def lock_name(brin6: str) -> str:
    """Return the name of the lock of the access to a vestiging."""
    return f"access {brin6}"


def list_colleagues(connection: sa.Connection, brin6: str, after: str, limit: int) -> list[Gebruiker]:
    """Return at most so many schoolbeheerders and lezers of a vestiging, those behind a login (exclusive), by login."""
    acts = sa.and_(gebruiker.c.rol == GebruikerRol.SCHOOLBEHEERDER, _has_place(gebruiker_vestiging, brin6))
    return accounts.list_some(connection, sa.or_(acts, _has_place(lezer_vestiging, brin6)), after, limit)


def list_others(connection: sa.Connection, brin6: str, limit: int) -> list[Gebruiker]:
    """Return at most so many users of the bestuur who have access to a vestiging, by login."""
    other = gebruiker.c.rol != GebruikerRol.SCHOOLBEHEERDER
    return accounts.list_some(connection, sa.and_(other, _has_place(gebruiker_vestiging, brin6)), "", limit)


def is_colleague(found: Gebruiker | None, brin6: str) -> bool:
    """Return whether a user has access to a vestiging that its colleagues manage."""
    if found is None or brin6 not in found.vestigingen:
        return False
    return brin6 in found.reads or found.rol in SCHOOL_ROLES


def is_leerkracht(found: Gebruiker | None, brin6: str) -> bool:
    """Return whether a user of a school has or had access to groepen of a vestiging, and does not act for it."""
    if found is None or found.rol not in SCHOOL_ACCOUNTS or brin6 in found.acts_for:
        return False
    return any(one.brin6 == brin6 for one in found.groepen)


def require_manager(connection: sa.Connection, brin6: str, actor: str) -> Gebruiker:
    """Return whoever acts, who may manage the access to a vestiging until the transaction ends.

    Raises NoLongerAllowedError.
    """
    lock(connection, lock_name(brin6))
    found = accounts.find(connection, actor)
    if found is None or not found.is_enabled or brin6 not in found.vestigingen or found.rol_at(brin6) not in MANAGERS:
        raise NoLongerAllowedError
    return found


def set_rol(
    connection: sa.Connection,
    brin6: str,
    gebruiker_id: int,
    rol: GebruikerRol,
    seen: int,
    moment: datetime,
    *,
    actor: str,
) -> Gebruiker:
    """Give a colleague another role at a vestiging; return the colleague of before. Raises ColleagueError."""
    manager, colleague = begin(connection, brin6, gebruiker_id, seen, actor)
    if not is_colleague(colleague, brin6) or colleague.rol not in SCHOOL_ROLES:
        raise NoColleagueError
    if rol is GebruikerRol.LEZER:
        _require_another(connection, brin6, colleague, manager)
    place(connection, gebruiker_id, brin6, rol)
    _record(connection, Act.ROL_CHANGED, colleague, [brin6], moment, actor, rol)
    return colleague


def remove(
    connection: sa.Connection, brin6: str, gebruiker_id: int, seen: int, moment: datetime, *, actor: str
) -> Gebruiker:
    """Take the access of a colleague to a vestiging away; return the colleague as it is then. Raises ColleagueError.

    Its open invitations of others end. An account without any other access is disabled, which ends its sessions.
    """
    manager, colleague = begin(connection, brin6, gebruiker_id, seen, actor)
    if not is_colleague(colleague, brin6):
        raise NoColleagueError
    _require_another(connection, brin6, colleague, manager)
    take_places(connection, colleague, [brin6])
    _record(connection, Act.ACCESS_REMOVED, colleague, [brin6], moment, actor)
    return disable_without_access(connection, colleague, moment)


def disable_without_access(connection: sa.Connection, of: Gebruiker, moment: datetime) -> Gebruiker:
    """Disable a user of a school who has no access to anything any more; return the user as it is then."""
    present = accounts.get(connection, of.login)
    if of.rol in SCHOOL_ACCOUNTS and not present.has_access_after(moment):
        accounts.disable(connection, of.login, moment)
    return accounts.get(connection, of.login)


def reset(
    connection: sa.Connection,
    brin6: str,
    gebruiker_id: int,
    seen: int,
    token: str,
    moment: datetime,
    *,
    actor: Gebruiker,
) -> Gebruiker:
    """Erase the password and the second factor of a colleague, who chooses new ones by a link with this token.

    Return the colleague of before. Whoever holds the link acts as that user wherever it may act, so the actor has to
    manage each of these vestigingen: in the database, and in the session, which `actor` is read from and which may be
    narrowed. Raises ColleagueError. A form that is sent twice brings the token of the first time, and does nothing
    more.
    """
    lock(connection, lock_name(brin6))
    found = accounts.by_id(connection, gebruiker_id)
    if found is not None and is_known(found, brin6) and accounts.has_link(connection, gebruiker_id, token):
        require_manager(connection, brin6, actor.login)
        return found
    manager, colleague = begin(connection, brin6, gebruiker_id, seen, actor.login)
    if colleague.id == manager.id:
        raise OwnAccountError
    if not colleague.is_enabled:
        raise DisabledAccountError
    if not (can_reset(manager, colleague) and can_reset(actor, colleague)):
        raise AlsoElsewhereError
    accounts.reset(connection, colleague.login, moment, token)
    _record(connection, Act.GEBRUIKER_RESET, colleague, colleague.places, moment, actor.login)
    return colleague


def can_reset(manager: Gebruiker, colleague: Gebruiker) -> bool:
    """Return whether a user manages every vestiging of a colleague, whose account is one of a school.

    Those where the colleague is leerkracht count too: whoever holds the link sees their results.
    """
    managed = {brin6 for brin6 in manager.vestigingen if manager.rol_at(brin6) in MANAGERS}
    return colleague.rol in SCHOOL_ACCOUNTS and managed.issuperset(colleague.places)


def place(connection: sa.Connection, gebruiker_id: int, brin6: str, rol: GebruikerRol) -> None:
    """Give a user one role at a vestiging, whatever role it had there."""
    for table in (gebruiker_vestiging, lezer_vestiging):
        connection.execute(table.delete().where(table.c.gebruiker_id == gebruiker_id, table.c.brin6 == brin6))
    connection.execute(accounts.place_of(rol).insert().values(gebruiker_id=gebruiker_id, brin6=brin6))


def take_places(connection: sa.Connection, of: Gebruiker, brin6s: list[str]) -> None:
    """Take the access of a user to some vestigingen and their groepen away, and the invitations that it made there."""
    for table in (gebruiker_vestiging, lezer_vestiging):
        connection.execute(table.delete().where(table.c.gebruiker_id == of.id, table.c.brin6.in_(brin6s)))
    groep_access.take(connection, of.id, brin6s)
    for table in (invitation, leerkracht_invitation):
        own = sa.and_(table.c.invited_by == of.login, table.c.brin6.in_(brin6s))
        connection.execute(table.delete().where(own))


def is_known(found: Gebruiker | None, brin6: str) -> bool:
    """Return whether a school knows a user: as a colleague at a vestiging, or as leerkracht of groepen of it."""
    return is_colleague(found, brin6) or is_leerkracht(found, brin6)


def begin(
    connection: sa.Connection, brin6: str, gebruiker_id: int, seen: int, actor: str
) -> tuple[Gebruiker, Gebruiker]:
    """Return whoever acts, and the user whom the school knows, whose version is taken. Raises ColleagueError."""
    manager = require_manager(connection, brin6, actor)
    colleague = accounts.by_id(connection, gebruiker_id)
    if colleague is None or not is_known(colleague, brin6):
        raise NoColleagueError
    if not accounts.take_version(connection, gebruiker_id, seen):
        raise ColleagueChangedError
    return manager, colleague


def _require_another(connection: sa.Connection, brin6: str, colleague: Gebruiker, manager: Gebruiker) -> None:
    """Raise LastSchoolbeheerderError unless somebody else stays schoolbeheerder, or the bestuur acts."""
    if manager.rol is GebruikerRol.BESTUUR or colleague.rol_at(brin6) is not GebruikerRol.SCHOOLBEHEERDER:
        return
    is_other = sa.and_(
        gebruiker.c.id != colleague.id,
        gebruiker.c.rol == GebruikerRol.SCHOOLBEHEERDER,
        gebruiker.c.disabled_at.is_(None),
        sa.or_(gebruiker.c.password_hash.is_not(None), accounts.is_at_provider()),
        _has_place(gebruiker_vestiging, brin6),
    )
    if connection.scalar(sa.select(gebruiker.c.id).where(is_other).limit(1)) is None:
        raise LastSchoolbeheerderError


def _has_place(table: sa.Table, brin6: str) -> sa.ColumnElement[bool]:
    own = sa.select(table.c.gebruiker_id).where(table.c.brin6 == brin6)
    return sa.and_(gebruiker.c.id.in_(own), accounts.is_of_no_afnemer())


def _record(
    connection: sa.Connection,
    act: Act,
    of: Gebruiker,
    brin6s: list[str] | tuple[str, ...],
    moment: datetime,
    actor: str,
    rol: GebruikerRol | None = None,
) -> None:
    record_gebruiker_act(connection, moment=moment, act=act, login=of.login, brin6s=brin6s, actor=actor, rol=rol)
