"""A worker process of `serve`: the application, the watch for hung requests, and draining before a replacement."""

import faulthandler
import gc
import logging
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import FrameType

from uwlr_adapter.clock import now
from uwlr_adapter.db.database import Database
from uwlr_adapter.jobs import runner
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.work import Job
from uwlr_adapter.keys.holders import HolderReport
from uwlr_adapter.server import parent
from uwlr_adapter.server.application import compose
from uwlr_adapter.server.key_reporter import KeyReporter
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.app import App
from uwlr_adapter.web.rsgi import MAX_CONNECTIONS, RsgiApp

HUNG_SECONDS = 120
"""Seconds after which a request counts as hung: the limits of the database are shorter, and the client is gone."""
DRAIN_SIGNAL = signal.SIGUSR1
"""The signal that a replacement of this worker has started."""

GARBAGE = 20_000
"""New objects between two collections of reference cycles, some hundred requests: a request leaves next to none."""

_OTHER_FILES = 256
"""Open files of a worker beside its connections: of the database, of its metrics."""

SWITCH_SECONDS = 0.0005
"""Seconds that a thread may keep the interpreter while another waits for it: ten times shorter than usual, so that the
event loop waits little for threads that make pages."""

logger = logging.getLogger("uwlr_adapter.server.worker")


def load(
    settings: Settings,
    make: Callable[[Settings], tuple[App, HolderReport]] | None = None,
    jobs_of: Mapping[str, Job] = JOBS,
) -> RsgiApp:
    """Return the application of this worker process, with the watch and the jobs started, and handling DRAIN_SIGNAL.

    `make` composes the application; default: `compose` with the present moment as its clock. `jobs_of` are the jobs by
    name.
    """
    # Until it serves: the handler inherited from the server would ignore it.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    app, report = compose(settings, now) if make is None else make(settings)
    reporter = KeyReporter(report)
    # No log line names a thread or a process, and finding them out takes longer than writing the line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    gc.collect()
    gc.freeze()  # the program itself stays: no collection has to visit its hundred thousand objects again
    gc.set_threshold(GARBAGE)
    sys.setswitchinterval(SWITCH_SECONDS)

    def drain(_signum: int, _frame: FrameType | None) -> None:
        app.draining = True

    signal.signal(DRAIN_SIGNAL, drain)
    reporter.start()
    stop_jobs = runner.start(Database(settings.database_url, create=False), settings, jobs_of)

    def stop() -> None:
        stop_jobs()
        reporter.stop()

    app.on_close = stop
    watched = app.oldest_seconds, HUNG_SECONDS, os.getppid()
    threading.Thread(target=watch, args=watched, daemon=True, name="watch").start()
    return RsgiApp(app, settings.threads, connections() // 2)


def connections() -> int:
    """Return how many connections a worker accepts at once, and raise the limit on open files of this process for them.

    Granian by itself takes a thousand for all workers together, which one address can fill.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else max(1, min(MAX_CONNECTIONS, soft - _OTHER_FILES))


def watch(oldest_seconds: Callable[[], float], limit: float, server: int | None = None) -> None:
    """End this process when a request takes more than `limit` seconds; the server then starts another worker.

    It also ends a process that outlives its server: that was told to stop when the server died, and had the time to
    answer what had arrived.

    `oldest_seconds` returns the age of the oldest request in seconds. The exit is scheduled in advance and postponed as
    long as no request hangs. It runs in a thread outside Python, so code that never releases the interpreter cannot
    prevent it. The log gets the files, lines and functions of every thread, no values.
    """
    is_left = False
    while True:
        faulthandler.dump_traceback_later(limit, exit=True)
        time.sleep(limit / 4)
        if is_left:
            os._exit(os.EX_UNAVAILABLE)
        is_left = server is not None and parent.is_orphan(server)
        if oldest_seconds() > limit:
            logger.critical("a request hangs for more than %s s: this worker ends", limit)
            faulthandler.dump_traceback()
            os._exit(os.EX_SOFTWARE)
