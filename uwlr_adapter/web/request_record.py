"""What one HTTP request came to: told by whoever answers it, read by the log and the metrics.

It holds fixed words and figures of our own only, nothing of a caller; the request id of a proxy is taken over when it
can hold no text.
"""

import random
import re
import time
from contextvars import ContextVar
from dataclasses import dataclass, field

_ID = re.compile(r"[0-9a-f]{8,32}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
"""A UUID, or hexadecimal digits as nginx makes them ($request_id)."""


@dataclass(slots=True)
class Verslag:
    """One request: `operatie` is one of ours or what kind of page it was; `uitkomst` a payload, a fault, a status."""

    id: str
    begin: float = field(default_factory=time.monotonic)
    operatie: str = "-"
    uitkomst: str = ""
    onbekend: bool = False
    """Whether it was refused before the afnemer was known."""

    @property
    def seconds(self) -> float:
        """How long it has taken until now."""
        return time.monotonic() - self.begin


_present: ContextVar[Verslag | None] = ContextVar("verslag", default=None)


def make(given_id: str) -> Verslag:
    """Begin the report of a request; an id of another form is replaced."""
    return Verslag(given_id if _ID.fullmatch(given_id) else f"{random.getrandbits(128):032x}")


class about:  # noqa: N801 - used as a function
    """Let what this thread does within the block be about a request."""

    __slots__ = ("_before", "_verslag")

    def __init__(self, verslag: Verslag) -> None:
        self._verslag = verslag

    def __enter__(self) -> None:
        """Begin the block."""
        self._before = _present.set(self._verslag)

    def __exit__(self, *_: object) -> None:
        """Leave it."""
        _present.reset(self._before)


def present() -> Verslag | None:
    """Give the report of the request that this thread answers, if any."""
    return _present.get()


def note(*, operatie: str | None = None, uitkomst: str | None = None, onbekend: bool = False) -> None:
    """Tell what the present request is and what became of it; outside a request this does nothing."""
    verslag = _present.get()
    if verslag is not None:
        verslag.operatie = operatie or verslag.operatie
        verslag.uitkomst = uitkomst or verslag.uitkomst
        verslag.onbekend = verslag.onbekend or onbekend
