"""Requests for each row of the table of checks and their responses, for the state machine and for both drivers.

The callers are those of `ServedSchool`: Snappet has a koppeling with 21QW00 and with 30AB00, others have none that is
open, Gestopt is disabled.
"""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lxml import etree

from support.messages import AUT, LG, SOAP11, SOAP12, body, envelope, header, school_element
from support.served_school import CODE_OF_ONE, ServedSchool
from uwlr_adapter.contract.xml import MESSAGE
from uwlr_adapter.exchange.exchange import MAX_ATTEMPTS
from uwlr_adapter.journaal.model import RefusalReason
from uwlr_adapter.web.head import MAX_CONTENT_TYPE

XML = "text/xml; charset=utf-8"
LAST = "2000-01-01T00:00:00Z"
"""Stands in a message for the aanmaakdatum of the answer that the platform has."""
SMALL = "30AB00"
"""The vestiging that answers with the least."""
REFUSED: Mapping[str, RefusalReason] = {
    "onbekende school": RefusalReason.UNKNOWN_SCHOOL,
    "onbekende schoolkey": RefusalReason.UNKNOWN_SCHOOL,
    "code onjuist": RefusalReason.WRONG_CODE,
    "code in andere letters": RefusalReason.WRONG_CODE,
    "gepauzeerd": RefusalReason.PAUSED,
    "beëindigd": RefusalReason.ENDED,
    "nog niet gestart": RefusalReason.NOT_STARTED,
    "geen koppeling": RefusalReason.NO_KOPPELING,
    "code van een andere afnemer": RefusalReason.ENDED,
}
"""The calls of `ServedSchool.refused_calls`, and the true reason in the journaal."""


class Trouble(StrEnum):
    """A failure of the service itself, during a request."""

    NONE = ""
    RECORDS = "records"
    """The answer would not be valid by our own XSD."""
    DATABASE = "database"
    """A table is gone."""
    UNSETTLED = "unsettled"
    """An answer is out of date as soon as it is rendered, however often."""


class Noted(StrEnum):
    """The kind of row that is written for a request."""

    NOTHING = "nothing"
    COUNT = "count"
    """One more refusal of a network address."""
    ENTRY = "entry"
    """An entry in the journaal."""


@dataclass(frozen=True)
class EndpointRow:
    """One request, and its response; `outcome` is a fault code or the element of an answer, empty for plain text."""

    name: str
    row: str
    """Of the table of checks; `-` is its last line."""
    status: int
    outcome: str
    message: Callable[[ServedSchool], bytes]
    noted: Noted = Noted.NOTHING
    reason: RefusalReason | None = None
    """In the journaal."""
    method: str = "POST"
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": XML})
    """A body without a Content-Length here is sent with its own, or in chunks when Transfer-Encoding says so."""
    trouble: Trouble = Trouble.NONE
    steps: tuple[str, ...] = ()
    """The steps of the state machine before the Response."""
    is_cut_off: bool = False
    """Whether the chunks end in the middle."""
    has_data: bool = False
    """Whether the platform got the data before it asks this."""


def _anything(_served: ServedSchool) -> bytes:
    return envelope()


def _small(served: ServedSchool) -> bytes:
    return served.request(key=CODE_OF_ONE, brin6=SMALL)


def _small_body(served: ServedSchool, *, rest: str = "<xsdversie>2.2</xsdversie>", schooljaar: str = "") -> bytes:
    body_xml = body(schooljaar or served.schooljaar, school_element(SMALL), rest)
    return envelope(body_xml, served.header(key=CODE_OF_ONE))


def _since(served: ServedSchool) -> bytes:
    """Ask with LAST as the laatstontvangengegevens, in the place of the moment that a test puts there."""
    rest = f"<xsdversie>2.2</xsdversie><laatstontvangengegevens>{LAST}</laatstontvangengegevens>"
    return _small_body(served, rest=rest)


def _bytes(content: bytes) -> Callable[[ServedSchool], bytes]:
    return lambda _served: content


def _with_header(make: Callable[[ServedSchool], str], content: str | None = None) -> Callable[[ServedSchool], bytes]:
    return lambda served: envelope(content, make(served))


def _with_body(content: str, soap: str = SOAP11) -> Callable[[ServedSchool], bytes]:
    return lambda served: envelope(content, served.header(), soap)


def _refused_call(name: str) -> Callable[[ServedSchool], bytes]:
    return lambda served: served.request(**served.refused_calls[name])


_READ = ("ReadBody",)
_REFUSED = ("ReadBody", "Write")
_DECIDED = ("ReadBody", "Ask", "Write")
_INVALID, _AUTORISATIE, _KLANT = (
    "Client.OngeldigBericht",
    "Client.AutorisatieOngeldig",
    "Client.OngeldigeKlantIdentificatie",
)
_TEMPORARY = "Server.TijdelijkNietBeschikbaar"
_EXTRA = f'<adres xmlns="urn:x" xmlns:e="{SOAP11}" e:mustUnderstand="1"/>'
_CHUNKED = {"Content-Type": XML, "Transfer-Encoding": "chunked"}
_WITHOUT_SCHOOL = body(school="")


def _unreadable(name: str, message: Callable[[ServedSchool], bytes]) -> EndpointRow:
    return EndpointRow(name, "2", 500, _INVALID, message, Noted.COUNT, steps=_REFUSED)


def _unknown(name: str, message: Callable[[ServedSchool], bytes]) -> EndpointRow:
    return EndpointRow(name, "5", 500, _KLANT, message, Noted.COUNT, steps=_DECIDED)


def _no_autorisatie(name: str, message: Callable[[ServedSchool], bytes]) -> EndpointRow:
    return EndpointRow(name, "4", 500, _AUTORISATIE, message, Noted.COUNT, steps=_REFUSED)


def _judged(
    row: str, name: str, outcome: str, message: Callable[[ServedSchool], bytes], reason: RefusalReason
) -> EndpointRow:
    """Return a row of which the afnemer is known."""
    return EndpointRow(name, row, 500, outcome, message, Noted.ENTRY, reason, steps=_DECIDED)


def _ours(
    name: str, outcome: str, trouble: Trouble, noted: Noted, steps: tuple[str, ...], reason: RefusalReason | None
) -> EndpointRow:
    return EndpointRow(name, "-", 500, outcome, _small, noted, reason, trouble=trouble, steps=steps)


ROWS: tuple[EndpointRow, ...] = (
    *(EndpointRow(f"method {method}", "1", 405, "", _anything, method=method) for method in ("PUT", "DELETE", "PATCH")),
    EndpointRow("GET without ?wsdl", "1", 405, "", _bytes(b""), method="GET"),
    EndpointRow("HEAD without ?wsdl", "1", 405, "", _bytes(b""), method="HEAD", query="other=wsdl"),
    EndpointRow("GET ?wsdl", "1", 200, "definitions", _bytes(b""), method="GET", query="WSDL"),
    *(
        EndpointRow(f"type {media}", "1", 415, "", _small, headers={"Content-Type": media})
        for media in ("application/json", "text/xmlx", "multipart/related; type=text/xml")
    ),
    EndpointRow(
        *("a type over its bound", "1", 415, ""),
        _small,
        headers={"Content-Type": XML + ";" * MAX_CONTENT_TYPE},
    ),
    EndpointRow(
        *("compressed", "1", 415, ""),
        lambda served: gzip.compress(_small(served)),
        headers={"Content-Type": XML, "Content-Encoding": "gzip"},
    ),
    EndpointRow("one byte over the limit", "1", 413, "", lambda served: _small(served).ljust(MESSAGE.octets + 1)),
    EndpointRow(
        "one byte over the limit, in chunks",
        *("1", 413, ""),
        lambda served: _small(served).ljust(MESSAGE.octets + 1),
        headers=_CHUNKED,
        steps=_READ,
    ),
    EndpointRow(
        *("cut off in chunks", "1", 400, ""),
        lambda served: _small(served)[:-9],
        headers=_CHUNKED,
        steps=_READ,
        is_cut_off=True,
    ),
    _unreadable("empty", _bytes(b"")),
    _unreadable("no XML", _bytes(b"geen xml")),
    _unreadable("a DTD", lambda served: b"<!DOCTYPE x>" + _small(served)),
    _unreadable("a processing instruction", lambda served: b"<?pi?>" + _small(served)),
    _unreadable("no envelope", _bytes(b"<brief/>")),
    _unreadable("no Body", _bytes(f'<e:Envelope xmlns:e="{SOAP11}"/>'.encode())),
    _unreadable("an empty Body", _with_body("")),
    _unreadable("two in the Body", _with_body(body() + body())),
    _unreadable("an unknown operation", _with_body(f'<haal_alles xmlns="{LG}"/>')),
    _unreadable("an unknown operation in SOAP 1.2", _with_body("<x/>", SOAP12)),
    EndpointRow(*("SOAP 1.2", "3", 500, "VersionMismatch"), _with_body(body(), SOAP12), Noted.COUNT, steps=_REFUSED),
    EndpointRow(
        *("SOAP 1.2 without autorisatie", "3", 500, "VersionMismatch"),
        _bytes(envelope(body(), "", SOAP12)),
        Noted.COUNT,
        steps=_REFUSED,
    ),
    EndpointRow(
        *("mustUnderstand", "3", 500, "MustUnderstand"),
        _with_header(lambda _served: _EXTRA),
        Noted.COUNT,
        steps=_REFUSED,
    ),
    _no_autorisatie("no autorisatie", _bytes(envelope(header_xml=""))),
    _no_autorisatie("two autorisaties", _with_header(lambda served: served.header() * 2)),
    _no_autorisatie("no autorisatiesleutel", _bytes(envelope(header_xml=header(key="")))),
    _no_autorisatie("an empty klantnaam", _bytes(envelope(header_xml=header(klantnaam=" ")))),
    _no_autorisatie(
        "autorisatie of another namespace",
        _with_header(lambda served: served.header().replace(AUT, "urn:anders")),
    ),
    _no_autorisatie("no autorisatie and no school", _bytes(envelope(_WITHOUT_SCHOOL, ""))),
    _unknown("unknown klantnaam", _with_header(lambda served: served.header("Onbekend"))),
    _unknown("klantnaam in other letters", _with_header(lambda served: served.header("snappet"))),
    _unknown("wrong klantcode", _with_header(lambda served: served.header(klantcode="onjuist"))),
    _unknown(
        "klantcode of another afnemer",
        _with_header(lambda served: served.header("Basispoort", served.klantcodes["Snappet"])),
    ),
    _unknown("disabled", _with_header(lambda served: served.header("Gestopt"))),
    _unknown(
        "unknown klantnaam and no school", _with_header(lambda served: served.header("Onbekend"), _WITHOUT_SCHOOL)
    ),
    *(
        _judged("6", name, _INVALID, _with_header(make, body("x", school)), RefusalReason.NO_SCHOOL)
        for name, school in (
            ("no school", ""),
            ("a brincode in small letters", "<brincode>21qw</brincode>"),
            ("a dependancecode of one digit", "<brincode>21QW</brincode><dependancecode>1</dependancecode>"),
            ("an empty schoolkey", "<schoolkey/>"),
        )
        for make in (lambda served: served.header(key="21QW00maakt-niet-uit-welke"),)
    ),
    *(_judged("7", name, _AUTORISATIE, _refused_call(name), reason) for name, reason in REFUSED.items()),
    _judged(
        *("7", "wrong code and a body of no right form", _AUTORISATIE),
        _with_header(lambda served: served.header(key="21QW00een-andere-code"), body("x")),
        RefusalReason.WRONG_CODE,
    ),
    _judged("8", "a schooljaar of no right form", _INVALID, _with_body(body("2026")), RefusalReason.SCHEMA),
    _judged(
        *("8", "groepen where there are none", _INVALID),
        _with_body(body(rest="<xsdversie>2.2</xsdversie><groepen/>")),
        RefusalReason.SCHEMA,
    ),
    _judged(
        *("8", "a bad schooljaar and an unknown version", _INVALID),
        _with_body(body("2026", rest="<xsdversie>9</xsdversie>")),
        RefusalReason.SCHEMA,
    ),
    _judged(
        *("9", "an unknown version", "Client.XsdVersieOngeldig"),
        _with_body(body(rest="<xsdversie>2.4</xsdversie>")),
        RefusalReason.VERSION,
    ),
    EndpointRow(
        *("data", "10", 200, "leerlinggegevens"),
        _small,
        Noted.ENTRY,
        steps=("ReadBody", "Ask", "Fetch", "Ask", "Write"),
    ),
    EndpointRow(
        *("data for an empty schooljaar", "10", 200, "leerlinggegevens"),
        lambda served: _small(served).replace(f">{served.schooljaar}<".encode(), b"><"),
        Noted.ENTRY,
        steps=("ReadBody", "Ask", "Ask", "Fetch", "Ask", "Write"),
    ),
    EndpointRow("no changes", "10", 200, "geenwijzigingen", _since, Noted.ENTRY, steps=_DECIDED, has_data=True),
    EndpointRow(
        *("no data", "10", 200, "geengegevens"),
        lambda served: _small_body(served, schooljaar="1999-2000"),
        Noted.ENTRY,
        RefusalReason.NO_DATA,
        steps=("ReadBody", "Ask", "Do", "Ask", "Write"),
    ),
    _ours(
        *("an answer that is not valid", "Server.InterneFout", Trouble.RECORDS, Noted.ENTRY),
        ("ReadBody", "Ask", "Do", "Write"),
        RefusalReason.OWN_FAILURE,
    ),
    _ours("a database that fails", _TEMPORARY, Trouble.DATABASE, Noted.NOTHING, ("ReadBody", "Ask"), None),
    _ours(
        *("too many attempts", _TEMPORARY, Trouble.UNSETTLED, Noted.ENTRY),
        ("ReadBody", *("Ask", "Do") * (MAX_ATTEMPTS - 1), "Ask", "Write"),
        RefusalReason.OWN_FAILURE,
    ),
)
"""Each row of the table, in its order."""


def outcome_in(content_type: str, content: bytes) -> str:
    """Return the fault code, the element of the answer or the root of a WSDL in a response; empty for plain text."""
    if not content_type.startswith("text/xml"):
        return ""
    root = etree.fromstring(content)
    if etree.QName(root).localname != "Envelope":
        return etree.QName(root).localname
    fault = root.findtext(f"{{{SOAP11}}}Body/{{{SOAP11}}}Fault/faultcode")
    return etree.QName(root[0][0][0]).localname if fault is None else fault.partition(":")[2]
