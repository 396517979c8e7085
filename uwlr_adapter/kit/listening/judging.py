"""One request, judged: right, repaired or wrong, and which fault refuses it.

Of a request that is wrong the first thing is told that a LAS would refuse; what else is wrong with its message shows
once that is mended. Wrong credentials are told beside it.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from hmac import compare_digest
from http import HTTPStatus

from uwlr_adapter.contract import request
from uwlr_adapter.contract.fault import (
    AutorisatieOngeldig,
    Fault,
    OngeldigBericht,
    OngeldigeKlantIdentificatie,
    VersionMismatch,
)
from uwlr_adapter.contract.names import Operation
from uwlr_adapter.contract.request import Call, SchoolReference, Verzoek
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding
from uwlr_adapter.contract.xml import MESSAGE
from uwlr_adapter.kit.listening.deviations import BY_REPAIR, Deviation, Stage
from uwlr_adapter.kit.listening.incoming import Incoming
from uwlr_adapter.web.endpoint import CONTENT_TYPES

_SOAP12_TYPE = "application/soap+xml"


class RequestVerdict(StrEnum):
    """The verdict on a request."""

    RIGHT = "right"
    REPAIRED = "repaired"
    """Not valid, and understood all the same: known clients send this."""
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Credentials of the caller: it must send these, for this school."""

    klantnaam: str = field(repr=False)
    klantcode: str = field(repr=False)
    autorisatiesleutel: str = field(repr=False)
    brin6: str
    schoolkey: str | None = None

    def names(self, school: SchoolReference) -> bool:
        """Return whether a request names the school of these credentials."""
        if school.brincode is None:
            return school.schoolkey is not None and school.schoolkey == self.schoolkey
        return f"{school.brincode}{school.dependancecode}" == self.brin6


@dataclass(frozen=True, slots=True)
class Judged:
    """A request as the standard sees it; each deviation has a sentence without a value of the request."""

    deviations: tuple[tuple[Deviation, str], ...]
    reached: Stage
    call: Call | None = field(default=None, repr=False)
    verzoek: Verzoek | None = field(default=None, repr=False)
    """The request as it is answered, repaired if needed; None for one that is wrong, apart from its credentials."""
    status: HTTPStatus | None = None
    """The status with which HTTP refuses it, without a fault."""
    fault: Fault | None = None
    """The fault with which a LAS refuses it."""
    repairs: tuple[str, ...] = ()

    @property
    def verdict(self) -> RequestVerdict:
        """Whether it is right, repaired or wrong."""
        if self.status is not None or self.fault is not None:
            return RequestVerdict.WRONG
        return RequestVerdict.REPAIRED if self.repairs else RequestVerdict.RIGHT

    @property
    def operation(self) -> Operation | None:
        """The operation that it asks; None when that is not known."""
        return None if self.call is None else self.call.operation


def judge(incoming: Incoming, path: str | None, schooljaar: str, known: Credentials | None = None) -> Judged:
    """Judge a request.

    `path` is that of the service, `schooljaar` the one of today, `known` what the caller was given; None for what is
    not known here, and not judged.
    """
    status, deviations = _transport(incoming, path)
    if status is not None:
        return Judged(tuple(deviations), Stage.HTTP, status=status)
    try:
        call = request.read(incoming.body, incoming.head.charset)
    except Fault as fault:
        return _unread(fault, deviations)
    if incoming.head.media_type == _SOAP12_TYPE:
        deviations.append((Deviation.SOAP_VERSION, "the Content-Type is that of SOAP 1.2, around SOAP 1.1"))
    deviations += _action(incoming, call.operation)
    return _judge_call(call, schooljaar, known, deviations)


def _judge_call(
    call: Call, schooljaar: str, known: Credentials | None, deviations: list[tuple[Deviation, str]]
) -> Judged:
    """Judge a message that could be read, in the order of the table of checks."""
    refusals: list[Fault] = []
    found = _credentials(call, known)
    klant_is_wrong = bool(found) and found[0][0] is Deviation.KLANT
    deviations += found
    if klant_is_wrong:
        refusals.append(OngeldigeKlantIdentificatie())
    verzoek: Verzoek | None = None
    try:
        if call.school is None:
            raise OngeldigBericht(request.school_finding(call))
        if len(found) > klant_is_wrong:
            refusals.append(AutorisatieOngeldig())
        verzoek = request.judge(call, schooljaar)
    except Fault as fault:
        refusals.append(fault)
        deviations.append(_of_fault(fault))
    needed = () if verzoek is None else tuple(dict.fromkeys(verzoek.repairs))
    if needed:
        strictly = _strictly(call, schooljaar)
        deviations += [(BY_REPAIR[one], f"repair `{one}` was needed; {strictly}") for one in needed]
    first = refusals[0] if refusals else None
    return Judged(tuple(deviations), Stage.BODY, call, verzoek, fault=first, repairs=needed)


def _transport(incoming: Incoming, path: str | None) -> tuple[HTTPStatus | None, list[tuple[Deviation, str]]]:
    """Return the status that refuses a request before its message is read, if any, and what deviates."""
    head, large = incoming.head, incoming.is_large or incoming.length > MESSAGE.octets
    refusals = (
        (
            incoming.method != "POST",
            HTTPStatus.METHOD_NOT_ALLOWED,
            Deviation.METHOD,
            "the method is another one than POST",
        ),
        (
            path not in {None, incoming.path},
            HTTPStatus.NOT_FOUND,
            Deviation.PATH,
            "the path is another one than that of the service",
        ),
        (
            head.media_type not in CONTENT_TYPES,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            Deviation.MEDIA_REFUSED,
            "the Content-Type is another one than text/xml",
        ),
        (
            head.content_encoding.lower() not in {"", "identity"},
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            Deviation.CODING,
            "the body has a Content-Encoding",
        ),
        (
            large,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            Deviation.SIZE,
            f"the body is larger than {MESSAGE.octets // 1024} kB",
        ),
        (incoming.is_cut, HTTPStatus.BAD_REQUEST, Deviation.CUT, "the body breaks off, or its framing is not HTTP"),
    )
    for is_refused, status, deviation, told in refusals:
        if is_refused:
            return status, [(deviation, told)]
    return None, [] if head.media_type == _SOAP12_TYPE else _manners(incoming)


def _manners(incoming: Incoming) -> list[tuple[Deviation, str]]:
    """Return what deviates in the headers of a request that is read all the same."""
    found = []
    head, action = incoming.head, incoming.header("SOAPAction")
    if head.media_type != "text/xml":
        told = "application/xml" if head.media_type else "absent"
        found.append((Deviation.MEDIA_TYPE, f"the Content-Type is {told}"))
    elif head.charset is None:
        found.append((Deviation.NO_CHARSET, "the Content-Type names no charset"))
    if action is None:
        found.append((Deviation.NO_ACTION, "there is no SOAPAction"))
    elif not (len(action) > 1 and action[0] == action[-1] == '"'):
        found.append((Deviation.ACTION_QUOTES, "the SOAPAction is not in quotes"))
    return found


def _action(incoming: Incoming, operation: Operation) -> list[tuple[Deviation, str]]:
    action = incoming.header("SOAPAction")
    if action is None or action.strip().strip('"') == operation.soap_action:
        return []
    told = "empty" if not action.strip().strip('"') else "another one"
    return [(Deviation.ACTION, f"the SOAPAction of a {operation.name} is {told}")]


def _credentials(call: Call, known: Credentials | None) -> list[tuple[Deviation, str]]:
    if known is None:
        return []
    found, given = [], call.autorisatie
    is_klant = _equal(given.klantnaam, known.klantnaam) & _equal(given.klantcode, known.klantcode)
    if not is_klant:
        found.append((Deviation.KLANT, "klantnaam and klantcode are not the ones that this kit gave"))
    if not _equal(given.autorisatiesleutel, known.autorisatiesleutel):
        found.append((Deviation.SLEUTEL, "the autorisatiesleutel is not the one that this kit gave"))
    elif call.school is not None and not known.names(call.school):
        found.append((Deviation.SLEUTEL, "the school is not the one for which this kit gave the autorisatiesleutel"))
    return found


def _equal(one: str, other: str) -> bool:
    return compare_digest(one.encode(), other.encode())


def _strictly(call: Call, schooljaar: str) -> str:
    """Return what the standard says of a call that was repaired, as the end of a sentence."""
    try:
        request.judge(request.reread_strictly(call), schooljaar)
    except Fault as fault:
        where = "" if fault.finding is None else f" ({_place(fault.finding)})"
        return f"strictly it is {fault.code}{where}"
    return "strictly the value is another one"


def _unread(fault: Fault, deviations: list[tuple[Deviation, str]]) -> Judged:
    """Return the judgement of a message that has no header or request to look at."""
    found = _of_fault(fault)
    is_of_header = fault.finding is not None and fault.finding.path.startswith("autorisatie")
    return Judged((*deviations, found), Stage.HEADER if is_of_header else Stage.SOAP, fault=fault)


def _of_fault(fault: Fault) -> tuple[Deviation, str]:
    finding = fault.finding or Finding("bericht", Rule.XML)
    return _deviation_of(fault, finding), f"the message is refused with {fault.code} ({_place(finding)})"


def _place(finding: Finding) -> str:
    """Return where a fault says that a message is wrong, by the names of its detail."""
    return f"pad {finding.path}, regel {finding.rule}"


_OF_MESSAGE = {
    Rule.XML: Deviation.NO_XML,
    Rule.CHARSET: Deviation.CHARSET,
    Rule.DTD: Deviation.DTD,
    Rule.INSTRUCTION: Deviation.DTD,
    Rule.EMPTY: Deviation.EMPTY,
}
_OF_ENVELOPE = {
    Rule.MUST_UNDERSTAND: Deviation.MUST_UNDERSTAND,
    Rule.OPERATION: Deviation.OPERATION,
    Rule.NAMESPACE: Deviation.NAMESPACE,
}
_OF_HEADER = {
    Rule.ABSENT: Deviation.NO_HEADER,
    Rule.DOUBLED: Deviation.TWO_HEADERS,
    Rule.NAMESPACE: Deviation.HEADER_NAMESPACE,
}
_OF_PART = {
    Rule.ABSENT: Deviation.PART_ABSENT,
    Rule.DOUBLED: Deviation.PART_DOUBLED,
    Rule.EMPTY: Deviation.PART_EMPTY,
    Rule.NAMESPACE: Deviation.HEADER_NAMESPACE,
}
_OF_BODY = {
    Rule.NAMESPACE: Deviation.UNQUALIFIED,
    Rule.DOUBLED: Deviation.DOUBLED,
    Rule.UNKNOWN: Deviation.UNKNOWN,
    Rule.PLACE: Deviation.UNKNOWN,
    Rule.ATTRIBUTE: Deviation.CONTENT,
    Rule.CONTENT: Deviation.CONTENT,
}
_OF_ELEMENT = {
    "schooljaar": Deviation.SCHOOLJAAR,
    "brincode": Deviation.SCHOOL,
    "dependancecode": Deviation.SCHOOL,
    "schoolkey": Deviation.SCHOOL,
    "xsdversie": Deviation.VERSION,
    "gegevenssetid": Deviation.SET,
    "laatstontvangengegevens": Deviation.MOMENT,
}


def _deviation_of(fault: Fault, finding: Finding) -> Deviation:
    """Return the deviation that a finding is about: by its path, then by its rule."""
    if isinstance(fault, VersionMismatch):
        return Deviation.SOAP_VERSION
    first, _, rest = finding.path.partition("/")
    match first.partition(":")[0]:
        case "bericht":
            return _OF_MESSAGE.get(finding.rule, Deviation.TOO_MUCH)
        case "Envelope":
            return _OF_ENVELOPE.get(finding.rule, Deviation.ENVELOPE)
        case "autorisatie":
            table = _OF_PART if rest else _OF_HEADER
            return table.get(finding.rule, Deviation.PART_MORE)
    if rest.startswith("groepen/") or (rest == "*" and finding.rule is Rule.ABSENT):
        return Deviation.GROEPEN
    return _OF_BODY.get(finding.rule) or _OF_ELEMENT.get(rest, Deviation.UNKNOWN)
