"""Group commit: concurrent writers share one durable commit.

A durable commit waits for the disk, far longer than the writing itself. Items that arrive while one commit runs wait
together for the next one, so there is one writer at a time. Among threads the writer is one of the waiting threads:
there is no thread to start, to fork or to stop. The callers of an event loop are grouped in the same way, for a commit
and for any other message to the database that serves many of them.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class GroupCommit(Generic[Item, Result]):
    """Groups items of many threads; `write` stores a group whole or not at all. Safe to share between threads.

    It returns a result for each item, in their order, or raises for all.
    """

    def __init__(self, write: Callable[[Sequence[Item]], Sequence[Result]]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._waiting: list[_Waiter[Item, Result]] = []
        self._busy = False

    def add(self, item: Item) -> Result:
        """Return the result of this item once it is stored. Raises what `write` raised for its group."""
        waiter: _Waiter[Item, Result] = _Waiter(item)
        with self._lock:
            self._waiting.append(waiter)
            first, self._busy = not self._busy, True
        if not first:
            waiter.signal.acquire()
        if not waiter.done:
            try:
                self._commit()
            except BaseException as error:
                self._give_up(error)
                raise
        if waiter.error is not None:
            raise waiter.error
        (result,) = waiter.results
        return result

    def waiting(self) -> list[Item]:
        """Return the items that wait for the next commit."""
        with self._lock:
            return [waiter.item for waiter in self._waiting]

    def _commit(self) -> None:
        """Store everything that waits, wake its threads, and leave the next group to the first thread in it."""
        with self._lock:
            group, self._waiting = self._waiting, []
        failure: BaseException | None = None
        results: Sequence[Result] = ()
        try:
            results = self._write([waiter.item for waiter in group])
        except BaseException as error:  # noqa: BLE001 - each caller of the group gets it
            failure = error
        for place, waiter in enumerate(group):
            waiter.done, waiter.error, waiter.results = True, failure, results[place : place + 1]
            waiter.signal.release()
        with self._lock:
            if self._waiting:
                self._waiting[0].signal.release()
            else:
                self._busy = False

    def _give_up(self, error: BaseException) -> None:
        """Wake whoever waits after a failure of `_commit` itself: nobody would do it any more."""
        with self._lock:
            group, self._waiting, self._busy = self._waiting, [], False
        for waiter in group:
            waiter.done, waiter.error = True, error
            waiter.signal.release()


class LoopGroup(Generic[Item, Result]):
    """Groups items of the callers of one event loop; `do` is awaited for one group at a time.

    It returns a result for each item, in their order, or raises for all.
    """

    def __init__(self, do: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]]) -> None:
        self._do = do
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._task: asyncio.Task[None] | None = None

    async def add(self, item: Item) -> Result:
        """Return the result of this item. Raises what `do` raised for its group."""
        done: asyncio.Future[Result] = self._loop.create_future()
        self._waiting.append((item, done))
        if self._task is None:
            self._task = self._loop.create_task(self._go())
        return await done

    async def _go(self) -> None:
        """Run one group after the other until nothing waits; the first one has all items of this turn of the loop."""
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, []
                if group := [one for one in waiting if not one[1].cancelled()]:  # whose caller has not left meanwhile
                    await self._do_one(group)
        finally:
            self._task = None

    async def _do_one(self, group: "list[tuple[Item, asyncio.Future[Result]]]") -> None:
        try:
            found = await self._do([item for item, _ in group])
            for (_, done), outcome in zip(group, found, strict=True):
                if not done.done():
                    done.set_result(outcome)
        except BaseException as error:
            failure = error if isinstance(error, Exception) else RuntimeError("the group was cancelled")
            for _, done in group:
                if not done.done():
                    done.set_exception(failure)
            if failure is not error:
                raise


class _Waiter(Generic[Item, Result]):
    """A waiting thread; the signal comes when its item is stored, or when it must write the next group."""

    __slots__ = ("done", "error", "item", "results", "signal")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.done = False
        self.error: BaseException | None = None
        self.results: Sequence[Result] = ()
        self.signal = threading.Lock()
        self.signal.acquire()
