"""No answer ever has one child's key, ECK-iD, name or date of birth with another's, whatever the sources do with keys.

And the contrary: an ordinary year of a school asks hardly anything.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa
from support.edexml_files import eckid, make_dataset, to_edexml
from support.imports import MOMENT, options
from support.oracle import amount
from support.school_builder import open_database

from uwlr_adapter.administratie import selection, tables
from uwlr_adapter.administratie.importing import importer, questions
from uwlr_adapter.administratie.importing.match import (
    Contested,
    Doubt,
    KnownPerson,
    KnownPersons,
    NewPerson,
    SourceRow,
    Unmatched,
    match,
)
from uwlr_adapter.administratie.importing.naming import Naming
from uwlr_adapter.administratie.importing.questions import Choice, ImportQuestion
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.administratie.tables import PersonKind
from uwlr_adapter.contract.dataset import Leerling
from uwlr_adapter.db.database import Database

DAY = date(2026, 10, 1)
YEARS = [(brin6, schooljaar) for brin6 in ("21QW00", "21QW01") for schooljaar in ("2025-2026", "2026-2027")]
IMPORTS_OF_A_SCHOOL = 25
ACHTERNAMEN = ("Haas", "Mol", "Das")


@dataclass(frozen=True)
class Child:
    """A child as it is, in the emailadres of which its number travels along."""

    number: int
    naming: Naming
    varies: str
    """The one part that sources write now so, now so; of a twin none."""

    def row(self, rng: Random) -> Leerling:
        """Return the row of a source that has everything right."""
        naming = self.naming
        if self.varies and rng.random() < 0.3:
            born = (date(2001, 1, 1) + timedelta(self.number)).isoformat()
            other = born if self.varies == "geboortedatum" else f"Anders{self.number}"
            naming = naming._replace(**{self.varies: other})
        has_eckid = self.number % 4 != 0
        return Leerling(
            key=f"k{self.number}",
            eckid=eckid(self.number) if has_eckid else None,
            emailadres=f"{self.number}@school.example",
            **naming._asdict(),
        )


@dataclass
class World:
    """A school whose sources mix up keys and ECK-iDs, and what may be answered."""

    database: Database
    rng: Random
    children: list[Child] = field(default_factory=list)
    stated: set[tuple[str | None, int]] = field(default_factory=set)
    """Each ECK-iD with each child in whose row it was."""
    child_of: dict[str, int] = field(default_factory=dict)
    """The child that each key was sent with."""
    counter: int = 0

    def enrol(self) -> None:
        """Add a child, or twins."""
        count = 2 if self.rng.random() < 0.3 else 1
        born = (date(2014, 1, 1) + timedelta(len(self.children))).isoformat()
        achternaam = self.rng.choice(ACHTERNAMEN)
        for _ in range(count):
            number = len(self.children) + 1
            varies = "" if count > 1 else self.rng.choice(Naming._fields)
            self.children.append(Child(number, Naming(f"Kind{number}", achternaam, born), varies))

    def step(self) -> None:
        """Import a file of one year with everything that goes wrong with keys, and answer some questions rightly."""
        known = len(self.children)
        for _ in range(self.rng.randint(0, 3)):
            self.enrol()
        present = [one for one in self.children if one.number > known or self.rng.random() < 0.8]
        rows = {one.number: one.row(self.rng) for one in present}
        for spoil in self.rng.sample([self.permute_keys, self.permute_eckids, self.take, self.rename, self.lose], 2):
            if self.rng.random() < 0.6:
                spoil(rows)
        self.spare(rows)
        self.stated |= {(row.eckid, number) for number, row in rows.items()}
        brin6, schooljaar = self.rng.choice(YEARS)
        found = list(rows.values())
        self.rng.shuffle(found)
        if found:
            unmatched = self.rng.choice([*[Unmatched.ASK] * 6, Unmatched.NEW, Unmatched.BY_NAME])
            delivery = edexml.read(to_edexml(make_dataset(found, brin6=brin6, schooljaar=schooljaar)))
            chosen = options(unmatched=unmatched, max_held=10**6)
            importer.import_deliveries(self.database, [delivery], chosen)
            self.check()
        if self.rng.random() < 0.5:
            self.answer()
            self.check()

    def permute_keys(self, rows: dict[int, Leerling]) -> None:
        """Give some children each other's keys."""
        self._permute(rows, "key")

    def permute_eckids(self, rows: dict[int, Leerling]) -> None:
        """Give some children each other's ECK-iDs."""
        self._permute(rows, "eckid")

    def _permute(self, rows: dict[int, Leerling], name: str) -> None:
        chosen = self.rng.sample(list(rows), min(len(rows), self.rng.randint(2, 5)))
        values = [getattr(rows[number], name) for number in chosen]
        for number, value in zip(chosen, values[1:] + values[:1], strict=True):
            rows[number] = rows[number]._replace(**{name: value})

    def take(self, rows: dict[int, Leerling]) -> None:
        """Give a child the key or the ECK-iD of one who is not in the file."""
        absent = [one.number for one in self.children if one.number not in rows]
        if absent and rows:
            number, other = self.rng.choice(list(rows)), self.rng.choice(absent)
            if self.rng.random() < 0.5:
                rows[number] = rows[number]._replace(key=f"k{other}")
            else:
                rows[number] = rows[number]._replace(eckid=eckid(other))

    def rename(self, rows: dict[int, Leerling]) -> None:
        """Give some children a new key, or a dummy."""
        for number in self.rng.sample(list(rows), min(len(rows), 2)):
            is_dummy = rows[number].eckid is not None and self.rng.random() < 0.5
            key = f"{'#' if is_dummy else 'n'}{self.rng.randrange(10**9)}"
            rows[number] = rows[number]._replace(key=key)

    def lose(self, rows: dict[int, Leerling]) -> None:
        """Leave out some ECK-iDs."""
        for number in self.rng.sample(list(rows), min(len(rows), 3)):
            if not rows[number].key.startswith("#"):
                rows[number] = rows[number]._replace(eckid=None)

    def spare(self, rows: dict[int, Leerling]) -> None:
        """Take away what nothing tells apart from a correction of the names, in the rows of persons not in the file.

        That is both identifiers of another one; and one of a twin, in the first row of the other twin.
        """
        with self.database.reading() as connection:
            sent = sa.select(tables.source_key.c.key, tables.persoon.c.key).join(tables.persoon)
            persons = {key: self.child_of.get(key_sent) for key, key_sent in connection.execute(sent)}
            eckids = sa.select(tables.persoon.c.eckid, tables.persoon.c.key)
            owners = {eckid_: self.child_of.get(key_sent) for eckid_, key_sent in connection.execute(eckids) if eckid_}
        for number, row in rows.items():
            by_key, by_eckid = persons.get(row.key), owners.get(row.eckid or "")
            others = {one for one in (by_key, by_eckid) if one not in (None, number) and one not in rows}
            is_first = number not in self.child_of.values()
            is_nobody = row.key.startswith("#") and row.eckid is None  # that would be refused
            is_twin = is_first and any(self.are_twins(number, one) for one in others)
            if is_nobody or is_twin or (by_key == by_eckid and others):
                self.counter += 1
                rows[number] = row._replace(key=f"s{self.counter}", eckid=None)

    def are_twins(self, number: int, other: int | None) -> bool:
        """Return whether two children have one date of birth."""
        born = [self.children[one - 1].naming.geboortedatum for one in (number, other) if one is not None]
        return len(set(born)) == 1

    def answer(self) -> None:
        """Answer one question as somebody does who knows the children."""
        with self.database.reading() as connection:
            found = questions.of_school(connection, "21QW")
        if not found:
            return
        question = self.rng.choice(found)
        with self.database.writing() as connection:
            try:
                questions.answer(connection, question.id, self.choose(question), MOMENT, "cli:proef")
            except questions.QuestionError:
                connection.rollback()

    def choose(self, question: ImportQuestion) -> Choice:
        """Return the right answer."""
        child = int(question.years[0].values["emailadres"].split("@")[0])
        places = [place for place, one in enumerate(question.known) if self.child_of.get(one.key) == child]
        if not places or question.choices == (Choice.NEW,):
            return Choice.NEW
        return Choice.SAME if len(question.known) == 1 else (Choice.KEY, Choice.ECKID)[places[0]]

    def check(self) -> None:
        """Show that every leerling who is answered is one child, and the one that has this key."""
        with self.database.reading() as connection:
            for brin6, schooljaar in YEARS:
                found = selection.select(
                    connection, brin6=brin6, schooljaar=schooljaar, day=DAY, aanmaakdatum="2026-10-01"
                )
                for one in () if found is None else found.leerlingen:
                    child = self.children[int(str(one.emailadres).split("@")[0]) - 1]
                    assert self.child_of.setdefault(one.key, child.number) == child.number
                    assert one.eckid is None or (one.eckid, child.number) in self.stated
                    differing = [part for part in Naming._fields if getattr(one, part) != getattr(child.naming, part)]
                    assert differing in ([], [child.varies])


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Yield a new database."""
    opened = open_database(tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize("seed", range(amount(4, 10_000 // IMPORTS_OF_A_SCHOOL)))
def test_no_answer_ever_mixes_two_children(database: Database, seed: int) -> None:
    """Swapped, permuted, re-used and lost keys and ECK-iDs, twins, new keys and dummies, at two vestigingen."""
    world = World(database, Random(seed))  # noqa: S311 - a seeded school is no secret
    for _ in range(8):
        world.enrol()
    for _ in range(IMPORTS_OF_A_SCHOOL):
        world.step()
    assert len(world.child_of) > 8


LEERLINGEN, LEERKRACHTEN = 500, 40
ROEPNAMEN = [f"{first}{middle}{last}" for first in "ABDEFJKLMNRST" for middle in ("an", "o", "ie") for last in "nstk"]
ORDINARY_IMPORTS = 6
"""Imports of a year: what changes in two months comes at once."""


@dataclass
class Office:
    """The administration of an ordinary school, and the persons who are known of it."""

    rng: Random
    rows: dict[int, SourceRow] = field(default_factory=dict)
    known: dict[int, KnownPerson] = field(default_factory=dict)
    by_key: dict[str, int] = field(default_factory=dict)
    asked: set[tuple[str, Doubt]] = field(default_factory=set)
    counter: int = 0

    def enrol(self, kind: PersonKind) -> None:
        """Add somebody, in one of thirty cases with a twin."""
        born = (date(2014, 1, 1) + timedelta(self.rng.randrange(3000))).isoformat()
        achternaam = f"Naam{self.rng.randrange(2000)}"
        for _ in range(2 if self.rng.random() < 1 / 30 else 1):
            self.counter += 1
            naming = Naming(self.rng.choice(ROEPNAMEN), achternaam, born if kind is PersonKind.LEERLING else None)
            has_eckid = self.rng.random() < 0.8
            self.rows[self.counter] = SourceRow(
                1, f"k{self.counter}", f"e{self.counter}" if has_eckid else None, naming
            )

    def correct(self, part: str, share: float) -> None:
        """Correct one part of the names or the date of a share of the persons."""
        for number in self.rng.sample(list(self.rows), round(share * len(self.rows))):
            row = self.rows[number]
            before = getattr(row.naming, part)
            if part == "geboortedatum":
                after = (date.fromisoformat(before) + timedelta(self.rng.choice([1, 10, 30, 365]))).isoformat()
            else:
                after = self.rng.choice([f"{before}e", before[:-1], f"{before[0]}{before}", "De " + before])
            self.rows[number] = row._replace(naming=row.naming._replace(**{part: after}))

    def bring(self, kind: PersonKind) -> None:
        """Import it, and count what is asked for the first time."""
        rows = list(self.rows.values())
        eckids = {person.eckid: id_ for id_, person in self.known.items() if person.eckid is not None}
        result = match(kind, rows, KnownPersons(self.known, self.by_key, eckids))
        for row, person in zip(rows, result.persons, strict=True):
            if isinstance(person, Contested):
                self.asked.add((row.key, person.doubt))
            else:
                id_ = len(self.known) + 1 if isinstance(person, NewPerson) else person
                key = person.key if isinstance(person, NewPerson) else self.known[id_].key
                self.known[id_] = KnownPerson(
                    key, row.eckid or (self.known[id_].eckid if id_ in self.known else None), row.naming
                )
                self.by_key[row.key] = id_

    def live(self, kind: PersonKind) -> None:
        """Live through two months."""
        for number in self.rng.sample(list(self.rows), len(self.rows) // 50):
            del self.rows[number]
        while len(self.rows) < (LEERLINGEN if kind is PersonKind.LEERLING else LEERKRACHTEN):
            self.enrol(kind)
        for number, row in self.rows.items():
            if row.eckid is None and self.rng.random() < 0.1:
                self.rows[number] = row._replace(eckid=f"e{number}")
            elif row.eckid is not None and self.rng.random() < 0.002:
                self.counter += 1
                self.rows[number] = row._replace(key=f"n{self.counter}")
        if kind is PersonKind.LEERKRACHT:
            self.correct("achternaam", 0.03)
        else:
            for part, share in (("geboortedatum", 0.004), ("roepnaam", 0.006), ("achternaam", 0.004)):
                self.correct(part, share)


def test_ordinary_years_ask_hardly_anything() -> None:
    """At most one question a year for each 500 leerlingen: dates, spellings, marriages, ECK-iDs that arrive later."""
    years = amount(8, 1000)
    asked = 0
    for seed in range(years):
        for kind in PersonKind:
            office = Office(Random(seed))  # noqa: S311 - as above
            for _ in range(ORDINARY_IMPORTS + 1):
                office.live(kind)
                office.bring(kind)
            asked += len(office.asked)
    assert asked <= years
