"""Make the requests that are recorded: what clients send, well and badly."""

import codecs
import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from recordings.house import CODES, KLANTCODES, MOMENT, SCHOOLJAAR
from recordings.wire import ENDPOINT, XML, Request

Named = tuple[str, Request]
CORPUS = Path(__file__).parents[1] / "data" / "verzoeken"
LG = "http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens"
AUT = "http://www.edustandaard.nl/leerresultaten/2/autorisatie"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
SNAPPET = "21QW00 snappet"
OPERATIONS = ("leerlinggegevens", "structuur", "leerlingen", "leerkrachten")
VERSIONS = ("2.1", "2.2", "2.3")
PROFILES = {"snappet": "Snappet", "toetsbouwer": "Toetsbouwer", "alleslezer": "Alleslezer"}
"""The klantnaam by the id of its koppeling, one for each profile."""
ANSWERED = ("60GH00", "70JK00")
"""Vestigingen with a koppeling of each profile: all elements there are, and a CSV set with periods."""


def header(sleutel: str = CODES[SNAPPET], klantcode: str | None = None, klantnaam: str = "Snappet") -> str:
    """Return an autorisatie; an empty text leaves its part out."""
    code = KLANTCODES.get(klantnaam, "onbekend") if klantcode is None else klantcode
    parts = (("autorisatiesleutel", sleutel), ("klantcode", code), ("klantnaam", klantnaam))
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in parts if value)
    return f'<autorisatie xmlns="{AUT}">{inner}</autorisatie>'


def school(brin6: str) -> str:
    """Return the elements that name a vestiging."""
    return f"<brincode>{brin6[:4]}</brincode><dependancecode>{brin6[4:]}</dependancecode>"


def body(
    operation: str = "leerlinggegevens",
    *,
    jaar: str = SCHOOLJAAR,
    where: str | None = None,
    versie: str = "2.2",
    rest: str = "",
) -> str:
    """Return a request element; without `where` that of 21QW00."""
    named = school("21QW00") if where is None else where
    inner = f"<schooljaar>{jaar}</schooljaar>{named}<xsdversie>{versie}</xsdversie>{rest}"
    return f'<{operation}_verzoek xmlns="{LG}">{inner}</{operation}_verzoek>'


def envelope(inner: str | None = None, kop: str | None = None, soap: str = SOAP11) -> bytes:
    """Return a whole message; without arguments one that is answered with data."""
    kop = header() if kop is None else kop
    inner = body() if inner is None else inner
    return f'<e:Envelope xmlns:e="{soap}"><e:Header>{kop}</e:Header><e:Body>{inner}</e:Body></e:Envelope>'.encode()


def corpus() -> Iterator[Named]:
    """Return every request of the corpus, as its client sends it."""
    values = {
        "SLEUTEL": CODES[SNAPPET],
        "KLANTCODE": KLANTCODES["Snappet"],
        "SCHOOLJAAR": SCHOOLJAAR,
        "START": SCHOOLJAAR[:4],
        **{f"KLANTCODE {klantnaam}": code for klantnaam, code in KLANTCODES.items()},
    }
    with (CORPUS / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        _, *lines = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    for name, *_ in lines:
        content = (CORPUS / name).read_bytes()
        for key, value in values.items():
            content = content.replace(f"{{{key}}}".encode(), value.encode())
        yield name, parse(content)


def parse(content: bytes) -> Request:
    """Return a request from a file that has it as it goes over the wire."""
    head, _, message = content.replace(b"\r\n", b"\n").partition(b"\n\n")
    first, *lines = head.decode("ascii").split("\n")
    method, path, protocol = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Request(
        message,
        method,
        path,
        content_type=headers.pop("content-type", None),
        length=headers.pop("content-length", ""),
        headers=headers,
        protocol=protocol,
    )


def matrix() -> Iterator[Named]:
    """Return requests for every version, profile, operation and outcome that is an answer."""
    for brin6 in ANSWERED:
        for aanbod, klantnaam in PROFILES.items():
            kop = header(CODES[f"{brin6} {aanbod}"], klantnaam=klantnaam)
            for versie in VERSIONS:
                for operation in OPERATIONS:
                    base = f"{brin6} {aanbod} {versie} {operation}"
                    for name, jaar, rest in _variants(operation, brin6, full=versie != "2.1"):
                        inner = body(operation, jaar=jaar, where=school(brin6), versie=versie, rest=rest)
                        yield f"{base} {name}", Request(envelope(inner, kop))
    for operation in OPERATIONS:
        rest = '<groepen><groep key="2026-3"/></groepen>' if operation in {"leerlingen", "leerkrachten"} else ""
        inner = body(operation, versie="2.3", rest=rest)
        yield f"21QW00 snappet 2.3 {operation}", Request(envelope(inner))
    for name, where, code, key in (
        ("one of each", school("30AB00"), CODES["30AB00 snappet"], "g"),
        ("no records", school("50EF00"), CODES["50EF00 snappet"], "g"),
        ("schoolkey", "<schoolkey>rijke-school</schoolkey>", CODES["60GH00 snappet"], "g3"),
    ):
        for operation in OPERATIONS:
            rest = f'<groepen><groep key="{key}"/></groepen>' if operation in {"leerlingen", "leerkrachten"} else ""
            yield f"{name} {operation}", Request(envelope(body(operation, where=where, rest=rest), header(code)))
    rotated = header(CODES["60GH00 alleslezer"], KLANTCODES["Alleslezer nieuw"], "Alleslezer")
    yield "rotated klantcode", Request(envelope(body(where=school("60GH00")), rotated))


def _variants(operation: str, brin6: str, *, full: bool) -> Iterator[tuple[str, str, str]]:
    """Return the name, the schooljaar and the last elements of each way to ask."""
    first, plus = ("g3", "p") if brin6 == "60GH00" else ("g26-4", "g26-p")
    per_groep = operation in {"leerlingen", "leerkrachten"}
    two = f'<groepen><groep key="{first}"/><samengestelde_groep key="{plus}"/></groepen>' if per_groep else ""
    yield "plain", SCHOOLJAAR, two
    yield "year before", "2025-2026", two
    if not full:
        return
    yield "no such year", "2030-2031", two
    for profile in ("Smalle Set PO", "LVS-set", "volledig", "iets anders"):
        yield f"set {profile}", SCHOOLJAAR, f"<gegevenssetid>{profile}</gegevenssetid>{two}"
    for name, moment in (
        ("month before", MOMENT - timedelta(days=30)),
        ("minute after", MOMENT + timedelta(minutes=1)),
        ("hour after", MOMENT + timedelta(hours=1)),
    ):
        yield f"since {name}", SCHOOLJAAR, f"{_since(moment)}{two}"
    if per_groep:
        for name, keys in (
            ("one groep", f'<groep key="{first}"/>'),
            ("unknown groep", '<groep key="is er niet"/>'),
            ("a groep of the wrong kind", f'<groep key="{plus}"/>'),
            ("no groep", '<groep key=""/>'),
        ):
            yield name, SCHOOLJAAR, f"<groepen>{keys}</groepen>"
        yield "groepen not named", SCHOOLJAAR, ""


def _since(moment: datetime) -> str:
    return f"<laatstontvangengegevens>{moment.isoformat()}</laatstontvangengegevens>"


def faults() -> Iterator[Named]:
    """Return requests that get each fault, for each operation, alone and two at once."""
    must = '<x xmlns="urn:x" e:mustUnderstand="1"/>'
    kop = header()
    wrong: dict[str, tuple[str | None, str, str]] = {
        "no header": ("", "", SOAP11),
        "two headers": (kop * 2, "", SOAP11),
        "no sleutel": (header(""), "", SOAP11),
        "unknown klantnaam": (header(klantnaam="Onbekend"), "", SOAP11),
        "wrong klantcode": (header(klantcode="onjuist"), "", SOAP11),
        "disabled": (header(klantnaam="Gestopt"), "", SOAP11),
        "wrong sleutel": (header("21QW00een-andere-code"), "", SOAP11),
        "of another afnemer": (header(klantnaam="Toetsbouwer"), "", SOAP11),
        "paused": (header(CODES["21QW00 basispoort"], klantnaam="Basispoort"), "", SOAP11),
        "ended": (header(CODES["21QW00 uwlr-4d"], klantnaam="UWLR-4D"), "", SOAP11),
        "must understand": (kop + must, "", SOAP11),
        "soap 1.2": (None, "", SOAP12),
        "unknown element": (None, "<onbekend/>", SOAP11),
        "second year": (None, f"<schooljaar>{SCHOOLJAAR}</schooljaar>", SOAP11),
        "no moment": (None, "<laatstontvangengegevens>gisteren</laatstontvangengegevens>", SOAP11),
    }
    elements = {
        "version": {"versie": "9.9"},
        "long version": {"versie": "2" * 40},
        "year": {"jaar": "2026"},
        "years apart": {"jaar": "2026-2028"},
        "no school": {"where": ""},
        "brincode": {"where": school("21qw00")},
        "dependancecode": {"where": "<brincode>21QW</brincode><dependancecode>1</dependancecode>"},
        "unknown school": {"where": school("99XX00")},
        "unknown schoolkey": {"where": "<schoolkey>bestaat-niet</schoolkey>"},
        "school of another": {"where": school("21QW01")},
    }
    for operation in OPERATIONS:
        for name, (given, rest, soap) in wrong.items():
            yield f"{operation}: {name}", Request(envelope(body(operation, rest=rest), given, soap))
        for name, changes in elements.items():
            yield f"{operation}: {name}", Request(envelope(body(operation, **changes)))
    for name, (given, rest, soap) in wrong.items():
        for other, changes in elements.items():
            yield f"both: {name}, {other}", Request(envelope(body(rest=rest, **changes), given, soap))
    later = header(CODES["50EF00 uwlr-4d"], klantnaam="UWLR-4D")
    yield "not yet started", Request(envelope(body(where=school("50EF00")), later))
    strict = header(CODES["60GH00 toetsbouwer"] + " ", klantnaam="Toetsbouwer")
    yield "strict afnemer", Request(envelope(body(where=school("60GH00")), strict))
    for name, message in _no_messages().items():
        yield f"no message: {name}", Request(message)


def _no_messages() -> dict[str, bytes]:
    inner = f'<e:Envelope xmlns:e="{SOAP11}">{{}}</e:Envelope>'
    return {
        "empty": b"",
        "text": b"geen xml",
        "cut off": envelope()[:-1],
        "document type": b"<!DOCTYPE x>" + envelope(),
        "instruction": b"<?pi?>" + envelope(),
        "letter": b"<brief/>",
        "no body": inner.format("").encode(),
        "two bodies": inner.format(f"<e:Body>{body()}</e:Body>" * 2).encode(),
        "nothing asked": envelope(""),
        "two asked": envelope(body() + body()),
        "unknown operation": envelope(f'<haal_alles xmlns="{LG}"/>'),
        "other namespace": envelope(body().replace("/2/leerlinggegevens", "/1/leerlinggegevens")),
        "deep": envelope("<a>" * 200 + "</a>" * 200),
        "control character": envelope(body(rest="<gegevenssetid>&#1;</gegevenssetid>")),
        "entity": envelope(body(rest="<gegevenssetid>&x;</gegevenssetid>")),
    }


PATHS = (
    *("/", "", "/uwlr", "/uwlr/", ENDPOINT, f"{ENDPOINT}/", f"{ENDPOINT}/x", f"/{ENDPOINT}", ENDPOINT.upper()),
    *("/healthz", "/readyz", "/metrics", "/healthz/", "/koppelingen", "/koppelingen/", "/koppelingenx", "/favicon.ico"),
    *("/robots.txt", "/static/x", "/é", "/koppelingen/static/geen.css", "/koppelingen//x", "/koppelingen/inloggen/"),
)
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "ANDERS")


def paths() -> Iterator[Named]:
    """Return each method on each path, with and without a query for the WSDL."""
    for path in PATHS:
        for method in METHODS:
            if path == "/metrics" and method == "GET":
                continue  # its values differ; its names stand in a recording of their own
            yield f"{method} {path or '(empty)'}", Request(method=method, path=path, content_type=None)
    for query in ("wsdl", "WSDL", "wsdl=", "wsdl=1", "x&wsdl", "wsdl&x", "xwsdl", "singleWsdl", "xsd=1", "wsdl#"):
        for method in ("GET", "HEAD", "POST", "PUT"):
            yield f"{method} ?{query}", Request(method=method, query=query, content_type=None)
    yield "metrics of elsewhere", Request(method="GET", path="/metrics", content_type=None)
    behind = {"X-Forwarded-For": "203.0.113.7"}
    proxied = Request(method="GET", path="/metrics", content_type=None, headers=behind, address="127.0.0.1")
    yield "metrics behind a proxy", proxied


def manners() -> Iterator[Named]:
    """Return requests with each manner of HTTP that clients have, good and bad."""
    message = envelope()
    types = (
        *(None, "", "text/xml", "TEXT/XML; charset=UTF-8", "application/xml", "application/soap+xml", "text/xmlx"),
        *("application/soap+xml; charset=utf-8; action=x", "application/json", "text/plain", "multipart/related"),
        *(
            "application/x-www-form-urlencoded",
            "text/xml;",
            "text/xml; charset=",
            'text/xml; charset="utf-8"',
            " text/xml",
        ),
    )
    for kind in types:
        yield f"type {kind}", Request(message, content_type=kind)
    for length in (None, "0", "1", str(len(message) - 1), str(len(message) + 1), "65536", "65537", "9" * 18, "9" * 19):
        yield f"length {length}", Request(message, length=length)
    for length in ("-1", "abc", "1e3", "١", " 5", "+5", "0x5", "00000000000000000005"):
        yield f"length {length}", Request(message, length=length)
    largest = message + b" " * (64 * 1024 - len(message))
    yield "largest", Request(largest)
    yield "too large", Request(largest + b" ")
    chunked = {"Transfer-Encoding": "chunked"}
    yield "largest in chunks", Request(largest, length=None, headers=chunked)
    yield "too large in chunks", Request(largest + b" ", length=None, headers=chunked)
    yield "cut off in chunks", Request(message[:-20], length=None, headers=chunked)
    for accept in (
        *("gzip", "GZIP", "x-gzip", "*", "identity", "deflate", "br", "", "gzip;q=0", "gzip;q=1.0", "gzip;q=0.001"),
        *("*;q=0", "gzip, *;q=0", "gzip;q=0, *", "identity;q=1, gzip;q=0.5", "gzip;q=0.5, identity;q=0.5"),
        *("deflate, gzip;q=1.0, *;q=0.5", "gzip;q=2", "gzip;q=x", "gzip ; q=1", "gzip;level=9", "gzip,gzip;q=0"),
    ):
        yield f"accept {accept}", Request(message, headers={"Accept-Encoding": accept})
        wrong = envelope(kop=header("21QW00een-andere-code"))
        if accept in {"gzip", "*"}:
            yield f"accept {accept} of a fault", Request(wrong, headers={"Accept-Encoding": accept})
            unchanged = envelope(body(rest=_since(MOMENT + timedelta(hours=1))))
            yield f"accept {accept} of nothing new", Request(unchanged, headers={"Accept-Encoding": accept})
    for action in (None, '""', "", '"HaalLeerlinggegevens"', "HaalLeerlinggegevens", '"BrengLeerresultaten"', '"x'):
        yield f"action {action}", Request(message, headers={} if action is None else {"SOAPAction": action})
    for given in ("8c4f7a52-4d0d-4a0e-9d6b-0c6d6f2b7f11", "8C4F7A52-4D0D-4A0E-9D6B-0C6D6F2B7F11", "kort", "<x>", ""):
        yield f"request id {given}", Request(message, headers={"X-Request-ID": given})
    for protocol in ("HTTP/1.0", "HTTP/2"):
        yield f"protocol {protocol}", Request(message, protocol=protocol)
    for name, value in (
        ("Connection", "close"),
        ("Expect", "100-continue"),
        ("Content-Encoding", "gzip"),
        ("Range", "bytes=0-9"),
        ("If-Modified-Since", "Wed, 25 Nov 2026 09:30:00 GMT"),
        ("Origin", "https://elders.example"),
    ):
        yield f"header {name}", Request(message, headers={name: value})
    yield from _codings()


def _written(declared: str | None, mark: str) -> str:
    declaration = "" if declared is None else f'<?xml version="1.0" encoding="{declared}"?>'
    return declaration + envelope(body(rest=f"<gegevenssetid>{mark}</gegevenssetid>")).decode()


def _codings() -> Iterator[Named]:
    for kind in (
        *("text/xml", XML, "text/xml; charset=iso-8859-1"),
        "text/xml; charset=utf-16",
        "text/xml; charset=us-ascii",
        "text/xml; charset=windows-1252",
        "text/xml; charset=wartaal",
        "text/xml; charset=base64",
        "text/xml; charset=utf-16le",
    ):
        for declared in (None, "utf-8", "ISO-8859-1", "UTF-16", "wartaal"):
            for codec in ("utf-8", "utf-8-sig", "latin-1", "utf-16-le", "utf-16-be", "utf-16 marked"):
                marked = codec == "utf-16 marked"
                text = _written(declared, "één").encode("utf-16-le" if marked else codec)
                yield (
                    f"coding {kind} {declared} {codec}",
                    Request((codecs.BOM_UTF16_LE if marked else b"") + text, content_type=kind),
                )
