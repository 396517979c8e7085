"""What an endpoint answered: outcome, payload, number of records, and what our XSD finds wrong in it.

What an endpoint sends is not trusted: none of its texts reaches a terminal as it came.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from lxml import etree

from uwlr_adapter.contract import names, schemas
from uwlr_adapter.contract.answer import check_envelope
from uwlr_adapter.contract.names import HAAL_LEERLINGGEGEVENS, Operation
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding
from uwlr_adapter.contract.versions import USUAL_VERSION
from uwlr_adapter.contract.xml import ANSWER, XmlError, parse
from uwlr_adapter.errors import UwlrAdapterError
from uwlr_adapter.outbound import Reply

MAX_TEXT = 500
"""Characters of a fault of another service that are shown."""
NAMESPACES = {"s": names.SOAP11, "lg": names.LEERLINGGEGEVENS}
"""The prefixes of the paths in this package."""
_MOMENT = re.compile(r"-?\d{4,9}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,20})?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_REQUEST_ID = re.compile(r"[0-9A-Za-z_.:-]{1,64}")
_REPAIR = re.compile(r"[a-z-]{1,32}")
_MAX_REPAIRS = 32
_WITHOUT_DATA = frozenset({"geenwijzigingen", "geengegevens"})


class PullError(UwlrAdapterError):
    """No answer could be fetched or read; the text is one sentence with the cause."""


@dataclass(frozen=True, slots=True)
class PullResult:
    """An answer: the kind of outcome, the payload as UTF-8 XML, and the errors that our XSD finds in it."""

    outcome: str
    """`leerlinggegevens`, `geenwijzigingen` or `geengegevens`."""
    xml: bytes = field(repr=False)
    counts: Mapping[str, int]
    """Number of records per kind, such as `leerlingen`."""
    findings: tuple[Finding, ...]
    """The errors; of more than 100 each broken rule once, with the path `*`."""
    aanmaakdatum: str | None = None
    """The moment since which the data are as they are, as the endpoint wrote it: the `laatstontvangengegevens` of the
    next request. None without data, or when it is no moment."""
    request_id: str = ""
    """The X-Request-ID of the response, by which its operator finds the call; empty when it has none."""
    repairs: tuple[str, ...] = ()
    """The repairs that the request needed, as X-UWLR-Repairs names them (docs/reference/repairs.md)."""


class Payload(NamedTuple):
    """The one child of an answer, and the envelope around it."""

    envelope: etree._Element
    answer: etree._Element
    element: etree._Element

    @property
    def outcome(self) -> str:
        """Its local name."""
        return etree.QName(self.element).localname


def read(content: bytes, status: int = 200, xsdversie: str = USUAL_VERSION) -> PullResult:
    """Return the outcome in the bytes of a response with HTTP status `status`. Raises PullError as `pull` does."""
    return result_of(payload_in(content, status), xsdversie)


def read_reply(reply: Reply, xsdversie: str) -> PullResult:
    """Return the outcome of a response to HaalLeerlinggegevens, with what its headers say. Raises PullError."""
    found = result_of(payload_of(reply, HAAL_LEERLINGGEGEVENS), xsdversie)
    return replace(found, request_id=request_id_of(reply), repairs=repairs_of(reply))


def payload_of(reply: Reply, operation: Operation) -> Payload:
    """Return the payload of a response to an operation. Raises PullError, with the request id of a fault."""
    try:
        return payload_in(reply.content, reply.status, operation)
    except PullError as error:
        if request_id := request_id_of(reply):
            raise PullError(f"{error} (X-Request-ID {request_id})") from None
        raise


def payload_in(content: bytes, status: int = 200, operation: Operation = HAAL_LEERLINGGEGEVENS) -> Payload:
    """Return the payload in the bytes of a response to an operation. Raises PullError."""
    try:
        root = parse(content, ANSWER)
    except XmlError as error:
        if error.rule is Rule.TOO_MUCH:
            raise PullError(f"the answer of the endpoint is too much to read: {error.reason}") from None
        raise PullError(f"the endpoint answers with HTTP {status} and no SOAP message") from None
    body = root.find("s:Body", NAMESPACES)
    if root.tag != f"{{{names.SOAP11}}}Envelope" or body is None or len(body) != 1:
        raise PullError(f"the endpoint answers with HTTP {status} and no SOAP message")
    if body[0].tag == f"{{{names.SOAP11}}}Fault":
        raise PullError(_fault_text(body[0]))
    if len(body[0]) != 1 or not _is_outcome(body[0][0], operation):
        raise PullError("the answer contains neither data nor an outcome")
    return Payload(root, body[0], body[0][0])


def saved(content: bytes) -> etree._Element:
    """Return the leerlinggegevens in a saved answer: as `pull` writes it, or with its envelope. Raises PullError."""
    try:
        root = parse(content, ANSWER)
    except XmlError as error:
        raise PullError(f"it cannot be read as XML: {error.reason}") from None
    body = root.find("s:Body", NAMESPACES) if root.tag == f"{{{names.SOAP11}}}Envelope" else None
    answer = root if body is None else next(iter(body), root)
    if answer.tag == f"{{{names.LEERLINGGEGEVENS}}}{HAAL_LEERLINGGEGEVENS.answer}" and len(answer) == 1:
        outcome = etree.QName(answer[0])
        if outcome.namespace == names.LEERLINGGEGEVENS and outcome.localname in _WITHOUT_DATA:
            raise PullError(f"it holds no data, but {outcome.localname}")
        if _is_outcome(answer[0], HAAL_LEERLINGGEGEVENS):
            return answer[0]
    raise PullError("it is no answer of HaalLeerlinggegevens")


def result_of(payload: Payload, xsdversie: str) -> PullResult:
    """Return the result of an answer with the data of a school, or without data."""
    checked = xsdversie in schemas.ANSWER
    return PullResult(
        outcome=payload.outcome,
        xml=etree.tostring(payload.answer, encoding="utf-8", xml_declaration=True),
        counts={
            kind: len(payload.element.findall(f"lg:{path}", NAMESPACES))
            for kind, path in (
                ("groepen", "groepen/lg:groep"),
                ("samengestelde groepen", "groepen/lg:samengestelde_groep"),
                ("leerlingen", "leerlingen/lg:leerling"),
                ("leerkrachten", "leerkrachten/lg:leerkracht"),
            )
        },
        findings=tuple(check_envelope(payload.envelope, xsdversie)) if checked else (),
        aanmaakdatum=moment_in(payload.element),
    )


def moment_in(payload: etree._Element) -> str | None:
    """Return the aanmaakdatum of a payload as it was written; None when there is none, or when it is no moment."""
    text = (payload.findtext("lg:school/lg:aanmaakdatum", namespaces=NAMESPACES) or "").strip()
    return text if is_moment(text) else None


def is_moment(text: str) -> bool:
    """Return whether a text has the form of an xs:dateTime, whether or not the day exists."""
    return _MOMENT.fullmatch(text) is not None


def quotable(text: str) -> str:
    """Return a text of another service for a terminal: at most MAX_TEXT characters, and none that steers it."""
    shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[:MAX_TEXT])
    return shown + ("…" if len(text) > MAX_TEXT else "")


def _is_outcome(element: etree._Element, operation: Operation) -> bool:
    name = etree.QName(element)
    return name.namespace == names.LEERLINGGEGEVENS and name.localname in {operation.payload, *_WITHOUT_DATA}


def request_id_of(reply: Reply) -> str:
    """Return the X-Request-ID of a response; empty when it has none, or one of another form."""
    value = reply.header("X-Request-ID").strip()
    return value if _REQUEST_ID.fullmatch(value) else ""


def repairs_of(reply: Reply) -> tuple[str, ...]:
    """Return the repairs that a response names; a word of another form is left out."""
    words = (word.strip() for word in reply.header("X-UWLR-Repairs").split(",", _MAX_REPAIRS)[:_MAX_REPAIRS])
    return tuple(word for word in words if _REPAIR.fullmatch(word))


def _fault_text(element: etree._Element) -> str:
    code = (element.findtext("faultcode") or "").rpartition(":")[2]
    error = element.find(f"detail/{{{names.FAULT_DETAIL}}}fout")
    where = "" if error is None else f" [{error.get('pad')}: {error.get('regel')}]"
    text = " ".join((element.findtext("faultstring") or "no text").split())
    return quotable(f"{code}: {text}{where}")
