"""The types inside our WSDLs, made into schemas that judge a message."""

from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from lxml import etree

from support.mutants import XSD
from uwlr_adapter.contract.files import contract_file
from uwlr_adapter.contract.published import RESULTS_WSDL as RESULTS_NAME
from uwlr_adapter.contract.published import WSDL as NAME

WSDL = contract_file(NAME)
RESULTS_WSDL = contract_file(RESULTS_NAME)
_IMPORT = f"{{{XSD}}}import"


class _Siblings(etree.Resolver):
    """Finds what a schema imports among the schemas that stand beside it in the same WSDL, by namespace."""

    def __init__(self, found: dict[str, bytes]) -> None:
        self._found = found

    def resolve(self, system_url: str, _id: str, context: Any) -> Any:  # type: ignore[override] # so lxml calls it
        """Return the schema of a namespace."""
        return self.resolve_string(self._found[system_url], context)  # type: ignore[call-arg] # the stubs want an URL


@cache
def schema(namespace: str, wsdl: Path = WSDL) -> etree.XMLSchema:
    """Return the types of one namespace of a WSDL."""
    found: dict[str, bytes] = {}
    for element in etree.parse(str(wsdl)).iter(f"{{{XSD}}}schema"):
        for one in element.iter(_IMPORT):
            one.set("schemaLocation", one.get("namespace", ""))
        found[element.get("targetNamespace", "")] = etree.tostring(element)
    parser = etree.XMLParser()
    parser.resolvers.add(_Siblings(found))
    return etree.XMLSchema(etree.parse(BytesIO(found[namespace]), parser))
