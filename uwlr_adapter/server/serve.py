"""Run the service in worker processes of granian, until it is interrupted."""

import logging
import multiprocessing
import os
import signal
import socket
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from typing import Any

from granian.constants import HTTPModes, Interfaces, Loops
from granian.log import LogLevels
from granian.net import SocketSpec  # type: ignore[attr-defined]
from granian.server.mp import MPServer

from uwlr_adapter.errors import UnusableError
from uwlr_adapter.server import worker
from uwlr_adapter.settings import Settings
from uwlr_adapter.web import metrics
from uwlr_adapter.web.health import HEALTHZ
from uwlr_adapter.web.logs import LOGGING

STOP_SECONDS = 30


"""How long a request may go on after a stop is asked: the shortest client timeout seen."""


DRAIN_SECONDS = 5


"""How long a worker goes on beside the one that replaces it: within it a caller on an open connection hears of it."""


READY_SECONDS = 30


"""How long a worker may take to start before that is reported as a failure."""


logger = logging.getLogger("uwlr_adapter.serve")


class ListenError(UnusableError):
    """The address cannot be listened on; the text says which and why."""


class Server(MPServer):
    """Granian's server of processes, in which the queues of new connections outlive their workers.

    Each worker has a queue of its own, over which Linux divides the connections (SO_REUSEPORT): from one queue for all,
    the first worker to wake takes everything. By itself granian lets each worker make its own, and what waits in it is
    reset when that worker ends; here the server makes them, and the next worker in its place takes what waits.
    """

    started: Callable[[], object] = staticmethod(lambda: None)
    """Called when the workers have been forked. A thread that runs before may hold a lock of the interpreter, such as
    that of a module it imports, and a worker forked at that moment would wait for it for ever."""

    def startup(self, spawn_target: Any, target_loader: Any) -> None:  # noqa: ANN401 - granian has no types for these
        """Fork the workers."""
        super().startup(spawn_target, target_loader)  # type: ignore[no-untyped-call]
        self.started()

    def _init_shared_socket(self) -> None:
        spec = SocketSpec(self.bind_addr, self.bind_port, self.backlog)
        self._ssp, self._sso = None, None
        self._queues = [spec.build() for _ in range(self.workers)]

    def _drop_shared_socket(self) -> None:
        _close(self._queues)

    def _spawn_worker(self, idx: int, target: Any, callback_loader: Callable[[], Any], *more: Any) -> Any:  # noqa: ANN401 - idem
        self._shd = self._queues[idx]  # type: ignore[assignment]

        def load() -> Any:  # noqa: ANN401 - idem
            _close(self._queues[:idx] + self._queues[idx + 1 :])  # else they would not end with their own workers
            return callback_loader()

        return super()._spawn_worker(idx, target, load, *more)


def _close(queues: list[Any]) -> None:
    for queue in queues:
        os.close(queue.get_fd())  # granian leaves them open


def run(
    settings: Settings,
    ready: Callable[[], object],
    load: Callable[[Settings], Any] = worker.load,
    *,
    wsgi: bool = False,
    log: dict[str, Any] = LOGGING,
) -> None:
    """Serve until interrupted; call `ready`, in a thread of its own, as soon as the service answers.

    The database must be current and the server keys known: both are checked again in the worker process.
    `load` and `wsgi` are for benchmarks: another application in the same server, in threads if it is one of WSGI.
    `log` is the set-up of the log, for `logging.config.dictConfig`.
    """
    _require_free(settings)
    server = Server(
        "uwlr_adapter.server.worker:load",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI if wsgi else Interfaces.RSGI,
        blocking_threads=settings.threads if wsgi else None,
        loop=Loops.auto,
        websockets=False,
        http=HTTPModes.http1,
        workers=settings.workers,
        respawn_failed_workers=True,
        respawn_interval=DRAIN_SECONDS,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.warning,
        log_dictconfig=log,
    )
    signal.signal(worker.DRAIN_SIGNAL, signal.SIG_IGN)  # a worker hears it once it is there
    server.on_reload(_drain_workers)
    server.started = threading.Thread(target=_announce, args=(settings, ready), daemon=True).start
    with tempfile.TemporaryDirectory(prefix="uwlr-metrics-") as folder:
        os.environ.setdefault(metrics.FOLDER, folder)
        server.serve(target_loader=partial(load, settings), wrap_loader=False)


def _drain_workers() -> None:
    """Let the present workers ask their callers for new connections, which the next workers will take."""
    for process in multiprocessing.active_children():
        if process.pid is not None:
            os.kill(process.pid, worker.DRAIN_SIGNAL)


def _require_free(settings: Settings) -> None:
    """Say so when the address cannot be listened on; granian itself would print a trace."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((settings.host, settings.port))
    except OSError as error:
        place = f"{settings.host}, port {settings.port}"
        raise ListenError(f"cannot listen on {place}: {error.strerror or error}") from None


def free_port() -> int:
    """Give a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _announce(settings: Settings, ready: Callable[[], object]) -> None:
    """Wait until the service answers, then call `ready`."""
    address = f"{settings.listen_url}{HEALTHZ}"
    last = time.monotonic() + READY_SECONDS
    while time.monotonic() < last:
        try:
            with urllib.request.urlopen(address, timeout=READY_SECONDS):  # noqa: S310 - our own address, over http
                ready()
                return
        except urllib.error.HTTPError:
            if "soap" not in settings.parts:
                ready()
                return
            time.sleep(0.05)
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    logger.error("the service does not answer on %s after %s s", settings.listen_url, READY_SECONDS)
