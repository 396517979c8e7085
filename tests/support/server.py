"""A real server in a process of its own, and raw bytes to and from it."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

READY = "Serving UWLR on"
WAIT = 60


@dataclass(frozen=True)
class Server:
    """A running `uwlr-adapter serve`."""

    port: int
    process: subprocess.Popen[str]
    log: list[str]
    """The lines that it wrote on standard error, in the order of their coming."""

    @property
    def base(self) -> str:
        """The scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def endpoint(self) -> str:
        """The address of the SOAP service."""
        return f"{self.base}/uwlr/leerlinggegevens"

    def raw(self, request: bytes) -> bytes:
        """Send bytes on a connection of their own, and give all that comes back until the server closes it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=WAIT) as connection:
            connection.sendall(request)
            content = b""
            while chunk := connection.recv(65536):
                content += chunk
        return content

    def hang_up(self, request: bytes) -> None:
        """Send bytes, and end the connection for sending; what comes back is left unread."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=WAIT) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(65536)

    def post(self, body: bytes, *headers: str, method: str = "POST", path: str = "/uwlr/leerlinggegevens") -> bytes:
        """Send one request with Content-Length and these headers; returns the raw response."""
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
        if not any(line.lower().startswith(("content-length:", "transfer-encoding:")) for line in headers):
            lines.append(f"Content-Length: {len(body)}")
        return self.raw("\r\n".join([*lines, "", ""]).encode() + body)


def split(response: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return the status, the headers but those that differ each time, and the body of a raw response."""
    head, _, body = response.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    return int(first.split()[1]), [header for header in headers if header[0] not in {"date", "x-request-id"}], body


def read_response(connection: socket.socket) -> bytes:
    """Read one response of a connection that may stay open; empty when it was closed instead."""
    held = b""
    while True:
        head, mark, body = held.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        if mark and len(body) >= length:
            return held
        if not (chunk := connection.recv(65536)):
            return held
        held += chunk


def until(condition: Callable[[], object]) -> None:
    """Wait for something that is going to happen, for as long as a server may take."""
    gate = threading.Event()
    for _ in range(WAIT * 50):
        if condition():
            return
        gate.wait(0.02)
    raise AssertionError("it did not happen")


@contextmanager
def port_of_our_own() -> Iterator[int]:
    """Yield a port that no other process gets until the block ends; a server that we start can listen on it.

    It is kept by a socket that does not listen: who asks the system for any port gets another one, and who names this
    one shares it, as every server does that may begin again at once.
    """
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        keeper.bind(("127.0.0.1", 0))
        port: int = keeper.getsockname()[1]
        yield port


def init(data: Path) -> None:
    """Create the database and the key file of a data folder."""
    subprocess.run(command("--data", str(data), "init"), check=True, capture_output=True, timeout=WAIT)


def command(*arguments: str) -> list[str]:
    """Return the command line of `uwlr-adapter` with this Python."""
    return [sys.executable, "-m", "uwlr_adapter", *arguments]


@contextmanager
def serving(
    data: Path, *arguments: str, environment: dict[str, str] | None = None, ready: str = READY
) -> Iterator[Server]:
    """Serve a data folder until the block ends; nothing of this process's own settings counts."""
    with port_of_our_own() as port, serving_on(port, data, *arguments, environment=environment, ready=ready) as server:
        yield server


@contextmanager
def serving_on(
    port: int, data: Path, *arguments: str, environment: dict[str, str] | None = None, ready: str = READY
) -> Iterator[Server]:
    """Serve on a port that the caller keeps, so that a server can come back where another one was."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("UWLR_")}
    process = subprocess.Popen(
        command("--data", str(data), "serve", "--port", str(port), *arguments),
        stderr=subprocess.PIPE,
        text=True,
        env=clean | (environment or {}),
        cwd=data,
    )
    log: list[str] = []
    done = threading.Event()
    reader = threading.Thread(target=_read, args=(process, log, ready, done))
    reader.start()
    try:
        done.wait(WAIT)
        assert any(ready in line for line in log), "".join(log)
        yield Server(port, process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(WAIT)
        reader.join(WAIT)


def _read(process: subprocess.Popen[str], log: list[str], ready: str, done: threading.Event) -> None:
    """Take what the server writes, so that it never waits for a reader; sets `done` when it serves or is gone."""
    assert process.stderr is not None
    with process.stderr:
        for line in process.stderr:
            log.append(line)
            if ready in line:
                done.set()
    done.set()
