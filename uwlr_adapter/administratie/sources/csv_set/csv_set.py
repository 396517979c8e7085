"""A CSV set of one school: a folder of files becomes a Delivery for each vestiging and schooljaar that has groepen.

Each such year is written as the tree of an EDEXML file and validated as one, so that both formats have the same rules.
docs/reference/records.md describes the files, and who takes part in a year.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from uwlr_adapter.administratie.model import (
    CsvPlace,
    Delivery,
    EnrolledElsewhere,
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
from uwlr_adapter.contract.dataset import Leerling
from uwlr_adapter.contract.xml import FILE

SUFFIX = ".csv"
"""The end of the name of each file of a set."""


@dataclass(frozen=True, slots=True)
class CsvBron:
    """Folders with a CSV set as a source of records; each folder is a part, imported whole or not at all.

    A folder without any CSV file stands for the folders in it, in the order of their names.
    """

    folders: Sequence[Path]
    labels: Path | None = None
    """A file that names labels, instead of the `kolommen.toml` of each folder."""
    name: str = "csv"

    def parts(self) -> Sequence[str]:
        """Return the paths of the folders."""
        return [str(folder) for given in self.folders for folder in _sets(given)]

    def read(self, part: str) -> Sequence[Delivery]:
        """Read one folder. Raises ImportRefusedError."""
        folder = Path(part)
        if not folder.is_dir():
            raise ImportRefusedError(
                [Problem(0, "", "is not a folder: a CSV set is a folder with leerlingen.csv and the others")]
            )
        paths, warnings = _paths(folder)
        set_labels = labels.read(folder if self.labels is None else self.labels)
        files: dict[str, bytes] = {}
        problems: list[Problem] = []
        for name in COLUMNS:
            try:
                with paths.get(name, folder / f"{name}.csv").open("rb") as opened:
                    files[name] = opened.read(FILE.octets + 1)  # one byte over the limit is enough to refuse it
            except FileNotFoundError:
                if name not in OPTIONAL:
                    problems.append(Problem(0, "", "is not in the folder", file=f"{name}.csv"))
            except OSError as error:
                problems.append(Problem(0, "", f"cannot be read: {error.strerror}", file=f"{name}.csv"))
        if problems:
            raise ImportRefusedError([*problems, *warnings])
        first, *others = read(files, set_labels)
        return [replace(first, warnings=(*warnings, *first.warnings)), *others]


def _paths(folder: Path) -> tuple[dict[str, Path], list[Problem]]:
    """Return the files of a set in a folder by name, in capitals or not, and a warning for each other CSV file.

    Raises ImportRefusedError for two files of one name: either may be the old one.
    """
    paths: dict[str, Path] = {}
    problems: list[Problem] = []
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        raise ImportRefusedError([Problem(0, "", f"cannot be read: {error.strerror}")]) from None
    for path in found:
        name, extension = path.stem.casefold(), path.suffix.casefold()
        if extension != SUFFIX:
            continue
        if name not in COLUMNS:
            reason = f"is not a file of a CSV set ({', '.join(COLUMNS)}): not read"
            problems.append(Problem(0, "", reason, Severity.WARNING, path.name))
        elif name in paths:
            problems.append(Problem(0, "", f"is in the folder twice, also as {paths[name].name}", file=path.name))
        else:
            paths[name] = path
    _require_none(problems)
    return paths, problems


def _sets(folder: Path) -> list[Path]:
    """Return the folders of a folder that holds no CSV file itself, by name, else the folder. Raises OSError."""
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    if any(entry.suffix.lower() == ".csv" for entry in entries):
        return [folder]
    return [entry for entry in entries if entry.is_dir()] or [folder]


def read(files: Mapping[str, bytes], labels: Mapping[str, Mapping[str, str]] | None = None) -> list[Delivery]:
    """Return a delivery for each year of a set, from its files by name without `.csv`.

    `labels` holds the labels of the set by file and our label. Raises ImportRefusedError with every reason.
    """
    rows: dict[str, tuple[CsvRow, ...]] = {}
    problems: list[Problem] = []
    dropped: Counter[str] = Counter()
    for name, data in files.items():
        if len(data) > FILE.octets:
            problems.append(Problem(0, "", f"larger than {FILE.octets} bytes", file=f"{name}.csv"))
            continue
        table = csv_file.read(name, data, (labels or {}).get(name, {}))
        rows[name] = table.rows
        problems += table.problems
        dropped.update(table.dropped)
    _require_none(problems)
    school = CsvSchool(rows, problems)
    school.judge()
    _require_none(school.problems, school.years)
    first, *others = _deliveries(school)
    return [replace(first, dropped=dict(dropped), rows=school.sums, elsewhere=_elsewhere(school)), *others]


def _require_none(problems: Sequence[Problem], years: Sequence[YearKey] = ()) -> None:
    if any(problem.severity is Severity.REFUSED for problem in problems):
        raise ImportRefusedError(problems, years)


def _deliveries(school: CsvSchool) -> list[Delivery]:
    """Return a delivery for each year that has groepen; a warning is reported once, with the first year that has it."""
    reported: set[Problem] = set()
    deliveries: list[Delivery] = []
    errors: list[Problem] = []
    for year in school.years:
        try:
            delivery = _delivery(school, year)
        except ImportRefusedError as error:
            errors += error.problems
            continue
        warnings = [warning for warning in delivery.warnings if warning not in reported]
        reported.update(warnings)
        if not deliveries:
            warnings += school.problems
        deliveries.append(replace(delivery, warnings=tuple(warnings), rows={}))
    if errors:
        raise ImportRefusedError(list(dict.fromkeys([*errors, *school.problems])), school.years)
    return deliveries


def _delivery(school: CsvSchool, year: YearKey) -> Delivery:
    """Return the delivery of one year of one vestiging. Raises ImportRefusedError."""
    brin6, schooljaar = year
    enrolled = school.enrolled(year)
    if not enrolled:
        groep = next(iter(school.groepen[year].values()))
        reason = f"inschrijvingen.csv has nobody at {brin6} in {schooljaar}"
        raise ImportRefusedError([groep.problem("Schooljaar", reason)])
    vestiging = school.vestigingen.get(brin6)
    places = PLACES if vestiging is None else PLACES | {"school": CsvPlace("vestigingen.csv", "Vestiging")}
    try:
        delivery = replace(read_tree(tree(school, year, enrolled)), places=places)
    except ImportRefusedError as error:
        empty = Delivery(SourceSchool(0, schooljaar, brin6), places=places)
        raise ImportRefusedError([empty.locate(problem) for problem in error.problems]) from None
    placed = school.plaatsingen.get(year, {})
    return replace(
        delivery,
        school=replace(delivery.school, naam=None if vestiging is None else vestiging["Naam"] or None),
        warnings=tuple(delivery.locate(warning) for warning in delivery.warnings),
        periods={key: tuple(map(_period, rows)) for key, rows in enrolled.items()},
        not_placed=frozenset(key for key in enrolled if key not in placed),
        not_available=frozenset(
            key for key, row in school.groepen[year].items() if row["In koppelingen beschikbaar"] != "Ja"
        ),
    )


def _elsewhere(school: CsvSchool) -> tuple[EnrolledElsewhere, ...]:
    """Return the enrolments in the schooljaren of a set at vestigingen that have no groep in it."""
    elsewhere = school.elsewhere
    in_years = [school.enrolled(year) for year in school.years]
    lines = {row.line for enrolled in in_years for rows in enrolled.values() for row in rows}
    keys = {key for enrolled in in_years for key in enrolled}
    return tuple(
        EnrolledElsewhere(
            *year,
            leerling=_identity(school.leerlingen[key]),
            periods=tuple(map(_period, rows)),
            rows=(
                *((f"{row.file}.csv", row.line) for row in rows if row.line not in lines),
                *((f"{row.file}.csv", row.line) for row in [school.leerlingen[key]] if key not in keys),
            ),
        )
        for year, enrolled in elsewhere.items()
        for key, rows in enrolled.items()
    )


def _identity(row: CsvRow) -> Leerling:
    """Return what tells one leerling from another."""
    return Leerling(
        key=row["Sleutel"],
        eckid=row["ECK-iD"] or None,
        achternaam=row["Achternaam"] or None,
        roepnaam=row["Roepnaam"] or None,
        geboortedatum=row["Geboortedatum"] or None,
    )


def _period(row: CsvRow) -> Period:
    return Period(
        instroomdatum=row["Inschrijfdatum"] or None,
        uitstroomdatum=row["Uitschrijfdatum"] or None,
        gast=row["Gastinschrijving"] == "Ja",
        locatie=row["Locatie"] or None,
    )


def _places() -> dict[str, CsvPlace]:
    """Return the file and column of each element, for the problems that the validation as EDEXML finds."""
    places = {record: CsvPlace(f"{name}.csv") for name, record in reversed(RECORDS.items())}
    places["leerling"], places["school"] = CsvPlace("leerlingen.csv"), CsvPlace("groepen.csv", "Vestiging")
    places["school/schoolkey"] = CsvPlace("vestigingen.csv", "Schoolsleutel")
    for name, columns in COLUMNS.items():
        for column in columns.values():
            if column.path and name in RECORDS:
                places[f"{RECORDS[name]}/{column.path}"] = CsvPlace(f"{name}.csv", column.label)
    groep = CsvPlace("plaatsingen.csv", "Groep")
    places |= {f"samengestelde_{path}": place for path, place in places.items() if path.partition("/")[0] == "groep"}
    return places | {
        "leerling/samengestelde_groepen": groep,
        "leerling/jaargroep": CsvPlace("plaatsingen.csv", "Jaargroep"),
        "leerkracht/rolomschrijving": places["leerkracht/rol"],
    }


PLACES = _places()
"""The file and column of each element of EDEXML, by path (see `Delivery.places`)."""
