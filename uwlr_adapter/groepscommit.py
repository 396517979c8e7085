"""Many threads write down something, and one commit is enough for all who wait.

A commit that survives a power cut waits for the disk, far longer than the writing itself. Who comes while one is at
work waits together with others for the next one. So there is one writer at a time: among threads it is one of those who
wait, so that there is nothing to start, to fork or to stop; an event loop has a thread for it.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Generic, TypeVar

from uwlr_adapter.wachten import before_waiting

Ding = TypeVar("Ding")
GATHER_SECONDS = 0.002
"""How long a first one waits for others that are under way: a tenth of what their callers wait for their answers, and
as long as it takes to judge some six of them."""


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


class Groepslus(Generic[Ding]):
    """The same for the callers of one event loop: `write` is called in a thread of `executor`, once at a time."""

    def __init__(self, write: Callable[[Sequence[Ding]], object], executor: Executor) -> None:
        self._write = write
        self._executor = executor
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[Ding, asyncio.Future[None]]] = []
        self._busy = False

    async def add(self, ding: Ding, *, alone: bool) -> None:
        """Return when this has been written; raises what `write` raised for the group that it was in.

        `alone` tells that nobody else is at work on something to add: then there is nobody to gather with.
        """
        klaar = self._loop.create_future()
        self._waiting.append((ding, klaar))
        if not self._busy:
            self._busy = True
            self._loop.call_later(0 if alone else GATHER_SECONDS, self._start)
        await klaar

    def _start(self) -> None:
        groep, self._waiting = self._waiting, []
        done = self._loop.run_in_executor(self._executor, self._write, [ding for ding, _ in groep])
        done.add_done_callback(lambda done: self._finish(groep, done.exception()))

    def _finish(self, groep: "list[tuple[Ding, asyncio.Future[None]]]", fout: BaseException | None) -> None:
        for _, klaar in groep:
            if klaar.cancelled():
                continue
            if fout is None:
                klaar.set_result(None)
            else:
                klaar.set_exception(fout)
        if self._waiting:
            self._start()
        else:
            self._busy = False


class _Wachtende(Generic[Ding]):
    """One who waits; the signal comes when it is done, or when it is its turn to write."""

    __slots__ = ("ding", "fout", "klaar", "signaal")

    def __init__(self, ding: Ding) -> None:
        self.ding = ding
        self.klaar = False
        self.fout: BaseException | None = None
        self.signaal = threading.Lock()
        self.signaal.acquire()
