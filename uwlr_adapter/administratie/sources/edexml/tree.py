"""Bring the tree of an EDEXML file into the shape of a leerlinggegevens_antwoord, in place.

EDEXML 1.03, 2.0 and 2.1 carry the same records as UWLR 2.2, without a namespace. After this step one set of XSDs can
judge both. What UWLR has no place for is taken out here and reported; national numbers are taken out and counted.
"""

import functools
from collections import Counter
from typing import cast

from lxml import etree

from uwlr_adapter.administratie.model import Problem, Severity
from uwlr_adapter.contract import names
from uwlr_adapter.contract.fields import BSN_FAMILY, ELEMENTS, FIELDS

SECTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "vestigingen": {"vestiging": ELEMENTS["vestiging"]},
    "groepen": {kind: ELEMENTS[kind] for kind in ("groep", "samengestelde_groep")},
    "leerlingen": {"leerling": ELEMENTS["leerling"]},
    "leerkrachten": {"leerkracht": ELEMENTS["leerkracht"]},
}
"""The parts of a file in their order, with their records and the order of the elements in those."""
PERSONEN = ("leerling", "leerkracht")
ROLLEN = ("rol", "rolomschrijving")
GROEP_KINDS = ("groep", "samengestelde_groep")
TOETSAFNAMELEIDER = "TAL"
"""A role of EDEXML 2.1 that UWLR 2.2 does not have; the standard leaves rolomschrijving free."""
ENROLMENT = tuple(field.element for field in FIELDS if field.kind == "periode")
"""From when and until when a leerling is there. What cannot be read here may not be taken as open."""
DATES = frozenset(field.element for field in FIELDS if field.is_date)
WHITE_SPACE = " \t\r\n"
"""What XML calls white space: around a key it means nothing (EDEXML 2.1)."""
NOT_CARRIED = "not carried by UWLR: left out"
"""The reason for what has no place in an answer."""
ALIASES = {"tussenvoegsel": "voorvoegsel"}
"""What some sources call an element."""
_REFERENCES = {(field.record, field.element) for field in FIELDS if field.kind == "verwijzing"}
_REFERENCE_LISTS = {
    ("leerling", "samengestelde_groepen"): ("samengestelde_groep",),
    ("leerkracht", "groepen"): GROEP_KINDS,
}


@functools.cache
def tag_of(local: str) -> str:
    """Give the qualified name of an element of UWLR."""
    return f"{{{names.LEERLINGGEGEVENS}}}{local}"


def local_of(element: etree._Element) -> str:
    """Give the local name of an element; a file is read without comments and instructions, which have none."""
    return str(element.tag).rpartition("}")[2]


def line_of(element: etree._Element) -> int:
    """Give the line of an element, 0 when unknown; past line 65,535 libxml2 may be a line or two off."""
    return cast("int | None", element.sourceline) or 0


class EdexmlTree:
    """One file's tree while it is being brought into shape; collects what was taken out."""

    def __init__(self, edex: etree._Element) -> None:
        """Take the root of a file, `EDEX`, which is changed by `normalise`."""
        self.answer = etree.Element(tag_of(names.HAAL_LEERLINGGEGEVENS.answer))
        self.answer.append(edex)
        self.payload = edex
        self.warnings: list[Problem] = []
        self.dropped: Counter[str] = Counter()

    def normalise(self) -> None:
        """Bring the whole tree into shape, the school block excepted."""
        order = ("school", *SECTIONS)
        self.payload.tag = tag_of(names.HAAL_LEERLINGGEGEVENS.payload)
        self.payload.attrib.clear()
        for section in list(self.payload):
            if section.tag not in order:
                self.drop(section, local_of(section), NOT_CARRIED)
            elif section.tag != "school":
                self._normalise_section(section)
        _sort(self.payload, order)

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
        plain = _plain(kind, order)
        for field_ in list(record):
            tag = plain.get(field_.tag)
            text = field_.text
            if tag is not None and text and text == text.strip(WHITE_SPACE) and len(field_) == 0 and not field_.attrib:
                field_.tag = tag  # nearly all of them are like this, and nothing else needs to be looked at
            else:
                self._normalise_other(record, field_, kind, order)
        _sort(record, order)

    def _normalise_other(
        self, record: etree._Element, field_: etree._Element, kind: str, order: tuple[str, ...]
    ) -> None:
        """Bring an element into shape that is more, or less, than a text of which all is kept."""
        naam = str(field_.tag)
        if naam in ALIASES:
            naam = ALIASES[naam]
            self.report(field_, f"{kind}/{field_.tag}", f"read as {naam}")
        if naam in BSN_FAMILY:
            self.dropped[naam] += 1
            record.remove(field_)
        elif naam == "toevoegingen":
            self.drop(field_, f"{kind}/{naam}", "a block of a supplier, not carried by UWLR: left out")
        elif naam == "rollen" or not (naam in order or (kind == "leerkracht" and naam in ROLLEN)):
            self.drop(field_, f"{kind}/{local_of(field_)}", NOT_CARRIED)
        else:
            field_.tag = tag_of(naam)
            self._normalise_field(field_, kind, naam)

    def _normalise_field(self, field_: etree._Element, kind: str, naam: str) -> None:
        path = f"{kind}/{naam}"
        if (kind, naam) in _REFERENCES:
            self._normalise_reference(field_, path)
        elif (kind, naam) in _REFERENCE_LISTS:
            self._normalise_reference_list(field_, path, _REFERENCE_LISTS[kind, naam])
        elif len(field_) == 0 and not field_.text:
            _remove(field_)  # an empty element says nothing, and UWLR has no empty values
        else:
            self._keep_attributes(field_, path, ())
            if naam in DATES and field_.text:
                field_.text = field_.text.strip(WHITE_SPACE)  # the type folds it, this libxml2 does not
            if naam == "rol":
                self._normalise_rol(field_, path)

    def _normalise_reference_list(self, container: etree._Element, path: str, kinds: tuple[str, ...]) -> None:
        self._keep_attributes(container, path, ())
        met_rollen = path.startswith("leerkracht")
        seen: set[str] = set()
        for reference in list(container):
            if reference.tag not in kinds:
                self.drop(reference, f"{path}/{local_of(reference)}", NOT_CARRIED)
                continue
            self._normalise_reference(reference, f"{path}/{_qualify(reference)}", met_rollen=met_rollen)
            key = reference.get("key", "")
            if key in seen and not met_rollen:
                self.drop(reference, path, "the same group again: left out")
            seen.add(key)
        if len(container) == 0:
            _remove(container)

    def _normalise_reference(self, reference: etree._Element, path: str, *, met_rollen: bool = False) -> None:
        self._keep_attributes(reference, path, ("key",))
        if reference.text and reference.text.strip():
            self.report(reference, path, "text in a reference: left out")
        if reference.text:
            reference.text = None
        for rol in list(reference):
            if not met_rollen or rol.tag not in ROLLEN:
                self.drop(rol, f"{path}/{local_of(rol)}", NOT_CARRIED)
            elif not rol.text and len(rol) == 0:
                reference.remove(rol)
            else:
                self._keep_attributes(rol, path, ())
                if _qualify(rol) == "rol":
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
            elif (stripped := value.strip(WHITE_SPACE)) != value:
                element.set(attribute, stripped)
        if element.get("eckid") == "":
            del element.attrib["eckid"]

    def drop(self, element: etree._Element, path: str, reason: str) -> None:
        """Take an element out and report it."""
        self.report(element, path, reason)
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


@functools.cache
def _plain(kind: str, order: tuple[str, ...]) -> dict[str, str]:
    """Give the qualified names of the elements of a record that hold a text only."""
    apart = {"rollen", *(naam for van, naam in (*_REFERENCES, *_REFERENCE_LISTS) if van == kind)}
    return {naam: tag_of(naam) for naam in order if naam not in apart}


@functools.cache
def _ranking(order: tuple[str, ...]) -> dict[str, int]:
    """Give the place of each name, qualified or not; the two kinds of role share one."""
    ranking = {naam: place for place, naam in enumerate(order)}
    ranking |= dict.fromkeys(ROLLEN, ranking.get("rollen", 0))
    return ranking | {tag_of(naam): place for naam, place in ranking.items()}


def sort_record(record: etree._Element) -> None:
    """Put the elements of a record in the order of the standard."""
    _sort(record, ELEMENTS[local_of(record)])


def _sort(parent: etree._Element, order: tuple[str, ...]) -> None:
    """Put the children in the order of the standard; those of one name, and the two kinds of role, keep theirs."""
    ranking = _ranking(order)
    places = [ranking[kind.tag] for kind in parent]
    if places != sorted(places):
        parent[:] = sorted(parent, key=lambda kind: ranking[str(kind.tag)])
