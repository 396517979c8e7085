"""The types inside our WSDL, made into schemas that judge a message."""

from functools import cache

from lxml import etree

from support.mutants import XSD
from uwlr_adapter.contract.files import contract_file

WSDL = contract_file("wsdl/leerlinggegevens.wsdl")


@cache
def schema(namespace: str) -> etree.XMLSchema:
    """Return the types of one namespace."""
    for element in etree.parse(str(WSDL)).iter(f"{{{XSD}}}schema"):
        if element.get("targetNamespace") == namespace:
            return etree.XMLSchema(etree.fromstring(etree.tostring(element)))
    raise LookupError(namespace)
