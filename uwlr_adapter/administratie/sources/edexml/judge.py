"""Validation of the tree of a file in the shape of an answer: an invalid field is removed, or the file is refused.

The XSD of the answers decides. An optional field that it refuses is removed and reported; a required one refuses the
file. Keys and references are checked here as well, so that the problem of a doubled key names both lines.
"""

from collections.abc import Iterator

from lxml import etree

from uwlr_adapter.administratie.model import Problem, Severity
from uwlr_adapter.administratie.sources.edexml.tree import (
    ENROLMENT,
    PERSONEN,
    SECTIONS,
    EdexmlTree,
    line_of,
    local_of,
    tag_of,
)
from uwlr_adapter.contract import schemas

MAX_KEY = 256
"""The longest key and ECK-iD in characters, inclusive (UWLR 2.2)."""
_REQUIRED = {
    "vestiging": ("naam",),
    "groep": ("naam", "jaargroep"),
    "samengestelde_groep": ("naam",),
}
"""The required elements of a record: an invalid one refuses the file."""
_NAME = ("achternaam", "roepnaam")
"""The elements of which a person needs one (UWLR 2.2, Leerling and Leerkracht)."""
_REFERRING_LISTS = ("leerlingen", "leerkrachten")
"""The sections whose records refer to records of other sections."""
_REFERENCES = ("groep", "samengestelde_groep", "vestiging")
"""The elements that are references in these sections."""
_REFERENCE_LISTS = ("samengestelde_groepen", "groepen")
_RECORD_DEPTH = 3
"""The number of ancestors of a record: the answer, its payload and the section."""
_REASONS = {
    "maxlength": "longer than UWLR allows",
    "minlength": "shorter than UWLR allows",
    "length": "not of the length that UWLR asks",
    "enumeration": "not a code of UWLR",
    "pattern": "not of the form that UWLR asks",
    "facet": "not a value of UWLR",
    "element_content": "not allowed here, or doubled",
}


def judge(tree: EdexmlTree) -> list[Problem]:
    """Remove the fields that UWLR cannot carry, with a warning in `tree.warnings`; return what refuses the file."""
    if not_understood := [*_strangers(tree.payload), *_judge_keys(tree.payload)]:
        return sorted(not_understood, key=lambda problem: problem.line)
    while findings := schemas.ANSWER["2.2"].findings(tree.answer):
        refused = list(_missing(tree.payload))
        if refused:
            return refused
        for finding in _first_each(findings):
            element = finding.element if finding.element is not None else tree.payload
            reason = _REASONS.get(finding.rule, "not valid in UWLR")
            target = _droppable(element)
            if target is None:
                refused.append(Problem(line_of(element), _path(element), reason))
                continue
            tree.warnings.append(Problem(line_of(target), _path(target), f"{reason}: left out", Severity.WARNING))
            parent = target.getparent()
            if parent is not None:
                parent.remove(target)
        if refused:
            return refused
    return []


def _missing(content: etree._Element) -> Iterator[Problem]:
    """Yield a problem for every record without a required element, also when its invalid value was removed."""
    for leerlingen in content.iterchildren(tag_of("leerlingen")):
        if len(leerlingen) == 0:
            yield Problem(line_of(leerlingen), "leerlingen", "has no leerling")
    for record in (record for section in SECTIONS for record in _children(content, section)):
        kind = local_of(record)
        if kind in PERSONEN and all(record.find(tag_of(name)) is None for name in _NAME):
            yield Problem(line_of(record), kind, "has no achternaam and no roepnaam")
        for name in _REQUIRED.get(kind, ()):
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
    if name in ENROLMENT or (name in _REQUIRED.get(kind, ()) and len(record.findall(field_.tag)) == 1):
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
