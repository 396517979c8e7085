"""Callers of a running server, each in a thread of its own, and what they heard."""

import gzip
import http.client
import uuid
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from lxml import etree

from support.server import Server

PATIENCE = 5
"""Seconds within which a process that is alive answers: a third of what a writer waits for a lock."""
_PATH = "/uwlr/leerlinggegevens"


@dataclass(frozen=True)
class Heard:
    """The response to one request; `outcome` is the name of the one element in it, or a fault code."""

    status: int
    request_id: str
    outcome: str
    leerlingen: int | None
    """How many came; None in a response without data."""
    aanmaakdatum: str


def hear(status: int, headers: Mapping[str, str], body: bytes) -> Heard:
    """Read a response to a request of the standard; the names of its headers are in lower case."""
    content = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
    root = etree.fromstring(content)
    fault = root.findtext(".//faultcode")
    outcome = etree.QName(root[0][0][0]).localname if fault is None else fault.partition(":")[2]
    moment = root.findtext(".//{*}aanmaakdatum") or ""
    count = len(root.findall(".//{*}leerlingen/{*}leerling")) if moment else None
    return Heard(status, headers["x-request-id"], outcome, count, moment)


def _hear_raw(response: bytes) -> Heard:
    head, _, body = response.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return hear(int(first.split()[1]), headers, body)


@dataclass(frozen=True)
class Sent:
    """A request on its way; `id` is the X-Request-ID that it carries."""

    id: str
    _response: "Future[bytes]" = field(repr=False)

    @property
    def is_answered(self) -> bool:
        """Whether the whole response has come."""
        return self._response.done()

    def heard(self) -> Heard:
        """Wait for the response, and return it."""
        return _hear_raw(self._response.result())


class Callers:
    """Callers that wait for their responses beside the test; at the end of the block all have them."""

    def __init__(self, number: int) -> None:
        self._threads = ThreadPoolExecutor(number)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for every response."""
        self._threads.shutdown()

    def send(self, server: Server, message: bytes, *headers: str) -> Sent:
        """Send a request of the standard."""
        id_ = str(uuid.uuid4())
        named = ("Content-Type: text/xml", f"X-Request-ID: {id_}", *headers)
        return Sent(id_, self._threads.submit(server.post, message, *named))


def assert_alive(server: Server) -> None:
    """Ask a server whether it lives, and for its WSDL; it answers both within PATIENCE."""
    for path, expected in (("/healthz", b"ok"), (f"{_PATH}?wsdl", b"wsdl:definitions")):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        connection.request("GET", path)
        response = connection.getresponse()
        assert response.status == 200, path
        assert expected in response.read(), path
        connection.close()
