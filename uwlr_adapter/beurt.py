"""One thread of a process computes at a time; whoever waits for something else lets the next one go on.

Python runs one thread at a time anyway. But each call that lets go of its interpreter for a moment (a query, a parse)
then has to win it back from every other thread that wants it: with sixteen of them a request without its journaal line
took 1.2 ms of processor time, and 0.45 ms with one. So threads wait here, in a queue that costs little, and not there.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Beurt:
    """A turn: `with beurt:` computes, `with beurt.away():` inside it waits for a disk, a database or another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner = 0

    def __enter__(self) -> None:
        """Wait for the turn. A thread that has it must not ask again."""
        self._lock.acquire()
        self._owner = threading.get_ident()

    def __exit__(self, *_: object) -> None:
        """Give the turn to another one."""
        self._owner = 0
        self._lock.release()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Let others go on while this thread waits; nothing for one that does not have the turn."""
        if self._owner != threading.get_ident():
            yield
            return
        self.__exit__()
        try:
            yield
        finally:
            self.__enter__()


BEURT = Beurt()
"""Of the process, as Python's interpreter is."""
