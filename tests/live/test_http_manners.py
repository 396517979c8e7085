"""How clients speak HTTP and write XML, over a real server with nothing between it and the socket."""

import codecs
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from support.served_school import ServedSchool
from support.server import WAIT, Server, split

PATH = "/uwlr/leerlinggegevens"
XML = "Content-Type: text/xml; charset=utf-8"
NO_XML = b"Client.OngeldigBericht"


@dataclass
class Line:
    """One connection, on which several requests may go and several responses come."""

    connection: socket.socket
    held: bytes = b""

    def send(self, content: bytes) -> None:
        """Send bytes in a segment of their own."""
        self.connection.sendall(content)

    def more(self) -> bool:
        """Wait for bytes; tells whether there came any before the server closed."""
        chunk = self.connection.recv(65536)
        self.held += chunk
        return bool(chunk)

    def head(self) -> bytes:
        """Take the head of the next response, with its empty line."""
        while b"\r\n\r\n" not in self.held:
            assert self.more(), self.held
        head, mark, self.held = self.held.partition(b"\r\n\r\n")
        return head + mark

    def response(self, *, head_only: bool = False) -> tuple[int, dict[str, str], bytes]:
        """Take the next response: status, headers, and a body as long as it says."""
        status, headers, _ = split(self.head())
        named = dict(headers)
        length = 0 if head_only else int(named.get("content-length", "0"))
        while len(self.held) < length:
            assert self.more()
        content, self.held = self.held[:length], self.held[length:]
        return status, named, content

    def is_closed(self) -> bool:
        """Whether the server says nothing more and closes."""
        return not self.held and not self.more()


@contextmanager
def open_line(server: Server) -> Iterator[Line]:
    """Open a connection that sends each piece at once."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield Line(connection)


def head(length: int | None, *headers: str, version: str = "1.1") -> bytes:
    """Return the head of a POST with these headers."""
    lines = [f"POST {PATH} HTTP/{version}", "Host: localhost", *headers]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode()


def answered(status: int, content: bytes) -> bool:
    """Whether this is the whole answer with the data."""
    return status == 200 and b"<leerlinggegevens>" in content and content.endswith(b"Envelope>")


def test_expect_100_continue(served: ServedSchool, server: Server) -> None:
    """A client that waits to be told to go on is told, and then answered."""
    message = served.request()
    with open_line(server) as line:
        line.send(head(len(message), XML, "Expect: 100-continue"))
        assert line.head().startswith(b"HTTP/1.1 100 ")
        line.send(message)
        status, _, content = line.response()
    assert answered(status, content)


def test_expect_100_continue_without_waiting(served: ServedSchool, server: Server) -> None:
    """A client that asks and does not wait is answered too."""
    message = served.request()
    with open_line(server) as line:
        line.send(head(len(message), XML, "Expect: 100-continue") + message)
        first = line.head()
        if not first.startswith(b"HTTP/1.1 100 "):  # it may be left out when the body is there (RFC 9110, 10.1.1)
            line.held = first + line.held
        status, _, content = line.response()
    assert answered(status, content)


def test_keep_alive(served: ServedSchool, server: Server) -> None:
    """One connection carries several requests, refused ones among them, and gives each its own answer."""
    message = served.request()
    with open_line(server) as line:
        for _ in range(3):
            line.send(head(len(message), XML) + message)
            status, _, content = line.response()
            assert answered(status, content)
            line.send(head(3, XML) + b"abc")
            status, _, content = line.response()
            assert status == 500
            assert NO_XML in content
            line.send(f"HEAD {PATH}?wsdl HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            status, headers, _ = line.response(head_only=True)
            assert (status, headers["content-type"]) == (200, "text/xml; charset=utf-8")


def test_requests_one_after_the_other_without_waiting(served: ServedSchool, server: Server) -> None:
    """Requests that are sent before the answer to the first are answered in their order."""
    message = served.request()
    with open_line(server) as line:
        line.send((head(len(message), XML) + message) + (head(3, XML) + b"abc"))
        status, _, content = line.response()
        assert answered(status, content)
        assert line.response()[0] == 500


def test_http_1_0_closes(served: ServedSchool, server: Server) -> None:
    """HTTP/1.0 gets an answer with its length, not in chunks, and a closed connection."""
    message = served.request()
    with open_line(server) as line:
        line.send(head(len(message), XML, version="1.0") + message)
        status, headers, content = line.response()
        assert answered(status, content)
        assert "transfer-encoding" not in headers
        assert line.is_closed()


def test_http_1_0_keep_alive(served: ServedSchool, server: Server) -> None:
    """HTTP/1.0 may ask to keep the connection, and then has it."""
    message = served.request()
    with open_line(server) as line:
        for _ in range(2):
            line.send(head(len(message), XML, "Connection: Keep-Alive", version="1.0") + message)
            status, headers, content = line.response()
            assert answered(status, content)
            assert headers["connection"].lower() == "keep-alive"


def test_http_1_0_without_a_length(server: Server) -> None:
    """A request without a length has no body, so there is no message in it."""
    with open_line(server) as line:
        line.send(head(None, XML, version="1.0"))
        status, _, content = line.response()
    assert status == 500
    assert NO_XML in content


def test_head_of_the_wsdl_is_that_of_get(server: Server) -> None:
    """HEAD tells what GET would give, and gives no body."""
    seen = {}
    for method in ("GET", "HEAD"):
        seen[method] = split(server.post(b"", method=method, path=f"{PATH}?wsdl"))
    assert seen["HEAD"][:2] == seen["GET"][:2]
    assert seen["HEAD"][2] == b""
    assert seen["GET"][2].rstrip().endswith(b"definitions>")


def written(context: ServedSchool, declared: str | None, mark: str = "één") -> str:
    """Return a request with letters outside ASCII, under a declaration; a part of it that is not judged."""
    declaration = "" if declared is None else f'<?xml version="1.0" encoding="{declared}"?>'
    text = context.request().decode()
    return declaration + text.replace("</xsdversie>", f"</xsdversie><gegevenssetid>{mark}</gegevenssetid>")


UTF_16 = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}


@pytest.mark.parametrize("codec", UTF_16)
@pytest.mark.parametrize("declared", [None, "UTF-16"])
@pytest.mark.parametrize("charset", ["", "; charset=utf-16", '; charset="UTF-16"'])
def test_utf_16(served: ServedSchool, server: Server, codec: str, declared: str | None, charset: str) -> None:
    """UTF-16 with a byte order mark is read, whatever tells it; the answer is UTF-8."""
    message = UTF_16[codec] + written(served, declared).encode(codec)
    status, headers, content = split(server.post(message, f"Content-Type: text/xml{charset}"))
    assert answered(status, content)
    assert ("content-type", "text/xml; charset=utf-8") in headers


CODINGS = [
    # content type, declaration, bytes: which of them tells the encoding
    ("text/xml", "ISO-8859-1", "latin-1"),  # the declaration, when nothing else does
    ("text/xml; charset=iso-8859-1", None, "latin-1"),  # the header
    ("text/xml; charset=ISO-8859-1", "utf-8", "latin-1"),  # the header before the declaration
    ("text/xml; charset=utf-8", "ISO-8859-1", "utf-8"),  # idem
    ("text/xml; charset=windows-1252", None, "cp1252"),
    ("text/xml; charset=iso-8859-1", "ISO-8859-1", "utf-8-sig"),  # a byte order mark before both
    ("text/xml; charset=utf-8", "utf-8", "utf-8-sig"),
    ("text/xml; charset=us-ascii", None, "ascii"),
    ("text/xml", None, "utf-8"),  # nothing tells it
    ('application/xml; charset="utf-8"', None, "utf-8"),
    ("text/xml; charset=utf-16le", None, "utf-16-le"),
]


@pytest.mark.parametrize(("content_type", "declared", "codec"), CODINGS)
@pytest.mark.parametrize("in_chunks", [False, True], ids=["whole", "chunks"])
def test_what_tells_the_encoding(
    served: ServedSchool, server: Server, content_type: str, declared: str | None, codec: str, *, in_chunks: bool
) -> None:
    """A byte order mark, else the charset of the header, else the declaration, else UTF-8 (RFC 7303)."""
    message = written(served, declared, "set" if codec == "ascii" else "één").encode(codec)
    headers = [f"Content-Type: {content_type}"]
    if in_chunks:
        headers.append("Transfer-Encoding: chunked")
        message = b"%x\r\n%s\r\n0\r\n\r\n" % (len(message), message)
    status, _, content = split(server.post(message, *headers))
    assert answered(status, content)


@pytest.mark.parametrize(
    ("content_type", "declared", "codec"),
    [
        ("text/xml; charset=wartaal", None, "utf-8"),
        ("text/xml; charset=wartaal", "utf-8", "utf-8"),
        ("text/xml", "wartaal", "utf-8"),
        ("text/xml; charset=utf-8", None, "latin-1"),
        ("text/xml; charset=utf-8", "ISO-8859-1", "latin-1"),
        ("text/xml", None, "latin-1"),
        ("text/xml; charset=us-ascii", None, "utf-8"),
        ("text/xml; charset=utf-8", None, "utf-16-le"),
        ("text/xml; charset=base64", None, "utf-8"),
    ],
)
def test_an_encoding_that_is_unknown_or_wrong(
    served: ServedSchool, server: Server, content_type: str, declared: str | None, codec: str
) -> None:
    """An unknown encoding, or bytes that are not in it, is no message: the fault of row 2."""
    message = written(served, declared).encode(codec)
    status, _, content = split(server.post(message, f"Content-Type: {content_type}"))
    assert status == 500
    assert NO_XML in content


@pytest.mark.parametrize(
    "action",
    [
        'SOAPAction: "HaalLeerlinggegevens"',
        "SOAPAction: HaalLeerlinggegevens",
        "soapaction: HaalLeerlinggegevens",
        'SOAPAction: "BrengLeerresultaten"',
        'SOAPAction: ""',
        "SOAPAction:",
        "X-Geen: 1",
    ],
)
def test_soapaction_in_any_form(served: ServedSchool, server: Server, action: str) -> None:
    """The element in the Body says what is asked, and no SOAPAction changes that."""
    status, _, content = split(server.post(served.request(), XML, action))
    assert answered(status, content)


def test_te_and_connection_of_soap_lite(served: ServedSchool, server: Server) -> None:
    """A client that lists TE beside close is answered plainly, and the connection closes."""
    message = served.request()
    with open_line(server) as line:
        line.send(head(len(message), XML, "TE: deflate,gzip;q=0.3", "Connection: TE, close") + message)
        status, headers, content = line.response()
        assert answered(status, content)
        assert "transfer-encoding" not in headers
        assert "content-encoding" not in headers
        assert line.is_closed()


def test_header_names_in_lower_case(served: ServedSchool, server: Server) -> None:
    """The names of headers are of any case."""
    message = served.request()
    lines = ["host: localhost", "content-type: text/xml", f"content-length: {len(message)}", "connection: close"]
    request = "\r\n".join([f"POST {PATH} HTTP/1.1", *lines, "", ""]).encode() + message
    status, _, content = split(server.raw(request))
    assert answered(status, content)


def test_a_request_in_pieces(served: ServedSchool, server: Server) -> None:
    """Where a request is cut on its way does not matter."""
    message = served.request()
    whole = head(len(message), XML) + message
    with open_line(server) as line:
        for start in range(0, len(whole), 97):
            line.send(whole[start : start + 97])
        status, _, content = line.response()
    assert answered(status, content)
