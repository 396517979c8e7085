"""Callers that are wrong in one way each, and the checks that are meant to catch them."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from support.kit_caller import HOUR, Time
from uwlr_adapter.clock import parse_moment
from uwlr_adapter.contract import names
from uwlr_adapter.contract.names import HAAL_LEERLINGEN
from uwlr_adapter.kit.message import KitMessage

Edit = Callable[[str], str]
_SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
_LAST = "</lg:leerlinggegevens_verzoek>"
_XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
_AS_HTTPS = names.LEERLINGGEGEVENS.replace("http:", "https:")


@dataclass(frozen=True)
class BrokenCaller:
    """A wrong caller: what is wrong, what of a right one it does otherwise, and the ids of all checks that fail."""

    name: str
    caught_by: frozenset[str]
    traits: dict[str, Any] = field(default_factory=dict)


def _broken(name: str, caught_by: str, **traits: Any) -> BrokenCaller:
    return BrokenCaller(name, frozenset(caught_by.split()), traits)


def _edit(name: str, caught_by: str, edit: Edit) -> BrokenCaller:
    """Return a caller that changes the text of each message."""
    return _broken(name, caught_by, change=lambda message: message.edited(edit))


def _replaced(name: str, caught_by: str, old: str, new: str) -> BrokenCaller:
    return _edit(name, caught_by, lambda text: text.replace(old, new))


def _child(name: str, caught_by: str, child: str, value: str) -> BrokenCaller:
    return _broken(name, caught_by, change=lambda message: message.with_child(child, value))


def _changed(name: str, caught_by: str, change: Callable[[KitMessage], KitMessage]) -> BrokenCaller:
    return _broken(name, caught_by, change=change)


def _headers(name: str, caught_by: str, **headers: str | None) -> BrokenCaller:
    """Return a caller with other headers; None leaves one out."""
    changes = {key.replace("_", "-"): value for key, value in headers.items()}

    def other(usual: dict[str, str]) -> dict[str, str]:
        return {key: value for key, value in {**usual, **changes}.items() if value is not None}

    return _broken(name, caught_by, headers=other)


def _twice_header(message: KitMessage) -> KitMessage:
    header = message.header_xml()
    return message.edited(lambda text: text.replace(header, header + header))


def _bare_parts(text: str) -> str:
    for part in names.AUTORISATIE_PARTS:
        text = text.replace(f"aut:{part}", part)
    return text


def _first(message: KitMessage, child: str) -> KitMessage:
    value = message.value(child)
    opening = f'<lg:{message.operation.request} xmlns:lg="{names.LEERLINGGEGEVENS}">'
    other = message.without(child)
    return other.edited(lambda text: text.replace(opening, f"{opening}<lg:{child}>{value}</lg:{child}>"))


def _part_twice(message: KitMessage) -> KitMessage:
    return replace(message, autorisatie=(*message.autorisatie, message.autorisatie[-1]))


def _header_last(text: str) -> str:
    before, header, rest = re.split("(<soap:Header>.*</soap:Header>)", text)
    return before + rest.replace("</soap:Body>", f"</soap:Body>{header}")


def _small_key(message: KitMessage) -> KitMessage:
    return replace(
        message,
        autorisatie=tuple((name, value.lower() if "sleutel" in name else value) for name, value in message.autorisatie),
    )


def _by_schoolkey(message: KitMessage, schoolkey: str) -> KitMessage:
    return message.without("brincode", "dependancecode").with_child("schoolkey", schoolkey)


def _by_groep(*groepen: tuple[str, str | None]) -> Callable[[KitMessage], KitMessage]:
    return lambda message: message.of(HAAL_LEERLINGEN, groepen)


def _utc_without_zone(since: str, _time: Time) -> str:
    moment = parse_moment(since)
    assert moment is not None
    return moment.replace(tzinfo=None).isoformat()


def _first_one() -> Callable[[str, Time], str]:
    """Return a memory that keeps the first moment that it saw for ever."""
    seen: list[str] = []

    def moment(since: str, _time: Time) -> str:
        seen.append(since)
        return seen[0]

    return moment


def _next_week(_since: str, time: Time) -> str:
    return (time.clock() + timedelta(days=7)).isoformat()


_ACTION = names.HAAL_LEERLINGGEGEVENS.soap_action
BROKEN_CALLERS = [
    # How a message travels.
    _broken("GET with a body", "CHTTP-01", method="GET"),
    _broken("PUT", "CHTTP-01", method="PUT"),
    _broken("another path", "CHTTP-02", path="/services/uwlr"),
    _broken("a slash too many", "CHTTP-02", path="/uwlr/leerlinggegevens/"),
    _headers("JSON by name", "CHTTP-03", Content_Type="application/json"),
    _headers("a form by name", "CHTTP-03", Content_Type="application/x-www-form-urlencoded"),
    _headers("a message with attachments", "CHTTP-03", Content_Type='multipart/related; type="text/xml"; boundary="x"'),
    _headers("application/xml", "CHTTP-04", Content_Type="application/xml; charset=utf-8"),
    _headers("no Content-Type", "CHTTP-04", Content_Type=None),
    _headers("missing charset", "CHTTP-05", Content_Type="text/xml"),
    _headers("an unknown charset", "CHTTP-06", Content_Type="text/xml; charset=utf-88"),
    _headers("UTF-8 by the name of UTF-16", "CHTTP-06", Content_Type="text/xml; charset=utf-16"),
    _broken(
        "bytes of another charset",
        "CHTTP-06",
        change=lambda message: message.with_child("gegevenssetid", "één"),
        edit=lambda body: body.decode().encode("latin-1"),
    ),
    _headers("a compressed body", "CHTTP-07", Content_Encoding="gzip"),
    _headers("no SOAPAction", "CHTTP-08", SOAPAction=None),
    _headers("an empty SOAPAction", "CHTTP-09", SOAPAction='""'),
    _headers("the SOAPAction of another operation", "CHTTP-09", SOAPAction=f'"{HAAL_LEERLINGEN.soap_action}"'),
    _headers("a SOAPAction by the rule of WSDL", "CHTTP-09", SOAPAction=f'"{names.LEERLINGGEGEVENS}/{_ACTION}"'),
    _headers("a SOAPAction without quotes", "CHTTP-10", SOAPAction=_ACTION),
    _edit("a message of 100 kB", "CHTTP-11", lambda text: f"{text}{' ' * 100_000}"),
    _headers("shorter than announced", "CHTTP-12", Content_Length="9000"),
    # The envelope.
    _edit("half a message", "CSOAP-01", lambda text: text[: len(text) // 2]),
    _edit("an ampersand that is not escaped", "CSOAP-01", lambda text: text.replace(">2.2<", ">2.2&<")),
    _edit("a message that is escaped as a whole", "CSOAP-01", lambda text: text.replace("<", "&lt;")),
    _edit("a message as a field of a form", "CSOAP-01", lambda text: f"xml={text}"),
    _edit("a NUL at the end, as of C", "CSOAP-01", lambda text: f"{text}\0"),
    _broken("nothing at all", "CSOAP-02", edit=lambda _: b""),
    _replaced("a document type", "CSOAP-03", "?>\n", "?>\n<!DOCTYPE x>"),
    _replaced("a processing instruction", "CSOAP-03", "?>\n", '?>\n<?xml-stylesheet href="x"?>'),
    _replaced("nested without end", "CSOAP-04", _LAST, f"{'<lg:x>' * 40}{'</lg:x>' * 40}{_LAST}"),
    _edit("no Body", "CSOAP-05", lambda text: text.replace("soap:Body>", "soap:Rest>")),
    _edit("the Header behind the Body", "CSOAP-05", _header_last),
    _replaced("text in the Body", "CSOAP-05", "<soap:Body>", "<soap:Body>verzoek"),
    _edit("the autorisatie outside the Header", "CSOAP-05", lambda text: text.replace("soap:Header>", "soap:Kop>")),
    _changed(
        "two requests at once",
        "CSOAP-05",
        lambda message: message.edited(lambda text: text.replace(message.body_xml(), message.body_xml() * 2)),
    ),
    _changed("no envelope", "CSOAP-05", lambda message: message.edited(lambda _: message.body_xml())),
    _replaced("SOAP 1.2 as text/xml", "CSOAP-06", names.SOAP11, _SOAP12),
    _replaced("a slip in the namespace of SOAP", "CSOAP-06", names.SOAP11, names.SOAP11.removesuffix("/")),
    _broken(
        "SOAP 1.2",
        "CSOAP-06",
        change=lambda message: replace(message, soap=_SOAP12),
        headers=lambda _: {"Content-Type": "application/soap+xml; charset=utf-8"},
    ),
    _headers("SOAP 1.1 by the name of 1.2", "CSOAP-06", Content_Type="application/soap+xml; charset=utf-8"),
    _replaced(
        "WS-Addressing that must be understood",
        "CSOAP-07",
        "</soap:Header>",
        '<a:Action xmlns:a="http://www.w3.org/2005/08/addressing" soap:mustUnderstand="1">x</a:Action></soap:Header>',
    ),
    _replaced("an unknown operation", "CSOAP-08", "leerlinggegevens_verzoek", "alles_verzoek"),
    _replaced("the name of the answer", "CSOAP-08", "leerlinggegevens_verzoek", "leerlinggegevens_antwoord"),
    _replaced(
        "the namespace of UWLR 1",
        "CSOAP-09",
        names.LEERLINGGEGEVENS,
        "http://www.edustandaard.nl/leerresultaten/1/leerlinggegevens",
    ),
    _replaced("the namespace as https", "CSOAP-09", names.LEERLINGGEGEVENS, _AS_HTTPS),
    # The autorisatie.
    _changed("no header", "CSOAP-21", lambda message: replace(message, autorisatie=())),
    _changed("double header", "CSOAP-22", _twice_header),
    _replaced("an autorisatie of another namespace", "CSOAP-23", names.AUTORISATIE, "urn:x"),
    _changed("no klantcode", "CSOAP-24", lambda message: message.without_part("klantcode")),
    _changed("two klantnamen", "CSOAP-25", _part_twice),
    _changed("an empty klantcode", "CSOAP-26", lambda message: message.with_part("klantcode", "")),
    _changed(
        "a fourth part", "CSOAP-27", lambda message: replace(message, autorisatie=(*message.autorisatie, ("meer", "x")))
    ),
    _replaced("an attribute of the autorisatie", "CSOAP-27", "<aut:autorisatie ", '<aut:autorisatie id="1" '),
    _edit("parts without a namespace", "CSOAP-28", _bare_parts),
    _changed(
        "parts in another order",
        "CSOAP-29",
        lambda message: replace(message, autorisatie=tuple(reversed(message.autorisatie))),
    ),
    _changed("a wrong klantcode", "CSOAP-31", lambda message: message.with_part("klantcode", "een-andere-code")),
    _changed("a klantnaam in small letters", "CSOAP-31", lambda message: message.with_part("klantnaam", "snappet")),
    _changed(
        "a wrong key", "CSOAP-32", lambda message: message.with_part("autorisatiesleutel", "21QW00een-andere-sleutel")
    ),
    _child("the key of another vestiging", "CSOAP-32", "dependancecode", "01"),
    _changed("a key in small letters", "CSOAP-32", _small_key),
    _changed("the schoolkey of another school", "CSOAP-32", lambda message: _by_schoolkey(message, "een-andere")),
    # The request.
    _child("a brincode in small letters", "CREQ-01", "brincode", "21qw"),
    _changed("no school", "CREQ-01", lambda message: message.without("brincode", "dependancecode")),
    _child("a dependancecode of one digit", "CREQ-01", "dependancecode", "0"),
    _child("the brin6 as brincode", "CREQ-01", "brincode", "21QW00"),
    _changed("a dependancecode alone", "CREQ-01", lambda message: message.without("brincode")),
    _child("a schooljaar of one year", "CREQ-02", "schooljaar", "2026"),
    _child("a schooljaar with a slash", "CREQ-02", "schooljaar", "2026/2027"),
    _changed("no schooljaar", "CREQ-02", lambda message: message.without("schooljaar")),
    _child("version 2.0", "CREQ-03", "xsdversie", "2.0"),
    _child("version 2.2.0", "CREQ-03", "xsdversie", "2.2.0"),
    _child("an xsdversie that is too long", "CREQ-03", "xsdversie", "2.2" * 20),
    _child("a gegevenssetid that is too long", "CREQ-04", "gegevenssetid", "s" * 65),
    _child("a date only", "CREQ-05", "laatstontvangengegevens", "2026-09-01"),
    _child("a Dutch date", "CREQ-05", "laatstontvangengegevens", "01-09-2026 10:00"),
    _child("a moment with a space", "CREQ-05", "laatstontvangengegevens", "2026-09-01 10:00:00"),
    _child("a moment in seconds since 1970", "CREQ-05", "laatstontvangengegevens", "1788249600"),
    _child("the word null", "CREQ-05", "laatstontvangengegevens", "null"),
    _child("a moment that does not exist", "CREQ-05", "laatstontvangengegevens", "2026-02-31T10:00:00"),
    _changed("no groepen", "CREQ-06", lambda message: message.of(HAAL_LEERLINGEN).without("groepen")),
    _changed("empty groepen", "CREQ-06", _by_groep()),
    _changed("a key of 300 characters", "CREQ-06", _by_groep(("groep", "k" * 300))),
    _replaced("two versions", "CREQ-07", "<lg:xsdversie>", "<lg:xsdversie>2.1</lg:xsdversie><lg:xsdversie>"),
    _replaced("an unknown element", "CREQ-08", _LAST, f"<lg:peiljaar>2026</lg:peiljaar>{_LAST}"),
    _replaced("groepen in a request for all", "CREQ-08", _LAST, f"<lg:groepen/>{_LAST}"),
    _edit("an unqualified child", "CREQ-09", lambda text: text.replace("lg:xsdversie", "xsdversie")),
    _edit(
        "no child is qualified",
        "CREQ-09",
        lambda text: (
            text.replace("<lg:", "<")
            .replace("</lg:", "</")
            .replace("<leerlinggegevens_verzoek xmlns:lg", "<lg:leerlinggegevens_verzoek xmlns:lg")
            .replace("</leerlinggegevens_verzoek", "</lg:leerlinggegevens_verzoek")
        ),
    ),
    _replaced("an attribute", "CREQ-10", "<lg:schooljaar>", '<lg:schooljaar id="1">'),
    _replaced("a type as of SOAP encoding", "CREQ-10", "<lg:schooljaar>", f'<lg:schooljaar xsi:type="x" {_XSI}>'),
    _replaced("an element inside a value", "CREQ-10", "</lg:schooljaar>", "<lg:x/></lg:schooljaar>"),
    _replaced("white space around a value", "CREQ-21", ">2.2<", ">\n  2.2\n<"),
    _replaced(
        "a key that was pasted with a space", "CREQ-21", "</aut:autorisatiesleutel>", " </aut:autorisatiesleutel>"
    ),
    _child("empty optional", "CREQ-22", "gegevenssetid", ""),
    _replaced("nil", "CREQ-22", _LAST, f'<lg:gegevenssetid xsi:nil="true" {_XSI}/>{_LAST}'),
    _child("an empty moment", "CREQ-22 NEXT-04", "laatstontvangengegevens", ""),
    _child("brincode and schoolkey", "CREQ-23", "schoolkey", "voorbeeld-21QW00"),
    _changed("no xsdversie", "CREQ-24", lambda message: message.without("xsdversie")),
    _child("an empty xsdversie", "CREQ-24", "xsdversie", ""),
    _changed("wrong order", "CREQ-25", lambda message: _first(message, "xsdversie")),
    _child("an empty schooljaar", "CREQ-26", "schooljaar", ""),
    _child("quoted nothing", "CREQ-26", "schooljaar", '""'),
    # What it does next.
    _broken("hammering after a refusal", "NEXT-01", repeats=3, on="Client"),
    _broken("hammering after a failure of the service", "NEXT-02", repeats=2, on="Server.InterneFout"),
    _broken("hammering a service that is not available", "NEXT-03", repeats=3, on="Server.Tijdelijk"),
    _broken("hammering whatever comes", "NEXT-01 NEXT-02 NEXT-03", repeats=3),
    _broken("ignoring Retry-After", "NEXT-03", obeys=False),
    _broken("never says since when", "NEXT-04", moment=lambda _since, _time: None),
    _broken("a stale moment", "NEXT-05", moment=_first_one),
    _broken("the day of the moment only", "NEXT-05", moment=lambda since, _time: f"{since[:10]}T00:00:00+01:00"),
    _broken("the smallest moment of .NET", "NEXT-05", moment=lambda _since, _time: "0001-01-01T00:00:00"),
    _broken("the moment in UTC without its zone", "NEXT-05", moment=_utc_without_zone),
    _broken("a moment of next week", "NEXT-06", moment=_next_week),
]
"""The wrong callers; each one is right in everything else."""
RIGHT_CALLERS = [
    _broken("its own clock", "", moment=lambda _since, time: (time.clock() - timedelta(seconds=HOUR)).isoformat()),
    _broken("a moment in UTC with its zone", "", moment=lambda since, _time: f"{_utc_without_zone(since, _time)}Z"),
    _broken("one repeat after a fault", "NEXT-03", repeats=1),
    _broken("no dependancecode", "", change=lambda message: message.without("dependancecode")),
    _broken(
        "a schoolkey",
        "",
        change=lambda message: _by_schoolkey(message, "voorbeeld-21QW00"),
    ),
    _broken("version 2.3", "", change=lambda message: message.with_child("xsdversie", "2.3")),
    _broken("a set by name", "", change=lambda message: message.with_child("gegevenssetid", "smalle set")),
    _replaced(
        "mustUnderstand on the autorisatie", "", "<aut:autorisatie ", '<aut:autorisatie soap:mustUnderstand="1" '
    ),
    _replaced("a header that need not be understood", "", "</soap:Header>", '<x:y xmlns:x="urn:y"/></soap:Header>'),
    _headers("a charset in capitals", "", Content_Type='text/xml;charset="UTF-8"'),
    _headers("many more headers", "", User_Agent="x", Accept="*/*", Connection="TE, close", TE="deflate"),
]
"""Callers that may do what they do; one repeat is forgiven where no Retry-After asks to wait."""
