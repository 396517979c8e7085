"""The steps of a rotation: a key is added, comes in use, and goes once nothing needs it. An unsafe order is refused.

The functions take the open writing transaction of the caller. They write in the database only: a key itself is
distributed by whoever keeps the key files.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from uwlr_adapter.clock import to_utc
from uwlr_adapter.errors import RefusedError
from uwlr_adapter.keys import holders, known_keys, tables
from uwlr_adapter.keys.holders import Holder
from uwlr_adapter.keys.known_keys import KnownKey
from uwlr_adapter.keys.server_keys import NAME, ServerKey, ServerKeys, check_value, lock_keys

SESSION = timedelta(days=1)
"""How long a session of the portal may be signed under a key that is no longer in use."""
_table = tables.server_key


class RotationError(RefusedError):
    """A step of a rotation is refused; the text says why and what to do first, and holds no key."""


class LackingError(RotationError):
    """Processes stand in the way of a step."""

    def __init__(self, message: str, processes: Sequence[Holder]) -> None:
        super().__init__(message)
        self.processes = tuple(processes)


def require_new(connection: sa.Connection, name: str) -> None:
    """Raise RotationError unless a new key can have this name."""
    if not re.fullmatch(NAME, name):
        raise RotationError("the name of a key has 1 to 16 characters: a-z, 0-9 and -, and begins with a letter or 0-9")
    lock_keys(connection)
    if name in known_keys.read(connection):
        raise RotationError(f"there is, or was, a server key '{name}': choose a name that was never used")


def add(connection: sa.Connection, server_key: ServerKey, actor: str) -> None:
    """Make a new key known; nothing is stored under it until it comes in use. Raises RotationError."""
    require_new(connection, server_key.name)
    values = {"name": server_key.name, "check_value": check_value(server_key), "changed_by": actor}
    connection.execute(_table.insert().values(values))


def use(connection: sa.Connection, server_keys: ServerKeys, name: str, moment: datetime, *, actor: str) -> list[Holder]:
    """Make new digests under a key from now on, in every process; return the processes that live, which all hold it.

    Raises RotationError: for a key that is unknown, removed, in use already or not among the keys of this command, and
    (LackingError) while a living process does not hold it.
    """
    lock_keys(connection)
    known = known_keys.read(connection)
    key = _require(known.get(name), name)
    if key.is_in_use:
        raise RotationError(f"server key '{name}' is in use already")
    if server_keys.get(name) is None:
        raise RotationError(f"server key '{name}' is not among the keys of this machine: run this where its line is")
    living = holders.list_living(connection, moment)
    if lacking := [one for one in living if name not in one.holds]:
        raise LackingError(
            f"server key '{name}' cannot be used yet, because these processes do not hold it. Put its line in the keys "
            "of their machines, reload them (systemctl reload uwlr-adapter), and try again",
            lacking,
        )
    is_in_use = sa.and_(_table.c.used_since.isnot(None), _table.c.replaced_at.is_(None))
    connection.execute(_table.update().where(is_in_use).values(replaced_at=to_utc(moment), changed_by=actor))
    values = {"used_since": to_utc(moment), "replaced_at": None, "changed_by": actor}
    connection.execute(_table.update().where(_table.c.name == name).values(values))
    return living


def sessions_until(key: KnownKey) -> datetime | None:
    """Return until when sessions of the portal may be signed under a key; None for one in use, or never used."""
    return None if key.replaced_at is None or key.used_since is None else key.replaced_at + SESSION


def remove(
    connection: sa.Connection, name: str, moment: datetime, *, actor: str, end_sessions: bool = False
) -> list[Holder]:
    """Say that nothing needs a key any more, so that its line can go; return the processes that still hold it.

    Raises RotationError: for a key that is unknown, removed or in use, while something stored needs it, until the
    sessions of the portal that it signed have ended (unless `end_sessions`), and (LackingError) while a living process
    makes digests under it.
    """
    lock_keys(connection)
    key = _require(known_keys.read(connection).get(name), name)
    if key.is_in_use:
        raise RotationError(f"server key '{name}' is in use: new codes are stored under it. Use another one first")
    living = holders.list_living(connection, moment)
    if behind := [one for one in living if one.uses == name]:
        raise LackingError(f"these processes still store codes under server key '{name}': try again soon", behind)
    if counts := known_keys.count_needing(connection, name, moment):
        raise RotationError(
            f"server key '{name}' is needed: the number of codes stored under it is {sum(counts.values())}. "
            f"`uwlr-adapter keys left {name}` says which, and what to do"
        )
    until = sessions_until(key)
    if until is not None and until > moment and not end_sessions:
        raise RotationError(
            f"sessions of the portal may be signed under server key '{name}' until {until:%Y-%m-%d %H:%M} UTC: wait, "
            "or give --end-sessions, after which their users log in again"
        )
    values = {"removed_at": to_utc(moment), "changed_by": actor}
    connection.execute(_table.update().where(_table.c.name == name).values(values))
    return [one for one in living if name in one.holds]


def _require(key: KnownKey | None, name: str) -> KnownKey:
    if key is None:
        raise RotationError(f"there is no server key '{name}': `uwlr-adapter keys list` shows those that there are")
    if key.removed_at is not None:
        raise RotationError(f"server key '{name}' was removed on {key.removed_at:%Y-%m-%d}")
    return key
