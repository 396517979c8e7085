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

from uwlr_adapter.db.blocking import before_waiting

Ding = TypeVar("Ding")
Uitkomst = TypeVar("Uitkomst")


class Groepscommit(Generic[Ding]):
    """Gathers what is to be written; `write` writes some of it down, whole or not at all. Safe to share by threads."""

    def __init__(self, write: Callable[[Sequence[Ding]], object]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._waiting: list[_Wachtende[Ding]] = []
        self._busy = False

    def add(self, ding: Ding) -> None:
        """Return when this has been written; raises what `write` raised for the group that it was in."""
        before_waiting()
        wachtende = _Wachtende(ding)
        with self._lock:
            self._waiting.append(wachtende)
            first, self._busy = not self._busy, True
        if not first:
            wachtende.signaal.acquire()
        if not wachtende.klaar:
            self._commit()
        if wachtende.fout is not None:
            raise wachtende.fout

    def waiting(self) -> list[Ding]:
        """Give what waits for the next commit."""
        with self._lock:
            return [wachtende.ding for wachtende in self._waiting]

    def _commit(self) -> None:
        """Write everything that waits, wake those it is of, and leave the next group to the first one in it."""
        with self._lock:
            groep, self._waiting = self._waiting, []
        fout: BaseException | None = None
        try:
            self._write([wachtende.ding for wachtende in groep])
        except BaseException as error:  # noqa: BLE001 - whatever it is, each of them gets it
            fout = error
        for wachtende in groep:
            wachtende.klaar, wachtende.fout = True, fout
            wachtende.signaal.release()
        with self._lock:
            if self._waiting:
                self._waiting[0].signaal.release()
            else:
                self._busy = False


class Groepslus(Generic[Ding, Uitkomst]):
    """The same for the callers of one event loop: `do` is awaited for all who wait, once at a time.

    It gives what came of each of them, in their order, or raises for all.
    """

    def __init__(self, do: Callable[[Sequence[Ding]], Awaitable[Sequence[Uitkomst]]]) -> None:
        self._do = do
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[Ding, asyncio.Future[Uitkomst]]] = []
        self._task: asyncio.Task[None] | None = None

    async def add(self, ding: Ding) -> Uitkomst:
        """Return what came of this; raises what `do` raised for the group that it was in."""
        klaar: asyncio.Future[Uitkomst] = self._loop.create_future()
        self._waiting.append((ding, klaar))
        if self._task is None:
            self._task = self._loop.create_task(self._go())
        return await klaar

    async def _go(self) -> None:
        """Do one group after the other, until nobody waits; who comes in the same turn of the loop is in the first."""
        try:
            while self._waiting:
                groep, self._waiting = self._waiting, []
                await self._do_one(groep)
        finally:
            self._task = None

    async def _do_one(self, groep: "list[tuple[Ding, asyncio.Future[Uitkomst]]]") -> None:
        try:
            found = await self._do([ding for ding, _ in groep])
        except Exception as fout:  # noqa: BLE001 - whatever it is, each of them gets it
            for _, klaar in groep:
                if not klaar.cancelled():
                    klaar.set_exception(fout)
        else:
            for (_, klaar), uitkomst in zip(groep, found, strict=True):
                if not klaar.cancelled():
                    klaar.set_result(uitkomst)


class _Wachtende(Generic[Ding]):
    """One who waits; the signal comes when it is done, or when it is its turn to write."""

    __slots__ = ("ding", "fout", "klaar", "signaal")

    def __init__(self, ding: Ding) -> None:
        self.ding = ding
        self.klaar = False
        self.fout: BaseException | None = None
        self.signaal = threading.Lock()
        self.signaal.acquire()
