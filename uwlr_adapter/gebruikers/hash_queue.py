"""The queue for hashing passwords: a few at once in a process, and a few that wait.

A hash takes 64 MB and some 50 ms of a thread of the process that also serves platforms. The places are shared out by
share (the known browsers of an account together, or a source), so that many connections of one guesser get no more
turns than the one of an owner. A known browser goes before others, and a source without a failure at the account before
one that has failed. Known browsers leave one place to hash and one to wait to others that come: an account has as many
of them as its owner cares to make, and their logins with the right password are not bounded.

A share that is sent away keeps its number for some minutes, when it comes back no sooner than it was asked to, and
numbers are served in order. So somebody who waits is before all who go on knocking, and before all who came later.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, IntEnum
from threading import Condition

from uwlr_adapter.errors import RefusedError

MAX_HASHES = 2
"""Passwords hashed at once in a process."""
MAX_WAITING = 6
"""Requests that wait for it; with the above half of the threads that a process has by default (UWLR_THREADS)."""
MAX_NUMBERS = 4096
"""Shares that were sent away and keep their number; the oldest go first."""
HASHES_A_SECOND = 20
"""A low estimate, for how long somebody who is sent away is asked to stay away."""
KEPT_SECONDS = 300
"""How long after that time the number is kept: somebody who reads the page and tries again is back by then."""
MIN_RETRY, MAX_RETRY = timedelta(seconds=2), timedelta(seconds=20)


class Rank(IntEnum):
    """Who goes first; the lowest one does."""

    KNOWN_BROWSER = 0
    NO_FAILURE = 1
    """A source without a failure at this account in the last day."""
    FAILED = 2


class BusyError(RefusedError):
    """Too many passwords wait to be hashed; come back after `wait`."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__()
        self.wait = wait


class _State(Enum):
    WAITS = "waits"
    HASHES = "hashes"
    SENT_AWAY = "sent away"


@dataclass(slots=True, eq=False)
class _Turn:
    """One request in the queue; `number` is that of its share."""

    share: str
    rank: Rank
    number: int
    state: _State = _State.WAITS
    wait: timedelta = MIN_RETRY
    """When it is sent away: the time to stay away, in which those who were sent away before have had their turn."""

    @property
    def is_known(self) -> bool:
        """Whether it is of a known browser."""
        return self.rank is Rank.KNOWN_BROWSER


class HashQueue:
    """A queue of one process; safe to share between threads."""

    def __init__(
        self, places: int = MAX_HASHES, waiting: int = MAX_WAITING, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.changed = Condition()
        """Notified at each change."""
        self.turns: list[_Turn] = []
        """Those that wait, the first to come first."""
        self._places, self._max_waiting = places, waiting
        self._hashing: Counter[str] = Counter()
        self._known_hashing = 0
        self._sent_away: dict[str, tuple[int, float]] = {}
        """By share, the last one sent away at the end: its number, and the second from which it may come back."""
        self._clock = clock
        self.arrivals = 0
        """The number of requests that came so far."""

    @contextmanager
    def place(self, share: str, rank: Rank) -> Iterator[None]:
        """Wait for a place, and hold it for the block. Raises BusyError."""
        with self.changed:
            turn = _Turn(share, rank, self._number(share))
            self.arrivals += 1
            self.turns.append(turn)
            self._admit()
            self._send_away()
            self.changed.notify_all()
            self.changed.wait_for(lambda: turn.state is not _State.WAITS)
            if turn.state is _State.SENT_AWAY:
                raise BusyError(turn.wait)
        try:
            yield
        finally:
            with self.changed:
                self._hashing -= Counter([share])
                self._known_hashing -= turn.is_known
                self._admit()
                self.changed.notify_all()

    def _number(self, share: str) -> int:
        number, until = self._sent_away.get(share, (self.arrivals, 0.0))
        return number if until <= self._clock() <= until + KEPT_SECONDS else self.arrivals

    def next_share(self) -> str:
        """Return the share that goes next; there must be one."""
        return self._next().share

    def _next(self) -> _Turn:
        """Return the turn that goes next: a known browser, unless they have all places but one and others wait."""
        is_full = self._known_hashing >= max(self._places - 1, 1)
        return min(
            self.turns,
            key=lambda one: (is_full and one.is_known, one.rank, self._hashing[one.share], one.number),
        )

    def _admit(self) -> None:
        """Hand out the free places."""
        while self.turns and self._hashing.total() < self._places:
            turn = self._next()
            self.turns.remove(turn)
            self._sent_away.pop(turn.share, None)
            self._hashing[turn.share] += 1
            self._known_hashing += turn.is_known
            turn.state = _State.HASHES

    def _send_away(self) -> None:
        """Send away the last of the share that has most in the queue, when there are too many.

        It is one of the lowest rank, or a known browser when these would have all places to wait.
        """
        if len(self.turns) <= self._max_waiting:
            return
        waiting = Counter(one.share for one in self.turns)
        is_full = sum(one.is_known for one in self.turns) >= self._max_waiting
        turn = max(
            self.turns,
            key=lambda one: (is_full and one.is_known, one.rank, waiting[one.share], one.number),
        )
        self.turns.remove(turn)
        turn.state = _State.SENT_AWAY
        self._forget()
        turn.wait = min(max(MIN_RETRY, timedelta(seconds=len(self._sent_away) / HASHES_A_SECOND)), MAX_RETRY)
        self._sent_away.pop(turn.share, None)
        self._sent_away[turn.share] = (turn.number, self._clock() + turn.wait.total_seconds())

    def _forget(self) -> None:
        """Drop the numbers of those who did not come back in time, and the oldest when there are too many."""
        past = self._clock() - KEPT_SECONDS
        while self._sent_away:
            share, (_, until) = next(iter(self._sent_away.items()))
            if until >= past and len(self._sent_away) < MAX_NUMBERS:
                return
            del self._sent_away[share]
