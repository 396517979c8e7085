"""Normalisation of the tree of an EDEXML file, in place, to the shape of a leerlinggegevens_antwoord.

EDEXML 1.03, 2.0 and 2.1 carry the same records as UWLR 2.2, without a namespace; afterwards one set of XSDs validates
both. What UWLR cannot carry is removed and reported; national numbers are removed and counted.
"""

import functools
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple, cast

from lxml import etree

from uwlr_adapter.administratie.model import Problem, Severity
from uwlr_adapter.administratie.sources import values
from uwlr_adapter.administratie.sources.edexml import rows
from uwlr_adapter.contract import names
from uwlr_adapter.contract.fields import BSN_FAMILY, ELEMENTS, FIELDS
from uwlr_adapter.contract.nouns import count_noun

SECTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "vestigingen": {"vestiging": ELEMENTS["vestiging"]},
    "groepen": {kind: ELEMENTS[kind] for kind in ("groep", "samengestelde_groep")},
    "leerlingen": {"leerling": ELEMENTS["leerling"]},
    "leerkrachten": {"leerkracht": ELEMENTS["leerkracht"]},
}
"""The sections of a file in order; for each, its kinds of record with their elements in order."""
PERSONEN = ("leerling", "leerkracht")
ROLLEN = ("rol", "rolomschrijving")
GROEP_KINDS = ("groep", "samengestelde_groep")
TOETSAFNAMELEIDER = "TAL"
"""A rol of EDEXML 2.1 that UWLR 2.2 does not have; it is sent as rolomschrijving, which is free text."""
ENROLMENT = tuple(field.element for field in FIELDS if field.kind == "periode")
"""The period of enrolment. An invalid value here refuses the file: without it the period would be open."""
NOT_CARRIED = "not carried by UWLR: left out"
"""The reason of a warning about what an answer cannot hold."""
ALIASES = {"tussenvoegsel": "voorvoegsel"}
"""Other names of elements that some sources use, and the names of the standard."""
_REFERENCES = {(field.record, field.element) for field in FIELDS if field.kind == "verwijzing"}
_REFERENCE_LISTS = {
    ("leerling", "samengestelde_groepen"): ("samengestelde_groep",),
    ("leerkracht", "groepen"): GROEP_KINDS,
}


@functools.cache
def tag_of(local: str) -> str:
    """Return the qualified name of an element of UWLR."""
    return f"{{{names.LEERLINGGEGEVENS}}}{local}"


def local_of(element: etree._Element) -> str:
    """Return the local name of an element; comments and instructions, which have none, are never in the tree."""
    return str(element.tag).rpartition("}")[2]


def line_of(element: etree._Element) -> int:
    """Return the line of an element (from 1; 0 when unknown); past line 65,535 libxml2 may be one or two lines off."""
    return cast("int | None", element.sourceline) or 0


class EdexmlTree:
    """The tree of one file, and the problems and counts of what was removed from it."""

    def __init__(self, edex: etree._Element) -> None:
        """Wrap the root `EDEX` of a file, which `normalise` changes, in an answer element."""
        self.answer = etree.Element(tag_of(names.HAAL_LEERLINGGEGEVENS.answer))
        self.answer.append(edex)
        self.payload = edex
        self.warnings: list[Problem] = []
        self.refused: list[Problem] = []
        """The values without which the file cannot be taken."""
        self.read = rows.read(edex)
        self.told: Counter[str] = Counter()
        """The rows that were removed, each with a warning, by kind."""
        self._without_date: set[etree._Element] = set()
        """The leerlingen of whom a date of enrolment was removed, with a warning."""
        self.dropped: Counter[str] = Counter()

    def normalise(self) -> None:
        """Normalise the whole tree except the school block."""
        order = ("school", *SECTIONS)
        self.payload.tag = tag_of(names.HAAL_LEERLINGGEGEVENS.payload)
        self.payload.attrib.clear()
        for section in list(self.payload):
            if section.tag not in order:
                self.drop(section, local_of(section), NOT_CARRIED)
            elif section.tag != "school":
                self._normalise_section(section)
        _sort(self.payload, order)
        self.told["inschrijvingen"] = sum(
            all(leerling.find(tag_of(name)) is None for name in ENROLMENT) for leerling in self._without_date
        )

    def _normalise_section(self, section: etree._Element) -> None:
        kinds = SECTIONS[str(section.tag)]
        _qualify(section)
        section.attrib.clear()
        for record in section:
            if record.tag in kinds:
                kind = str(record.tag)
                _qualify(record)
                self._normalise_record(record, kind, kinds[kind])
        if len(section) == 0 and local_of(section) != "leerlingen":
            self.payload.remove(section)

    def _normalise_record(self, record: etree._Element, kind: str, order: tuple[str, ...]) -> None:
        self._keep_attributes(record, kind, ("key", "eckid") if kind in PERSONEN else ("key",))
        quick = _quick(kind, order)
        last, is_sorted = 0, True
        for field_ in list(record):
            known = quick.get(field_.tag)
            if known is None or not known.is_right(field_):
                self._normalise_other(record, field_, kind, order)
                is_sorted = False
                continue
            field_.tag = known.tag  # the fast path, which nearly every element takes: only the namespace is added
            is_sorted = is_sorted and known.place >= last
            last = known.place
        if not is_sorted:
            _sort(record, order)

    def _normalise_other(
        self, record: etree._Element, field_: etree._Element, kind: str, order: tuple[str, ...]
    ) -> None:
        """Normalise an element that is not a plain text without attributes."""
        name = str(field_.tag)
        if name in ALIASES:
            name = ALIASES[name]
            self.report(field_, f"{kind}/{field_.tag}", f"read as {name}")
        if name in BSN_FAMILY:
            self.dropped[name] += 1
            record.remove(field_)
        elif name == "toevoegingen":
            self.drop(field_, f"{kind}/{name}", "a block of a supplier, not carried by UWLR: left out")
        elif name == "rollen" or not (name in order or (kind == "leerkracht" and name in ROLLEN)):
            self.drop(field_, f"{kind}/{local_of(field_)}", NOT_CARRIED)
        else:
            field_.tag = tag_of(name)
            self._normalise_field(field_, kind, name)

    def _normalise_field(self, field_: etree._Element, kind: str, name: str) -> None:
        path = f"{kind}/{name}"
        if (kind, name) in _REFERENCES:
            self._normalise_reference(field_, path)
        elif (kind, name) in _REFERENCE_LISTS:
            self._normalise_reference_list(field_, path, _REFERENCE_LISTS[kind, name])
        elif len(field_) == 0 and not field_.text:
            _remove(field_)  # an empty element means an absent one, and UWLR has no empty values
        else:
            self._keep_attributes(field_, path, ())
            self._normalise_text(field_, kind, name, path)
            if name == "rol":
                self._normalise_rol(field_, path)

    def _normalise_text(self, field_: etree._Element, kind: str, name: str, path: str) -> None:
        """Judge the text of an element by the rule of all sources; an empty one means absent, and is removed."""
        if len(field_):
            return  # the XSD has a reason for what is in it
        value = values.rule_of(kind, name)(field_.text or "")
        if value.refused and name in ENROLMENT:
            self.refused.append(Problem(line_of(field_), path, value.reason))
        elif value.refused:
            self.report(field_, path, f"{value.reason}: left out")
        elif value.reason:
            self.report(field_, path, value.reason)
        if value.text is not None:
            field_.text = value.text
            return
        if name in ENROLMENT and value.reason and (record := field_.getparent()) is not None:
            self._without_date.add(record)
        _remove(field_)

    def _normalise_reference_list(self, container: etree._Element, path: str, kinds: tuple[str, ...]) -> None:
        self._keep_attributes(container, path, ())
        with_rollen = path.startswith("leerkracht")
        keys: set[str] = set()
        for reference in list(container):
            if reference.tag not in kinds:
                self.drop(reference, f"{path}/{local_of(reference)}", NOT_CARRIED)
                continue
            self._normalise_reference(reference, f"{path}/{_qualify(reference)}", with_rollen=with_rollen)
            key = reference.get("key", "")
            if key in keys and not with_rollen:
                self.drop(reference, path, "the same group again: left out")
            keys.add(key)
        if len(container) == 0:
            _remove(container)

    def _normalise_reference(self, reference: etree._Element, path: str, *, with_rollen: bool = False) -> None:
        self._keep_attributes(reference, path, ("key",))
        if reference.text and reference.text.strip():
            self.report(reference, path, "text in a reference: left out")
        if reference.text:
            reference.text = None
        for rol in list(reference):
            if not with_rollen or rol.tag not in ROLLEN:
                self.drop(rol, f"{path}/{local_of(rol)}", NOT_CARRIED)
            else:
                self._keep_attributes(rol, path, ())
                name = _qualify(rol)
                self._normalise_text(rol, "leerkracht", name, f"{path}/{name}")
                if name == "rol":
                    self._normalise_rol(rol, f"{path}/rol")

    def _normalise_rol(self, rol: etree._Element, path: str) -> None:
        if rol.text == TOETSAFNAMELEIDER:
            rol.tag = tag_of("rolomschrijving")
            self.report(rol, path, "UWLR has no role TAL: kept as rolomschrijving")

    def _keep_attributes(self, element: etree._Element, path: str, kept: tuple[str, ...]) -> None:
        if not (attributes := element.items()):
            return
        for attribute, value in cast("list[tuple[str, str]]", attributes):
            if attribute not in kept:
                del element.attrib[attribute]
                self.report(element, path, "an attribute that UWLR does not carry: left out")
            elif not values.is_plain_key(value):
                self._normalise_key(element, attribute, path)
        if element.get("eckid") == "":
            del element.attrib["eckid"]

    def _normalise_key(self, element: etree._Element, attribute: str, path: str) -> None:
        value = values.key(element.get(attribute, ""))
        if value.refused:
            self.refused.append(Problem(line_of(element), f"{path}/@{attribute}", value.reason))
        else:
            element.set(attribute, value.text or "")

    def drop(self, element: etree._Element, path: str, reason: str) -> None:
        """Remove an element, with a warning that counts the rows in it."""
        found = rows.within(element)
        count = sum(found.values())
        self.told.update(found)
        self.report(
            element, path, reason if count <= 1 else f"{reason} ({count_noun(count, 'reference', 'references')})"
        )
        _remove(element)

    def report(self, element: etree._Element, path: str, reason: str) -> None:
        """Add a warning at an element."""
        self.warnings.append(Problem(line_of(element), path, reason, Severity.WARNING))


def _qualify(element: etree._Element) -> str:
    local = local_of(element)
    element.tag = tag_of(local)
    return local


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


class _Quick(NamedTuple):
    """An element of a record on the fast path: its qualified name, its place, and whether it stands as it should."""

    tag: str
    place: int
    is_right: Callable[[etree._Element], bool]


def _text_is(check: Callable[[str], bool]) -> Callable[[etree._Element], bool]:
    def is_right(field_: etree._Element) -> bool:
        text = field_.text
        return text is not None and check(text) and not field_.items() and not len(field_)

    return is_right


def _refers(field_: etree._Element) -> bool:
    """Return whether an element is a reference with a plain key and nothing else."""
    attributes = cast("list[tuple[str, str]]", field_.items())
    if len(attributes) != 1 or field_.text is not None or len(field_):
        return False
    attribute, value = attributes[0]
    return attribute == "key" and values.is_plain_key(value)


@functools.cache
def _quick(kind: str, order: tuple[str, ...]) -> dict[str, _Quick]:
    """Return the elements of a record that hold a text or a key only, by local name."""
    lists = {"rollen", *(name for owner, name in _REFERENCE_LISTS if owner == kind)}
    return {
        name: _Quick(
            tag_of(name),
            place,
            _refers if (kind, name) in _REFERENCES else _text_is(values.check_of(kind, name)),
        )
        for place, name in enumerate(order)
        if name not in lists
    }


@functools.cache
def _ranking(order: tuple[str, ...]) -> dict[str, int]:
    """Return the position of each name, qualified or not; rol and rolomschrijving share one."""
    ranking = {name: place for place, name in enumerate(order)}
    ranking |= dict.fromkeys(ROLLEN, ranking.get("rollen", 0))
    return ranking | {tag_of(name): place for name, place in ranking.items()}


def sort_record(record: etree._Element) -> None:
    """Put the elements of a record in the order of the standard."""
    _sort(record, ELEMENTS[local_of(record)])


def _sort(parent: etree._Element, order: tuple[str, ...]) -> None:
    """Sort the children into the order of the standard; the sort is stable, also among rol and rolomschrijving."""
    ranking = _ranking(order)
    places = [ranking[child.tag] for child in parent]
    if places != sorted(places):
        parent[:] = sorted(parent, key=lambda child: ranking[str(child.tag)])
