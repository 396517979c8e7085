"""The WSDL of results: the names of the standard, types that are never too narrow, and no number that is rounded."""

import pytest
from lxml import etree
from support.mutants import AUT, XSD, every_single_change, mutant, seeded
from support.oracle import amount, needs_standard, standard_file
from support.result_messages import LR, OSO, body_of, full, manifest, sample
from support.result_mutants import DAMAGES
from support.wsdl_types import RESULTS_WSDL, schema

from uwlr_adapter.contract import names
from uwlr_adapter.contract.fault import OngeldigBericht
from uwlr_adapter.contract.fault import render as render_fault
from uwlr_adapter.contract.files import contract_file
from uwlr_adapter.contract.leerresultaten.names import OPERATIONS
from uwlr_adapter.contract.leerresultaten.schema import BEVESTIGING_SCHEMA, VERZOEK_SCHEMA
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding

W = "http://schemas.xmlsoap.org/wsdl/"
NS = {"w": W, "s": f"{W}soap/", "xs": XSD}
FOUT = names.FAULT_DETAIL
VERZOEK, BEVESTIGING = (etree.XMLSchema(file=str(contract_file(name))) for name in (VERZOEK_SCHEMA, BEVESTIGING_SCHEMA))
WIRE = (
    "/w:definitions/@targetNamespace",
    "//w:service/@name | //w:service/w:port/@name | //w:binding/@name | //w:portType/@name",
    "//w:portType/w:operation/@name | //w:binding/w:operation/@name",
    "//s:operation/@soapAction | //s:binding/@style | //s:binding/@transport | //s:header/@use | //s:body/@use",
    "//w:part[@element != 'fout:fout']/@element",
    "//w:message[@name != 'msgFout']/@name | //w:message[@name != 'msgFout']/w:part/@name",
)
"""The names in the published WSDL that a caller relies on."""


def _values(path: str, file: object = RESULTS_WSDL) -> list[str]:
    found = etree.parse(str(file)).xpath(path, namespaces=NS)
    assert isinstance(found, list)
    return [str(value) for value in found]


def test_names() -> None:
    """The names are those of the standard, and the address is that of the service."""
    assert _values("//w:service/@name | //w:port/@name") == ["LeerresultatenService", "prtLeerresultatenService"]
    assert _values("//s:address/@location") == ["http://localhost/uwlr/leerresultaten"]
    offered = zip(_values("//w:binding/w:operation/@name"), _values("//s:operation/@soapAction"), strict=True)
    assert dict(offered) == {operation.name: operation.soap_action for operation in OPERATIONS.values()}
    assert _values("//w:fault/@name | //s:fault/@name") == ["fout"] * 3
    assert {*_values("//s:fault/@use")} == {"literal"}


@needs_standard
@pytest.mark.parametrize("path", WIRE)
def test_names_are_those_of_the_published_wsdl(path: str) -> None:
    """Whoever has a program by the published WSDL finds each name of it here."""
    theirs = standard_file("uwlr-2.2/wsdl/UWLR_Leerresultaten_v2p2.wsdl")
    assert set(_values(path)) - {"document"} == set(_values(path, theirs)) - {"document"}


@needs_standard
def test_types_have_the_names_of_the_published_ones() -> None:
    """Each type with a name that a message can name in xsi:type has that name here, but those of anderresultaat."""
    theirs = standard_file("uwlr-2.2/Schemas/UWLR_Leerresultaten_v2p2.xsd")
    own = {*_values(f"//xs:schema[@targetNamespace='{LR}']/*[self::xs:complexType or self::xs:simpleType]/@name")}
    published = {*_values("/xs:schema/xs:complexType/@name | /xs:schema/xs:simpleType/@name", theirs)}
    assert published - own <= {"ctpAnderResultaatType", "ctpAnderResultaat"}


def test_every_schema_is_qualified_and_compiles() -> None:
    """Elements are qualified, attributes are not, and no schema has a default namespace to lose."""
    schemas = list(etree.parse(str(RESULTS_WSDL)).iter(f"{{{XSD}}}schema"))
    assert [item.get("targetNamespace") for item in schemas] == [AUT, OSO, LR, FOUT]
    for item in schemas:
        assert (item.get("elementFormDefault"), item.get("attributeFormDefault")) == ("qualified", "unqualified")
        assert None not in item.nsmap
        schema(item.get("targetNamespace", ""), RESULTS_WSDL)


def test_no_type_is_left_over() -> None:
    """Every type is used."""
    named = {*_values("//xs:complexType/@name | //xs:simpleType/@name")}
    used = {value.partition(":")[2] for value in _values("//xs:*/@type | //xs:*/@base")}
    assert not named - used


def test_a_number_is_text() -> None:
    """No element or attribute has a type of a number: PHP would send 6 for 6.5 and 0 for X, and say nothing."""
    texts = {"xs:string", "xs:date", "xs:dateTime", "xs:anyURI"}
    assert {value for value in _values("//xs:*/@type | //xs:*/@base") if value.startswith("xs:")} == texts


@pytest.mark.parametrize("rule", Rule)
def test_the_detail_of_each_fault_is_declared(rule: Rule) -> None:
    """The detail of a fault is valid by the types of this WSDL too."""
    (detail,) = etree.fromstring(render_fault(OngeldigBericht(Finding("a/b", rule)))).iter(f"{{{FOUT}}}fout")
    assert schema(FOUT, RESULTS_WSDL).validate(detail)


def test_each_valid_sample_is_valid_by_the_types() -> None:
    """The types accept each message that is right, and the confirmation."""
    types = schema(LR, RESULTS_WSDL)
    for file in (one.file for one in manifest() if one.strict == "goed"):
        assert types.validate(body_of(sample(file))), (file, types.error_log)
    assert types.validate(full())
    assert types.validate(etree.XML(f'<leerresultaten_bevestiging xmlns="{LR}"/>'))


def test_no_mutant_is_too_wide() -> None:
    """Whatever a damaged message is: if our schemas accept it, so do the types."""
    rng, types = seeded("wsdl resultaten"), schema(LR, RESULTS_WSDL)
    bases = [full(), *(body_of(sample(one.file)) for one in manifest() if one.file.startswith("valid/"))]
    accepted = 0
    for number in range(amount(400, 4000)):
        damaged = mutant(rng, rng.choice(bases), DAMAGES)
        if VERZOEK.validate(damaged) or BEVESTIGING.validate(damaged):
            accepted += 1
            assert types.validate(damaged), f"mutant {number}: {types.error_log}"
    assert accepted > amount(40, 400)


def test_no_single_value_is_too_wide() -> None:
    """Whatever one element or attribute of a full message becomes: if our schema accepts it, so do the types."""
    whole, types, accepted = full(), schema(LR, RESULTS_WSDL), 0
    for done in every_single_change(whole):
        if VERZOEK.validate(whole):
            accepted += 1
            assert types.validate(whole), done
    assert accepted > 100
