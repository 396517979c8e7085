"""Per-request record (operation, outcome, duration) used by the log and the metrics.

It holds only words and numbers of our own, no data of the caller; the request id of a proxy is taken over only when its
form leaves no room for text.
"""

import re
import time
from contextvars import ContextVar
from dataclasses import dataclass, field

from uwlr_adapter.journaal.model import ResultCounts
from uwlr_adapter.journaal.request_id import new_id, working_for

ID = re.compile(r"[0-9a-f]{8,32}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
"""The ids of a proxy that are taken over: a UUID, or hexadecimal digits as nginx makes them ($request_id)."""


@dataclass(slots=True)
class RequestRecord:
    """One request. `operation` is one of the standard or a kind of page; `outcome` a payload, fault code or status."""

    id: str = field(default_factory=new_id)
    started: float = field(default_factory=time.monotonic)
    """The moment on the monotonic clock at which the whole request was there; before that, at which it began."""
    operation: str = "-"
    outcome: str = ""
    unknown: bool = False
    """Whether it was refused before the afnemer was known."""
    slowed: bool = False
    """Whether it was refused because too many failed."""
    results: ResultCounts | None = None
    """What became of the results of a message that was taken."""
    seconds: float = 0.0
    """How long it took, once its answer is ready to be sent."""


_current: ContextVar[RequestRecord | None] = ContextVar("request_record", default=None)


class request_context:  # noqa: N801 - used as a function
    """Context manager that makes a record, and its id, the current one of this thread or task."""

    __slots__ = ("_before", "_record", "_working")

    def __init__(self, record: RequestRecord) -> None:
        self._record, self._working = record, working_for(record.id)

    def __enter__(self) -> None:
        """Make the record the current one."""
        self._before = _current.set(self._record)
        self._working.__enter__()

    def __exit__(self, *_: object) -> None:
        """Restore the record that was current before."""
        self._working.__exit__()
        _current.reset(self._before)


def current_record() -> RequestRecord | None:
    """Return the record of the request that this thread or task is answering, if any."""
    return _current.get()


def annotate(*, operation: str | None = None, outcome: str | None = None, unknown: bool = False) -> None:
    """Add to the current record what is known of the request; does nothing outside a request."""
    record = _current.get()
    if record is not None:
        record.operation = operation or record.operation
        record.outcome = outcome or record.outcome
        record.unknown = record.unknown or unknown
