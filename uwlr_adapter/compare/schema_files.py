"""The XSD files of two parties: ours, and those found in a folder of an owner of the official ones."""

from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from uwlr_adapter.compare import samples
from uwlr_adapter.contract import names
from uwlr_adapter.contract.files import contract_file
from uwlr_adapter.contract.xml import FILE, XmlError, parse
from uwlr_adapter.errors import RefusedError

_XSD = "http://www.w3.org/2001/XMLSchema"
MESSAGES = (
    *(f"{naam}_{kant}" for naam in ("leerlinggegevens", *samples.STEPS) for kant in ("verzoek", "antwoord")),
    "autorisatie",
)
"""The messages that are compared, by the local name of their root."""
VERSIONS = ("2.2", "2.3")


class CompareError(RefusedError):
    """The files of the owner cannot be compared; says why."""


@dataclass(frozen=True, slots=True)
class Schemas:
    """The files of one party: for each message the XSD that declares it."""

    files: dict[str, Path]

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files, each once."""
        return tuple(dict.fromkeys(self.files.values()))


def ours(xsdversie: str) -> Schemas:
    """Give our own schemas of a version; the requests and the header of 2.3 are those of 2.2."""
    files = {"antwoord": f"schemas/{xsdversie}/antwoord.xsd", "verzoek": "schemas/2.2/verzoek.xsd"}
    found = {naam: contract_file(files[naam.rpartition("_")[2]]) for naam in MESSAGES if "_" in naam}
    return Schemas(found | {"autorisatie": contract_file("schemas/2.2/autorisatie.xsd")})


def find(folder: Path, xsdversie: str) -> Schemas:
    """Find the XSDs in a folder and all under it, by target namespace and by the messages that they declare.

    Where several declare the same message (a profile has a copy of the whole), the file with the most messages wins,
    then the one whose `version` is the asked one, then the one nearest to the top. Raises CompareError when there is
    no XSD for any message, or none for the header.
    """
    known: list[tuple[tuple[object, ...], Path, frozenset[str]]] = []
    for path in sorted(folder.rglob("*")):
        root = _read(path) if path.suffix.lower() == ".xsd" else None
        if root is None or root.get("targetNamespace") not in {names.LEERLINGGEGEVENS, names.AUTORISATIE}:
            continue
        if declared := _declared(path, frozenset()) & frozenset(MESSAGES):
            order = (-len(declared), root.get("version") != xsdversie, len(path.parts), str(path))
            known.append((order, path, declared))
    found: dict[str, Path] = {}
    for _, path, declared in sorted(known, key=lambda one: one[0]):
        for naam in declared - found.keys():
            found[naam] = path
    if "autorisatie" not in found or len(found) == 1:
        raise CompareError(f"{folder} holds no XSDs of leerlinggegevens and autorisatie (by their target namespaces)")
    return Schemas({naam: found[naam] for naam in MESSAGES if naam in found})


def _read(path: Path) -> etree._Element | None:
    """Give the root of a file, or None when it cannot be read as XML within our limits."""
    try:
        return parse(path.read_bytes(), FILE)
    except (XmlError, OSError):
        return None


def _declared(path: Path, seen: frozenset[Path]) -> frozenset[str]:
    """Give the names of the elements that a file declares, itself or by what it includes."""
    root = None if path in seen else _read(path)
    if root is None:
        return frozenset()
    found = frozenset(element.get("name", "") for element in root.findall(f"{{{_XSD}}}element"))
    places = [element.get("schemaLocation", "") for element in root.findall(f"{{{_XSD}}}include")]
    return found.union(*(_declared(path.parent / place, seen | {path}) for place in places))
