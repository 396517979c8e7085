"""The outbox: what waits to be sent, and what became of it. Functions take the open connection of the caller.

A mail is put here in the transaction that notes that it was told, so that the one is never without the other; once to
each address for each cause. A try is noted before it begins: of one whose process died nobody knows whether the mail
server took it, so it is tried once more, and then given up (`MAX_UNSURE`). Nobody gets a mail more than twice.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.clock import any_from_utc, from_utc, to_utc
from uwlr_adapter.mail.letter import Letter, one_line
from uwlr_adapter.mail.tables import mail

WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 30, 60))
"""How long after its first tries a mail is tried again; after later ones the last of these."""
GIVE_UP_AFTER = timedelta(days=3)
"""How long a mail is tried: over a weekend in which a mail server is away. Later it would tell what is long over."""
MAX_UNSURE = 2
"""Tries of unknown outcome (inclusive), after which a mail is given up: it may have arrived each time."""
CODE = "code:"
"""The begin of the cause of a mail with a code to confirm an address; its text is made when it is sent."""
ACT, ACTS, DAY = "act:", "acts:", "day:"
"""The begin of the cause of a mail about an act, with the id of its entry; about acts at several vestigingen, with that
of the first; and of that of a day, with vestiging and day."""
GONE = "gone:"
"""The begin of the cause of a mail to an address that is no longer in use."""


class MailFailure(StrEnum):
    """Why a mail waits or is given up: a word of ours, never the text of a mail server."""

    UNREACHABLE = "onbereikbaar"
    """There is no connection with the mail server, or none that can be trusted; or it lets us not in."""
    BROKEN_OFF = "verbroken"
    LATER = "later"
    """The mail server asked to try it again."""
    NO_SUCH_ADDRESS = "adres onbekend"
    REFUSED = "geweigerd"
    """For another reason than the address."""
    UNSURE = "onzeker"
    TOO_LATE = "te laat"
    OBSOLETE = "vervallen"
    """It would say what is no longer so, or to whom it no longer goes: the address was changed or confirmed, or its
    user may not act for the school any more."""


@dataclass(frozen=True, slots=True)
class NewMail:
    """A mail to be put in the outbox."""

    cause: str
    address: str
    letter: Letter
    brin6: str | None = None
    gebruiker_id: int | None = None


@dataclass(frozen=True, slots=True)
class QueuedMail:
    """A mail of which a try was noted."""

    id: int
    cause: str
    address: str
    subject: str
    text: str | None
    """The letter, as stored; None of a code."""
    message_id: str
    tries: int
    gebruiker_id: int | None
    brin6: str | None


@dataclass(frozen=True, slots=True)
class MailRecord:
    """A mail as it is shown; moments are timezone-aware."""

    id: int
    cause: str
    address: str
    gebruiker_id: int | None
    brin6: str | None
    subject: str
    created_at: datetime
    sent_at: datetime | None
    next_try_at: datetime | None
    tries: int
    failure: MailFailure | None

    @property
    def is_given_up(self) -> bool:
        """Whether it was not sent, and will not be."""
        return self.sent_at is None and self.next_try_at is None


def new_message_id() -> str:
    """Return the left part of a new Message-ID: 32 hexadecimal digits."""
    return secrets.token_hex(16)


def put(connection: sa.Connection, mails: Iterable[NewMail], moment: datetime) -> int:
    """Put mails in the outbox, and return how many; one whose cause was told to that address already is left out."""
    number = 0
    for new in mails:
        known = sa.select(mail.c.id).where(mail.c.cause == new.cause, mail.c.address == new.address)
        if connection.scalar(known) is not None:
            continue
        connection.execute(
            mail.insert().values(
                cause=new.cause,
                address=new.address,
                gebruiker_id=new.gebruiker_id,
                brin6=new.brin6,
                subject=one_line(new.letter.subject),
                text=None if new.cause.startswith(CODE) else new.letter.to_json(),
                message_id=new_message_id(),
                created_at=to_utc(moment),
                next_try_at=to_utc(moment),
            )
        )
        number += 1
    return number


def is_known(connection: sa.Connection, cause: str) -> bool:
    """Return whether a mail of a cause was put here."""
    return connection.scalar(sa.select(mail.c.id).where(mail.c.cause == cause).limit(1)) is not None


def has_due(connection: sa.Connection, moment: datetime) -> bool:
    """Return whether a mail is to be tried."""
    return connection.scalar(sa.select(mail.c.id).where(mail.c.next_try_at <= to_utc(moment)).limit(1)) is not None


def claim(connection: sa.Connection, moment: datetime) -> QueuedMail | None:
    """Note the next try of the mail that waits longest, and return it; None when nothing is due."""
    query = sa.select(mail).where(mail.c.next_try_at <= to_utc(moment)).order_by(mail.c.next_try_at, mail.c.id)
    row = connection.execute(query.limit(1).with_for_update()).one_or_none()
    if row is None:
        return None
    tries = row.tries + 1
    values = {"tries": tries, "unsure": row.unsure + 1, "next_try_at": to_utc(moment + _wait(tries))}
    connection.execute(mail.update().where(mail.c.id == row.id).values(values))
    about = (row.gebruiker_id, row.brin6)
    return QueuedMail(row.id, row.cause, row.address, row.subject, row.text, row.message_id, tries, *about)


def remove(connection: sa.Connection, mail_id: int) -> None:
    """Remove a mail that is told in another one instead."""
    connection.execute(mail.delete().where(mail.c.id == mail_id))


def note_sent(connection: sa.Connection, mail_id: int, moment: datetime) -> None:
    """Note that the mail server took a mail; its text goes."""
    _end(connection, mail.c.id == mail_id, sent_at=to_utc(moment), failure=None)


def note_failed(connection: sa.Connection, mail_id: int, failure: MailFailure) -> None:
    """Note that a mail is given up; its text goes."""
    _end(connection, mail.c.id == mail_id, failure=failure)


def note_later(connection: sa.Connection, mail_id: int, failure: MailFailure) -> None:
    """Note that a mail was certainly not taken; it is tried again at the moment that its claim noted."""
    values = {"unsure": mail.c.unsure - 1, "failure": failure}
    connection.execute(mail.update().where(mail.c.id == mail_id).values(values))


def note_unsure(connection: sa.Connection, mail_id: int) -> None:
    """Note that nobody knows whether the mail server took a mail."""
    connection.execute(mail.update().where(mail.c.id == mail_id).values(failure=MailFailure.UNSURE))


def give_up(connection: sa.Connection, moment: datetime, rows: int) -> int:
    """End at most so many mails that are too old, or of which two tries are of unknown outcome; return how many."""
    too_late = mail.c.created_at <= to_utc(moment - GIVE_UP_AFTER)
    due = mail.c.next_try_at <= to_utc(moment)
    number = 0
    for which, failure in ((mail.c.unsure >= MAX_UNSURE, MailFailure.UNSURE), (too_late, MailFailure.TOO_LATE)):
        ids = list(connection.scalars(sa.select(mail.c.id).where(due, which).limit(rows)))
        if ids:
            _end(connection, mail.c.id.in_(ids), failure=failure)
        number += len(ids)
    return number


def postpone(connection: sa.Connection, moment: datetime, rows: int) -> int:
    """Postpone at most so many mails, which wait for the mail server, each as long as after a try; return how many.

    They were not tried, so nothing is unsure about them.
    """
    query = sa.select(mail.c.id, mail.c.tries).where(mail.c.next_try_at <= to_utc(moment)).order_by(mail.c.id)
    found = connection.execute(query.limit(rows)).all()
    for row in found:
        values = {
            "tries": row.tries + 1,
            "next_try_at": to_utc(moment + _wait(row.tries + 1)),
            "failure": MailFailure.UNREACHABLE,
        }
        connection.execute(mail.update().where(mail.c.id == row.id).values(values))
    return len(found)


def give_up_all(connection: sa.Connection) -> None:
    """End all that waits: it is from before the records went back in time, and was sent since."""
    _end(connection, mail.c.next_try_at.is_not(None), failure=MailFailure.OBSOLETE)


def list_mails(
    connection: sa.Connection, *, brin6: str | None = None, limit: int = 100, failed_only: bool = False
) -> list[MailRecord]:
    """Return mails, newest first: of one vestiging or of all."""
    query = sa.select(mail).order_by(mail.c.id.desc()).limit(limit)
    if brin6 is not None:
        query = query.where(mail.c.brin6 == brin6)
    if failed_only:
        query = query.where(mail.c.sent_at.is_(None), mail.c.failure.is_not(None))
    return [_shown(row) for row in connection.execute(query)]


def count_failing(connection: sa.Connection, since: datetime) -> int:
    """Return how many mails of since a moment were given up, or wait after a failure; not those that are obsolete."""
    return connection.scalar(sa.select(sa.func.count()).select_from(mail).where(*_failing(since))) or 0


def list_failing(
    connection: sa.Connection, since: datetime, *, limit: int, before_id: int | None = None
) -> list[MailRecord]:
    """Return these mails, the newest first; `before_id` (exclusive) goes on after an earlier list."""
    query = sa.select(mail).where(*_failing(since)).order_by(mail.c.created_at.desc(), mail.c.id.desc()).limit(limit)
    before = connection.scalar(sa.select(mail.c.created_at).where(mail.c.id == before_id))
    if before is not None:
        is_older = sa.or_(mail.c.created_at < before, mail.c.id < before_id)
        query = query.where(mail.c.created_at <= before, is_older)
    return [_shown(row) for row in connection.execute(query)]


def _failing(since: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    is_failed = (mail.c.sent_at.is_(None), mail.c.failure.is_not(None), mail.c.failure != MailFailure.OBSOLETE)
    return (mail.c.created_at >= to_utc(since), *is_failed)


def _shown(row: sa.Row[Any]) -> MailRecord:
    return MailRecord(
        row.id,
        row.cause,
        row.address,
        row.gebruiker_id,
        row.brin6,
        row.subject,
        from_utc(row.created_at),
        any_from_utc(row.sent_at),
        any_from_utc(row.next_try_at),
        row.tries,
        None if row.failure is None else MailFailure(row.failure),
    )


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """How many mails wait, since when the oldest of them does (UTC), and how many were given up, by the reason."""

    waiting: int
    oldest: datetime | None
    given_up: dict[MailFailure, int]


def counts(connection: sa.Connection) -> OutboxCounts:
    """Return the counts of the outbox."""
    waits = mail.c.next_try_at.is_not(None)
    waiting, oldest = connection.execute(sa.select(sa.func.count(), sa.func.min(mail.c.created_at)).where(waits)).one()
    ended = sa.select(mail.c.failure, sa.func.count()).where(~waits, mail.c.sent_at.is_(None)).group_by(mail.c.failure)
    found = {MailFailure(failure): number for failure, number in connection.execute(ended)}
    return OutboxCounts(waiting, any_from_utc(oldest), found)


def _wait(tries: int) -> timedelta:
    return WAITS[min(tries, len(WAITS)) - 1]


def _end(connection: sa.Connection, which: sa.ColumnElement[bool], **values: object) -> None:
    ended = {"next_try_at": None, "text": None, **values}
    connection.execute(mail.update().where(which).values(ended))
