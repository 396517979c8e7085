"""The published technical files of UWLR 2.2, read at run time from the folder that UWLR_STANDARD names.

They are no part of this project; a test that needs them carries `needs_standard` and skips where they are absent.
"""

import os
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

_FOLDER = os.environ.get("UWLR_STANDARD", "")
_LONG = os.environ.get("UWLR_LONG") == "1"
_LAST_PUBLISHED = 2024
_LAST_OF_OURS = 2099
_XSD = "http://www.w3.org/2001/XMLSchema"

needs_standard = pytest.mark.skipif(
    not Path(_FOLDER, "uwlr-2.2").is_dir() or not _FOLDER,
    reason="UWLR_STANDARD names no folder with the published files",
)


def amount(short: int, full: int) -> int:
    """Return how much to try: the short number, or the full one with UWLR_LONG=1 (`make test-long`)."""
    return full if _LONG else short


def standard_file(name: str) -> Path:
    """Return the path of a published file, such as `uwlr-2.2/Schemas/SOAP_Envelope.xsd`; skips where there are none."""
    path = Path(_FOLDER, name)
    if not _FOLDER or not path.is_file():
        pytest.skip("UWLR_STANDARD names no folder with the published files")
    return path


@cache
def published_autorisatie() -> etree.XMLSchema:
    """Return the published schema of the header."""
    return etree.XMLSchema(file=str(standard_file("uwlr-2.2/Schemas/UWLR_Autorisatie_v2p2.xsd")))


@cache
def published() -> etree.XMLSchema:
    """Return the published schema of the leerlinggegevens messages, as it is."""
    return etree.XMLSchema(file=str(standard_file("uwlr-2.2/Schemas/UWLR_Leerlinggegevens_v2p2.xsd")))


@cache
def published_later() -> etree.XMLSchema:
    """Return the same with its list of schooljaren carried on, in memory, to where ours ends."""
    parser = etree.XMLParser()
    parser.resolvers.add(_LaterYears())
    path = standard_file("uwlr-2.2/Schemas/UWLR_Leerlinggegevens_v2p2.xsd")
    return etree.XMLSchema(etree.parse(str(path), parser))


class _LaterYears(etree.Resolver):
    """Hands out the code lists with more schooljaren; every other file as it is."""

    def resolve(self, system_url: str, public_id: str, context: object) -> object:  # type: ignore[override] # as lxml calls it
        del public_id
        if not system_url.endswith("EDEXML.types.variabel.xsd"):
            return None
        tree = etree.parse(str(standard_file("uwlr-2.2/Schemas/EDEXML.types.variabel.xsd")))
        (kind,) = (item for item in tree.iter(f"{{{_XSD}}}simpleType") if item.get("name") == "EDEXSchooljaarType")
        for year in range(_LAST_PUBLISHED + 1, _LAST_OF_OURS + 1):
            etree.SubElement(kind[-1], f"{{{_XSD}}}enumeration", value=f"{year}-{year + 1}")
        return self.resolve_string(etree.tostring(tree), context, base_url=system_url)


def published_codes(name: str) -> set[str]:
    """Return the values of a published code list, such as `EDEXLandType`."""
    tree = etree.parse(str(standard_file("uwlr-2.2/Schemas/EDEXML.types.variabel.xsd")))
    (kind,) = (item for item in tree.iter(f"{{{_XSD}}}simpleType") if item.get("name") == name)
    return {item.get("value", "") for item in kind.iter(f"{{{_XSD}}}enumeration")}
