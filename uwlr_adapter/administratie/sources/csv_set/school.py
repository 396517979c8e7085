"""The rows of one CSV set by what they are about, and whether they go together."""

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
"""What the rows of a leerkracht say alike within a year; the ECK-iD is alike in the whole set."""
_UNKNOWN_LEERLING = "is no Sleutel of leerlingen.csv"
_NOT_LAID_OUT = "groepen.csv has no group of this vestiging and schooljaar: not read"
_UNKNOWN_GROEP = "is no Sleutel of groepen.csv at this vestiging in this schooljaar"


class CsvSchool:
    """The rows of one set, by what they are about, while they are judged and written."""

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
        """The years that are laid out: those of which a vestiging has a group."""
        return sorted(self.groepen)

    def judge(self) -> None:
        """Index the rows, and add what is wrong with how they go together to `problemen`."""
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

    def _rows(self, naam: str) -> tuple[CsvRow, ...]:
        return self._rows_by_file.get(naam, ())

    def _report(self, row: CsvRow, label: str, reason: str, severity: Severity = Severity.REFUSED) -> None:
        self.problems.append(row.problem(label, reason, severity))

    def _put(self, into: dict[str, CsvRow], row: CsvRow, label: str, key: str = "") -> None:
        """Put a row under its key, by default the value of the column, unless there is none or it is taken."""
        key = key or row[label]
        if key in into:
            self._report(row, label, f"the same as line {into[key].line}")
        elif key:
            into[key] = row

    def _judge_brin(self) -> None:
        rows = [row for naam in _WITH_BRIN for row in self._rows(naam)]
        for row in rows:
            if row["Brin"] != rows[0]["Brin"]:
                where = f"{rows[0].file}.csv, line {rows[0].line}"
                self._report(row, "Brin", f"another school than in {where}: a set is about one school")

    def _is_laid_out(self, row: CsvRow) -> bool:
        """Tell whether the year of a row is laid out; of one that is not, the first row is reported."""
        year = _year(row)
        if year in self.groepen:
            return True
        if (row.file, year) not in self._reported:
            self._reported.add((row.file, year))
            self._report(row, "Schooljaar", _NOT_LAID_OUT, Severity.WARNING)
        return False

    def _require_groep(self, row: CsvRow) -> None:
        """Report a group that a laid out year does not have."""
        if row["Groep"] and row["Groep"] not in self.groepen[_year(row)]:
            self._report(row, "Groep", _UNKNOWN_GROEP)

    def _judge_inschrijvingen(self) -> None:
        for row in self._rows("inschrijvingen"):
            if row["Leerling"] not in self.leerlingen:
                self._report(row, "Leerling", _UNKNOWN_LEERLING)
            if row["Locatie"] and row["Locatie"] not in self.locaties[row.brin6]:
                self._report(row, "Locatie", "is no Sleutel of locaties.csv at this vestiging")
            van, tot = _days(row)
            if van > tot:
                self._report(row, "Uitschrijfdatum", "is before the Inschrijfdatum")
            elif van == tot:
                self._report(
                    row, "Uitschrijfdatum", "is the Inschrijfdatum: no day enrolled, not read", Severity.WARNING
                )
            else:
                self._put_inschrijving(row, van, tot)

    def _put_inschrijving(self, row: CsvRow, van: date, tot: date) -> None:
        """Keep a period of enrolment in the order of its days, unless another one of the leerling overlaps."""
        earlier = self.inschrijvingen[row.brin6][row["Leerling"]]
        for begin, end, other in earlier:
            if van < end and begin < tot:
                self._report(row, "Inschrijfdatum", f"overlaps with line {other.line}")
                return
        earlier.append((van, tot, row))
        earlier.sort(key=lambda periode: periode[0])

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
        """Keep a plaatsing; a leerling has one stamgroep."""
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
        """Report what another row of the same leerkracht says differently."""
        for label in labels:
            if row[label] != other[label]:
                self._report(row, label, f"another value than on line {other.line}, of the same leerkracht")

    def line_of(self, year: YearKey) -> int:
        """Give the line that names a year's vestiging: in vestigingen.csv, else of its first group."""
        row = self.vestigingen.get(year[0]) or next(iter(self.groepen[year].values()))
        return row.line

    def is_stamgroep(self, year: YearKey, key: str) -> bool:
        """Tell whether a key is that of a stamgroep of a year."""
        groep = self.groepen.get(year, {}).get(key)
        return groep is not None and groep["Soort"] == "groep"

    def periods(self, year: YearKey, leerling: str) -> list[CsvRow]:
        """Give the enrolments of a leerling that fall in a year, the earliest first."""
        brin6, schooljaar = year
        start = schooljaar_start(schooljaar) or date.min.year
        first, last = date(start, FIRST_MONTH, 1), date(start + 1, FIRST_MONTH, 1)
        rows = self.inschrijvingen.get(brin6, {}).get(leerling, [])
        return [row for van, tot, row in rows if van < last and first < tot]

    def enrolled(self, year: YearKey) -> dict[str, list[CsvRow]]:
        """Give who is enrolled at any time in a year, with the rows that say so."""
        return {key: rows for key in self.inschrijvingen.get(year[0], {}) if (rows := self.periods(year, key))}


def _year(row: CsvRow) -> YearKey:
    return row.brin6, row["Schooljaar"]


def _days(row: CsvRow) -> tuple[date, date]:
    """Give the first day of an enrolment and the first day no longer; an open one is as far as a calendar goes."""
    van, tot = row["Inschrijfdatum"], row["Uitschrijfdatum"]
    return (
        date.fromisoformat(van) if van else date.min,
        date.fromisoformat(tot) if tot else date.max,
    )
