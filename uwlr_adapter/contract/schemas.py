"""The compiled XSDs and their verdicts: what is wrong where, never with the value.

libxml2 decides. Its own messages quote values, so only the path and the name of the broken rule are taken over. A
compiled schema returns the right verdict to several threads at once, but may mix up their messages: a second copy,
behind a lock, validates again to explain.
"""

import functools
import re
import threading
from dataclasses import dataclass

from lxml import etree

from uwlr_adapter.contract import fields, names, versions
from uwlr_adapter.contract.files import contract_file

_STEP = re.compile(r"/(\*|[^/\[]+)(?:\[(\d+)\])?")
_KNOWN = {
    *(name for one in names.OPERATIONS.values() for name in (one.request, one.answer, one.payload)),
    *names.AUTORISATIE_PARTS,
    *(field.element for field in fields.FIELDS),
    *fields.BSN_FAMILY,
    *("autorisatie", "school", "vestigingen", "vestiging", "groepen", "samengestelde_groep", "leerlingen", "leerling"),
    *("leerkrachten", "leerkracht", "rol", "rolomschrijving", "geenwijzigingen"),
    *("geengegevens", "schooljaar", "brincode", "dependancecode", "schoolkey", "instellingsnummer", "xsdversie"),
    *("gegevenssetid", "laatstontvangengegevens", "peildatum", "aanmaakdatum", "auteur", "commentaar"),
}
"""Element names that a finding may repeat; a name of the caller's own invention is shown as `*`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: `path` names the element, `rule` the rule of XSD that it breaks (`pattern`, …)."""

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
        """Return what is wrong with an element and all under it, in document order; nothing for a valid one."""
        return [_finding(element, path, rule) for path, rule in self._entries(element)]

    def first(self, element: etree._Element) -> Finding | None:
        """Return the first of `findings`, None for a valid element; however much is wrong, one path is followed."""
        return next((_finding(element, path, rule) for path, rule in self._entries(element)), None)

    def _entries(self, element: etree._Element) -> list[tuple[str, str]]:
        """Return the path and the rule of each thing that is wrong, as libxml2 writes them."""
        if self._verdict.validate(element):
            return []
        with self._lock:
            self._explain.validate(element)
            return [(entry.path or "", entry.type_name) for entry in self._explain.error_log]  # type: ignore[attr-defined] # the stubs miss it


def _finding(root: etree._Element, path: str, rule: str) -> Finding:
    """Turn libxml2's path into one of local names, and find the element that it points at."""
    found: etree._Element | None = None
    local_path: list[str] = []
    for name, number in _STEP.findall(path):
        found = root if found is None else _child(found, name, int(number or 1))
        if found is None:
            break
        local = etree.QName(found).localname
        local_path.append(local if local in _KNOWN else "*")
    short = rule.removeprefix("SCHEMAV_").removeprefix("CVC_").removesuffix("_VALID").lower()
    return Finding("/".join(local_path) or "*", short, found)


def _child(parent: etree._Element, name: str, number: int) -> etree._Element | None:
    """Return the child that one step of a libxml2 path means: `*[2]` by place, `p:naam[2]` by name and place."""
    prefix, _, local = name.rpartition(":")
    seen = 0
    for child in parent.iterchildren(tag=etree.Element):
        if name == "*" or (etree.QName(child).localname == local and (child.prefix or "") == prefix):
            seen += 1
            if seen == number:
                return child
    return None


_compiled = functools.cache(Schema)
"""Schemas by file, each compiled once."""
AUTORISATIE = _compiled(versions.AUTORISATIE_SCHEMA)
"""The autorisatie header (UWLR 2.2, Autorisatie)."""
REQUEST = _compiled(versions.REQUEST_SCHEMA)
"""The requests (UWLR 2.2, Leerlinggegevens)."""
ANSWER = {version.name: _compiled(version.answer_schema) for version in versions.BY_NAME.values()}
"""The answers by xsdversie, with keys and references that work."""
