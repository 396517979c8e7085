"""Many threads write down something, and one commit is enough for all who wait.

A commit that survives a power cut waits for the disk, far longer than the writing itself. Whoever comes first writes
what has gathered, its own among it; who comes meanwhile waits together for the next commit. So there is one writer at a
time in a process, and nothing to start, to fork or to stop: the writer is one of those who wait.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from uwlr_adapter.beurt import BEURT

Ding = TypeVar("Ding")


class Groepscommit(Generic[Ding]):
    """Gathers what is to be written; `write` writes some of it down, whole or not at all. Safe to share by threads."""

    def __init__(self, write: Callable[[Sequence[Ding]], object]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._waiting: list[_Wachtende[Ding]] = []
        self._busy = False

    def add(self, ding: Ding) -> None:
        """Return when this has been written; raises what `write` raised for the group that it was in."""
        with BEURT.away():
            self._add(ding)

    def _add(self, ding: Ding) -> None:
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
        with BEURT:  # those who compute have something to add soon: waiting in their queue lets a group gather
            pass
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


class _Wachtende(Generic[Ding]):
    """One who waits; the signal comes when it is done, or when it is its turn to write."""

    __slots__ = ("ding", "fout", "klaar", "signaal")

    def __init__(self, ding: Ding) -> None:
        self.ding = ding
        self.klaar = False
        self.fout: BaseException | None = None
        self.signaal = threading.Lock()
        self.signaal.acquire()
