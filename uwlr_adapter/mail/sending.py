"""Sending what is due: each try is noted before it begins, and what became of it after.

Between the answer of the mail server and our commit a process can die. Then nobody knows whether that mail was taken;
it is sent once more under the same Message-ID, and never a third time (`outbox.MAX_UNSURE`).
"""

from datetime import datetime
from email.message import EmailMessage

import sqlalchemy as sa

from uwlr_adapter.administratie.schools import find_vestiging
from uwlr_adapter.clock import day_of
from uwlr_adapter.gebruikers import accounts
from uwlr_adapter.mail import addresses, outbox, recipients, telling
from uwlr_adapter.mail.addresses import Owner
from uwlr_adapter.mail.letter import Letter
from uwlr_adapter.mail.message import MailSender, build
from uwlr_adapter.mail.outbox import GONE, MailFailure, QueuedMail
from uwlr_adapter.mail.smtp import MailOutcome, Tried
from uwlr_adapter.mail.words import Place, code_letter, user_in_words


def begin(connection: sa.Connection, sender: MailSender, moment: datetime) -> tuple[QueuedMail, EmailMessage] | None:
    """Note a try of the mail that waits longest, and return it with its message; None when nothing is due.

    One that would say what is no longer so, or to a former colleague, is given up on the way; one whose school has a
    holiday by now is taken back. The transaction must be a writing one.
    """
    while (waiting := outbox.claim(connection, moment)) is not None:
        if telling.holds_back(connection, waiting, day_of(moment)):
            continue
        letter = _letter_of(connection, waiting, moment)
        if letter is not None:
            return waiting, build(letter, sender, waiting.address, waiting.message_id, moment)
        outbox.note_failed(connection, waiting.id, MailFailure.OBSOLETE)
    return None


def end(connection: sa.Connection, waiting: QueuedMail, tried: Tried, moment: datetime) -> int:
    """Note what became of a try; return 1. An address that the mail server does not know is used no more."""
    if tried.delivery is MailOutcome.SENT:
        outbox.note_sent(connection, waiting.id, moment)
    elif tried.delivery is MailOutcome.UNSURE:
        outbox.note_unsure(connection, waiting.id)
    elif tried.delivery is MailOutcome.LATER:
        outbox.note_later(connection, waiting.id, tried.failure or MailFailure.LATER)
    else:
        outbox.note_failed(connection, waiting.id, tried.failure or MailFailure.REFUSED)
        if tried.is_about_address:
            addresses.refuse(connection, waiting.address, moment)
    return 1


def _letter_of(connection: sa.Connection, waiting: QueuedMail, moment: datetime) -> Letter | None:
    owner = addresses.owner_of(waiting.cause)
    if owner is None:
        about = (waiting.address, waiting.gebruiker_id, waiting.brin6)
        goes = waiting.cause.startswith(GONE) or recipients.is_told_still(connection, *about)
        return Letter.of_json(waiting.subject, waiting.text) if goes and waiting.text is not None else None
    if owner.gebruiker_id is not None:
        gebruiker = accounts.by_id(connection, owner.gebruiker_id)
        if gebruiker is None or not gebruiker.is_enabled:
            return None
    code = addresses.make_code(connection, owner, waiting.address, moment)
    return None if code is None else code_letter(code, _whose(connection, owner))


def _whose(connection: sa.Connection, owner: Owner) -> str:
    if owner.brin6 is not None:
        found = find_vestiging(connection, owner.brin6)
        return owner.brin6 if found is None else f"van {Place(found.brin6, found.naam)}"
    gebruiker = None if owner.gebruiker_id is None else accounts.by_id(connection, owner.gebruiker_id)
    return "van een gebruiker" if gebruiker is None else f"van {user_in_words(gebruiker.login, gebruiker.naam)}"
