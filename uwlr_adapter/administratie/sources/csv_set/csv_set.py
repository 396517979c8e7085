"""A CSV set of one school: a folder of files becomes a Levering for each vestiging and schooljaar that is laid out.

Each such year is written as the tree of an EDEXML file and judged as one, so that both formats keep to the same rules.
docs/reference/records.md says what the files hold and who takes part in a year.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from uwlr_adapter.administratie.model import (
    CsvPlace,
    Delivery,
    ImportRefusedError,
    Period,
    Problem,
    Severity,
    SourceSchool,
)
from uwlr_adapter.administratie.sources.csv_set import csv_file, labels
from uwlr_adapter.administratie.sources.csv_set.columns import COLUMNS, OPTIONAL, RECORDS
from uwlr_adapter.administratie.sources.csv_set.csv_file import CsvRow
from uwlr_adapter.administratie.sources.csv_set.edexml_tree import tree
from uwlr_adapter.administratie.sources.csv_set.school import CsvSchool, YearKey
from uwlr_adapter.administratie.sources.edexml.edexml import read_tree
from uwlr_adapter.contract.xml import FILE


@dataclass(frozen=True, slots=True)
class CsvBron:
    """Folders with a CSV set as a source of records: each folder is a part, imported whole or not at all."""

    folders: Sequence[Path]
    labels: Path | None = None
    """A file that names labels, instead of the `kolommen.toml` of each folder."""
    name: str = "csv"

    def parts(self) -> Sequence[str]:
        """Give the folders."""
        return [str(folder) for folder in self.folders]

    def read(self, part: str) -> Sequence[Delivery]:
        """Read one folder. Raises ImportRefusedError."""
        folder = Path(part)
        if not folder.is_dir():
            raise ImportRefusedError(
                [Problem(0, "", "is no folder: a CSV set is a folder with leerlingen.csv and the others")]
            )
        named = labels.read(folder if self.labels is None else self.labels)
        files: dict[str, bytes] = {}
        problems: list[Problem] = []
        for naam in COLUMNS:
            try:
                with (folder / f"{naam}.csv").open("rb") as opened:
                    files[naam] = opened.read(FILE.octets + 1)
            except FileNotFoundError:
                if naam not in OPTIONAL:
                    problems.append(Problem(0, "", "is not in the folder", file=f"{naam}.csv"))
            except OSError as error:
                problems.append(Problem(0, "", f"cannot be read: {error.strerror}", file=f"{naam}.csv"))
        if problems:
            raise ImportRefusedError(problems)
        return read(files, named)


def read(files: Mapping[str, bytes], labels: Mapping[str, Mapping[str, str]] | None = None) -> list[Delivery]:
    """Give what the files of a set say, by name without `.csv`; raises ImportRefusedError with every reason."""
    rows: dict[str, tuple[CsvRow, ...]] = {}
    problems: list[Problem] = []
    dropped: Counter[str] = Counter()
    for naam, data in files.items():
        if len(data) > FILE.octets:
            problems.append(Problem(0, "", f"larger than {FILE.octets} bytes", file=f"{naam}.csv"))
            continue
        table = csv_file.read(naam, data, (labels or {}).get(naam, {}))
        rows[naam] = table.rows
        problems += table.problems
        dropped.update(table.dropped)
    _require_none(problems)
    school = CsvSchool(rows, problems)
    school.judge()
    _require_none(school.problems)
    first, *others = _deliveries(school)
    return [replace(first, dropped=dict(dropped)), *others]


def _require_none(problems: Sequence[Problem]) -> None:
    if any(problem.severity is Severity.REFUSED for problem in problems):
        raise ImportRefusedError(problems)


def _deliveries(school: CsvSchool) -> list[Delivery]:
    """Give each laid out year; a warning about a leerling stands with the first year that has it."""
    gegeven: set[Problem] = set()
    deliveries: list[Delivery] = []
    errors: list[Problem] = []
    for year in school.years:
        try:
            delivery = _delivery(school, year)
        except ImportRefusedError as error:
            errors += error.problems
            continue
        own = [one for one in delivery.warnings if one not in gegeven]
        gegeven.update(own)
        if not deliveries:
            own += school.problems
        deliveries.append(replace(delivery, warnings=tuple(own)))
    if errors:
        raise ImportRefusedError(list(dict.fromkeys([*errors, *school.problems])))
    return deliveries


def _delivery(school: CsvSchool, year: YearKey) -> Delivery:
    """Give one year of one vestiging. Raises ImportRefusedError."""
    brin6, schooljaar = year
    enrolled = school.enrolled(year)
    if not enrolled:
        groep = next(iter(school.groepen[year].values()))
        reason = f"inschrijvingen.csv has nobody at {brin6} in {schooljaar}"
        raise ImportRefusedError([groep.problem("Schooljaar", reason)])
    vestiging = school.vestigingen.get(brin6)
    places = PLACES if vestiging is None else PLACES | {"school": CsvPlace("vestigingen.csv", "Vestiging")}
    try:
        source_records = replace(read_tree(tree(school, year, enrolled)), places=places)
    except ImportRefusedError as error:
        bare = Delivery(SourceSchool(0, schooljaar, brin6), places=places)
        raise ImportRefusedError([bare.locate(one) for one in error.problems]) from None
    placed = school.plaatsingen.get(year, {})
    return replace(
        source_records,
        school=replace(source_records.school, naam=None if vestiging is None else vestiging["Naam"] or None),
        warnings=tuple(source_records.locate(one) for one in source_records.warnings),
        periods={key: tuple(map(_period, rows)) for key, rows in enrolled.items()},
        not_placed=frozenset(key for key in enrolled if key not in placed),
        not_available=frozenset(
            key for key, row in school.groepen[year].items() if row["In koppelingen beschikbaar"] != "Ja"
        ),
    )


def _period(row: CsvRow) -> Period:
    return Period(
        instroomdatum=row["Inschrijfdatum"] or None,
        uitstroomdatum=row["Uitschrijfdatum"] or None,
        gast=row["Gastinschrijving"] == "Ja",
    )


def _places() -> dict[str, CsvPlace]:
    """Say in which file and column an element stands, for problems that the judge of EDEXML finds."""
    found = {record: CsvPlace(f"{naam}.csv") for naam, record in reversed(RECORDS.items())}
    found["leerling"], found["school"] = CsvPlace("leerlingen.csv"), CsvPlace("groepen.csv", "Vestiging")
    found["school/schoolkey"] = CsvPlace("vestigingen.csv", "Schoolsleutel")
    for naam, columns in COLUMNS.items():
        for column in columns.values():
            if column.path and naam in RECORDS:
                found[f"{RECORDS[naam]}/{column.path}"] = CsvPlace(f"{naam}.csv", column.label)
    groep = CsvPlace("plaatsingen.csv", "Groep")
    found |= {f"samengestelde_{path}": place for path, place in found.items() if path.partition("/")[0] == "groep"}
    return found | {
        "leerling/samengestelde_groepen": groep,
        "leerling/jaargroep": CsvPlace("plaatsingen.csv", "Jaargroep"),
        "leerkracht/rolomschrijving": found["leerkracht/rol"],
    }


PLACES = _places()
