"""The compiled XSDs and their verdicts: what is wrong where, never with the value.

libxml2 decides. Its own messages quote values, so only the path and the kind of error are taken over, and each kind has
a word of our own (`contract.rules`). A compiled schema returns the right verdict to several threads at once, but may
mix up their messages: a second copy, behind a lock, validates again to explain.
"""

import functools
import re
import threading
from dataclasses import dataclass
from typing import TypeAlias

from lxml import etree

from uwlr_adapter.contract import fields, names, versions
from uwlr_adapter.contract.files import contract_file
from uwlr_adapter.contract.rules import Rule

_STEP = re.compile(r"/(\*|[^/\[]+)(?:\[(\d+)\])?")
KNOWN_NAMES = {
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
    """One thing that is wrong: `path` names the element, `rule` is a word of docs/reference/faults.md (`vorm`, …).

    Neither holds a value, nor a name that is not of the standard: such an element is `*`.
    """

    path: str
    rule: Rule
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
        listed: _Listed = {}
        return [_finding(element, *entry, listed) for entry in self._entries(element)]

    def first(self, element: etree._Element) -> Finding | None:
        """Return the first of `findings`, None for a valid element; however much is wrong, one path is followed."""
        return next((_finding(element, *entry, {}) for entry in self._entries(element)), None)

    def summary(self, element: etree._Element) -> list[Finding]:
        """Return `findings`, or with more than MAX_EXPLAINED of them one for each broken rule, with the path `*`.

        The time is linear in the size of the element: libxml2 writes the path of each error by counting all elements
        before it, so that a tree with many errors is not validated where it stands, but as a stream, without paths.
        """
        rules = self._streamed(etree.tostring(element, encoding="utf-8"))
        if len(rules) > MAX_EXPLAINED:
            return [Finding("*", rule) for rule in dict.fromkeys(rules)]
        return self.findings(element) if rules else []

    def _streamed(self, content: bytes) -> list[Rule]:
        """Return the rule of each error, up to the piece in which they become more than MAX_EXPLAINED."""
        parser = etree.XMLPullParser(events=(), schema=self._verdict, resolve_entities=False, no_network=True)
        for start in range(0, len(content), _PIECE):
            parser.feed(content[start : start + _PIECE])
            if len(log := parser.feed_error_log) > MAX_EXPLAINED:
                return [_streamed_rule(entry) for entry in log]
        try:
            parser.close()
        except etree.XMLSyntaxError as error:
            return [_streamed_rule(entry) for entry in error.error_log]  # type: ignore[attr-defined] # the stubs miss it
        return []

    def _entries(self, element: etree._Element) -> list[tuple[str, str, bool]]:
        """Return the path and the kind of each thing that is wrong, and whether it is a child that is missing."""
        if self._verdict.validate(element):
            return []
        with self._lock:
            self._explain.validate(element)
            return [
                (entry.path or "", entry.type_name.removeprefix("SCHEMAV_"), _MISSING in entry.message)
                for entry in self._explain.error_log  # type: ignore[attr-defined] # the stubs miss it
            ]


MAX_EXPLAINED = 100
"""Errors of an answer of another service that are told with their place: a page of them tells what is wrong."""
_PIECE = 64 * 1024
RULES = {
    "CVC_COMPLEX_TYPE_2_1": Rule.CONTENT,
    "CVC_COMPLEX_TYPE_2_2": Rule.CONTENT,
    "CVC_COMPLEX_TYPE_2_3": Rule.CONTENT,
    "CVC_COMPLEX_TYPE_3_2_1": Rule.ATTRIBUTE,
    "CVC_COMPLEX_TYPE_3_2_2": Rule.ATTRIBUTE,
    "CVC_COMPLEX_TYPE_4": Rule.ABSENT,
    "CVC_ELT_1": Rule.UNKNOWN,
    "CVC_ELT_3_1": Rule.ATTRIBUTE,
    "CVC_ELT_4_1": Rule.ATTRIBUTE,
    "CVC_ELT_4_2": Rule.ATTRIBUTE,
    "CVC_ELT_4_3": Rule.ATTRIBUTE,
    "CVC_ENUMERATION_VALID": Rule.CODE,
    "CVC_IDC": Rule.KEY,
    "CVC_MAXLENGTH_VALID": Rule.TOO_LONG,
    "CVC_MINLENGTH_VALID": Rule.EMPTY,
    "CVC_PATTERN_VALID": Rule.FORM,
    "CVC_TYPE_2": Rule.ATTRIBUTE,
    "CVC_TYPE_3_1_1": Rule.ATTRIBUTE,
    "CVC_TYPE_3_1_2": Rule.CONTENT,
}
"""The words for libxml2's kinds of error; each other kind is about a value. Every minLength is 1."""


_MISSING = "': Missing child element(s)."
"""How libxml2 tells a child that is missing from one that is not expected; no name of an element holds this."""


def _streamed_rule(entry: etree._LogEntry) -> Rule:
    """Return the rule of an error without its place: why an element is not expected is not known."""
    kind = entry.type_name.removeprefix("SCHEMAV_")
    if kind == "ELEMENT_CONTENT":
        return Rule.ABSENT if _MISSING in entry.message else Rule.CONTENT
    return RULES.get(kind, Rule.VALUE)


_Listed: TypeAlias = dict[tuple[etree._Element, str], list[etree._Element]]  # noqa: SLF001 - lxml names it so
"""The children of a parent that a step of a path may mean, by the step's name."""


def _finding(root: etree._Element, path: str, kind: str, misses_child: bool, listed: _Listed) -> Finding:  # noqa: FBT001 - one entry
    """Turn libxml2's path into one of local names, find the element that it points at, and name the error."""
    found: etree._Element | None = None
    local_path: list[str] = []
    for name, number in _STEP.findall(path):
        found = root if found is None else _child(found, name, int(number or 1), listed)
        if found is None:
            break
        local = etree.QName(found).localname
        local_path.append(local if local in KNOWN_NAMES else "*")
    if kind != "ELEMENT_CONTENT":
        rule = RULES.get(kind, Rule.VALUE)
    elif misses_child or found is None:
        rule = Rule.ABSENT
        local_path.append("*")
    else:
        rule = _unexpected(found)
    return Finding("/".join(local_path) or "*", rule, found)


def _unexpected(element: etree._Element) -> Rule:
    """Return why an element is not expected where it stands."""
    name, parent = etree.QName(element), element.getparent()
    if name.localname not in KNOWN_NAMES:
        return Rule.UNKNOWN
    if parent is not None and name.namespace != etree.QName(parent).namespace:
        return Rule.NAMESPACE
    return Rule.DOUBLED if any(one.tag == element.tag for one in element.itersiblings(preceding=True)) else Rule.PLACE


def _child(parent: etree._Element, name: str, number: int, listed: _Listed) -> etree._Element | None:
    """Return the child that one step of a libxml2 path means: `*[2]` by place, `p:naam[2]` by name and place.

    The children are kept in `listed` for the next error, so that many errors under one parent do not count them anew.
    """
    if (parent, name) not in listed:
        prefix, _, local = name.rpartition(":")
        listed[parent, name] = [
            child
            for child in parent.iterchildren(tag=etree.Element)
            if name == "*" or (etree.QName(child).localname == local and (child.prefix or "") == prefix)
        ]
    children = listed[parent, name]
    return children[number - 1] if number <= len(children) else None


_compiled = functools.cache(Schema)
"""Schemas by file, each compiled once."""
AUTORISATIE = _compiled(versions.AUTORISATIE_SCHEMA)
"""The autorisatie header (UWLR 2.2, Autorisatie)."""
REQUEST = _compiled(versions.REQUEST_SCHEMA)
"""The requests (UWLR 2.2, Leerlinggegevens)."""
ANSWER = {version.name: _compiled(version.answer_schema) for version in versions.BY_NAME.values()}
"""The answers by xsdversie, with keys and references that work."""
