"""Run the service in worker processes of granian, until it is interrupted."""

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from sqlalchemy.exc import DBAPIError

from uwlr_adapter import __version__, outbound
from uwlr_adapter.db.causes import advice_of
from uwlr_adapter.db.event_log import log_event
from uwlr_adapter.db.schema_version import SCHEMA
from uwlr_adapter.errors import UnusableError
from uwlr_adapter.server import worker
from uwlr_adapter.server.application import require_startable
from uwlr_adapter.server.granian_server import Server
from uwlr_adapter.server.port import ListenError, hold_port, is_address
from uwlr_adapter.settings import Part, Settings
from uwlr_adapter.web import metrics_files
from uwlr_adapter.web.head import HEAD_OCTETS
from uwlr_adapter.web.health import HEALTHZ
from uwlr_adapter.web.logs import LOGGING

STOP_SECONDS = 30
"""Seconds that a request may still take after a stop is asked for: the shortest client timeout seen."""
DRAIN_SECONDS = 5
"""Seconds that a worker goes on beside its replacement: time for callers on open connections to be told to leave."""
READY_SECONDS = 30
"""Seconds that the workers may take to start before that is logged as a failure."""
HEAD_SECONDS = 10
"""Seconds in which the head of a request must have come."""
_POLL_SECONDS = 0.05
_OURSELVES = outbound.Permissions(private=True, plain=True)
"""The address that the service listens on may be any, and has no TLS of its own."""

logger = logging.getLogger("uwlr_adapter.serve")


def run(
    settings: Settings,
    ready: Callable[[Settings], object],
    load: Callable[[Settings], Any] = worker.load,
    *,
    wsgi: bool = False,
    log: dict[str, Any] = LOGGING,
) -> None:
    """Serve until interrupted; call `ready`, in a thread of its own, as soon as the service answers.

    Port 0 in the settings takes a free port; `ready` gets the settings with the port that is listened on.
    The database must be current and the server keys known: both are checked again in the worker process.
    `load` and `wsgi` are for benchmarks: another application in the same server, in threads if it is a WSGI one.
    `log` is the logging configuration, for `logging.config.dictConfig`.
    Raises ListenError when the address cannot be listened on.
    """
    if not is_address(settings.host):
        raise ListenError(f"cannot listen on {settings.host!r}: it is no IP address; 127.0.0.1 is this machine")
    with hold_port(settings.host, settings.port) as held:
        settings = settings.model_copy(update={"port": held.getsockname()[1]})
        server = Server(
            "uwlr_adapter.server.worker:load",
            address=settings.host,
            port=settings.port,
            interface=Interfaces.WSGI if wsgi else Interfaces.RSGI,
            blocking_threads=settings.threads if wsgi else None,
            loop=Loops.auto,
            websockets=False,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=HEAD_SECONDS * 1000, max_buffer_size=HEAD_OCTETS),
            workers=settings.workers,
            backpressure=worker.connections(),
            respawn_failed_workers=True,
            respawn_interval=DRAIN_SECONDS,
            workers_kill_timeout=STOP_SECONDS,
            log_level=LogLevels.warning,
            log_dictconfig=log,
        )
        server.held = held
        if load is worker.load:
            server.refuse_reload = partial(_why_not, settings)
        signal.signal(worker.DRAIN_SIGNAL, signal.SIG_IGN)  # until the worker has its own handler
        server.on_reload(_reload)
        server.started = threading.Thread(target=_announce, args=(settings, ready), daemon=True).start
        with metrics_files.make_folder():
            server.serve(target_loader=partial(load, settings), wrap_loader=False)
            log_event("stop", version=__version__)


def _why_not(settings: Settings) -> str | None:
    """Return why a worker could not start with the settings, keys and catalogue of this moment; None when it could."""
    try:
        require_startable(settings)
    except UnusableError as error:
        return str(error)
    except DBAPIError as error:
        return f"the database cannot be used: {advice_of(error)}"
    return None


def _reload() -> None:
    """Make the present workers ask their callers for new connections, which the next workers will accept."""
    log_event("reload", version=__version__)
    for process in multiprocessing.active_children():
        if process.pid is not None:
            os.kill(process.pid, worker.DRAIN_SIGNAL)


def _announce(settings: Settings, ready: Callable[[Settings], object]) -> None:
    """Wait until the service answers, then call `ready`; log an error if it does not answer in READY_SECONDS."""
    address = f"{settings.listen_url}{HEALTHZ}"
    last = time.monotonic() + READY_SECONDS
    while (left := last - time.monotonic()) > 0:
        try:
            reply = outbound.send("GET", address, permissions=_OURSELVES, seconds=left)
        except outbound.OutboundError:
            time.sleep(_POLL_SECONDS)
            continue
        if reply.status == HTTPStatus.OK or Part.SOAP not in settings.parts:
            parts = " ".join(sorted(settings.parts))
            ready(settings)
            log_event("start", version=__version__, schema=SCHEMA, workers=settings.workers, parts=parts)
            return
        time.sleep(_POLL_SECONDS)
    logger.error("the service does not answer on %s after %s s", settings.listen_url, READY_SECONDS)
