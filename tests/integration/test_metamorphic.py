"""The same school said in another way gets the same answer: other order, other format, one import cut in two.

Random schools (support.school_life); an answer is compared as a whole, field by field, for each year on several days.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from random import Random

import pytest
from support.imports import options, select
from support.las_files import CSV_STYLES, csv_set, edexml_file, schooljaar
from support.oracle import amount
from support.school_builder import open_database
from support.school_life import BRIN6S, START, SchoolLife
from support.school_model import YearKey, edexml_says

from uwlr_adapter.administratie.importing import importer
from uwlr_adapter.administratie.model import Delivery
from uwlr_adapter.administratie.sources.csv_set import csv_set as csv_bron
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.contract.dataset import Dataset
from uwlr_adapter.db.database import Database

SEEDS = range(100, amount(104, 180))
MOST_PUPILS = amount(40, 120)
DAYS = [
    date(START, 7, 20),
    date(START, 8, 1),
    date(START, 10, 1),
    date(START + 1, 2, 1),
    date(START + 1, 7, 31),
    date(START + 1, 8, 20),
]
Answers = dict[tuple[YearKey, date], Dataset | None]


@pytest.fixture
def new_database(tmp_path: Path) -> Iterator["DatabaseMaker"]:
    """Yield a maker of new databases."""
    maker = DatabaseMaker(tmp_path)
    yield maker
    for database in maker.opened:
        database.close()


class DatabaseMaker:
    """Makes a database for each way in which a school is said."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.opened: list[Database] = []

    def answers(self, imports: Iterable[Sequence[Delivery]]) -> Answers:
        """Return every answer after these imports, each of the deliveries of one source."""
        folder = self._folder / str(len(self.opened))
        folder.mkdir()
        database = open_database(folder)
        self.opened.append(database)
        for deliveries in imports:
            importer.import_deliveries(database, deliveries, options())
        return answers_of(database)


def answers_of(database: Database) -> Answers:
    """Return every answer of a database, with every field."""
    years = [(brin6, start) for brin6 in BRIN6S for start in (START - 1, START, START + 1)]
    return {(year, day): select(database, year[0], schooljaar(year[1]), day) for year in years for day in DAYS}


@pytest.fixture(params=SEEDS)
def life(request: pytest.FixtureRequest) -> SchoolLife:
    """Return a school that lived for some months, at most until next year's groepen are there."""
    rng = Random(request.param)  # noqa: S311 - a seeded school is no secret
    found = SchoolLife(request.param, rng.randint(10, MOST_PUPILS))
    for _ in range(rng.randint(0, 330)):
        found.live()
        found.day += timedelta(1)
    return found


def years_of(life: SchoolLife) -> list[YearKey]:
    """Return the years that a school has laid out."""
    return sorted(life.groups)


def read_csv(life: SchoolLife, years: Iterable[YearKey]) -> list[Delivery]:
    """Read the CSV set of a school that lays out these years."""
    return csv_bron.read(csv_set(life, years, CSV_STYLES[-1]))


def shuffled(files: Mapping[str, bytes], rng: Random) -> dict[str, bytes]:
    """Return the same set with its files and the rows and columns of each in another order."""
    found = {}
    for name in rng.sample(list(files), len(files)):
        header, *rows = csv.reader(StringIO(files[name].decode(), newline=""))
        rng.shuffle(rows)
        columns = rng.sample(range(len(header)), len(header))
        text = StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows([row[place] for place in columns] for row in [header, *rows])
        found[name] = text.getvalue().encode()
    return found


def test_the_order_of_rows_columns_and_files_makes_no_difference(life: SchoolLife, new_database: DatabaseMaker) -> None:
    """Shuffled, a set gets the same answers; imported over the other one, it changes nothing."""
    rng = Random(life.day.toordinal())  # noqa: S311 - a seeded school is no secret
    files = csv_set(life, years_of(life), CSV_STYLES[-1])
    other = shuffled(files, rng)
    assert new_database.answers([csv_bron.read(files)]) == new_database.answers([csv_bron.read(other)])
    done = importer.import_deliveries(new_database.opened[0], csv_bron.read(other), options())
    assert all(
        not (counts.added or counts.changed or counts.removed)
        for report in done.reports
        for counts in report.counts.values()
    )


def test_a_set_cut_in_two_by_vestiging_or_by_year(life: SchoolLife, new_database: DatabaseMaker) -> None:
    """Two sets, of one vestiging each or of one schooljaar each, in either order: the answers of the whole set."""
    years = years_of(life)
    whole = new_database.answers([read_csv(life, years)])
    assert any(found is not None for found in whole.values())
    for place in (0, 1):
        parts = [[year for year in years if year[place] == value] for value in sorted({year[place] for year in years})]
        for order in (parts, parts[::-1]):
            assert new_database.answers([read_csv(life, part) for part in order]) == whole, (place, order)


def plainly(life: SchoolLife) -> SchoolLife:
    """Return a school whose content an EDEXML file can say.

    Each leerling has one enrolment at a vestiging and a place in each of its years, and each groep is available.
    """
    said = life.copy()
    for groups in said.groups.values():
        for group in groups.values():
            group.available = True
    for pupil in said.pupils:
        pupil.periods = list({period.brin6: period for period in pupil.periods}.values())
        for year in said.groups:
            touches = any(period.brin6 == year[0] and period.touches(year[1]) for period in pupil.periods)
            if touches and year not in pupil.places:
                said.place(pupil, year)
            elif not touches:
                pupil.places.pop(year, None)
        pupil.places = {
            year: sorted(places, key=lambda place: place.groep or "") for year, places in pupil.places.items()
        }
    for teachers in said.teachers.values():
        for teacher in teachers.values():
            teacher.groepen.sort()
    return said


def test_edexml_and_csv_say_the_same(life: SchoolLife, new_database: DatabaseMaker) -> None:
    """One school as one EDEXML file a year and as one CSV set: the same answers, in either order of the files."""
    said = plainly(life)
    claims = {
        year: edexml_says(
            said.pupils, list(said.groups[year].values()), list(said.teachers[year].values()), year, said.day
        )
        for year in years_of(said)
    }
    claims = {year: claim for year, claim in claims.items() if claim.pupils}
    files = [[edexml.read(edexml_file(year, claim))] for year, claim in claims.items()]
    from_csv = new_database.answers([read_csv(said, claims)])
    assert any(found is not None for found in from_csv.values())
    assert new_database.answers(files) == from_csv
    assert new_database.answers(reversed(files)) == from_csv
