"""Requests of a stranger that aim at the processor: every kind known, for `hostile.py`.

Each is as large as the service lets in: a head of twice HEAD_OCTETS, a body of 64 kB, and of 10 MB with results. What a
reader of the code finds missing belongs here, or in `hostile_xml.py`.
"""

from collections.abc import Iterator
from typing import NamedTuple

from hostile_xml import documents, fill, messages, results
from servers import PATH

from uwlr_adapter.contract.xml import MESSAGE
from uwlr_adapter.portal.app import MAX_FORM
from uwlr_adapter.portal.paths import PREFIX
from uwlr_adapter.web.bounds import MAX_CONDITION, MAX_COOKIE, MAX_FIELDS, MAX_PATH
from uwlr_adapter.web.head import HEAD_OCTETS, MAX_CONTENT_TYPE
from uwlr_adapter.web.vendor_pages import FAULTS

XML = "text/xml; charset=utf-8"
HEAD = 2 * HEAD_OCTETS - 1024
"""Characters for one header; the rest is for the request line and the other headers."""
FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=x"
LOGIN = f"{PREFIX}/inloggen"
STATIC = f"{PREFIX}/static/portaal.css"
RESULTS = "/uwlr/leerresultaten"


class HostileRequest(NamedTuple):
    """One request; `headers` come in the place of those that a friend sends."""

    name: str
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "POST"
    path: str = PATH
    query: str = ""


def all_requests(good: str) -> Iterator[HostileRequest]:
    """Yield every kind; `good` is the message of a friend, whose parts some of them carry."""
    yield from _heads(good.encode())
    for name, body, content_type in documents():
        yield HostileRequest(f"XML: {name}", body, (("content-type", content_type),))
    for name, body in messages(good):
        yield HostileRequest(f"message: {name}", body, (("content-type", XML),))
    for name, body in (
        ("elements", fill("<a/>", "<a>", "</a>")),
        ("cut off", fill("<a>")[:-2]),
        ("good", good.encode()),
    ):
        chunked = (("content-type", "text/xml"), ("transfer-encoding", "chunked"))
        yield HostileRequest(f"in chunks: {name}", body, chunked)
    for name, body in results(good):
        yield HostileRequest(f"results: {name}", body, (("content-type", XML),), path=RESULTS)
    yield from _pages()
    yield from _forms()


def _repeated(part: str, start: str = "", most: int = HEAD) -> str:
    """Return a text with as many of a part as fit behind its start."""
    return start + part * ((most - len(start)) // len(part))


def _heads(good: bytes) -> Iterator[HostileRequest]:
    """Yield a header or a query that is long, with the message of a friend or without any."""
    for value in (
        _repeated(";", 'text/xml;"'),
        _repeated(";", 'text/xml;"', MAX_CONTENT_TYPE),
        _repeated(';charset="', "text/xml"),
        _repeated(" ", "text/xml;") + "charset",
        _repeated(";a=b", "text/xml"),
    ):
        yield HostileRequest(f"Content-Type: {value[:20]}… ({len(value):,})", good, (("content-type", value),))
    for header, value in (
        ("accept-encoding", _repeated("gzip,")),
        ("accept-encoding", _repeated("gzip;q=0.1;")),
        ("content-encoding", _repeated("gzip,")),
        ("content-length", _repeated("1")),
        ("x-forwarded-for", _repeated("1,")),
        ("x-forwarded-for", _repeated("1")),
        ("x-request-id", _repeated("a")),
        ("cookie", _repeated("a=b;")),
        ("authorization", _repeated("a", "Basic ")),
        ("x-other", _repeated("a")),
    ):
        yield HostileRequest(f"{header}: {value[:12]}…", good, (("content-type", XML), (header, value)))
    yield HostileRequest("90 headers", good, (("content-type", XML), *((f"x-{n}", "a" * 300) for n in range(90))))
    yield HostileRequest("GET with a query of &", method="GET", query=_repeated("&"))
    yield HostileRequest("GET with a query of a=b&", method="GET", query=_repeated("a=b&"))


def _pages() -> Iterator[HostileRequest]:
    """Yield requests for pages and files without a form, and for the paths of monitoring."""
    for header, value in (
        ("cookie", _repeated("a", "koppelingen=")),
        ("cookie", _repeated("a", "koppelingen=", MAX_COOKIE)),
        ("cookie", _repeated("a=b;")),
        ("cookie", "a=b;" * (MAX_FIELDS - 1)),
        ("cookie", _repeated("\\", 'a="', MAX_COOKIE)),
        ("host", _repeated("a.")),
        ("referer", _repeated("a", "http://")),
        ("authorization", _repeated("a=b,", "Digest ")),
        ("x-forwarded-for", _repeated("1,")),
        ("accept-language", _repeated("a,")),
    ):
        yield HostileRequest(f"page, {header}: {value[:14]}… ({len(value):,})", b"", ((header, value),), "GET", LOGIN)
    for header, value in (
        ("if-none-match", _repeated('"a",')),
        ("if-modified-since", _repeated("a")),
        ("range", _repeated("0-0,", "bytes=")),
        ("range", _repeated("0-0,", "bytes=", 250)),
        ("if-range", _repeated("a")),
    ):
        yield HostileRequest(f"file, {header}: {value[:12]}… ({len(value):,})", b"", ((header, value),), "GET", STATIC)
    for header, value in (
        ("if-none-match", _repeated('"a",')),
        ("if-none-match", _repeated('"a",', most=MAX_CONDITION)),
        ("if-modified-since", _repeated("a")),
        ("if-modified-since", _repeated("a ", most=MAX_CONDITION)),
    ):
        name = f"{header}: {value[:12]}… ({len(value):,})"
        yield HostileRequest(f"WSDL, {name}", b"", ((header, value),), "GET", query="wsdl")
        yield HostileRequest(f"faults, {name}", b"", ((header, value),), "GET", FAULTS)
    for query in (_repeated("a&"), "a&" * (MAX_FIELDS - 1), _repeated("%41", "verder=", MAX_PATH), _repeated("%")):
        yield HostileRequest(f"page, query: {query[:12]}… ({len(query):,})", method="GET", path=LOGIN, query=query)
    for path in ("/" + _repeated("a/"), PREFIX + _repeated("/"), PREFIX + _repeated("/a", most=MAX_PATH - 20)):
        yield HostileRequest(f"path: {path[:18]}… ({len(path):,})", method="GET", path=path)
    for path in ("/healthz", "/readyz", "/metrics"):
        yield HostileRequest(path, method="GET", path=path)
        yield HostileRequest(f"{path}, 64 kB", b"a" * MESSAGE.octets, path=path, query=_repeated("a&"))


def _forms() -> Iterator[HostileRequest]:
    """Yield bodies for a page with a form."""
    part = b'--x\r\ncontent-disposition: form-data; name="a"'
    for octets in (MESSAGE.octets, MAX_FORM):
        for name, body, content_type in (
            ("a&", fill("a&", octets=octets), FORM),
            ("%41", fill("%41", octets=octets), FORM),
            ("%", fill("%", octets=octets), FORM),
            ("csrf_token=a", fill("a", "csrf_token=", octets=octets), FORM),
            ("parts", fill(part.decode() + "\r\n\r\n\r\n", end="--x--", octets=octets), PARTS),
            ("files", fill(part.decode() + '; filename="b"\r\n\r\n\r\n', end="--x--", octets=octets), PARTS),
            ("headers of a part", fill("a:b\r\n", "--x\r\n", octets=octets), PARTS),
            ("a disposition of ;", fill(";", part.decode(), "\r\n\r\n\r\n--x--", octets), PARTS),
            ("a part without an end", fill("\r\n-", part.decode() + "\r\n\r\n", octets=octets), PARTS),
            ("another type", b"a" * octets, _repeated(";", 'text/xml;"')),
        ):
            kind = f"form: {name} ({octets // 1024} kB)"
            yield HostileRequest(kind, body, (("content-type", content_type),), path=LOGIN)
    many = b"&".join([b"login=a"] * MAX_FIELDS)
    yield HostileRequest(f"form: {MAX_FIELDS} fields", many, (("content-type", FORM),), path=LOGIN)
