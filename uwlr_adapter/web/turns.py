"""Turns for messages that take the processor for long: one at a time in a process, and pauses for whoever else calls.

Python runs one thread at a time, and SQLite has one writer: a message with results that is judged and taken keeps every
fetch waiting meanwhile. So the next one begins only after a pause, PAUSES times as long as the last one took, where
others called meanwhile. That bounds the memory too: what is judged takes ten times its bytes.
"""

import asyncio
from collections import deque
from time import monotonic
from typing import Any

from uwlr_adapter.contract.fault import TijdelijkNietBeschikbaar

TURN_SECONDS = 15
"""How long a message waits for its turn: with its own time within the 25 s that a request has (`web/rsgi.py`)."""
MAX_WAITING = 64
"""Messages that wait for a turn (inclusive), each with its bytes; the next one is to come back later."""
RETRY_AFTER = 30
"""Seconds of the Retry-After of a message that got no turn, or no room."""
PAUSES = 3.0
"""How many times as long as a turn the pause after it is, where others called during it."""


class WorkTurn:
    """One turn; `working` is what a thread does in it, which may go on when its request is given up."""

    __slots__ = ("_begun", "_others", "_turns", "working")

    def __init__(self, turns: "WorkTurns") -> None:
        self._turns = turns
        self._begun, self._others = monotonic(), turns.others
        self.working: asyncio.Future[Any] | None = None

    def end(self) -> None:
        """End the turn, once nothing works in it any more."""
        if self.working is None or self.working.done():
            self._end()
        else:
            self.working.add_done_callback(self._end)

    def _end(self, working: "asyncio.Future[Any] | None" = None) -> None:
        if working is not None and not working.cancelled():
            working.exception()  # its request is answered already
        called = self._turns.others > self._others
        pause = PAUSES * (monotonic() - self._begun) if called else 0
        asyncio.get_running_loop().call_later(pause, self._turns.go_on)


class WorkTurns:
    """The turns of one event loop, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._is_taken = False
        self._waiting: deque[asyncio.Future[None]] = deque()
        self.others = 0
        """How many requests without a turn were answered."""

    @property
    def waiting(self) -> int:
        """The number of those that wait."""
        return len(self._waiting)

    async def begin(self) -> WorkTurn:
        """Return a turn, once it has come. Raises TijdelijkNietBeschikbaar when there is none in time."""
        if self._is_taken:
            await self._wait()
        self._is_taken = True
        return WorkTurn(self)

    def go_on(self) -> None:
        """Begin the next turn, if anybody waits."""
        while self._waiting:
            first = self._waiting.popleft()
            if not first.done():  # else its request was given up a moment ago
                first.set_result(None)
                return
        self._is_taken = False

    async def _wait(self) -> None:
        if len(self._waiting) >= MAX_WAITING:
            raise TijdelijkNietBeschikbaar(RETRY_AFTER)
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
