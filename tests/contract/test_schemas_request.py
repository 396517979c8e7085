"""Our schemas of the requests and the header against the published ones, verdict by verdict."""

from collections import Counter

import pytest
from lxml import etree
from support.mutants import AUT, GENERAL, LG, TYPE_NAMES, XSD, XSI, every_single_change, mutant, seeded, typed
from support.oracle import amount, needs_standard, published, published_autorisatie

from uwlr_adapter.contract.files import contract_file

NUMBER = amount(150, 800)
"""Mutants of each request: in full more than the 2,000 of all four together."""
VERZOEKEN = ("leerlinggegevens_verzoek", "structuur_verzoek", "leerlingen_verzoek", "leerkrachten_verzoek")
_SCHOOL = {
    "brin": "<brincode>21QW</brincode>",
    "brin6": "<brincode>21QW</brincode><dependancecode>01</dependancecode>",
    "leeg": "<brincode>21QW</brincode><dependancecode/>",
    "schoolkey": "<schoolkey>school-1</schoolkey>",
}
_GROEPEN = '<groepen><groep key="g1"/><samengestelde_groep key="s1"/><groep/></groepen>'


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    """Return our schema of the requests."""
    return etree.XMLSchema(file=str(contract_file("schemas/2.2/verzoek.xsd")))


@pytest.fixture(scope="module")
def autorisatie() -> etree.XMLSchema:
    """Return our schema of the header."""
    return etree.XMLSchema(file=str(contract_file("schemas/2.2/autorisatie.xsd")))


def _message(name: str, school: str = "brin6", *, full: bool = True) -> etree._Element:
    optional = "<gegevenssetid>set</gegevenssetid>"
    optional += "<laatstontvangengegevens>2026-09-01T10:00:00+02:00</laatstontvangengegevens>"
    groepen = _GROEPEN if name in {"leerlingen_verzoek", "leerkrachten_verzoek"} else ""
    return etree.fromstring(
        f'<{name} xmlns="{LG}"><schooljaar>2026-2027</schooljaar>{_SCHOOL[school]}<xsdversie>2.2</xsdversie>'
        f"{optional if full else ''}{groepen}</{name}>"
    )


def _header() -> etree._Element:
    return etree.fromstring(
        f'<autorisatie xmlns="{AUT}"><autorisatiesleutel>21QW00abcdefghijklmn</autorisatiesleutel>'
        "<klantcode>code</klantcode><klantnaam>naam</klantnaam></autorisatie>"
    )


@pytest.mark.parametrize("school", _SCHOOL)
@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("name", VERZOEKEN)
def test_valid(schema: etree.XMLSchema, name: str, school: str, *, full: bool) -> None:
    """Every request is valid for each way to name a school, with and without its optional parts."""
    assert schema.validate(_message(name, school, full=full))


@needs_standard
@pytest.mark.parametrize("name", VERZOEKEN)
def test_same_verdict_on_mutants(schema: etree.XMLSchema, name: str) -> None:
    """A damaged request is accepted by ours exactly when the published schema accepts it."""
    rng = seeded(f"verzoek {name}")
    verdicts: Counter[bool] = Counter()
    for number in range(NUMBER):
        base = _message(name, rng.choice(list(_SCHOOL)), full=rng.random() < 0.7)
        damaged = mutant(rng, base, (*GENERAL, typed))
        if etree.QName(damaged).localname not in VERZOEKEN:
            continue
        wanted = published().validate(damaged)
        assert schema.validate(damaged) == wanted, f"mutant {number} of {name}: the published schema says {wanted}"
        verdicts[wanted] += 1
    assert min(verdicts[True], verdicts[False]) > NUMBER // 20, "the mutants are all of one kind"


@needs_standard
@pytest.mark.parametrize("school", _SCHOOL)
@pytest.mark.parametrize("name", VERZOEKEN)
def test_same_verdict_on_every_single_change(schema: etree.XMLSchema, name: str, school: str) -> None:
    """Whatever one element or attribute becomes, ours and the published schema agree on the request."""
    message = _message(name, school)
    for done in every_single_change(message):
        assert schema.validate(message) == published().validate(message), done


@needs_standard
def test_same_verdict_on_every_single_change_of_a_header(autorisatie: etree.XMLSchema) -> None:
    """Whatever one element becomes, ours and the published schema agree on the header."""
    header = _header()
    for done in every_single_change(header):
        assert autorisatie.validate(header) == published_autorisatie().validate(header), done


@needs_standard
def test_same_verdict_on_damaged_headers(autorisatie: etree.XMLSchema) -> None:
    """A damaged header is accepted by ours exactly when the published schema accepts it."""
    rng = seeded("autorisatie")
    verdicts: Counter[bool] = Counter()
    for number in range(NUMBER):
        damaged = mutant(rng, _header(), (*GENERAL, typed))
        wanted = published_autorisatie().validate(damaged)
        assert autorisatie.validate(damaged) == wanted, f"mutant {number}: the published schema says {wanted}"
        verdicts[wanted] += 1
    assert min(verdicts[True], verdicts[False]) > NUMBER // 20, "the mutants are all of one kind"


@needs_standard
@pytest.mark.parametrize("typename", TYPE_NAMES)
@pytest.mark.parametrize(
    "element", ["schooljaar", "brincode", "dependancecode", "schoolkey", "xsdversie", "gegevenssetid"]
)
def test_same_verdict_on_type_names(schema: etree.XMLSchema, element: str, typename: str) -> None:
    """An xsi:type is taken with the very names with which the published schema takes it."""
    message = _message("leerlinggegevens_verzoek", "schoolkey" if element == "schoolkey" else "brin6")
    found = message.find(f"{{{LG}}}{element}")
    assert found is not None
    found.set(f"{{{XSI}}}type", typename)
    message = etree.fromstring(etree.tostring(message))
    assert schema.validate(message) == published().validate(message)


@pytest.mark.parametrize("typename", ["Vraag", "VraagPerGroep"])
def test_own_types_cannot_be_named(schema: etree.XMLSchema, typename: str) -> None:
    """A request that names a type of our own making is refused, as the standard knows no such type."""
    message = _message("leerlinggegevens_verzoek")
    message.set(f"{{{XSI}}}type", typename)
    assert not schema.validate(etree.fromstring(etree.tostring(message)))


@pytest.mark.parametrize("schooljaar", ["2025-2029", "1000-2999", "2٠25-2026"])
def test_schooljaar_is_a_pattern(schema: etree.XMLSchema, schooljaar: str) -> None:
    """A request's schooljaar is judged by its form only, in any script's digits."""
    message = _message("leerlinggegevens_verzoek")
    message[0].text = schooljaar
    assert schema.validate(message)


def test_no_group_and_no_answer(schema: etree.XMLSchema) -> None:
    """The schema of the requests knows the four requests and nothing else, without xs:group."""
    tree = etree.parse(str(contract_file("schemas/2.2/verzoek.xsd")))
    roots = {element.get("name") for element in tree.getroot().findall(f"{{{XSD}}}element")}
    assert roots == set(VERZOEKEN)
    assert not list(tree.iter(f"{{{XSD}}}group"))
    assert not schema.validate(etree.fromstring(f'<leerlinggegevens_antwoord xmlns="{LG}"/>'))
