"""Slow guessing of passwords and codes down, without taking the turn of the owner of the account.

Each attempt is counted in a lane, and only that lane waits:

- a known browser of the account (`portal/known_browser.py`) has a lane of its own: no guess of anybody else is counted
  in it;
- any other attempt is in the lane of its source (a network address, IPv6 by /64) and the account. A source that made no
  wrong guess at this account in the last day never waits for it, however many other sources guess.

Two counts make lanes stricter, and never close one that has no failure: of an account that is guessed at from
everywhere (`ATTACKED_FROM`), each source has less; a source that guesses at many accounts (spraying) waits for each of
them (`SOURCE`), the known browsers behind it excepted. An attempt that comes too early is refused, is not counted, and
makes no wait longer. Every count ends a day after it began.

What is left for a guesser at one account, in passwords a day: 64 from one source, and 31 from each of many, so 31,000
from 1,000 sources; 108 in a stolen known browser. One source that sprays has 155 over all accounts together. A password
made of what `guessable.py` knows needs some ten million guesses, most of a year for 1,000 sources. One of a word that
it does not know may need far fewer: one of the first million of a guesser is found in a month. Each login of the owner
tells of the guesses, and they still lack the second factor of an account that has one. Its codes can be guessed by
somebody who knows the password only: some 200 a day, from all sources together (`CODES`), each right with a chance of
three in a million. Two persons wait for others: one with a new browser in the network of a guesser, and one with a new
browser whose password is known to a guesser of codes. The link of `uwlr-adapter gebruiker reset` makes a browser known.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any, NamedTuple, Self

import sqlalchemy as sa

from uwlr_adapter.clock import from_utc, to_utc
from uwlr_adapter.errors import RefusedError
from uwlr_adapter.gebruikers.tables import gebruiker, login_attempt
from uwlr_adapter.keys.server_keys import SecretPurpose, ServerKeys


@dataclass(frozen=True, slots=True)
class Budget:
    """The failures that a count allows without a wait, and the waits after that: each twice the one before."""

    free: int
    first_wait: timedelta
    max_wait: timedelta

    def wait_after(self, failures: int) -> timedelta:
        """Return the time to wait after the last of so many failures."""
        if failures < self.free:
            return timedelta(0)
        times: int = 2 ** min(failures - self.free, 20)
        return min(self.first_wait * times, self.max_wait)


OWN = Budget(3, timedelta(seconds=1), timedelta(minutes=15))
"""Of a lane: people mistype, and come back after a break; a guesser makes a hundred attempts a day."""
OWN_UNDER_ATTACK = Budget(1, timedelta(seconds=30), timedelta(hours=1))
"""Of a source at an account that is under attack: its owner still mistypes once or twice."""
ATTACKED_FROM = 50
"""Failures of all sources at one account, known browsers excepted, from which it is under attack (inclusive)."""
SOURCE = Budget(50, timedelta(seconds=1), timedelta(minutes=15))
"""Of a source over all accounts: a school that mistypes all day has one address. A right password is no failure."""
CODES = Budget(100, timedelta(minutes=15), timedelta(minutes=15))
"""Of the codes of the second factor of one account over all sources, known browsers excepted."""
FORGET_AFTER = timedelta(days=1)
"""The age at which a count ends, and starts again at the next failure."""
MAX_ROWS = 50_000
"""Counts that are kept; beyond that the smallest go first, so that many new ones cannot push out a large one."""
TIDY_ROWS = 100
"""Old rows that one attempt removes at most; it makes three at most."""
_ALL = ""
"""As a source: all sources together; as a login: all logins together."""


class TooManyAttemptsError(RefusedError):
    """Too many attempts; the next one is accepted after `wait`."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__()
        self.wait = wait


class Factor(Enum):
    """What was entered."""

    PASSWORD = auto()
    CODE = auto()


class Key(NamedTuple):
    """The key of a count; its order is the order in which rows are locked."""

    login_digest: str
    """Digest of a login and a factor; empty: all logins together."""
    source: str
    """A network, or a known browser; empty: all networks together."""


class Count(NamedTuple):
    """A count of failures: how many, since when, and when the last one was; both moments are None without any."""

    failures: int = 0
    since: datetime | None = None
    last_at: datetime | None = None

    def at(self, moment: datetime) -> "Count":
        """Return the count as it is at a moment: one that began FORGET_AFTER ago has ended."""
        return Count() if self.since is None or self.since <= moment - FORGET_AFTER else self

    def with_failure(self, moment: datetime) -> "Count":
        """Return the count after one more failure."""
        return Count(self.failures + 1, self.since or moment, moment)

    def wait(self, budget: Budget, moment: datetime) -> timedelta:
        """Return the time until the next attempt is allowed; zero or less when it is allowed now."""
        return timedelta(0) if self.last_at is None else self.last_at + budget.wait_after(self.failures) - moment


class UntoldFailures(NamedTuple):
    """The failures at an account that its owner has not been told of."""

    passwords: int
    codes: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to log in: a login as typed, the source, and the id of the known browser of that login, if it is one.

    What was typed as a login is stored as a digest only: people type passwords there.
    """

    login: str
    digests: dict[Factor, str]
    source: str
    browser: str | None

    @classmethod
    def of(cls, server_keys: ServerKeys, login: str, source: str, browser: str | None) -> Self:
        """Return an attempt."""
        normal = login.strip().lower()[:200]
        digests = {one: server_keys.digest(SecretPurpose.LOGIN, f"{normal}{_SUFFIX[one]}") for one in Factor}
        return cls(normal, digests, source, browser)

    @property
    def lane(self) -> str:
        """The name of the lane, whatever the account: a known browser or a source."""
        return self.source if self.browser is None else f"browser:{self.browser}"

    @property
    def share(self) -> str:
        """The share of the hash queue: the known browsers of an account together, or a source."""
        return self.source if self.browser is None else f"browser:{self.digests[Factor.PASSWORD]}"

    def own(self, factor: Factor) -> Key:
        """Return the key of the count of the lane."""
        return Key(self.digests[factor], self.lane)

    def keys(self, factor: Factor) -> list[Key]:
        """Return the keys of all counts that this attempt is part of, in the order of locks."""
        own = self.own(factor)
        if self.browser is not None:
            return [own]
        shared = Key(_ALL, self.source) if factor is Factor.PASSWORD else None
        return sorted(key for key in (own, Key(self.digests[factor], _ALL), shared) if key is not None)

    def wait(self, factor: Factor, counts: dict[Key, Count], moment: datetime) -> timedelta:
        """Return how long this attempt has to wait by these counts; zero or less when it does not."""
        own = counts[self.own(factor)]
        if self.browser is not None:
            return own.wait(OWN, moment)
        together = counts[Key(self.digests[factor], _ALL)]
        if factor is Factor.CODE:
            return max(own.wait(OWN, moment), together.wait(CODES, moment))
        budget = OWN if together.failures < ATTACKED_FROM else OWN_UNDER_ATTACK
        return max(own.wait(budget, moment), counts[Key(_ALL, self.source)].wait(SOURCE, moment))


_SUFFIX = {Factor.PASSWORD: "", Factor.CODE: "\0code"}
"""What tells the codes of a login from its passwords; a login that is typed has no NUL."""


def failures_of(connection: sa.Connection, attempt: Attempt, factor: Factor, moment: datetime) -> int:
    """Return the failures in the lane of an attempt. Raises TooManyAttemptsError when the attempt comes too early.

    It writes nothing, so that turning a guesser away is cheap.
    """
    keys = attempt.keys(factor)
    counts = dict.fromkeys(keys, Count())
    for row in connection.execute(_READ, {"keys": [tuple(key) for key in keys]}):
        counts[Key(row.login_digest, row.source)] = _count(row).at(moment)
    _require_turn(attempt, factor, counts, moment)
    return counts[attempt.own(factor)].failures


def begin(connection: sa.Connection, attempt: Attempt, factor: Factor, moment: datetime) -> None:
    """Count an attempt as a failure before it is judged, so that a hundred at once are a hundred.

    The transaction must be a writing one, and have locked nothing. Raises TooManyAttemptsError, and then it must be
    rolled back.
    """
    counts = {key: _hold(connection, key, moment) for key in attempt.keys(factor)}
    _require_turn(attempt, factor, counts, moment)
    for key, count in counts.items():
        more = count.with_failure(moment)
        connection.execute(
            _WRITE,
            {**_bound(key), "failures": more.failures, "began": to_utc(more.since or moment), "last": to_utc(moment)},
        )
    _tidy(connection, moment, is_new=any(count.failures == 0 for count in counts.values()))


def fail(connection: sa.Connection, attempt: Attempt, factor: Factor) -> None:
    """Note for the owner of the account that a password or code was wrong.

    One that nobody owns costs the same write, so that the time does not show who has an account.
    """
    connection.execute(_TOUCH, _bound(attempt.own(factor)))
    column = _NOTED[factor]
    connection.execute(gebruiker.update().where(gebruiker.c.login == attempt.login).values({column: column + 1}))


def undo(connection: sa.Connection, attempt: Attempt, factor: Factor) -> None:
    """Take back that an attempt was counted: what was entered was right, and another factor is still to come."""
    for key in attempt.keys(factor):
        connection.execute(_FEWER, _bound(key))


def succeed(connection: sa.Connection, attempt: Attempt, factor: Factor) -> UntoldFailures:
    """Take back the attempt that completed a login, forget the failures in its lane at this account.

    Return the failures since the login before, which are told now. The counts of the account and of the source stay:
    somebody who has an account cannot clear them.
    """
    own = [attempt.own(one) for one in Factor]
    for key in sorted({*attempt.keys(factor), *own}):
        connection.execute(_DELETE if key in own else _FEWER, _bound(key))
    noted = sa.select(*_NOTED.values()).where(gebruiker.c.login == attempt.login).with_for_update()
    found = connection.execute(noted).one_or_none()
    cleared = dict.fromkeys(_NOTED.values(), 0)
    connection.execute(gebruiker.update().where(gebruiker.c.login == attempt.login).values(cleared))
    return UntoldFailures(0, 0) if found is None else UntoldFailures(found.wrong_passwords, found.wrong_codes)


_NOTED: dict[Factor, sa.Column[int]] = {
    Factor.PASSWORD: gebruiker.c.wrong_passwords,
    Factor.CODE: gebruiker.c.wrong_codes,
}
_KEY = (login_attempt.c.login_digest, login_attempt.c.source)
_IS_KEY = sa.and_(
    login_attempt.c.login_digest == sa.bindparam("digest"), login_attempt.c.source == sa.bindparam("lane")
)
_READ = sa.select(login_attempt).where(sa.tuple_(*_KEY).in_(sa.bindparam("keys", expanding=True)))
_HOLD = (
    sa.text(
        "INSERT INTO login_attempt (login_digest, source, attempts, since, last_at)"
        " VALUES (:digest, :lane, 0, :moment, :moment) ON CONFLICT (login_digest, source)"
        " DO UPDATE SET attempts = login_attempt.attempts RETURNING attempts, since, last_at"
    )
    .bindparams(sa.bindparam("moment", type_=sa.DateTime))
    .columns(attempts=sa.Integer, since=sa.DateTime, last_at=sa.DateTime)
)
"""Make the row of a count when it is absent, and lock it."""
_WRITE = (
    login_attempt.update()
    .where(_IS_KEY)
    .values(attempts=sa.bindparam("failures"), since=sa.bindparam("began"), last_at=sa.bindparam("last"))
)
_FEWER = (
    login_attempt.update().where(_IS_KEY, login_attempt.c.attempts > 0).values(attempts=login_attempt.c.attempts - 1)
)
_TOUCH = login_attempt.update().where(_IS_KEY).values(attempts=login_attempt.c.attempts)
_DELETE = login_attempt.delete().where(_IS_KEY)
_OLD = sa.select(*_KEY).where(login_attempt.c.last_at <= sa.bindparam("old")).order_by(login_attempt.c.last_at)
_SMALLEST = sa.select(*_KEY).order_by(login_attempt.c.attempts, login_attempt.c.last_at)
_NUMBER = sa.select(sa.func.count()).select_from(login_attempt)


def _bound(key: Key) -> dict[str, object]:
    return {"digest": key.login_digest, "lane": key.source}


def _require_turn(attempt: Attempt, factor: Factor, counts: dict[Key, Count], moment: datetime) -> None:
    wait = attempt.wait(factor, counts, moment)
    if wait > timedelta(0):
        raise TooManyAttemptsError(wait)


def _hold(connection: sa.Connection, key: Key, moment: datetime) -> Count:
    """Lock the row of a count, made when it is absent, and return the count."""
    row = connection.execute(_HOLD, {**_bound(key), "moment": to_utc(moment)}).one()
    return _count(row).at(moment)


def _count(row: sa.Row[Any]) -> Count:
    """Return the count of a row; one of older code has no `since`."""
    if row.attempts == 0:
        return Count()
    return Count(row.attempts, from_utc(row.since or row.last_at), from_utc(row.last_at))


def _tidy(connection: sa.Connection, moment: datetime, *, is_new: bool) -> None:
    """Remove some old rows and, with a new one, some of the smallest when there are too many.

    It comes last in a transaction and skips what another one holds, so it waits for nobody (`db/locks.py`).
    """
    _remove(connection, _OLD, {"old": to_utc(moment - FORGET_AFTER)})
    if is_new and (connection.scalar(_NUMBER) or 0) > MAX_ROWS:
        _remove(connection, _SMALLEST, {})


def _remove(connection: sa.Connection, rows: "sa.Select[tuple[str, str]]", parameters: dict[str, object]) -> None:
    """Delete at most TIDY_ROWS of these rows."""
    found = connection.execute(rows.limit(TIDY_ROWS).with_for_update(skip_locked=True), parameters).all()
    if found:
        connection.execute(login_attempt.delete().where(sa.tuple_(*_KEY).in_([tuple(row) for row in found])))
