"""The XSD files of two parties: ours, and the published ones, in a folder of the user."""

from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from uwlr_adapter.compare import samples
from uwlr_adapter.contract import names
from uwlr_adapter.contract.files import contract_file
from uwlr_adapter.contract.leerresultaten.names import BRENG_LEERRESULTATEN, LEERRESULTATEN, TOETSDEFINITIES
from uwlr_adapter.contract.leerresultaten.schema import BEVESTIGING_SCHEMA, DEFINITIES_SCHEMA, VERZOEK_SCHEMA
from uwlr_adapter.contract.versions import get_version
from uwlr_adapter.contract.xml import FILE, XmlError, parse
from uwlr_adapter.errors import RefusedError

_XSD = "http://www.w3.org/2001/XMLSchema"
MESSAGES = (
    *(f"{name}_{side}" for name in ("leerlinggegevens", *samples.STEPS) for side in ("verzoek", "antwoord")),
    "autorisatie",
)
"""The messages of leerlinggegevens that are compared, with their header, by the local name of their root."""
_RESULT_FILES = {
    BRENG_LEERRESULTATEN.request: VERZOEK_SCHEMA,
    BRENG_LEERRESULTATEN.answer: BEVESTIGING_SCHEMA,
    "Toetsdefinities": DEFINITIES_SCHEMA,
}
RESULT_MESSAGES = tuple(_RESULT_FILES)
"""The messages with results, and the file of definitions, which are compared where the folder has their XSDs."""
_ALL = frozenset({*MESSAGES, *RESULT_MESSAGES})
_NAMESPACES = {names.LEERLINGGEGEVENS, names.AUTORISATIE, LEERRESULTATEN, TOETSDEFINITIES}


class CompareError(RefusedError):
    """The published files cannot be compared; the text says why."""


@dataclass(frozen=True, slots=True)
class Schemas:
    """The files of one party: for each message the XSD that declares it."""

    files: dict[str, Path]

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files, without duplicates."""
        return tuple(dict.fromkeys(self.files.values()))


def ours(xsdversie: str) -> Schemas:
    """Return our own schemas of a version. Raises KeyError for a version that is not served."""
    version = get_version(xsdversie)
    files = {
        "antwoord": version.answer_schema,
        "verzoek": version.request_schema,
        "autorisatie": version.autorisatie_schema,
    }
    found = {name: files[name.rpartition("_")[2]] for name in MESSAGES} | _RESULT_FILES
    return Schemas({name: contract_file(file) for name, file in found.items()})


def find(folder: Path, xsdversie: str) -> Schemas:
    """Find the XSDs in a folder and its subfolders, by target namespace and by the messages that they declare.

    Where several declare the same message (the XSD of a profile repeats the whole message), the file with the most
    messages wins, then the one with the requested `version`, then the one in the shallowest folder. Raises CompareError
    when no XSD declares a message, or none declares the header.
    """
    known: list[tuple[tuple[object, ...], Path, frozenset[str]]] = []
    for path in sorted(folder.rglob("*")):
        root = _read(path) if path.suffix.lower() == ".xsd" else None
        if root is None or root.get("targetNamespace") not in _NAMESPACES:
            continue
        if declared := _declared(path, frozenset()) & _ALL:
            order = (-len(declared), root.get("version") != xsdversie, len(path.parts), str(path))
            known.append((order, path, declared))
    found: dict[str, Path] = {}
    for _, path, declared in sorted(known, key=lambda one: one[0]):
        for name in declared - found.keys():
            found[name] = path
    if "autorisatie" not in found or len(found) == 1:
        raise CompareError(f"{folder} holds no XSDs of leerlinggegevens and autorisatie (by their target namespaces)")
    return Schemas({name: found[name] for name in (*MESSAGES, *RESULT_MESSAGES) if name in found})


def _read(path: Path) -> etree._Element | None:
    """Return the root of a file, or None when it cannot be read as XML within our limits."""
    try:
        return parse(path.read_bytes(), FILE)
    except (XmlError, OSError):
        return None


def _declared(path: Path, seen: frozenset[Path]) -> frozenset[str]:
    """Return the names of the elements that a file declares, directly or through the files that it includes."""
    root = None if path in seen else _read(path)
    if root is None:
        return frozenset()
    found = frozenset(element.get("name", "") for element in root.findall(f"{{{_XSD}}}element"))
    includes = [element.get("schemaLocation", "") for element in root.findall(f"{{{_XSD}}}include")]
    return found.union(*(_declared(path.parent / location, seen | {path}) for location in includes))
