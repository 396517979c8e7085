"""Send results to any UWLR endpoint: one message, and what became of it.

The same message may be sent twice. A result is known by its key, so that what was taken before changes nothing; that is
what to do whenever it is not known whether an answer got lost.
"""

import re
from dataclasses import dataclass, field

from lxml import etree

from uwlr_adapter import outbound
from uwlr_adapter.client.result import NAMESPACES, quotable, repairs_of, request_id_of
from uwlr_adapter.client.results_file import PushError, ResultsFile, write_message
from uwlr_adapter.contract import names
from uwlr_adapter.contract.autorisatie import Autorisatie
from uwlr_adapter.contract.leerresultaten.names import BRENG_LEERRESULTATEN, tag
from uwlr_adapter.contract.xml import ANSWER, XmlError, parse
from uwlr_adapter.outbound import OutboundError, Permissions, Reply

AGAIN = "sending the same file again is safe"
"""Stands behind each failure after which nobody knows whether the results were taken."""
_REDIRECTS = range(300, 400)
_SECONDS = re.compile(r"[0-9]{1,9}")
_BEVESTIGING = tag(BRENG_LEERRESULTATEN.answer)
_FAULT = f"{{{names.SOAP11}}}Fault"


@dataclass(frozen=True, slots=True)
class PushFault:
    """A refusal as the endpoint told it; nothing of the message was taken."""

    code: str
    """Such as `Client.ScoreOngeldig`."""
    text: str
    pad: str
    """The place in the message, empty without a detail of this service."""
    regel: str
    uitleg: str
    """The address of the word in the fault catalogue of the service, empty unless it is http or https."""

    @property
    def is_passing(self) -> bool:
        """Whether the same message may be taken later."""
        return self.code.startswith("Server")


@dataclass(frozen=True, slots=True)
class PushResult:
    """The outcome of a message: `fault` is None where all of it was taken."""

    fault: PushFault | None
    retry_after: int | None = None
    """Seconds that the endpoint asks to wait before the next call."""
    request_id: str = ""
    repairs: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    """Deviations of the confirmation itself, in words of our own."""


def push(
    endpoint: str, file: ResultsFile, autorisatie: Autorisatie, *, allow_private: bool = False, allow_http: bool = False
) -> PushResult:
    """Send the results in a file, within 60 seconds.

    `allow_private` is for an endpoint on this machine or a private network, `allow_http` for one on another machine
    without TLS. Raises PushError when there is no answer, or one that is neither a confirmation nor a fault.
    """
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{BRENG_LEERRESULTATEN.soap_action}"'}
    message = write_message(file, autorisatie)
    permissions = Permissions(private=allow_private, plain=allow_http)
    try:
        reply = outbound.send("POST", endpoint, message, headers, permissions=permissions)
    except OutboundError as error:
        raise PushError(f"{error}; {AGAIN}") from None
    if reply.status in _REDIRECTS:
        raise PushError(f"the endpoint answers with a redirect (HTTP {reply.status}), which is not followed")
    return read_confirmation(reply)


def read_confirmation(reply: Reply) -> PushResult:
    """Return what a response says of a message with results. Raises PushError."""
    try:
        root = parse(reply.content, ANSWER)
    except XmlError:
        raise _no_answer(reply) from None
    found = root.find("s:Body", NAMESPACES)
    if root.tag != f"{{{names.SOAP11}}}Envelope" or found is None or len(found) != 1:
        raise _no_answer(reply)
    answer = found[0]
    wait, request_id = _retry_after(reply), request_id_of(reply)
    if answer.tag == _FAULT:
        return PushResult(_fault(answer), wait, request_id)
    if answer.tag != _BEVESTIGING:
        raise _no_answer(reply)
    is_empty = not len(answer) and not answer.text and not answer.attrib
    notes = () if is_empty else ("the confirmation is not empty, as the standard has it",)
    return PushResult(None, wait, request_id, repairs_of(reply), notes)


def _no_answer(reply: Reply) -> PushError:
    told = f"the endpoint answers with HTTP {reply.status} and neither a confirmation nor a fault"
    wait = _retry_after(reply)
    return PushError(f"{told}{'' if wait is None else f', and asks to wait {wait} s'}; {AGAIN}")


def _retry_after(reply: Reply) -> int | None:
    value = reply.header("Retry-After").strip()
    return int(value) if _SECONDS.fullmatch(value) else None


def _fault(element: etree._Element) -> PushFault:
    detail = element.find(f"detail/{{{names.FAULT_DETAIL}}}fout")
    pad, regel, uitleg = ("", "", "") if detail is None else (detail.get(one, "") for one in ("pad", "regel", "uitleg"))
    is_link = uitleg.startswith(("http://", "https://"))
    return PushFault(
        code=quotable((element.findtext("faultcode") or "").rpartition(":")[2].strip()),
        text=quotable(" ".join((element.findtext("faultstring") or "no text").split())),
        pad=quotable(pad),
        regel=quotable(regel),
        uitleg=quotable(uitleg) if is_link else "",
    )
