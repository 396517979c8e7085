"""Slow guessing of passwords down, without locking anybody out.

Attempts without success are counted per (login, network address): after a few, each next one has to wait, twice as
long every time, and is refused at once when it comes too early. Other addresses do not notice. A login that is guessed
from many addresses gets a short pause for all of them: guessing becomes hopeless, while its owner waits seconds.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from uwlr_adapter.clock import from_utc, to_utc
from uwlr_adapter.errors import RefusedError
from uwlr_adapter.gebruikers.tables import login_attempt
from uwlr_adapter.keys.server_keys import SecretPurpose, ServerKeys

FREE_ATTEMPTS = 3
"""Attempts from one address without any wait: people mistype."""
MAX_WAIT = timedelta(minutes=15)
"""The longest wait of one address: a person comes back after a break, a guesser makes a hundred attempts a day."""
FREE_ATTEMPTS_TOGETHER = 50
"""Attempts at one login from all addresses together before the short pause."""
WAIT_TOGETHER = timedelta(seconds=5)
FORGET_AFTER = timedelta(days=1)
"""After a day without attempts the count starts again."""
_EVERYWHERE = ""


class TooManyAttemptsError(RefusedError):
    """Too many attempts; the next one is accepted after `wait`."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__()
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Attempt:
    """Attempts at one login from one address."""

    login_digest: str
    source: str


def attempt_of(server_keys: ServerKeys, login: str, source: str) -> Attempt:
    """Return the key under which attempts are counted; whatever was typed as a login is stored as a digest only."""
    return Attempt(server_keys.digest(SecretPurpose.LOGIN, login.strip().lower()[:200]), source)


def begin(connection: sa.Connection, attempt: Attempt, moment: datetime) -> None:
    """Count an attempt before it is judged, so that a hundred at once are a hundred. Raises TooManyAttemptsError.

    The transaction must be a writing one. An attempt that comes too early is not counted.
    """
    connection.execute(login_attempt.delete().where(login_attempt.c.last_at <= to_utc(moment - FORGET_AFTER)))
    own, together = _count(connection, attempt, attempt.source), _count(connection, attempt, _EVERYWHERE)
    for (number, last), wait in ((own, wait_of(own[0])), (together, wait_together(together[0]))):
        if number and last is not None and moment < last + wait:
            raise TooManyAttemptsError(last + wait - moment)
    _set(connection, attempt, attempt.source, own[0] + 1, moment)
    _set(connection, attempt, _EVERYWHERE, together[0] + 1, moment)


def undo(connection: sa.Connection, attempt: Attempt) -> None:
    """Take back one attempt: the password was right, and the second factor is still to come."""
    connection.execute(
        login_attempt.update()
        .where(
            login_attempt.c.login_digest == attempt.login_digest,
            login_attempt.c.source.in_([attempt.source, _EVERYWHERE]),
        )
        .where(login_attempt.c.attempts > 0)
        .values(attempts=login_attempt.c.attempts - 1)
    )


def succeed(connection: sa.Connection, attempt: Attempt) -> None:
    """Forget the attempts from this address: somebody logged in."""
    undo(connection, attempt)
    connection.execute(
        login_attempt.delete().where(
            login_attempt.c.login_digest == attempt.login_digest, login_attempt.c.source == attempt.source
        )
    )


def wait_of(number: int) -> timedelta:
    """Return how long an address waits after so many attempts: 1, 2, 4 … seconds."""
    if number < FREE_ATTEMPTS:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(number - FREE_ATTEMPTS, 20)), MAX_WAIT)


def wait_together(number: int) -> timedelta:
    """Return how long every address waits after so many attempts at one login."""
    return WAIT_TOGETHER if number >= FREE_ATTEMPTS_TOGETHER else timedelta(0)


def _row(attempt: Attempt, source: str) -> sa.ColumnElement[bool]:
    return sa.and_(login_attempt.c.login_digest == attempt.login_digest, login_attempt.c.source == source)


def _count(connection: sa.Connection, attempt: Attempt, source: str) -> tuple[int, datetime | None]:
    row = connection.execute(sa.select(login_attempt).where(_row(attempt, source)).with_for_update()).one_or_none()
    return (0, None) if row is None else (row.attempts, from_utc(row.last_at))


def _set(connection: sa.Connection, attempt: Attempt, source: str, number: int, moment: datetime) -> None:
    values = {"attempts": number, "last_at": to_utc(moment)}
    update = login_attempt.update().where(_row(attempt, source))
    if connection.execute(update.values(values)).rowcount == 0:
        try:
            with connection.begin_nested():
                connection.execute(
                    login_attempt.insert().values(login_digest=attempt.login_digest, source=source, **values)
                )
        except IntegrityError:  # another process counted the first attempt in this very moment
            connection.execute(update.values(attempts=login_attempt.c.attempts + 1))
