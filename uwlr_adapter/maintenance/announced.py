"""Announcing maintenance, and withdrawing that: each is written in the journaal, in the transaction of the act.

Functions take the open connection of the caller.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.clock import from_utc, to_utc
from uwlr_adapter.db.locks import lock
from uwlr_adapter.errors import SchoolRefusedError
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.journaal.writer import record_service_act
from uwlr_adapter.maintenance.tables import MAX_TEXT, maintenance

KEPT = timedelta(days=30)
"""How long an announcement is kept after its end: by then nobody asks any more why something was away."""
MAX_LENGTH = timedelta(days=14)
"""The longest maintenance that can be announced (inclusive): a longer one is a mistyped date."""
MAX_AHEAD = timedelta(days=366)
"""How far ahead it may begin (inclusive)."""
MAX_OPEN = 20
"""Announcements that have not ended yet (inclusive): they stand above other pages."""
BEFORE_SCHOOLS = timedelta(days=14)
"""How long beforehand a school reads it: a vendor, who plans by it, reads it at once."""
MAX_SHOWN = 5
"""Announcements that a page of a vendor or a school shows, the next ones."""


class MaintenanceError(SchoolRefusedError):
    """An announcement is refused; nothing has changed."""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Announced maintenance, from `starts_at` to `ends_at` (exclusive); moments are timezone-aware."""

    id: int
    starts_at: datetime
    ends_at: datetime
    text: str
    announced_at: datetime
    announced_by: str

    def is_going_on(self, moment: datetime) -> bool:
        """Return whether a moment lies within it."""
        return self.starts_at <= moment < self.ends_at


def announce(
    connection: sa.Connection,
    starts_at: datetime,
    ends_at: datetime,
    text: str,
    moment: datetime,
    *,
    actor: str,
    ticket: str | None = None,
) -> Maintenance:
    """Announce maintenance, and return it. Raises MaintenanceError.

    `ticket` is a token of the form: one that is sent twice brings the same one, and announces once.
    """
    lock(connection, "maintenance")
    digest = None if ticket is None else sha256(ticket.encode()).hexdigest()
    if digest is not None:
        known = connection.execute(sa.select(maintenance).where(maintenance.c.ticket == digest)).one_or_none()
        if known is not None:
            return _of(known)
    told = " ".join(text.split())
    _require_sensible(starts_at, ends_at, told, moment)
    if len(list_open(connection, moment, MAX_OPEN)) >= MAX_OPEN:
        raise MaintenanceError(
            f"Er staan al {MAX_OPEN} aankondigingen open. Trek er eerst een in.",
            f"there are {MAX_OPEN} announcements already: withdraw one first",
        )
    values = {"starts_at": to_utc(starts_at), "ends_at": to_utc(ends_at), "text": told, "ticket": digest}
    values |= {"announced_at": to_utc(moment), "announced_by": actor}
    row = connection.execute(maintenance.insert().values(values).returning(maintenance)).one()
    _record(connection, Act.MAINTENANCE_ANNOUNCED, row.id, moment, actor)
    return _of(row)


def withdraw(connection: sa.Connection, maintenance_id: int, moment: datetime, *, actor: str) -> Maintenance:
    """Withdraw an announcement, and return it. Raises MaintenanceError when it is not there any more."""
    own = maintenance.delete().where(maintenance.c.id == maintenance_id).returning(maintenance)
    row = connection.execute(own).one_or_none()
    if row is None:
        raise MaintenanceError(
            "Deze aankondiging is er niet meer: iemand anders heeft haar zojuist ingetrokken.",
            "there is no such announcement: it was withdrawn, or its term passed",
        )
    _record(connection, Act.MAINTENANCE_WITHDRAWN, maintenance_id, moment, actor)
    return _of(row)


def list_open(
    connection: sa.Connection, moment: datetime, limit: int = MAX_SHOWN, within: timedelta = MAX_AHEAD
) -> list[Maintenance]:
    """Return at most so many announcements that have not ended at a moment, the next one first.

    Those that begin within a time from that moment (inclusive).
    """
    table = maintenance.c
    near = (table.ends_at > to_utc(moment), table.starts_at <= to_utc(moment + within))
    query = sa.select(maintenance).where(*near).order_by(table.starts_at, table.id)
    return [_of(row) for row in connection.execute(query.limit(limit))]


def list_all(connection: sa.Connection, limit: int) -> list[Maintenance]:
    """Return at most so many announcements that are kept, the latest one first."""
    query = sa.select(maintenance).order_by(maintenance.c.starts_at.desc(), maintenance.c.id.desc())
    return [_of(row) for row in connection.execute(query.limit(limit))]


def count_past(connection: sa.Connection, moment: datetime) -> int:
    """Return the number of announcements whose term passed."""
    past = maintenance.c.ends_at < to_utc(moment - KEPT)
    return connection.scalar(sa.select(sa.func.count()).select_from(maintenance).where(past)) or 0


def remove_past(connection: sa.Connection, moment: datetime, rows: int) -> int:
    """Remove at most so many announcements whose term passed; return how many."""
    past = sa.select(maintenance.c.id).where(maintenance.c.ends_at < to_utc(moment - KEPT)).limit(rows)
    ids = list(connection.scalars(past))
    if ids:
        connection.execute(maintenance.delete().where(maintenance.c.id.in_(ids)))
    return len(ids)


def _require_sensible(starts_at: datetime, ends_at: datetime, text: str, moment: datetime) -> None:
    """Raise MaintenanceError for moments or a text that no announcement has."""
    # Two moments of one zone are compared by the clock on the wall, which has an hour twice and one not at all.
    begin, end = (one - moment.astimezone(UTC) for one in (starts_at, ends_at))
    if not begin < end:
        raise MaintenanceError("Het einde ligt niet na het begin.", "the end does not lie after the begin")
    if end <= timedelta(0):
        raise MaintenanceError("Dit onderhoud is al voorbij.", "this maintenance is over already")
    if end - begin > MAX_LENGTH or begin > MAX_AHEAD:
        raise MaintenanceError(
            f"Onderhoud duurt hoogstens {MAX_LENGTH.days} dagen, en begint binnen een jaar.",
            f"maintenance takes at most {MAX_LENGTH.days} days, and begins within a year",
        )
    if not 0 < len(text) <= MAX_TEXT or not text.isprintable():
        raise MaintenanceError(
            f"De tekst heeft 1 tot en met {MAX_TEXT} gewone tekens.", f"a text has 1 to {MAX_TEXT} printable characters"
        )


def _record(connection: sa.Connection, act: Act, maintenance_id: int, moment: datetime, actor: str) -> None:
    record_service_act(connection, moment=moment, act=act, actor=actor, remarks=f"onderhoud={maintenance_id}")


def _of(row: sa.Row[Any]) -> Maintenance:
    return Maintenance(
        id=row.id,
        starts_at=from_utc(row.starts_at),
        ends_at=from_utc(row.ends_at),
        text=row.text,
        announced_at=from_utc(row.announced_at),
        announced_by=row.announced_by,
    )
