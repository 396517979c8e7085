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
from uwlr_adapter.contract.getrapt import GroepVraag
from uwlr_adapter.contract.repairs import XML_SPACE
from uwlr_adapter.contract.schemas import Bevinding
from uwlr_adapter.contract.xml import BERICHT, XmlFout, parse

if TYPE_CHECKING:
    from uwlr_adapter.contract.dataset import GroepSoort

_NEXT_ACTOR = "http://schemas.xmlsoap.org/soap/actor/next"
_ENVELOPE = f"{{{names.SOAP11}}}Envelope"
_KOP = f"{{{names.AUTORISATIE}}}autorisatie"
_KOP_TAGS = {naam: f"{{{names.AUTORISATIE}}}{naam}" for naam in names.AUTORISATIE_DELEN}
_TAG = {naam: f"{{{names.LEERLINGGEGEVENS}}}{naam}" for naam in names.VERZOEK_ELEMENTEN}
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


class SchoolVerwijzing(NamedTuple):
    """The school that a body names: a brincode with its dependancecode (`00` when absent), or a schoolkey."""

    brincode: str | None
    dependancecode: str
    schoolkey: str | None

    @property
    def brin6(self) -> str | None:
        """Brincode and dependancecode in one, such as `21QW00`; None when a schoolkey is all there is."""
        return None if self.brincode is None else self.brincode + self.dependancecode


Delen: TypeAlias = list[tuple[str, str | None]]
"""The children of an element: the tag and the text of each."""


@dataclass(frozen=True, slots=True)
class Aanroep:
    """A call that is well-formed and carries an autorisatie; not yet judged. `school` is None when none is named.

    `herstel` holds the ids of the repairs that were needed; a strict reading (`streng`) does none.
    """

    operatie: names.Operatie
    autorisatie: Autorisatie
    school: SchoolVerwijzing | None
    herstel: tuple[str, ...]
    streng: bool
    kop: etree._Element = field(repr=False)
    inhoud: etree._Element = field(repr=False)
    bericht: bytes = field(repr=False)
    charset: str | None
    delen: "Delen" = field(repr=False)

    def genoemd(self, naam: str) -> str:
        """Give the text of the first child of that name in the body, which nobody has judged; empty when absent."""
        return next((text or "" for tag, text in self.delen if tag == _TAG[naam]), "")


class Verzoek(NamedTuple):
    """A valid request. `laatstontvangengegevens` is the xs:dateTime as it was sent."""

    operatie: names.Operatie
    schooljaar: str
    xsdversie: str
    gegevenssetid: str | None
    laatstontvangengegevens: str | None
    groepen: tuple[GroepVraag, ...]
    herstel: tuple[str, ...]


def lees(data: bytes, charset: str | None = None, *, streng: bool = False) -> Aanroep:
    """Take a message apart; `charset` is that of the transport, if any.

    Raises, in this order: OngeldigBericht (no XML of ours, no envelope, no single body element, unknown operation),
    VersionMismatch, MustUnderstand, AutorisatieOngeldig (header absent, doubled, or with a part absent, doubled or
    empty).
    """
    try:
        root = parse(data, BERICHT, charset)
    except XmlFout:
        raise OngeldigBericht from None
    header, inhoud = _unwrap(root)
    operatie = names.OPERATIES.get(str(inhoud.tag))
    if operatie is None:
        raise OngeldigBericht
    if root.tag != _ENVELOPE:
        raise VersionMismatch
    kop_elementen = [] if header is None else list(header)
    if any(_must_understand(element) for element in kop_elementen):
        raise MustUnderstand
    koppen = [element for element in kop_elementen if element.tag == _KOP]
    if len(koppen) != 1:
        raise AutorisatieOngeldig
    kop = koppen[0]
    for naam in map(str, kop.keys()):  # a copy: mustUnderstand, actor and encodingStyle are SOAP's, not the header's
        if naam.startswith(f"{{{names.SOAP11}}}"):
            del kop.attrib[naam]
    needed: tuple[str, ...] = ()
    if not streng and not repairs.needs_none(kop, inhoud):
        steps = (*repairs.repair(kop, repairs.KOP), *repairs.repair(inhoud, repairs.INHOUD))
        needed = tuple(dict.fromkeys(steps))
    delen = _delen(inhoud)
    return Aanroep(operatie, _autorisatie(kop), _school(delen), needed, streng, kop, inhoud, data, charset, delen)


def reread_strictly(aanroep: Aanroep) -> Aanroep:
    """Give the same call without repairs; raises as `lees` does."""
    return lees(aanroep.bericht, aanroep.charset, streng=True)


def keur(aanroep: Aanroep, schooljaar: str) -> Verzoek:
    """Judge a call by the XSD and by its version; `schooljaar` is that of today, for a caller who leaves it empty.

    Raises OngeldigBericht or XsdVersieOngeldig.
    """
    needed = aanroep.herstel
    if not aanroep.streng:
        needed += repairs.repair(aanroep.inhoud, (repairs.SCHOOLJAAR,), schooljaar)
    repairs.fold(aanroep.inhoud)
    if schemas.AUTORISATIE.findings(aanroep.kop):
        raise OngeldigBericht
    if findings := schemas.VERZOEK.findings(aanroep.inhoud):
        raise OngeldigBericht(findings[0])
    waarden = {child.tag: child.text or "" for child in aanroep.inhoud}  # by the XSD each is there once at most
    verzoek = Verzoek(
        operatie=aanroep.operatie,
        schooljaar=waarden[_TAG["schooljaar"]],
        xsdversie=waarden[_TAG["xsdversie"]],
        gegevenssetid=waarden.get(_TAG["gegevenssetid"]),
        laatstontvangengegevens=waarden.get(_TAG["laatstontvangengegevens"]),
        groepen=_groepen(aanroep.inhoud) if _TAG["groepen"] in waarden else (),
        herstel=needed,
    )
    if verzoek.xsdversie not in schemas.ANTWOORD:
        raise XsdVersieOngeldig(Bevinding(f"{aanroep.operatie.verzoek}/xsdversie", "versie"))
    return verzoek


def _groepen(inhoud: etree._Element) -> tuple[GroepVraag, ...]:
    (bak,) = (child for child in inhoud if child.tag == _TAG["groepen"])
    return tuple(GroepVraag(cast("GroepSoort", etree.QName(found).localname), found.get("key")) for found in bak)


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
    return asked and for_us and element.tag != _KOP


def _autorisatie(kop: etree._Element) -> Autorisatie:
    parts, delen = {}, _delen(kop)
    for naam, own in _KOP_TAGS.items():
        found = [text for tag, text in delen if tag == own]
        if len(found) != 1 or not found[0]:
            raise AutorisatieOngeldig
        parts[naam] = found[0]
    return Autorisatie(**parts)


def _delen(element: etree._Element) -> Delen:
    return [(child.tag, child.text) for child in element]


def _school(delen: Delen) -> SchoolVerwijzing | None:
    """Give the school that a body names, in the right form; a brincode goes before a schoolkey."""
    brincodes, dependancecodes, schoolkeys = ([text or "" for tag, text in delen if tag == own] for own in _SCHOOL_TAGS)
    if brincodes:
        brincode, dependancecode = brincodes[0], (dependancecodes or [""])[0] or "00"
        good = len(brincodes) == 1 and len(dependancecodes) <= 1
        if good and _is_brincode(brincode) and _is_dependancecode(dependancecode):
            return SchoolVerwijzing(brincode, dependancecode, None)
    elif len(schoolkeys) == 1 and 1 <= len(schoolkeys[0]) <= _SCHOOLKEY_MAX:
        return SchoolVerwijzing(None, "00", schoolkeys[0])
    return None


def _is_brincode(text: str) -> bool:
    return _PLAIN_BRINCODE.fullmatch(text) is not None or (
        len(text) == _BRINCODE_LENGTH
        and text[:2].isdecimal()
        and all(unicodedata.category(letter) == "Lu" for letter in text[2:])
    )


def _is_dependancecode(text: str) -> bool:
    return len(text) == len("00") and text.isdecimal()
