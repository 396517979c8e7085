"""Many write down something, and one commit is enough for all who wait.

A commit that survives a power cut waits for the disk, far longer than the writing itself. Who comes while one is at
work waits together with others for the next one. So there is one writer at a time: among threads it is one of those who
wait, so that there is nothing to start, to fork or to stop. The callers of an event loop gather in the same way, for a
commit and for whatever else one message to the database does for many.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from uwlr_adapter.db.blocking import before_blocking

Item = TypeVar("Item")
Result = TypeVar("Result")


class GroupCommit(Generic[Item]):
    """Gathers what is to be written; `write` writes some of it down, whole or not at all. Safe to share by threads."""

    def __init__(self, write: Callable[[Sequence[Item]], object]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._waiting: list[_Waiter[Item]] = []
        self._busy = False

    def add(self, item: Item) -> None:
        """Return when this has been written; raises what `write` raised for the group that it was in."""
        before_blocking()
        waiter = _Waiter(item)
        with self._lock:
            self._waiting.append(waiter)
            first, self._busy = not self._busy, True
        if not first:
            waiter.signal.acquire()
        if not waiter.done:
            self._commit()
        if waiter.error is not None:
            raise waiter.error

    def waiting(self) -> list[Item]:
        """Give what waits for the next commit."""
        with self._lock:
            return [waiter.item for waiter in self._waiting]

    def _commit(self) -> None:
        """Write everything that waits, wake those it is of, and leave the next group to the first one in it."""
        with self._lock:
            groep, self._waiting = self._waiting, []
        fout: BaseException | None = None
        try:
            self._write([waiter.item for waiter in groep])
        except BaseException as error:  # noqa: BLE001 - whatever it is, each of them gets it
            fout = error
        for waiter in groep:
            waiter.done, waiter.error = True, fout
            waiter.signal.release()
        with self._lock:
            if self._waiting:
                self._waiting[0].signal.release()
            else:
                self._busy = False


class LoopGroup(Generic[Item, Result]):
    """The same for the callers of one event loop: `do` is awaited for all who wait, once at a time.

    It gives what came of each of them, in their order, or raises for all.
    """

    def __init__(self, do: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]]) -> None:
        self._do = do
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._task: asyncio.Task[None] | None = None

    async def add(self, item: Item) -> Result:
        """Return what came of this; raises what `do` raised for the group that it was in."""
        done: asyncio.Future[Result] = self._loop.create_future()
        self._waiting.append((item, done))
        if self._task is None:
            self._task = self._loop.create_task(self._go())
        return await done

    async def _go(self) -> None:
        """Do one group after the other, until nobody waits; who comes in the same turn of the loop is in the first."""
        try:
            while self._waiting:
                groep, self._waiting = self._waiting, []
                await self._do_one(groep)
        finally:
            self._task = None

    async def _do_one(self, groep: "list[tuple[Item, asyncio.Future[Result]]]") -> None:
        try:
            found = await self._do([item for item, _ in groep])
        except Exception as error:  # noqa: BLE001 - whatever it is, each of them gets it
            for _, done in groep:
                if not done.cancelled():
                    done.set_exception(error)
        else:
            for (_, done), outcome in zip(groep, found, strict=True):
                if not done.cancelled():
                    done.set_result(outcome)


class _Waiter(Generic[Item]):
    """One who waits; the signal comes when it is done, or when it is its turn to write."""

    __slots__ = ("done", "error", "item", "signal")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.done = False
        self.error: BaseException | None = None
        self.signal = threading.Lock()
        self.signal.acquire()
