"""Hold back a source that is refused often, or that asks for many pages while others wait: it gets each one late.

So requests in a closed loop cost little, however many connections they come on. What is held waits in the event loop
and not in a thread, so many at a time and no more: each keeps a connection. A rightful caller behind the same address
notices nothing. Calls of a known afnemer are counted only while it guesses. The counts are those of one process.
"""

import time
from collections.abc import Callable
from typing import NamedTuple


class Allowance(NamedTuple):
    """How many answers of a kind a source gets at once (inclusive), and how many a second come free again."""

    free: int
    a_second: float


REFUSALS = Allowance(200, 2.0)
"""A developer who tries things out, a suite of tests."""
PAGES = Allowance(60, 4.0)
"""A page takes four requests. Only while others wait are they held back: a page in a thread takes their turn."""
OTHERS = 2
"""Requests in progress from which others wait (inclusive)."""
HOLD_SECONDS = 1.0
"""How late the others are sent: well below the patience of any client."""
MAX_SOURCES = 10_000
"""Sources that are remembered (inclusive), 2 MB; the oldest goes first."""


class Pace:
    """The answers of one kind to each source. For one thread."""

    def __init__(self, allowance: Allowance, clock: Callable[[], float] = time.monotonic) -> None:
        self._allowance = allowance
        self._clock = clock
        self.sources: dict[str, tuple[float, float]] = {}
        """The answers that are free, and since when, on the clock."""

    def seconds(self, source: str) -> float:
        """Count an answer to a source, and return how long to hold it back."""
        now, sources = self._clock(), self.sources
        most, a_second = self._allowance
        free, since = sources.pop(source, (most, now))
        free = min(most, free + (now - since) * a_second)
        if len(sources) >= MAX_SOURCES:
            del sources[next(iter(sources))]
        sources[source] = (max(0.0, free - 1), now)
        return 0.0 if free >= 1 else HOLD_SECONDS
