"""The confirmation: its bytes, and that every judge finds it valid."""

from lxml import etree
from support.oracle import needs_standard, standard_file
from support.result_messages import LR, body_of, sample
from support.result_writer import plain

from uwlr_adapter.contract.leerresultaten import schema
from uwlr_adapter.contract.leerresultaten.confirmation import BEVESTIGING
from uwlr_adapter.contract.leerresultaten.names import BRENG_LEERRESULTATEN, OPERATIONS


def test_the_bytes_of_a_confirmation() -> None:
    """A confirmation is one empty element, in the shape that answers with data have."""
    assert BEVESTIGING == (
        b'<?xml version="1.0" encoding="utf-8"?>\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
        b'<s:Body><leerresultaten_bevestiging xmlns="http://www.edustandaard.nl/leerresultaten/2/leerresultaten"/>'
        b"</s:Body></s:Envelope>"
    )
    assert plain(body_of(BEVESTIGING)) == plain(body_of(sample("valid/bevestiging.xml")))


def test_a_confirmation_is_valid() -> None:
    """It is so by our schema, and holds nothing."""
    assert schema.compiled(schema.BEVESTIGING_SCHEMA).validate(body_of(BEVESTIGING))
    assert not schema.compiled(schema.BEVESTIGING_SCHEMA).validate(
        etree.fromstring(f'<leerresultaten_bevestiging xmlns="{LR}"> </leerresultaten_bevestiging>')
    )


@needs_standard
def test_a_confirmation_is_valid_by_the_published_schema() -> None:
    """It is so by the published schema."""
    path = standard_file("uwlr-2.2/Schemas/UWLR_Leerresultaten_v2p2.xsd")
    assert etree.XMLSchema(file=str(path)).validate(body_of(BEVESTIGING))


@needs_standard
def test_the_names_are_those_of_the_published_wsdl() -> None:
    """Operation, SOAPAction and messages are the published ones."""
    tree = etree.parse(str(standard_file("uwlr-2.2/wsdl/UWLR_Leerresultaten_v2p2.wsdl"))).getroot()
    names = {"w": "http://schemas.xmlsoap.org/wsdl/", "s": "http://schemas.xmlsoap.org/wsdl/soap/"}
    assert tree.xpath("//w:portType/w:operation/@name", namespaces=names) == [BRENG_LEERRESULTATEN.name]
    assert tree.xpath("//s:operation/@soapAction", namespaces=names) == [BRENG_LEERRESULTATEN.soap_action]
    elements = tree.xpath("//w:message/w:part/@element", namespaces=names)
    assert elements == [
        "aut:autorisatie",
        f"lr:{BRENG_LEERRESULTATEN.request}",
        f"lr:{BRENG_LEERRESULTATEN.answer}",
    ]
    assert list(OPERATIONS) == [f"{{{tree.get('targetNamespace')}}}leerresultaten_verzoek"]
