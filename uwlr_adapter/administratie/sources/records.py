"""The records of a Bron that makes its own, held to the rules of every source.

A delivery is written as the tree of an EDEXML file and read as one, as the CSV set is. So what refuses a file refuses a
part of a Bron as well, and no value comes in by the one door that the other keeps out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from lxml import etree

from uwlr_adapter.administratie.model import (
    Delivery,
    ImportRefusedError,
    Period,
    Problem,
    Record,
    Severity,
    SourceRecord,
)
from uwlr_adapter.administratie.sources import values
from uwlr_adapter.administratie.sources.edexml.edexml import read_tree
from uwlr_adapter.contract.dataset import Groep, GroepVerwijzing, Leerkracht, Leerling, Locatie, Rol
from uwlr_adapter.contract.fields import FIELDS, attribute_of

_TEXTS = {
    record: [
        (one.element, attribute_of(one.element)) for one in FIELDS if one.record == record and not one.is_reference
    ]
    for record in {one.record for one in FIELDS}
}
"""Element and attribute of the texts and dates of each record."""
_LAST_LINE = 65_535
"""The largest line that an element of libxml2 can hold, exclusive."""
_UNKNOWN_LOCATIE = "refers to a vestiging that is not in the delivery"
_UNKNOWN_LEERLING = "periods of enrolment of a leerling who is not in the delivery: not read"
_OVERLAP = "its period of enrolment overlaps with another one: end one before the other begins"


def clean(delivery: Delivery) -> Delivery:
    """Return a delivery with what its values stand for, and a warning for what was lost.

    Raises ImportRefusedError, with every reason, for what would refuse an EDEXML file, and for periods of enrolment
    that cannot be read.
    """
    school = delivery.school
    years = [] if school.brin6 is None else [(school.brin6, school.schooljaar)]
    writer = _Writer()
    edex = writer.edex(delivery)
    naam = values.name(writer.carried(school.naam, "school/naam", school.line))
    _require_none(delivery, writer.problems, years)
    try:
        read = read_tree(edex)
    except ImportRefusedError as error:
        raise _refused(delivery, error.problems, years) from None
    reader = _PeriodReader({source.record.key for source in read.locaties})
    periods = reader.periods(delivery, {source.record.key for source in read.leerlingen})
    if naam.reason:
        reader.problems.append(Problem(school.line, "school/naam", naam.reason, Severity.WARNING))
    _require_none(delivery, reader.problems, years)
    told = _not_told(map(delivery.locate, (*read.warnings, *reader.problems)), delivery.warnings)
    return replace(
        delivery,
        school=replace(school, brin6=read.school.brin6, schoolkey=read.school.schoolkey, naam=naam.text),
        locaties=_with_lines(read.locaties, delivery.locaties),
        groepen=_with_lines(read.groepen, delivery.groepen),
        leerlingen=_with_lines(read.leerlingen, delivery.leerlingen),
        leerkrachten=_with_lines(read.leerkrachten, delivery.leerkrachten),
        warnings=(*delivery.warnings, *told),
        periods=periods,
        not_placed=frozenset(map(_key, delivery.not_placed)),
        not_available=frozenset(map(_key, delivery.not_available)),
        rows=delivery.rows or read.rows,
    )


def _not_told(found: Iterable[Problem], told: Iterable[Problem]) -> list[Problem]:
    """Return the warnings that say something new: rows of a database were held to the rules once already."""
    reasons, places = set(), set()
    for one in told:
        reasons.add((one.file, one.element, one.reason))
        places.add((one.file, one.element, one.line))
    return [
        one
        for one in found
        if (one.file, one.element, one.reason) not in reasons and (one.file, one.element, one.line) not in places
    ]


def _require_none(delivery: Delivery, problems: Sequence[Problem], years: Sequence[tuple[str, str]]) -> None:
    if any(problem.severity is Severity.REFUSED for problem in problems):
        raise _refused(delivery, problems, years)


def _refused(delivery: Delivery, problems: Iterable[Problem], years: Sequence[tuple[str, str]]) -> ImportRefusedError:
    return ImportRefusedError([*map(delivery.locate, problems), *delivery.warnings], years)


def _with_lines(
    read: Sequence[SourceRecord[Record]], given: Sequence[SourceRecord[Record]]
) -> tuple[SourceRecord[Record], ...]:
    """Return the records that were read with the lines of the source: those of a tree are no larger than _LAST_LINE."""
    return tuple(
        replace(one, line=source.line) if one.line != source.line else one
        for one, source in zip(read, given, strict=True)
    )


def _key(text: str) -> str:
    return values.key(text).text or text


@dataclass(slots=True)
class _Writer:
    """The writer of the tree, and the texts that no tree can hold."""

    problems: list[Problem] = field(default_factory=list)

    def edex(self, delivery: Delivery) -> etree._Element:
        """Return the root `EDEX` of a delivery, each element with the line of its record."""
        edex = etree.Element("EDEX")
        school = delivery.school
        block = self._child(edex, "school", school.line)
        brin6 = school.brin6 or ""
        texts = {"schooljaar": school.schooljaar, "brincode": brin6[:4], "dependancecode": brin6[4:]}
        for name, value in {**texts, "schoolkey": school.schoolkey}.items():
            self._text(block, name, value, school.line)
        self._section(edex, "vestigingen", delivery.locaties, self._locatie)
        self._section(edex, "groepen", delivery.groepen, self._groep)
        self._section(edex, "leerlingen", delivery.leerlingen, self._leerling)
        self._section(edex, "leerkrachten", delivery.leerkrachten, self._leerkracht)
        return edex

    def _section(
        self,
        edex: etree._Element,
        name: str,
        sources: Sequence[SourceRecord[Record]],
        write: Callable[[etree._Element, Record, int], None],
    ) -> None:
        section = etree.SubElement(edex, name)
        for source in sources:
            write(section, source.record, source.line)

    def _locatie(self, section: etree._Element, record: Locatie, line: int) -> None:
        self._record(section, "vestiging", record, line)

    def _groep(self, section: etree._Element, record: Groep, line: int) -> None:
        self._record(section, record.soort, record, line)

    def _leerling(self, section: etree._Element, record: Leerling, line: int) -> None:
        element = self._record(section, "leerling", record, line)
        for name in ("groep", "vestiging"):
            self._reference(element, name, getattr(record, name), line)
        if record.samengestelde_groepen:
            container = self._child(element, "samengestelde_groepen", line)
            for key in record.samengestelde_groepen:
                self._reference(container, "samengestelde_groep", key, line)

    def _leerkracht(self, section: etree._Element, record: Leerkracht, line: int) -> None:
        element = self._record(section, "leerkracht", record, line)
        self._rollen(element, record.rollen, line)
        if record.groepen:
            container = self._child(element, "groepen", line)
            for one in record.groepen:
                self._verwijzing(container, one, line)

    def _verwijzing(self, container: etree._Element, one: GroepVerwijzing, line: int) -> None:
        reference = self._reference(container, one.soort, one.key, line)
        if reference is not None:
            self._rollen(reference, one.rollen, line)

    def _record(self, section: etree._Element, kind: str, record: Any, line: int) -> etree._Element:  # noqa: ANN401 - any
        """Append a record with its key, its ECK-iD and its texts."""
        element = self._child(section, kind, line)
        for name in ("key", "eckid"):
            if value := self.carried(getattr(record, name, None), f"{kind}/@{name}", line):
                element.set(name, value)
        for name, attribute in _TEXTS[kind]:
            self._text(element, name, getattr(record, attribute), line)
        return element

    def _rollen(self, parent: etree._Element, rollen: Iterable[Rol], line: int) -> None:
        for rol in rollen:
            self._text(parent, rol.soort, rol.waarde, line)

    def _reference(self, parent: etree._Element, name: str, key: str | None, line: int) -> etree._Element | None:
        if not (found := self.carried(key, f"{parent.tag}/{name}", line)):
            return None
        child = self._child(parent, name, line)
        child.set("key", found)
        return child

    def _text(self, parent: etree._Element, name: str, value: str | None, line: int) -> None:
        if found := self.carried(value, f"{parent.tag}/{name}", line):
            self._child(parent, name, line).text = found

    def carried(self, value: str | None, path: str, line: int) -> str:
        """Return a text, empty for none and for one that XML cannot carry, which is a problem."""
        if value and values.NOT_XML.search(value):
            self.problems.append(Problem(line, path, values.NO_XML))
            return ""
        return value or ""

    @staticmethod
    def _child(parent: etree._Element, name: str, line: int) -> etree._Element:
        child = etree.SubElement(parent, name)
        if line < _LAST_LINE:
            child.sourceline = line  # type: ignore[assignment] # the stubs know its getter only
        return child


@dataclass(slots=True)
class _PeriodReader:
    """The reader of the periods of enrolment, which EDEXML has no place for; `locaties` are the keys of those known."""

    locaties: set[str]
    problems: list[Problem] = field(default_factory=list)

    def periods(self, delivery: Delivery, leerlingen: set[str]) -> Mapping[str, tuple[Period, ...]]:
        """Return the periods of enrolment by the rules for dates and keys."""
        if not delivery.periods:
            return delivery.periods
        lines = {_key(source.record.key): source.line for source in delivery.leerlingen}
        found: dict[str, tuple[Period, ...]] = {}
        for given, periods in delivery.periods.items():
            key = _key(given)
            if key not in leerlingen:
                self.problems.append(Problem(0, "leerling", _UNKNOWN_LEERLING, Severity.WARNING))
                continue
            line = lines[key]
            before = len(self.problems)
            found[key] = tuple(self._period(period, line) for period in periods)
            if not any(problem.severity is Severity.REFUSED for problem in self.problems[before:]):
                self._judge_days(found[key], line)
        return found

    def _period(self, period: Period, line: int) -> Period:
        first = self._read(period.instroomdatum, values.first_day, "leerling/instroomdatum", line)
        end = self._read(period.uitstroomdatum, values.end_day, "leerling/uitstroomdatum", line)
        locatie = self._read(period.locatie, values.key, "leerling/vestiging", line)
        if locatie is not None and locatie not in self.locaties:
            self.problems.append(Problem(line, "leerling/vestiging", _UNKNOWN_LOCATIE))
        return replace(period, instroomdatum=first, uitstroomdatum=end, locatie=locatie)

    def _read(self, value: str | None, rule: values.ValueRule, path: str, line: int) -> str | None:
        found = rule(value or "")
        if found.reason:
            severity = Severity.REFUSED if found.refused else Severity.WARNING
            self.problems.append(Problem(line, path, found.reason, severity))
        return found.text

    def _judge_days(self, periods: Sequence[Period], line: int) -> None:
        """Report a period without a day, and one that overlaps with another: a leerling is answered once."""
        days = [(one.instroomdatum or "", one.uitstroomdatum or "~") for one in periods]  # "~" comes after every day
        for first, end in days:
            if end <= first:
                self.problems.append(Problem(line, "leerling/uitstroomdatum", values.NO_DAY_ENROLLED, Severity.WARNING))
        in_order = sorted(one for one in days if one[0] < one[1])
        if any(later[0] < earlier[1] for earlier, later in pairwise(in_order)):
            self.problems.append(Problem(line, "leerling/instroomdatum", _OVERLAP))
