"""A server on loopback that answers as it is told, byte by byte; it belongs to nobody that a client can trust."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

TICK = 0.005
"""Seconds between two bytes of a server that keeps its caller waiting."""
WAIT = 30
"""Seconds after which such a server gives up, so that no test hangs."""


@dataclass
class Hostile:
    """A listening server: what it was sent, and whether its callers are gone."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Its address, over http."""
        return f"http://127.0.0.1:{self.port}/uwlr/leerlinggegevens"


Answer = Callable[[socket.socket, Hostile], None]


@contextmanager
def hostile(answer: Answer, *, tls: ssl.SSLContext | None = None, reads: bool = True) -> Iterator[Hostile]:
    """Yield a server that reads each request, unless told not to, and then does what `answer` does."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Hostile(listening.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(listening, server, answer, tls, reads), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(WAIT)


def _serve(
    listening: socket.socket,
    server: Hostile,
    answer: Answer,
    tls: ssl.SSLContext | None,
    reads: bool,  # noqa: FBT001 - passed by Thread
) -> None:
    while not server.over.is_set():
        with suppress(OSError):
            accepted, _ = listening.accept()
            accepted.settimeout(WAIT)
            with accepted if tls is None else tls.wrap_socket(accepted, server_side=True) as connection:
                if reads:
                    server.requests.append(_request(connection))
                answer(connection, server)


def _request(connection: socket.socket) -> bytes:
    """Read one request with its body."""
    found = b""
    while b"\r\n\r\n" not in found and (piece := connection.recv(65536)):
        found += piece
    head, _, body = found.partition(b"\r\n\r\n")
    lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    while len(body) < int(lines.get(b"content-length", 0)) and (piece := connection.recv(65536)):
        body += piece
    return head + b"\r\n\r\n" + body


def says(*parts: bytes) -> Answer:
    """Return an answer that sends these bytes and closes."""

    def answer(connection: socket.socket, _server: Hostile) -> None:
        connection.sendall(b"".join(parts))

    return answer


def drips(first: bytes, drop: bytes) -> Answer:
    """Return an answer that goes on for as long as its caller stays; no drop keeps it waiting in silence."""

    def answer(connection: socket.socket, server: Hostile) -> None:
        connection.sendall(first)
        while not server.over.wait(TICK):
            connection.sendall(drop)

    return answer


def response(status: str, content: bytes, *headers: str) -> bytes:
    """Return a whole response."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", "Content-Type: text/xml", *headers, "", ""]
    return "\r\n".join(lines).encode() + content
