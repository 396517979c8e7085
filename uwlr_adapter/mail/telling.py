"""The mails that go at once: about acts on a koppeling, access that was given, and logins from a new browser.

An act that is told stands in `act_to_tell` from the commit of its entry of the journaal on. It leaves that table in the
transaction that puts its mails in the outbox: each entry is told once, in whatever order transactions commit, and
whichever machine runs the job. In the summer holiday of the vestiging it stays there, and one whose mail was not sent
before the holiday returns to it. A login is told at all times: who did not log in has to act at once.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

import sqlalchemy as sa

from uwlr_adapter.administratie.schools import find_vestiging
from uwlr_adapter.clock import from_utc
from uwlr_adapter.gebruikers import accounts
from uwlr_adapter.gebruikers.tables import new_browser
from uwlr_adapter.journaal.model import Act, Entry, EntryKind
from uwlr_adapter.journaal.search import entry_of
from uwlr_adapter.journaal.tables import act_to_tell, journaal
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.tables import koppeling
from uwlr_adapter.mail import outbox, recipients
from uwlr_adapter.mail.letter import Letter
from uwlr_adapter.mail.outbox import ACT, ACTS, DAY, NewMail, QueuedMail
from uwlr_adapter.mail.quiet import Telling, telling_on
from uwlr_adapter.mail.recipients import MailRecipient
from uwlr_adapter.mail.words import Place, ToldAct, act_letter, actor_in_words, login_letter, user_in_words

UNTOLD = new_browser.c.told == sa.false()
"""Logins that their user was not told of; as a comparison, which an index serves."""


class TellingProgress(NamedTuple):
    """How far a run is: the last entry that it saw, and how many it saw in this transaction."""

    after: int
    seen: int


@dataclass(frozen=True, slots=True)
class ActToTell:
    """An entry of the journaal that is to be told, with its words and whom it concerns."""

    entry: Entry
    place: Place
    told: ToldAct
    subject_login: str | None
    """The user that it is about, who is not told it."""


def waits(connection: sa.Connection) -> bool:
    """Return whether an act or a login waits to be told."""
    acts, logins = sa.exists().select_from(act_to_tell), sa.exists().where(UNTOLD)
    return bool(connection.scalar(sa.select(sa.or_(acts, logins))))


def tell_acts(
    connection: sa.Connection, catalogue: Catalogue, moment: datetime, day: date, after: int, rows: int
) -> TellingProgress:
    """Put the mails about at most so many of the acts that wait in the outbox, those behind an entry id (exclusive).

    Those of a vestiging with a holiday stay. The transaction must be a writing one.
    """
    query = sa.select(act_to_tell.c.entry_id).where(act_to_tell.c.entry_id > after).order_by(act_to_tell.c.entry_id)
    ids = list(connection.scalars(query.limit(rows).with_for_update(skip_locked=True)))
    tellings: dict[str, Telling] = {}
    done: list[int] = []
    acts: list[ActToTell] = []
    found = {one.id: one for one in _entries(connection, ids)}
    for entry_id in ids:
        entry = found.get(entry_id)
        if entry is not None and entry.brin6 is not None:
            if entry.brin6 not in tellings:
                tellings[entry.brin6] = telling_on(connection, entry.brin6, day)
            if tellings[entry.brin6] is not Telling.ALWAYS:
                continue
            act = in_words(connection, catalogue, entry)
            if act is not None:
                acts.append(act)
        done.append(entry_id)
    outbox.put(connection, _mails_of(connection, acts), moment)
    _remove(connection, done)
    return TellingProgress(ids[-1] if ids else after, len(ids))


def take_of_vestiging(connection: sa.Connection, catalogue: Catalogue, brin6: str) -> list[ActToTell]:
    """Take the acts of a vestiging that wait out of the table, for the one mail before school begins."""
    waiting = sa.select(act_to_tell.c.entry_id)
    query = sa.select(journaal).where(journaal.c.brin6 == brin6, journaal.c.id.in_(waiting)).order_by(journaal.c.id)
    entries = [entry_of(row) for row in connection.execute(query)]
    _remove(connection, [one.id for one in entries])
    return [act for act in (in_words(connection, catalogue, one) for one in entries) if act is not None]


def holds_back(connection: sa.Connection, waiting: QueuedMail, day: date) -> bool:
    """Take a mail out of the outbox whose vestiging has a holiday by now; return whether it did.

    Its act waits for the one mail before school begins; what a mail of a day would say is in that one too.
    """
    brin6, is_act = waiting.brin6, waiting.cause.startswith(ACT)
    if brin6 is None or not (is_act or waiting.cause.startswith(DAY)):
        return False
    if telling_on(connection, brin6, day) is not Telling.QUIET:
        return False
    about = waiting.cause.rpartition(":")[2]
    if is_act:
        _wait_again(connection, int(about))
    elif telling_on(connection, brin6, date.fromisoformat(about)) is Telling.ONCE:
        return False  # the one mail of the holiday, which comes late
    outbox.remove(connection, waiting.id)
    return True


def drop_acts(connection: sa.Connection, rows: int) -> int:
    """Take at most so many acts out of the table that nobody can be told of, for want of a mail server."""
    ids = list(connection.scalars(sa.select(act_to_tell.c.entry_id).order_by(act_to_tell.c.entry_id).limit(rows)))
    _remove(connection, ids)
    return len(ids)


def tell_logins(connection: sa.Connection, moment: datetime, after: int, rows: int) -> TellingProgress:
    """Put a mail to at most so many users, those behind a user id, about their logins from a new browser in the outbox.

    Each has one mail with all of them, in a holiday as well.
    """
    query = (
        sa.select(new_browser.c.gebruiker_id)
        .where(UNTOLD, new_browser.c.gebruiker_id > after)
        .distinct()
        .order_by(new_browser.c.gebruiker_id)
    )
    users = list(connection.scalars(query.limit(rows)))
    for gebruiker_id in users:
        own = sa.and_(new_browser.c.gebruiker_id == gebruiker_id, UNTOLD)
        logins = connection.execute(sa.select(new_browser).where(own).order_by(new_browser.c.id)).all()
        recipient = recipients.of_gebruiker(connection, gebruiker_id)
        if recipient is not None and logins:
            letter = login_letter([from_utc(row.moment) for row in logins])
            new = NewMail(f"login:{logins[-1].id}", recipient.address, letter, gebruiker_id=gebruiker_id)
            outbox.put(connection, [new], moment)
        seen = new_browser.c.id.in_([row.id for row in logins])
        connection.execute(new_browser.update().where(seen).values(told=True))
    return TellingProgress(users[-1] if users else after, len(users))


def tell_owner(connection: sa.Connection, gebruiker_id: int, cause: str, letter: Letter, moment: datetime) -> None:
    """Put a mail to a user about the own account in the outbox, in the transaction of what it tells.

    A cause is told once. Nothing is told to a user without a confirmed address.
    """
    recipient = recipients.of_gebruiker(connection, gebruiker_id)
    if recipient is not None:
        new = NewMail(f"account:{gebruiker_id}:{cause}", recipient.address, letter, gebruiker_id=gebruiker_id)
        outbox.put(connection, [new], moment)


def drop_logins(connection: sa.Connection) -> int:
    """Note of all logins that wait that nobody can be told, for want of a mail server."""
    return connection.execute(new_browser.update().where(UNTOLD).values(told=True)).rowcount


def in_words(connection: sa.Connection, catalogue: Catalogue, entry: Entry) -> ActToTell | None:
    """Return an act with its words; None when what it is about is gone."""
    found = None if entry.brin6 is None else find_vestiging(connection, entry.brin6)
    if found is None:
        return None
    login = _login_of(entry)
    known = accounts.names_of(connection, [one for one in (entry.actor, login) if one is not None])
    names = {one: naam for one, (naam, _) in known.items()}
    if entry.kind is EntryKind.GEBRUIKER:
        if login is None:
            return None
        name = user_in_words(login, names[login]) if login in names else login
    else:
        name = _platform(connection, catalogue, entry.koppeling_id)
    told = ToldAct(Act(entry.act), entry.moment, actor_in_words(entry.actor, names), name)
    return ActToTell(entry, Place(found.brin6, found.naam), told, login)


def _mails_of(connection: sa.Connection, acts: Iterable[ActToTell]) -> list[NewMail]:
    """Return the mails about acts: one to each address for one act of one person on one platform, at many vestigingen.

    A second such act at one vestiging is another mail.
    """
    together: dict[tuple[object, ...], list[tuple[ActToTell, MailRecipient]]] = {}
    seen: Counter[tuple[object, ...]] = Counter()
    for act in acts:
        for one in _told_people(connection, act):
            same = (one.address.lower(), one.gebruiker_id, act.told.act, act.entry.actor, act.told.name)
            seen[(*same, act.place.brin6)] += 1
            together.setdefault((*same, seen[(*same, act.place.brin6)]), []).append((act, one))
    return [_mail_of([act for act, _ in found], found[0][1]) for found in together.values()]


def _mail_of(acts: Sequence[ActToTell], recipient: MailRecipient) -> NewMail:
    """Return the mail about acts of one kind; it counts as one about the vestiging of the first.

    One about several vestigingen is not held back by a holiday (`holds_back`): it goes as it is.
    """
    first, begin = acts[0], ACT if len(acts) == 1 else ACTS
    letter = act_letter(first.place, first.told, [one.place for one in acts[1:]])
    return NewMail(f"{begin}{first.entry.id}", recipient.address, letter, first.place.brin6, recipient.gebruiker_id)


def _told_people(connection: sa.Connection, act: ActToTell) -> list[MailRecipient]:
    """Return everybody who is told of an act, but who did it and whom it is about."""
    found = recipients.of_vestiging(connection, act.place.brin6)
    leave_out = {act.entry.actor, act.subject_login} - {None}
    own = {one.address.lower() for one in found if one.login in leave_out}
    return [one for one in found if one.address.lower() not in own]


def _entries(connection: sa.Connection, ids: list[int]) -> Iterable[Entry]:
    return [entry_of(row) for row in connection.execute(sa.select(journaal).where(journaal.c.id.in_(ids)))]


def _wait_again(connection: sa.Connection, entry_id: int) -> None:
    """Note that an act waits to be told, unless another mail about it noted that already."""
    if connection.scalar(sa.select(act_to_tell.c.entry_id).where(act_to_tell.c.entry_id == entry_id)) is None:
        connection.execute(act_to_tell.insert().values(entry_id=entry_id))


def _remove(connection: sa.Connection, ids: list[int]) -> None:
    if ids:
        connection.execute(act_to_tell.delete().where(act_to_tell.c.entry_id.in_(ids)))


def _login_of(entry: Entry) -> str | None:
    told = dict(remark.partition("=")[::2] for remark in entry.remarks)
    return told.get("login") or told.get("gebruiker") or told.get("leerkracht")


def _platform(connection: sa.Connection, catalogue: Catalogue, koppeling_id: int | None) -> str:
    """Return the name of a koppeling in the catalogue, else its id there."""
    entry_id = connection.scalar(sa.select(koppeling.c.entry_id).where(koppeling.c.id == koppeling_id))
    if entry_id is None:
        return "een leverancier"
    entry = catalogue.get(entry_id)
    return str(entry_id) if entry is None else entry.naam
