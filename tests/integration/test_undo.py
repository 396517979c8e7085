"""Undo and redo: after any series of imports, undos, redos and forgetting, the records are exactly those of a model.

The model keeps the whole records of before and after each import.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa
from support.edexml_files import eckid, make_dataset, to_edexml
from support.imports import MOMENT, TABLES, dump, import_dataset, options
from support.las_files import CSV_STYLES, csv_set, edexml_file
from support.mixed_up import Source, World
from support.oracle import amount
from support.school_builder import open_database
from support.school_life import BRIN6S, START, SchoolLife
from support.school_model import edexml_says

from uwlr_adapter.administratie import tables
from uwlr_adapter.administratie.importing import batches, forget, importer
from uwlr_adapter.administratie.importing.batches import BatchError
from uwlr_adapter.administratie.importing.match import Unmatched
from uwlr_adapter.administratie.importing.questions import Choice, ImportQuestion
from uwlr_adapter.administratie.model import Delivery, ImportRefusedError
from uwlr_adapter.administratie.sources.csv_set import csv_set as csv_bron
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.contract.dataset import Leerling
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.metadata import metadata
from uwlr_adapter.settings import UNDO_DAYS

Dump = dict[str, list[tuple[object, ...]]]
STEPS = 24
"""How many acts a series has."""


@pytest.fixture
def database(backend: str, tmp_path: Path) -> Iterator[Database]:
    """Yield a new database, of either kind."""
    del backend
    opened = open_database(tmp_path)
    yield opened
    opened.close()


def undo(database: Database, *numbers: int) -> None:
    """Take imports back."""
    with database.writing() as connection:
        for number in numbers:
            batches.undo(connection, number, MOMENT)


def redo(database: Database, *numbers: int) -> None:
    """Do imports again that were taken back."""
    with database.writing() as connection:
        for number in numbers:
            batches.redo(connection, number, MOMENT)


def refuses(database: Database, what: str, number: int, text: str) -> None:
    """Show that an import cannot be undone or redone now, and that trying changes nothing."""
    before = everything(database)
    with pytest.raises(BatchError, match=text):
        {"undo": undo, "redo": redo}[what](database, number)
    assert everything(database) == before


def everything(database: Database) -> dict[str, list[str]]:
    """Return every row of every table, as text."""
    with database.reading() as connection:
        return {
            table.name: sorted(repr(tuple(row)) for row in connection.execute(sa.select(table)))
            for table in metadata.sorted_tables
        }


@dataclass
class Kept:
    """An import, with all records of before and after it."""

    number: int
    before: Dump
    after: Dump
    changes: bool

    def without(self, persoon_id: int) -> None:
        """Forget somebody: the records of any earlier day are from now on those without."""
        self.before, self.after = (_without(one, persoon_id) for one in (self.before, self.after))


class Series:
    """A small school whose LAS is imported again and again, in each way there is, with acts of an operator between."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database, self.rng = database, Random(seed)  # noqa: S311 - a seeded school is no secret
        self.life = SchoolLife(seed, 14)
        self.standing: list[Kept] = []
        """The imports that stand, in their order."""
        self.undone: list[Kept] = []
        """The imports that can be redone; the last one is the next."""
        self.ended: list[int] = []
        """The imports that were undone before a newer one changed the records."""

    def act(self) -> None:
        """Do one thing, and compare the records with the model."""
        chosen = self.rng.random()
        if chosen < 0.35 or not (self.standing or self.undone):
            self.step()
        elif chosen < 0.55:
            self.undo()
        elif chosen < 0.65:
            self.undo_to()
        elif chosen < 0.8:
            self.redo()
        elif chosen < 0.9:
            self.redo_to()
        else:
            self.forget()
        assert dump(self.database) == self.records()
        self.refused()

    def records(self) -> Dump:
        """Return the records by the model: those before what is undone, else those after what stands."""
        if self.undone:
            return self.undone[-1].before
        return self.standing[-1].after if self.standing else {table.name: [] for table in TABLES}

    def step(self) -> None:
        """Import a week later; a dry run and a refused source before it change nothing."""
        for _ in range(7):
            self.life.day += timedelta(1)
            self.life.live()
        before = everything(self.database)
        deliveries = self.deliver()
        if self.rng.random() < 0.3:
            self.run(deliveries, dry_run=True)
        if self.rng.random() < 0.3:
            with pytest.raises(ImportRefusedError, match="refused"):
                self.run([*deliveries, edexml.read(edexml_dummy())])
        assert everything(self.database) == before
        self.import_(deliveries)
        if self.rng.random() < 0.3:  # the same again changes nothing, and is a batch of its own
            self.import_(deliveries)
            assert not self.standing[-1].changes

    def import_(self, deliveries: list[Delivery]) -> None:
        """Import; one that changes something ends what was undone."""
        before = dump(self.database)
        number, after = self.run(deliveries), dump(self.database)
        kept = Kept(number, before, after, changes=before != after)
        with self.database.reading() as connection:
            assert batches.get(connection, kept.number).changes == kept.changes
        self.standing.append(kept)
        if kept.changes:
            self.ended += [one.number for one in self.undone if one.changes]
            self.undone = []

    def run(self, deliveries: list[Delivery], *, dry_run: bool = False) -> int:
        """Import, or try."""
        return importer.import_deliveries(self.database, deliveries, options(dry_run=dry_run)).batch

    def deliver(self) -> list[Delivery]:
        """Read an export of some years; the keys of EDEXML files may be dummies."""
        years = [year for year in self.life.groups if self.rng.random() < 0.6] or [(BRIN6S[0], START)]
        schoolkeys = {brin6: f"{brin6}-{self.rng.randint(1, 3)}" for brin6 in BRIN6S if self.rng.random() < 0.3}
        las = self.life.copy()
        if self.rng.random() < 0.5:
            return csv_bron.read(csv_set(las, years, self.rng.choice(CSV_STYLES), schoolkeys))
        for pupil in las.pupils if self.rng.random() < 0.5 else ():
            if pupil.number % 7 and pupil.number % 10 and self.rng.random() < 0.5:
                pupil.key = f"#{pupil.number}"
        found = []
        for year in years:
            groups, teachers = list(las.groups[year].values()), list(las.teachers[year].values())
            claim = edexml_says(las.pupils, groups, teachers, year, las.day)
            found.append(edexml.read(edexml_file(year, claim, schoolkeys.get(year[0]))))
        return found

    def undo(self) -> None:
        """Take the newest import back that changed something; those that did not stay where they are."""
        if chosen := next((one for one in reversed(self.standing) if one.changes), None):
            undo(self.database, chosen.number)
            self._move(chosen)

    def undo_to(self) -> None:
        """Take an import back with all newer ones."""
        if not self.standing:
            return
        chosen = self.rng.choice(self.standing)
        with self.database.reading() as connection:
            newer = batches.newer_than(connection, batches.get(connection, chosen.number))
        place = self.standing.index(chosen)
        expected = [one for one in reversed(self.standing[place + 1 :]) if one.changes]
        assert [one.id for one in newer] == [one.number for one in expected]
        undo(self.database, *(one.number for one in (*expected, chosen)))
        for one in (*expected, chosen):
            self._move(one)

    def _move(self, chosen: Kept) -> None:
        self.standing.remove(chosen)
        if chosen.changes:
            self.undone.append(chosen)

    def redo(self) -> None:
        """Do again what was undone last."""
        if self.undone:
            with self.database.reading() as connection:
                assert batches.next_to_redo(connection).id == min(one.number for one in self.undone)
            self._redo(1)
        else:
            with self.database.reading() as connection, pytest.raises(BatchError, match="no undone import"):
                batches.next_to_redo(connection)

    def redo_to(self) -> None:
        """Do several again at once."""
        if self.undone:
            self._redo(self.rng.randint(1, len(self.undone)))

    def _redo(self, number: int) -> None:
        chosen = self.undone[-number:][::-1]
        with self.database.reading() as connection:
            earlier = batches.undone_before(connection, batches.get(connection, chosen[-1].number))
        assert [one.id for one in earlier] == [one.number for one in chosen[:-1]]
        redo(self.database, *(one.number for one in chosen))
        del self.undone[-number:]
        self.standing = sorted([*self.standing, *chosen], key=lambda one: one.number)

    def refused(self) -> None:
        """Show that what is not next in either direction is refused."""
        changing = [one for one in self.standing if one.changes]
        if len(changing) > 1:
            refuses(self.database, "undo", self.rng.choice(changing[:-1]).number, "first")
        if len(self.undone) > 1:
            refuses(self.database, "redo", self.rng.choice(self.undone[:-1]).number, "first")
        if self.undone:
            refuses(self.database, "undo", self.rng.choice(self.undone).number, "already")
        if self.standing:
            refuses(self.database, "redo", self.rng.choice(self.standing).number, "is not undone")
        if self.ended:
            refuses(self.database, "redo", self.rng.choice(self.ended), r"any more: import \d+ changed the records")

    def forget(self) -> None:
        """Forget somebody who is in the records, or only in what is kept of an undone import."""
        kept = [self.records(), *(one.after for one in self.undone)]
        known = {row[2]: row[3] for records in kept for row in records["source_key"] if row[0] == "leerling"}
        here = [pupil for pupil in self.life.pupils if pupil.key in known]
        if not here:
            return
        pupil = self.rng.choice(here)
        persoon_id = known[pupil.key]
        assert isinstance(persoon_id, int)
        with self.database.writing() as connection:
            forget.forget(connection, BRIN6S[0][:4], pupil.key, MOMENT)
        self.life.pupils.remove(pupil)
        gone = {str(row[2]) for records in kept for row in records["source_key"] if row[3] == persoon_id}
        for one in (*self.standing, *self.undone):
            one.without(persoon_id)
        text = repr(everything(self.database))
        assert [key for key in gone if f'"{key}"' in text or f"'{key}'" in text] == []


def edexml_dummy() -> bytes:
    """Return a file of which a leerling has no identity at all."""
    return to_edexml(make_dataset([Leerling("#1", roepnaam="Wie")], brin6=BRIN6S[0], schooljaar="2040-2041"))


def _without(records: Dump, persoon_id: int) -> Dump:
    """Return records without those about a person."""
    found = {}
    for table in TABLES:
        names = [column.name for column in table.columns]
        own = "id" if table is tables.persoon else "persoon_id"
        place = names.index(own) if own in names else None
        rows = records[table.name]
        found[table.name] = rows if place is None else [row for row in rows if row[place] != persoon_id]
    return found


@pytest.mark.parametrize("seed", range(amount(1, 60)))
def test_a_random_series_is_undone_and_redone_exactly(database: Database, seed: int) -> None:
    """Both formats, two vestigingen, changed keys and ECK-iDs, forgotten leerlingen: the records are the model's."""
    series = Series(database, seed)
    for _ in range(STEPS):
        series.act()
    while any(one.changes for one in series.standing):
        series.undo()
        assert dump(database) == series.records()
    assert not any(dump(database).values())
    while series.undone:
        series.redo()
        assert dump(database) == series.records()


class Remembered(World):
    """A school of mixed up keys of which every state is kept: that of before, and that after each import and answer."""

    def __init__(self, database: Database, rng: Random) -> None:
        super().__init__(database, rng)
        self.states = [with_questions(database)]

    def take_in(self, source: Source, unmatched: Unmatched) -> None:
        """Import a source."""
        super().take_in(source, unmatched)
        self.states.append(with_questions(self.database))

    def give(self, question: ImportQuestion, choice: Choice) -> bool:
        """Answer a question."""
        is_taken = super().give(question, choice)
        if is_taken:
            self.states.append(with_questions(self.database))
        return is_taken


def with_questions(database: Database) -> Dump:
    """Return the records, with the questions about them."""
    with database.reading() as connection:
        asked = [tuple(row) for row in connection.execute(sa.select(tables.import_question))]
    return {**dump(database), "import_question": sorted(asked)}


@pytest.mark.parametrize("seed", range(amount(1, 60)))
def test_imports_of_mixed_up_keys_and_answers_are_undone_and_redone_exactly(database: Database, seed: int) -> None:
    """Keys and ECK-iDs that went to somebody else, held rows, questions and their answers: all as it was each time."""
    world = Remembered(database, Random(seed))  # noqa: S311 - a seeded school is no secret
    for _ in range(8):
        world.enrol()
    for _ in range(10):
        world.step()
    assert world.figures["answers to questions"] or world.figures["held rows"]
    with database.reading() as connection:
        found = [one.id for one in batches.find_all(connection) if one.changes][::-1]
    assert len(found) > 8
    for number in reversed(found):
        undo(database, number)
        assert with_questions(database) == world.states[number - 1]
    assert not any(with_questions(database).values())
    for number in found:
        redo(database, number)
        assert with_questions(database) == world.states[number]


def test_what_was_undone_is_kept_until_a_newer_import(database: Database) -> None:
    """A leerling of a wrong import can come back with a redo; the next import that changes something erases that."""
    import_dataset(database, make_dataset([Leerling("101", eckid=eckid(1), achternaam="Ergens")]))
    import_dataset(database, make_dataset([Leerling("101", eckid=eckid(1), achternaam="Anders")]))
    undo(database, 2)
    assert "Anders" in repr(everything(database))
    import_dataset(database, make_dataset([Leerling("101", eckid=eckid(1), achternaam="Ergens")]))
    redo(database, 2)
    undo(database, 2)
    import_dataset(database, make_dataset([Leerling("102", eckid=eckid(3), achternaam="Nieuw")]))
    assert "Anders" not in repr(everything(database))
    refuses(database, "redo", 2, "any more: import 4 changed the records after it was undone")
    with database.reading() as connection:
        found = [(one.id, one.undone_at, one.redone_at, one.changes) for one in batches.find_all(connection)]
    assert found == [(4, None, None, True), (3, None, None, False), (2, MOMENT, None, True), (1, None, None, True)]


UNDO = timedelta(days=UNDO_DAYS)


def _expire(connection: sa.Connection, moment: datetime) -> int:
    """Erase what it takes to undo the imports whose term passed at a moment; return of how many."""
    before = moment - UNDO
    return sum(batches.remove_expired(connection, one, before) for one in batches.expired(connection, before))


def test_what_an_undo_takes_has_a_term(database: Database) -> None:
    """It is erased thirty days after an import, or after it was undone or redone last; then the records stay."""
    import_dataset(database, make_dataset([Leerling("101", achternaam="Ergens")]))
    import_dataset(database, make_dataset([Leerling("102", achternaam="Anders")]))
    moment = MOMENT
    for direction in (batches.undo, batches.redo, batches.undo):
        moment += UNDO
        with database.writing() as connection:
            if direction is batches.redo:  # the first import is older than the second one's undo
                assert _expire(connection, moment) == 1
            assert _expire(connection, moment) == 0
            direction(connection, 2, moment)
    before = dump(database)
    with database.writing() as connection:
        assert _expire(connection, moment + UNDO) == 0
        assert _expire(connection, moment + UNDO + timedelta(seconds=1)) == 1
    refuses(database, "redo", 2, "import 2 is too old to be redone: what that takes was erased")
    refuses(database, "undo", 1, "import 1 is too old to be undone: what that takes was erased")
    assert dump(database) == before
    assert "Anders" not in repr(everything(database))


def test_somebody_who_is_only_in_an_undone_import_can_be_forgotten(database: Database) -> None:
    """Nothing of the person is left, the redo brings back the others, and the next source with the person stops."""
    import_dataset(database, make_dataset([Leerling("101", eckid=eckid(1), achternaam="Ergens")]))
    wrong = make_dataset(
        [Leerling("101", eckid=eckid(2), achternaam="Ergens"), Leerling("102", eckid=eckid(3), achternaam="Vreemd")]
    )
    import_dataset(database, wrong)
    undo(database, 2)
    with database.writing() as connection:
        erased = forget.forget(connection, "21QW", "102", MOMENT)
    assert (erased.years, erased.batches) == (0, 1)
    text = repr(everything(database))
    assert [one for one in ("Vreemd", "'102'", '"102"', eckid(3)) if one in text] == []
    redo(database, 2)
    assert [row[3] for row in dump(database)["persoon"]] == ["101"]
    with pytest.raises(ImportRefusedError):
        import_dataset(database, wrong)


def test_an_eckid_of_somebody_who_is_forgotten_is_kept_with_nobody(database: Database) -> None:
    """A mistaken ECK-iD that was corrected stands in what is kept of the child who had it first."""
    import_dataset(database, make_dataset([Leerling("101", eckid=eckid(2), achternaam="Ergens")]))
    both = [Leerling("101", eckid=eckid(1), achternaam="Ergens")]
    import_dataset(database, make_dataset(both))
    import_dataset(database, make_dataset([*both, Leerling("102", eckid=eckid(2), achternaam="Anders")]))
    with database.writing() as connection:
        forget.forget(connection, "21QW", "102", MOMENT)
    assert eckid(2) not in repr(everything(database))
    undo(database, 3, 2)
    assert [row[3:5] for row in dump(database)["persoon"]] == [("101", None)]


def test_what_names_a_row_comes_first_in_its_table() -> None:
    """Its primary key, and then whom it is about: rows are compared and kept by that."""
    for table in TABLES:
        names = table.columns.keys()
        key = table.primary_key.columns.keys()
        assert names[: len(key)] == key
        if "persoon_id" in names:
            assert names.index("persoon_id") <= len(key)
