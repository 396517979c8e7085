"""Schools that live through a year with every mistake of a LAS, against independent rules (`support/year_rules.py`).

Each school is imported, older files come, imports are undone and redone, children are forgotten; what a vendor gets on
a day must be what the rules say, field by field, and geenwijzigingen exactly when it has that already.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from support.edexml_files import make_dataset, to_edexml
from support.imports import options
from support.las_files import schooljaar
from support.oracle import amount
from support.profile_school import ProfileSchool, aanmaakdatum, outcome, view_of
from support.year_life import FIRST, LAST, START, Life
from support.year_rules import File, School

from uwlr_adapter.administratie.importing import batches, forget, importer
from uwlr_adapter.administratie.model import ImportRefusedError
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.clock import AMSTERDAM
from uwlr_adapter.contract.dataset import Groep, Leerling

if TYPE_CHECKING:
    from support.school_model import View, YearKey

SERIES = amount(2, 30)
SCHOOLS = amount(4, 10)
"""The schools of each series: 300 in the long form."""


def edexml_of(file: File) -> bytes:
    """Write the EDEXML of an export, at nine o'clock of its day."""
    leerlingen = [
        Leerling(
            key=row.key,
            eckid=row.eckid,
            roepnaam=row.roepnaam,
            achternaam=row.achternaam,
            geboortedatum=_iso(row.geboortedatum),
            jaargroep=str(row.jaargroep),
            groep=row.groep,
            instroomdatum=_iso(row.van),
            uitstroomdatum=_iso(row.tot),
        )
        for row in file.rows
    ]
    groepen = [Groep("groep", key, f"Groep {key}", str(jaargroep)) for key, jaargroep in file.groepen.items()]
    dataset = make_dataset(leerlingen, groepen=groepen, brin6=file.year[0], schooljaar=schooljaar(file.year[1]))
    made = datetime(file.made.year, file.made.month, file.made.day, 9, tzinfo=AMSTERDAM)
    return to_edexml(replace(dataset, school=replace(dataset.school, aanmaakdatum=made.isoformat())))


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


@dataclass
class Kept:
    """An import that changed something, with the records of before and after it by the rules."""

    number: int
    before: School
    after: School


class SchoolYear:
    """One school: its LAS, its records by the rules, and what its vendor has."""

    def __init__(self, endpoint: ProfileSchool, brincode: str, seed: int) -> None:
        self.endpoint, self.brincode = endpoint, brincode
        self.rng = Random(f"{brincode} {seed}")  # noqa: S311 - a seeded school is no secret
        self.life = Life(brincode, seed)
        self.rules = School()
        self.standing: list[Kept] = []
        self.undone: list[Kept] = []
        self.exports: list[File] = []
        self.last: dict[YearKey, str] = {}
        self.received: dict[YearKey, View | None] = {}
        self.requests = 0

    def live(self) -> None:
        """Live through all of it."""
        self.at(FIRST - timedelta(1))
        for brin6 in self.life.brin6s:
            self.bring(self.life.file((brin6, START)))
        self.endpoint.activate(*self.life.brin6s)
        day = FIRST
        while day <= LAST:
            self.life.day = day
            self.at(day)
            self.life.live()
            for _ in range(self.rng.randint(0, 2)):
                self.act()
            for _ in range(self.rng.randint(0, 2)):
                self.ask()
            end = day.replace(month=7, day=31)
            day += timedelta(self.rng.randint(1, 12))
            if self.life.day < end < day or self.life.day < end.replace(month=8, day=1) < day:
                day = end + timedelta(self.rng.randint(0, 1))

    def at(self, day: date) -> None:
        """Set the clock to some hour of a day, later than before."""
        begin = datetime(day.year, day.month, day.day, tzinfo=AMSTERDAM)
        self.endpoint.moment = (begin + timedelta(hours=12)).astimezone(UTC)

    def act(self) -> None:
        """Do one thing of an operator."""
        self.endpoint.moment += timedelta(minutes=10)
        chosen = self.rng.random()
        if chosen < 0.65:
            self.bring(self.life.file(self.rng.choice(self.life.years())))
        elif chosen < 0.75 and self.exports:
            self.bring(self.rng.choice(self.exports))
        elif chosen < 0.85:
            self.undo()
        elif chosen < 0.97:
            self.redo()
        else:
            self.forget()

    def bring(self, file: File) -> None:
        """Import an export; an older one is a question, and changes nothing."""
        if not file.rows:
            return
        before = self.rules.copy()
        delivery = edexml.read(edexml_of(file))
        older = self.rules.is_older(file)
        if older or self.rules.has_too_many_questions(file):
            with pytest.raises(ImportRefusedError) as refused:
                importer.import_deliveries(
                    self.endpoint.database, [delivery], options(self.endpoint.moment, older=False)
                )
            assert refused.value.asks or not older, self.brincode
            return
        done = importer.import_deliveries(
            self.endpoint.database, [delivery], options(self.endpoint.moment, older=False)
        )
        self.exports.append(file)
        self.rules.take(file)
        with self.endpoint.database.reading() as connection:
            changes = batches.get(connection, done.batch).changes
        if changes:
            self.standing.append(Kept(done.batch, before, self.rules.copy()))
            self.undone = []

    def undo(self) -> None:
        """Take the newest import back; the first ones of a school stay."""
        if len(self.standing) <= len(self.life.brin6s):
            return
        chosen = self.standing.pop()
        with self.endpoint.database.writing() as connection:
            batches.undo(connection, chosen.number, self.endpoint.moment)
        self.undone.append(chosen)
        self.rules = chosen.before.copy()

    def redo(self) -> None:
        """Do again what was undone last."""
        if self.undone:
            chosen = self.undone.pop()
            with self.endpoint.database.writing() as connection:
                batches.redo(connection, chosen.number, self.endpoint.moment)
            self.standing.append(chosen)
            self.rules = chosen.after.copy()

    def forget(self) -> None:
        """Forget a child, everywhere and in every kept import; the LAS has it no more."""
        known = {key for person in self.rules.persons.values() for key in person.keys}
        here = [child for child in self.life.children if child.key in known and child.key == f"L{child.number}"]
        if not here:
            return
        child = self.rng.choice(here)
        with self.endpoint.database.writing() as connection:
            forget.forget(connection, self.brincode, child.key, self.endpoint.moment)
        self.life.children.remove(child)
        self.exports = []
        for school in (
            self.rules,
            *(one for kept in (*self.standing, *self.undone) for one in (kept.before, kept.after)),
        ):
            school.forget(child.key)

    def ask(self) -> None:
        """Fetch as a vendor that says what it has, and hold the answer to the rules."""
        self.endpoint.moment += timedelta(minutes=10)
        day = self.endpoint.moment.astimezone(AMSTERDAM).date()
        year = (self.rng.choice(self.life.brin6s), self.life.current + self.rng.choice([0, 0, 0, 1, -1]))
        where = (year, day)
        wanted = self.rules.answer(year, day)
        content = self.endpoint.fetch(year[0], schooljaar(year[1]), "vol", self.last.get(year))
        answered, had = outcome(content), self.received.get(year)
        self.requests += 1
        if wanted is None:
            assert answered == "geengegevens", where
        elif wanted == had:
            assert answered == "geenwijzigingen", where
        else:
            assert answered == "leerlinggegevens", where
            found = view_of(content)
            for kind, records in wanted.items():
                assert found[kind] == records, (*where, kind)
            assert aanmaakdatum(content) > self.last.get(year, ""), where
            self.last[year] = aanmaakdatum(content)
        self.received[year] = wanted


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[ProfileSchool]:
    """Yield a service without a school."""
    made = ProfileSchool(tmp_path, datetime(START, 7, 31, 10, tzinfo=UTC))
    yield made
    made.close()


@pytest.mark.parametrize("series", range(SERIES))
def test_a_year_is_answered_as_the_rules_say(endpoint: ProfileSchool, series: int) -> None:
    """No request of any school on any day gets another answer than that of the rules."""
    requests = 0
    for at in range(SCHOOLS):
        school = SchoolYear(endpoint, f"{10 + series:02}{chr(65 + at)}Z", series)
        school.live()
        requests += school.requests
    assert requests > 30 * SCHOOLS
