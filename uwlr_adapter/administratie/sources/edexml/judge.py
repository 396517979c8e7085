"""Validation of the tree of a file in the shape of an answer: an invalid field is removed, or the file is refused.

The XSD of the answers decides: the one of the usual version, and for a field that only other versions have, the one of
the first version that has it, so that everything a served version can carry is kept. An optional field that it refuses
is removed and reported; a required one refuses the file. Keys and references are checked here as well, so that the
problem of a doubled key names both lines.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from lxml import etree

from uwlr_adapter.administratie.model import Problem, Severity
from uwlr_adapter.administratie.sources import values
from uwlr_adapter.administratie.sources.edexml.tree import (
    ENROLMENT,
    SECTIONS,
    EdexmlTree,
    line_of,
    local_of,
    sort_record,
    tag_of,
)
from uwlr_adapter.contract import fields, schemas
from uwlr_adapter.contract.fields import NAME_PARTS, REQUIRED, Field
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.versions import VERSIONS

MAX_KEY = 256
"""The maximum length of a key and of an ECK-iD in characters (inclusive, UWLR 2.2)."""
_REFERRING_LISTS = ("leerlingen", "leerkrachten")
"""The sections whose records refer to records of other sections."""
_REFERENCES = ("groep", "samengestelde_groep", "vestiging")
"""The elements that are references in these sections."""
_REFERENCE_LISTS = ("samengestelde_groepen", "groepen")
_RECORD_DEPTH = 3
"""The number of ancestors of a record: the answer, its payload and the section."""
REASONS = {
    Rule.TOO_LONG: "longer than UWLR allows",
    Rule.EMPTY: "shorter than UWLR allows",
    Rule.CODE: "not a code of UWLR",
    Rule.FORM: "not of the form that UWLR asks",
    Rule.VALUE: "not a value that UWLR has for it",
    Rule.ABSENT: "incomplete: a part of it that UWLR requires is missing",
    Rule.DOUBLED: "there twice, and UWLR has it once",
    Rule.PLACE: "not possible beside the other elements here: UWLR has it only with, or only without, one of them",
    Rule.UNKNOWN: "not an element of UWLR",
    Rule.NAMESPACE: "in another namespace than the elements of EDEXML",
    Rule.CONTENT: "not a plain text, or a text where UWLR has only elements",
    Rule.ATTRIBUTE: "its attributes are not those of UWLR",
    Rule.KEY: "its key or reference is not unique, or not there",
}
"""What each word for an error of the XSD says of an element of a file."""
_PLACEHOLDER = "."
"""The achternaam of a person without a name while the XSD judges the rest: in EDEXML it means unknown."""


def judge(tree: EdexmlTree) -> list[Problem]:
    """Remove the fields that UWLR cannot carry, with a warning in `tree.warnings`; return what refuses the file."""
    if not_understood := [*_strangers(tree.payload), *_judge_keys(tree.payload)]:
        return sorted(not_understood, key=lambda problem: problem.line)
    with _names_for_all(tree) as name_all:
        for version in fields.covering_versions():
            with _only_carried_by(tree, version):
                problems = _judge_by(schemas.ANSWER[version], tree, name_all)
            if problems:
                return problems
    tree.warnings += left_out_somewhere(tree)
    return []


@contextmanager
def _names_for_all(tree: EdexmlTree) -> Iterator[Callable[[], bool]]:
    """Yield a function that names the persons without a name for the XSD, and says whether there were any.

    Afterwards they have no name again, and a warning each: who is in a file is not left out of it.
    """
    named: list[etree._Element] = []

    def name_all() -> bool:
        unnamed = list(_unnamed(tree.payload))
        for record in unnamed:
            placeholder = etree.Element(tag_of(NAME_PARTS[0]))
            placeholder.text = _PLACEHOLDER
            record.insert(0, placeholder)
        named.extend(unnamed)
        return bool(unnamed)

    try:
        yield name_all
    finally:
        for record in named:
            record.remove(record[0])
            tree.report(record, local_of(record), values.UNNAMED)


def _unnamed(content: etree._Element) -> Iterator[etree._Element]:
    for section in _REFERRING_LISTS:
        for record in _children(content, section):
            if all(record.find(tag_of(name)) is None for name in NAME_PARTS):
                yield record


def _judge_by(schema: schemas.Schema, tree: EdexmlTree, name_all: Callable[[], bool]) -> list[Problem]:
    """Remove and report the optional fields that one schema refuses; return the problems that refuse the file."""
    while findings := schema.findings(tree.answer):
        if name_all():
            continue
        refused = list(_missing(tree.payload))
        if refused:
            return refused
        for finding in _first_each(findings):
            element = finding.element if finding.element is not None else tree.payload
            reason = REASONS[finding.rule]
            target = _droppable(element)
            if target is None:
                refused.append(Problem(line_of(element), _path(element), reason))
                continue
            tree.drop(target, _path(target), f"{reason}: left out")
        if refused:
            return refused
    return []


@contextmanager
def _only_carried_by(tree: EdexmlTree, version: str) -> Iterator[None]:
    """Take the fields that a version does not have out of the tree, and put them back afterwards."""
    not_carried = set(fields.FIELDS) - set(fields.carried_by(version))
    aside = [found for field in not_carried for found in _find(tree, field)]
    for record, element in aside:
        record.remove(element)
    try:
        yield
    finally:
        for record, element in aside:
            record.append(element)
            sort_record(record)


def _find(tree: EdexmlTree, field: Field) -> Iterator[tuple[etree._Element, etree._Element]]:
    """Yield each record that has a field, with the element."""
    for record in tree.payload.iterfind(f"*/{tag_of(field.record)}"):
        for element in record.iterchildren(tag_of(field.element)):
            yield record, element


def left_out_somewhere(
    tree: EdexmlTree, table: Iterable[Field] = fields.FIELDS, served: Sequence[str] = VERSIONS
) -> Iterator[Problem]:
    """Yield a warning for each field of the file that is kept, and that the answers of an older version leave out."""
    for path, versions in fields.not_carried_everywhere(table, served).items():
        record, _, element = path.partition("/")
        first = tree.payload.find(f"*/{tag_of(record)}/{tag_of(element)}")
        if first is not None:
            reason = f"kept, but UWLR {', '.join(versions)} cannot carry it: it leaves in later versions only"
            yield Problem(line_of(first), path, reason, Severity.WARNING)


def _missing(content: etree._Element) -> Iterator[Problem]:
    """Yield a problem for every record without a required element, also when its invalid value was removed."""
    for leerlingen in content.iterchildren(tag_of("leerlingen")):
        if len(leerlingen) == 0:
            yield Problem(line_of(leerlingen), "leerlingen", "has no leerling")
    for record in (record for section in SECTIONS for record in _children(content, section)):
        kind = local_of(record)
        for name in REQUIRED.get(kind, ()):
            if record.find(tag_of(name)) is None:
                yield Problem(line_of(record), f"{kind}/{name}", f"has no {name}")


def _first_each(findings: list[schemas.Finding]) -> Iterator[schemas.Finding]:
    """Yield the first finding for each element to remove: libxml2 reports an invalid value twice."""
    reported: set[etree._Element | None] = set()
    for finding in findings:
        target = None if finding.element is None else _droppable(finding.element)
        element = finding.element if target is None else target
        if element not in reported:
            reported.add(element)
            yield finding


def _chain(element: etree._Element) -> list[etree._Element]:
    """Return the elements from the answer down to this one, inclusive."""
    return [*reversed(list(element.iterancestors())), element]


def _path(element: etree._Element) -> str:
    chain = _chain(element)
    return "/".join(local_of(step) for step in chain[_RECORD_DEPTH:] or chain[-1:])


def _droppable(element: etree._Element) -> etree._Element | None:
    """Return the element to remove so that the record can stay without it; None when it cannot."""
    chain = _chain(element)[_RECORD_DEPTH:]
    if len(chain) < 2:  # noqa: PLR2004 - the record itself, or less
        return None
    record, field_, *deeper = chain
    kind, name = local_of(record), local_of(field_)
    if name in ENROLMENT or (name in REQUIRED.get(kind, ()) and len(record.findall(field_.tag)) == 1):
        return None
    if name in _REFERENCE_LISTS and deeper:
        return deeper[min(len(deeper), 2) - 1]
    return field_


def _judge_keys(content: etree._Element) -> list[Problem]:
    """Return a problem for every missing, doubled or over-long key or ECK-iD, and every unresolved reference."""
    problems: list[Problem] = []
    keys: dict[str, set[str]] = {}
    for section, kinds in SECTIONS.items():
        tags = [tag_of(kind) for kind in kinds]
        records = [record for record in _children(content, section) if record.tag in tags]
        problems += _doubled(records, "key")
        problems += _doubled(records, "eckid")
        for tag in tags:
            keys[tag] = {record.get("key", "") for record in records if record.tag == tag}
    for personen in content.iterchildren(*map(tag_of, _REFERRING_LISTS)):
        for reference in personen.iter(*map(tag_of, _REFERENCES)):
            if reference.get("key", "") not in keys[str(reference.tag)]:
                reason = f"refers to a {local_of(reference)} that is not in the file"
                problems.append(Problem(line_of(reference), _path(reference), reason))
    return problems


def _strangers(content: etree._Element) -> Iterator[Problem]:
    """Yield a problem for every unknown record, and for a file without leerlingen: it is not the whole truth."""
    if content.find(tag_of("leerlingen")) is None:
        yield Problem(line_of(content), "leerlingen", "is not in the file")
    for section, kinds in SECTIONS.items():
        known = {tag_of(kind) for kind in kinds}
        for record in _children(content, section):
            if record.tag not in known:
                yield Problem(line_of(record), f"{section}/{local_of(record)}", "is not a record that belongs here")


def _children(content: etree._Element, section: str) -> Iterator[etree._Element]:
    for container in content.iterchildren(tag_of(section)):
        yield from container


def _doubled(records: list[etree._Element], attribute: str) -> Iterator[Problem]:
    values = [value for record in records if (value := record.get(attribute))]
    is_whole = len(values) == len(records) or attribute != "key"
    if is_whole and len(set(values)) == len(values) and max(map(len, values), default=0) <= MAX_KEY:
        return
    first: dict[str, etree._Element] = {}
    for record in records:
        value = record.get(attribute)
        if value and len(value) <= MAX_KEY and value not in first:
            first[value] = record
            continue
        path, line = f"{local_of(record)}/@{attribute}", line_of(record)
        if not value:
            if attribute == "key":
                yield Problem(line, path, "has no key")
        elif len(value) > MAX_KEY:
            yield Problem(line, path, f"its {attribute} is longer than {MAX_KEY}")
        else:
            other = line_of(first[value])
            yield Problem(line, path, f"the same {attribute} as line {other}")
