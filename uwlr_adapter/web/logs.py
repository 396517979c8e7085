"""The log of a server: one line of JSON on standard error for each event and each request.

A line holds fixed words, numbers, and the types, codes and places of exceptions. The text of an exception is left out,
since it may quote what a caller sent; so is the message of a library, which may quote a row of the database. Facts of
an event (`db/event_log.py`) are members of its line.
"""

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from uwlr_adapter.errors import describe
from uwlr_adapter.web.request_record import RequestRecord, current_record

PROBES = frozenset({"healthz", "readyz", "metrics"})
"""Operations of monitoring, requested every few seconds: logged at level DEBUG only."""
_requests = logging.getLogger("uwlr_adapter.request")
_OWN = ("uwlr_adapter", "_granian")
"""The loggers whose messages are written, with those below them: ours, and that of the server of worker processes."""
_encode = json.JSONEncoder().encode  # ASCII: no character of a name can steer a terminal
_quote = json.encoder.encode_basestring


class JsonFormatter(logging.Formatter):
    """Formatter of an event as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without a line break behind it; of answered requests one line each.

        An event that cannot be written is told by the failure: the library would write its traceback, with values.
        """
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        try:
            return self._lines(record, time)
        except Exception as error:  # noqa: BLE001 - nothing is behind the log
            told = f"an event that could not be written: {type(error).__name__}"
            return _encode({"time": time, "level": record.levelname, "logger": record.name, "message": told})

    def _lines(self, record: logging.LogRecord, time: str) -> str:
        if record.name == _requests.name and (answered := getattr(record, "request_records", None)) is not None:
            return "\n".join([_request_line(time, record.levelname, one) for one in answered])
        line: dict[str, Any] = {
            "time": time,
            "level": record.levelname,
            "logger": record.name,
        }
        current = current_record()
        if current is not None:
            line["request"] = current.id
        line["message"] = _message(record)
        line.update(getattr(record, "facts", {}))
        if record.exc_info and record.exc_info[1] is not None:
            line["failure"] = describe(record.exc_info[1])
        return _encode(line)


def _message(record: logging.LogRecord) -> str:
    """Return the message of one of _OWN; of another logger, where it was logged."""
    if record.name.partition(".")[0] in _OWN:
        return record.getMessage()
    return f"a message of a library, left out: {record.filename}:{record.lineno}"


def _request_line(time: str, level: str, answered: RequestRecord) -> str:
    """Return the line of a request. Its keys are fixed: formatting it is three times as fast as encoding a dict."""
    return (
        f'{{"time": "{time}", "level": "{level}", "logger": "{_requests.name}", "request": {_quote(answered.id)},'
        f' "operation": {_quote(answered.operation)}, "outcome": {_quote(answered.outcome)},'
        f' "seconds": {round(answered.seconds, 6)}}}'
    )


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonFormatter}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"level": "INFO", "handlers": ["stderr"]},
    "loggers": {"alembic": {"level": "WARNING"}, "flask_wtf": {"level": "WARNING"}},
}
"""The logging configuration of a server, for `logging.config.dictConfig`."""


def log_requests(answered: Sequence[RequestRecord]) -> None:
    """Log answered requests at level INFO, together; those of PROBES at level DEBUG."""
    probes = [one for one in answered if one.operation in PROBES]
    others = [one for one in answered if one.operation not in PROBES] if probes else answered
    for level, records in ((logging.DEBUG, probes), (logging.INFO, others)):
        if records and _requests.isEnabledFor(level):  # made here: `logger.log` would search the stack for its caller
            record = logging.LogRecord(_requests.name, level, "", 0, "request", None, None)
            record.request_records = records
            _requests.handle(record)
