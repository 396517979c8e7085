"""The autorisatie header of a call: found in the SOAP header, and its three parts read."""

from dataclasses import dataclass, field

from lxml import etree

from uwlr_adapter.contract import names
from uwlr_adapter.contract.fault import AutorisatieOngeldig, MustUnderstand
from uwlr_adapter.contract.repairs import XML_SPACE

_NEXT_ACTOR = "http://schemas.xmlsoap.org/soap/actor/next"
_HEADER = f"{{{names.AUTORISATIE}}}autorisatie"
_PART_TAGS = {name: f"{{{names.AUTORISATIE}}}{name}" for name in names.AUTORISATIE_PARTS}


@dataclass(frozen=True, slots=True)
class Autorisatie:
    """The parts of the header; none of them is ever shown."""

    autorisatiesleutel: str = field(repr=False)
    klantcode: str = field(repr=False)
    klantnaam: str = field(repr=False)


def find_header(soap_header: etree._Element | None) -> etree._Element:
    """Return the one autorisatie element in a SOAP Header, without the attributes of SOAP, which are removed.

    Raises MustUnderstand for another header that must be understood, then AutorisatieOngeldig unless there is one.
    """
    elements = [] if soap_header is None else list(soap_header)
    if any(_must_understand(element) for element in elements):
        raise MustUnderstand
    found = [element for element in elements if element.tag == _HEADER]
    if len(found) != 1:
        raise AutorisatieOngeldig
    header = found[0]
    for name in map(str, header.keys()):  # a copy: mustUnderstand, actor and encodingStyle are SOAP's, not the header's
        if name.startswith(f"{{{names.SOAP11}}}"):
            del header.attrib[name]
    return header


def read_header(header: etree._Element) -> Autorisatie:
    """Read the parts of an autorisatie element. Raises AutorisatieOngeldig when one is absent, doubled or empty."""
    parts, children = {}, [(child.tag, child.text) for child in header]
    for name, own in _PART_TAGS.items():
        found = [text for tag, text in children if tag == own]
        if len(found) != 1 or not found[0]:
            raise AutorisatieOngeldig
        parts[name] = found[0]
    return Autorisatie(**parts)


def _must_understand(element: etree._Element) -> bool:
    """Whether a header must be understood by us and is not ours (SOAP 1.1, 4.2.2 and 4.2.3)."""
    asked = element.get(f"{{{names.SOAP11}}}mustUnderstand", "").strip(XML_SPACE) in {"1", "true"}
    for_us = element.get(f"{{{names.SOAP11}}}actor", "") in {"", _NEXT_ACTOR}
    return asked and for_us and element.tag != _HEADER
