"""Call an RSGI application as granian would, without granian: the head, the body and the receiver of the response."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from support.server import WAIT
from uwlr_adapter.sandbox.serving import SandboxApp
from uwlr_adapter.web.rsgi import RsgiApp


class Headers:
    """The headers of a request."""

    def __init__(self, pairs: tuple[tuple[str, str], ...]) -> None:
        self._pairs = pairs

    def items(self) -> list[tuple[str, str]]:
        """Return each header with its value; names are in lower case."""
        return list(self._pairs)


@dataclass(frozen=True)
class Scope:
    """The head of a request."""

    headers: Headers
    method: str
    path: str
    query_string: str = ""
    http_version: str = "1.1"
    client: str = "192.0.2.7:50000"
    server: str = "127.0.0.1:8080"
    scheme: str = "http"


@dataclass
class Protocol:
    """A body that comes whole, or never (None), or breaks off with an exception; and the response."""

    body: bytes | Exception | None
    pieces: int = 1
    """In how many pieces a body without a length comes."""
    pieces_read: int = 0
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""
    """The body of the response."""

    async def __call__(self) -> bytes:
        """Return the body."""
        if self.body is None:
            await asyncio.get_running_loop().create_future()  # until it is cancelled
        if isinstance(self.body, Exception):
            raise self.body
        return self.body or b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body in pieces."""
        content = await self()
        size = -(-len(content) // self.pieces) or 1
        for place in range(0, max(1, len(content)), size):
            self.pieces_read += 1
            yield content[place : place + size]

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Keep the response."""
        self.content = body
        self.statuses.append(int(status))
        self.headers = {name.lower(): value for name, value in headers}


async def send(
    app: RsgiApp | SandboxApp,
    body: bytes | Exception | None,
    *headers: tuple[str, str],
    method: str = "POST",
    path: str = "/uwlr/leerlinggegevens",
    query: str = "",
    client: str = "192.0.2.7:50000",
    pieces: int = 1,
) -> Protocol:
    """Send one request, and return its protocol with the response."""
    named = (("host", "localhost"), *headers)
    protocol = Protocol(body, pieces)
    async with asyncio.timeout(WAIT):
        await app.__rsgi__(Scope(Headers(named), method, path, query, client=client), protocol)
    return protocol


def close_worker(app: RsgiApp) -> None:
    """End an application as a worker that ends does, outside any event loop."""
    loop = asyncio.new_event_loop()
    app.__rsgi_del__(loop)
    loop.close()
