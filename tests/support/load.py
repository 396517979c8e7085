"""Callers that fetch from servers again and again while something happens to these, and what they heard."""

import http.client
import itertools
import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from support.server import WAIT, Server, until

DATA = "leerlinggegevens"
PAUSE = 0.1
"""Seconds between two requests of one caller: a load, and no benchmark."""
_FAULT = re.compile(rb"<faultcode>soap:(.*?)</faultcode>")
_GIVEN = re.compile(rb"<(leerlinggegevens|geenwijzigingen|geengegevens)\b")


class Load:
    """A caller for each server, from the begin to the end of a block; each of their calls is rightful.

    `message` returns the request of a number. A connection that is closed without an answer is made once more, as nginx
    does: that may happen while workers are replaced.
    """

    def __init__(self, message: Callable[[int], bytes]) -> None:
        self.outcomes: Counter[str] = Counter()
        """How often each outcome was heard: the name of what came, a fault code, or that nothing came."""
        self._message = message
        self._over = threading.Event()
        self._numbers = itertools.count()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def add(self, *servers: Server) -> None:
        """Call these servers too."""
        for server in servers:
            thread = threading.Thread(target=self._call_on, args=(server,))
            self._threads.append(thread)
            thread.start()

    @property
    def refused(self) -> Counter[str]:
        """The outcomes that are no data."""
        return Counter(
            {name: number for name, number in self.outcomes.items() if not name.startswith("leerlinggegeve")}
        )

    def until_heard(self, more: int) -> None:
        """Wait for so many more answers."""
        before = self.outcomes.total()
        until(lambda: self.outcomes.total() >= before + more)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, and wait for the last answers."""
        self.stop()

    def stop(self) -> None:
        """End, and wait for the last answers."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _call_on(self, server: Server) -> None:
        while not self._over.wait(PAUSE):
            outcome = _outcome(server, self._message(next(self._numbers)))
            with self._lock:
                self.outcomes[outcome] += 1


def _outcome(server: Server, message: bytes) -> str:
    for _ in range(2):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=WAIT)
        try:
            connection.request("POST", "/uwlr/leerlinggegevens", message, {"Content-Type": "text/xml"})
            body = connection.getresponse().read()
        except (ConnectionError, http.client.HTTPException):
            continue
        finally:
            connection.close()
        found = _FAULT.search(body) or _GIVEN.search(body)
        return "something else" if found is None else found[1].decode()
    return "nothing"


def codes_of(brin6s: Sequence[str], message: Callable[[str], bytes]) -> Callable[[int], bytes]:
    """Return the requests for schools in turn, each made once."""
    made = [message(brin6) for brin6 in brin6s]
    return lambda number: made[number % len(made)]
