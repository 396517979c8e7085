"""Make requests as bytes for a real server: refusals and manners, whose answers do not depend on the day."""

from collections.abc import Iterator

from recordings import requests
from recordings.wire import ENDPOINT, XML, Request

_PATHS = ("/", "/uwlr", ENDPOINT, f"{ENDPOINT}?wsdl", f"{ENDPOINT}?x", "/healthz", "/readyz", "/weg", "/koppelingen")


def requests_of_a_corpus() -> Iterator[tuple[str, Request]]:
    """Return the requests of which every answer is a refusal."""
    for name, request in requests.faults():
        if name not in {"not yet started", "strict afnemer"} and not name.startswith("both"):
            yield name, request


def as_bytes(request: Request) -> bytes:
    """Return a request as it goes over a connection that ends with it."""
    query = f"?{request.query}" if request.query else ""
    lines = [f"{request.method} {request.path}{query} {request.protocol}", "Host: uwlr.example", "Connection: close"]
    lines += [] if request.content_type is None else [f"Content-Type: {request.content_type}"]
    length = str(len(request.body)) if request.length == "" else request.length
    lines += [] if length is None else [f"Content-Length: {length}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + request.body


def all_requests() -> Iterator[tuple[str, bytes]]:
    """Return each request with its name."""
    for path in _PATHS:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
            yield f"{method} {path}", as_bytes(Request(method=method, path=path, content_type=None))
    for name, request in requests_of_a_corpus():
        yield name, as_bytes(request)
    wrong = requests.envelope(kop=requests.header("21QW00een-andere-code"))
    for kind in ("text/xmlx", "application/json", "application/x-www-form-urlencoded"):
        yield f"type {kind}", as_bytes(Request(wrong, content_type=kind))
    for length in ("65537", "9" * 18):
        yield f"length {length}", as_bytes(Request(wrong, length=length))
    yield "too large", as_bytes(Request(wrong + b" " * 70_000))
    for protocol in ("HTTP/1.0", "HTTP/1.1"):
        for accept in ("gzip", "identity"):
            headers = {"Accept-Encoding": accept, "X-None": "1"}
            yield f"{protocol} {accept}", as_bytes(Request(wrong, headers=headers, protocol=protocol))
    head = f"POST {ENDPOINT} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {XML}\r\n".encode()
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
    for name, stream in (
        ("good", b"%x\r\n%s\r\n0\r\n\r\n" % (len(wrong), wrong)),
        ("no number", b"zz\r\nabc\r\n0\r\n\r\n"),
        ("short", b"5\r\nabc\r\n0\r\n\r\n"),
        ("empty", b"0\r\n\r\n"),
    ):
        yield f"chunks, {name}", chunked + stream
