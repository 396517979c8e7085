"""Tolerant in: the ordered list of repairs that turn a known deviation of a real client into a valid request.

The repaired request is judged strictly. A repair that was needed is named by its id, so that the journaal shows which
client deviates; nothing is repaired for a strict afnemer, which gets the fault instead.
docs/reference/repairs.md lists which clients need which repair.
"""

from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from uwlr_adapter.contract import names
from uwlr_adapter.contract.versions import USUAL_VERSION

XML_SPACE = " \t\r\n"
_FOLDED = "laatstontvangengegevens"
"""White space around an xs:dateTime is not a deviation: XSD folds it (but libxml2 does not)."""
_OPTIONAL = ("brincode", "dependancecode", "schoolkey", "gegevenssetid", "laatstontvangengegevens")
_NIL = f"{{{names.XSI}}}nil"
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_MAY_BE_NIL = {
    f"{{{names.LEERLINGGEGEVENS}}}{name}"
    for name in (*_OPTIONAL, "schooljaar", "xsdversie", "groep", "samengestelde_groep")
}
"""The elements that may be empty, as they stand or after a repair."""
NO_YEAR = ("", '""')
"""What clients send as schooljaar when they mean the present one."""


@dataclass(frozen=True, slots=True)
class Repair:
    """One repair: `repair` changes the tree and returns whether it had to; its text is the school year of today."""

    id: str
    reason: str
    repair: Callable[[etree._Element, str], bool]


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]  # a QName is ten times as slow, and a stranger chooses how many


def _named(parent: etree._Element, namespace: str, name: str) -> list[etree._Element]:
    tag = f"{{{namespace}}}{name}"
    return [child for child in parent if child.tag == tag]


def _qualify_header(header: etree._Element, _today: str) -> bool:
    unqualified = [child for child in header if child.tag in names.AUTORISATIE_PARTS]
    for child in unqualified:
        child.tag = f"{{{names.AUTORISATIE}}}{child.tag}"
    return bool(unqualified)


def strip_values(parent: etree._Element, _today: str = "") -> bool:
    """Strip the white space from the values under an element; return whether that changed one in which it matters."""
    changed = False
    for element in parent.iter(etree.Element):
        if element is parent:
            continue
        text = element.text
        if len(element) == 0 and text is not None and text != text.strip(XML_SPACE):
            element.text = text.strip(XML_SPACE) or None
            changed |= _local(element) != _FOLDED
        changed |= strip_key(element)
    return changed


def strip_key(element: etree._Element) -> bool:
    """Strip the white space around the key of an element; return whether there was any."""
    key = element.get("key")
    if key is None or key == key.strip(XML_SPACE):
        return False
    element.set("key", key.strip(XML_SPACE))
    return True


def fold(body: etree._Element) -> None:
    """Strip the white space that XSD allows around a value, for strict callers too."""
    for element in _named(body, names.LEERLINGGEGEVENS, _FOLDED):
        element.text = (element.text or "").strip(XML_SPACE) or None


def _drop_empty(body: etree._Element, _today: str) -> bool:
    has_brincode = any(child.text for child in _named(body, names.LEERLINGGEGEVENS, "brincode"))
    empty = [  # an empty dependancecode beside a brincode is 00 by the XSD itself
        child
        for name in _OPTIONAL
        for child in _named(body, names.LEERLINGGEGEVENS, name)
        if is_blank(child) and not (name == "dependancecode" and has_brincode)
    ]
    references = [found for container in _named(body, names.LEERLINGGEGEVENS, "groepen") for found in container]
    groepen = [found for found in references if found.get("key") == "" and len(found) == 0]
    nil = [found for found in (*body, *references) if _tells_nil(found)]
    for child in empty:
        body.remove(child)
    for found in groepen:
        del found.attrib["key"]
    for found in nil:
        del found.attrib[_NIL]
    return bool(empty or groepen or nil)


def _tells_nil(element: etree._Element) -> bool:
    """Return whether an element that may be empty has an xsi:nil, and one that says no other thing than its content."""
    if _NIL not in element.attrib or element.tag not in _MAY_BE_NIL:
        return False
    is_nil = _BOOLEANS.get(str(element.get(_NIL)).strip(XML_SPACE))
    return is_nil is False or (is_nil is True and is_blank(element))


def _prefer_brincode(body: etree._Element, _today: str) -> bool:
    schoolkeys = _named(body, names.LEERLINGGEGEVENS, "schoolkey")
    if not schoolkeys or not _named(body, names.LEERLINGGEGEVENS, "brincode"):
        return False
    for schoolkey in schoolkeys:
        body.remove(schoolkey)
    return True


def is_blank(element: etree._Element) -> bool:
    """Return whether an element has no content."""
    return not element.text and len(element) == 0


def _present_year(body: etree._Element, today: str) -> bool:
    years = _named(body, names.LEERLINGGEGEVENS, "schooljaar")
    if len(years) != 1 or len(years[0]) or (years[0].text or "") not in NO_YEAR:
        return False
    years[0].text = today
    return True


def _usual_version(body: etree._Element, _today: str) -> bool:
    versions = _named(body, names.LEERLINGGEGEVENS, "xsdversie")
    if len(versions) > 1 or not all(map(is_blank, versions)):
        return False
    (versions[0] if versions else _insert(body, "xsdversie")).text = USUAL_VERSION
    return True


def _insert(body: etree._Element, name: str) -> etree._Element:
    """Add an element before the first child that comes after it, so that what is in order stays so."""
    rank = names.VERZOEK_ELEMENTS.index(name)
    after = (place for place, child in enumerate(body) if _rank(child, names.VERZOEK_ELEMENTS) > rank)
    element = etree.Element(f"{{{names.LEERLINGGEGEVENS}}}{name}")
    body.insert(next(after, len(body)), element)
    return element


def _sort(parent: etree._Element, order: tuple[str, ...]) -> bool:
    """Put children in order; those that are not of the standard go last, where the XSD finds them."""
    children = list(parent)
    wanted = sorted(children, key=lambda child: _rank(child, order))
    if wanted == children:
        return False
    parent[:] = wanted
    return True


def _rank(child: etree._Element, order: tuple[str, ...]) -> int:
    name = _local(child)
    return order.index(name) if name in order else len(order)


HEADER_REPAIRS = (
    Repair("kop-namespace", "NuSOAP sends the parts of the header without a namespace", _qualify_header),
    Repair("witruimte", "pretty-printing clients put white space around values", strip_values),
    Repair(
        "kop-volgorde",
        "hand-made XML has the parts of the header in any order",
        lambda header, _today: _sort(header, names.AUTORISATIE_PARTS),
    ),
)
"""The repairs of the autorisatie header, in their order."""
SCHOOLJAAR_REPAIR = Repair("schooljaar", 'clients send an empty year, or "", and mean the present one', _present_year)
"""The one repair that needs to know the day."""
BODY_REPAIRS = (
    Repair("witruimte", "pretty-printing clients put white space around values", strip_values),
    Repair("leeg", "clients send an element that they do not fill, empty or as xsi:nil", _drop_empty),
    Repair("brincode-wint", "a client sends both brincode and schoolkey", _prefer_brincode),
    Repair("xsdversie", f"clients leave xsdversie out or empty, and mean {USUAL_VERSION}", _usual_version),
    Repair(
        "volgorde",
        "hand-made XML has the children in any order",
        lambda body, _today: _sort(body, names.VERZOEK_ELEMENTS),
    ),
)
"""The repairs of the body, in their order."""
IDS = tuple(dict.fromkeys(step.id for step in (*HEADER_REPAIRS, *BODY_REPAIRS, SCHOOLJAAR_REPAIR)))
"""The ids of all repairs, in the order of docs/reference/repairs.md."""


_HEADER_TAGS = [f"{{{names.AUTORISATIE}}}{name}" for name in names.AUTORISATIE_PARTS]
_BODY_RANK = {f"{{{names.LEERLINGGEGEVENS}}}{name}": rank for rank, name in enumerate(names.VERZOEK_ELEMENTS)}
_BRINCODE, _SCHOOLKEY = map(names.VERZOEK_ELEMENTS.index, ("brincode", "schoolkey"))
_XSDVERSIE = f"{{{names.LEERLINGGEGEVENS}}}xsdversie"


def needs_none(header: etree._Element, body: etree._Element) -> bool:
    """Return True when it is plain that no repair of header and body would change anything; False decides nothing.

    Most clients deviate in nothing: each child is there once, in its order, with a bare value.
    """
    return [child.tag for child in header] == _HEADER_TAGS and all(map(_is_bare, header)) and _is_plain(body)


def _is_plain(body: etree._Element) -> bool:
    last, tags = -1, set()
    for child in body:
        rank = _BODY_RANK.get(child.tag, -1)
        if rank <= last or not _is_bare(child):
            return False
        tags.add(rank)
        last = rank
    return _BODY_RANK[_XSDVERSIE] in tags and not (_SCHOOLKEY in tags and _BRINCODE in tags)


def _is_bare(element: etree._Element) -> bool:
    """Whether an element is a value and nothing else: no children, no attributes, no white space around it."""
    text = element.text
    return text is not None and text != "" and text == text.strip(XML_SPACE) and not len(element) and not element.keys()


def apply_repairs(element: etree._Element, steps: tuple[Repair, ...], today: str = "") -> tuple[str, ...]:
    """Repair an element in place; return the ids of the needed repairs. `today` is the school year of today."""
    return tuple(step.id for step in steps if step.repair(element, today))
