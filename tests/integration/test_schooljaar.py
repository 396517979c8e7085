"""A school year lived through, day by day, against a model of its own; docs/records.md has the rules.

A school of two vestigingen gets and loses leerlingen, moves and renames them, plans the next year and goes over into
it; its LAS is imported on random days. What a vendor gets on a day must be what the model says, and geenwijzigingen
exactly when the vendor has that already.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from random import Random

import pytest
from support.las_files import SCHRIFTEN, csv_set, edexml_file, schooljaar
from support.oracle import amount
from support.profile_school import Schooldeur, aanmaakdatum, beeld_of, outcome
from support.school_life import BRIN6S, START, Leven
from support.school_model import Beeld, Jaar, Model, csv_says, edexml_says

from uwlr_adapter.administratie.sources.csv_set import csv_set as csv_bron
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.clock import AMSTERDAM

EERSTE, LAATSTE = date(START, 8, 1), date(START + 1, 8, 31)
LEERLINGEN = amount(70, 300)
IMPORT = amount(7, 12) / 100
"""On which share of the days the LAS is imported."""
VRAAG = amount(7, 1)
"""Of how many days one is asked on; those around an import or a year's end are always asked on."""
VRAGEN = amount(3, 12)
"""How many of the twelve questions are asked on a day."""
SEEDS = [("csv", 1), ("edexml", 2), ("wissel", 3)]
LANG = [(kind, seed) for seed in range(10, amount(10, 12)) for kind in ("csv", "edexml", "wissel")]
WISSELS = (date(START, 12, 1), date(START + 1, 6, 1))
"""When the third school goes over to EDEXML, and back to CSV."""


class Schooljaar:
    """One school with its door, its model and what its vendor has."""

    def __init__(self, folder: Path, kind: str, seed: int) -> None:
        self.soort, self.kans = kind, Random(seed)  # noqa: S311 - a seeded school is no secret
        self.leven = Leven(seed, LEERLINGEN)
        self.model = Model()
        self.deur = Schooldeur(folder, datetime(START, 7, 31, 20, tzinfo=UTC))
        self.laatst: dict[tuple[Jaar, str], str] = {}
        self.ontvangen: dict[tuple[Jaar, str], Beeld | None] = {}
        self.sleutel_van: dict[object, str] = {}
        self.uitkomsten: list[str] = []
        self.bring([(brin6, START - 1) for brin6 in BRIN6S])
        self.deur.activate(*BRIN6S)

    def live(self) -> None:
        """Live through all of it."""
        day, gisteren = EERSTE, False
        while day <= LAATSTE:
            self.leven.dag = day
            self.leven.live()
            uren = 1 if self.kans.random() < 0.4 else 24  # in the first hour it is still yesterday in UTC
            vroeg, laat = sorted(self.kans.sample(range(60 * uren), 2))
            brengt = self.kans.random() < IMPORT or (gisteren and self.kans.random() < 0.1)
            eerst = self.kans.random() < 0.5
            begin = datetime(day.year, day.month, day.day, tzinfo=AMSTERDAM)
            self.deur.moment = begin + timedelta(minutes=vroeg)
            if brengt and eerst:
                self.bring(self.choose())
            grens = (day.month, day.day) in ((7, 31), (8, 1), (8, 2))
            if brengt or gisteren or grens or self.kans.randrange(VRAAG) == 0:
                self.deur.moment = begin + timedelta(minutes=laat)
                self.ask_all()
            if brengt and not eerst:
                self.bring(self.choose())
            gisteren = brengt
            day += timedelta(1)

    def choose(self) -> list[Jaar]:
        """Choose the years of an export: this one, next year's when it is there, sometimes the past, sometimes half."""
        nu = self.leven.nu
        starts = [nu] + [nu + 1] * (self.kans.random() < 0.8) + [nu - 1] * (self.kans.random() < 0.2)
        brin6s = BRIN6S if self.kans.random() < 0.75 else (self.kans.choice(BRIN6S),)
        found = [(brin6, start) for start in starts for brin6 in brin6s if (brin6, start) in self.leven.klassen]
        return found or [(BRIN6S[0], START)]

    def bring(self, years: list[Jaar]) -> None:
        """Import the LAS as it is now, for these years, in the format of this school at this time."""
        las = self.leven.copy()
        is_csv = self.soort == "csv" or (self.soort == "wissel" and not WISSELS[0] <= las.dag < WISSELS[1])
        says = {}
        for year in years:
            parts = las.kinderen, list(las.klassen[year].values()), list(las.leraren[year].values()), year
            says[year] = csv_says(*parts) if is_csv else edexml_says(*parts, las.dag)
        if is_csv:
            self.deur.bring(*csv_bron.read(csv_set(las, years, self.kans.choice(SCHRIFTEN))))
        else:
            says = {year: bewering for year, bewering in says.items() if bewering.kinderen}
            for year, bewering in says.items():
                self.deur.bring(edexml.read(edexml_file(year, bewering)))
        for year, bewering in says.items():
            self.model.remember(year, bewering)

    def ask_all(self) -> None:
        """Ask for this year, the next and the past one, of both vestigingen, under both profiles."""
        starts = (self.leven.nu - 1, self.leven.nu, self.leven.nu + 1)
        questions = list(product(BRIN6S, starts, ("vol", "smal")))
        for brin6, start, profiel in self.kans.sample(questions, VRAGEN):
            self.ask((brin6, start), profiel)

    def ask(self, year: Jaar, profiel: str) -> None:
        """Ask as a vendor does who says what it has, and judge the answer by the model."""
        question = (year, profiel)
        waar = (self.soort, *question, self.leven.dag)
        wanted = self.model.answer(year, self.leven.dag, smal=profiel == "smal")
        content = self.deur.fetch(year[0], schooljaar(year[1]), profiel, self.laatst.get(question))
        uitkomst = outcome(content)
        self.uitkomsten.append(uitkomst)
        had = self.ontvangen.get(question)
        if wanted is None:
            assert uitkomst == "geengegevens", waar
        elif wanted == had:
            assert uitkomst == "geenwijzigingen", waar
            return
        else:
            assert uitkomst == "leerlinggegevens", waar
            found = beeld_of(content)
            for kind, records in wanted.items():
                assert found[kind] == records, (*waar, kind)
            assert aanmaakdatum(content) > self.laatst.get(question, ""), waar
            self.laatst[question] = aanmaakdatum(content)
            for key, leerling in found["leerlingen"].items():
                if "eckid" in leerling:
                    assert self.sleutel_van.setdefault(leerling["eckid"], key) == key, waar
        self.ontvangen[question] = wanted


@pytest.fixture(params=[*SEEDS, *LANG], ids=lambda param: f"{param[0]}-{param[1]}")
def school(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Schooljaar]:
    """Give a school whose past year is known."""
    made = Schooljaar(tmp_path, *request.param)
    yield made
    made.deur.close()


def test_every_day_of_a_year_is_answered_as_the_model_says(school: Schooljaar) -> None:
    """The answers of a whole year are those of the model, and geenwijzigingen is neither wrong nor forgotten."""
    school.live()
    assert set(school.uitkomsten) == {"geengegevens", "geenwijzigingen", "leerlinggegevens"}
