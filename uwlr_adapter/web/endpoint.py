"""A SOAP service over HTTP as a state machine without I/O: the driver does what a step says, and tells the result.

It holds row 1 of the table of checks; its own refusals are plain text, no faults. Of the exceptions behind it only the
faults of the standard reach the caller.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import NamedTuple, TypeAlias

from uwlr_adapter.answers.store import Made
from uwlr_adapter.clock import Clock
from uwlr_adapter.contract import fault, repairs
from uwlr_adapter.contract.markup import NOT_WELL_FORMED
from uwlr_adapter.contract.xml import Limits, XmlError
from uwlr_adapter.db.causes import SilentDatabaseError, is_outcome_unknown
from uwlr_adapter.db.event_log import log_failure
from uwlr_adapter.db.statements import Query, Row
from uwlr_adapter.exchange.exceptions import as_fault
from uwlr_adapter.exchange.exchange import MAX_ATTEMPTS, Exchange, refused
from uwlr_adapter.exchange.outcome import Brought, Outcome
from uwlr_adapter.exchange.question import Question
from uwlr_adapter.exchange.work import Blocking, Load
from uwlr_adapter.journaal.model import Refusal, VerzoekEntry
from uwlr_adapter.koppelingen.access import CertificateRefused
from uwlr_adapter.web.client_certificate import CertificateOf
from uwlr_adapter.web.downloads import Download
from uwlr_adapter.web.head import MAX_CONTENT_TYPE, MAX_QUERY, NO_HOST, Head
from uwlr_adapter.web.request_record import RequestRecord, request_context
from uwlr_adapter.web.response import XML_TYPE, Response, plain, respond
from uwlr_adapter.web.soap.service import SoapService
from uwlr_adapter.web.source import SourceOf

CONTENT_TYPES = frozenset({"", "text/xml", "application/xml", "application/soap+xml"})
"""Media types that are accepted, without parameters. The one of SOAP 1.2 is answered with VersionMismatch later on."""
_NOT_ENCODED = frozenset({"", "identity"})
_FRAMINGS = frozenset({"", "chunked"})
"""Values of Transfer-Encoding that are read; in any other the body is encoded in a way that nobody undid, or twice."""
MAX_DIGITS = 18
"""Most digits of a Content-Length that is converted to a number; a longer one is over the limit anyway."""
_VARY = [("Vary", "Accept-Encoding")]
_VARY_GZIP = [("Content-Encoding", "gzip"), *_VARY]
REPAIRS = "X-UWLR-Repairs"
"""Header of an answer that names the repairs which its request needed (docs/reference/repairs.md)."""
logger = logging.getLogger("uwlr_adapter.soap")


class ReadBody(NamedTuple):
    """Read the body, at most so many bytes, and tell `SoapRequest.body`; an exception says that it broke off."""

    octets: int


class Ask(NamedTuple):
    """Run the access query, and tell `SoapRequest.rows`."""

    query: Query


class Fetch(NamedTuple):
    """Run a query for stored bytes, and tell `SoapRequest.loaded`."""

    query: Query


class Do(NamedTuple):
    """Do work in a thread that may wait (`UseCase.do`), and tell `SoapRequest.done`."""

    work: Blocking


class Write(NamedTuple):
    """Write an outcome (`Exchange.write`), and tell `SoapRequest.written`."""

    outcome: Outcome


Step: TypeAlias = ReadBody | Ask | Fetch | Do | Write | Response


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A service behind HTTP."""

    path: str
    wsdl: Download
    limits: Limits
    service: SoapService
    exchange: Exchange
    clock: Clock
    source_of: SourceOf
    certificate_of: CertificateOf
    fault_page: str
    """URL of the page that explains the words in the detail of a fault."""


class SoapRequest:
    """One HTTP request to an endpoint. `start` returns the first step; each other method the step after one.

    An exception while a step is done is told to `failed`. The last step is a Response.
    """

    __slots__ = (
        *("_attempts", "_endpoint", "_head", "_is_reading", "_load", "_made", "_outcome", "_question", "_waiting"),
        *("_pending", "_repairs", "record", "undelivered"),
    )

    def __init__(self, endpoint: Endpoint, head: Head, record: RequestRecord) -> None:
        self.record = record
        self._endpoint = endpoint
        self._head = head
        self._is_reading = False
        self._question: Question
        self._load: Load
        self._made: Brought | None = None
        self._outcome: Outcome
        self._waiting: VerzoekEntry | None = None
        """The entry of a call of a known afnemer that is to be planned again, in case that cannot be done."""
        self._pending: Outcome | None = None
        """The outcome that is being written."""
        self.undelivered: Outcome | None = None
        """What is to be written of a request that was given up, once the database answers again."""
        self._attempts = 0
        self._repairs: tuple[str, ...] = ()
        """The ids of the repairs that the request of a known afnemer needed."""

    def start(self) -> ReadBody | Response:
        """Judge the head."""
        head = self._head
        self.record.operation = "soap" if head.method == "POST" else "wsdl"
        if head.version == "1.1" and (not head.host or "," in head.host):
            return plain(HTTPStatus.BAD_REQUEST, NO_HOST, head=head.method == "HEAD")
        if head.method != "POST":
            return self._wsdl()
        if head.content_type != XML_TYPE and (
            len(head.content_type) > MAX_CONTENT_TYPE or head.media_type not in CONTENT_TYPES
        ):
            return plain(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Stuur het bericht als text/xml.")
        if head.content_encoding.lower() not in _NOT_ENCODED:
            text = "Stuur het bericht zonder Content-Encoding, dus niet gecomprimeerd."
            return plain(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, text, [("Accept-Encoding", "identity")])
        return self._body_to_read()

    def _wsdl(self) -> Response:
        """Answer a request that is no POST."""
        head, is_head = self._head, self._head.method == "HEAD"
        if head.method in {"GET", "HEAD"} and _asks_wsdl(head.query):
            return self._endpoint.wsdl.answer(head.method, head.if_none_match, head.if_modified_since)
        text = "Stuur een UWLR-verzoek met POST. De WSDL staat op ?wsdl."
        return plain(HTTPStatus.METHOD_NOT_ALLOWED, text, [("Allow", "POST")], head=is_head)

    def _body_to_read(self) -> ReadBody | Response:
        """Judge the framing and the announced length."""
        if self._head.transfer_encoding.lower() not in _FRAMINGS:
            return self._refuse(HTTPStatus.BAD_REQUEST)
        octets, announced = self._endpoint.limits.octets, self._head.content_length
        if announced and not (announced.isascii() and announced.isdigit()):
            return self._refuse(HTTPStatus.BAD_REQUEST)
        if len(announced) > MAX_DIGITS or int(announced or 0) > octets:
            return self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        self._is_reading = True
        # Without a length one byte more than the limit, so that a body over it is noticed.
        return ReadBody(int(announced) if announced else octets + 1)

    def body(self, content: bytes) -> Ask | Write | Response:
        """Judge the body and read the message in it."""
        self._is_reading, head = False, self._head
        if len(content) > self._endpoint.limits.octets:
            return self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if head.content_length and len(content) != int(head.content_length):
            return self._refuse(HTTPStatus.BAD_REQUEST)
        sender = head.sender(self._endpoint.source_of, self._endpoint.certificate_of)
        try:
            self._question = self._endpoint.service.question(content, head.charset, sender)
        except fault.Fault as error:
            if head.transfer_encoding and self._is_cut_off(error):
                return self._refuse(HTTPStatus.BAD_REQUEST)
            return self._settle(self._endpoint.exchange.refusal(error, sender, self._endpoint.clock()))
        self.record.operation = self._question.call.operation.name
        return Ask(self._question.query)

    def rows(self, rows: Sequence[Row]) -> Step:
        """Decide by the rows of the access query."""
        self._attempts += 1
        planned = self._endpoint.exchange.plan(self._question, rows, self._endpoint.clock(), self._made)
        if isinstance(planned, Outcome):
            return self._settle(planned)
        if isinstance(planned, Question):
            self._question = planned
            return self._ask_anew(None)
        self._waiting = planned.entry
        self._repairs = planned.entry.repairs
        if self._attempts >= MAX_ATTEMPTS:
            return self._settle(refused(planned.entry, fault.TijdelijkNietBeschikbaar()))
        if isinstance(planned.work, Load):
            self._load = planned.work
            return Fetch(planned.work.query)
        return Do(planned.work)

    def loaded(self, rows: Sequence[Row]) -> Ask | Do | Write | Response:
        """Take the stored bytes."""
        brought = self._endpoint.exchange.use_case.loaded(self._load, rows)
        return self._ask_anew(brought) if isinstance(brought, Made) else Do(brought)

    def done(self, made: Brought | None) -> Ask | Write | Response:
        """Take what work brought."""
        return self._ask_anew(made)

    def written(self, *, is_written: bool) -> Ask | Write | Response:
        """Answer, or decide anew when the koppeling changed before the outcome was written."""
        self._pending = None
        if is_written:
            return self._response()
        if isinstance(self._outcome.entry, VerzoekEntry):
            self._waiting = self._outcome.entry
        return self._ask_anew(self._made)

    def failed(self, error: Exception) -> Write | Response:
        """Answer with a fault for a failure of our own, which is logged; a body that broke off is none.

        When the connection was lost under a commit, the entry of an answer may be there: what the caller gets instead
        is written behind it; so it is for a message with results that could not be taken, whether by a fault of its own
        or a failure of ours.
        """
        if self._is_reading and isinstance(error, fault.Fault):  # there is no room for it now
            self._outcome = Outcome(None, error)
            response = self._response()
            self.record.slowed = False
            return response
        if self._is_reading:
            is_late = isinstance(error, TimeoutError)
            return self._refuse(HTTPStatus.REQUEST_TIMEOUT if is_late else HTTPStatus.BAD_REQUEST)
        waiting, pending = self._waiting, self._pending
        self._waiting = self._pending = None
        if waiting is not None:
            return self._settle(refused(waiting, error))
        entry = None if pending is None else pending.entry
        is_of_results = pending is not None and pending.results is not None
        if (
            isinstance(entry, VerzoekEntry)
            and entry.koppeling_version is not None
            and (is_of_results or is_outcome_unknown(error))
        ):
            return self._settle(self._instead(entry, pending, error))
        return self._settle(Outcome(None, as_fault(error), failure=error))

    def given_up(self) -> Response:
        """Answer with a fault, without a further word to the database: it took all the time that a request has.

        What was under way may still be written, or be written already. `undelivered` is then written after it: what the
        caller got instead, and that it does not have the data.
        """
        error, pending = SilentDatabaseError(), self._pending
        entry = self._waiting if pending is None else pending.entry
        self._outcome, self._waiting, self._pending = Outcome(None, as_fault(error)), None, None
        if isinstance(entry, VerzoekEntry):
            self.undelivered = self._instead(entry, pending, error)._replace(failure=None)
        with request_context(self.record):
            log_failure(error, logger)
        return self._response()

    def _instead(self, entry: VerzoekEntry, pending: Outcome | None, error: Exception) -> Outcome:
        """Return the outcome that stands behind a pending one that may be written: a fault, and nothing delivered."""
        again = replace(entry, outcome="", reason=None, results=None, request_id=self.record.id)
        return refused(again, error)._replace(undelivered=None if pending is None else pending.given)

    def _is_cut_off(self, error: fault.Fault) -> bool:
        """Return whether the fault of a chunked body shows that the body stopped half-way.

        Granian ends a body at a malformed chunk without an error, so that only the XML shows it.
        """
        cause = error.__cause__
        is_half = isinstance(cause, XmlError) and cause.reason == NOT_WELL_FORMED
        return is_half and "chunked" in self._head.transfer_encoding.lower()

    def _refuse(self, status: HTTPStatus) -> Response:
        """Return the response that says why a body is refused."""
        if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return plain(status, f"Het bericht is groter dan {self._endpoint.limits.octets // 1024} kB.")
        if status is HTTPStatus.REQUEST_TIMEOUT:
            return plain(status, "Het bericht kwam niet op tijd.", [("Connection", "close")])
        return plain(status, "Het bericht kwam niet heel over.")

    def _ask_anew(self, made: Brought | None) -> Ask | Write | Response:
        self._made = made
        if self._attempts < MAX_ATTEMPTS:
            return Ask(self._question.query)
        error = fault.TijdelijkNietBeschikbaar()
        return self._settle(Outcome(None, error) if self._waiting is None else refused(self._waiting, error))

    def _settle(self, outcome: Outcome) -> Write | Response:
        """Take an outcome, whose entry must be written before it is answered."""
        self._outcome, self._waiting = outcome, None
        if outcome.failure is not None:
            with request_context(self.record):
                log_failure(outcome.failure, logger)
            self._outcome = outcome._replace(failure=None)
        if outcome.entry is None:
            return self._response()
        if isinstance(outcome.entry, VerzoekEntry):
            outcome.entry.request_id = self.record.id
            self._repairs = outcome.entry.repairs
        self._pending = self._outcome
        return Write(self._outcome)

    def _response(self) -> Response:
        """Return the response for the outcome, whose entry is written."""
        entry, answer, record = self._outcome.entry, self._outcome.answer, self.record
        if isinstance(answer, fault.Fault):
            record.outcome = answer.code
            record.unknown = isinstance(entry, Refusal) or isinstance(answer, CertificateRefused)
            headers = _VARY if answer.retry_after is None else [("Retry-After", str(answer.retry_after)), *_VARY]
            record.slowed = answer.retry_after is not None and entry is None
            if self._repairs and not isinstance(answer, fault.OngeldigeKlantIdentificatie):
                headers = [*headers, self._needed()]  # else it would tell that the klantcode was right
            content = fault.render(answer, self._endpoint.fault_page)
            response = respond(HTTPStatus.INTERNAL_SERVER_ERROR, XML_TYPE, content, headers)
            return response._replace(is_of_nobody=record.unknown or record.slowed)
        if isinstance(entry, VerzoekEntry):
            record.outcome, record.results = entry.outcome, entry.results
        headers = [("Content-Type", XML_TYPE), ("Content-Length", str(len(answer.content)))]
        headers += _VARY_GZIP if answer.gzip else _VARY
        if self._repairs:
            headers.append(self._needed())
        return Response(HTTPStatus.OK, headers, answer.content)

    def _needed(self) -> tuple[str, str]:
        """Return the header that names the repairs which the request needed."""
        return REPAIRS, ", ".join(one for one in repairs.IDS if one in self._repairs)


def _asks_wsdl(query: str) -> bool:
    return len(query) <= MAX_QUERY and any(part.partition("=")[0].lower() == "wsdl" for part in query.split("&"))
