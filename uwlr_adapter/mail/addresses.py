"""The addresses of users and of vestigingen: entering one, confirming it by a code, and what is refused for good.

An address is confirmed by a code that is mailed to it and typed in the portal by whoever is logged in there: the mail
holds no link that opens anything. The code is made when the mail is sent, and stored as a digest. Functions take the
open writing transaction of the caller, but for those that begin with `find`.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.clock import any_from_utc, from_utc, to_utc
from uwlr_adapter.db.locks import lock
from uwlr_adapter.errors import RefusedError
from uwlr_adapter.mail import outbox
from uwlr_adapter.mail.address import parse
from uwlr_adapter.mail.letter import Letter
from uwlr_adapter.mail.outbox import CODE, GONE, NewMail
from uwlr_adapter.mail.tables import mail, mail_address
from uwlr_adapter.mail.words import CODE_SUBJECT, goodbye_letter

CODE_LIFETIME = timedelta(hours=24)
"""How long a code is good after it was sent (exclusive): over a night."""
MAX_TRIES = 5
"""Wrong codes (inclusive) after which a code is void."""
MAX_CODES = 5
"""Codes that one owner can have sent in CODE_LIFETIME (inclusive): the portal mails nobody a heap."""
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without what is read for something else: I and 1, O and 0."""
_LENGTH = 8
_GROUP = 4
_NOTHING_TO_CONFIRM = "Er is geen e-mailadres dat nog bevestigd moet worden."


class ConfirmationError(RefusedError):
    """An address is not confirmed, or no code is sent; `str()` is the Dutch sentence for whoever asked."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose an address is: one user, or one vestiging."""

    gebruiker_id: int | None = None
    brin6: str | None = None

    def is_owner(self) -> sa.ColumnElement[bool]:
        """Return the condition for the row of this owner."""
        if self.brin6 is not None:
            return mail_address.c.brin6 == self.brin6
        return mail_address.c.gebruiker_id == self.gebruiker_id


@dataclass(frozen=True, slots=True)
class MailAddress:
    """An address with its state; moments are timezone-aware."""

    id: int
    address: str
    entered_at: datetime
    confirmed_at: datetime | None
    refused_at: datetime | None
    code_until: datetime | None

    @property
    def is_usable(self) -> bool:
        """Whether things are told to it."""
        return self.confirmed_at is not None and self.refused_at is None


def find(connection: sa.Connection, owner: Owner) -> MailAddress | None:
    """Return the address of an owner, or None."""
    row = connection.execute(sa.select(mail_address).where(owner.is_owner())).one_or_none()
    return None if row is None else _record(row)


def enter(connection: sa.Connection, owner: Owner, text: str, moment: datetime) -> MailAddress:
    """Store an address as typed, in place of the one before, and ask for a code to be sent to it.

    One that is confirmed already, and is typed again, stays so. Raises AddressError or ConfirmationError.
    """
    address = parse(text)
    _hold(connection, owner)
    present = find(connection, owner)
    if present is not None and present.address == address and present.is_usable:
        return present
    values = {
        "address": address,
        "entered_at": to_utc(moment),
        "confirmed_at": None,
        "refused_at": None,
        "code_digest": None,
        "code_until": None,
        "code_tries": 0,
    }
    if present is None:
        whose = {"gebruiker_id": owner.gebruiker_id, "brin6": owner.brin6}
        connection.execute(mail_address.insert().values(**values, **whose))
    else:
        connection.execute(mail_address.update().where(owner.is_owner()).values(values))
        if present.address != address:
            _say_goodbye(connection, owner, present, moment)
    return send_code(connection, owner, moment)


def send_code(connection: sa.Connection, owner: Owner, moment: datetime) -> MailAddress:
    """Put a mail with a new code in the outbox.

    Raises ConfirmationError when there is nothing to confirm, or codes were asked for too often.
    """
    _hold(connection, owner)
    present = find(connection, owner)
    if present is None or present.is_usable:
        raise ConfirmationError(_NOTHING_TO_CONFIRM)
    begin = CODE + (f"brin6:{owner.brin6}:" if owner.brin6 is not None else f"gebruiker:{owner.gebruiker_id}:")
    recent = mail.c.created_at > to_utc(moment - CODE_LIFETIME)
    sent = sa.select(sa.func.count()).where(mail.c.cause.startswith(begin, autoescape=True), recent)
    if (connection.scalar(sent) or 0) >= MAX_CODES:
        raise ConfirmationError(
            f"Er zijn de afgelopen 24 uur al {MAX_CODES} codes verstuurd. Probeer het morgen opnieuw, of vraag de "
            "beheerder om hulp."
        )
    cause = f"{begin}{secrets.token_hex(8)}"
    new = NewMail(cause, present.address, Letter(CODE_SUBJECT, ()), owner.brin6, owner.gebruiker_id)
    outbox.put(connection, [new], moment)
    return present


def make_code(connection: sa.Connection, owner: Owner, address: str, moment: datetime) -> str | None:
    """Return a new code for an address that is about to be sent, and store its digest; the one before is void.

    None when the address is no longer the one to be confirmed.
    """
    present = find(connection, owner)
    if present is None or present.address != address or present.is_usable:
        return None
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    values = {
        "code_digest": _digest(present.id, code),
        "code_until": to_utc(moment + CODE_LIFETIME),
        "code_tries": 0,
    }
    connection.execute(mail_address.update().where(mail_address.c.id == present.id).values(values))
    return "-".join(code[begin : begin + _GROUP] for begin in range(0, _LENGTH, _GROUP))


def confirm(connection: sa.Connection, owner: Owner, typed: str, moment: datetime) -> bool:
    """Confirm the address of an owner by its code; return False for a wrong code, which is counted.

    Small letters, spaces and hyphens do not matter. Raises ConfirmationError when there is no code that could be right.
    """
    _hold(connection, owner)
    row = connection.execute(sa.select(mail_address).where(owner.is_owner())).one_or_none()
    if row is None or _record(row).is_usable:
        raise ConfirmationError(_NOTHING_TO_CONFIRM)
    if row.code_digest is None or row.code_until <= to_utc(moment) or row.code_tries >= MAX_TRIES:
        raise ConfirmationError("De code is verlopen of te vaak verkeerd ingevuld. Laat een nieuwe code sturen.")
    code = "".join(character for character in typed.upper() if character.isalnum())
    own = mail_address.c.id == row.id
    if not compare_digest(_digest(row.id, code), row.code_digest):
        connection.execute(mail_address.update().where(own).values(code_tries=row.code_tries + 1))
        return False
    values = {"confirmed_at": to_utc(moment), "refused_at": None, "code_digest": None, "code_until": None}
    connection.execute(mail_address.update().where(own).values(values))
    return True


def remove(connection: sa.Connection, owner: Owner, moment: datetime) -> bool:
    """Remove the address of an owner; return whether there was one. One that was in use is told so."""
    _hold(connection, owner)
    present = find(connection, owner)
    if present is None:
        return False
    connection.execute(mail_address.delete().where(owner.is_owner()))
    _say_goodbye(connection, owner, present, moment)
    return True


def refuse(connection: sa.Connection, address: str, moment: datetime) -> int:
    """Note that mail to an address is refused for good, whosever it is; return how many owners it has."""
    known = sa.and_(mail_address.c.address == address, mail_address.c.refused_at.is_(None))
    return connection.execute(mail_address.update().where(known).values(refused_at=to_utc(moment))).rowcount


def owner_of(cause: str) -> Owner | None:
    """Return whose address the mail with a code is about, by its cause; None when it is another mail."""
    if not cause.startswith(CODE):
        return None
    kind, _, rest = cause.removeprefix(CODE).partition(":")
    whose = rest.partition(":")[0]
    return Owner(brin6=whose) if kind == "brin6" else Owner(gebruiker_id=int(whose))


def _say_goodbye(connection: sa.Connection, owner: Owner, gone: MailAddress, moment: datetime) -> None:
    """Mail to an address that was in use that it no longer is: its reader may not be the one who changed it."""
    if gone.is_usable:
        cause = f"{GONE}{gone.id}:{secrets.token_hex(8)}"
        outbox.put(
            connection, [NewMail(cause, gone.address, goodbye_letter(), owner.brin6, owner.gebruiker_id)], moment
        )


def _hold(connection: sa.Connection, owner: Owner) -> None:
    """Hold an address until the transaction ends, so that others who act on it wait."""
    lock(connection, f"mail address {owner.brin6 or owner.gebruiker_id}")


def _digest(address_id: int, code: str) -> str:
    return sha256(f"{address_id}:{code}".encode()).hexdigest()


def _record(row: sa.Row[Any]) -> MailAddress:
    return MailAddress(
        row.id,
        row.address,
        from_utc(row.entered_at),
        any_from_utc(row.confirmed_at),
        any_from_utc(row.refused_at),
        any_from_utc(row.code_until),
    )
