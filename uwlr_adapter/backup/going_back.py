"""After the records went back in time, by a restore or by the point-in-time recovery of PostgreSQL.

What was true at a later moment is true no more: what platforms were given, the sessions, links and recovery codes of
users, and invitations. Who was forgotten since is forgotten again. Mails that waited then were sent since, and are not
sent again. The administration is told every result once more. The journaal of each vestiging says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from uwlr_adapter.administratie.importing.forget_again import ForgottenDigest, forget_again
from uwlr_adapter.administratie.tables import vestiging
from uwlr_adapter.backup.tables import REBUILT
from uwlr_adapter.clock import to_utc
from uwlr_adapter.gebruikers import invitations
from uwlr_adapter.gebruikers.tables import gebruiker, recovery_code
from uwlr_adapter.journaal import writer
from uwlr_adapter.mail import outbox
from uwlr_adapter.resultaten import delivering

_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Settled:
    """What was done after the records went back."""

    forgotten: int
    """Persons who had come back, and were erased again."""
    links: int
    """Users whose one-time link was open: each needs a new one."""
    vestigingen: int


def settle(
    connection: sa.Connection,
    digests: Iterable[ForgottenDigest],
    back_to: datetime | None,
    moment: datetime,
    actor: str,
) -> Settled:
    """Make records that went back to a moment (UTC; None: unknown) true again, in a writing transaction."""
    for name in REBUILT:
        connection.execute(sa.delete(sa.table(name)))
    erased = forget_again(connection, digests, moment)
    links = connection.execute(
        gebruiker.update().where(gebruiker.c.link_digest.is_not(None)).values(link_digest=None, link_until=None)
    ).rowcount
    for table in (*invitations.TABLES, recovery_code):  # withdrawn, or used, since
        connection.execute(table.delete())
    outbox.give_up_all(connection)
    delivering.begin_anew(connection)
    _end_sessions(connection, moment)
    brin6s = list(connection.scalars(sa.select(vestiging.c.brin6).order_by(vestiging.c.brin6)))
    remarks = None if back_to is None else f"stand={to_utc(back_to):%Y-%m-%dT%H:%M:%SZ}"
    writer.record_going_back(connection, moment=moment, brin6s=brin6s, actor=actor, remarks=remarks)
    return Settled(erased, links, len(brin6s))


def _end_sessions(connection: sa.Connection, moment: datetime) -> None:
    """Give each user a version of sessions that none of a later moment had: seconds since 2020 instead of a count."""
    newer = int((moment - _EPOCH).total_seconds())
    version = gebruiker.c.session_version
    connection.execute(gebruiker.update().values(session_version=sa.case((version < newer, newer), else_=version + 1)))
