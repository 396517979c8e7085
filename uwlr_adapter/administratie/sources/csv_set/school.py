"""The rows of one CSV set, indexed by their subject, and the rules between them."""

import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from uwlr_adapter.administratie.model import Problem, RowCount, Severity
from uwlr_adapter.administratie.sources.csv_set.columns import COLUMNS
from uwlr_adapter.administratie.sources.csv_set.csv_file import CsvRow
from uwlr_adapter.clock import FIRST_MONTH, schooljaar_start

YearKey = tuple[str, str]
"""A brin6 and a schooljaar."""
_WITH_BRIN = ("groepen", "inschrijvingen", "plaatsingen", "leerkrachten", "vestigingen", "locaties")
_OWN_LABELS = tuple(label for label in COLUMNS["leerkrachten"] if label not in ("ECK-iD", "Groep", "Rollen in groep"))
"""The columns that must be equal in all rows of a leerkracht within a year; the ECK-iD is equal in the whole set."""
STAMGROEP = "groep"
"""The Soort of a stamgroep, as the element of EDEXML."""
_UNKNOWN_LEERLING = "is not a Sleutel of leerlingen.csv: add the leerling there, or take this row out"
_ZEROS = "is not a Sleutel of leerlingen.csv, where it has other leading zeros: a spreadsheet took them away"
_NOT_LAID_OUT = "groepen.csv has no group of this vestiging and schooljaar: not read"
_UNKNOWN_GROEP = "is not a Sleutel of groepen.csv at this vestiging in this schooljaar"
_REMARK = "has a value in its first column only, and no inschrijving: is it a total or a remark? Not read"
_UNUSED = {
    "leerlingen": ("Sleutel", "has no inschrijving in a schooljaar that groepen.csv has: not read"),
    "inschrijvingen": ("Inschrijfdatum", "has no day in a schooljaar that groepen.csv has: not read"),
    "vestigingen": ("Vestiging", "groepen.csv has no group of this vestiging: not read"),
    "locaties": ("Vestiging", "groepen.csv has no group of this vestiging: not read"),
}
"""The column and the reason for a row that is in no record, in the files whose rows other files have to use."""


class CsvSchool:
    """The rows of one set, indexed by `judge`; `problems` collects what is wrong with them.

    Each row is in a record, or it is told: a warning says that it is not read, and why. `sums` counts both.
    """

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
        self._enrolled: dict[YearKey, dict[str, list[CsvRow]]] = {}
        self._told: dict[str, set[int]] = defaultdict(set)
        """The lines of the rows that are told, by file."""
        self.sums: dict[str, RowCount] = {}
        """The sums by name of the file, of a set that is not refused."""

    @property
    def years(self) -> list[YearKey]:
        """The years in which a vestiging has a groep, in ascending order; only these are imported."""
        return sorted(self.groepen)

    @functools.cached_property
    def elsewhere(self) -> dict[YearKey, dict[str, list[CsvRow]]]:
        """The enrolments in the schooljaren of the set at vestigingen that have no groep in it, as `enrolled`.

        These years are not imported, but the days of an enrolment count there too: a vestiging that closes has no
        groepen any more, and its leerlingen leave.
        """
        schooljaren = sorted({schooljaar for _, schooljaar in self.groepen})
        years = [(brin6, schooljaar) for brin6 in sorted(self.inschrijvingen) for schooljaar in schooljaren]
        return {year: found for year in years if year not in self.groepen and (found := self.enrolled(year))}

    def judge(self) -> None:
        """Index the rows, and add the violations of the rules between them to `problems`."""
        self._judge_brin()
        eckids: dict[str, CsvRow] = {}
        for row in self._rows("leerlingen"):
            if self._put(self.leerlingen, row, "Sleutel"):
                self._put(eckids, row, "ECK-iD")
        for row in self._rows("groepen"):
            self._put(self.groepen[_year(row)], row, "Sleutel")
            if row["Jaargroep"] and row["Soort"] != STAMGROEP:
                reason = "UWLR has none for a samengestelde groep: left out"
                self._report(row, "Jaargroep", reason, Severity.WARNING)
        for row in self._rows("locaties"):
            self._put(self.locaties[row.brin6], row, "Sleutel")
        for row in self._rows("vestigingen"):
            self._put(self.vestigingen, row, "Vestiging", row.brin6)
        if not self.groepen:
            self.problems.append(Problem(0, "", "has no group, so no year is laid out", file="groepen.csv"))
        self._judge_inschrijvingen()
        self._judge_plaatsingen()
        self._judge_leerkrachten()
        if all(problem.severity is not Severity.REFUSED for problem in self.problems):
            self._tell_unused()

    def _rows(self, file: str) -> tuple[CsvRow, ...]:
        return self._rows_by_file.get(file, ())

    def _report(self, row: CsvRow, label: str, reason: str, severity: Severity = Severity.REFUSED) -> None:
        self.problems.append(row.problem(label, reason, severity))

    def _tell(self, row: CsvRow, label: str, reason: str) -> None:
        """Report a row that is in no record."""
        self._told[row.file].add(row.line)
        self._report(row, label, reason, Severity.WARNING)

    def _tell_doubled(self, row: CsvRow, label: str, other: CsvRow) -> None:
        self._tell(row, label, f"the same row as line {other.line}: read once")

    def _put(self, into: dict[str, CsvRow], row: CsvRow, label: str, key: str = "") -> bool:
        """Store a row under its key, by default the value of the column; return whether the key was free.

        A key that is taken is reported: by the same row as a warning, by another one as a refusal.
        """
        key = key or row[label]
        other = into.get(key)
        if other is None:
            if key:
                into[key] = row
        elif row.values == other.values:
            self._tell_doubled(row, label, other)
        else:
            self._report(row, label, f"the same as line {other.line}, in a row that differs: keep the right one")
        return other is None

    def _judge_brin(self) -> None:
        rows = [row for file in _WITH_BRIN for row in self._rows(file)]
        for row in rows:
            if row["Brin"] != rows[0]["Brin"]:
                where = f"{rows[0].file}.csv, line {rows[0].line}"
                self._report(row, "Brin", f"another school than in {where}: a set is about one school")

    def _is_laid_out(self, row: CsvRow) -> bool:
        """Return whether the year of a row has groepen; a row of a year without is told."""
        if _year(row) in self.groepen:
            return True
        self._tell(row, "Schooljaar", _NOT_LAID_OUT)
        return False

    def _require_groep(self, row: CsvRow) -> None:
        """Report a groep that does not exist in the year of the row."""
        if row["Groep"] and row["Groep"] not in self.groepen[_year(row)]:
            self._report(row, "Groep", _UNKNOWN_GROEP)

    def _is_known(self, row: CsvRow) -> bool:
        """Return whether the leerling of a row exists; report one who does not."""
        key = row["Leerling"]
        if key in self.leerlingen:
            return True
        self._report(row, "Leerling", _ZEROS if key.lstrip("0") in self._without_zeros else _UNKNOWN_LEERLING)
        return False

    @functools.cached_property
    def _without_zeros(self) -> frozenset[str]:
        """The keys of the leerlingen without leading zeros."""
        return frozenset(key.lstrip("0") for key in self.leerlingen)

    def _judge_inschrijvingen(self) -> None:
        for row in self._rows("inschrijvingen"):
            self._is_known(row)
            if row["Locatie"] and row["Locatie"] not in self.locaties[row.brin6]:
                self._report(row, "Locatie", "is not a Sleutel of locaties.csv at this vestiging")
            first, end = _days(row)
            if first < end:
                self._put_inschrijving(row, first, end)
            else:
                what = "is the Inschrijfdatum" if first == end else "is before the Inschrijfdatum"
                self._tell(row, "Uitschrijfdatum", f"{what}: no day enrolled, not read")

    def _put_inschrijving(self, row: CsvRow, first: date, end: date) -> None:
        """Store a period of enrolment (`end` is exclusive) in the order of its days; report an overlap instead."""
        periods = self.inschrijvingen[row.brin6][row["Leerling"]]
        for other_first, other_end, other in periods:
            if first < other_end and other_first < end:
                if row.values == other.values:
                    self._tell_doubled(row, "Leerling", other)
                else:
                    reason = f"overlaps with line {other.line}: end one before the other begins"
                    self._report(row, "Inschrijfdatum", reason)
                return
        periods.append((first, end, row))
        periods.sort(key=lambda period: period[0])

    def _judge_plaatsingen(self) -> None:
        for row in filter(self._is_laid_out, self._rows("plaatsingen")):
            self._require_groep(row)
            if not self._is_known(row):
                continue
            if not row["Groep"] and not row["Jaargroep"]:
                self._tell(row, "Groep", "has no Groep and no Jaargroep: not read")
            elif not self.periods(_year(row), row["Leerling"]):
                self._tell(row, "Leerling", "is not enrolled at this vestiging in this schooljaar: not read")
            else:
                self.plaatsingen[_year(row)][row["Leerling"]].append(row)
        for year, placed in self.plaatsingen.items():
            for leerling, rows in placed.items():
                if len(rows) > 1:
                    placed[leerling] = self._settle(year, rows)

    def _settle(self, year: YearKey, rows: list[CsvRow]) -> list[CsvRow]:
        """Return the plaatsingen of one leerling that count, whatever their order in the file: the stamgroep first.

        A Jaargroep without a Groep comes next, then the other groepen by key; the first Jaargroep is the leerling's.
        """
        stamgroep = [row for row in rows if self.is_stamgroep(year, row["Groep"])]
        seconds = [row for row in stamgroep if row["Groep"] != stamgroep[0]["Groep"]]
        for row in seconds:
            self._report(row, "Groep", f"a second stamgroep: see line {stamgroep[0].line}")
        if seconds:
            return rows
        kept: dict[str, CsvRow] = {}
        by_content = sorted(rows, key=lambda row: (row["Groep"], not row["Jaargroep"], row["Jaargroep"], row.line))
        for row in sorted(by_content, key=lambda row: row not in stamgroep):
            other = kept.setdefault(row["Groep"], row)
            if row is not other:
                self._judge_same_groep(row, other, is_stamgroep=row in stamgroep)
        with_jaargroep = [row for row in kept.values() if row["Jaargroep"]]
        for row in with_jaargroep[1:]:
            giver = with_jaargroep[0]
            if not row["Groep"]:
                self._tell(kept.pop(""), "Jaargroep", f"line {giver.line} has the Jaargroep of the leerling: not read")
            elif row["Jaargroep"] != giver["Jaargroep"]:
                reason = f"another one than on line {giver.line}, which counts"
                self._report(row, "Jaargroep", reason, Severity.WARNING)
        return list(kept.values())

    def _judge_same_groep(self, row: CsvRow, other: CsvRow, *, is_stamgroep: bool) -> None:
        """Report a plaatsing in a groep in which another one puts the leerling already."""
        if row.values == other.values:
            self._tell_doubled(row, "Groep", other)
        elif is_stamgroep and row["Jaargroep"]:
            self._report(row, "Jaargroep", f"another one than on line {other.line}, in the same stamgroep")
        else:
            self._tell(row, "Groep", f"the same group again, see line {other.line}: not read")

    def _judge_leerkrachten(self) -> None:
        first: dict[str, CsvRow] = {}
        for row in filter(self._is_laid_out, self._rows("leerkrachten")):
            self._require_groep(row)
            self._require_same(row, first.setdefault(row["Sleutel"], row), ("ECK-iD",))
            rows = self.leerkrachten[_year(row)][row["Sleutel"]]
            self._put_leerkracht(row, rows)
            self._require_same(row, rows[0], _OWN_LABELS)
        for year in self.leerkrachten.values():
            for rows in year.values():
                rows.sort(key=lambda row: (row["Groep"], row["Rollen in groep"]))

    def _put_leerkracht(self, row: CsvRow, earlier: list[CsvRow]) -> None:
        """Store a row of a leerkracht; one that adds nothing to an earlier row is told."""
        for other in earlier:
            if row["Groep"] == other["Groep"]:
                if row.values == other.values:
                    self._tell_doubled(row, "Sleutel", other)
                    return
                if not row["Groep"] and not any(self._differences(row, other, _OWN_LABELS)):
                    self._tell(row, "Groep", f"has no Groep, like line {other.line}: not read")
                    return
        if row["Rollen in groep"] and not row["Groep"]:
            self._report(row, "Rollen in groep", "has no Groep: left out", Severity.WARNING)
        earlier.append(row)

    def _require_same(self, row: CsvRow, other: CsvRow, labels: Iterable[str]) -> None:
        """Report each column with another value than in another row of the same leerkracht."""
        for label in self._differences(row, other, labels):
            self._report(row, label, f"another value than on line {other.line}, of the same leerkracht")

    @staticmethod
    def _differences(row: CsvRow, other: CsvRow, labels: Iterable[str]) -> Iterator[str]:
        return (label for label in labels if row[label] != other[label])

    def _tell_unused(self) -> None:
        """Tell the rows that are in no record and not told yet, and count the rows of each file."""
        used = self._used()
        for file, rows in self._rows_by_file.items():
            label, reason = _UNUSED.get(file, ("", "is in no record: not read"))
            told = self._told[file]
            for row in rows:
                if row.line not in used[file] and row.line not in told:
                    is_remark = file == "leerlingen" and sum(map(bool, row.values.values())) == 1
                    self._tell(row, label, _REMARK if is_remark else reason)
            self.sums[f"{file}.csv"] = RowCount(len(rows), len(told))

    def _used(self) -> dict[str, set[int]]:
        """Return the lines of the rows that are in a record, by file."""
        enrolled = [self.enrolled(year) for year in self.years] + list(self.elsewhere.values())
        brin6s = {brin6 for brin6, _ in self.groepen}
        locaties = (rows.values() for brin6, rows in self.locaties.items() if brin6 in brin6s)
        return {
            "leerlingen": {self.leerlingen[key].line for found in enrolled for key in found},
            "inschrijvingen": {row.line for found in enrolled for rows in found.values() for row in rows},
            "groepen": {row.line for rows in self.groepen.values() for row in rows.values()},
            "plaatsingen": _lines_of(self.plaatsingen),
            "leerkrachten": _lines_of(self.leerkrachten),
            "vestigingen": {row.line for brin6, row in self.vestigingen.items() if brin6 in brin6s},
            "locaties": {row.line for rows in locaties for row in rows},
        }

    def line_of(self, year: YearKey) -> int:
        """Return the line that names the vestiging of a year: in vestigingen.csv, else of its first groep."""
        row = self.vestigingen.get(year[0]) or next(iter(self.groepen[year].values()))
        return row.line

    def is_stamgroep(self, year: YearKey, key: str) -> bool:
        """Return whether a key is that of a stamgroep in a year."""
        groep = self.groepen.get(year, {}).get(key)
        return groep is not None and groep["Soort"] == STAMGROEP

    def periods(self, year: YearKey, leerling: str) -> list[CsvRow]:
        """Return the rows of the enrolments of a leerling that overlap a year, the earliest first."""
        return self.enrolled(year).get(leerling, [])

    def enrolled(self, year: YearKey) -> dict[str, list[CsvRow]]:
        """Return the rows of the enrolments that overlap a year, by key of the leerling, the earliest first."""
        if year not in self._enrolled:
            brin6, schooljaar = year
            start = schooljaar_start(schooljaar) or date.min.year
            year_first, year_end = date(start, FIRST_MONTH, 1), date(start + 1, FIRST_MONTH, 1)
            self._enrolled[year] = {
                key: rows
                for key, periods in self.inschrijvingen.get(brin6, {}).items()
                if (rows := [row for first, end, row in periods if first < year_end and year_first < end])
            }
        return self._enrolled[year]


def _year(row: CsvRow) -> YearKey:
    return row.brin6, row["Schooljaar"]


def _lines_of(rows_by_year: Mapping[YearKey, Mapping[str, Sequence[CsvRow]]]) -> set[int]:
    return {row.line for by_key in rows_by_year.values() for rows in by_key.values() for row in rows}


def _days(row: CsvRow) -> tuple[date, date]:
    """Return the first day of an enrolment and the first day after it; an open one is `date.min` or `date.max`."""
    first, end = row["Inschrijfdatum"], row["Uitschrijfdatum"]
    return (
        date.fromisoformat(first) if first else date.min,
        date.fromisoformat(end) if end else date.max,
    )
