"""The same school said in another way gets the same answer: other order, other format, one import cut in two.

Random schools (support.school_life), of which an earlier state is known already; an answer is compared as a whole,
field by field, for each year on several days. And schools whose keys and ECK-iDs are mixed up (support.mixed_up): there
the questions are the same too.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from random import Random

import pytest
from lxml import etree
from support import mixed_up
from support.imports import options, select
from support.las_files import CSV_STYLES, csv_set, edexml_file, schooljaar
from support.mixed_up import World
from support.oracle import amount
from support.school_builder import open_database
from support.school_life import BRIN6S, START, SchoolLife
from support.school_model import YearKey, edexml_says

from uwlr_adapter.administratie.importing import importer
from uwlr_adapter.administratie.importing.match import Unmatched
from uwlr_adapter.administratie.importing.questions import Choice, ImportQuestion
from uwlr_adapter.administratie.model import Delivery
from uwlr_adapter.administratie.sources.csv_set import csv_set as csv_bron
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.contract.dataset import Dataset
from uwlr_adapter.db.database import Database

SEEDS = range(100, amount(102, 180))
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

    def new(self) -> Database:
        """Open another database."""
        folder = self._folder / str(len(self.opened))
        folder.mkdir()
        self.opened.append(open_database(folder))
        return self.opened[-1]

    def answers(self, *imports: Sequence[Delivery]) -> Answers:
        """Return every answer after these imports, each of the deliveries of one source."""
        database = self.new()
        for deliveries in imports:
            importer.import_deliveries(database, deliveries, options())
        return answers_of(database)


def answers_of(database: Database) -> Answers:
    """Return every answer of a database, with every field."""
    years = [(brin6, start) for brin6 in BRIN6S for start in (START - 1, START, START + 1)]
    return {(year, day): select(database, year[0], schooljaar(year[1]), day) for year in years for day in DAYS}


@dataclass(frozen=True)
class Lives:
    """A school at some moment, at most when next year's groepen are there, and what was imported of it earlier."""

    earlier: SchoolLife
    now: SchoolLife

    def known(self, years: Iterable[YearKey]) -> list[Delivery]:
        """Read what was imported earlier, of these years as far as they were there."""
        return read_csv(self.earlier, [year for year in years if year in self.earlier.groups])


@pytest.fixture(params=SEEDS)
def lives(request: pytest.FixtureRequest) -> Lives:
    """Return a school that lived for some months, and then for some more."""
    rng = Random(request.param)  # noqa: S311 - a seeded school is no secret
    found = SchoolLife(request.param, rng.randint(10, MOST_PUPILS))
    moments = []
    for days in (rng.randint(0, 200), rng.randint(0, 130)):
        for _ in range(days):
            found.live()
            found.day += timedelta(1)
        moments.append(found.copy())
    return Lives(*moments)


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


def test_the_order_of_rows_columns_and_files_makes_no_difference(lives: Lives, new_database: DatabaseMaker) -> None:
    """Shuffled, a set gets the same answers; imported over the other one, it changes nothing."""
    years = years_of(lives.now)
    files = csv_set(lives.now, years, CSV_STYLES[-1])
    other = shuffled(files, rng_of(lives))
    known = lives.known(years)
    assert new_database.answers(known, csv_bron.read(files)) == new_database.answers(known, csv_bron.read(other))
    changes_nothing(new_database.opened[0], csv_bron.read(other))


def rng_of(lives: Lives) -> Random:
    """Return the chances of a school, for what a test does with it."""
    return Random(lives.now.day.toordinal())  # noqa: S311 - a seeded school is no secret


def changes_nothing(database: Database, deliveries: Sequence[Delivery]) -> None:
    """Show that an import changes nothing."""
    done = importer.import_deliveries(database, deliveries, options())
    assert all(
        not (counts.added or counts.changed or counts.removed)
        for report in done.reports
        for counts in report.counts.values()
    )


def test_a_set_cut_in_two_by_vestiging_or_by_year(lives: Lives, new_database: DatabaseMaker) -> None:
    """Two sets, of one vestiging each or of one schooljaar each, in either order: the answers of the whole set."""
    years = years_of(lives.now)
    known = lives.known(years)
    whole = new_database.answers(known, read_csv(lives.now, years))
    assert any(found is not None for found in whole.values())
    for place in (0, 1):
        parts = [[year for year in years if year[place] == value] for value in sorted({year[place] for year in years})]
        for order in (parts, parts[::-1]):
            sets = [read_csv(lives.now, part) for part in order]
            assert new_database.answers(known, *sets) == whole, (place, order)


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


def files_of(said: SchoolLife) -> dict[YearKey, bytes]:
    """Return the EDEXML file of each year of a school in which somebody is."""
    claims = {
        year: edexml_says(
            said.pupils, list(said.groups[year].values()), list(said.teachers[year].values()), year, said.day
        )
        for year in years_of(said)
    }
    return {year: edexml_file(year, claim) for year, claim in claims.items() if claim.pupils}


def test_edexml_and_csv_say_the_same(lives: Lives, new_database: DatabaseMaker) -> None:
    """One school as one EDEXML file a year and as one CSV set: the same answers, in either order of the files.

    The files may be imported one by one, or as one source.
    """
    said = plainly(lives.now)
    files = files_of(said)
    known = lives.known(files)
    deliveries = [edexml.read(data) for data in files.values()]
    from_csv = new_database.answers(known, read_csv(said, files))
    assert any(found is not None for found in from_csv.values())
    for order in (deliveries, deliveries[::-1]):
        assert new_database.answers(known, *([one] for one in order)) == from_csv
        assert new_database.answers(known, order) == from_csv


def test_the_order_of_the_rows_of_an_edexml_file_makes_no_difference(lives: Lives, new_database: DatabaseMaker) -> None:
    """Its groepen, leerlingen and leerkrachten in another order: the same answers, and nothing changes after it."""
    files = files_of(plainly(lives.now))
    rng = rng_of(lives)
    others = [edexml.read(with_rows_shuffled(data, rng)) for data in files.values()]
    known = lives.known(files)
    right = new_database.answers(known, *([edexml.read(data)] for data in files.values()))
    assert new_database.answers(known, *([one] for one in others)) == right
    changes_nothing(new_database.opened[0], others)


def with_rows_shuffled(data: bytes, rng: Random) -> bytes:
    """Return an EDEXML file with the records of each section in another order."""
    edex = etree.fromstring(data)
    for section in edex:
        if section.tag != "school":
            section[:] = rng.sample(list(section), len(section))
    return etree.tostring(edex, encoding="utf-8", xml_declaration=True)


class SaidTwice(World):
    """A school that is imported into a second database as well, in another way.

    Either each source has its rows and its years in another order; or it is cut in sources of one year each. What is
    cut asks about a row once for each source that made it another question, so that nothing is answered then.
    """

    def __init__(self, database: Database, other: Database, rng: Random, *, is_cut: bool) -> None:
        super().__init__(database, rng, contradicts=False)
        self.other, self.is_cut = other, is_cut
        self.order = Random(rng.random())  # noqa: S311 - as above

    def take_in(self, source: mixed_up.Source, unmatched: Unmatched) -> None:
        """Import it into both."""
        super().take_in(source, unmatched)
        years = self.order.sample(source, len(source))
        if self.is_cut:
            for year in years:
                mixed_up.take_in(self.other, [year], unmatched)
        else:
            shuffled_ = [(year, self.order.sample(said, len(said))) for year, said in years]
            mixed_up.take_in(self.other, shuffled_, unmatched)

    def answer(self) -> None:
        """Answer a question in both, unless it is cut."""
        if not self.is_cut:
            super().answer()

    def give(self, question: ImportQuestion, choice: Choice) -> bool:
        """Give the same answer to the same question in both."""
        same = next(one for one in mixed_up.open_questions(self.other) if _asked(one) == _asked(question))
        taken = mixed_up.give(self.other, same.id, choice)
        assert super().give(question, choice) == taken
        return taken

    def check(self) -> None:
        """Hold every answer of the one database against that of the other, and which rows are held."""
        super().check()
        for year in mixed_up.YEARS:
            assert select(self.database, *year, mixed_up.DAY) == select(self.other, *year, mixed_up.DAY)
        one, other = (
            sorted(row for question in mixed_up.open_questions(database) for row in _rows(question))
            for database in (self.database, self.other)
        )
        assert one == other


def _rows(question: ImportQuestion) -> list[tuple[str, str, str]]:
    """Return the rows that are held for a question: vestiging, schooljaar and the number of the row."""
    return [(one.year.brin6, one.year.schooljaar, one.values["emailadres"]) for one in question.years]


def _asked(question: ImportQuestion) -> object:
    """Return what a question says; its id follows from the ids of persons, which are those of a database."""
    known = [one.key for one in question.known]
    return question.key, question.eckid, question.doubt, known, sorted(_rows(question))


@pytest.mark.parametrize("is_cut", [False, True], ids=["in another order", "cut in years"])
@pytest.mark.parametrize("seed", range(amount(2, 60)))
def test_mixed_up_keys_said_in_another_way(new_database: DatabaseMaker, seed: int, is_cut: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """Who is who, and which rows are held, follows from what is said and not from the order of its rows and years."""
    rng = Random(seed)  # noqa: S311 - a seeded school is no secret
    world = SaidTwice(new_database.new(), new_database.new(), rng, is_cut=is_cut)
    for _ in range(8):
        world.enrol()
    for _ in range(12):
        world.step()
    assert world.figures["held rows"], "something was asked"
