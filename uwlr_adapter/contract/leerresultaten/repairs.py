"""Tolerant in: the known deviations of clients that send results, each with its id; the rest is judged strictly.

docs/reference/leerresultaten.md lists who needs which. Nothing is repaired that would change whose result it is, of
which test, or what it says: a decimal score is never made whole.
"""

from collections.abc import Iterable

from lxml import etree

from uwlr_adapter.contract import versions
from uwlr_adapter.contract.leerresultaten.names import LEAVES, ORDERED, OSO, ContentModel, tag
from uwlr_adapter.contract.repairs import XML_SPACE, Repair, is_blank, strip_key

_FOLDED = frozenset(map(tag, ("afnamedatum", "aanmaakdatum")))
"""Dates, around which XSD folds white space, but libxml2 does not."""
_NUMBERS = frozenset(
    tag(name)
    for name in (
        *("score", "toetsonderdeelvolgnummer", "wegingsfactor", "beginnormwaarde", "eindnormwaarde", "rood_code"),
        *("groen_code", "blauw_code", "transparantie", "schoolcijfer_vanaf", "schoolcijfer_totenmet"),
    )
) | frozenset(
    f"{{{OSO}}}{name}"
    for name in (
        *("aantalopgaven", "aantalgoed", "aantalfout", "aantalgelezen", "tijd", "vaardigheidsscore", "bivlaag"),
        "bivhoog",
    )
)
"""Numbers: white space around one is no deviation."""
_DROPPED_IN_SCHOOL = ("auteur", "commentaar")
_DROPPED = tuple(map(tag, ("eckid", "resultaatverwerkerid", "infourl")))


def fold(element: etree._Element) -> None:
    """Strip the white space that XSD allows around a date, for strict callers too."""
    for found in element.iter(*_FOLDED):
        if found.text is not None and not len(found):
            found.text = found.text.strip(XML_SPACE)


def _strip(element: etree._Element, _today: str) -> bool:
    """Strip the white space around every value and key below an element; return whether it mattered for one."""
    changed = False
    for found in element.iter(*LEAVES):
        text = found.text
        if text is not None and not len(found) and text != text.strip(XML_SPACE):
            found.text = text.strip(XML_SPACE) or None
            changed |= found.tag not in _NUMBERS and found.tag not in _FOLDED
    for found in element.iter(tag("resultaat")):
        changed |= strip_key(found)
    return changed


def _drop_empty_of_school(school: etree._Element, _today: str) -> bool:
    """Drop what a school block does not need and does not fill; a brincode only beside a schoolkey, and so round."""
    filled = {str(child.tag) for child in school if not is_blank(child)}
    brin, dependance, key = map(tag, ("brincode", "dependancecode", "schoolkey"))
    droppable = {tag(name) for name in _DROPPED_IN_SCHOOL}
    droppable |= {key} if brin in filled else {brin, dependance} if key in filled else set()
    return _drop(child for child in list(school) if child.tag in droppable and is_blank(child))


def _drop_empty(body: etree._Element, _today: str) -> bool:
    return _drop(found for found in list(body.iter(*_DROPPED)) if is_blank(found))


def _drop(elements: Iterable[etree._Element]) -> bool:
    dropped = False
    for element in elements:
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)
            dropped = True
    return dropped


def _usual_version(school: etree._Element, _today: str) -> bool:
    found = school.findall(tag("xsdversie"))
    if len(found) > 1 or not all(map(is_blank, found)):
        return False
    if not found:
        found = [etree.Element(tag("xsdversie"))]
        after = (place for place, child in enumerate(school) if child.tag == tag("commentaar"))
        school.insert(next(after, len(school)), found[0])
    found[0].text = versions.USUAL_VERSION
    return True


def _eckid_as_leerlingid(body: etree._Element, _today: str) -> bool:
    """Name a leerling by the ECK-iD where a message of a version that prefers it has no leerlingid."""
    versie = body.findtext(f"{tag('school')}/{tag('xsdversie')}")
    version = versions.BY_NAME.get(versie or "")
    if version is None or version.identity is not versions.LeerlingIdentity.ECKID_ELSE_KEY:
        return False
    changed = False
    for afname in body.iterfind(f"{tag('toetsafnames')}/{tag('toetsafname')}"):
        eckid = afname.findtext(tag("eckid"))
        if eckid and afname.find(tag("leerlingid")) is None:
            leerlingid = etree.Element(tag("leerlingid"))
            leerlingid.text = eckid
            afname.insert(0, leerlingid)
            changed = True
    return changed


def _sort_school(school: etree._Element, _today: str) -> bool:
    return _sort(school, ORDERED[tag("school")])


def _sort_all(body: etree._Element, _today: str) -> bool:
    changed = False
    for found in list(body.iter(*ORDERED)):
        changed |= _sort(found, ORDERED[str(found.tag)])
    return changed


def _sort(parent: etree._Element, model: ContentModel) -> bool:
    """Put children in order, each behind those of its own name; one that is not of the standard goes first."""
    children = list(parent)
    ranks = [model.rank.get(str(child.tag), -1) for child in children]
    if ranks == sorted(ranks):
        return False
    parent[:] = [child for _, child in sorted(zip(ranks, children, strict=True), key=lambda one: one[0])]
    return True


SCHOOL_REPAIRS = (
    Repair("witruimte", "pretty-printing clients put white space around values", _strip),
    Repair("leeg", "clients send an optional element that they do not fill", _drop_empty_of_school),
    Repair("xsdversie", f"a client leaves xsdversie out, and means {versions.USUAL_VERSION}", _usual_version),
    Repair("volgorde", "a client has the children of school in an order of its own", _sort_school),
)
"""The repairs of the school block, in their order; they are made before the gate, which has to know the school."""
BODY_REPAIRS = (
    Repair("witruimte", "pretty-printing clients put white space around values", _strip),
    Repair("leeg", "clients send an optional element that they do not fill", _drop_empty),
    Repair(
        "leerlingid", "a leerling with an ECK-iD needs no other identity in the newest version", _eckid_as_leerlingid
    ),
    Repair("volgorde", "hand-made XML has the children in any order", _sort_all),
)
"""The repairs of the whole request, in their order; they are made only where it is not right as it is."""
