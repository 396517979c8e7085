"""The events of a command in the log of the system: its own output is for whoever called it.

A service writes its events on standard error, which systemd takes into the same log.
"""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from uwlr_adapter.db import event_log

PATH = "/dev/log"
"""The socket of the system's log; a machine without one, such as a container, has no such log."""
NAME = "uwlr-adapter"
_DAEMON_INFO = 3 << 3 | 6
"""Facility and severity of a line (RFC 3164)."""


class SystemLogHandler(logging.Handler):
    """Sends each event to the log of the system as a line of JSON; what cannot be sent is dropped."""

    def emit(self, record: logging.LogRecord) -> None:
        """Send one event."""
        from uwlr_adapter.web.logs import JsonFormatter  # noqa: PLC0415 - few commands have an event

        line = f"<{_DAEMON_INFO}>{NAME}[{os.getpid()}]: {JsonFormatter().format(record)}"
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
            log.connect(PATH)
            log.send(line.encode())


@contextmanager
def events() -> Iterator[None]:
    """Send the events of the block to the log of the system."""
    handler, level = SystemLogHandler(logging.INFO), event_log.logger.level
    event_log.logger.addHandler(handler)
    event_log.logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        event_log.logger.removeHandler(handler)
        event_log.logger.setLevel(level)
