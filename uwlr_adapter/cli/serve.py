"""`uwlr-adapter serve`: the service, until it is interrupted."""

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

import click
from granian.constants import HTTPModes, Interfaces, Loops
from granian.log import LogLevels
from granian.net import SocketSpec  # type: ignore[attr-defined]
from granian.server.mp import MPServer

from uwlr_adapter import metingen, worker
from uwlr_adapter.cli.base import Context
from uwlr_adapter.koppelingen.sleutels import Sleutelbos, SleutelFout
from uwlr_adapter.logboek import LOGGING
from uwlr_adapter.opslag import OpslagFout
from uwlr_adapter.portal.paden import PREFIX
from uwlr_adapter.settings import Settings
from uwlr_adapter.soap.wsdl import PATH
from uwlr_adapter.toezicht import HEALTHZ

STOP_SECONDS = 30
"""How long a request may go on after a stop is asked: the shortest client timeout seen."""
DRAIN_SECONDS = 5
"""How long a worker goes on beside the one that replaces it: within it a caller on an open connection hears of it."""
READY_SECONDS = 30
"""How long a worker may take to start before that is reported as a failure."""
logger = logging.getLogger("uwlr_adapter.serve")
LOOPBACK = ("127.0.0.1", "::1")


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


@click.command()
@click.option("--host", help="Address to listen on (UWLR_HOST; default 127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (UWLR_PORT; default 8080).")
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Worker processes, with PostgreSQL (UWLR_WORKERS; default 1)."
)
@click.option("--public-url", help="What vendors call, such as https://uwlr.example.nl (UWLR_PUBLIC_URL).")
@click.pass_obj
def serve(context: Context, host: str | None, port: int | None, workers: int | None, public_url: str | None) -> None:
    """Serve until interrupted. SIGHUP replaces the workers one by one; SIGTERM stops when every request is answered.

    Example:  uwlr-adapter serve --port 8080 --public-url https://uwlr.example.nl
    """
    chosen = {"host": host, "port": port, "workers": workers, "public_url": public_url}
    settings = context.settings.model_copy(update={name: value for name, value in chosen.items() if value is not None})
    if settings.host not in LOOPBACK and not (settings.public_url or "").startswith("https://"):
        raise click.UsageError(
            f"listening on {settings.host} needs --public-url https://…: the codes must travel in TLS"
        )
    context.catalogus()
    with context.opslag() as opslag:
        if opslag.is_sqlite and settings.workers > 1:
            raise click.UsageError(
                f"{settings.workers} workers need PostgreSQL (UWLR_DATABASE): SQLite has one writer, so one worker"
            )
        try:
            Sleutelbos.from_settings(settings, opslag)
        except SleutelFout as error:
            raise click.ClickException(str(error)) from error
    run(settings, lambda: context.messages.print(_shown(settings)))


def _shown(settings: Settings) -> str:
    """Give where the parts of this process stand."""
    places = {
        "soap": f"Serving UWLR on {settings.base_url}{PATH} (WSDL: ?wsdl)",
        "portal": f"The portal of the schools is on {settings.base_url}{PREFIX}",
    }
    return "\n".join(text for part, text in places.items() if part in settings.parts) or "Serving"


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
        "uwlr_adapter.worker:load",
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
        os.environ.setdefault(metingen.FOLDER, folder)
        try:
            server.serve(target_loader=partial(load, settings), wrap_loader=False)
        except OpslagFout as error:
            raise click.ClickException(str(error)) from error


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
        raise click.ClickException(f"cannot listen on {place}: {error.strerror or error}") from None


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
