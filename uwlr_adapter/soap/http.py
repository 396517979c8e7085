"""The guard at the door: what SOAP 1.1 over HTTP asks before a message is read (row 1 of the table of checks).

Its answers are plain text, no faults. It reads the body itself, within the limit; of what the service behind it raises
only the faults of the standard reach the caller.
"""

import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from typing import TYPE_CHECKING

from uwlr_adapter import verslag
from uwlr_adapter.beurt import BEURT
from uwlr_adapter.contract import fault
from uwlr_adapter.contract.xml import BERICHT, NIET_WELGEVORMD, XmlFout, parse
from uwlr_adapter.http import log_failure, source_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CONTENT_TYPES = frozenset({"", "text/xml", "application/xml", "application/soap+xml"})
"""What a client may call its message. SOAP 1.2's own type is let in, to be refused as VersionMismatch."""

XML_TYPE = "text/xml; charset=utf-8"
_LONGEST_LENGTH = 18
"""Digits of a Content-Length that may be a number at all."""
_VARY = [("Vary", "Accept-Encoding")]
_QVALUE = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
_TEXT_TYPE = "text/plain; charset=utf-8"

logger = logging.getLogger("uwlr_adapter.soap")


@dataclass(frozen=True, slots=True)
class Antwoord:
    """The bytes of an answer, and whether they are compressed."""

    inhoud: bytes
    gzip: bool = False


@dataclass(frozen=True, slots=True)
class Afzender:
    """What the transport knows of a message: where it came from, its charset, and whether gzip can be read there."""

    bron: str
    charset: str | None
    gzip: bool


Soap = Callable[[bytes, Afzender], Antwoord]
"""Answers a message. Raises UwlrFout."""


class Deur:
    """A WSGI application: the guard, the WSDL, and behind them what answers messages."""

    def __init__(self, soap: Soap, wsdl: bytes) -> None:
        self._soap = soap
        self._wsdl = wsdl

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one HTTP request."""
        method = environ["REQUEST_METHOD"]
        verslag.note(operatie="soap" if method == "POST" else "wsdl")
        if method in {"GET", "HEAD"} and _asks_wsdl(environ.get("QUERY_STRING", "")):
            return send(start_response, HTTPStatus.OK, XML_TYPE, self._wsdl, head=method == "HEAD")
        if method != "POST":
            text = "Stuur een UWLR-verzoek met POST. De WSDL staat op ?wsdl."
            return plain(
                start_response, HTTPStatus.METHOD_NOT_ALLOWED, text, [("Allow", "POST")], head=method == "HEAD"
            )
        if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() not in CONTENT_TYPES:
            return plain(start_response, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Stuur het bericht als text/xml.")
        body = read_body(environ)
        if isinstance(body, HTTPStatus):
            return plain(start_response, body, _BODY_TEXTS[body])
        return self._run(environ, body, start_response)

    def _run(self, environ: "WSGIEnvironment", body: bytes, start_response: "StartResponse") -> Iterable[bytes]:
        try:
            gzip = takes_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
            afzender = Afzender(source_of(environ), _charset(environ), gzip)
            with BEURT:
                found = self._soap(body, afzender)
        except Exception as error:  # noqa: BLE001 - the last guard: whatever it is, the caller gets a fault
            if not isinstance(error, fault.UwlrFout):
                log_failure(error, logger)
                error = fault.InterneFout()
            verslag.note(uitkomst=error.code)
            return send(start_response, HTTPStatus.INTERNAL_SERVER_ERROR, XML_TYPE, fault.render(error), _VARY)
        encoding = [("Content-Encoding", "gzip")] if found.gzip else []
        return send(start_response, HTTPStatus.OK, XML_TYPE, found.inhoud, [*encoding, *_VARY])


_BODY_TEXTS = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: f"Het bericht is groter dan {BERICHT.octets // 1024} kB.",
    HTTPStatus.BAD_REQUEST: "Het bericht kwam niet heel over.",
}


def _asks_wsdl(query: str) -> bool:
    return any(part.partition("=")[0].lower() == "wsdl" for part in query.split("&"))


def read_body(environ: "WSGIEnvironment") -> bytes | HTTPStatus:
    """Read a body within the limit, whether its length is announced or it comes in chunks; or give the refusal."""
    announced = environ.get("CONTENT_LENGTH", "")
    if announced and not (announced.isascii() and announced.isdigit()):
        return HTTPStatus.BAD_REQUEST
    if len(announced) > _LONGEST_LENGTH or (announced and int(announced) > BERICHT.octets):
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    wanted = int(announced) if announced else BERICHT.octets + 1
    body = b""
    try:
        while len(body) < wanted and (chunk := environ["wsgi.input"].read(wanted - len(body))):
            body += chunk
    except (OSError, ValueError, RuntimeError):
        return HTTPStatus.BAD_REQUEST
    if len(body) > BERICHT.octets:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    if (announced and len(body) != wanted) or (chunked and not announced and _cut_off(body, _charset(environ))):
        return HTTPStatus.BAD_REQUEST
    return body


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
        parse(body, BERICHT, charset)
    except XmlFout as fout:
        return fout.reden == NIET_WELGEVORMD
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


def plain(
    start_response: "StartResponse",
    status: HTTPStatus,
    text: str,
    headers: Iterable[tuple[str, str]] = (),
    *,
    head: bool = False,
) -> list[bytes]:
    """Answer with one line of text."""
    return send(start_response, status, _TEXT_TYPE, f"{text}\n".encode(), headers, head=head)


def send(
    start_response: "StartResponse",
    status: HTTPStatus,
    content_type: str,
    content: bytes,
    headers: Iterable[tuple[str, str]] = (),
    *,
    head: bool = False,
) -> list[bytes]:
    """Answer with content of a kind."""
    start_response(
        f"{status.value} {status.phrase}",
        [("Content-Type", content_type), ("Content-Length", str(len(content))), *headers],
    )
    return [] if head else [content]
