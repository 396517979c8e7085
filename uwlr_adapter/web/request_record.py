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
class RequestRecord:
    """One request: `operation` is one of ours or what kind of page it was; `uitkomst` a payload, a fault, a status."""

    id: str
    started: float = field(default_factory=time.monotonic)
    operation: str = "-"
    outcome: str = ""
    unknown: bool = False
    """Whether it was refused before the afnemer was known."""

    @property
    def seconds(self) -> float:
        """How long it has taken until now."""
        return time.monotonic() - self.started


_present: ContextVar[RequestRecord | None] = ContextVar("verslag", default=None)


def make(given_id: str) -> RequestRecord:
    """Begin the report of a request; an id of another form is replaced."""
    return RequestRecord(given_id if _ID.fullmatch(given_id) else f"{random.getrandbits(128):032x}")


class about:  # noqa: N801 - used as a function
    """Let what this thread does within the block be about a request."""

    __slots__ = ("_before", "_record")

    def __init__(self, record: RequestRecord) -> None:
        self._record = record

    def __enter__(self) -> None:
        """Begin the block."""
        self._before = _present.set(self._record)

    def __exit__(self, *_: object) -> None:
        """Leave it."""
        _present.reset(self._before)


def present() -> RequestRecord | None:
    """Give the report of the request that this thread answers, if any."""
    return _present.get()


def note(*, operation: str | None = None, outcome: str | None = None, unknown: bool = False) -> None:
    """Tell what the present request is and what became of it; outside a request this does nothing."""
    record = _present.get()
    if record is not None:
        record.operation = operation or record.operation
        record.outcome = outcome or record.outcome
        record.unknown = record.unknown or unknown
