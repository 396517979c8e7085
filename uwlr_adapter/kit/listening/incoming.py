"""An HTTP request as it came in, whatever it is; its body is read within a bound."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from uwlr_adapter.kit.listening.chunked import BodyBrokenError
from uwlr_adapter.web.head import Head
from uwlr_adapter.web.wsgi import head_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MAX_BODY = 1024 * 1024
"""Bytes of a body that are read (inclusive): sixteen times what the service takes."""
AS_SENT = "uwlr_adapter.headers"
"""The variable of an environ with the headers as they were sent: pairs of a name and a value."""
_MAX_DIGITS = 18
_DESCRIPTIONS = frozenset({"wsdl", "singlewsdl", "xsd", "disco"})
"""The names in a query that ask for a description, of .NET and Java too."""
_NAMES = {"SOAPACTION": "SOAPAction", "TE": "TE"}


@dataclass(frozen=True, slots=True)
class Incoming:
    """One HTTP request. `is_cut` is whether its body breaks off, `is_large` whether it is longer than MAX_BODY."""

    head: Head = field(repr=False)
    path: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    is_cut: bool = False
    is_large: bool = False

    @property
    def method(self) -> str:
        """The method of HTTP, as it was sent."""
        return self.head.method

    @property
    def length(self) -> int:
        """The bytes of its body, as announced or as they came."""
        return max(_declared(self.head) or 0, len(self.body))

    @property
    def asks_wsdl(self) -> bool:
        """Whether it asks for the WSDL."""
        return self.reads and "wsdl" in self._asked

    @property
    def asks_description(self) -> bool:
        """Whether it asks for the WSDL, or for what a WSDL imports: that is no call."""
        return self.reads and not self._asked.isdisjoint(_DESCRIPTIONS)

    @property
    def reads(self) -> bool:
        """Whether it is a GET or HEAD without a body, as a browser sends."""
        return self.method in {"GET", "HEAD"} and not self.length

    @property
    def _asked(self) -> set[str]:
        """The names in the query, in lower case."""
        return {part.partition("=")[0].lower() for part in self.head.query.split("&")}

    def header(self, name: str) -> str | None:
        """Return the value of a header, whatever the case of its name; None when there is none."""
        return next((value for own, value in self.headers if own.lower() == name.lower()), None)


def read(environ: "WSGIEnvironment") -> Incoming:
    """Read a request of WSGI, its body included; whatever goes wrong with the body stands in the result."""
    head = head_of(environ)
    body, is_cut = _body(environ, head)
    of_wsgi = tuple((_name(key), str(value)) for key, value in environ.items() if _is_header(key))
    headers = environ.get(AS_SENT, of_wsgi)
    is_large = len(body) > MAX_BODY
    return Incoming(head, environ.get("PATH_INFO", ""), headers, body[:MAX_BODY], is_cut and not is_large, is_large)


def _body(environ: "WSGIEnvironment", head: Head) -> tuple[bytes, bool]:
    """Return at most MAX_BODY + 1 bytes of the body, and whether it ends before its announced end."""
    declared = _declared(head)
    if declared is None:
        wanted = MAX_BODY + 1 if environ.get("wsgi.input_terminated") else 0
    else:
        wanted = min(declared, MAX_BODY + 1)
    pieces, length = [], 0
    is_broken = False
    try:
        while length < wanted and (piece := environ["wsgi.input"].read(wanted - length)):
            pieces.append(piece)
            length += len(piece)
    except (OSError, ValueError, BodyBrokenError):  # the connection broke, or the chunks are none
        is_broken = True
    is_short = head.content_length != "" and (declared is None or length < wanted)
    return b"".join(pieces), is_broken or is_short


def _declared(head: Head) -> int | None:
    """Return the announced length of a body; None when none is announced, or when it is no number."""
    length = head.content_length
    return int(length) if length.isascii() and length.isdecimal() and len(length) <= _MAX_DIGITS else None


def _is_header(key: str) -> bool:
    return key.startswith("HTTP_") or key in {"CONTENT_TYPE", "CONTENT_LENGTH"}


def _name(key: str) -> str:
    plain = key.removeprefix("HTTP_")
    return _NAMES.get(plain, "-".join(part.capitalize() for part in plain.split("_")))
