"""The log of a server: one line of JSON for each event on standard error, and one for each request.

A line holds fixed words, figures, and kinds and places of failures. The text of an exception is never in it: that may
quote what a caller sent.
"""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from uwlr_adapter.errors import describe
from uwlr_adapter.web import request_record
from uwlr_adapter.web.request_record import RequestRecord

WATCHERS = frozenset({"healthz", "readyz", "metrics"})
"""Requests that come every few seconds and say nothing of the service."""
_requests = logging.getLogger("uwlr_adapter.request")
_encode = json.JSONEncoder(ensure_ascii=False).encode
_quote = json.encoder.encode_basestring


class JsonFormatter(logging.Formatter):
    """Writes an event as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line, without its end."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        if record.name == _requests.name and (found := getattr(record, "verslag", None)) is not None:
            return _request_line(time, record.levelname, found)
        line: dict[str, Any] = {
            "time": time,
            "level": record.levelname,
            "logger": record.name,
        }
        present = request_record.present()
        if present is not None:
            line["request"] = present.id
        line["message"] = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            line["failure"] = describe(record.exc_info[1])
        return _encode(line)


def _request_line(time: str, level: str, found: RequestRecord) -> str:
    """Give the line of a request: the same for each, and three times as fast as a dictionary that is encoded."""
    return (
        f'{{"time": "{time}", "level": "{level}", "logger": "{_requests.name}", "request": {_quote(found.id)},'
        f' "operation": {_quote(found.operation)}, "outcome": {_quote(found.outcome)},'
        f' "seconds": {round(found.seconds, 6)}}}'
    )


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonFormatter}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"level": "INFO", "handlers": ["stderr"]},
    "loggers": {"alembic": {"level": "WARNING"}},
}
"""The set-up of a server's log, for `logging.config.dictConfig`."""


def log_request(found: RequestRecord) -> None:
    """Log a request that is done; one of a watcher is for who looks for it only."""
    level = logging.DEBUG if found.operation in WATCHERS else logging.INFO
    if _requests.isEnabledFor(level):  # a record of our own: logging would look for its caller, at each request
        record = logging.LogRecord(_requests.name, level, "", 0, "request", None, None)
        record.verslag = found
        _requests.handle(record)
