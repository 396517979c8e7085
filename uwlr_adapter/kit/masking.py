"""Exchanges as a report may show them, with nothing of a person and no secret in it, by construction.

Nothing is searched for and blotted out. A document is written anew from what is known to be harmless: names of elements
and attributes of the standard, a few values of closed form (a schooljaar, a version, a faultcode), and words of a list
of our own. Every other value becomes its name in angle quotes; keys and ECK-iDs get numbers, so that references can be
followed. A report can be published as it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from lxml import etree

from uwlr_adapter.contract import names, schemas
from uwlr_adapter.contract.leerresultaten.names import BRENG_LEERRESULTATEN, KNOWN_NAMES, LEERRESULTATEN, OSO
from uwlr_adapter.contract.xml import ANSWER, Limits, XmlError, parse
from uwlr_adapter.kit.reading import CODES, Reading, local

MAX_SHOWN = 6_000
"""Characters of a document that are shown (inclusive)."""
_SHOWN_OF_A_KIND = 3
"""Records of one kind under one parent that are shown (inclusive)."""
_PREFIX: Final = (
    "SOAP-ENV|SOAP|soapenv|soap|senv|env|wsse|xsi|xsd|xs|xml|autorisatie|auth|aut|uwlr|lg|lr|oso|tns"
    "|[a-zA-Z]|(?:ns|q|n)[0-9]{1,2}"
)
"""The prefixes that toolkits make; another one may be a name, and is shown as one of ours."""
_MAX_COPIED = 3_000
"""Elements of a document that are written anew (inclusive): far more than are shown, and little work."""
_CLOSED: Final[Mapping[str, re.Pattern[str]]] = {
    "schooljaar": re.compile(r"[0-9]{4}-[0-9]{4}"),
    "brincode": re.compile(r"[0-9]{2}[A-Z]{2}"),
    "dependancecode": re.compile(r"[0-9]{2}"),
    "xsdversie": re.compile(r"[0-9](?:\.[0-9]{1,2}){0,2}"),
    "jaargroep": re.compile(r"[BDSVCNH]|[0-9]{1,2}"),
    "rol": re.compile(r"[A-Z]{2,3}"),
    "faultcode": re.compile(rf"(?:{_PREFIX}:)?(?:{'|'.join(map(re.escape, CODES))})"),
    **dict.fromkeys(
        ("aanmaakdatum", "peildatum", "laatstontvangengegevens"),
        re.compile(
            r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
        ),
    ),
}
"""Elements whose value is shown when it has this form; none of them is about a person."""
_DATE_LIKE = re.compile(r"[\s]*[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}[0-9T:.,Zz+\s-]{0,30}")
_DIGIT = re.compile(r"[0-9]")
_NAMES = frozenset(
    {
        *schemas.KNOWN_NAMES,
        *KNOWN_NAMES,
        *(BRENG_LEERRESULTATEN.request, BRENG_LEERRESULTATEN.answer),
        *("Envelope", "Header", "Body", "Fault", "faultcode", "faultstring", "faultactor", "detail", "fout"),
        *("toevoegingen", "blok", "Code", "Reason", "Value", "Text"),
    }
)
_ATTRIBUTES = frozenset(
    {"key", "eckid", "mustUnderstand", "actor", "pad", "regel", "nil", "type", "encodingStyle", "lang"}
)
_NAMESPACES = frozenset(
    {
        *(names.SOAP11, names.LEERLINGGEGEVENS, names.AUTORISATIE, names.FAULT_DETAIL),
        *(LEERRESULTATEN, OSO),
        *("http://www.w3.org/2003/05/soap-envelope", "http://www.w3.org/2001/XMLSchema-instance"),
        *("http://www.w3.org/2001/XMLSchema", "http://schemas.xmlsoap.org/soap/encoding/"),
        "http://www.w3.org/XML/1998/namespace",
    }
)
_METHOD: Final = "GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE"
_HEADERS: Final[Mapping[str, re.Pattern[str]]] = {
    "content-type": re.compile(
        r"(?:text/(?:xml|html|plain)|application/(?:soap\+xml|xml|json|octet-stream))"
        r"(?:; ?charset=\"?(?:utf-8|utf-16|iso-8859-1|windows-1252|us-ascii)\"?)?",
        re.IGNORECASE,
    ),
    "content-length": re.compile(r"[0-9]{1,12}"),
    "content-encoding": re.compile(r"gzip|deflate|br|identity"),
    "transfer-encoding": re.compile(r"chunked"),
    "retry-after": re.compile(r"[0-9]{1,6}"),
    "allow": re.compile(rf"(?:{_METHOD})(?:, ?(?:{_METHOD})){{0,8}}"),
    "soapaction": re.compile(r"\"?[A-Za-z0-9:/._-]{0,120}\"?"),
    "expect": re.compile(r"100-continue"),
}
_SHOWN_ACTIONS = frozenset(
    {"", *(one.soap_action for one in names.OPERATIONS.values()), BRENG_LEERRESULTATEN.soap_action}
)
_WORD = re.compile(r"[A-Za-z]+")
_WORDS = frozenset(
    """
    aan actief al alleen als andere anders autorisatie autorisatiesleutel bekend beschikbaar bericht bij brincode code
    contact controleer dat de deze die dienst dit dubbel een element en er fout fouten geen geeft geldig gebruik header
    het hoort hoger in interne is kan klantcode klantidentificatie klantnaam klopt koppeling leerling leerlingen
    leerlinggegevens leeg leverancier maar meer met moet na naar niet nog of om onbekend ongeldig ongeldige ontbreekt op
    opnieuw opgetreden over per platform probeer school schooljaar sleutel soap staat systeem te tijdelijk toegang tot
    tussen uit van veld verificatiecode verplicht verplichte versie verzoek voldoet volledige voor waarde was wel worden
    wordt xml xsd xsdversie zijn
    access after again allowed an and are at authentication authorisation authorization be body by cannot client could
    empty encountered envelope error errors exception failed fault for found from has internal invalid is it key known
    later message method missing must no not null occurred of on operation or parse parsing please process processing
    reference request required schema schemas server service set support supported temporarily than the this to
    unauthorized unavailable understand understood unexpected unhandled unknown unsupported valid validation version
    while with wrong
    """.split()
)
"""The words that a text of an endpoint may be shown with; every other word of it is masked."""


_EMPTY = "(empty)"


@dataclass(frozen=True, slots=True)
class MaskedExchange:
    """One request and its response, as a report may show them."""

    request: str
    response: str
    status: int | None
    """The HTTP status; None when there was no response."""
    milliseconds: int


class Masker:
    """Writes what may be shown; equal keys get equal numbers within one run."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._left = 0
        """Elements of the present document that may still be written."""

    def exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, reading: Reading
    ) -> MaskedExchange:
        """Return a request with its response."""
        response = "\n".join([f"HTTP {reading.status}", *_headers(reading.reply.headers), "", self._response(reading)])
        milliseconds = round(1000 * reading.seconds)
        return MaskedExchange(self._request(method, url, headers, body), response, reading.status, milliseconds)

    def lost(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, cause: str) -> MaskedExchange:
        """Return a request that got no response; `cause` is a sentence of our own."""
        return MaskedExchange(self._request(method, url, headers, body), f"(no response: {cause})", None, 0)

    def _request(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> str:
        lines = [f"{method} {url}", *_headers(tuple(headers.items()))]
        return "\n".join([*lines, "", self.document(body)] if body else lines)

    def document(self, content: bytes, limits: Limits = ANSWER, charset: str | None = None) -> str:
        """Return a document as it may be shown: its shape, and the values that are known to be harmless.

        `charset` is that of the transport, if any. Nothing is shown of a document that breaks the limits.
        """
        try:
            return self.tree(parse(content, limits, charset)) if content else _EMPTY
        except XmlError as error:
            return _unread(content, error.reason)

    def _response(self, reading: Reading) -> str:
        """Return a response as it may be shown; it is parsed once, for the checks too."""
        if not reading.content:
            return _EMPTY
        return _unread(reading.content, reading.reason) if reading.root is None else self.tree(reading.root)

    def tree(self, root: etree._Element) -> str:
        """Return a parsed document as it may be shown."""
        self._left = _MAX_COPIED
        written = etree.tostring(self._copy(root), encoding="unicode", pretty_print=True)
        return written if len(written) <= MAX_SHOWN else f"{written[:MAX_SHOWN]}\n(cut here)"

    def _copy(self, element: etree._Element) -> etree._Element:
        """Return a harmless copy of an element and what is in it."""
        scope = {prefix: uri for prefix, uri in element.nsmap.items() if uri in _NAMESPACES and _is_prefix(prefix)}
        parent = element.getparent()
        declared = scope if parent is None else {key: uri for key, uri in scope.items() if parent.nsmap.get(key) != uri}
        copy = etree.Element(_tag(element), nsmap=declared or None)  # type: ignore[arg-type] # the stubs miss the default namespace
        name = local(element)
        for attribute, value in element.attrib.items():
            own = etree.QName(str(attribute))
            if own.localname in _ATTRIBUTES and own.namespace in {None, *_NAMESPACES}:
                copy.set(str(attribute), self._attribute(own.localname, str(value)))
            else:
                copy.set("unknown", "‹masked›")
        shown: dict[str, int] = {}
        for child in element:
            kind = _tag(child)
            shown[kind] = shown.get(kind, 0) + 1
            if shown[kind] <= _SHOWN_OF_A_KIND and self._left > 0:
                self._left -= 1
                copy.append(self._copy(child))
        for kind, number in shown.items():
            if number > _SHOWN_OF_A_KIND:
                copy.append(etree.Comment(f" and {number - _SHOWN_OF_A_KIND} more of {kind.rpartition('}')[2]} "))
        if element.text and (element.text.strip() or not len(element)):
            copy.text = self._text(name, element.text)
        return copy

    def _attribute(self, name: str, value: str) -> str:
        if name in {"key", "eckid"}:
            return self._numbered(name, value) if value else ""
        if name in {"mustUnderstand", "nil"} and value in {"0", "1", "true", "false"}:
            return value
        if name in {"pad", "regel"}:
            return shown_words(value)
        return "‹masked›"

    def _text(self, name: str, text: str) -> str:
        form = _CLOSED.get(name)
        if form is not None and form.fullmatch(text):
            return text
        if name in {"faultstring", "Text", "Reason"}:
            return shown_words(text)
        if _DATE_LIKE.fullmatch(text):
            return f"‹{_DIGIT.sub('9', text)}›"
        return f"‹{name if name in _NAMES else 'text'}›" if text.strip() else "‹white space›"

    def _numbered(self, name: str, value: str) -> str:
        number = self._numbers.setdefault((name, value), len(self._numbers) + 1)
        return f"‹{name} {number}›"


def shown_url(url: str) -> str:
    """Return an address without its query, user name and password, which may hold a secret."""
    try:
        parts = urlsplit(url)
        is_shown = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        is_shown = False
    if not is_shown:
        return "(no URL)"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _unread(content: bytes, reason: str | None) -> str:
    return f"({len(content)} bytes, not shown: {reason})"


def shown_words(text: str) -> str:
    """Return a text of an endpoint with only the words of a list; every other run of letters and digits is masked."""
    pieces = re.findall(r"[^\W_]+|[\s.,;:'’/()-]+|.", text[:500], re.DOTALL)
    return "".join(
        piece if piece.lower() in _WORDS or piece in _NAMES or re.fullmatch(r"[\s.,;:'’/()-]+", piece) else "▒"
        for piece in pieces
    ).replace("\n", " ")


def _headers(headers: tuple[tuple[str, str], ...]) -> list[str]:
    lines = []
    for name, value in headers:
        form = _HEADERS.get(name.lower())
        if form is not None:
            is_shown = form.fullmatch(value) and (name.lower() != "soapaction" or value.strip('"') in _SHOWN_ACTIONS)
            lines.append(f"{name}: {value if is_shown else '‹masked›'}")
    return lines


def _tag(element: etree._Element) -> str:
    """Return the name of an element as far as it is of the standard; another one is `unknown`."""
    name = etree.QName(element)
    own = name.localname if name.localname in _NAMES else "unknown"
    if name.namespace is None:
        return own
    return f"{{{name.namespace if name.namespace in _NAMESPACES else 'urn:x-unknown'}}}{own}"


def _is_prefix(prefix: str | None) -> bool:
    """Whether a prefix can be shown: one that toolkits make."""
    return prefix is None or re.fullmatch(_PREFIX, prefix) is not None
