"""Hold back refusals: a source that is refused often gets each next refusal late.

So bad requests in a closed loop cost next to nothing. Only refusals wait, in the event loop and not in a thread: a
rightful caller behind the same address notices nothing. Calls of a known afnemer are counted only while it guesses. The
counts are those of one process.
"""

import time
from collections.abc import Callable

FREE = 200
"""Refusals of a source that are sent at once (inclusive): a developer who tries things out, a suite of tests."""
A_SECOND = 2.0
"""Refusals a second that come free again, up to FREE."""
HOLD_SECONDS = 1.0
"""How late the others are sent: well below the patience of any client."""
MAX_SOURCES = 10_000
"""Sources that are remembered (inclusive), 2 MB; the oldest goes first."""


class Pace:
    """The refusals of each source. For one thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.sources: dict[str, tuple[float, float]] = {}
        """The refusals that are free, and since when, on the clock."""

    def seconds(self, source: str) -> float:
        """Count a refusal of a source, and return how long to hold it back."""
        now, sources = self._clock(), self.sources
        free, since = sources.pop(source, (FREE, now))
        free = min(FREE, free + (now - since) * A_SECOND)
        if len(sources) >= MAX_SOURCES:
            del sources[next(iter(sources))]
        sources[source] = (max(0.0, free - 1), now)
        return 0.0 if free >= 1 else HOLD_SECONDS
