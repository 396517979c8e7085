"""Seeded damage to a valid message: one or two small changes, such as people and programs make."""

import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import TypeAlias

from lxml import etree

LG = "http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens"
AUT = "http://www.edustandaard.nl/leerresultaten/2/autorisatie"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSD = "http://www.w3.org/2001/XMLSchema"

Damage: TypeAlias = Callable[[random.Random, etree._Element], None]  # noqa: SLF001 - lxml has no other name for it
"""Changes a tree in place, or leaves it as it is when the change does not fit."""

_NAMES = (
    *("schooljaar", "brincode", "dependancecode", "schoolkey", "xsdversie", "gegevenssetid", "laatstontvangengegevens"),
    *(
        "groepen",
        "groep",
        "samengestelde_groep",
        "instellingsnummer",
        "school",
        "leerlingen",
        "leerling",
        "toevoegingen",
    ),
    *("leerkracht", "leerkrachten", "vestiging", "vestigingen", "naam", "omschrijving", "mutatiedatum", "achternaam"),
    *("voorvoegsel", "voornamen", "voorletters-1", "roepnaam", "geboortedatum", "geslacht", "jaargroep", "land", "bsn"),
    *("sofinummer", "onderwijsnummer", "rijksregisternummer", "bsn_ondwnr-4", "gewicht", "gewicht_nieuw", "postcodenl"),
    *(
        "postnummerbe",
        "postcodeoverig",
        "rol",
        "rolomschrijving",
        "commentaar",
        "auteur",
        "geenwijzigingen",
        "klantnaam",
    ),
    *("geengegevens", "leerlinggegevens", "leerlinggegevens-structuur", "peildatum", "aanmaakdatum", "Schooljaar", "x"),
)
_VALUES = (
    *("", " ", "0", "00", "1", "01", "+1", "3", "12", "123", "1234", "123456789", "12345678901", "٠١", "21qw", "21QW"),
    *("21QW ", " 21QW", "21ÀÉ", "٢١QW", "211QW", "1234AB", "1234 AB", "2025-2026", "2025-2029", "1999-2000", "2024-25"),
    *("0999-1000", "3000-3001", "2025/2026", "٢025-2026", "2025-2026 ", "2024-2025", "2024-2026", "1990-1991", "2.2"),
    *("2026-09-01", "2026-02-29", "2026-09-01Z", "2026-09-01T10:00:00", " 2026-09-01T10:00:00 ", "2026-09-01T24:00:00"),
    *("2026-09-01T10:00:00.5+02:00", "2026-09-01T10:00", "2026-09-01T25:00:00", "-0001-01-01T00:00:00", "0,3", "0.25"),
    *(
        "12026-09-01T10:00:00Z",
        "2026-09-01 10:00:00",
        "J",
        "B",
        "C",
        "9",
        "10",
        "16",
        "17",
        "TAL",
        "LRK",
        "?",
        "NL",
        "nl",
    ),
    *("é" * 6, "é" * 7, "x" * 10, "x" * 11, "𝒳" * 32, "𝒳" * 33, "x" * 64, "x" * 65, "x" * 128, "x" * 129, "é" * 200),
    *("x" * 201, "x" * 256, "x" * 257, "#1", "true", "null"),
)
TYPE_NAMES = (
    *("tpSchooljaar", "tpBrinCode", "tpDependanceCode", "tpString32", "tpString64", "tpString256", "tpKey", "Vraag"),
    *("VraagPerGroep", "EDEXBrincodeType", "bestaatniet"),
)


def seeded(name: str) -> random.Random:
    """Return a source of damage that is the same in every run."""
    return random.Random(name)  # noqa: S311 - no secret is made here


def every_single_change(root: etree._Element) -> Iterator[str]:
    """Change a message in one place after another, say what was done, and undo it when the caller goes on.

    Each element and attribute gets every value, is left out, and each element is written twice.
    """
    for element in list(root.iter(etree.Element)):
        name = etree.QName(element).localname
        yield from (f"{name} {done}" for done in _values(element))
        yield from (f"{name} {done}" for done in _amounts(element))


def _values(element: etree._Element) -> Iterator[str]:
    held = element.text
    for number, value in enumerate(_VALUES if not len(element) else ()):
        element.text = value
        yield f"value {number}"
    element.text = held
    for name, value_held in element.items():
        for number, value in enumerate(_VALUES):
            element.set(name, value)
            yield f"attribute value {number}"
        del element.attrib[name]
        yield "attribute dropped"
        element.set(name, value_held)


def _amounts(element: etree._Element) -> Iterator[str]:
    parent = element.getparent()
    if parent is None:
        return
    double = deepcopy(element)
    element.addnext(double)
    yield "doubled"
    parent.replace(double, element)  # takes the element from its place
    place = parent.index(element)
    parent.remove(element)
    yield "dropped"
    parent.insert(place, element)


def mutant(rng: random.Random, root: etree._Element, damages: tuple[Damage, ...]) -> etree._Element:
    """Return a damaged copy of a message, parsed anew, as it would come in."""
    copy = deepcopy(root)
    for _ in range(rng.choice((1, 1, 1, 2))):
        rng.choice(damages)(rng, copy)
    return etree.fromstring(etree.tostring(copy))


def _elements(root: etree._Element) -> list[etree._Element]:
    return [element for element in root.iter(etree.Element) if element is not root]


def _pick(rng: random.Random, root: etree._Element) -> etree._Element:
    return rng.choice(_elements(root) or [root])


def _parent(element: etree._Element) -> etree._Element | None:
    return element.getparent()


def drop(rng: random.Random, root: etree._Element) -> None:
    """Leave an element out."""
    element = _pick(rng, root)
    if (parent := _parent(element)) is not None:
        parent.remove(element)


def double(rng: random.Random, root: etree._Element) -> None:
    """Write an element twice."""
    element = _pick(rng, root)
    if _parent(element) is not None:
        element.addnext(deepcopy(element))


def move(rng: random.Random, root: etree._Element) -> None:
    """Put an element elsewhere in its parent, or in another parent."""
    element = _pick(rng, root)
    target = _parent(element) if rng.random() < 0.8 else rng.choice([root, *_elements(root)])
    if target is None or element in (target, *target.iterancestors()):
        return
    if (parent := _parent(element)) is not None:
        parent.remove(element)
    target.insert(rng.randint(0, len(target)), element)


def rename(rng: random.Random, root: etree._Element) -> None:
    """Rename an element after another one, or to a name that does not exist."""
    _pick(rng, root).tag = f"{{{LG}}}{rng.choice(_NAMES)}"


def insert(rng: random.Random, root: etree._Element) -> None:
    """Add an element that may not belong there."""
    parent = rng.choice([root, *_elements(root)])
    child = etree.Element(f"{{{LG}}}{rng.choice(_NAMES)}")
    child.text = rng.choice((None, *_VALUES))
    parent.insert(rng.randint(0, len(parent)), child)


def rename_space(rng: random.Random, root: etree._Element) -> None:
    """Put an element, the root among them, in another namespace or in none."""
    element = rng.choice([root, *_elements(root)])
    local = etree.QName(element).localname
    space = rng.choice(("", AUT, LG.replace("/2/", "/1/"), LG.upper(), LG))
    element.tag = f"{{{space}}}{local}" if space else local


def value(rng: random.Random, root: etree._Element) -> None:
    """Set another value in an element, often one outside its facets."""
    leaves = [element for element in _elements(root) if not len(element)]
    if leaves:
        rng.choice(leaves).text = rng.choice(_VALUES)


def attribute(rng: random.Random, root: etree._Element) -> None:
    """Set an attribute, or give one another value."""
    element = rng.choice([root, *_elements(root)])
    name = rng.choice(("key", "eckid", "id", "lang", f"{{{LG}}}key", f"{{{XSI}}}nil", f"{{{XSI}}}schemaLocation"))
    element.set(name, rng.choice(("true", "false", "urn:a a.xsd", *_VALUES)))


def drop_attribute(rng: random.Random, root: etree._Element) -> None:
    """Leave out the attributes of an element that has any."""
    with_any = [element for element in _elements(root) if element.attrib]
    if with_any:
        rng.choice(with_any).attrib.clear()


def text(rng: random.Random, root: etree._Element) -> None:
    """Write text or white space where only elements belong, or white space and comments anywhere."""
    element = rng.choice([root, *_elements(root)])
    kind = rng.randrange(4)
    if kind == 0:
        element.append(etree.Comment("x"))
    elif kind == 1 and element is not root:
        element.tail = rng.choice((" \n", "x"))
    elif kind == 2:
        element.text = rng.choice((" \n", "x")) + (element.text or "")
    else:
        element.insert(0, etree.ProcessingInstruction("x", "y"))


def same_key(rng: random.Random, root: etree._Element) -> None:
    """Copy the key or eckid of one element to another."""
    name = rng.choice(("key", "key", "eckid"))
    with_any = [element for element in _elements(root) if name in element.attrib]
    if with_any:
        rng.choice(with_any).set(name, rng.choice(with_any).get(name, ""))


def typed(rng: random.Random, root: etree._Element) -> None:
    """Name a type in xsi:type, as some toolkits do for every element."""
    element = rng.choice([root, *_elements(root)])
    prefix, names = rng.choice(
        (("t", TYPE_NAMES), ("t", TYPE_NAMES), ("xs", ("string", "token", "dateTime", "anyType")))
    )
    holder = etree.Element(element.tag, nsmap={"t": LG, "xs": XSD})
    holder.attrib.update(element.attrib)
    holder.set(f"{{{XSI}}}type", f"{prefix}:{rng.choice(names)}")
    holder.text, holder.tail = element.text, element.tail
    holder.extend(list(element))
    if (parent := _parent(element)) is not None:
        parent.replace(element, holder)


GENERAL: tuple[Damage, ...] = (
    *(drop, double, move, rename, insert, rename_space, value, value, value, attribute, drop_attribute, text, same_key),
)
"""Every change but xsi:type, for which the names of types matter."""
