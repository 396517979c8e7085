"""Undo: after any series of imports, each one taken back gives exactly the records of before it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa
from support.edexml_files import eckid, make_dataset, to_edexml
from support.imports import MOMENT, TABLES, dump, import_dataset, options
from support.las_files import CSV_STYLES, csv_set, edexml_file
from support.oracle import amount
from support.school_builder import open_database
from support.school_life import BRIN6S, START, SchoolLife
from support.school_model import edexml_says

from uwlr_adapter.administratie import tables
from uwlr_adapter.administratie.importing import batches, forget, importer
from uwlr_adapter.administratie.model import Delivery, ImportRefusedError
from uwlr_adapter.administratie.sources.csv_set import csv_set as csv_bron
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.contract.dataset import Leerling
from uwlr_adapter.db.database import Database

Dump = dict[str, list[tuple[object, ...]]]
STEPS = 14
"""How many imports a series has."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Yield a new database."""
    opened = open_database(tmp_path)
    yield opened
    opened.close()


def undo(database: Database, batch: int) -> None:
    """Take an import back."""
    with database.writing() as connection:
        batches.undo(connection, batch, MOMENT)


def refuses(database: Database, batch: int, text: str) -> None:
    """Show that an import cannot be taken back now, and that trying changes nothing."""
    before = dump(database)
    with pytest.raises(batches.BatchError, match=text):
        undo(database, batch)
    assert dump(database) == before


class Series:
    """A small school whose LAS is imported again and again, in each way there is."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database, self.rng = database, Random(seed)  # noqa: S311 - a seeded school is no secret
        self.life = SchoolLife(seed, 14)
        self.standing: list[tuple[int, Dump]] = []
        """Each import that stands, with the records of before it."""
        self.undone: list[int] = []

    def step(self) -> None:
        """Import a week later; a dry run and a refused source before it change nothing."""
        for _ in range(7):
            self.life.day += timedelta(1)
            self.life.live()
        before = dump(self.database)
        deliveries = self.deliver()
        if self.rng.random() < 0.3:
            self.run(deliveries, dry_run=True)
        if self.rng.random() < 0.5:
            with pytest.raises(ImportRefusedError, match="refused"):
                self.run([*deliveries, _without_identity()])
        assert dump(self.database) == before
        self.standing.append((self.run(deliveries), before))
        if self.rng.random() < 0.2:  # the same again changes nothing, and is a batch of its own
            after = dump(self.database)
            self.standing.append((self.run(deliveries), after))
            assert dump(self.database) == after

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
        """Take the newest import back; an older one, or one that is back already, is refused."""
        if len(self.standing) > 1:
            refuses(self.database, self.rng.choice(self.standing[:-1])[0], "first")
        batch, before = self.standing.pop()
        undo(self.database, batch)
        assert dump(self.database) == before
        self.undone.append(batch)
        refuses(self.database, self.rng.choice(self.undone), "already")

    def forget(self) -> None:
        """Forget somebody; the records of any earlier day are from now on those without."""
        here = [pupil for pupil in self.life.pupils if (pupil.key,) in self._source_keys()]
        if not here:
            return
        pupil = self.rng.choice(here)
        with self.database.writing() as connection:
            at = connection.scalar(
                sa.select(tables.source_key.c.persoon_id).where(
                    tables.source_key.c.soort == "leerling", tables.source_key.c.key == pupil.key
                )
            )
            forget.forget(connection, BRIN6S[0][:4], pupil.key, MOMENT)
        self.life.pupils.remove(pupil)
        self.standing = [(batch, _without(before, at)) for batch, before in self.standing]

    def _source_keys(self) -> set[tuple[str, ...]]:
        with self.database.reading() as connection:
            query = sa.select(tables.source_key.c.key).where(tables.source_key.c.soort == "leerling")
            return {tuple(row) for row in connection.execute(query)}


def _without_identity() -> Delivery:
    """Return a year of which a leerling has no identity at all: its whole source is refused."""
    return edexml.read(
        to_edexml(make_dataset([Leerling("#1", roepnaam="Wie")], brin6=BRIN6S[0], schooljaar="2040-2041"))
    )


def _without(records: Dump, persoon_id: int | None) -> Dump:
    """Return records without those about a person."""
    found = {}
    for table in TABLES:
        names = [column.name for column in table.columns]
        own = "id" if table is tables.persoon else "persoon_id"
        place = names.index(own) if own in names else None
        rows = records[table.name]
        found[table.name] = rows if place is None else [row for row in rows if row[place] != persoon_id]
    return found


@pytest.mark.parametrize("seed", range(amount(3, 60)))
def test_each_import_of_a_random_series_is_taken_back_exactly(database: Database, seed: int) -> None:
    """Both formats, two vestigingen, changed keys and ECK-iDs, forgotten leerlingen: undo gives what was there."""
    series = Series(database, seed)
    for number in range(STEPS):
        series.step()
        if series.rng.random() < 0.25:
            series.undo()
        if number in (5, 9):
            series.forget()
    while series.standing:
        series.undo()
    assert not any(dump(database).values())


def test_an_import_that_was_taken_back_keeps_nothing_of_anybody(database: Database) -> None:
    """A leerling of a wrong import is nowhere any more after its undo, so that there is nothing left to forget."""
    import_dataset(database, make_dataset([Leerling("101", eckid=eckid(1), achternaam="Ergens")]))
    import_dataset(database, make_dataset([Leerling("101", eckid=eckid(2), achternaam="Anders")]))
    for batch in (2, 1):
        undo(database, batch)
    with database.reading() as connection:
        assert connection.execute(sa.select(tables.import_step)).all() == []
        assert [(one.id, one.undone_at) for one in batches.find_all(connection)] == [(2, MOMENT), (1, MOMENT)]


def test_what_names_a_row_comes_first_in_its_table() -> None:
    """Its primary key, and then whom it is about: rows are compared and kept by that."""
    for table in TABLES:
        names = table.columns.keys()
        key = table.primary_key.columns.keys()
        assert names[: len(key)] == key
        if "persoon_id" in names:
            assert names.index("persoon_id") <= len(key)
