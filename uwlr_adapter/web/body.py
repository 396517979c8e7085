"""The body of an RSGI request: bounded in time, in octets and in pieces.

One timer gives up every body that is late: a timer for each body took 2% of a request.
"""

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable

MAX_CHUNKS = 128
"""Pieces in which a body without a length may come (inclusive): each one takes a turn of the event loop, 30 us."""
BODY_SECONDS = 30
"""Seconds in which a body must have come: the shortest client timeout seen."""


class Bodies:
    """The bodies that are awaited in one event loop."""

    def __init__(self) -> None:
        self._ends: dict[asyncio.Task[Any], float] = {}
        """By task the moment of the loop's clock at which its body is late, the oldest first; -1 for one given up."""
        self._timer: asyncio.TimerHandle | None = None

    async def read(self, protocol: Any, octets: int, *, is_whole: bool) -> bytes:  # noqa: ANN401 - granian has no types
        """Return the body of a request: all of it when `is_whole`, else until it has at least so many octets.

        Raises TimeoutError when it has not come in BODY_SECONDS, ValueError for more than MAX_CHUNKS pieces, and what
        the server raises for a body that breaks off.
        """
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        if task is None:
            raise RuntimeError("a body is read in a task")
        self._ends[task] = loop.time() + BODY_SECONDS
        if self._timer is None:
            self._timer = loop.call_later(BODY_SECONDS, self._give_up, loop)
        try:
            whole: Awaitable[bytes] = protocol() if is_whole else _receive(protocol, octets)
            return await whole
        except asyncio.CancelledError:
            if self._ends[task] >= 0:
                raise
            task.uncancel()
            raise TimeoutError from None
        finally:
            del self._ends[task]

    def _give_up(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give up the bodies that are late, and come back when the next one is."""
        self._timer = None
        now = loop.time()
        for task, end in self._ends.items():
            if end > now:
                self._timer = loop.call_at(end, self._give_up, loop)
                break
            if end >= 0:
                self._ends[task] = -1
                task.cancel()


async def _receive(protocol: Any, octets: int) -> bytes:  # noqa: ANN401 - as above
    """Return a body until it is as long as this. Raises ValueError for one in more than MAX_CHUNKS pieces."""
    content, chunks = b"", 0
    async for chunk in protocol:
        content += chunk
        chunks += 1
        if chunks > MAX_CHUNKS:
            raise ValueError("too many chunks")
        if len(content) >= octets:
            break
    return content
