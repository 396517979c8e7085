"""A school year lived through, day by day, against a model; docs/reference/records.md has the rules.

A school of two vestigingen gets and loses leerlingen, moves and renames them, plans the next year, releases it and goes
over into it; its LAS is imported on random days. What a vendor gets on a day must be what the model says, and
geenwijzigingen exactly when the vendor has that already.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from random import Random

import pytest
from support.las_files import CSV_STYLES, csv_set, edexml_file, schooljaar
from support.oracle import amount
from support.profile_school import ProfileSchool, aanmaakdatum, outcome, view_of
from support.school_builder import ACTOR
from support.school_life import BRIN6S, START, SchoolLife
from support.school_model import Model, Settings, View, YearKey, csv_says, edexml_says

from uwlr_adapter.administratie import calendar_acts
from uwlr_adapter.administratie.sources.csv_set import csv_set as csv_bron
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.clock import AMSTERDAM

FIRST, LAST = date(START, 8, 1), date(START + 1, 8, 31)
LEERLINGEN = amount(40, 300)
IMPORT = amount(7, 12) / 100
"""On which share of the days the LAS is imported."""
QUESTION = amount(7, 1)
"""Of how many days one is asked on; those around an import or a year's end are always asked on."""
QUESTIONS = amount(3, 12)
"""How many of the twelve questions are asked on a day."""
RELEASE = 0.06
"""On which share of the days the school releases the next year, or takes that back, once it is laid out."""
LIMITS = {
    (6, 30),
    (7, 1),
    (7, 31),
    (8, 1),
    (8, 2),
    (8, 23),
    (8, 24),
    (9, 7),
    (9, 8),
    (9, 30),
    (10, 1),
    (10, 31),
    (11, 1),
}
"""The days on which the calendar changes an answer by itself."""
FIRST_SCHOOL_DAYS = (date(START, 8, 17), date(START + 1, 8, 23))
SEEDS = [("csv", 1), ("edexml", 2), ("wissel", 3)]
LONG = [(kind, seed) for seed in range(10, amount(10, 12)) for kind in ("csv", "edexml", "wissel")]
SWITCHES = (date(START, 12, 1), date(START + 1, 6, 1))
"""When the third school goes over to EDEXML, and back to CSV."""


class SchoolYear:
    """One school with its door, its model and what its vendor has."""

    def __init__(self, folder: Path, kind: str, seed: int) -> None:
        self.kind, self.rng = kind, Random(seed)  # noqa: S311 - a seeded school is no secret
        self.life = SchoolLife(seed, LEERLINGEN)
        self.model = Model()
        self.endpoint = ProfileSchool(folder, datetime(START, 7, 31, 20, tzinfo=UTC))
        self.last: dict[tuple[YearKey, str], str] = {}
        self.received: dict[tuple[YearKey, str], View | None] = {}
        self.sleutel_van: dict[object, str] = {}
        self.outcomes: list[str] = []
        self.bring([(brin6, START - 1) for brin6 in BRIN6S])
        self.endpoint.activate(*BRIN6S)
        self.set_calendar(BRIN6S[0], FIRST_SCHOOL_DAYS)
        if kind == "csv":
            self.model.settings[BRIN6S[1]] = Settings(takes_under_four=True, past_until=(10, 31))
            with self.endpoint.database.writing() as connection:
                about = (connection, BRIN6S[1])
                calendar_acts.set_under_four(*about, self.endpoint.moment, under_four=True, actor=ACTOR)
                calendar_acts.set_past_year_until(*about, "10-31", self.endpoint.moment, actor=ACTOR)

    def set_calendar(self, brin6: str, days: Iterable[date]) -> None:
        """Set the first school days of a vestiging; the other one has the usual ones."""
        self.model.settings[brin6] = Settings({day.year: day for day in days})
        with self.endpoint.database.writing() as connection:
            for day in days:
                calendar_acts.set_first_school_day(connection, brin6, day, self.endpoint.moment, actor=ACTOR)

    def release(self) -> None:
        """Release the next year, or take that back, as the school likes."""
        year = (self.rng.choice(BRIN6S), self.life.current_year + 1)
        if year not in self.model.geheugen:
            return
        is_answered = self.model.is_answered(year, self.life.day)
        act = calendar_acts.take_back if is_answered else calendar_acts.release
        with self.endpoint.database.writing() as connection:
            act(connection, year[0], schooljaar(year[1]), self.endpoint.moment, actor=ACTOR)
        acts = self.model.acts.setdefault(year, [])
        acts.append((self.life.day, "take back" if is_answered else "release"))

    def live(self) -> None:
        """Live through all of it."""
        day, yesterday = FIRST, False
        while day <= LAST:
            self.life.day = day
            self.life.live()
            hours = 1 if self.rng.random() < 0.4 else 24  # in the first hour it is still yesterday in UTC
            early, late = sorted(self.rng.sample(range(60 * hours), 2))
            brings = self.rng.random() < IMPORT or (yesterday and self.rng.random() < 0.1)
            first = self.rng.random() < 0.5
            begin = datetime(day.year, day.month, day.day, tzinfo=AMSTERDAM)
            self.endpoint.moment = begin + timedelta(minutes=early)
            if brings and first:
                self.bring(self.choose())
            releases = self.rng.random() < RELEASE
            if releases:
                self.release()
            limit = (day.month, day.day) in LIMITS
            if brings or releases or yesterday or limit or self.rng.randrange(QUESTION) == 0:
                self.endpoint.moment = begin + timedelta(minutes=late)
                self.ask_all()
            if brings and not first:
                self.bring(self.choose())
            yesterday = brings
            day += timedelta(1)

    def choose(self) -> list[YearKey]:
        """Choose the years of an export: this one, next year's when it is there, sometimes the past, sometimes half."""
        current_year = self.life.current_year
        starts = (
            [current_year]
            + [current_year + 1] * (self.rng.random() < 0.8)
            + [current_year - 1] * (self.rng.random() < 0.2)
        )
        brin6s = BRIN6S if self.rng.random() < 0.75 else (self.rng.choice(BRIN6S),)
        found = [(brin6, start) for start in starts for brin6 in brin6s if (brin6, start) in self.life.groups]
        return found or [(BRIN6S[0], START)]

    def bring(self, years: list[YearKey]) -> None:
        """Import the LAS as it is now, for these years, in the format of this school at this time."""
        las = self.life.copy()
        is_csv = self.kind == "csv" or (self.kind == "wissel" and not SWITCHES[0] <= las.day < SWITCHES[1])
        says = {}
        for year in years:
            parts = las.pupils, list(las.groups[year].values()), list(las.teachers[year].values()), year
            says[year] = csv_says(*parts) if is_csv else edexml_says(*parts, las.day)
        if is_csv:
            self.endpoint.bring(*csv_bron.read(csv_set(las, years, self.rng.choice(CSV_STYLES))))
        else:
            says = {year: claim for year, claim in says.items() if claim.pupils}
            for year, claim in says.items():
                self.endpoint.bring(edexml.read(edexml_file(year, claim)))
        for year, claim in says.items():
            self.model.remember(year, claim)
        if is_csv:
            self.model.take_days(years, las.pupils)

    def ask_all(self) -> None:
        """Ask for this year, the next and the past one, of both vestigingen, under both profiles."""
        starts = (self.life.current_year - 1, self.life.current_year, self.life.current_year + 1)
        questions = list(product(BRIN6S, starts, ("vol", "smal")))
        for brin6, start, profiel in self.rng.sample(questions, QUESTIONS):
            self.ask((brin6, start), profiel)

    def ask(self, year: YearKey, profiel: str) -> None:
        """Fetch as a vendor that says what it has, and hold the answer to the model."""
        question = (year, profiel)
        where = (self.kind, *question, self.life.day)
        wanted = self.model.answer(year, self.life.day, is_narrow=profiel == "smal")
        content = self.endpoint.fetch(year[0], schooljaar(year[1]), profiel, self.last.get(question))
        answered = outcome(content)
        self.outcomes.append(answered)
        had = self.received.get(question)
        if wanted is None:
            assert answered == "geengegevens", where
        elif wanted == had:
            assert answered == "geenwijzigingen", where
            return
        else:
            assert answered == "leerlinggegevens", where
            found = view_of(content)
            for kind, records in wanted.items():
                assert found[kind] == records, (*where, kind)
            assert aanmaakdatum(content) > self.last.get(question, ""), where
            self.last[question] = aanmaakdatum(content)
            for key, leerling in found["leerlingen"].items():
                if "eckid" in leerling:
                    assert self.sleutel_van.setdefault(leerling["eckid"], key) == key, where
        self.received[question] = wanted


@pytest.fixture(params=[*SEEDS, *LONG], ids=lambda param: f"{param[0]}-{param[1]}")
def school(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SchoolYear]:
    """Yield a school whose past year is known."""
    made = SchoolYear(tmp_path, *request.param)
    yield made
    made.endpoint.close()


def test_every_day_of_a_year_is_answered_as_the_model_says(school: SchoolYear) -> None:
    """The answers of a whole year are those of the model, and geenwijzigingen is neither wrong nor forgotten."""
    school.live()
    assert set(school.outcomes) == {"geengegevens", "geenwijzigingen", "leerlinggegevens"}
