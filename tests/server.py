"""A real server in a process of its own, and raw bytes to and from it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
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

    def post(self, body: bytes, *headers: str, method: str = "POST", path: str = "/uwlr/leerlinggegevens") -> bytes:
        """Send one request with Content-Length and these headers; gives the raw response."""
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
        if not any(line.lower().startswith(("content-length:", "transfer-encoding:")) for line in headers):
            lines.append(f"Content-Length: {len(body)}")
        return self.raw("\r\n".join([*lines, "", ""]).encode() + body)


def split(response: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    """Give the status, the headers without Date, and the body of a raw response."""
    head, _, body = response.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    return int(first.split()[1]), [header for header in headers if header[0] != "date"], body


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def command(*arguments: str) -> list[str]:
    """Give the command line of `uwlr-adapter` with this Python."""
    return [sys.executable, "-m", "uwlr_adapter", *arguments]


@contextmanager
def serving(
    data: Path, *arguments: str, environment: dict[str, str] | None = None, ready: str = READY
) -> Iterator[Server]:
    """Serve a data folder until the block ends; nothing of this process's own settings counts."""
    port = free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("UWLR_")}
    process = subprocess.Popen(
        command("--data", str(data), "serve", "--port", str(port), *arguments),
        stderr=subprocess.PIPE,
        text=True,
        env=clean | (environment or {}),
        cwd=data,
    )
    assert process.stderr is not None
    try:
        seen = []
        for line in process.stderr:
            seen.append(line)
            if ready in line:
                break
        else:
            raise AssertionError("".join(seen))
        yield Server(port, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=WAIT)
