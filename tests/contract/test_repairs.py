"""The repairs: what is valid stays as it is, what clients do wrong becomes what they meant, and all of it is told."""

import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from support.mutants import AUT, GENERAL, LG, XSI, every_single_change, mutant, seeded, typed
from support.request_corpus import read_manifest

from uwlr_adapter.contract import names, repairs, schemas
from uwlr_adapter.contract.repairs import BODY_REPAIRS, HEADER_REPAIRS, SCHOOLJAAR_REPAIR, XML_SPACE, Repair
from uwlr_adapter.contract.xml import MESSAGE, XmlError, parse

DOCUMENT = (Path(__file__).parents[2] / "docs" / "reference" / "repairs.md").read_text(encoding="utf-8")
TODAY = "2026-2027"
BODY = (*BODY_REPAIRS, SCHOOLJAAR_REPAIR)
IDS = tuple(dict.fromkeys(step.id for step in (*HEADER_REPAIRS, *BODY)))
NUMBER = 600

spaces = st.text(XML_SPACE, max_size=3)
values = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Z")), min_size=1, max_size=12)
moments = st.sampled_from(["2026-09-01T10:00:00", "2026-09-01T10:00:00.5+02:00", "2026-09-01T24:00:00Z"])
years = st.sampled_from([TODAY, "1999-2000", "2025-2029"])


def element(naam: str, text: str | None = None, space: str = LG) -> etree._Element:
    """Return one element."""
    made = etree.Element(f"{{{space}}}{naam}")
    made.text = text
    return made


def canonical(root: etree._Element) -> bytes:
    """Return a tree as bytes that do not depend on prefixes; white space that an xs:dateTime folds does not count."""
    copy = deepcopy(root)
    for moment in copy.iter(f"{{{LG}}}laatstontvangengegevens"):
        moment.text = (moment.text or "").strip(XML_SPACE)
    return etree.tostring(copy, method="c14n2")


def spaced(root: etree._Element) -> bool:
    """Whether a value that no type folds has white space around it."""
    leaves = [one for one in root.iter(etree.Element) if one is not root and len(one) == 0]
    texts = [one.text or "" for one in leaves if not one.tag.endswith("laatstontvangengegevens")]
    keys = [one.get("key", "") for one in root.iter(etree.Element)]
    return any(text != text.strip(XML_SPACE) for text in (*texts, *keys))


@st.composite
def requests(draw: st.DrawFn) -> etree._Element:
    """Return a valid request of any kind, with no white space around its values."""
    operation = draw(st.sampled_from(["leerlinggegevens", "structuur", "leerlingen", "leerkrachten"]))
    root = element(f"{operation}_verzoek")
    root.append(element("schooljaar", draw(years)))
    if draw(st.booleans()):
        root.append(element("brincode", draw(st.sampled_from(["21QW", "99ÀÉ"]))))
        if draw(st.booleans()):
            root.append(element("dependancecode", draw(st.sampled_from(["00", "01", None]))))
    else:
        root.append(element("schoolkey", draw(values)))
    root.append(element("xsdversie", draw(st.sampled_from(["2.1", "2.2", "2.3", "9"]))))
    if draw(st.booleans()):
        root.append(element("gegevenssetid", draw(values)))
    if draw(st.booleans()):
        root.append(element("laatstontvangengegevens", draw(moments)))
    if operation.startswith("leer") and operation != "leerlinggegevens":
        groepen = element("groepen")
        for key in draw(st.lists(st.none() | values, min_size=1, max_size=4)):
            groepen.append(element(draw(st.sampled_from(["groep", "samengestelde_groep"]))))
            if key is not None:
                groepen[-1].set("key", key)
        root.append(groepen)
    return root


@st.composite
def headers(draw: st.DrawFn) -> etree._Element:
    """Return a valid header with no white space around its values."""
    root = element("autorisatie", space=AUT)
    for naam in ("autorisatiesleutel", "klantcode", "klantnaam"):
        root.append(element(naam, draw(values), AUT))
    return root


Deviation = Callable[[st.DataObject, etree._Element, etree._Element], bool]  # noqa: SLF001 - lxml has no other name for it
"""Makes the first tree deviate, and the second what is meant by it; tells whether it could."""


def child(root: etree._Element, naam: str) -> etree._Element | None:
    """Return the child of that name, if any."""
    return root.find(f"{{{LG}}}{naam}")


def year_left_empty(data: st.DataObject, root: etree._Element, meant: etree._Element) -> bool:
    """Leave the year empty, or write a quoted nothing."""
    for tree, text in ((root, data.draw(st.sampled_from(["", '""']))), (meant, TODAY)):
        (found,) = tree.iter(f"{{{LG}}}schooljaar")
        found.text = text
    return True


def version_left_out(data: st.DataObject, root: etree._Element, meant: etree._Element) -> bool:
    """Leave the version out, or empty."""
    (found,) = root.iter(f"{{{LG}}}xsdversie")
    if data.draw(st.booleans()):
        root.remove(found)
    else:
        found.text = None
    (ours,) = meant.iter(f"{{{LG}}}xsdversie")
    ours.text = "2.2"
    return True


def schoolkey_beside(data: st.DataObject, root: etree._Element, _meant: etree._Element) -> bool:
    """Send a schoolkey beside the brincode."""
    brincode = child(root, "brincode")
    if brincode is None:
        return False
    (child(root, "dependancecode") if child(root, "dependancecode") is not None else brincode).addnext(  # type: ignore[union-attr] # it is there
        element("schoolkey", data.draw(values))
    )
    return True


def empty_beside(data: st.DataObject, root: etree._Element, _meant: etree._Element) -> bool:
    """Send the optional elements that are not filled, in their place, with nothing in them."""
    school = "schoolkey" if child(root, "brincode") is not None else "brincode"
    optional = [school, "gegevenssetid", "laatstontvangengegevens"]
    optional += ["dependancecode"] if school == "brincode" else []  # beside a brincode an empty one is valid
    absent = [naam for naam in optional if child(root, naam) is None]
    chosen = data.draw(st.lists(st.sampled_from(absent), unique=True)) if absent else []
    for naam in chosen:
        root.append(element(naam))
    root[:] = sorted(root, key=place)
    return bool(chosen)


def place(one: etree._Element) -> int:
    """Return the place of a child in its parent, by the standard."""
    order = (*names.AUTORISATIE_PARTS, *names.VERZOEK_ELEMENTS)
    return order.index(etree.QName(one).localname)


def in_order(root: etree._Element, meant: etree._Element) -> bool:
    """Whether the children that stay are in their order."""
    stays = {etree.QName(one).localname for one in meant}
    places = [place(one) for one in root if etree.QName(one).localname in stays]
    return places == sorted(places)


def disordered(data: st.DataObject, root: etree._Element, meant: etree._Element) -> bool:
    """Send the children in any order."""
    root[:] = data.draw(st.permutations(list(root)))
    return not in_order(root, meant)


def unqualified(data: st.DataObject, root: etree._Element, _meant: etree._Element) -> bool:
    """Send some children without a namespace."""
    chosen = [one for one in root if data.draw(st.booleans())]
    for one in chosen:
        one.tag = etree.QName(one).localname
    return bool(chosen)


def spaced_out(data: st.DataObject, root: etree._Element, _meant: etree._Element) -> bool:
    """Write white space around values."""
    for one in root.iter(etree.Element):
        if one is not root and len(one) == 0:
            one.text = data.draw(spaces) + (one.text or "") + data.draw(spaces) or None
            if one.get("key") is not None:
                one.set("key", data.draw(spaces) + one.get("key", "") + data.draw(spaces))
    return spaced(root)


DEVIATIONS: dict[str, Deviation] = {
    "schooljaar": year_left_empty,
    "xsdversie": version_left_out,
    "brincode-wint": schoolkey_beside,
    "leeg": empty_beside,
    "volgorde": disordered,
    "witruimte": spaced_out,
}
"""How a body deviates, by the repair that it needs, in an order in which each can still be made."""


@settings(deadline=None)
@given(data=st.data(), request=requests(), chosen=st.sets(st.sampled_from(list(DEVIATIONS))))
def test_what_deviates_becomes_what_was_meant(data: st.DataObject, request: etree._Element, chosen: set[str]) -> None:
    """Any mix of known deviations becomes the request that was meant, and exactly those repairs are named."""
    meant = deepcopy(request)
    needed = {id_ for id_, make in DEVIATIONS.items() if id_ in chosen and make(data, request, meant)}
    assert set(repairs.apply_repairs(request, BODY, TODAY)) == needed
    assert canonical(request) == canonical(meant)
    assert schemas.REQUEST.findings(request) == []


@settings(deadline=None)
@given(data=st.data(), header=headers(), chosen=st.sets(st.sampled_from([step.id for step in HEADER_REPAIRS])))
def test_a_header_that_deviates_becomes_what_was_meant(
    data: st.DataObject, header: etree._Element, chosen: set[str]
) -> None:
    """The same holds for the header."""
    meant = deepcopy(header)
    made = {"kop-namespace": unqualified, "kop-volgorde": disordered, "witruimte": spaced_out}
    needed = {id_ for id_, make in made.items() if id_ in chosen and make(data, header, meant)}
    assert set(repairs.apply_repairs(header, HEADER_REPAIRS)) == needed
    assert canonical(header) == canonical(meant)
    assert schemas.AUTORISATIE.findings(header) == []


def damaged(base: etree._Element, name: str) -> list[etree._Element]:
    """Return a request with every kind of damage that the parser lets in, valid or not, always the same."""
    rng = seeded(name)
    found = [base]
    for _ in range(NUMBER):
        try:
            found.append(parse(etree.tostring(mutant(rng, base, (*GENERAL, typed))), MESSAGE))
        except XmlError:
            continue
    return found


FULL = (
    f"<{{0}} xmlns='{LG}'><schooljaar>2026-2027</schooljaar><brincode>21QW</brincode>"
    "<dependancecode>01</dependancecode><xsdversie>2.2</xsdversie><gegevenssetid>set</gegevenssetid>"
    "<laatstontvangengegevens>2026-09-01T10:00:00</laatstontvangengegevens>{1}</{0}>"
)
GROEPEN = "<groepen><groep key='g'/><samengestelde_groep key='s'/><groep/></groepen>"
VERZOEKEN = {
    "leerlinggegevens_verzoek": "",
    "structuur_verzoek": "",
    "leerlingen_verzoek": GROEPEN,
    "leerkrachten_verzoek": GROEPEN,
}


@pytest.mark.parametrize("naam", VERZOEKEN)
def test_a_valid_request_is_left_alone(naam: str) -> None:
    """A message that the XSD accepts is not repaired; only white space around a value is removed, whatever its type.

    No key, code or name has it, and a value of nothing else is an empty one.
    """
    base = etree.fromstring(FULL.format(naam, VERZOEKEN[naam]))
    seen = 0
    for root in damaged(base, f"herstel {naam}"):
        if schemas.REQUEST.findings(root):
            continue
        before = canonical(root)
        had_space = spaced(root)
        needed = repairs.apply_repairs(root, BODY, TODAY)
        assert ("witruimte" in needed) == had_space
        if not had_space:
            seen += 1
            assert needed == ()
            assert canonical(root) == before
    assert seen > NUMBER // 20


@pytest.mark.parametrize("naam", VERZOEKEN)
def test_a_repair_is_done_once(naam: str) -> None:
    """A repaired message needs no further repair."""
    base = etree.fromstring(FULL.format(naam, VERZOEKEN[naam]))
    changed = [deepcopy(base) for _ in every_single_change(base)]
    for root in [*damaged(base, f"nog eens {naam}"), *changed]:
        repairs.apply_repairs(root, BODY, TODAY)
        after = etree.tostring(root)
        assert repairs.apply_repairs(root, BODY, TODAY) == ()
        assert etree.tostring(root) == after


def test_every_header_is_repaired_once_and_a_valid_one_not() -> None:
    """The same two rules for the header."""
    base = etree.fromstring(
        f"<autorisatie xmlns='{AUT}'><autorisatiesleutel>sleutel</autorisatiesleutel><klantcode>code</klantcode>"
        "<klantnaam>naam</klantnaam></autorisatie>"
    )
    for root in damaged(base, "kop"):
        valid, had_space, before = not schemas.AUTORISATIE.findings(root), spaced(root), canonical(root)
        needed = repairs.apply_repairs(root, HEADER_REPAIRS)
        if valid:
            assert needed == (("witruimte",) if had_space else ())
            assert had_space or canonical(root) == before
        assert repairs.apply_repairs(root, HEADER_REPAIRS) == ()


@pytest.mark.parametrize(
    ("content", "first", "then"),
    [
        ("<gegevenssetid> </gegevenssetid>", "witruimte", "leeg"),
        ("<schooljaar>\n</schooljaar>", "witruimte", "schooljaar"),
        ("<xsdversie> </xsdversie>", "witruimte", "xsdversie"),
        ("<brincode/><schoolkey>x</schoolkey>", "leeg", "brincode-wint"),
    ],
)
def test_the_order_of_the_list_matters(content: str, first: str, then: str) -> None:
    """White space goes before what is empty, and what is empty before what wins; the other way round gives less."""

    def repaired(*ids: str) -> bytes:
        root = etree.fromstring(f'<v xmlns="{LG}">{content}</v>')
        steps = {step.id: step for step in BODY}
        repairs.apply_repairs(root, tuple(steps[id_] for id_ in ids), TODAY)
        return canonical(root)

    ids = [step.id for step in BODY]
    assert ids.index(first) < ids.index(then)
    assert repaired(first, then) != repaired(then, first)


@pytest.mark.parametrize(
    "content",
    [
        "<schooljaar><x/></schooljaar>",
        "<schooljaar/><schooljaar/>",
        "<xsdversie><x/></xsdversie>",
        "<xsdversie/><xsdversie/>",
        "<xsdversie>2.3</xsdversie><xsdversie/>",
        "<xsdversie>2.2</xsdversie><gegevenssetid><x/></gegevenssetid>",
        '<xsdversie xmlns="urn:anders"/><xsdversie>2.2</xsdversie>',
    ],
)
def test_what_is_no_known_deviation_stays(content: str) -> None:
    """A repair takes nothing away that somebody wrote, and chooses nothing between two."""
    root = etree.fromstring(f'<v xmlns="{LG}">{content}</v>')
    before = canonical(root)
    steps = tuple(step for step in BODY if step.id in {"schooljaar", "leeg"} or "xsdversie" in content)
    assert repairs.apply_repairs(root, steps, TODAY) == ()
    assert canonical(root) == before


MAY_BE_NIL = {
    "brincode": ("leeg",),
    "dependancecode": ("leeg",),
    "gegevenssetid": ("leeg",),
    "laatstontvangengegevens": ("leeg",),
    "schoolkey": ("leeg",),
    "schooljaar": ("leeg", "schooljaar"),
    "xsdversie": ("leeg", "xsdversie"),
}
"""The elements of a request that may be empty, with the repairs that one needs that is nil."""


@pytest.mark.parametrize("naam", VERZOEKEN)
@pytest.mark.parametrize("nil", ["true", "1", " true\n"])
@pytest.mark.parametrize("element_", MAY_BE_NIL)
def test_what_may_be_empty_may_be_nil(element_: str, nil: str, naam: str) -> None:
    """An element that says that it is nil is one that is not filled, in each request."""
    meant = etree.fromstring(FULL.format(naam, VERZOEKEN[naam]))
    if element_ == "brincode":
        swap_school(meant)
    root = deepcopy(meant)
    found = child(root, element_)
    if found is None:
        root.append(found := element(element_))
        root[:] = sorted(root, key=place)
    found.text = None
    found.set(f"{{{XSI}}}nil", nil)
    own = child(meant, element_)
    if element_ in {"schooljaar", "xsdversie"}:
        assert own is not None
        own.text = {"schooljaar": TODAY, "xsdversie": "2.2"}[element_]
    elif element_ == "dependancecode":
        assert own is not None
        own.text = None  # which is 00 by the XSD itself
    elif own is not None:
        meant.remove(own)
    assert repairs.apply_repairs(root, BODY, TODAY) == MAY_BE_NIL[element_]
    assert canonical(root) == canonical(meant)
    assert schemas.REQUEST.findings(root) == []


def swap_school(root: etree._Element) -> None:
    """Name the school of a request by a schoolkey."""
    for naam in ("brincode", "dependancecode"):
        found = child(root, naam)
        assert found is not None
        root.remove(found)
    root.append(element("schoolkey", "x"))
    root[:] = sorted(root, key=place)


@pytest.mark.parametrize("naam", ["leerlingen_verzoek", "leerkrachten_verzoek"])
def test_a_group_that_is_nil_is_one_without_a_key(naam: str) -> None:
    """A reference to a group says nothing but its key: nil it is that to no group, and a key stays."""
    root = etree.fromstring(FULL.format(naam, GROEPEN))
    meant = canonical(root)
    for found in root[-1]:
        found.set(f"{{{XSI}}}nil", "true")
    assert repairs.apply_repairs(root, BODY, TODAY) == ("leeg",)
    assert canonical(root) == meant


@pytest.mark.parametrize("element_", ["schooljaar", "brincode", "gegevenssetid", "laatstontvangengegevens"])
def test_a_nil_that_says_no_is_dropped_and_one_that_contradicts_stays(element_: str) -> None:
    """What is not nil is its content; what says that it is nil, and has content, is a fault."""
    root = etree.fromstring(FULL.format("structuur_verzoek", ""))
    meant = canonical(root)
    found = child(root, element_)
    assert found is not None
    found.set(f"{{{XSI}}}nil", "0")
    assert repairs.apply_repairs(root, BODY, TODAY) == ("leeg",)
    assert canonical(root) == meant
    for nil in ("true", "misschien"):
        found.set(f"{{{XSI}}}nil", nil)
        assert repairs.apply_repairs(root, BODY, TODAY) == ()
        assert schemas.REQUEST.first(root) is not None


def test_the_document_names_every_repair_in_order() -> None:
    """docs/reference/repairs.md has one line for each repair, in the order of the code, and none besides."""
    tables = re.findall(r"^\| `([a-z-]+)` \|", DOCUMENT, re.MULTILINE)
    assert tables == [step.id for step in (*HEADER_REPAIRS, *BODY_REPAIRS[1:], SCHOOLJAAR_REPAIR)]
    assert BODY_REPAIRS[0].id == "witruimte"


@pytest.mark.parametrize("id_", IDS)
def test_every_repair_has_a_request_of_its_own(id_: str) -> None:
    """The corpus has a request that needs this repair and no other, and gets a fault without it."""
    alone = [case for case in read_manifest() if case.repairs == (id_,) and case.tolerant != case.strict]
    assert alone


def test_every_repair_says_why() -> None:
    """A repair has one reason, also where it stands in two lists."""
    reasons: dict[str, set[str]] = {}
    step: Repair
    for step in (*HEADER_REPAIRS, *BODY):
        reasons.setdefault(step.id, set()).add(step.reason)
    assert all(len(found) == 1 and all(found) for found in reasons.values())


@st.composite
def calls(draw: st.DrawFn) -> tuple[etree._Element, etree._Element]:
    """Return a header and a body, mostly right; parts may be absent, doubled, out of order, spaced, empty or extra."""

    def fill(root: etree._Element, names: tuple[str, ...], space: str) -> etree._Element:
        chosen = list(names) if draw(st.booleans()) else draw(st.lists(st.sampled_from(names), max_size=len(names) + 1))
        for naam in chosen:
            text = draw(st.sampled_from(["21QW", "x", "x", "x", " x", "x\n", "", None, '""']))
            root.append(element(naam, text, draw(st.sampled_from([space, space, space, ""])) or space))
            if draw(st.integers(0, 9)) == 0:
                root[-1].set("key", " 1")
            if naam == "groepen":
                root[-1].append(element("groep"))
        return root

    header = fill(element("autorisatie", space=AUT), names.AUTORISATIE_PARTS, AUT)
    return header, fill(element("leerlinggegevens_verzoek"), names.VERZOEK_ELEMENTS, LG)


@given(calls())
@settings(max_examples=500, deadline=None)
def test_a_glance_never_misses_a_repair(call: tuple[etree._Element, etree._Element]) -> None:
    """Where a glance says that no repair is needed, doing them all changes nothing."""
    header, content = call
    if repairs.needs_none(header, content):
        before = canonical(header), canonical(content)
        assert repairs.apply_repairs(header, HEADER_REPAIRS) + repairs.apply_repairs(content, BODY_REPAIRS) == ()
        assert (canonical(header), canonical(content)) == before


def test_a_glance_knows_a_usual_call() -> None:
    """A call in the form that most clients send needs no search; one with a space does."""
    header = element("autorisatie", space=AUT)
    header.extend(element(naam, "x", AUT) for naam in names.AUTORISATIE_PARTS)
    content = element("leerlinggegevens_verzoek")
    content.extend(element(naam, "x") for naam in ("schooljaar", "brincode", "dependancecode", "xsdversie"))
    assert repairs.needs_none(header, content)
    content[1].text = " x"
    assert not repairs.needs_none(header, content)
