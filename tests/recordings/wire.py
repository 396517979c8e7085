"""Send HTTP requests through the WSGI application, and note what comes back in a form that is always the same.

What must differ from run to run is replaced by a name in angle brackets:

- `X-Request-ID` is made up for each request, unless the caller gave one that is taken over;
- the length of a compressed body, and its bytes, depend on the version of zlib: it is unpacked, and noted as `gzip`;
- `Date`, `Last-Modified` and `ETag` tell of the clock and the files of the machine;
- the methods of `Allow` come in an order that the interpreter makes up: they are sorted;
- a session cookie and a CSRF token are signed with the clock of the machine, the cookie of a known browser is random.
"""

import gzip
import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

ENDPOINT = "/uwlr/leerlinggegevens"
XML = "text/xml; charset=utf-8"
_MADE = re.compile(r"[0-9a-f]{16,}")
_VOLATILE = {"date": "<date>", "last-modified": "<moment>", "etag": "<etag>"}
_TOKEN = re.compile(rb'(?<=name="csrf_token" value=")[^"]+(?=")')
_COOKIE = re.compile(r"(?<=koppelingen=)[^;]+(?=;)")
_KNOWN = re.compile(r"(koppelingen-bekend=)[^;]+; Expires=[^;]+(?=;)")


@dataclass(frozen=True)
class Request:
    """Represent a request as a server hands it to the application; a length of None leaves it out."""

    body: bytes = b""
    method: str = "POST"
    path: str = ENDPOINT
    query: str = ""
    content_type: str | None = XML
    length: str | None = ""
    """What Content-Length says; an empty text is the true length."""
    headers: Mapping[str, str] = field(default_factory=dict)
    protocol: str = "HTTP/1.1"
    address: str = "192.0.2.1"

    def environ(self) -> dict[str, Any]:
        """Return it as WSGI has it."""
        length = str(len(self.body)) if self.length == "" else self.length
        given = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path,
            "QUERY_STRING": self.query,
            "CONTENT_TYPE": self.content_type,
            "CONTENT_LENGTH": length,
            "REMOTE_ADDR": self.address,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8080",
            "SERVER_PROTOCOL": self.protocol,
            "HTTP_HOST": "uwlr.example",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self.body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.headers.items()},
        }
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True)
class Reply:
    """Represent what came back, as it came."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the first header of a name."""
        return next((value for given, value in self.headers if given.lower() == name.lower()), None)


def send(app: Callable[..., Iterable[bytes]], request: Request) -> Reply:
    """Send one request through the application."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> Callable[..., object]:
        started.append((status, list(headers)))
        return started.append

    result = app(request.environ(), start_response)
    try:
        body = b"".join(result)
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            close()
    status, headers = started[-1]
    return Reply(int(status[:3]), headers, body)


def noted(reply: Reply) -> dict[str, Any]:
    """Return a reply as it is recorded."""
    packed = (reply.header("Content-Encoding") or "") == "gzip" and bool(reply.body)
    body = gzip.decompress(reply.body) if packed else reply.body
    length = reply.header("Content-Length")
    assert length is None or not reply.body or length == str(len(reply.body))
    headers = [[name, _settled(name, value, packed=packed)] for name, value in reply.headers]
    return {"status": reply.status, "headers": headers, "gzip": packed, "body": readable(_TOKEN.sub(b"<token>", body))}


def readable(body: bytes) -> str:
    """Return bytes as text; those that are no UTF-8 stand as escapes."""
    return body.decode("utf-8", "backslashreplace")


def _settled(name: str, value: str, *, packed: bool) -> str:
    low = name.lower()
    if low in _VOLATILE:
        return _VOLATILE[low]
    if low == "x-request-id":
        return "<made up>" if _MADE.fullmatch(value) else value
    if low == "content-length" and packed:
        return "<of the compressed body>"
    if low == "allow":
        return ", ".join(sorted(value.split(", ")))
    if low == "set-cookie":
        return _KNOWN.sub(r"\1<browser>; Expires=<date>", _COOKIE.sub("<session>", value))
    return value
