"""Faults on the wire."""

import pytest
from lxml import etree
from support.messages import SOAP11

from uwlr_adapter.contract import fault
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding

KINDS = [kind for kind in vars(fault).values() if isinstance(kind, type) and issubclass(kind, fault.Fault)][1:]


def test_the_bytes_of_a_fault() -> None:
    """Declaration, prefix soap, unqualified children, no empty element, no detail without a finding: it is fixed."""
    assert fault.render(fault.TijdelijkNietBeschikbaar()) == (
        b'<?xml version="1.0" encoding="utf-8"?>\n'
        b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>'
        b"<faultcode>soap:Server.TijdelijkNietBeschikbaar</faultcode>"
        b"<faultstring>De dienst is tijdelijk niet beschikbaar. Probeer het later opnieuw.</faultstring>"
        b"</soap:Fault></soap:Body></soap:Envelope>"
    )


def test_the_detail_of_a_fault() -> None:
    """A finding stands in the detail as path and word, escaped."""
    written = fault.render(fault.OngeldigBericht(Finding('a/"b"', Rule.FORM)))
    assert b'<detail><fout xmlns="urn:uwlr-adapter:fout" pad="a/&quot;b&quot;" regel="vorm"/></detail>' in written


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


def test_every_fault_has_its_own_code_and_sentence() -> None:
    """No two kinds share a sentence, and none a code but the two that the standard gives one code."""
    assert len({kind.text for kind in KINDS}) == len(KINDS)
    others = [kind.code for kind in KINDS if kind is not fault.AutorisatieOnvolledig]
    assert len(set(others)) == len(others)
