"""A right endpoint of results in this process for the kit, made of the contract alone, and ways to break it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lxml import etree

from uwlr_adapter.contract import fault
from uwlr_adapter.contract.leerresultaten import agreement
from uwlr_adapter.contract.leerresultaten.confirmation import BEVESTIGING
from uwlr_adapter.contract.leerresultaten.judging import judge
from uwlr_adapter.contract.leerresultaten.places import leerling_finding
from uwlr_adapter.contract.leerresultaten.request import MESSAGE, read
from uwlr_adapter.kit.session import Target, Transport
from uwlr_adapter.outbound import Reply

URL = "http://127.0.0.1:8080/uwlr/leerresultaten"
LEERLINGID = "L22000-geheim"
TARGET = Target(
    url=URL,
    klantnaam="Proef",
    klantcode="een-geheime-klantcode",
    autorisatiesleutel="21QW00een-geheime-code",
    brincode="21QW",
    dependancecode="00",
    schooljaar="2026-2027",
    xsdversie="2.2",
    leerlingid=LEERLINGID,
)
WSDL = Path(__file__).parents[2] / "wsdl" / "leerresultaten.wsdl"
Answering = Callable[[bytes], bytes]
"""From a message to an answer."""


def answer(message: bytes, *, strict: bool = False) -> bytes:
    """Answer a message as the contract has it, for one school with one leerling."""
    if len(message) > MESSAGE.octets:
        return fault.render(fault.OngeldigBericht())
    try:
        _require(message, strict=strict)
    except fault.Fault as error:
        return fault.render(error)
    return BEVESTIGING


def _require(message: bytes, *, strict: bool) -> None:
    call = read(message, strict=strict)
    given = call.autorisatie
    if (given.klantnaam, given.klantcode) != (TARGET.klantnaam, TARGET.klantcode):
        raise fault.OngeldigeKlantIdentificatie
    if call.school is None or call.school.brincode is None:
        raise fault.OngeldigBericht
    if (given.autorisatiesleutel, call.school.brincode) != (TARGET.autorisatiesleutel, TARGET.brincode):
        raise fault.AutorisatieOngeldig
    judged = judge(call).leerresultaten
    if any(one.leerlingid != LEERLINGID for one in judged.toetsafnames):
        raise fault.LeerlingOngeldig(leerling_finding(0))
    agreement.check(judged)


@cache
def _wsdl() -> bytes:
    return WSDL.read_bytes()


def transport_of(answering: Answering = answer, wsdl: Callable[[bytes], bytes] = lambda text: text) -> Transport:
    """Return a transport to an endpoint that answers in this way."""

    def send(method: str, _url: str, body: bytes | None, _headers: dict[str, str]) -> Reply:
        if method != "POST":
            return Reply(200, wsdl(_wsdl()), (("Content-Type", "text/xml; charset=utf-8"),))
        content = answering(body or b"")
        status = 500 if b"Fault>" in content else 200
        return Reply(status, content, (("Content-Type", "text/xml; charset=utf-8"),))

    return send


@dataclass(frozen=True)
class WrongEndpoint:
    """An endpoint that is wrong in one way, and the ids of all the checks that fail on it."""

    name: str
    transport: Callable[[], Transport]
    caught_by: frozenset[str]


def _range(*pairs: tuple[int, int]) -> frozenset[str]:
    return frozenset(f"RES-{number}" for first, last in pairs for number in range(first, last + 1))


def _replaced(old: bytes, new: bytes) -> Answering:
    """Return what an endpoint does that reads something else than was sent."""
    return lambda message: answer(message.replace(old, new))


def _said(code: str, instead: str) -> Answering:
    """Return what an endpoint does that says another faultcode."""
    return lambda message: answer(message).replace(f"soap:{code}<".encode(), f"soap:{instead}<".encode())


def _once() -> Answering:
    """Return what an endpoint does that refuses keys that it has."""
    seen: list[bytes] = []

    def answering(message: bytes) -> bytes:
        content = answer(message)
        if content == BEVESTIGING and seen:
            return fault.render(fault.OngeldigBericht())
        seen.append(message)
        return content

    return answering


_OF_CODES = frozenset({"RES-21", "RES-22", "RES-23", "RES-24", "RES-25"})
_INVALID = _range((31, 54))
WRONG = (
    WrongEndpoint(
        "confirms everything",
        lambda: transport_of(lambda _: BEVESTIGING),
        (_OF_CODES - {"RES-22"}) | _INVALID | {"RES-60"},
    ),
    WrongEndpoint(
        "says something in its confirmation",
        lambda: transport_of(
            lambda it: answer(it).replace(b"/></s:Body>", b">ok</leerresultaten_bevestiging></s:Body>")
        ),
        frozenset({"RES-02"}),
    ),
    WrongEndpoint(
        "confirms in the namespace of leerlinggegevens",
        lambda: transport_of(
            lambda it: answer(it).replace(b"/2/leerresultaten", b"/2/leerlinggegevens") if _is_taken(it) else answer(it)
        ),
        frozenset({"RES-02"}),
    ),
    WrongEndpoint("makes 6.5 a 6", lambda: transport_of(_replaced(b">6.5<", b">6<")), frozenset({"RES-36"})),
    WrongEndpoint("makes X a 0", lambda: transport_of(_replaced(b">X<", b">0<")), frozenset({"RES-37"})),
    WrongEndpoint("makes -1 a 1", lambda: transport_of(_replaced(b">-1<", b">1<")), frozenset({"RES-38"})),
    WrongEndpoint(
        "refuses what it has",
        lambda: transport_of(_once()),
        frozenset({"RES-04", "RES-05", "RES-06", "RES-07", "RES-08", "RES-99"}),
    ),
    WrongEndpoint(
        "has a toolkit refuse",
        lambda: transport_of(_said("Client.OngeldigBericht", "Client")),
        (_INVALID - {"RES-36", "RES-37", "RES-38", "RES-39"}) | {"RES-61"},
    ),
    WrongEndpoint(
        "breaks on a leerling whom it does not know",
        lambda: transport_of(_said("Client.LeerlingOngeldig", "Server.InterneFout")),
        frozenset({"RES-81"}),
    ),
    WrongEndpoint(
        "looks at the results before the code",
        lambda: transport_of(lambda it: fault.render(fault.ScoreOngeldig()) if b">X<" in it else answer(it)),
        frozenset({"RES-25"}),
    ),
    WrongEndpoint(
        "tells which schools it has",
        lambda: transport_of(
            lambda it: (
                answer(it).replace(b"Met deze", b"Er is geen school, en met deze") if b"99ZZ" in it else answer(it)
            )
        ),
        frozenset({"RES-22"}),
    ),
    WrongEndpoint(
        "has another version for none",
        lambda: transport_of(_replaced(b">9.9<", b">2.2<")),
        frozenset({"RES-60"}),
    ),
    WrongEndpoint(
        "has a number in its WSDL",
        lambda: transport_of(wsdl=_numeric),
        frozenset({"RES-12"}),
    ),
    WrongEndpoint(
        "has the WSDL of the other service",
        lambda: transport_of(wsdl=lambda text: text.replace(b"BrengLeerresultaten", b"HaalLeerlinggegevens")),
        frozenset({"RES-11"}),
    ),
)
"""Endpoints that are wrong in one way each."""


def _is_taken(message: bytes) -> bool:
    return answer(message) == BEVESTIGING


def _numeric(wsdl: bytes) -> bytes:
    """Return a WSDL in which the score is a number, as in the published one."""
    root = etree.fromstring(wsdl)
    for one in root.iter("{http://www.w3.org/2001/XMLSchema}element"):
        if one.get("name") == "score":
            one.set("type", "xs:nonNegativeInteger")
    return etree.tostring(root)


NOT_SHOWN = (LEERLINGID, TARGET.klantcode, TARGET.autorisatiesleutel)
"""Texts that no report may hold."""
