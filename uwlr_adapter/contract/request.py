"""A request in two steps: `lees` takes the envelope apart, `keur` judges what the caller asks.

The gate stands between the two, so that a caller without access learns nothing about its message: `lees` finds who
calls (the autorisatie header) and for which school; only then does `keur` apply the XSD and the version.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

from lxml import etree

from uwlr_adapter.contract import names, repairs, schemas
from uwlr_adapter.contract.fault import (
    AutorisatieOngeldig,
    MustUnderstand,
    OngeldigBericht,
    VersionMismatch,
    XsdVersieOngeldig,
)
from uwlr_adapter.contract.getrapt import GroepReference
from uwlr_adapter.contract.repairs import XML_SPACE
from uwlr_adapter.contract.schemas import Finding
from uwlr_adapter.contract.xml import MESSAGE, XmlError, parse

if TYPE_CHECKING:
    from uwlr_adapter.contract.dataset import GroepSoort

_NEXT_ACTOR = "http://schemas.xmlsoap.org/soap/actor/next"
_ENVELOPE = f"{{{names.SOAP11}}}Envelope"
_HEADER = f"{{{names.AUTORISATIE}}}autorisatie"
_HEADER_TAGS = {naam: f"{{{names.AUTORISATIE}}}{naam}" for naam in names.AUTORISATIE_PARTS}
_TAG = {naam: f"{{{names.LEERLINGGEGEVENS}}}{naam}" for naam in names.VERZOEK_ELEMENTS}
_SCHOOL_TAGS = tuple(_TAG[naam] for naam in ("brincode", "dependancecode", "schoolkey"))
_SCHOOLKEY_MAX = 256
_BRINCODE_LENGTH = 4
_PLAIN_BRINCODE = re.compile("[0-9]{2}[A-Z]{2}")
"""The brincodes that there are; the standard lets in more letters and digits than these."""


@dataclass(frozen=True, slots=True)
class Autorisatie:
    """The header of a call; no part of it is ever shown."""

    autorisatiesleutel: str = field(repr=False)
    klantcode: str = field(repr=False)
    klantnaam: str = field(repr=False)


class SchoolReference(NamedTuple):
    """The school that a body names: a brincode with its dependancecode (`00` when absent), or a schoolkey."""

    brincode: str | None
    dependancecode: str
    schoolkey: str | None

    @property
    def brin6(self) -> str | None:
        """Brincode and dependancecode in one, such as `21QW00`; None when a schoolkey is all there is."""
        return None if self.brincode is None else self.brincode + self.dependancecode


Children: TypeAlias = list[tuple[str, str | None]]
"""The children of an element: the tag and the text of each."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is well-formed and carries an autorisatie; not yet judged. `school` is None when none is named.

    `herstel` holds the ids of the repairs that were needed; a strict reading (`streng`) does none.
    """

    operation: names.Operation
    autorisatie: Autorisatie
    school: SchoolReference | None
    repairs: tuple[str, ...]
    strict: bool
    header: etree._Element = field(repr=False)
    body: etree._Element = field(repr=False)
    message: bytes = field(repr=False)
    charset: str | None
    children: "Children" = field(repr=False)

    def named(self, naam: str) -> str:
        """Give the text of the first child of that name in the body, which nobody has judged; empty when absent."""
        return next((text or "" for tag, text in self.children if tag == _TAG[naam]), "")


class Verzoek(NamedTuple):
    """A valid request. `laatstontvangengegevens` is the xs:dateTime as it was sent."""

    operation: names.Operation
    schooljaar: str
    xsdversie: str
    gegevenssetid: str | None
    laatstontvangengegevens: str | None
    groepen: tuple[GroepReference, ...]
    repairs: tuple[str, ...]


def read(data: bytes, charset: str | None = None, *, strict: bool = False) -> Call:
    """Take a message apart; `charset` is that of the transport, if any.

    Raises, in this order: OngeldigBericht (no XML of ours, no envelope, no single body element, unknown operation),
    VersionMismatch, MustUnderstand, AutorisatieOngeldig (header absent, doubled, or with a part absent, doubled or
    empty).
    """
    try:
        root = parse(data, MESSAGE, charset)
    except XmlError:
        raise OngeldigBericht from None
    header, body = _unwrap(root)
    operatie = names.OPERATIONS.get(str(body.tag))
    if operatie is None:
        raise OngeldigBericht
    if root.tag != _ENVELOPE:
        raise VersionMismatch
    kop_elementen = [] if header is None else list(header)
    if any(_must_understand(element) for element in kop_elementen):
        raise MustUnderstand
    headers = [element for element in kop_elementen if element.tag == _HEADER]
    if len(headers) != 1:
        raise AutorisatieOngeldig
    kop = headers[0]
    for naam in map(str, kop.keys()):  # a copy: mustUnderstand, actor and encodingStyle are SOAP's, not the header's
        if naam.startswith(f"{{{names.SOAP11}}}"):
            del kop.attrib[naam]
    needed: tuple[str, ...] = ()
    if not strict and not repairs.needs_none(kop, body):
        steps = (
            *repairs.apply_repairs(kop, repairs.HEADER_REPAIRS),
            *repairs.apply_repairs(body, repairs.BODY_REPAIRS),
        )
        needed = tuple(dict.fromkeys(steps))
    children = _children(body)
    return Call(operatie, _autorisatie(kop), _school(children), needed, strict, kop, body, data, charset, children)


def reread_strictly(call: Call) -> Call:
    """Give the same call without repairs; raises as `lees` does."""
    return read(call.message, call.charset, strict=True)


def judge(call: Call, schooljaar: str) -> Verzoek:
    """Judge a call by the XSD and by its version; `schooljaar` is that of today, for a caller who leaves it empty.

    Raises OngeldigBericht or XsdVersieOngeldig.
    """
    needed = call.repairs
    if not call.strict:
        needed += repairs.apply_repairs(call.body, (repairs.SCHOOLJAAR_REPAIR,), schooljaar)
    repairs.fold(call.body)
    if schemas.AUTORISATIE.findings(call.header):
        raise OngeldigBericht
    if findings := schemas.REQUEST.findings(call.body):
        raise OngeldigBericht(findings[0])
    values = {child.tag: child.text or "" for child in call.body}  # by the XSD each is there once at most
    verzoek = Verzoek(
        operation=call.operation,
        schooljaar=values[_TAG["schooljaar"]],
        xsdversie=values[_TAG["xsdversie"]],
        gegevenssetid=values.get(_TAG["gegevenssetid"]),
        laatstontvangengegevens=values.get(_TAG["laatstontvangengegevens"]),
        groepen=_groepen(call.body) if _TAG["groepen"] in values else (),
        repairs=needed,
    )
    if verzoek.xsdversie not in schemas.ANSWER:
        raise XsdVersieOngeldig(Finding(f"{call.operation.request}/xsdversie", "versie"))
    return verzoek


def _groepen(body: etree._Element) -> tuple[GroepReference, ...]:
    (container,) = (child for child in body if child.tag == _TAG["groepen"])
    return tuple(
        GroepReference(cast("GroepSoort", etree.QName(found).localname), found.get("key")) for found in container
    )


def _unwrap(root: etree._Element) -> tuple[etree._Element | None, etree._Element]:
    """Give the Header, if any, and the one element in the Body of an envelope of any SOAP version."""
    space, _, naam = str(root.tag).rpartition("}")
    if naam != "Envelope":
        raise OngeldigBericht
    space += "}" if space else ""
    parts = list(root)
    header = parts.pop(0) if parts and parts[0].tag == f"{space}Header" else None
    if len(parts) != 1 or parts[0].tag != f"{space}Body" or len(parts[0]) != 1:
        raise OngeldigBericht
    body = parts[0]
    if any(_has_text(element) for element in (root, header, body) if element is not None):
        raise OngeldigBericht
    return header, body[0]


def _has_text(element: etree._Element) -> bool:
    """Whether there is text between the children of an element."""
    return any(text and text.strip(XML_SPACE) for text in (element.text, *(child.tail for child in element)))


def _must_understand(element: etree._Element) -> bool:
    """Whether a header must be understood by us and is not ours (SOAP 1.1, 4.2.2 and 4.2.3)."""
    asked = element.get(f"{{{names.SOAP11}}}mustUnderstand", "").strip(XML_SPACE) in {"1", "true"}
    for_us = element.get(f"{{{names.SOAP11}}}actor", "") in {"", _NEXT_ACTOR}
    return asked and for_us and element.tag != _HEADER


def _autorisatie(header: etree._Element) -> Autorisatie:
    parts, children = {}, _children(header)
    for naam, own in _HEADER_TAGS.items():
        found = [text for tag, text in children if tag == own]
        if len(found) != 1 or not found[0]:
            raise AutorisatieOngeldig
        parts[naam] = found[0]
    return Autorisatie(**parts)


def _children(element: etree._Element) -> Children:
    return [(child.tag, child.text) for child in element]


def _school(children: Children) -> SchoolReference | None:
    """Give the school that a body names, in the right form; a brincode goes before a schoolkey."""
    brincodes, dependancecodes, schoolkeys = (
        [text or "" for tag, text in children if tag == own] for own in _SCHOOL_TAGS
    )
    if brincodes:
        brincode, dependancecode = brincodes[0], (dependancecodes or [""])[0] or "00"
        good = len(brincodes) == 1 and len(dependancecodes) <= 1
        if good and _is_brincode(brincode) and _is_dependancecode(dependancecode):
            return SchoolReference(brincode, dependancecode, None)
    elif len(schoolkeys) == 1 and 1 <= len(schoolkeys[0]) <= _SCHOOLKEY_MAX:
        return SchoolReference(None, "00", schoolkeys[0])
    return None


def _is_brincode(text: str) -> bool:
    return _PLAIN_BRINCODE.fullmatch(text) is not None or (
        len(text) == _BRINCODE_LENGTH
        and text[:2].isdecimal()
        and all(unicodedata.category(letter) == "Lu" for letter in text[2:])
    )


def _is_dependancecode(text: str) -> bool:
    return len(text) == len("00") and text.isdecimal()
