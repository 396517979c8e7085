"""The log of a server: one line of JSON for each event on standard error, and one for each request.

A line holds fixed words, figures, and kinds and places of failures. The text of an exception is never in it: that may
quote what a caller sent.
"""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from uwlr_adapter import verslag
from uwlr_adapter.verslag import Verslag

WATCHERS = frozenset({"healthz", "readyz", "metrics"})
"""Requests that come every few seconds and say nothing of the service."""
_requests = logging.getLogger("uwlr_adapter.request")
_encode = json.JSONEncoder(ensure_ascii=False).encode


class JsonRegel(logging.Formatter):
    """Writes an event as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line, without its end."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
        }
        found = getattr(record, "verslag", None) or verslag.present()
        if found is not None:
            line["request"] = found.id
        if record.name == _requests.name and found is not None:
            line |= {"operation": found.operatie, "outcome": found.uitkomst, "seconds": round(found.seconds, 6)}
        else:
            line["message"] = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            line["failure"] = describe(record.exc_info[1])
        return _encode(line)


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonRegel}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"level": "INFO", "handlers": ["stderr"]},
    "loggers": {"alembic": {"level": "WARNING"}},
}
"""The set-up of a server's log, for `logging.config.dictConfig`."""


def log_request(found: Verslag) -> None:
    """Log a request that is done; one of a watcher is for who looks for it only."""
    level = logging.DEBUG if found.operatie in WATCHERS else logging.INFO
    if _requests.isEnabledFor(level):  # a record of our own: logging would look for its caller, at each request
        record = logging.LogRecord(_requests.name, level, "", 0, "request", None, None)
        record.verslag = found
        _requests.handle(record)


def describe(error: BaseException) -> str:
    """Give the kinds and places of a failure and of what caused it; never its text."""
    return " caused by ".join(
        f"{type(step).__module__}.{type(step).__qualname__} at {_places(step)}" for step in _causes(error)
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    step: BaseException | None = error
    while step is not None:
        yield step
        step = step.__cause__ or step.__context__


def _places(error: BaseException) -> str:
    places = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return " > ".join(places)
