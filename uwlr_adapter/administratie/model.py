"""The records of this room: what a source delivered, what is wrong with it, and what an import did."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Generic, TypeVar

from uwlr_adapter.contract.dataset import Groep, Leerkracht, Leerling, Locatie
from uwlr_adapter.errors import UwlrAdapterError

Record = TypeVar("Record", Locatie, Groep, Leerling, Leerkracht)
_DAG = re.compile(r"\s*(-?[0-9]{4,})-([0-9]{2})-([0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2})?\s*")


class Severity(StrEnum):
    """What a problem means for the import."""

    REFUSED = "refused"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a source: `regel` is its line (0: the file as a whole), `reden` says what and never the value.

    `element` is the path of an EDEXML element or the label of a column; `bestand` names the file of a set of files.
    """

    line: int
    element: str
    reason: str
    severity: Severity = Severity.REFUSED
    file: str = ""


class ImportRefusedError(UwlrAdapterError):
    """A source is refused and nothing was changed; `problemen` holds every reason, and the warnings beside them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("the import is refused")
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class SourceRecord(Generic[Record]):
    """A record as a source wrote it, keys included, with its line."""

    line: int
    record: Record


@dataclass(frozen=True, slots=True)
class SourceSchool:
    """The school and the school year that a source names; `brin6` is None when it names a schoolkey only."""

    line: int
    schooljaar: str
    brin6: str | None
    schoolkey: str | None = None
    naam: str | None = None
    """What to call a vestiging that is new here, when the source says so."""


@dataclass(frozen=True, slots=True)
class Period:
    """A period of enrolment, as the source wrote its days (xs:date): from the one up to but not including the other."""

    instroomdatum: str | None = None
    uitstroomdatum: str | None = None
    gast: bool = False

    @property
    def van(self) -> date | None:
        """The first day; None is open."""
        return parse_day(self.instroomdatum)

    @property
    def tot(self) -> date | None:
        """The first day no longer; None is open."""
        return parse_day(self.uitstroomdatum)


@dataclass(frozen=True, slots=True)
class CsvPlace:
    """A file of a set, and the label of a column in it; an empty label is the row as a whole."""

    file: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One source, read and judged: the whole truth for one vestiging and school year.

    Keys are the source's own; they are unique, and every reference inside the delivery resolves. `weggelaten` counts
    the national numbers that were dropped, by element. What a source does not say of enrolment, layout and availability
    has the meaning that it has in EDEXML.
    """

    school: SourceSchool
    locaties: tuple[SourceRecord[Locatie], ...] = ()
    groepen: tuple[SourceRecord[Groep], ...] = ()
    leerlingen: tuple[SourceRecord[Leerling], ...] = ()
    leerkrachten: tuple[SourceRecord[Leerkracht], ...] = ()
    warnings: tuple[Problem, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)
    periods: Mapping[str, tuple[Period, ...]] = field(default_factory=dict)
    """By key of a leerling; who is not in it has the one period of the own instroomdatum and uitstroomdatum."""
    not_placed: frozenset[str] = frozenset()
    """Keys of leerlingen who are enrolled, but take part in this year only once it is no longer a coming one."""
    not_available: frozenset[str] = frozenset()
    """Keys of groups that are not in koppelingen beschikbaar."""
    places: Mapping[str, CsvPlace] = field(default_factory=dict)
    """Where a set of files keeps an element; the longest path that a problem's element starts with counts."""

    def locate(self, problem: Problem) -> Problem:
        """Give a problem with the file and the column that it is about."""
        path = problem.element
        while path and path not in self.places:
            path = path.rpartition("/")[0]
        if problem.file or not path:
            return problem
        place = self.places[path]
        return replace(problem, file=place.file, element=place.column)

    def periods_of(self, leerling: Leerling) -> tuple[Period, ...]:
        """Give the periods in which a leerling is enrolled."""
        own = Period(leerling.instroomdatum, leerling.uitstroomdatum)
        return self.periods.get(leerling.key, (own,))


@dataclass(frozen=True, slots=True)
class Counts:
    """What an import did with one kind of record."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or with a dry run would do; `tellingen` goes by kind: locaties, groepen and so on."""

    brin6: str
    schooljaar: str
    counts: Mapping[str, Counts]
    warnings: tuple[Problem, ...]
    dropped: Mapping[str, int]


def parse_day(text: str | None) -> date | None:
    """Give the calendar day of an xs:date, whose zone says nothing about a school day; None for none.

    A day that no calendar of ours holds becomes the first or last one that it does. Raises ValueError for other text.
    """
    if text is None:
        return None
    match = _DAG.fullmatch(text)
    if match is None:
        raise ValueError("not an xs:date")
    year = int(match[1])
    if year < date.min.year:
        return date.min
    if year > date.max.year:
        return date.max
    return date(year, int(match[2]), int(match[3]))
