"""The one client for HTTP against servers that are not to be trusted: it keeps its secrets, its memory and its time."""

import ast
import gzip
import socket
import ssl
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from support.certificates import make_certificate
from support.hostile_server import Answer, drips, hostile, response, says

from uwlr_adapter import outbound
from uwlr_adapter.outbound import MAX_OCTETS, OutboundError, Permissions, send

PACKAGE = Path(outbound.__file__).parent
HERE = Permissions(private=True)
SECRET = "een-geheime-code"
SHORT = 0.2
"""Seconds for a call to a server that keeps it waiting."""
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def ask(url: str, seconds: float = 30) -> outbound.Reply:
    """Send a secret."""
    return send("POST", url, SECRET.encode(), permissions=HERE, seconds=seconds)


def refused(answer: Answer, *, seconds: float = 30, reads: bool = True) -> str:
    """Return the text of the error that a server brings about."""
    with hostile(answer, reads=reads) as server, pytest.raises(OutboundError) as caught:
        ask(server.url, seconds)
    assert SECRET not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_comes_back(*, packed: bool) -> None:
    """Status and body of any response, decompressed."""
    content = b"antwoord" * 1000
    sent = response("500 Fault", gzip.compress(content), "Content-Encoding: gzip")
    with hostile(says(sent if packed else response("500 Fault", content))) as server:
        assert ask(server.url) == outbound.Reply(500, content)
    assert server.requests[0].endswith(SECRET.encode())


@pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P"])
def test_no_redirect_is_followed(status: str) -> None:
    """What was sent to one server is sent to no other."""
    with hostile(says(response("200 OK", b""))) as other:
        with hostile(says(response(status, b"", f"Location: {other.url}"))) as server:
            assert ask(server.url).status == int(status[:3])
        assert (len(server.requests), len(other.requests)) == (1, 0)


@pytest.mark.parametrize(
    "answer",
    [
        lambda: drips(CHUNKED, b"%x\r\n%s\r\n" % (2**20, b" " * 2**20)),
        lambda: says(b"HTTP/1.1 200 OK\r\n\r\n", b" " * (MAX_OCTETS + 1)),
        lambda: says(response("200 OK", gzip.compress(b" " * (MAX_OCTETS + 1)), "Content-Encoding: gzip")),
        lambda: says(response("200 OK", gzip.compress(b" " * 20 * MAX_OCTETS, 1), "Content-Encoding: gzip")),
        lambda: says(
            response("200 OK", gzip.compress(b" " * MAX_OCTETS, 1) + gzip.compress(b" "), "Content-Encoding: gzip")
        ),
        lambda: says(response("200 OK", gzip.compress(b" " * 2**20, 1) * 20, "Content-Encoding: gzip")),
    ],
    ids=["endless chunks", "no length", "one byte too many in gzip", "a bomb", "in a second member", "in members"],
)
def test_the_bytes_are_bounded(answer: Callable[[], Answer], monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer over the limit is refused, on the wire and after decompression, and never kept whole."""
    held = 0
    pieces = outbound._Call._pieces  # noqa: SLF001 - what it keeps

    def counted(self: Any, response: Any) -> Any:
        nonlocal held
        for piece in pieces(self, response):
            held += len(piece)
            yield piece

    monkeypatch.setattr(outbound._Call, "_pieces", counted)  # noqa: SLF001 - as above
    made = answer()
    tracemalloc.start()
    try:
        assert "larger than 16 MiB" in refused(made)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held <= MAX_OCTETS
    assert most < 3 * MAX_OCTETS


def test_each_member_of_gzip_is_read() -> None:
    """A gzip stream may have several members, also empty ones, wherever the pieces that are read begin and end."""
    members = [b"", b"een", b"twee" * 50_000, b"", bytes(range(256)) * 1000]
    packed = b"".join(map(gzip.compress, members))
    pieces = [
        b"%x\r\n%s\r\n" % (len(piece), piece) for at in range(0, len(packed), 7) if (piece := packed[at : at + 7])
    ]
    chunked = CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n") + b"".join(pieces) + b"0\r\n\r\n"
    for sent in (response("200 OK", packed, "Content-Encoding: gzip"), chunked):
        with hostile(says(sent)) as server:
            assert ask(server.url).content == b"".join(members)


def test_the_limit_itself_is_allowed() -> None:
    """An answer of exactly so many bytes comes through."""
    sent = response("200 OK", gzip.compress(b" " * MAX_OCTETS, 1), "Content-Encoding: gzip")
    with hostile(says(sent)) as server:
        assert len(ask(server.url).content) == MAX_OCTETS


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), "breaks off"),
        (says(CHUNKED, b"9\r\nhalf"), "breaks off"),
        (says(CHUNKED, b"zz\r\n"), "chunks are not HTTP"),
        (says(response("200 OK", gzip.compress(b"heel" * 100)[:-12], "Content-Encoding: gzip")), "breaks off"),
        (says(response("200 OK", b"geen gzip", "Content-Encoding: gzip")), "is not gzip"),
        (says(response("200 OK", gzip.compress(b"heel") + b"meer", "Content-Encoding: gzip")), "is not gzip"),
        (says(response("200 OK", gzip.compress(b"heel") + b"\x1f", "Content-Encoding: gzip")), "breaks off"),
        (says(response("200 OK", b"x", "Content-Encoding: br")), "was not asked for"),
        (says(response("200 OK", b"x", "Content-Encoding: gzip, gzip")), "was not asked for"),
        (says(b"220 mail.example ESMTP\r\n"), "is not HTTP (BadStatusLine)"),
        (says(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 200, b"\r\n"), "is not HTTP (HTTPException)"),
        (says(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 100_000, b"\r\n\r\n"), "is not HTTP (LineTooLong)"),
        (says(b""), "closed the connection without an answer"),
    ],
)
def test_an_answer_that_is_none(answer: Answer, text: str) -> None:
    """Whatever is no whole response of HTTP is one sentence."""
    assert text in refused(answer)


@pytest.mark.parametrize(
    ("answer", "reads"),
    [
        (drips(b"", b""), False),
        (drips(b"", b""), True),
        (drips(b"", b"H"), True),
        (drips(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), True),
        (drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), True),
        (drips(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "), True),
        (drips(CHUNKED, b"1\r\n \r\n"), True),
    ],
    ids=["reads nothing", "silent", "status line", "headers", "continue", "body", "chunks"],
)
def test_the_time_is_bounded_as_a_whole(answer: Answer, *, reads: bool) -> None:
    """A server that goes on byte by byte is left, whatever part of its answer it drips."""
    text = refused(answer, seconds=SHORT, reads=reads)
    assert "within 0.2 s" in text or "does not answer" in text  # after 100 headers, say


def test_the_time_of_a_handshake_is_bounded() -> None:
    """A server that never answers the handshake of TLS is left too."""
    with hostile(drips(b"", b""), reads=False) as server, pytest.raises(OutboundError, match=r"within|does not answer"):
        ask(server.url.replace("http:", "https:"), SHORT)


def test_the_time_of_a_look_up_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that never answers keeps nobody waiting."""
    over = threading.Event()

    def never(*_: Any, **__: Any) -> list[Any]:
        over.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", never)
    with pytest.raises(OutboundError, match=r"uwlr\.example:80 gave no whole answer within"):
        ask("http://uwlr.example/", SHORT)
    over.set()


def test_nothing_is_sent_after_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up that ends after its caller was told that there is no answer leads to no connection."""
    over = threading.Event()
    with hostile(says(response("200 OK", b"te laat"))) as server:
        found = socket.getaddrinfo("127.0.0.1", server.port, type=socket.SOCK_STREAM)

        def late(*_: Any, **__: Any) -> list[Any]:
            over.wait(30)
            return found

        monkeypatch.setattr(socket, "getaddrinfo", late)
        before = set(threading.enumerate())
        with pytest.raises(OutboundError, match="gave no whole answer within"):
            ask(f"http://uwlr.example:{server.port}/", SHORT)
        (worker,) = set(threading.enumerate()) - before
        over.set()
        worker.join(30)
        assert not worker.is_alive()
        assert server.requests == []


def test_nothing_is_sent_in_the_clear_while_a_call_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A TLS connection is closed without taking its encryption off first: the message may be on its way."""
    public, context = certificate(tmp_path, "uwlr.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(public))

    def shutdown(_self: ssl.SSLSocket, how: int) -> NoReturn:
        raise AssertionError(how)

    monkeypatch.setattr(ssl.SSLSocket, "shutdown", shutdown)
    with hostile(drips(b"", b""), tls=context) as server:
        resolves(monkeypatch, "127.0.0.1", port=server.port)
        with pytest.raises(OutboundError, match=r"within|does not answer"):  # a slow machine is still connecting
            ask(f"https://uwlr.example:{server.port}/", SHORT)


@pytest.mark.parametrize("host", ["uwlr.invalid", "a" * 70 + ".example"])
def test_a_name_that_is_not_known_is_told(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """A mistyped name is one sentence with the name."""

    def unknown(name: str, *_: Any, **__: Any) -> NoReturn:
        name.encode("idna")
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(OutboundError, match=f"^no address is found for the name {host}$"):
        ask(f"https://{host}/")


def test_https_to_a_port_for_http_is_told() -> None:
    """A server that does not speak TLS is told as such; it gets no byte of the message."""
    said = says(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    match = r"makes no TLS connection \(\w+\): its port may be one for http"
    with hostile(said, reads=False) as server, pytest.raises(OutboundError, match=match):
        ask(server.url.replace("http:", "https:"))


@pytest.mark.parametrize(("host", "place"), [("[::1]", r"\[::1\]:9 "), ("127.0.0.1", "127.0.0.1:9 ")])
def test_an_address_of_ipv6_has_brackets(host: str, place: str) -> None:
    """A text names the host and the port so that they can be told apart, as in a URL."""
    with pytest.raises(OutboundError, match=f"^{place}"):
        send("POST", f"https://{host}:9/")


def resolves(monkeypatch: pytest.MonkeyPatch, *addresses: str, port: int = 443) -> list[str]:
    """Make every name lead to these addresses; return the list of the names that are looked up."""
    asked: list[str] = []

    def found(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        families = [socket.AF_INET6 if ":" in one else socket.AF_INET for one in addresses]
        return [
            (family, socket.SOCK_STREAM, 6, "", (one, port)) for family, one in zip(families, addresses, strict=True)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    return asked


def connect_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a connection an error of the test."""

    def connect(_self: socket.socket, address: object) -> NoReturn:
        raise AssertionError(address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "127.8.8.8",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",  # noqa: S104 - to call, not to listen on
        ),
        *("::1", "::", "fe80::1%1", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1"),
        *("2002:7f00:1::1", "224.0.0.1", "ff02::1", "255.255.255.255", "198.18.0.1"),
    ],
)
def test_a_private_address_is_not_called(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """A name that leads to this machine or a private network is refused before a connection, in whatever form."""
    resolves(monkeypatch, address)
    connect_nowhere(monkeypatch)
    with pytest.raises(OutboundError, match="--allow-private"):
        send("POST", "https://uwlr.example/", SECRET.encode())


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "017700000001", "localhost", "[::ffff:7f00:1]"])
def test_this_machine_by_another_name(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """However the URL writes it, this machine is called only when that is asked for."""
    connect_nowhere(monkeypatch)
    with pytest.raises(OutboundError, match="--allow-private"):
        send("POST", f"https://{host}/", SECRET.encode())


def test_a_name_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that was judged is the one that is connected to, and the name stays in the Host header."""
    with hostile(says(response("200 OK", b"goed"))) as server:
        asked = resolves(monkeypatch, "127.0.0.1", port=server.port)
        assert ask(f"http://uwlr.example:{server.port}/").content == b"goed"
    assert asked == ["uwlr.example"]
    assert b"\r\nHost: uwlr.example:" in server.requests[0]


def test_the_port_of_the_scheme_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Host header of a URL without a port has none either, as every client writes it: some services compare it."""
    with hostile(says(response("200 OK", b"goed"))) as server:
        resolves(monkeypatch, "127.0.0.1", port=server.port)
        monkeypatch.setitem(outbound._PORTS, "http", server.port)  # noqa: SLF001 - no test can listen on port 80 or 443
        assert ask("http://uwlr.example/").content == b"goed"
    assert b"\r\nHost: uwlr.example\r\n" in server.requests[0]


def test_no_secret_leaves_unencrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    """http:// is for this machine; another one is refused by name of the flag, before a connection."""
    connect_nowhere(monkeypatch)
    gateways = ["2002:7f00:1::", "64:ff9b::7f00:1", "::ffff:10.0.0.1"]  # 6to4 and NAT64 leave this machine
    for address, permissions in (("93.184.216.34", Permissions()), *((one, HERE) for one in ["10.0.0.1", *gateways])):
        resolves(monkeypatch, address)
        with pytest.raises(OutboundError, match="--allow-http"):
            send("POST", "http://uwlr.example/", SECRET.encode(), permissions=permissions)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "uwlr.example",
            "ftp://uwlr.example/",
            "file:///etc/passwd",
            "http://",
            "http:///pad",
            "https://x:99999/",
        ),
        *(
            "http://uwlr.example/\r\nX: y",
            "http://uwlr.example/a b",
            "http://uwlr.exämple/",
            "https://x:0/",
            "http://[x/",
        ),
    ],
)
def test_what_is_no_url(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Anything but http and https is refused, before a look-up."""
    assert resolves(monkeypatch) == []
    with pytest.raises(OutboundError, match="no http:// or https:// URL"):
        ask(url)


def test_a_password_in_a_url_is_refused_and_not_repeated() -> None:
    """The text of an error has no part of the URL in which it stands."""
    with pytest.raises(OutboundError) as caught:
        ask(f"https://naam:{SECRET}@uwlr.example/")
    assert SECRET not in str(caught.value)
    assert "password" in str(caught.value)


def test_nothing_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No proxy and no password of the environment is used."""
    (tmp_path / ".netrc").write_text(f"machine 127.0.0.1 login x password {SECRET}\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    with (
        hostile(says(response("200 OK", b"van de proxy"))) as proxy,
        hostile(says(response("200 OK", b"goed"))) as server,
    ):
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert ask(server.url).content == b"goed"
    assert proxy.requests == []
    assert b"authorization" not in server.requests[0].lower()


def certificate(folder: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    """Return a self-signed certificate for a name, and what a server needs to use it."""
    public, private = make_certificate(folder, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return public, context


@pytest.mark.parametrize(
    ("name", "is_known"), [("uwlr.example", True), ("uwlr.example", False), ("iemand.example", True)]
)
def test_the_certificate_is_verified(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, *, is_known: bool
) -> None:
    """A server whose certificate is of no known issuer, or of another name, gets no byte of the message."""
    public, context = certificate(tmp_path, name)
    if is_known:
        monkeypatch.setenv("SSL_CERT_FILE", str(public))
    with hostile(says(response("200 OK", b"goed")), tls=context) as server:
        resolves(monkeypatch, "127.0.0.1", port=server.port)
        url = f"https://uwlr.example:{server.port}/"
        if is_known and name == "uwlr.example":
            assert ask(url).content == b"goed"
        else:
            with pytest.raises(OutboundError, match="certificate"):
                ask(url)
            assert server.requests in ([], [b"\r\n\r\n"])


CLIENTS = {"requests", "urllib3", "httpx", "aiohttp", "http.client", "urllib.request", "ftplib", "smtplib", "socket"}
ALLOWED = {
    "outbound.py": {"http.client", "socket"},
    "web/soap/spyne_compat.py": {"urllib.request"},  # Spyne imports it under another name; nothing calls it
    "mail/smtp.py": {"smtplib", "socket"},  # to the one mail server of the settings
}
"""The modules that import such a library."""


LOCAL = "cli/system_log.py"
"""Sends events to the log of this machine, over a socket that leads nowhere else."""


def test_nothing_else_calls_out() -> None:
    """No other module of the package imports a library that opens connections; those that listen use `socket`."""
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if used := CLIENTS.intersection(names):
                found.setdefault(str(path.relative_to(PACKAGE)), set()).update(used)
    listening = {name for name, used in found.items() if used == {"socket"}} - {LOCAL}
    assert {name: used for name, used in found.items() if name not in listening} == {**ALLOWED, LOCAL: {"socket"}}
    for name in listening:
        text = (PACKAGE / name).read_text(encoding="utf-8")
        assert "create_connection" not in text
        assert ".connect(" not in text
    assert "AF_INET" not in (PACKAGE / LOCAL).read_text(encoding="utf-8")
