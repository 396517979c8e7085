"""A worker process of `serve`: the application, a watch over it, and how it makes way for the next one."""

import faulthandler
import gc
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.rsgi import RsgiApp

HUNG_SECONDS = 120
"""A request that takes this long never ends by itself: the database has limits below it, and the client is gone."""
DRAIN_SIGNAL = signal.SIGUSR1
"""Tells a worker that another one takes over."""

GARBAGE = 20_000
"""New objects before Python looks for rings of them, some hundred requests: a request leaves next to none behind."""

logger = logging.getLogger("uwlr_adapter.server.worker")


def load(settings: Settings) -> RsgiApp:
    """Make the application of this worker process, watched, and ready to make way on DRAIN_SIGNAL."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # until it serves: inherited from the server, it would be lost
    app = make_app(settings)
    # No line of the log names a thread or a process, and to find them out takes longer than the line itself.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    gc.collect()
    gc.freeze()  # what the program is made of stays: no collection looks at its hundred thousand objects again
    gc.set_threshold(GARBAGE)

    def drain(_signum: int, _frame: FrameType | None) -> None:
        app.draining = True

    signal.signal(DRAIN_SIGNAL, drain)
    threading.Thread(target=watch, args=(app.longest, HUNG_SECONDS), daemon=True, name="watch").start()
    return RsgiApp(app, settings.threads)


def watch(longest: Callable[[], float], limit: float) -> None:
    """End this process when a request hangs, so that the server starts another one; where it hung goes to the log.

    While all goes well the end is put off again and again. It comes from a thread outside Python, so that code which
    never lets go of the interpreter cannot prevent it. What is written are files, lines and functions, no values.
    """
    while True:
        faulthandler.dump_traceback_later(limit, exit=True)
        time.sleep(limit / 4)
        if longest() > limit:
            logger.critical("a request hangs for more than %s s: this worker ends", limit)
            faulthandler.dump_traceback()
            os._exit(os.EX_SOFTWARE)
