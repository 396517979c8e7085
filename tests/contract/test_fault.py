"""Faults on the wire."""

import pytest
from lxml import etree
from support.messages import SOAP11

from uwlr_adapter.contract import fault
from uwlr_adapter.contract.schemas import Finding

KINDS = [kind for kind in vars(fault).values() if isinstance(kind, type) and issubclass(kind, fault.Fault)][1:]


def test_the_bytes_of_a_fault() -> None:
    """The shape is fixed: prefix soap, unqualified children, no empty element, no detail without a finding."""
    assert fault.render(fault.TijdelijkNietBeschikbaar()) == (
        b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>'
        b"<faultcode>soap:Server.TijdelijkNietBeschikbaar</faultcode>"
        b"<faultstring>De dienst is tijdelijk niet beschikbaar. Probeer het later opnieuw.</faultstring>"
        b"</soap:Fault></soap:Body></soap:Envelope>"
    )


def test_the_detail_of_a_fault_about_the_body() -> None:
    """A finding stands in the detail as path and rule, escaped."""
    written = fault.render(fault.OngeldigBericht(Finding('a/"b"', "<regel>")))
    detail = b'<detail><fout xmlns="urn:uwlr-adapter:fout" pad="a/&quot;b&quot;" regel="&lt;regel&gt;"/></detail>'
    assert detail in written


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_is_a_soap_fault_with_a_dutch_sentence(kind: type[fault.Fault]) -> None:
    """The code resolves to the envelope namespace; the sentence ends as one and names no technique of ours."""
    root = etree.fromstring(fault.render(kind()))
    code = root.findtext(f"{{{SOAP11}}}Body/{{{SOAP11}}}Fault/faultcode") or ""
    prefix, _, local = code.partition(":")
    assert root.nsmap[prefix] == SOAP11
    assert local == kind.code
    assert kind.text.endswith(".")
    assert kind.text.isprintable()


def test_every_fault_has_its_own_code() -> None:
    """No two kinds share a code."""
    assert len({kind.code for kind in KINDS}) == len(KINDS)
