"""The SOAP endpoint over HTTP: row 1 of the table of checks, before a message is read.

Its own refusals are plain text, not faults. Of the exceptions behind it only the faults of the standard reach the
caller.
"""

import logging
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, Protocol

from uwlr_adapter.contract import fault
from uwlr_adapter.db.libpq import Row
from uwlr_adapter.db.statements import Query
from uwlr_adapter.errors import log_failure
from uwlr_adapter.exchange.outcome import Outcome
from uwlr_adapter.journaal.model import Refusal, VerzoekEntry
from uwlr_adapter.web.accept_encoding import accepts_gzip
from uwlr_adapter.web.body import charset_of, read_body, refuse_body
from uwlr_adapter.web.client_address import client_address
from uwlr_adapter.web.request_record import annotate, current_record
from uwlr_adapter.web.response import XML_TYPE, Response, plain, respond

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CONTENT_TYPES = frozenset({"", "text/xml", "application/xml", "application/soap+xml"})
"""Media types that are accepted, without parameters. The one of SOAP 1.2 is answered with VersionMismatch later on."""
_VARY = [("Vary", "Accept-Encoding")]
_VARY_GZIP = [("Content-Encoding", "gzip"), *_VARY]
logger = logging.getLogger("uwlr_adapter.soap")


class Sender(NamedTuple):
    """The properties of a request that come from HTTP: client address, charset, and whether it accepts gzip."""

    address: str
    charset: str | None
    gzip: bool


class ReadMessage(NamedTuple):
    """A parsed message, opaque to the endpoint, and the access query for it."""

    content: object
    query: Query


class MessageService(Protocol):
    """The interface of the service behind the endpoint."""

    def read(self, message: bytes, sender: Sender) -> ReadMessage | Outcome:
        """Parse a message; return the outcome of one that cannot be read."""

    def judge(self, message: ReadMessage, rows_seen: Sequence[Row] | None = None) -> Outcome:
        """Return the outcome of a message, whose journaal entry is not written yet. Raises WouldBlock.

        `rows_seen` are the rows of its access query, if that was executed already.
        """

    def write_entry(self, outcome: Outcome) -> Outcome:
        """Write the journaal entry; return the outcome, or that of a failure of our own. Raises WouldBlock."""


class Endpoint:
    """The HTTP checks, the WSDL and the service behind them, as separate steps and as a WSGI application."""

    def __init__(self, service: MessageService, wsdl: bytes) -> None:
        self.service = service
        self._wsdl = wsdl

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one HTTP request."""
        response = self.respond_without_body(environ)
        if response is None:
            body = read_body(environ)
            if isinstance(body, HTTPStatus):
                response = refuse_body(body)
            else:
                response = self.response(self.service.write_entry(self.judge(self.read(environ, body))))
        return response.send(start_response)

    def respond_without_body(self, environ: "WSGIEnvironment") -> Response | None:
        """Return the response to a request that needs no body; None if the body is to be read."""
        method = environ["REQUEST_METHOD"]
        annotate(operation="soap" if method == "POST" else "wsdl")
        if method in {"GET", "HEAD"} and _asks_wsdl(environ.get("QUERY_STRING", "")):
            return respond(HTTPStatus.OK, XML_TYPE, self._wsdl, head=method == "HEAD")
        if method != "POST":
            text = "Stuur een UWLR-verzoek met POST. De WSDL staat op ?wsdl."
            return plain(HTTPStatus.METHOD_NOT_ALLOWED, text, [("Allow", "POST")], head=method == "HEAD")
        if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() not in CONTENT_TYPES:
            return plain(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Stuur het bericht als text/xml.")
        return None

    def read(self, environ: "WSGIEnvironment", body: bytes) -> ReadMessage | Outcome:
        """Parse a message; return the outcome of one that cannot be read."""
        try:
            gzip = accepts_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
            return self.service.read(body, Sender(client_address(environ), charset_of(environ), gzip))
        except Exception as error:  # noqa: BLE001 - the last guard: the caller gets a fault for any exception
            log_failure(error, logger)
            return Outcome(None, fault.InterneFout())

    def judge(self, message: ReadMessage | Outcome, rows_seen: Sequence[Row] | None = None) -> Outcome:
        """Return the outcome of a message (`MessageService.judge`). Raises WouldBlock."""
        if isinstance(message, Outcome):
            return message
        try:
            outcome = self.service.judge(message, rows_seen)
        except Exception as error:  # noqa: BLE001 - the last guard: the caller gets a fault for any exception
            log_failure(error, logger)
            return Outcome(None, fault.InterneFout())
        record = current_record()
        if record is not None and isinstance(outcome.entry, VerzoekEntry):
            outcome.entry.request_id = record.id
        return outcome

    def response(self, outcome: Outcome) -> Response:
        """Return the response for an outcome whose journaal entry is written."""
        entry, answer = outcome.entry, outcome.answer
        if isinstance(answer, fault.Fault):
            annotate(outcome=answer.code, unknown=isinstance(entry, Refusal))
            return respond(HTTPStatus.INTERNAL_SERVER_ERROR, XML_TYPE, fault.render(answer), _VARY)
        annotate(outcome=entry.outcome if isinstance(entry, VerzoekEntry) else None)
        return respond(HTTPStatus.OK, XML_TYPE, answer.content, _VARY_GZIP if answer.gzip else _VARY)


def _asks_wsdl(query: str) -> bool:
    return any(part.partition("=")[0].lower() == "wsdl" for part in query.split("&"))
