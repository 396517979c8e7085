"""The served WSDL: its fixed names, the shapes that toolkits need, and types that are never too narrow."""

import pytest
from antwoorden import VOL, vol
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from mutanten import ALGEMEEN, AUT, LG, XSD, every_single_change, mutant, seeded
from referentie import render
from strategieen import datasets
from wsdltypen import WSDL, schema

from uwlr_adapter.contract import names
from uwlr_adapter.contract.bestanden import contract_file
from uwlr_adapter.contract.dataset import Dataset

W = "http://schemas.xmlsoap.org/wsdl/"
S = "http://schemas.xmlsoap.org/wsdl/soap/"
NS = {"w": W, "s": S, "xs": XSD}
ANTWOORD = etree.XMLSchema(file=str(contract_file("schemas/2.2/antwoord.xsd")))
VERZOEK = etree.XMLSchema(file=str(contract_file("schemas/2.2/verzoek.xsd")))
AUTORISATIE = etree.XMLSchema(file=str(contract_file("schemas/2.2/autorisatie.xsd")))


@pytest.fixture(scope="module")
def wsdl() -> etree._Element:
    """Give the WSDL."""
    return etree.parse(str(WSDL)).getroot()


def _values(wsdl: etree._Element, path: str) -> list[str]:
    found = wsdl.xpath(path, namespaces=NS)
    assert isinstance(found, list)
    return [str(value) for value in found]


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("/w:definitions/@targetNamespace", [LG]),
        ("//w:message/@name", ["msgHeader", "msgLeerlinggegevensVerzoek", "msgLeerlinggegevensAntwoord"]),
        ("//w:message/w:part/@name", ["msgpHeader", "msgpLeerlinggegevensVerzoek", "msgpLeerlinggegevensAntwoord"]),
        ("//w:part/@element", ["aut:autorisatie", "lg:leerlinggegevens_verzoek", "lg:leerlinggegevens_antwoord"]),
        ("//w:portType/@name", ["prtLeerlinggegevens"]),
        ("//w:portType/w:operation/@name", ["HaalLeerlinggegevens"]),
        ("//w:binding/@name", ["bndLeerlinggegevens"]),
        ("//w:binding/w:operation/@name", ["HaalLeerlinggegevens"]),
        ("//s:binding/@style", ["document"]),
        ("//s:binding/@transport", ["http://schemas.xmlsoap.org/soap/http"]),
        ("//s:operation/@soapAction", ["HaalLeerlinggegevens"]),
        ("//w:binding//w:input/s:header/@message", ["lg:msgHeader"]),
        ("//w:binding//w:input/s:header/@part", ["msgpHeader"]),
        ("//w:binding//w:output/s:header/@part", []),
        ("//s:header/@use | //s:body/@use", ["literal"] * 3),
        ("//w:service/@name", ["LeerlinggegevensService"]),
        ("//w:service/w:port/@name", ["prtLeerlinggegevensService"]),
        ("//s:address/@location", ["http://localhost/uwlr/leerlinggegevens"]),
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
    assert offered == {operatie.naam: operatie.soap_action for operatie in names.OPERATIES.values()}


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("//xs:import | //xs:include | //w:import | //xs:redefine", "flat: nested imports fail in NuSOAP"),
        ("//xs:group | //xs:attributeGroup", "NuSOAP drops the members of a group"),
        ("//xs:key | //xs:keyref | //xs:unique", "toolkits warn about them and nobody uses them"),
        ("//w:fault | //s:fault", "a fault type needs the envelope schema, which zeep cannot find"),
        ("//xs:enumeration", "gSOAP makes a closed type of a list"),
        ("//xs:any | //xs:anyAttribute | //*[@type='xs:anyType']", "a caller gets nothing to hold on to"),
        ("//xs:element[not(@type)] | //xs:attribute[not(@type)]", "a type without a name gets an invented one"),
        ("//xs:sequence[@maxOccurs]", "zeep never ends on a repeated sequence"),
        ("//xs:choice/xs:choice", "zeep raises TypeError on an outcome in a nested choice"),
        ("//xs:complexType[@abstract] | //xs:extension", "a flat type is read by every toolkit"),
        ("//processing-instruction()", "not allowed beside SOAP"),
    ],
)
def test_shapes_that_some_toolkit_cannot_read(wsdl: etree._Element, path: str, reason: str) -> None:
    """A shape that was measured to fail somewhere does not occur."""
    assert not wsdl.xpath(path, namespaces=NS), reason


def _particles(wsdl: etree._Element, name: str) -> list[etree._Element]:
    found = wsdl.xpath("//xs:complexType[@name=$name]/xs:*[not(self::xs:annotation)]", name=name, namespaces=NS)
    assert isinstance(found, list)
    return [item for item in found if isinstance(item, etree._Element)]  # noqa: SLF001 - lxml has no other name for it


def test_outcomes_are_one_choice_of_three(wsdl: etree._Element) -> None:
    """The three outcomes stand side by side, each an element of its own."""
    (choice,) = _particles(wsdl, "LeerlinggegevensAntwoord")
    assert choice.tag == f"{{{XSD}}}choice"
    assert [element.get("name") for element in choice] == ["leerlinggegevens", "geenwijzigingen", "geengegevens"]
    assert not choice.attrib


@pytest.mark.parametrize("kind", ["Leerling", "Leerkracht"])
def test_names_are_optional_in_one_sequence(wsdl: etree._Element, kind: str) -> None:
    """The names of a person come first, in order and each optional, so that a roepnaam alone can be read."""
    sequence = _particles(wsdl, kind)[0]
    assert sequence.tag == f"{{{XSD}}}sequence"
    assert [element.get("name") for element in list(sequence)[:5]] == list(names.NAAM_ELEMENTEN)
    assert all(element.get("minOccurs") == "0" for element in list(sequence)[:5])


@pytest.mark.parametrize("kind", ["Groepen", "LeerkrachtGroepen", "LeerkrachtGroep"])
def test_mixtures_are_repeated_choices(wsdl: etree._Element, kind: str) -> None:
    """Where two kinds of element stand in any order, the choice itself is repeated, from none on."""
    choice = _particles(wsdl, kind)[0]
    assert choice.tag == f"{{{XSD}}}choice"
    assert (choice.get("minOccurs"), choice.get("maxOccurs")) == ("0", "unbounded")


def test_a_school_is_optional_choice_then_schoolkey(wsdl: etree._Element) -> None:
    """The school has one optional choice, followed by the schoolkey, in place of three overlapping branches."""
    (sequence,) = _particles(wsdl, "School")
    assert [etree.QName(part).localname for part in list(sequence)[:4]] == ["element", "element", "choice", "element"]
    assert sequence[2].get("minOccurs") == "0"
    assert sequence[3].get("name") == "schoolkey"


def test_every_schema_stands_alone(wsdl: etree._Element) -> None:
    """Elements are qualified, attributes are not, and both schemas compile on their own."""
    schemas = list(wsdl.iter(f"{{{XSD}}}schema"))
    assert [item.get("targetNamespace") for item in schemas] == [AUT, LG]
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


@settings(max_examples=60, deadline=None)
@given(dataset=datasets(), seed=st.integers(0, 2**32))
def test_answers_are_never_too_wide(dataset: Dataset, seed: int) -> None:
    """What our schema accepts as an answer, the types of the WSDL accept."""
    root = etree.fromstring(render(dataset))
    assert ANTWOORD.validate(root)
    assert schema(LG).validate(root)
    damaged = mutant(seeded(str(seed)), root, ALGEMEEN)
    assert schema(LG).validate(damaged) or not ANTWOORD.validate(damaged), f"seed {seed}"


@pytest.mark.parametrize("name", VOL)
def test_no_single_value_is_too_wide(name: str) -> None:
    """Whatever one element or attribute of a full answer becomes: if our schema accepts it, so do the WSDL's types."""
    whole = vol(name)
    accepted = 0
    for done in every_single_change(whole):
        if ANTWOORD.validate(whole):
            accepted += 1
            assert schema(LG).validate(whole), done
    assert accepted > 100


@pytest.mark.parametrize("outcome", ["geenwijzigingen", "geengegevens"])
def test_outcomes_without_data(outcome: str) -> None:
    """The empty outcomes are valid by the types of the WSDL."""
    root = etree.fromstring(f'<leerlinggegevens_antwoord xmlns="{LG}"><{outcome}/></leerlinggegevens_antwoord>')
    assert ANTWOORD.validate(root)
    assert schema(LG).validate(root)


_SCHOLEN = (
    "<brincode>21QW</brincode>",
    "<brincode>21QW</brincode><dependancecode/>",
    "<brincode>21QW</brincode><dependancecode>01</dependancecode>",
    "<schoolkey>s</schoolkey>",
)


def test_requests_are_never_too_wide() -> None:
    """What our schemas accept as a request or a header, the types of the WSDL accept."""
    rng = seeded("wsdl")
    accepted = 0
    for number in range(400):
        request = etree.fromstring(
            f'<leerlinggegevens_verzoek xmlns="{LG}"><schooljaar>2026-2027</schooljaar>{rng.choice(_SCHOLEN)}'
            "<xsdversie>2.2</xsdversie><gegevenssetid>x</gegevenssetid>"
            "<laatstontvangengegevens>2026-09-01T10:00:00</laatstontvangengegevens></leerlinggegevens_verzoek>"
        )
        header = etree.fromstring(
            f'<autorisatie xmlns="{AUT}"><autorisatiesleutel>a</autorisatiesleutel><klantcode>b</klantcode>'
            "<klantnaam>c</klantnaam></autorisatie>"
        )
        for judge, types, base in ((VERZOEK, schema(LG), request), (AUTORISATIE, schema(AUT), header)):
            damaged = mutant(rng, base, ALGEMEEN)
            if judge.validate(damaged):
                accepted += 1
                assert types.validate(damaged), f"mutant {number}"
    assert accepted > 40
