"""The guard at the door: what SOAP 1.1 over HTTP asks before a message is read (row 1 of the table of checks).

Its answers are plain text, no faults. It reads the body itself, within the limit; of what the service behind it raises
only the faults of the standard reach the caller.
"""

import logging
import re
from collections.abc import Iterable, Sequence
from email.message import Message
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, Protocol

from uwlr_adapter.contract import fault
from uwlr_adapter.contract.xml import MESSAGE, NOT_WELL_FORMED, XmlError, parse
from uwlr_adapter.db.libpq import Row
from uwlr_adapter.db.statements import Query
from uwlr_adapter.errors import log_failure
from uwlr_adapter.exchange.outcome import Outcome
from uwlr_adapter.journaal.model import Refusal, VerzoekEntry
from uwlr_adapter.web import request_record
from uwlr_adapter.web.source import source_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CONTENT_TYPES = frozenset({"", "text/xml", "application/xml", "application/soap+xml"})
"""What a client may call its message. SOAP 1.2's own type is let in, to be refused as VersionMismatch."""
XML_TYPE = "text/xml; charset=utf-8"
_LONGEST_LENGTH = 18
"""Digits of a Content-Length that may be a number at all."""
_VARY = [("Vary", "Accept-Encoding")]
_VARY_GZIP = [("Content-Encoding", "gzip"), *_VARY]
_QVALUE = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
_TEXT_TYPE = "text/plain; charset=utf-8"
logger = logging.getLogger("uwlr_adapter.soap")


class Sender(NamedTuple):
    """What the transport knows of a message: where it came from, its charset, and whether gzip can be read there."""

    source: str
    charset: str | None
    gzip: bool


class ReadMessage(NamedTuple):
    """A message that was read (`gelezen`, for who read it), and what the database is asked about it."""

    content: object
    query: Query


class MessageService(Protocol):
    """What stands behind the door."""

    def read(self, message: bytes, sender: Sender) -> ReadMessage | Outcome:
        """Take a message apart; or give what comes of one that cannot be read."""

    def judge(self, message: ReadMessage, rows_seen: Sequence[Row] | None = None) -> Outcome:
        """Give what comes of a message, not yet written down. Raises WouldBlock.

        `gezien` is what the database says to the question of the message, where it was asked already.
        """

    def written(self, outcome: Outcome) -> Outcome:
        """Write down what came of a message; gives it, or a fault of ours in its place. Raises WouldBlock."""


class Response(NamedTuple):
    """What goes over HTTP; without a body in answer to HEAD."""

    status: HTTPStatus
    headers: list[tuple[str, str]]
    body: bytes
    head: bool = False

    def send(self, start_response: "StartResponse") -> list[bytes]:
        """Answer with it as WSGI wants it."""
        start_response(f"{self.status.value} {self.status.phrase}", self.headers)
        return [] if self.head else [self.body]


class Endpoint:
    """The guard, the WSDL, and behind them what answers messages: in its steps, and as a WSGI application."""

    def __init__(self, soap: MessageService, wsdl: bytes) -> None:
        self.soap = soap
        self._wsdl = wsdl

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one HTTP request."""
        response = self.without_body(environ)
        if response is None:
            body = read_body(environ)
            if isinstance(body, HTTPStatus):
                response = refused_body(body)
            else:
                response = self.response(self.soap.written(self.judge(self.read(environ, body))))
        return response.send(start_response)

    def without_body(self, environ: "WSGIEnvironment") -> Response | None:
        """Answer what needs no body; None when it is to be read."""
        method = environ["REQUEST_METHOD"]
        request_record.note(operation="soap" if method == "POST" else "wsdl")
        if method in {"GET", "HEAD"} and _asks_wsdl(environ.get("QUERY_STRING", "")):
            return respond(HTTPStatus.OK, XML_TYPE, self._wsdl, head=method == "HEAD")
        if method != "POST":
            text = "Stuur een UWLR-verzoek met POST. De WSDL staat op ?wsdl."
            return plain(HTTPStatus.METHOD_NOT_ALLOWED, text, [("Allow", "POST")], head=method == "HEAD")
        if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() not in CONTENT_TYPES:
            return plain(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Stuur het bericht als text/xml.")
        return None

    def read(self, environ: "WSGIEnvironment", body: bytes) -> ReadMessage | Outcome:
        """Take a message apart; or give what comes of one that cannot be read."""
        try:
            gzip = takes_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
            return self.soap.read(body, Sender(source_of(environ), _charset(environ), gzip))
        except Exception as error:  # noqa: BLE001 - the last guard: whatever it is, the caller gets a fault
            log_failure(error, logger)
            return Outcome(None, fault.InterneFout())

    def judge(self, message: ReadMessage | Outcome, rows_seen: Sequence[Row] | None = None) -> Outcome:
        """Give what comes of a message (`MessageService.judge`). Raises WouldBlock."""
        if isinstance(message, Outcome):
            return message
        try:
            outcome = self.soap.judge(message, rows_seen)
        except Exception as error:  # noqa: BLE001 - the last guard: whatever it is, the caller gets a fault
            log_failure(error, logger)
            return Outcome(None, fault.InterneFout())
        record = request_record.present()
        if record is not None and isinstance(outcome.entry, VerzoekEntry):
            outcome.entry.request_id = record.id
        return outcome

    def response(self, outcome: Outcome) -> Response:
        """Give what leaves, once it is written down."""
        entry, found = outcome.entry, outcome.answer
        if isinstance(found, fault.Fault):
            request_record.note(outcome=found.code, unknown=isinstance(entry, Refusal))
            return respond(HTTPStatus.INTERNAL_SERVER_ERROR, XML_TYPE, fault.render(found), _VARY)
        request_record.note(outcome=entry.outcome if isinstance(entry, VerzoekEntry) else None)
        return respond(HTTPStatus.OK, XML_TYPE, found.content, _VARY_GZIP if found.gzip else _VARY)


_BODY_TEXTS = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: f"Het bericht is groter dan {MESSAGE.octets // 1024} kB.",
    HTTPStatus.BAD_REQUEST: "Het bericht kwam niet heel over.",
}


def _asks_wsdl(query: str) -> bool:
    return any(part.partition("=")[0].lower() == "wsdl" for part in query.split("&"))


def read_body(environ: "WSGIEnvironment") -> bytes | HTTPStatus:
    """Read a body within the limit, whether its length is announced or it comes in chunks; or give the refusal."""
    wanted = wanted_octets(environ)
    if isinstance(wanted, HTTPStatus):
        return wanted
    body = b""
    try:
        while len(body) < wanted and (chunk := environ["wsgi.input"].read(wanted - len(body))):
            body += chunk
    except (OSError, ValueError, RuntimeError):
        return HTTPStatus.BAD_REQUEST
    return whole_body(environ, body)


def wanted_octets(environ: "WSGIEnvironment") -> int | HTTPStatus:
    """Give how many bytes of a body are to be read: as announced, else one more than the limit; or the refusal."""
    announced = environ.get("CONTENT_LENGTH", "")
    if announced and not (announced.isascii() and announced.isdigit()):
        return HTTPStatus.BAD_REQUEST
    if len(announced) > _LONGEST_LENGTH or (announced and int(announced) > MESSAGE.octets):
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return int(announced) if announced else MESSAGE.octets + 1


def whole_body(environ: "WSGIEnvironment", body: bytes) -> bytes | HTTPStatus:
    """Give a body that was read to its end, or the refusal of one that is too long or not whole."""
    if len(body) > MESSAGE.octets:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    announced = environ.get("CONTENT_LENGTH", "")
    chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    if announced:
        return body if len(body) == int(announced) else HTTPStatus.BAD_REQUEST
    return HTTPStatus.BAD_REQUEST if chunked and _cut_off(body, _charset(environ)) else body


def refused_body(status: HTTPStatus) -> Response:
    """Say why a body is not taken."""
    return plain(status, _BODY_TEXTS[status])


def _charset(environ: "WSGIEnvironment") -> str | None:
    """Give the charset of the Content-Type, if it names one."""
    content_type = environ.get("CONTENT_TYPE", "")
    if content_type == XML_TYPE:
        return "utf-8"
    header = Message()
    header["Content-Type"] = content_type
    return header.get_content_charset()


def _cut_off(body: bytes, charset: str | None) -> bool:
    """Whether a body that came in chunks stopped half-way.

    Granian ends a body at a chunk that is none without a word, so what is left of the XML has to tell.
    """
    try:
        parse(body, MESSAGE, charset)
    except XmlError as error:
        return error.reason == NOT_WELL_FORMED
    return False


def takes_gzip(accept: str) -> bool:
    """Tell from an Accept-Encoding whether an answer may be compressed with gzip (RFC 9110, 12.5.3).

    Only who asks gets it, by name or with `*`; q=0 refuses, and so does a name that says more than the star.
    """
    if "gzip" not in accept and "*" not in accept and "GZIP" not in accept.upper():
        return False
    weights = {}
    for part in accept.lower().split(","):
        naam, *parameters = (piece.strip() for piece in part.split(";"))
        weights[naam] = _weight(parameters)
    named = [weights[naam] for naam in ("gzip", "x-gzip") if naam in weights]
    gzip = max(named) if named else weights.get("*", 0.0)
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _weight(parameters: list[str]) -> float:
    """Give the q of one coding; one that cannot be read asks for nothing."""
    for parameter in parameters:
        naam, _, value = parameter.partition("=")
        if naam.strip() == "q":
            match = _QVALUE.fullmatch(value.strip())
            return float(match[0]) if match else 0.0
    return 1.0


def plain(status: HTTPStatus, text: str, headers: Iterable[tuple[str, str]] = (), *, head: bool = False) -> Response:
    """Answer with one line of text."""
    return respond(status, _TEXT_TYPE, f"{text}\n".encode(), headers, head=head)


def respond(
    status: HTTPStatus,
    content_type: str,
    content: bytes,
    headers: Iterable[tuple[str, str]] = (),
    *,
    head: bool = False,
) -> Response:
    """Answer with content of a kind."""
    own = [("Content-Type", content_type), ("Content-Length", str(len(content)))]
    return Response(status, [*own, *headers], content, head)
