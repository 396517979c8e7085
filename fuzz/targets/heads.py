"""The values of headers (`web.head` and below): nothing is raised, and werkzeug reads a well-formed one the same."""

import re
from ipaddress import ip_network

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header, parse_options_header

from fuzz.target import Target
from uwlr_adapter.web.accept_encoding import MAX_LENGTH, accepts_gzip
from uwlr_adapter.web.client_certificate import fingerprint, make_certificate_of
from uwlr_adapter.web.head import Head
from uwlr_adapter.web.request_path import is_plain
from uwlr_adapter.web.source import FORWARDED, is_trusted, make_source_of

_TRUSTED = [ip_network("10.0.0.0/8"), ip_network("::1/128")]
_SOURCE_OF, _CERTIFICATE_OF = make_source_of(_TRUSTED), make_certificate_of(_TRUSTED)
_TOKEN = r"[A-Za-z0-9!#$&^_.+-]+"  # noqa: S105 - of HTTP
_CODING = rf"(?:{_TOKEN}|\*)(?:[ \t]*;[ \t]*q=(?:0(?:\.[0-9]{{0,3}})?|1(?:\.0{{0,3}})?))?"
_CODINGS = re.compile(rf"{_CODING}(?:[ \t]*,[ \t]*{_CODING})*")
_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}(?:[ \t]*;[ \t]*{_TOKEN}=(?:{_TOKEN}|\"[A-Za-z0-9 ;=,-]*\"))*")
_SOURCE = re.compile(r"|[0-9.]+|::1|[0-9a-f:]+/64")
_WORDS = (
    *(b"gzip", b"x-gzip", b"identity", b"*", b"br", b";q=0", b";q=0.5", b"; q=1.000", b";q=1.1", b", ", b"GZIP", b";"),
    *(b"text/xml", b"; charset=utf-8", b';charset="utf-8"', b";charset='x'", b'; a="; charset=x"', b"charset", b"="),
    *(b"10.0.0.1", b"192.0.2.7", b"[2001:db8::1]:443", b"::ffff:10.0.0.1", b"fe80::1%eth0", b"unknown", b":80", b","),
    *(b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----", b"%0A", b"%2B", b"AAAA", b"MII=", b"\n", b"%"),
    *(b"/", b"..", b"//", b"\\", b"%2e", b"\xc3\xab", b"\xff", b"\0", b"\xef\xbf\xbd", b'"', b"'", b'\\"', b"wsdl"),
)


def samples() -> list[bytes]:
    """Return the values of five headers, a line for each."""
    certificate = b"-----BEGIN CERTIFICATE-----%0AMIIB%2Bw==%0A-----END CERTIFICATE-----%0A"
    return [
        b"\n".join(one)
        for one in (
            (
                b"gzip, deflate, br",
                b"text/xml; charset=utf-8",
                b"10.0.0.1:4711",
                b"192.0.2.7",
                certificate,
                b"/uwlr/v1",
            ),
            (
                b"*;q=0.5, gzip;q=0",
                b'application/soap+xml; action="x; y"',
                b"[::1]:80",
                b"10.2.3.4, ::1",
                b"TUlJ",
                b"/",
            ),
            (b"identity;q=1, x-gzip;q=0.8", b"text/xml;charset='ISO-8859-1'", b"192.0.2.1", b"", b"", b"/a/b.css"),
        )
    ]


def check(data: bytes) -> str:
    """Require that no value raises, and that two readers agree where a value is well-formed."""
    lines = [*data.decode("latin-1").split("\n"), *[""] * 6]
    accept, content_type, peer, forwarded, certificate, path = lines[:6]
    head = Head("POST", "", peer, content_type, accept_encoding=accept, forwarded_for=forwarded)
    head = head._replace(client_certificate=certificate)
    sender = head.sender(_SOURCE_OF, _CERTIFICATE_OF)
    assert sender.gzip == accepts_gzip(accept)
    assert _SOURCE.fullmatch(sender.source)
    assert sender.source == _SOURCE_OF.__wrapped__(peer, forwarded[FORWARDED])  # type: ignore[attr-defined] # of its cache
    assert re.fullmatch("(?:[0-9a-f]{64})?", fingerprint.__wrapped__(certificate))
    names = [part.partition(";")[0].strip() for part in accept.lower().split(",")]
    if len(accept) <= MAX_LENGTH and len(set(names)) == len(names) and _CODINGS.fullmatch(accept):
        assert sender.gzip == _accepts_gzip(accept), "another reader of Accept-Encoding says otherwise"
    if _TYPE.fullmatch(content_type):
        media_type, options = parse_options_header(content_type)
        assert head.media_type == media_type.lower()
        assert content_type.lower().count("charset") > 1 or (head.charset or "") == options.get("charset", "").lower()
    if is_plain(path):
        assert path.startswith("/")
        assert not {"", ".", ".."} & set(path.split("/")[1:-1])
    if not is_trusted(_TRUSTED, peer):
        assert sender.source == _SOURCE_OF(peer, ""), "a stranger chooses its own address"
        assert sender.certificate == "", "a stranger chooses its own certificate"
    return f"{sender.gzip} {head.charset} {bool(sender.source)} {bool(sender.certificate)} {is_plain(path)}"


def _accepts_gzip(accept: str) -> bool:
    """Return what RFC 9110, 12.5.3 says, by the weights that werkzeug reads."""
    weights: dict[str, float] = dict(parse_accept_header(accept.lower(), MIMEAccept))
    named = [weights[name] for name in ("gzip", "x-gzip") if name in weights]
    gzip = max(named) if named else weights.get("*", 0.0)
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


TARGET = Target("heads", samples, _WORDS, check, calls=2000, calls_each=4)
