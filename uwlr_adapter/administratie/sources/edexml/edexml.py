"""Reader of an EDEXML file (1.03, 2.0, 2.1): bytes in, a validated Delivery out.

The stated version does not matter: 1.03 and 2.0 are subsets of 2.1. A file is EDEXML when its root is `EDEX` without a
namespace, with or without a schemaLocation.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from lxml import etree

from uwlr_adapter.administratie.model import (
    Delivery,
    ImportRefusedError,
    Problem,
    Record,
    Severity,
    SourceRecord,
    SourceSchool,
)
from uwlr_adapter.administratie.sources import values
from uwlr_adapter.administratie.sources.edexml import decoding, rows
from uwlr_adapter.administratie.sources.edexml.judge import judge
from uwlr_adapter.administratie.sources.edexml.tree import NOT_CARRIED, ROLLEN, EdexmlTree, line_of, local_of, tag_of
from uwlr_adapter.brin import NO_DEPENDANCECODE, brincode_of, dependancecode_of, is_brin6
from uwlr_adapter.clock import parse_moment, schooljaar_start
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
from uwlr_adapter.contract.fields import FIELDS, attribute_of
from uwlr_adapter.contract.xml import FILE, XmlError, parse

KETENID = "https://ketenid.nl/"
"""The start of an ECK-iD (Edu-V, Identiteiten)."""
VERSIONS = ("1.03", "2.0", "2.1")
"""The values of `xsdversie` without a warning; it may be absent."""

_SCHOOL = (
    *("schooljaar", "peildatum", "brincode", "dependancecode", "schoolkey", "instellingsnummer"),
    *("aanmaakdatum", "auteur", "xsdversie", "commentaar"),
)
"""The elements of a school block. Only the year, the identifiers of the school and aanmaakdatum are used."""
_SAMENGESTELD = tag_of("samengestelde_groepen")
_REFERENCES = {tag_of(name): name for name in ("groep", "vestiging")}
"""The references of a leerling to one record."""


@dataclass(frozen=True, slots=True)
class EdexmlBron:
    """EDEXML files as a source of records; each file is a part, imported whole or not at all.

    A folder stands for its files whose name ends in `.xml`, in capitals or not, in the order of their names.
    """

    files: Sequence[Path]
    name: str = "edexml"

    def parts(self) -> Sequence[str]:
        """Return the paths of the files."""
        return [str(file) for given in self.files for file in (_files(given) if given.is_dir() else [given])]

    def read(self, part: str) -> Sequence[Delivery]:
        """Read one file. Raises ImportRefusedError."""
        try:
            with Path(part).open("rb") as opened:
                data = opened.read(FILE.octets + 1)  # one byte over the limit is enough to refuse it
        except OSError as error:
            raise ImportRefusedError([Problem(0, "", f"cannot be read: {error.strerror}")]) from None
        return [read(data)]


def _files(folder: Path) -> list[Path]:
    """Return the EDEXML files of a folder by name; what only has the name of one is among them, to be refused.

    A pipe or a device is not: reading it might never end. Raises OSError.
    """
    return sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() == ".xml" and (file.is_file() or file.is_dir() or not file.exists())
    )


def read(data: bytes) -> Delivery:
    """Parse the bytes of a file.

    Raises ImportRefusedError, with every reason, when it cannot be the whole truth about its year.
    """
    prepared, charset, warnings = decoding.prepare(data)
    try:
        edex = parse(prepared, FILE, charset)
    except XmlError as error:
        raise ImportRefusedError([decoding.explain(prepared, charset, error)]) from None
    return read_tree(edex, warnings)


def read_tree(edex: etree._Element, warnings: Sequence[Problem] = ()) -> Delivery:
    """Return the delivery of a parsed file, as `read`, with the warnings that there are already.

    The tree is changed.
    """
    if edex.tag != "EDEX":
        raise ImportRefusedError([Problem(line_of(edex), local_of(edex), "not EDEXML: the root is not EDEX")])
    tree = EdexmlTree(edex)
    tree.warnings += warnings
    tree.normalise()
    school, problems = _read_school(tree)
    if school is None:
        raise ImportRefusedError([*problems, *tree.warnings])
    problems = [*tree.refused, *judge(tree)]
    if problems:
        years = [] if school.brin6 is None else [(school.brin6, school.schooljaar)]
        raise ImportRefusedError([*sorted(problems, key=lambda problem: problem.line), *tree.warnings], years)
    return _delivery(tree, school)


def _delivery(tree: EdexmlTree, school: SourceSchool) -> Delivery:
    leerlingen = tuple(_records(tree, "leerlingen", _leerling))
    leerkrachten = tuple(_records(tree, "leerkrachten", _leerkracht))
    warnings = [
        *tree.warnings,
        *_strange_eckids("leerling", leerlingen),
        *_strange_eckids("leerkracht", leerkrachten),
        *_enrolled_on_no_day(leerlingen),
    ]
    delivery = Delivery(
        school=school,
        locaties=tuple(_records(tree, "vestigingen", _locatie)),
        groepen=tuple(_records(tree, "groepen", _groep)),
        leerlingen=leerlingen,
        leerkrachten=leerkrachten,
        warnings=tuple(sorted(warnings, key=lambda warning: warning.line)),
        dropped=dict(tree.dropped),
        rows=rows.sums(tree.read, tree.told),
    )
    unexplained = [
        Problem(
            0, kind, f"{number} in the file and not in the records, and no other warning says why", Severity.WARNING
        )
        for kind, number in rows.unexplained(delivery).items()
    ]
    return replace(delivery, warnings=(*unexplained, *delivery.warnings)) if unexplained else delivery


def _records(
    tree: EdexmlTree, section: str, make: Callable[[etree._Element], Record]
) -> Iterator[SourceRecord[Record]]:
    for container in tree.payload.iterchildren(tag_of(section)):
        for element in container:
            yield SourceRecord(line_of(element), make(element))


def _strange_eckids(
    kind: str, sources: tuple[SourceRecord[Leerling], ...] | tuple[SourceRecord[Leerkracht], ...]
) -> Iterator[Problem]:
    for source in sources:
        if source.record.eckid is not None and not source.record.eckid.startswith(KETENID):
            reason = f"its ECK-iD does not start with {KETENID}"
            yield Problem(source.line, f"{kind}/@eckid", reason, Severity.WARNING)


def _enrolled_on_no_day(leerlingen: tuple[SourceRecord[Leerling], ...]) -> Iterator[Problem]:
    for source in leerlingen:
        first, end = source.record.instroomdatum, source.record.uitstroomdatum
        if first is not None and end is not None and end <= first:
            when = "the same day as" if end == first else "before"
            reason = f"is {when} the instroomdatum: enrolled on no day, so not answered"
            yield Problem(source.line, "leerling/uitstroomdatum", reason, Severity.WARNING)


def _read_school(tree: EdexmlTree) -> tuple[SourceSchool | None, list[Problem]]:
    """Return the school that a file names, and rewrite its block in the tree so that the XSD can validate it.

    Return None and the problems when the file names no vestiging and schooljaar.
    """
    blocks = tree.payload.findall("school")
    if len(blocks) != 1:
        return None, [Problem(line_of(tree.payload), "school", "not exactly one school block")]
    block = blocks[0]
    line = line_of(block)
    texts, doubled = _school_values(tree, block)
    if doubled:
        return None, doubled
    schooljaar, schoolkey = texts.get("schooljaar", ""), values.key(texts.get("schoolkey", ""))
    brincode, dependancecode = texts.get("brincode"), texts.get("dependancecode") or NO_DEPENDANCECODE
    brin6 = brincode + dependancecode if brincode else None
    problem = None
    if schooljaar_start(schooljaar) is None:
        reason = "not two consecutive years, as in 2026-2027"
        problem = Problem(_line_in(block, "schooljaar"), "school/schooljaar", reason)
    elif schoolkey.refused:
        problem = Problem(_line_in(block, "schoolkey"), "school/schoolkey", schoolkey.reason)
    elif brin6 is None and schoolkey.text is None:
        problem = Problem(line, "school", "names no brincode, so nobody could ask for it")
    elif brin6 is not None and not is_brin6(brin6):
        problem = _wrong_brin6(block, brincode_is_right=is_brin6(f"{brincode}{NO_DEPENDANCECODE}"))
    if problem is not None:
        return None, [problem]
    aanmaakdatum = parse_moment(texts.get("aanmaakdatum", ""))
    if aanmaakdatum is None and texts.get("aanmaakdatum"):
        reason = "not a date with a time: whether another file is older cannot be seen"
        tree.warnings.append(Problem(_line_in(block, "aanmaakdatum"), "school/aanmaakdatum", reason, Severity.WARNING))
    _write_school(block, schooljaar, brin6, schoolkey.text)
    return SourceSchool(line, schooljaar, brin6, schoolkey.text, aanmaakdatum=aanmaakdatum), []


def _line_in(block: etree._Element, name: str) -> int:
    """Return the line of an element of a school block, or of the block when it has none."""
    child = block.find(name)
    return line_of(block) if child is None else line_of(child) or line_of(block)


def _wrong_brin6(block: etree._Element, *, brincode_is_right: bool) -> Problem:
    """Return the problem with a brincode and a dependancecode that are no brin6: it names the one that is wrong."""
    if brincode_is_right:
        name, reason = "dependancecode", "not two digits, such as 00: write a single 0 as 00"
    else:
        name = "brincode"
        reason = "not a brincode, two digits and two capitals such as 21QW; the digits behind it are the dependancecode"
    return Problem(_line_in(block, name), f"school/{name}", reason)


def _school_values(tree: EdexmlTree, block: etree._Element) -> tuple[dict[str, str], list[Problem]]:
    """Return the texts of a school block by element, and a problem for each element that occurs twice."""
    texts: dict[str, str] = {}
    doubled: list[Problem] = []
    for child in block:
        name = str(child.tag)
        if name not in _SCHOOL:
            tree.report(child, f"school/{local_of(child)}", NOT_CARRIED)
        elif name in texts:
            doubled.append(Problem(line_of(child), f"school/{name}", "occurs twice"))
        else:
            texts[name] = (child.text or "").strip(values.SPACES)
    if texts.get("xsdversie", VERSIONS[-1]) not in VERSIONS:
        tree.report(block, "school/xsdversie", f"not one of {', '.join(VERSIONS)}: read as {VERSIONS[-1]}")
    return texts, doubled


def _write_school(block: etree._Element, schooljaar: str, brin6: str | None, schoolkey: str | None) -> None:
    line = line_of(block)
    block.clear()
    block.tag = tag_of("school")
    parts: dict[str, str | None] = {"schooljaar": schooljaar}
    if brin6 is not None:
        parts |= {"brincode": brincode_of(brin6), "dependancecode": dependancecode_of(brin6)}
    for name, value in {**parts, "schoolkey": schoolkey}.items():
        if value is not None:
            child = etree.SubElement(block, tag_of(name))
            child.text = value
            child.sourceline = line  # type: ignore[assignment] # the stubs know its getter only


_ATTRIBUTES = {
    tag_of(field.element): attribute_of(field.element) for field in FIELDS if field.is_plain or field.kind == "periode"
}
"""The attributes of the records that are one text, by qualified element."""


def _texts(record: etree._Element) -> dict[str, Any]:
    """Return the texts of the plain elements of a record, and its key and ECK-iD, by attribute of the dataclass."""
    texts: dict[str, Any] = dict(_attributes(record))
    for field_ in record:
        if (name := _ATTRIBUTES.get(field_.tag)) is not None:
            texts[name] = field_.text
    return texts


def _attributes(record: etree._Element) -> list[tuple[str, str]]:
    """Return the key and the ECK-iD of a record; it has no other attributes any more."""
    return cast("list[tuple[str, str]]", record.items())


def _locatie(record: etree._Element) -> Locatie:
    return Locatie(**_texts(record))


def _groep(record: etree._Element) -> Groep:
    return Groep(soort=cast("GroepSoort", local_of(record)), **_texts(record))


def _leerling(record: etree._Element) -> Leerling:
    found: dict[str, Any] = dict(_attributes(record))
    for field_ in record:
        tag = field_.tag
        if (name := _ATTRIBUTES.get(tag)) is not None:
            found[name] = field_.text
        elif tag == _SAMENGESTELD:
            found["samengestelde_groepen"] = tuple([reference.get("key", "") for reference in field_])
        elif tag in _REFERENCES:
            found[_REFERENCES[tag]] = field_.get("key")
    return Leerling(**found)


def _leerkracht(record: etree._Element) -> Leerkracht:
    return Leerkracht(
        **_texts(record),
        rollen=_rollen(record),
        groepen=tuple(
            GroepVerwijzing(cast("GroepSoort", local_of(reference)), reference.get("key", ""), _rollen(reference))
            for container in record.iterchildren(tag_of("groepen"))
            for reference in container
        ),
    )


def _rollen(parent: etree._Element) -> tuple[Rol, ...]:
    return tuple(
        Rol(cast("RolSoort", local_of(element)), element.text or "")
        for element in parent.iterchildren(*(tag_of(rol) for rol in ROLLEN))
    )
