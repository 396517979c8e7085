"""Mail: each minute what is told at once, and what waits in the outbox; each night what is told once a day."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import sqlalchemy as sa

from uwlr_adapter.clock import day_of
from uwlr_adapter.db import bulk
from uwlr_adapter.jobs.work import MAX_ROWS, Due, JobRun
from uwlr_adapter.journaal.tables import act_to_tell
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.mail import digest, outbox, sending, telling
from uwlr_adapter.mail.smtp import MailConnection, MailServer, MailServerError
from uwlr_adapter.mail.telling import TellingProgress
from uwlr_adapter.settings import Settings

ACTS = 100
"""Acts of one transaction: each may be told to some people."""
VESTIGINGEN = 100
"""Vestigingen whose verdicts are read together."""
MAX_SENT = 1000
"""Mails of one run: other jobs have their turn, and the next run is a minute later."""
MAX_CONNECTIONS = 3
"""Connections of one run: a mail server that breaks off, or hangs, is left alone until the next one."""
_TOLD, _SENT = "acts and logins", "mails"


def due(connection: sa.Connection, _settings: Settings, _moment: datetime) -> list[Due]:
    """Return how many acts and logins wait to be told, and how many mails to be sent."""
    acts = connection.scalar(sa.select(sa.func.count()).select_from(act_to_tell)) or 0
    logins = connection.scalar(sa.select(sa.func.count()).where(telling.UNTOLD)) or 0
    return [Due(_TOLD, acts + logins, "not told yet"), Due(_SENT, outbox.counts(connection).waiting, "to be sent")]


def run(run_: JobRun) -> None:
    """Put what is told at once in the outbox, and send what is due.

    Without a mail server nobody is told, and what waited is let go. Raises MailServerError after the rest is done,
    MailSettingsError, StoppedError, LeaseLostError or DBAPIError.
    """
    server = MailServer.of(run_.settings)
    if server is None:
        _let_go(run_)
        return
    catalogue, day = Catalogue.load(run_.settings.catalogus), day_of(run_.moment)
    with run_.reading() as connection:
        waits = telling.waits(connection)
    if waits:
        _each(run_, partial(telling.tell_acts, catalogue=catalogue, moment=run_.moment, day=day, rows=ACTS))
        _each(run_, partial(telling.tell_logins, moment=run_.moment, rows=ACTS))
    _send(run_, server)


def has_work(connection: sa.Connection, now: datetime) -> bool:
    """Return whether something waits to be told, or to be sent now."""
    return telling.waits(connection) or outbox.has_due(connection, now)


def _each(run_: JobRun, tell: Callable[..., TellingProgress]) -> None:
    """Call `tell` with a connection and `after` until nothing waits, some in each transaction."""
    after, seen = 0, ACTS
    while seen == ACTS:
        after, seen = run_.transact(partial(tell, after=after))
        run_.count(_TOLD, seen)


def _let_go(run_: JobRun) -> None:
    while run_.write(_TOLD, lambda connection: telling.drop_acts(connection, MAX_ROWS)) == MAX_ROWS:
        pass
    run_.write(_TOLD, telling.drop_logins)


def _send(run_: JobRun, server: MailServer) -> None:
    """Send what is due over one connection, or over another one when it was lost."""
    if not _is_due(run_):
        return
    run_.write(_SENT, lambda connection: outbox.give_up(connection, run_.moment, MAX_ROWS))
    sent = 0
    try:
        for _ in range(MAX_CONNECTIONS):
            if sent < MAX_SENT and _is_due(run_):
                with server.connected() as connection:
                    sent += _send_over(run_, server, connection, MAX_SENT - sent)
    except MailServerError:
        run_.write(_SENT, lambda connection: outbox.postpone(connection, run_.moment, MAX_ROWS))
        raise


def _send_over(run_: JobRun, server: MailServer, connection: MailConnection, most: int) -> int:
    """Send at most so many mails over a connection, until it is lost or nothing is due; return how many were tried."""
    for number in range(most):
        claimed = run_.transact(partial(sending.begin, sender=server.sender, moment=run_.moment))
        if claimed is None:
            return number
        waiting, message = claimed
        tried = connection.send(message, server.sender.address, waiting.address)
        run_.write(_SENT, partial(sending.end, waiting=waiting, tried=tried, moment=run_.moment))
        if tried.is_lost:
            return number + 1
    return most


def _is_due(run_: JobRun) -> bool:
    with run_.reading() as connection:
        return outbox.has_due(connection, run_.moment)


def due_of_day(connection: sa.Connection, settings: Settings, moment: datetime) -> Sequence[Due]:
    """Return at how many vestigingen there is something to tell."""
    catalogue, day = Catalogue.load(settings.catalogus), day_of(moment)
    brin6s = digest.vestigingen_with_koppelingen(connection)
    found = (digest.find(connection, catalogue, some, moment, day) for some in bulk.pieces(brin6s, VESTIGINGEN))
    return [Due("vestigingen", sum(map(len, found)), "of which another thing is open than was told")]


def run_of_day(run_: JobRun) -> None:
    """Put in the outbox what each vestiging is told of the day.

    Without a mail server nothing is noted as told. Raises MailSettingsError, StoppedError, LeaseLostError or
    DBAPIError.
    """
    if MailServer.of(run_.settings) is None:
        return
    catalogue, moment, day = Catalogue.load(run_.settings.catalogus), run_.moment, day_of(run_.moment)
    with run_.reading() as connection:
        brin6s = digest.vestigingen_with_koppelingen(connection)
    for some in bulk.pieces(brin6s, VESTIGINGEN):
        with run_.reading() as connection:
            found = digest.find(connection, catalogue, some, moment, day)
        for one in found:
            run_.transact(partial(digest.tell, catalogue=catalogue, to_tell=one, moment=moment, day=day))
            run_.count("vestigingen", 1)
