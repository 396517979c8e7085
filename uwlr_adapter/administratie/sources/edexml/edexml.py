"""Read an EDEXML file (1.03, 2.0, 2.1): bytes in, a judged Levering out.

The version is not asked for: 1.03 and 2.0 are subsets of 2.1, so what stands in the file decides. A file belongs to
EDEXML when its root is `EDEX` without a namespace, with or without a schemaLocation.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from lxml import etree

from uwlr_adapter.administratie.model import Delivery, ImportRefusedError, Problem, Severity, SourceRecord, SourceSchool
from uwlr_adapter.administratie.sources.edexml.judge import judge
from uwlr_adapter.administratie.sources.edexml.tree import NOT_CARRIED, ROLLEN, EdexmlTree, line_of, local_of, tag_of
from uwlr_adapter.brin import is_brin6
from uwlr_adapter.clock import schooljaar_start
from uwlr_adapter.contract.dataset import (
    Groep,
    GroepSoort,
    GroepVerwijzing,
    Leerkracht,
    Leerling,
    Locatie,
    Rol,
    RolSoort,
)
from uwlr_adapter.contract.fields import attribute_of
from uwlr_adapter.contract.xml import FILE, XmlError, parse

KETENID = "https://ketenid.nl/"
"""How an ECK-iD starts (Edu-V, Identiteiten)."""
VERSIONS = ("1.03", "2.0", "2.1")
"""What a file may say of itself; saying nothing is fine."""
NO_DEPENDANCECODE = "00"
"""What an absent dependancecode means (UWLR 2.2, School)."""

_SCHOOL = (
    *("schooljaar", "peildatum", "brincode", "dependancecode", "schoolkey", "instellingsnummer"),
    *("aanmaakdatum", "auteur", "xsdversie", "commentaar"),
)
"""What a school block may say. Only the year and the names of the school are kept: the rest is about the file."""
_GROEP, _SAMENGESTELD, _VESTIGING = map(tag_of, ("groep", "samengestelde_groepen", "vestiging"))
T = TypeVar("T", Locatie, Groep, Leerling, Leerkracht)


@dataclass(frozen=True, slots=True)
class EdexmlBron:
    """EDEXML files as a source of records: each file is a part, imported whole or not at all."""

    files: Sequence[Path]
    name: str = "edexml"

    def parts(self) -> Sequence[str]:
        """Give the files."""
        return [str(file) for file in self.files]

    def read(self, part: str) -> Sequence[Delivery]:
        """Read one file. Raises ImportRefusedError."""
        try:
            with Path(part).open("rb") as opened:
                data = opened.read(FILE.octets + 1)  # one more than allowed is enough to be refused
        except OSError as error:
            raise ImportRefusedError([Problem(0, "", f"cannot be read: {error.strerror}")]) from None
        return [read(data)]


def read(data: bytes) -> Delivery:
    """Parse a file; raises ImportRefusedError, with every reason, when it cannot be taken as the whole truth."""
    try:
        edex = parse(data, FILE)
    except XmlError as error:
        raise ImportRefusedError([Problem(error.line, "", error.reason)]) from None
    return read_tree(edex)


def read_tree(edex: etree._Element) -> Delivery:
    """Do what `read` does with the tree of a file, which is changed on the way."""
    if edex.tag != "EDEX":
        raise ImportRefusedError([Problem(line_of(edex), local_of(edex), "not EDEXML: the root is not EDEX")])
    tree = EdexmlTree(edex)
    tree.normalise()
    school, problems = _read_school(tree)
    if school is None:
        raise ImportRefusedError([*problems, *tree.warnings])
    problems = judge(tree)
    if problems:
        raise ImportRefusedError([*problems, *tree.warnings])
    return _delivery(tree, school)


def _delivery(tree: EdexmlTree, school: SourceSchool) -> Delivery:
    leerlingen = tuple(SourceRecord(*found) for found in _records(tree, "leerlingen", _leerling))
    leerkrachten = tuple(SourceRecord(*found) for found in _records(tree, "leerkrachten", _leerkracht))
    warnings = [
        *tree.warnings,
        *_strange_eckids("leerling", leerlingen),
        *_strange_eckids("leerkracht", leerkrachten),
    ]
    return Delivery(
        school=school,
        locaties=tuple(SourceRecord(*found) for found in _records(tree, "vestigingen", _locatie)),
        groepen=tuple(SourceRecord(*found) for found in _records(tree, "groepen", _groep)),
        leerlingen=leerlingen,
        leerkrachten=leerkrachten,
        warnings=tuple(sorted(warnings, key=lambda warning: warning.line)),
        dropped=dict(tree.dropped),
    )


def _records(tree: EdexmlTree, section: str, make: Callable[[etree._Element], T]) -> Iterator[tuple[int, T]]:
    for found in tree.payload.iterchildren(tag_of(section)):
        for record in found:
            yield line_of(record), make(record)


def _strange_eckids(
    kind: str, source_records: tuple[SourceRecord[Leerling], ...] | tuple[SourceRecord[Leerkracht], ...]
) -> Iterator[Problem]:
    for one in source_records:
        if one.record.eckid is not None and not one.record.eckid.startswith(KETENID):
            yield Problem(one.line, f"{kind}/@eckid", f"its ECK-iD does not start with {KETENID}", Severity.WARNING)


def _read_school(tree: EdexmlTree) -> tuple[SourceSchool | None, list[Problem]]:
    """Give the school that a file names, and leave a block in the tree that can be judged with the rest."""
    blocks = tree.payload.findall("school")
    if len(blocks) != 1:
        return None, [Problem(line_of(tree.payload), "school", "not exactly one school block")]
    block = blocks[0]
    line = line_of(block)
    values, doubled = _school_values(tree, block)
    if doubled:
        return None, doubled
    schooljaar = values.get("schooljaar", "")
    if schooljaar_start(schooljaar) is None:
        return None, [Problem(line, "school/schooljaar", "not two following years, as in 2026-2027")]
    schoolkey = values.get("schoolkey") or None
    brin6: str | None = None
    if values.get("brincode"):
        brin6 = values["brincode"] + (values.get("dependancecode") or NO_DEPENDANCECODE)
        if not is_brin6(brin6):
            return None, [Problem(line, "school/brincode", "not a brincode with a dependancecode, as 21QW and 00")]
    elif schoolkey is None:
        return None, [Problem(line, "school", "names no brincode, so nobody could ask for it")]
    _write_school(block, schooljaar, brin6, schoolkey)
    return SourceSchool(line=line, schooljaar=schooljaar, brin6=brin6, schoolkey=schoolkey), []


def _school_values(tree: EdexmlTree, block: etree._Element) -> tuple[dict[str, str], list[Problem]]:
    values: dict[str, str] = {}
    doubled: list[Problem] = []
    for child in block:
        naam = str(child.tag)
        if naam not in _SCHOOL:
            tree.report(child, f"school/{local_of(child)}", NOT_CARRIED)
        elif naam in values:
            doubled.append(Problem(line_of(child), f"school/{naam}", "stands there twice"))
        else:
            values[naam] = (child.text or "").strip()
    if values.get("xsdversie", VERSIONS[-1]) not in VERSIONS:
        tree.report(block, "school/xsdversie", f"not one of {', '.join(VERSIONS)}: read as {VERSIONS[-1]}")
    return values, doubled


def _write_school(block: etree._Element, schooljaar: str, brin6: str | None, schoolkey: str | None) -> None:
    line = line_of(block)
    block.clear()
    block.tag = tag_of("school")
    parts = {"schooljaar": schooljaar, "brincode": brin6 and brin6[:4], "dependancecode": brin6 and brin6[4:]}
    for naam, value in {**parts, "schoolkey": schoolkey}.items():
        if value is not None:
            child = etree.SubElement(block, tag_of(naam))
            child.text = value
            child.sourceline = line  # type: ignore[assignment] # the stubs know its getter only


def _texts(record: etree._Element) -> dict[str, str]:
    """Give the values of the plain elements of a record, as the attributes that hold them, and its key and ECK-iD."""
    values = {
        attribute: text
        for field_ in record
        if (text := field_.text) and (attribute := _attribute(str(field_.tag))) is not None and len(field_) == 0
    }
    for attribute in ("key", "eckid"):
        if value := record.get(attribute):
            values[attribute] = value
    return values


@functools.cache
def _attribute(tag: str) -> str | None:
    """Give what holds the text of an element of a judged record; a role is more than a text."""
    naam = tag.rpartition("}")[2]
    return None if naam in ROLLEN else attribute_of(naam)


def _locatie(record: etree._Element) -> Locatie:
    return Locatie(**_texts(record))


def _groep(record: etree._Element) -> Groep:
    return Groep(soort=cast("GroepSoort", local_of(record)), **_texts(record))


def _leerling(record: etree._Element) -> Leerling:
    groep = vestiging = None
    samengesteld: tuple[str, ...] = ()
    for field_ in record:
        if field_.tag == _GROEP:
            groep = field_.get("key")
        elif field_.tag == _SAMENGESTELD:
            samengesteld = tuple([found.get("key", "") for found in field_])
        elif field_.tag == _VESTIGING:
            vestiging = field_.get("key")
    return Leerling(**_texts(record), groep=groep, samengestelde_groepen=samengesteld, vestiging=vestiging)


def _leerkracht(record: etree._Element) -> Leerkracht:
    return Leerkracht(
        **_texts(record),
        rollen=_rollen(record),
        groepen=tuple(
            GroepVerwijzing(cast("GroepSoort", local_of(found)), found.get("key", ""), _rollen(found))
            for container in record.iterchildren(tag_of("groepen"))
            for found in container
        ),
    )


def _rollen(record: etree._Element) -> tuple[Rol, ...]:
    return tuple(
        Rol(cast("RolSoort", local_of(found)), found.text or "")
        for found in record.iterchildren(*(tag_of(rol) for rol in ROLLEN))
    )
