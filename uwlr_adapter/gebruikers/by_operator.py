"""The acts of an operator on users, in the portal: each on the version of the user that was seen, and in the journaal.

An operator cannot disable or reset the own account, so there is one left; two who disable each other at once do it one
after the other, and the second is refused.
"""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.administratie.schools import find_vestiging
from uwlr_adapter.db.locks import lock
from uwlr_adapter.gebruikers import access, accounts
from uwlr_adapter.gebruikers.accounts import Gebruiker, NewGebruiker
from uwlr_adapter.gebruikers.errors import (
    ColleagueChangedError,
    DisabledAccountError,
    NoColleagueError,
    NoLongerAllowedError,
    NoVestigingError,
    OfAfnemerError,
    OwnAccountError,
)
from uwlr_adapter.gebruikers.tables import SCHOOL_ACCOUNTS, GebruikerRol
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.journaal.writer import record_gebruiker_act


def add(connection: sa.Connection, new: NewGebruiker, token: str, moment: datetime, *, actor: str) -> Gebruiker:
    """Create a user whose link has this token. Raises GebruikerError or ColleagueError.

    A form that is sent twice brings the token of the first time, and does nothing more.
    """
    _require_operator(connection, actor)
    known = accounts.find(connection, new.login)
    if known is not None and accounts.has_link(connection, known.id, token):
        return known
    added, _ = accounts.add(connection, new, moment, token)
    _record(connection, Act.GEBRUIKER_ADDED, added, added.vestigingen, moment, actor)
    return added


def disable(connection: sa.Connection, gebruiker_id: int, seen: int, moment: datetime, *, actor: str) -> Gebruiker:
    """Disable a user and end its sessions; return the user of before. Raises ColleagueError."""
    found = _begin(connection, gebruiker_id, seen, actor, is_own_allowed=False)
    if not found.is_blocked:
        accounts.disable(connection, found.login, moment)
        _record(connection, Act.GEBRUIKER_DISABLED, found, found.places, moment, actor)
    return found


def enable(connection: sa.Connection, gebruiker_id: int, seen: int, moment: datetime, *, actor: str) -> Gebruiker:
    """Enable a disabled user; return the user of before. Raises ColleagueError."""
    found = _begin(connection, gebruiker_id, seen, actor)
    if found.is_blocked:
        accounts.enable(connection, found.login)
        _record(connection, Act.GEBRUIKER_ENABLED, found, found.places, moment, actor)
    return found


def reset(
    connection: sa.Connection, gebruiker_id: int, seen: int, token: str, moment: datetime, *, actor: str
) -> Gebruiker:
    """Erase the password and the second factor of a user; its link has this token. Return the user of before.

    Raises ColleagueError. A form that is sent twice brings the token of the first time, and does nothing more.
    """
    _require_operator(connection, actor)
    known = accounts.by_id(connection, gebruiker_id)
    if known is not None and accounts.has_link(connection, gebruiker_id, token):
        return known
    found = _begin(connection, gebruiker_id, seen, actor, is_own_allowed=False)
    if not found.is_enabled:
        raise DisabledAccountError
    accounts.reset(connection, found.login, moment, token)
    _record(connection, Act.GEBRUIKER_RESET, found, found.places, moment, actor)
    return found


def change_places(
    connection: sa.Connection,
    gebruiker_id: int,
    seen: int,
    new: Iterable[str],
    gone: Iterable[str],
    rol: GebruikerRol,
    moment: datetime,
    *,
    actor: str,
) -> tuple[list[str], list[str]]:
    """Give a user access to more vestigingen, and take that to others away; return what was new and what is gone.

    `rol` is that of a user of a school at the new ones. Raises ColleagueError; NoVestigingError for a vestiging
    that does not exist.
    """
    found = _begin(connection, gebruiker_id, seen, actor)
    if found.rol is GebruikerRol.AFNEMER:
        raise OfAfnemerError
    more = sorted(set(new) - set(found.vestigingen))
    less = sorted(set(gone) & set(found.vestigingen))
    if any(find_vestiging(connection, brin6) is None for brin6 in more):
        raise NoVestigingError
    for brin6 in more:
        access.place(connection, found.id, brin6, rol if found.rol in SCHOOL_ACCOUNTS else found.rol)
    access.take_places(connection, found, less)
    if more:
        _record(connection, Act.GEBRUIKER_ADDED, found, more, moment, actor)
    if less:
        _record(connection, Act.ACCESS_REMOVED, found, less, moment, actor)
        accounts.end_sessions(connection, found.id)
    return more, less


def _begin(
    connection: sa.Connection, gebruiker_id: int, seen: int, actor: str, *, is_own_allowed: bool = True
) -> Gebruiker:
    """Return the user, whose version is taken. Raises ColleagueError."""
    operator = _require_operator(connection, actor)
    found = accounts.by_id(connection, gebruiker_id)
    if found is None:
        raise NoColleagueError
    if operator.id == found.id and not is_own_allowed:
        raise OwnAccountError
    if not accounts.take_version(connection, gebruiker_id, seen):
        raise ColleagueChangedError
    return found


def _require_operator(connection: sa.Connection, actor: str) -> Gebruiker:
    lock(connection, "operators")
    found = accounts.find(connection, actor)
    if found is None or not found.is_enabled or found.rol is not GebruikerRol.OPERATOR:
        raise NoLongerAllowedError
    return found


def _record(
    connection: sa.Connection, act: Act, of: Gebruiker, brin6s: Iterable[str], moment: datetime, actor: str
) -> None:
    record_gebruiker_act(connection, moment=moment, act=act, login=of.login, brin6s=brin6s, actor=actor)
