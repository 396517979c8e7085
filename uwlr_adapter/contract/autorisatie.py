"""The autorisatie header of a call: found in the SOAP header, and its three parts read."""

from dataclasses import dataclass, field

from lxml import etree

from uwlr_adapter.contract import names
from uwlr_adapter.contract.fault import AutorisatieOnvolledig, MustUnderstand
from uwlr_adapter.contract.repairs import XML_SPACE
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding

_NEXT_ACTOR = "http://schemas.xmlsoap.org/soap/actor/next"
_HEADER = f"{{{names.AUTORISATIE}}}autorisatie"
_WS_SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_WS_ADDRESSING = "http://www.w3.org/2005/08/addressing"
_ADDRESSING = ("Action", "To", "From", "ReplyTo", "FaultTo", "MessageID", "RelatesTo")
_KNOWN_HEADERS = {f"{{{_WS_SECURITY}}}Security": "Security"} | {
    f"{{{_WS_ADDRESSING}}}{one}": one for one in _ADDRESSING
}
"""The headers that toolkits add by themselves, which a fault may name; of another one it says the place."""
_PART_TAGS = {name: f"{{{names.AUTORISATIE}}}{name}" for name in names.AUTORISATIE_PARTS}


@dataclass(frozen=True, slots=True)
class Autorisatie:
    """The parts of the header; none of them is ever shown."""

    autorisatiesleutel: str = field(repr=False)
    klantcode: str = field(repr=False)
    klantnaam: str = field(repr=False)


def find_header(soap_header: etree._Element | None) -> etree._Element:
    """Return the one autorisatie element in a SOAP Header, without the attributes of SOAP, which are removed.

    Raises MustUnderstand for another header that must be understood, then AutorisatieOnvolledig unless there is one.
    """
    elements = [] if soap_header is None else list(soap_header)
    for place, element in enumerate(elements, start=1):
        if _must_understand(element):
            name = _KNOWN_HEADERS.get(str(element.tag), f"*[{place}]")
            raise MustUnderstand(Finding(f"Envelope/Header/{name}", Rule.MUST_UNDERSTAND))
    found = [element for element in elements if element.tag == _HEADER]
    if len(found) != 1:
        raise AutorisatieOnvolledig(Finding("autorisatie", _not_one("autorisatie", found, elements)))
    header = found[0]
    for name in map(str, header.keys()):  # a copy: mustUnderstand, actor and encodingStyle are SOAP's, not the header's
        if name.startswith(f"{{{names.SOAP11}}}"):
            del header.attrib[name]
    return header


def read_header(header: etree._Element) -> Autorisatie:
    """Read the parts of an autorisatie element. Raises AutorisatieOnvolledig when one is absent, doubled or empty."""
    parts, children = {}, list(header)
    for name, own in _PART_TAGS.items():
        found = [child for child in children if child.tag == own]
        if len(found) != 1 or not (text := found[0].text):
            rule = Rule.EMPTY if len(found) == 1 else _not_one(name, found, children)
            raise AutorisatieOnvolledig(Finding(f"autorisatie/{name}", rule))
        parts[name] = text
    return Autorisatie(**parts)


def _not_one(name: str, found: list[etree._Element], elements: list[etree._Element]) -> Rule:
    """Return why there is not one element of a name: the ones found, and all that stand there."""
    if found:
        return Rule.DOUBLED
    return Rule.NAMESPACE if any(etree.QName(one).localname == name for one in elements) else Rule.ABSENT


def _must_understand(element: etree._Element) -> bool:
    """Whether a header must be understood by us and is not ours (SOAP 1.1, 4.2.2 and 4.2.3)."""
    asked = element.get(f"{{{names.SOAP11}}}mustUnderstand", "").strip(XML_SPACE) in {"1", "true"}
    for_us = element.get(f"{{{names.SOAP11}}}actor", "") in {"", _NEXT_ACTOR}
    return asked and for_us and element.tag != _HEADER
