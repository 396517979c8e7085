"""Seeded damage to a valid message with results, beside the general damage of `support.mutants`."""

import random

from lxml import etree

from support.messages import LG
from support.mutants import XSD, XSI, Damage, double, drop, drop_attribute, move, same_key, text
from support.result_messages import LR, OSO

NAMES = (
    *("leerresultaten_verzoek", "school", "toetsafnames", "toetsafname", "resultaten", "resultaat", "toetsen", "toets"),
    *("schooljaar", "brincode", "dependancecode", "schoolkey", "aanmaakdatum", "auteur", "xsdversie", "commentaar"),
    *("peildatum", "leerlingid", "eckid", "resultaatverwerkerid", "afnamedatum", "toetscode", "versie", "infourl"),
    *("toetsonderdeelcode", "score", "osoresultaat", "anderresultaat", "andere_score", "toetsnaam", "leerjaar", "x"),
    *("vakgebied", "toetsnormering", "toetshierarchie", "ingang", "toetsonderdelen", "toetsonderdeel", "norm", "term"),
    *("toetsonderdeelvolgnummer", "toetsonderdeelnaam", "toetsonderdeelnormering", "toetscategorie", "toetsniveau"),
    *("wegingsfactor", "omschrijving", "beginnormwaarde", "eindnormwaarde", "normkleur", "rood_code", "groen_code"),
    *("blauw_code", "transparantie", "schoolcijfer_vanaf", "schoolcijfer_totenmet", "Score", "toetsscore"),
    *("referentiescore", "aantalopgaven", "aantalgoed", "tijd", "vaardigheidsscore", "betrouwbaarheidsinterval"),
    *("bivlaag", "bivhoog", "waarde", "kwalificatie", "codevergelijkingsgroep", "codereferentiescore"),
)
VALUES = (
    *("", " ", "0", "00", "007", "1", "01", "+5", "-0", "-1", " 7 ", "\n7\t", "7 8", "6.5", "6.0", ".5", "5.", "+.5"),
    *("1e3", "INF", "X", "x", "٥", "0.5", "1.0", "1.001", "10.00", "10.01", "0.99", "-2.50", "255", "256", "0255"),
    *("2147483647", "2147483648", "-2147483648", "-2147483649", "9" * 18, "9" * 19, "0" * 30 + "7", "1" * 60),
    *("0." + "1" * 45, "+", "-", ".", "1,5", "2026-11-10", "2026-11-10Z", "2026-11-10+01:00", "2026-11-10+14:01"),
    *("2026-11-31", "2026-02-29", "2024-02-29", "12026-11-10", "-2026-11-10", "0000-01-01", "0001-01-01", "26-11-10"),
    *(" 2026-11-10 ", "2026-11-10T09:00:00", "2026-11-12T16:05:46Z", "2026-11-12T16:05:46.123456789+01:00"),
    *("2026-11-12T24:00:00", "2026-11-12T24:00:01", "2026-11-12T16:05", "2026-11-12T16:05:60", "2026-11-12 16:05:46"),
    *("9999-12-31T24:00:00", "2026-2027", "2026-2029", "٢٠٢٦-2027", "1٠٢٦-1٠٢٧", "0999-1000", "3000-3001", "2026/2027"),
    *("21QW", "21qw", "٢١QW", "21ÀÉ", "21QW ", "٠١", "T1", " T1", "t1", "T2", "T9", "T1-1", "é", "e\u0301", "2.2"),
    *("true", "x" * 32, "x" * 33, "x" * 64, "x" * 65, "x" * 128, "x" * 129, "x" * 256, "x" * 257, "𝒳" * 256),
    *("javascript:alert(1)", "urn:v", "http://example.org/%zz", "::", "a b", "http://[::1]/", "#", "é:é", "=1+1"),
)
TYPES = (
    *("tpKey", "tpScore", "tpString256", "tpString128", "tpString64", "tpString32", "tpSchooljaar", "tpBrinCode"),
    *("tpDependanceCode", "tpKleurcode", "tpTransparatiecode", "tpSchoolcijfer", "ctpSchool", "ctpToetsafname"),
    *("ctpResultaat", "ctpToets", "ctpToetsOnderdeel", "ctpNormering", "ctpOsoResultaat", "ctpLeeg"),
    *("ctpVocabulaireGebondenVeld", "ctpAnderResultaatType", "gToetsen", "Definities", "bestaatniet"),
)
_ATTRIBUTES = (
    *("key", "niveau", "vocabulaire", "vocabulairelocatie", "id", f"{{{LR}}}key", f"{{{XSI}}}nil", f"{{{XSI}}}type"),
    *(f"{{{XSI}}}schemaLocation", f"{{{LR}}}vocabulaire"),
)


def _elements(root: etree._Element) -> list[etree._Element]:
    return [element for element in root.iter(etree.Element) if element is not root]


def rename(rng: random.Random, root: etree._Element) -> None:
    """Rename an element after another one, or to a name that does not exist."""
    rng.choice(_elements(root) or [root]).tag = f"{{{LR}}}{rng.choice(NAMES)}"


def insert(rng: random.Random, root: etree._Element) -> None:
    """Add an element that may not belong there."""
    parent = rng.choice([root, *_elements(root)])
    child = etree.Element(f"{{{rng.choice((LR, LR, OSO))}}}{rng.choice(NAMES)}")
    child.text = rng.choice((None, *VALUES))
    parent.insert(rng.randint(0, len(parent)), child)


def rename_space(rng: random.Random, root: etree._Element) -> None:
    """Put an element, the root among them, in another namespace or in none."""
    element = rng.choice([root, *_elements(root)])
    space = rng.choice(("", LG, LR.replace("/2/", "/1/"), OSO, LR))
    local = etree.QName(element).localname
    element.tag = f"{{{space}}}{local}" if space else local


def value(rng: random.Random, root: etree._Element) -> None:
    """Set another value in an element, often one outside its facets."""
    leaves = [element for element in _elements(root) if not len(element)]
    if leaves:
        rng.choice(leaves).text = rng.choice(VALUES)


def fitting_value(rng: random.Random, root: etree._Element) -> None:
    """Set in an element the value of another one of its name, or of its own in other digits."""
    leaves = [element for element in _elements(root) if not len(element)]
    element = rng.choice(leaves) if leaves else root
    same = [one for one in leaves if one.tag == element.tag]
    element.text = rng.choice(same).text if same and rng.random() < 0.5 else f"0{element.text or ''}"


def attribute(rng: random.Random, root: etree._Element) -> None:
    """Set an attribute, or give one another value."""
    rng.choice([root, *_elements(root)]).set(rng.choice(_ATTRIBUTES), rng.choice(("false", "urn:a a.xsd", *VALUES)))


def typed(rng: random.Random, root: etree._Element) -> None:
    """Name a type in xsi:type, as some toolkits do for every element."""
    element = rng.choice([root, *_elements(root)])
    known = [("t", name) for name in TYPES]
    known += [("o", "toetsscoreType"), ("o", "referentiescoreType"), ("o", "nonEmptyStringType")]
    known += [("xs", name) for name in ("string", "date", "int", "decimal", "nonNegativeInteger", "anyType")]
    prefix, name = rng.choice(known)
    holder = etree.Element(element.tag, nsmap={"t": LR, "o": OSO, "xs": XSD})
    holder.attrib.update(element.attrib)
    holder.set(f"{{{XSI}}}type", f"{prefix}:{name}")
    holder.text, holder.tail = element.text, element.tail
    holder.extend(list(element))
    if (parent := element.getparent()) is not None:
        parent.replace(element, holder)


DAMAGES: tuple[Damage, ...] = (
    *(drop, double, move, rename, insert, rename_space, value, value, value, fitting_value, attribute, attribute),
    *(drop_attribute, text, same_key, typed),
)
