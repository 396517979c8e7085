"""Turns for messages that take the processor for long: one at a time in a process, and pauses for whoever else calls.

Python runs one thread at a time: while a message with results is judged and taken, fetches wait as long as that takes
of the processor, and on SQLite for its one writer. So the next one begins only after a pause, PAUSES times that long,
where others called meanwhile. That bounds the memory too: what is judged takes ten times its bytes.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from time import thread_time
from typing import Any, TypeVar

from uwlr_adapter.contract.fault import TijdelijkNietBeschikbaar

Result = TypeVar("Result")
TURN_SECONDS = 15
"""How long a message waits for its turn: with its own time within the 25 s that a request has (`web/rsgi.py`)."""
MAX_WAITING = 64
"""Messages that wait for a turn (inclusive), each with its bytes; the next one is to come back later."""
MAX_OF_SOURCE = MAX_WAITING // 2
"""Of those from one source (inclusive), so that one platform does not take the turns of all others."""
RETRY_AFTER = 30
"""Seconds of the Retry-After of a message that got no turn, or no room."""
PAUSES = 4.0
"""How many times as long as a turn took of the processor the pause after it is, where others called during it: fetches
keep three quarters of their rate, and sixteen platforms that send classes at once wait some seconds
(`benchmarks/results.py`)."""


class WorkTurn:
    """One turn; `working` is what a thread does in it, which may go on when its request is given up."""

    __slots__ = ("_others", "_turns", "seconds", "working")

    def __init__(self, turns: "WorkTurns") -> None:
        self._turns = turns
        self._others = turns.others
        self.seconds = 0.0
        """What was done in it took of the processor so far."""
        self.working: asyncio.Future[Any] | None = None

    def timed(self, work: Callable[[], Result]) -> Result:
        """Do work of this turn in the present thread, and count what it takes of the processor."""
        begun = thread_time()
        try:
            return work()
        finally:
            self.seconds += thread_time() - begun

    @property
    def pause(self) -> float:
        """The seconds after it until the next turn may begin."""
        return PAUSES * self.seconds if self._turns.others > self._others else 0

    def end(self) -> None:
        """End the turn, once nothing works in it any more."""
        if self.working is None or self.working.done():
            self._end()
        else:
            self.working.add_done_callback(self._end)

    def _end(self, working: "asyncio.Future[Any] | None" = None) -> None:
        if working is not None and not working.cancelled():
            working.exception()  # its request is answered already
        asyncio.get_running_loop().call_later(self.pause, self._turns.go_on)


class WorkTurns:
    """The turns of one event loop, in the order in which they were asked for."""

    def __init__(self) -> None:
        self.is_taken = False
        """Whether somebody has a turn, or the pause after one goes on."""
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._sources = Counter[str]()
        self.others = 0
        """How many requests of known callers without a turn were answered."""

    @property
    def waiting(self) -> int:
        """The number of those that wait."""
        return len(self._waiting)

    async def begin(self, source: str) -> WorkTurn:
        """Return a turn for a source, once it has come. Raises TijdelijkNietBeschikbaar when there is none in time."""
        if self.is_taken:
            if len(self._waiting) >= MAX_WAITING or self._sources[source] >= MAX_OF_SOURCE:
                raise TijdelijkNietBeschikbaar(RETRY_AFTER)
            self._sources[source] += 1
            try:
                await self._wait()
            finally:
                self._sources[source] -= 1
                if not self._sources[source]:
                    del self._sources[source]
        self.is_taken = True
        return WorkTurn(self)

    def go_on(self) -> None:
        """Begin the next turn, if anybody waits."""
        while self._waiting:
            first = self._waiting.popleft()
            if not first.done():  # else its request was given up a moment ago
                first.set_result(None)
                return
        self.is_taken = False

    async def _wait(self) -> None:
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await mine
        except BaseException as error:
            if mine.done() and not mine.cancelled():  # it came at the last moment
                self.go_on()
            elif mine in self._waiting:
                self._waiting.remove(mine)
            if isinstance(error, TimeoutError):
                raise TijdelijkNietBeschikbaar(RETRY_AFTER) from None
            raise
