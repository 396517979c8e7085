"""The compiled XSDs and their verdicts: what is wrong where, never with the value.

libxml2 decides. Its own messages quote values, so only the path and the name of the broken rule are taken over. One
compiled schema gives the right verdict to several threads at once, but may give them each other's messages; the
explanation is therefore made again, alone, by a second copy behind a lock.
"""

import re
import threading
from dataclasses import dataclass

from lxml import etree

from uwlr_adapter.contract import names
from uwlr_adapter.contract.files import contract_file

_STEP = re.compile(r"/(\*|[^/\[]+)(?:\[(\d+)\])?")
_KNOWN = {
    *(name for operatie in names.OPERATIONS.values() for name in (operatie.request, operatie.answer, operatie.payload)),
    *names.AUTORISATIE_PARTS,
    *names.LEERLING_ELEMENTS,
    *names.LEERKRACHT_ELEMENTS,
    *names.BSN_FAMILY,
    *("autorisatie", "school", "vestigingen", "vestiging", "groepen", "samengestelde_groep", "leerlingen", "leerling"),
    *("leerkrachten", "leerkracht", "naam", "omschrijving", "rol", "rolomschrijving", "geenwijzigingen"),
    *("geengegevens", "schooljaar", "brincode", "dependancecode", "schoolkey", "instellingsnummer", "xsdversie"),
    *("gegevenssetid", "laatstontvangengegevens", "peildatum", "aanmaakdatum", "auteur", "commentaar"),
}
"""Element names that may be said back; a name of the caller's own invention is shown as `*`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: `pad` names the element, `regel` the rule of XSD that it breaks (`pattern`, …)."""

    path: str
    rule: str
    element: etree._Element | None = None


class Schema:
    """One compiled XSD, safe to share between threads."""

    def __init__(self, name: str) -> None:
        """Compile a file of the contract, such as `schemas/2.2/verzoek.xsd`."""
        path = str(contract_file(name))
        self._verdict = etree.XMLSchema(file=path)
        self._explain = etree.XMLSchema(file=path)
        self._lock = threading.Lock()

    def findings(self, element: etree._Element) -> list[Finding]:
        """Give what is wrong with an element and all under it, in document order; nothing for a valid one."""
        if self._verdict.validate(element):
            return []
        with self._lock:
            self._explain.validate(element)
            entries = [(entry.path or "", entry.type_name) for entry in self._explain.error_log]  # type: ignore[attr-defined] # the stubs miss it
        return [_finding(element, path, rule) for path, rule in entries]


def _finding(root: etree._Element, path: str, rule: str) -> Finding:
    """Turn libxml2's path into one of local names, and find the element that it points at."""
    found: etree._Element | None = None
    pad: list[str] = []
    for name, number in _STEP.findall(path):
        found = root if found is None else _child(found, name, int(number or 1))
        if found is None:
            break
        local = etree.QName(found).localname
        pad.append(local if local in _KNOWN else "*")
    short = rule.removeprefix("SCHEMAV_").removeprefix("CVC_").removesuffix("_VALID").lower()
    return Finding("/".join(pad) or "*", short, found)


def _child(parent: etree._Element, name: str, number: int) -> etree._Element | None:
    """Give the child that one step of a libxml2 path means: `*[2]` by place, `p:naam[2]` by name and place."""
    prefix, _, local = name.rpartition(":")
    seen = 0
    for child in parent.iterchildren(tag=etree.Element):
        if name == "*" or (etree.QName(child).localname == local and (child.prefix or "") == prefix):
            seen += 1
            if seen == number:
                return child
    return None


AUTORISATIE = Schema("schemas/2.2/autorisatie.xsd")
"""The autorisatie header (UWLR 2.2, Autorisatie)."""
REQUEST = Schema("schemas/2.2/verzoek.xsd")
"""The requests (UWLR 2.2, Leerlinggegevens)."""
_ANSWER_22 = Schema("schemas/2.2/antwoord.xsd")
ANSWER = {"2.1": _ANSWER_22, "2.2": _ANSWER_22, "2.3": Schema("schemas/2.3/antwoord.xsd")}
"""The answers by xsdversie, with keys and references that work; these versions are answered. 2.1 has no eckid, and
keeps to 2.2 otherwise."""
