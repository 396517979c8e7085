"""The rows of one CSV set, indexed by their subject, and the rules between them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

from uwlr_adapter.administratie.model import Problem, Severity
from uwlr_adapter.administratie.sources.csv_set.columns import COLUMNS
from uwlr_adapter.administratie.sources.csv_set.csv_file import CsvRow
from uwlr_adapter.clock import FIRST_MONTH, schooljaar_start

YearKey = tuple[str, str]
"""A brin6 and a schooljaar."""
_WITH_BRIN = ("groepen", "inschrijvingen", "plaatsingen", "leerkrachten", "vestigingen", "locaties")
_OWN_LABELS = tuple(label for label in COLUMNS["leerkrachten"] if label not in ("ECK-iD", "Groep", "Rollen in groep"))
"""The columns that must be equal in all rows of a leerkracht within a year; the ECK-iD is equal in the whole set."""
_UNKNOWN_LEERLING = "is not a Sleutel of leerlingen.csv"
_NOT_LAID_OUT = "groepen.csv has no group of this vestiging and schooljaar: not read"
_UNKNOWN_GROEP = "is not a Sleutel of groepen.csv at this vestiging in this schooljaar"


class CsvSchool:
    """The rows of one set, indexed by `judge`; `problems` collects what is wrong with them."""

    def __init__(self, rows: Mapping[str, tuple[CsvRow, ...]], problems: list[Problem]) -> None:
        self.problems = problems
        self._rows_by_file = rows
        self.leerlingen: dict[str, CsvRow] = {}
        self.groepen: dict[YearKey, dict[str, CsvRow]] = defaultdict(dict)
        self.locaties: dict[str, dict[str, CsvRow]] = defaultdict(dict)
        self.vestigingen: dict[str, CsvRow] = {}
        self.inschrijvingen: dict[str, dict[str, list[tuple[date, date, CsvRow]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self.plaatsingen: dict[YearKey, dict[str, list[CsvRow]]] = defaultdict(lambda: defaultdict(list))
        self.leerkrachten: dict[YearKey, dict[str, list[CsvRow]]] = defaultdict(lambda: defaultdict(list))
        self._reported: set[tuple[str, YearKey]] = set()

    @property
    def years(self) -> list[YearKey]:
        """The years in which a vestiging has a groep, in ascending order; only these are imported."""
        return sorted(self.groepen)

    def judge(self) -> None:
        """Index the rows, and add the violations of the rules between them to `problems`."""
        self._judge_brin()
        eckids: dict[str, CsvRow] = {}
        for row in self._rows("leerlingen"):
            self._put(self.leerlingen, row, "Sleutel")
            self._put(eckids, row, "ECK-iD")
        for row in self._rows("groepen"):
            self._put(self.groepen[_year(row)], row, "Sleutel")
        for row in self._rows("locaties"):
            self._put(self.locaties[row.brin6], row, "Sleutel")
        for row in self._rows("vestigingen"):
            self._put(self.vestigingen, row, "Vestiging", row.brin6)
        if not self.groepen:
            self.problems.append(Problem(0, "", "has no group, so no year is laid out", file="groepen.csv"))
        self._judge_inschrijvingen()
        self._judge_plaatsingen()
        self._judge_leerkrachten()

    def _rows(self, file: str) -> tuple[CsvRow, ...]:
        return self._rows_by_file.get(file, ())

    def _report(self, row: CsvRow, label: str, reason: str, severity: Severity = Severity.REFUSED) -> None:
        self.problems.append(row.problem(label, reason, severity))

    def _put(self, into: dict[str, CsvRow], row: CsvRow, label: str, key: str = "") -> None:
        """Store a row under its key, by default the value of the column; a key that is taken is reported."""
        key = key or row[label]
        if key in into:
            self._report(row, label, f"the same as line {into[key].line}")
        elif key:
            into[key] = row

    def _judge_brin(self) -> None:
        rows = [row for file in _WITH_BRIN for row in self._rows(file)]
        for row in rows:
            if row["Brin"] != rows[0]["Brin"]:
                where = f"{rows[0].file}.csv, line {rows[0].line}"
                self._report(row, "Brin", f"another school than in {where}: a set is about one school")

    def _is_laid_out(self, row: CsvRow) -> bool:
        """Return whether the year of a row has groepen; report the first row of each year without."""
        year = _year(row)
        if year in self.groepen:
            return True
        if (row.file, year) not in self._reported:
            self._reported.add((row.file, year))
            self._report(row, "Schooljaar", _NOT_LAID_OUT, Severity.WARNING)
        return False

    def _require_groep(self, row: CsvRow) -> None:
        """Report a groep that does not exist in the year of the row."""
        if row["Groep"] and row["Groep"] not in self.groepen[_year(row)]:
            self._report(row, "Groep", _UNKNOWN_GROEP)

    def _judge_inschrijvingen(self) -> None:
        for row in self._rows("inschrijvingen"):
            if row["Leerling"] not in self.leerlingen:
                self._report(row, "Leerling", _UNKNOWN_LEERLING)
            if row["Locatie"] and row["Locatie"] not in self.locaties[row.brin6]:
                self._report(row, "Locatie", "is not a Sleutel of locaties.csv at this vestiging")
            first, end = _days(row)
            if first > end:
                self._report(row, "Uitschrijfdatum", "is before the Inschrijfdatum")
            elif first == end:
                self._report(
                    row, "Uitschrijfdatum", "is the Inschrijfdatum: no day enrolled, not read", Severity.WARNING
                )
            else:
                self._put_inschrijving(row, first, end)

    def _put_inschrijving(self, row: CsvRow, first: date, end: date) -> None:
        """Store a period of enrolment (`end` is exclusive) in the order of its days; report an overlap instead."""
        periods = self.inschrijvingen[row.brin6][row["Leerling"]]
        for other_first, other_end, other in periods:
            if first < other_end and other_first < end:
                self._report(row, "Inschrijfdatum", f"overlaps with line {other.line}")
                return
        periods.append((first, end, row))
        periods.sort(key=lambda period: period[0])

    def _judge_plaatsingen(self) -> None:
        for row in filter(self._is_laid_out, self._rows("plaatsingen")):
            self._require_groep(row)
            if row["Leerling"] not in self.leerlingen:
                self._report(row, "Leerling", _UNKNOWN_LEERLING)
            elif not row["Groep"] and not row["Jaargroep"]:
                self._report(row, "Groep", "has no Groep and no Jaargroep: not read", Severity.WARNING)
            elif not self.periods(_year(row), row["Leerling"]):
                reason = "is not enrolled at this vestiging in this schooljaar: not read"
                self._report(row, "Leerling", reason, Severity.WARNING)
            else:
                self._put_plaatsing(row, self.plaatsingen[_year(row)][row["Leerling"]])

    def _put_plaatsing(self, row: CsvRow, earlier: list[CsvRow]) -> None:
        """Store a plaatsing; a second stamgroep of the leerling is reported."""
        year = _year(row)
        if self.is_stamgroep(year, row["Groep"]):
            for other in earlier:
                if self.is_stamgroep(year, other["Groep"]):
                    self._report(row, "Groep", f"a second stamgroep: see line {other.line}")
        earlier.append(row)

    def _judge_leerkrachten(self) -> None:
        first: dict[str, CsvRow] = {}
        for row in filter(self._is_laid_out, self._rows("leerkrachten")):
            self._require_groep(row)
            self._require_same(row, first.setdefault(row["Sleutel"], row), ("ECK-iD",))
            rows = self.leerkrachten[_year(row)][row["Sleutel"]]
            rows.append(row)
            self._require_same(row, rows[0], _OWN_LABELS)

    def _require_same(self, row: CsvRow, other: CsvRow, labels: Iterable[str]) -> None:
        """Report each column with another value than in another row of the same leerkracht."""
        for label in labels:
            if row[label] != other[label]:
                self._report(row, label, f"another value than on line {other.line}, of the same leerkracht")

    def line_of(self, year: YearKey) -> int:
        """Return the line that names the vestiging of a year: in vestigingen.csv, else of its first groep."""
        row = self.vestigingen.get(year[0]) or next(iter(self.groepen[year].values()))
        return row.line

    def is_stamgroep(self, year: YearKey, key: str) -> bool:
        """Return whether a key is that of a stamgroep in a year."""
        groep = self.groepen.get(year, {}).get(key)
        return groep is not None and groep["Soort"] == "groep"

    def periods(self, year: YearKey, leerling: str) -> list[CsvRow]:
        """Return the rows of the enrolments of a leerling that overlap a year, the earliest first."""
        brin6, schooljaar = year
        start = schooljaar_start(schooljaar) or date.min.year
        year_first, year_end = date(start, FIRST_MONTH, 1), date(start + 1, FIRST_MONTH, 1)
        periods = self.inschrijvingen.get(brin6, {}).get(leerling, [])
        return [row for first, end, row in periods if first < year_end and year_first < end]

    def enrolled(self, year: YearKey) -> dict[str, list[CsvRow]]:
        """Return the rows of the enrolments that overlap a year, by key of the leerling."""
        return {key: rows for key in self.inschrijvingen.get(year[0], {}) if (rows := self.periods(year, key))}


def _year(row: CsvRow) -> YearKey:
    return row.brin6, row["Schooljaar"]


def _days(row: CsvRow) -> tuple[date, date]:
    """Return the first day of an enrolment and the first day after it; an open one is `date.min` or `date.max`."""
    first, end = row["Inschrijfdatum"], row["Uitschrijfdatum"]
    return (
        date.fromisoformat(first) if first else date.min,
        date.fromisoformat(end) if end else date.max,
    )
