"""The served WSDL: its fixed names, the shapes that toolkits need, and types that are never too narrow."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from support.mutants import AUT, GENERAL, LG, XSD, every_single_change, mutant, seeded
from support.oracle import amount
from support.reference_writer import render, render_leerkrachten, render_leerlingen, render_structuur
from support.strategies import datasets
from support.wsdl_types import RESULTS_WSDL, WSDL, schema

from uwlr_adapter.compare.samples import FORMS, STEPS, step
from uwlr_adapter.compare.samples import answer as vol
from uwlr_adapter.contract import names
from uwlr_adapter.contract.dataset import Dataset
from uwlr_adapter.contract.fault import OngeldigBericht
from uwlr_adapter.contract.fault import render as render_fault
from uwlr_adapter.contract.fields import ELEMENTS
from uwlr_adapter.contract.files import contract_file
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding

W = "http://schemas.xmlsoap.org/wsdl/"
S = "http://schemas.xmlsoap.org/wsdl/soap/"
NS = {"w": W, "s": S, "xs": XSD}
FOUT = names.FAULT_DETAIL
STEMS = ("Leerlinggegevens", "Structuur", "Leerlingen", "Leerkrachten")
SIDES = ("Verzoek", "Antwoord")
VERSIONS = ("2.2", "2.3")
ANSWER = {version: etree.XMLSchema(file=str(contract_file(f"schemas/{version}/antwoord.xsd"))) for version in VERSIONS}
VERZOEK = etree.XMLSchema(file=str(contract_file("schemas/2.2/verzoek.xsd")))
AUTORISATIE = etree.XMLSchema(file=str(contract_file("schemas/2.2/autorisatie.xsd")))


@pytest.fixture(scope="module")
def wsdl() -> etree._Element:
    """Return the WSDL."""
    return etree.parse(str(WSDL)).getroot()


def _values(wsdl: etree._Element, path: str) -> list[str]:
    found = wsdl.xpath(path, namespaces=NS)
    assert isinstance(found, list)
    return [str(value) for value in found]


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("/w:definitions/@targetNamespace", [LG]),
        ("//w:message/@name", ["msgHeader", *(f"msg{stem}{side}" for stem in STEMS for side in SIDES), "msgFout"]),
        (
            "//w:message/w:part/@name",
            ["msgpHeader", *(f"msgp{stem}{side}" for stem in STEMS for side in SIDES), "msgpFout"],
        ),
        (
            "//w:part/@element",
            ["aut:autorisatie", *(f"lg:{stem}_{side}".lower() for stem in STEMS for side in SIDES), "fout:fout"],
        ),
        ("//w:portType/@name", ["prtLeerlinggegevens", "prtGetrapt"]),
        ("//w:portType[1]/w:operation/@name", ["HaalLeerlinggegevens"]),
        ("//w:portType[2]/w:operation/@name", [f"Haal{stem}" for stem in STEMS[1:]]),
        ("//w:binding/@name", ["bndLeerlinggegevens", "bndLeerlinggegevens-getrapt"]),
        ("//w:binding/@type", ["lg:prtLeerlinggegevens", "lg:prtGetrapt"]),
        ("//w:binding[1]/w:operation/@name", ["HaalLeerlinggegevens"]),
        ("//w:binding[2]/w:operation/@name", [f"Haal{stem}" for stem in STEMS[1:]]),
        ("//s:binding/@style", ["document"] * 2),
        ("//s:binding/@transport", ["http://schemas.xmlsoap.org/soap/http"] * 2),
        (
            "//s:operation/@soapAction",
            ["HaalLeerlinggegevens", *(f"{LG}/{stem.lower()}_verzoek" for stem in STEMS[1:])],
        ),
        ("//w:binding//w:input/s:header/@message", ["lg:msgHeader"] * 4),
        ("//w:binding//w:input/s:header/@part", ["msgpHeader"] * 4),
        ("//w:binding//w:output/s:header/@part", []),
        ("//s:header/@use | //s:body/@use | //s:fault/@use", ["literal"] * 16),
        ("//w:portType/w:operation/w:fault/@message", ["lg:msgFout"] * 4),
        ("//w:portType/w:operation/w:fault/@name", ["fout"] * 4),
        ("//w:binding/w:operation/w:fault/@name", ["fout"] * 4),
        ("//w:binding/w:operation/w:fault/s:fault/@name", ["fout"] * 4),
        ("//w:service/@name", ["LeerlinggegevensService"]),
        ("//w:service/w:port/@name", ["prtLeerlinggegevensService", "prtLeerlinggegevensService-getrapt"]),
        ("//s:address/@location", ["http://localhost/uwlr/leerlinggegevens"] * 2),
    ],
)
def test_names(wsdl: etree._Element, path: str, values: list[str]) -> None:
    """Clients rely on these names and on nothing else of the WSDL's own."""
    assert _values(wsdl, path) == values


def test_operations_match_the_contract(wsdl: etree._Element) -> None:
    """The WSDL offers the operations that the contract answers, with their SOAPActions."""
    offered = dict(
        zip(
            _values(wsdl, "//w:binding/w:operation/@name"),
            _values(wsdl, "//w:binding/w:operation/s:operation/@soapAction"),
            strict=True,
        )
    )
    assert offered == {operation.name: operation.soap_action for operation in names.OPERATIONS.values()}


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("//xs:import/@schemaLocation | //xs:include | //w:import | //xs:redefine", "nested imports fail in NuSOAP"),
        ("//xs:group | //xs:attributeGroup", "NuSOAP drops the members of a group"),
        ("//xs:key | //xs:keyref | //xs:unique", "toolkits warn about them and nobody uses them"),
        ("//*[namespace::*='http://schemas.xmlsoap.org/soap/envelope/']", "zeep cannot find the envelope's schema"),
        ("//xs:choice/xs:sequence", "zeep flattens it, pysimplesoap hides its members, .NET makes Items of them"),
        (
            "//xs:pattern[contains(@value, '\\p{')]",
            "soap4r stops on classes of Unicode, and KDSoap warns of right values",
        ),
        (
            "//@nillable",
            "JAX-WS wraps each value in a JAXBElement, and .NET sends xsi:nil for each value that is not set",
        ),
        ("//xs:enumeration", "gSOAP makes a closed type of a list"),
        ("//xs:any | //xs:anyAttribute | //*[@type='xs:anyType']", "a caller gets nothing to hold on to"),
        ("//xs:element[not(@type | @ref)] | //xs:attribute[not(@type)]", "a type without a name gets an invented one"),
        ("//xs:sequence[@maxOccurs]", "zeep never ends on a repeated sequence"),
        ("//xs:choice/xs:choice", "zeep raises TypeError on an outcome in a nested choice"),
        ("//xs:complexType[@abstract] | //xs:complexContent", "a flat type is read by every toolkit"),
        (
            "//xs:simpleContent/xs:extension[not(starts-with(@base, 'xs:'))]",
            "of a text with attributes whose type is our own Axis makes a class that does not compile",
        ),
        ("//processing-instruction()", "not allowed beside SOAP"),
    ],
)
@pytest.mark.parametrize("file", [WSDL, RESULTS_WSDL], ids=lambda file: file.stem)
def test_shapes_that_some_toolkit_cannot_read(file: Path, path: str, reason: str) -> None:
    """A shape that was measured to fail somewhere does not occur in either WSDL."""
    assert not etree.parse(str(file)).xpath(path, namespaces=NS), reason


def _particles(wsdl: etree._Element, name: str) -> list[etree._Element]:
    found = wsdl.xpath("//xs:complexType[@name=$name]/xs:*[not(self::xs:annotation)]", name=name, namespaces=NS)
    assert isinstance(found, list)
    return [item for item in found if isinstance(item, etree._Element)]  # noqa: SLF001 - lxml has no other name for it


@pytest.mark.parametrize("stem", STEMS)
def test_outcomes_are_one_choice_of_three(wsdl: etree._Element, stem: str) -> None:
    """The three outcomes of each operation stand side by side, each an element of its own."""
    (choice,) = _particles(wsdl, f"{stem}Antwoord")
    content = "leerlinggegevens" if stem == "Leerlinggegevens" else f"leerlinggegevens-{stem.lower()}"
    assert choice.tag == f"{{{XSD}}}choice"
    assert [element.get("name") for element in choice] == [content, "geenwijzigingen", "geengegevens"]
    assert not choice.attrib


@pytest.mark.parametrize("kind", ["Leerling", "Leerkracht"])
def test_names_are_optional_in_one_sequence(wsdl: etree._Element, kind: str) -> None:
    """The names of a person come first, in order and each optional, so that a roepnaam alone can be read."""
    sequence = _particles(wsdl, kind)[0]
    assert sequence.tag == f"{{{XSD}}}sequence"
    assert [element.get("name") for element in list(sequence)[:5]] == list(ELEMENTS["leerling"][:5])
    assert all(element.get("minOccurs") == "0" for element in list(sequence)[:5])


@pytest.mark.parametrize("kind", ["Groepen", "LeerkrachtGroepen", "LeerkrachtGroep"])
def test_mixtures_are_repeated_choices(wsdl: etree._Element, kind: str) -> None:
    """Where two kinds of element stand in any order, the choice itself is repeated, from none on."""
    choice = _particles(wsdl, kind)[0]
    assert choice.tag == f"{{{XSD}}}choice"
    assert (choice.get("minOccurs"), choice.get("maxOccurs")) == ("0", "unbounded")


@pytest.mark.parametrize(
    ("kind", "school"),
    [
        ("School", ["brincode", "dependancecode", "instellingsnummer", "schoolkey"]),
        ("LeerlinggegevensVerzoek", ["brincode", "dependancecode", "schoolkey"]),
        ("VerzoekPerGroep", ["brincode", "dependancecode", "schoolkey"]),
    ],
)
def test_a_school_is_optional_members_of_one_sequence(wsdl: etree._Element, kind: str, school: list[str]) -> None:
    """The parts that name a school stand side by side, each optional, in place of branches with a sequence in them."""
    (sequence,) = _particles(wsdl, kind)
    assert sequence.tag == f"{{{XSD}}}sequence"
    found = [part for part in sequence if part.get("name") in school]
    assert [part.get("name") for part in found] == school
    assert all(part.get("minOccurs") == "0" for part in found)


@pytest.mark.parametrize("rule", Rule)
def test_the_detail_of_each_fault_is_declared(rule: Rule) -> None:
    """The detail of a fault is valid by the types of the WSDL, so that a toolkit with classes reads it."""
    (detail,) = etree.fromstring(render_fault(OngeldigBericht(Finding("a/b", rule)))).iter(f"{{{FOUT}}}fout")
    judge = schema(FOUT)
    assert judge.validate(detail), judge.error_log
    detail.set("uitleg", "https://uwlr.example/uwlr/fouten#vorm")
    assert judge.validate(detail)
    del detail.attrib["regel"]
    assert not judge.validate(detail)


def test_every_schema_stands_alone(wsdl: etree._Element) -> None:
    """Elements are qualified, attributes are not, and each schema compiles on its own."""
    schemas = list(wsdl.iter(f"{{{XSD}}}schema"))
    assert [item.get("targetNamespace") for item in schemas] == [AUT, LG, FOUT]
    for item in schemas:
        assert item.get("elementFormDefault") == "qualified"
        assert item.get("attributeFormDefault") == "unqualified"
        assert None not in item.nsmap, "a default namespace gets lost when the address is written in"
        schema(item.get("targetNamespace", ""))


def test_no_type_is_left_over(wsdl: etree._Element) -> None:
    """Every type is used, so that nothing of an operation that is not offered stands in the file."""
    named = {item.get("name", "") for item in wsdl.iter(f"{{{XSD}}}complexType", f"{{{XSD}}}simpleType")}
    used = {value.partition(":")[2] for value in _values(wsdl, "//xs:*/@type | //xs:restriction/@base")}
    assert not named - used


def _answers(dataset: Dataset, version: str) -> list[etree._Element]:
    """Return the four answers that carry a dataset."""
    return [
        etree.fromstring(answer)
        for answer in (
            render(dataset, version),
            render_structuur(dataset, version),
            render_leerlingen(dataset, dataset.leerlingen, version),
            render_leerkrachten(dataset, dataset.leerkrachten, version),
        )
    ]


@pytest.mark.parametrize("version", VERSIONS)
@settings(max_examples=amount(40, 500), deadline=None)
@given(dataset=datasets(), seed=st.integers(0, 2**32))
def test_answers_are_never_too_wide(version: str, dataset: Dataset, seed: int) -> None:
    """The types of the WSDL accept every answer that our schemas accept, to any operation."""
    rng = seeded(str(seed))
    for root in _answers(dataset, version):
        assert ANSWER[version].validate(root)
        assert schema(LG).validate(root)
        damaged = mutant(rng, root, GENERAL)
        assert schema(LG).validate(damaged) or not ANSWER[version].validate(damaged), f"seed {seed}"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", [*FORMS, *STEPS])
def test_no_single_value_is_too_wide(name: str, version: str) -> None:
    """Whatever one element or attribute of a full answer becomes: if our schema accepts it, so do the WSDL's types."""
    whole = step(vol("brincode"), name) if name in STEPS else vol(name)
    accepted = 0
    for done in every_single_change(whole):
        if ANSWER[version].validate(whole):
            accepted += 1
            assert schema(LG).validate(whole), done
    assert accepted > 100


@pytest.mark.parametrize("stem", STEMS)
@pytest.mark.parametrize("outcome", ["geenwijzigingen", "geengegevens"])
def test_outcomes_without_data(stem: str, outcome: str) -> None:
    """The empty outcomes are valid by the types of the WSDL."""
    name = f"{stem.lower()}_antwoord"
    root = etree.fromstring(f'<{name} xmlns="{LG}"><{outcome}/></{name}>')
    assert all(judge.validate(root) for judge in ANSWER.values())
    assert schema(LG).validate(root)


_SCHOOLS = (
    "<brincode>21QW</brincode>",
    "<brincode>21QW</brincode><dependancecode/>",
    "<brincode>٢١ÉÈ</brincode><dependancecode>٠١</dependancecode>",
    "<brincode>21QW</brincode><dependancecode>01</dependancecode>",
    "<schoolkey>s</schoolkey>",
)
_GROEPEN = '<groepen><groep key="g1"/><samengestelde_groep/><groep/></groepen>'


@pytest.mark.parametrize("stem", STEMS)
def test_requests_are_never_too_wide(stem: str) -> None:
    """The types of the WSDL accept every request and header that our schemas accept."""
    rng = seeded(f"wsdl {stem}")
    name, groepen = f"{stem.lower()}_verzoek", _GROEPEN if stem in {"Leerlingen", "Leerkrachten"} else ""
    accepted = 0
    for number in range(amount(200, 800)):
        request = etree.fromstring(
            f'<{name} xmlns="{LG}"><schooljaar>2026-2027</schooljaar>{rng.choice(_SCHOOLS)}'
            "<xsdversie>2.2</xsdversie><gegevenssetid>x</gegevenssetid>"
            f"<laatstontvangengegevens>2026-09-01T10:00:00</laatstontvangengegevens>{groepen}</{name}>"
        )
        header = etree.fromstring(
            f'<autorisatie xmlns="{AUT}"><autorisatiesleutel>a</autorisatiesleutel><klantcode>b</klantcode>'
            "<klantnaam>c</klantnaam></autorisatie>"
        )
        for judge, types, base in ((VERZOEK, schema(LG), request), (AUTORISATIE, schema(AUT), header)):
            damaged = mutant(rng, base, GENERAL)
            if judge.validate(damaged):
                accepted += 1
                assert types.validate(damaged), f"mutant {number}"
    assert accepted > 20
