"""The types of this room: what a source delivers, the problems found in it, and the report of an import."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, TypeVar

from uwlr_adapter.contract.dataset import Groep, Leerkracht, Leerling, Locatie
from uwlr_adapter.errors import RefusedError

Record = TypeVar("Record", Locatie, Groep, Leerling, Leerkracht)
_XS_DATE = re.compile(r"\s*(-?[0-9]{4,})-([0-9]{2})-([0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2})?\s*")


class Severity(StrEnum):
    """The consequence of a problem for the import."""

    REFUSED = "refused"
    WARNING = "warning"


MAX_SUBJECTS = 20
"""Most records that one question names; the others are counted. Twenty show whether the source is wrong."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A record that a question is about, for the terminal of the operator: its values stand in no log.

    `kind` is the Dutch noun of the record, `key` the key in the source, or the key that leaves for a person who is in
    the source no more; then `line` is 0.
    """

    kind: str
    key: str
    naam: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a source.

    `line` counts from 1; 0 is the file as a whole. `element` is the path of an EDEXML element or the label of a column.
    `reason` never quotes the value. `file` names the file of a set of files; empty for a source of one file. `flag` is
    the option of a command that answers a question with yes, such as `--accept-drop`; empty for what is no question.
    `subjects` are the first MAX_SUBJECTS records that a question is about, and `more` is the number of the others.
    """

    line: int
    element: str
    reason: str
    severity: Severity = Severity.REFUSED
    file: str = ""
    flag: str = ""
    subjects: tuple[Subject, ...] = field(default=(), repr=False)
    more: int = 0


class ImportRefusedError(RefusedError):
    """A source is refused and nothing was changed; `problems` holds every reason, and the warnings as well.

    `years` are the brin6 and schooljaar of each year that the source is about, as far as they are known.
    """

    def __init__(self, problems: Sequence[Problem], years: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__("the import is refused")
        self.problems = tuple(problems)
        self.years = frozenset(years)

    @property
    def asks(self) -> bool:
        """Whether nothing is wrong with the source: a person may answer each question and import it after all."""
        refused = [problem for problem in self.problems if problem.severity is Severity.REFUSED]
        return bool(refused) and all(problem.flag for problem in refused)


@dataclass(frozen=True, slots=True)
class SourceRecord(Generic[Record]):
    """A record as a source wrote it, with the source's own keys, and its line (from 1; 0 when unknown)."""

    line: int
    record: Record


@dataclass(frozen=True, slots=True)
class SourceSchool:
    """The vestiging and the schooljaar that a source names; `brin6` is None when it names a schoolkey only.

    `aanmaakdatum` is the moment at which the source was made, in Amsterdam when it has no zone; None when it does not
    say so. A source that was made before the one whose records are here is not taken without a question.
    """

    line: int
    schooljaar: str
    brin6: str | None
    schoolkey: str | None = None
    naam: str | None = None
    """The naam of the vestiging, used when it is new here; None when the source has none."""
    aanmaakdatum: datetime | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """A period of enrolment: from `instroomdatum`, inclusive, to `uitstroomdatum`, exclusive.

    Both are an xs:date as the source wrote it; None is open. `gast` is a gastinschrijving. `locatie` is the key of the
    locatie in this period; it counts where a leerling has more than one period.
    """

    instroomdatum: str | None = None
    uitstroomdatum: str | None = None
    gast: bool = False
    locatie: str | None = None

    @property
    def first_day(self) -> date | None:
        """The first day of the enrolment; None is open."""
        return parse_day(self.instroomdatum)

    @property
    def end_day(self) -> date | None:
        """The first day after the enrolment; None is open."""
        return parse_day(self.uitstroomdatum)


@dataclass(frozen=True, slots=True)
class CsvPlace:
    """A file of a CSV set, and the label of a column in it; an empty label is the row as a whole."""

    file: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class RowCount:
    """The rows of one kind in a source: how many were read, and how many of them are in no record.

    Each of those `told` has a warning; the other ones are the records of the delivery.
    """

    read: int
    told: int = 0


@dataclass(frozen=True, slots=True)
class EnrolledElsewhere:
    """The enrolment of a leerling in a year of a vestiging about which a source says nothing else.

    Its days count for the leerling who is known there by key or ECK-iD and by name and date of birth: the end of an
    enrolment at a vestiging that closes. `rows` are the file and line of each row that is in no other record of the
    source; they are told when nobody is known there.
    """

    brin6: str
    schooljaar: str
    leerling: Leerling
    periods: tuple[Period, ...]
    rows: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """The validated content of a source for one vestiging and schooljaar: the whole truth for that year.

    Keys are the source's own; they are unique, and every reference inside the delivery resolves. `dropped` counts
    the national numbers that were left out, by element. What a source leaves open about enrolment, placement and
    availability means what its absence means in EDEXML.
    """

    school: SourceSchool
    locaties: tuple[SourceRecord[Locatie], ...] = ()
    groepen: tuple[SourceRecord[Groep], ...] = ()
    leerlingen: tuple[SourceRecord[Leerling], ...] = ()
    leerkrachten: tuple[SourceRecord[Leerkracht], ...] = ()
    warnings: tuple[Problem, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)
    periods: Mapping[str, tuple[Period, ...]] = field(default_factory=dict)
    """Periods by key of a leerling; without an entry it has one, of its own instroomdatum and uitstroomdatum."""
    not_placed: frozenset[str] = frozenset()
    """Keys of leerlingen who are enrolled but not placed: they take part only once the year has begun."""
    not_available: frozenset[str] = frozenset()
    """Keys of groepen that are not available in koppelingen ("In koppelingen beschikbaar": Nee)."""
    rows: Mapping[str, RowCount] = field(default_factory=dict)
    """The sums of a source by kind of row or file, of a set with its first delivery; empty when it has none."""
    places: Mapping[str, CsvPlace] = field(default_factory=dict)
    """The file and column of an element, by path, of a set of files; the longest path that begins an element counts."""

    elsewhere: tuple[EnrolledElsewhere, ...] = ()
    """Enrolments in years that the source is not the truth for, with its first delivery."""

    def locate(self, problem: Problem) -> Problem:
        """Return a problem with the file and column of its element, when `places` has them."""
        path = problem.element
        while path and path not in self.places:
            path = path.rpartition("/")[0]
        if problem.file or not path:
            return problem
        place = self.places[path]
        return replace(problem, file=place.file, element=place.column)

    def periods_of(self, leerling: Leerling) -> tuple[Period, ...]:
        """Return the periods of enrolment of a leerling of this delivery."""
        own = Period(leerling.instroomdatum, leerling.uitstroomdatum)
        return self.periods.get(leerling.key, (own,))


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of records of one kind that an import added, changed, left unchanged and removed."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result of an import, or the expected one of a dry run, for one vestiging and schooljaar.

    `counts` is by kind: locaties, groepen, leerlingen, leerkrachten, plaatsingen. `dropped` counts the national numbers
    that were left out.
    `rows` counts the rows of a source by kind or file, of a set with its first year.
    """

    brin6: str
    schooljaar: str
    counts: Mapping[str, Counts]
    warnings: tuple[Problem, ...]
    dropped: Mapping[str, int]
    held: int = 0
    """The number of rows of which it is not certain who they are: they are not imported, and a question is open."""
    rows: Mapping[str, RowCount] = field(default_factory=dict)
    is_source: bool = False
    """Whether a source was imported that is the truth for the year; False for what changes it from elsewhere."""


def parse_day(text: str | None) -> date | None:
    """Return the calendar day of an xs:date, without regard to its zone; None for None.

    A year outside those of Python's `date` becomes the first or the last day that it has. Raises ValueError for any
    other text.
    """
    if text is None:
        return None
    match = _XS_DATE.fullmatch(text)
    if match is None:
        raise ValueError("not an xs:date")
    year = int(match[1])
    if year < date.min.year:
        return date.min
    if year > date.max.year:
        return date.max
    return date(year, int(match[2]), int(match[3]))
