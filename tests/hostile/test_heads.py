"""Heads that would take long to parse: they are refused by their lengths, and nothing parses them."""

from collections.abc import Mapping

import pytest
from support.endpoint_rows import XML
from support.event_loop import run
from support.hand_made import HandMade, make
from support.rsgi import Protocol, send
from support.server import Server, split
from support.wsgi import call
from werkzeug.wrappers import Request

from uwlr_adapter.portal.app import MAX_FORM, Portal
from uwlr_adapter.web.accept_encoding import accepts_gzip
from uwlr_adapter.web.bounds import MAX_COOKIE, MAX_FIELDS, MAX_PATH
from uwlr_adapter.web.endpoint import ReadBody, SoapRequest
from uwlr_adapter.web.head import HEAD_OCTETS, MAX_CONTENT_TYPE, MAX_QUERY, Head
from uwlr_adapter.web.request_record import RequestRecord
from uwlr_adapter.web.response import Response
from uwlr_adapter.web.rsgi import RsgiApp

LOGIN = "/koppelingen/inloggen"
FORM = ("content-type", "application/x-www-form-urlencoded")
FORMS = 'text/xml;"' + ";" * MAX_CONTENT_TYPE


def start(method: str = "POST", **fields: str) -> int:
    """Return the status of the first answer to a head at the SOAP endpoint; 0 when the body is read."""
    fields = {"content_type": XML, "query": "", "version": "1.1", "host": "localhost", **fields}
    step = SoapRequest(make(HandMade()), Head(method=method, peer="192.0.2.7:1", **fields), RequestRecord()).start()
    assert isinstance(step, Response | ReadBody)
    return step.status.value if isinstance(step, Response) else 0


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        (FORMS, 415),
        (XML + ";" * (MAX_CONTENT_TYPE - len(XML)), 0),
        (XML + ";" * (MAX_CONTENT_TYPE - len(XML) + 1), 415),
    ],
)
def test_a_long_content_type_of_a_message(content_type: str, status: int) -> None:
    """A Content-Type over its bound is refused unread, one at its bound is read."""
    assert start(content_type=content_type) == status


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        ("text/xml; charset=utf-8,", "utf-8"),
        ("text/xml; charset=utf-8, text/xml", "utf-8"),
        ('text/xml; action="urn:x;charset=bar"; charset=utf-8', "utf-8"),
        ('text/xml; action="urn:\\"x;charset=bar"; charset="UTF-8"', "utf-8"),
        ('text/xml; action="urn:x;charset=bar"', None),
        ("text/xml; charset='utf-8'", "utf-8"),
        ("text/xml; charset=; charset=utf-8", "utf-8"),
        ("text/xml; charset=", None),
        ("text/xml; x-charset=bar", None),
    ],
)
def test_where_the_charset_stands(content_type: str, charset: str | None) -> None:
    """A charset is a parameter: not the text of another one, and no comma is a part of it."""
    assert Head("POST", "", "192.0.2.7:1", content_type).charset == charset


@pytest.mark.parametrize(
    ("encoding", "status"),
    [
        ("", 0),
        ("identity", 0),
        ("Identity", 0),
        ("gzip", 415),
        ("deflate", 415),
        ("x" * 9000, 415),
        ("identity,gzip", 415),
    ],
)
def test_a_compressed_message(encoding: str, status: int) -> None:
    """A body that is compressed is refused before it is read: nothing is ever unpacked for a stranger."""
    assert start(content_encoding=encoding) == status


@pytest.mark.parametrize(
    ("encoding", "status"),
    [("", 0), ("chunked", 0), ("Chunked", 0), ("gzip, chunked", 400), ("chunked, chunked", 400), ("identity", 400)],
)
def test_a_body_that_is_encoded_for_the_way(encoding: str, status: int) -> None:
    """A body is in chunks, once, or as it is: in any other form others may see another end of it (RFC 9112, 6.1)."""
    assert start(transfer_encoding=encoding) == status


@pytest.mark.parametrize("method", ["POST", "GET", "HEAD", "PUT"])
@pytest.mark.parametrize(
    ("host", "version", "is_refused"), [("", "1.1", True), ("a,b", "1.1", True), ("", "1.0", False)]
)
def test_a_request_without_a_host(method: str, host: str, version: str, *, is_refused: bool) -> None:
    """HTTP/1.1 without one Host is refused whatever the method, HTTP/1.0 needs none (RFC 9112, 3.2)."""
    assert (start(method, host=host, version=version, query="wsdl") == 400) == is_refused


@pytest.mark.parametrize(
    ("query", "status"), [("wsdl" + "&" * (MAX_QUERY - 4), 200), ("wsdl" + "&" * (MAX_QUERY - 3), 405)]
)
def test_a_long_query_of_the_wsdl(query: str, status: int) -> None:
    """The WSDL is looked for in a query of bounded length."""
    assert start("GET", query=query) == status


def test_a_long_accept_encoding() -> None:
    """A header that is longer than any client sends is no wish for compression."""
    assert accepts_gzip("gzip," * 51 + "a")
    assert not accepts_gzip("gzip," * 51 + "aa")


OVER: Mapping[str, tuple[int, dict[str, str]]] = {
    "path": (414, {"path": "/koppelingen/" + "a" * MAX_PATH}),
    "path elsewhere": (414, {"path": "/" + "a" * MAX_PATH}),
    "path of monitoring": (414, {"path": "/readyz", "query": "a" * (MAX_PATH + 1)}),
    "query": (414, {"query": "a" * (MAX_PATH + 1)}),
    "fields of a query": (414, {"query": "&" * MAX_FIELDS}),
    "content-type": (431, {"content_type": FORMS}),
    "cookie": (431, {"HTTP_COOKIE": "a" * (MAX_COOKIE + 1)}),
    "cookies": (431, {"HTTP_COOKIE": "a=b;" * MAX_FIELDS}),
    "host": (431, {"HTTP_HOST": "a" * 257}),
    "if-none-match": (431, {"HTTP_IF_NONE_MATCH": '"a",' * 65}),
    "range": (431, {"HTTP_RANGE": "bytes=" + "0-0," * 64}),
    "no host": (400, {"SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": ""}),
    "two hosts": (400, {"SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "a,b"}),
}


@pytest.mark.parametrize("name", OVER)
def test_a_head_over_a_bound_reaches_no_page(app: RsgiApp, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A path, query or header that passes its bound is refused in plain text before Flask sees the request."""
    monkeypatch.setattr(Portal, "wsgi_app", None)  # not to be called
    status, request = OVER[name]
    reply = call(app.app, method="GET", **{"path": LOGIN, **request})  # type: ignore[arg-type]
    assert reply.status == status
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_a_head_at_its_bounds_is_answered(app: RsgiApp) -> None:
    """What is at a bound is let through."""
    cookie = "a=b;" * (MAX_FIELDS - 1)
    reply = call(
        app.app, method="GET", path=LOGIN, query="&" * (MAX_FIELDS - 1), HTTP_COOKIE=cookie, HTTP_RANGE="a" * 256
    )
    assert reply.status == 200


def post(app: RsgiApp, body: bytes, *headers: tuple[str, str]) -> Protocol:
    """Send a body to a page with a form."""
    return run(send(app, body, *headers, ("content-length", str(len(body))), path=LOGIN))


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"a" * (MAX_FORM + 1), FORM[1], 413),
        (b"&" * MAX_FIELDS, FORM[1], 413),
        (b"--x\r\n" + b"a:b\r\n" * 100 + b"\r\n", "multipart/form-data; boundary=x", 415),
        (b'--x\r\ncontent-disposition: form-data; name="a"' + b";" * 900, "multipart/form-data; boundary=x", 415),
        (b"{}", "application/json", 415),
    ],
)
def test_a_form_that_is_none_of_ours_is_not_parsed(
    app: RsgiApp, monkeypatch: pytest.MonkeyPatch, body: bytes, content_type: str, status: int
) -> None:
    """A body that is too large, has too many fields or comes in parts is refused before a field of it is read."""
    monkeypatch.setattr(Request, "_load_form_data", None)  # not to be called
    assert post(app, body, ("content-type", content_type)).statuses == [status]


def test_a_large_head_is_refused_by_the_server(server: Server) -> None:
    """A head of over twice HEAD_OCTETS is refused before it is read whole, one of HEAD_OCTETS is read."""
    inside, over = ("a" * size for size in (HEAD_OCTETS - 300, 2 * HEAD_OCTETS))
    assert split(server.post(b"", f"X-Other: {inside}", method="GET", path="/healthz"))[0] == 200
    assert server.post(b"", f"X-Other: {over}", method="GET", path="/healthz").startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize("path", ["/healthz", "/koppelingen", "/uwlr/leerlinggegevens", "/uwlr/leerlinggegevens?wsdl"])
@pytest.mark.parametrize("hosts", ["", "Host: a\r\nHost: b\r\n"])
def test_no_path_answers_without_one_host(server: Server, path: str, hosts: str) -> None:
    """Whatever HTTP/1.1 asks for, it names one host."""
    request = f"GET {path} HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n"
    assert server.raw(request.encode()).startswith(b"HTTP/1.1 400")
