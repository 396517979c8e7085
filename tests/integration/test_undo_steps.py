"""Undo and redo of acts made by hand on each table of the records: the rows come back and go again exactly."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.edexml_files import eckid, make_dataset
from support.imports import MOMENT, dump, import_dataset
from support.school_builder import open_database

from uwlr_adapter.administratie import tables
from uwlr_adapter.administratie.importing import batch_steps, batches
from uwlr_adapter.administratie.importing.diff import TableDiff, TableRow
from uwlr_adapter.administratie.model import Counts, ImportReport
from uwlr_adapter.contract.dataset import Groep, GroepVerwijzing, Leerkracht, Leerling, Locatie, Rol
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.metadata import metadata

YEAR = ("21QW00", "2026-2027")
GROEPEN = (Groep("groep", "g4", "Groep 4", "4"), Groep("groep", "g5", "Groep 5", "5"))
LEERLINGEN = tuple(
    Leerling(key=f"10{at}", eckid=eckid(at), achternaam=f"Specht{at}", groep="g4", vestiging="VH") for at in range(4)
)
LEERKRACHT = Leerkracht(
    key="M1", achternaam="Raaf", rollen=(Rol("rol", "IB"),), groepen=(GroepVerwijzing("groep", "g4"),)
)


@pytest.fixture
def database(backend: str, tmp_path: Path) -> Iterator[Database]:
    """Yield a database of either kind with two vestigingen of one school, each with records."""
    del backend
    opened = open_database(tmp_path)
    whole = make_dataset(
        LEERLINGEN, leerkrachten=[LEERKRACHT], groepen=GROEPEN, locaties=[Locatie("VH", "Hoofd")], schoolkey="key-a"
    )
    import_dataset(opened, whole)
    other = make_dataset([Leerling("201", achternaam="Valk")], brin6="21QW01", schoolkey="key-b")
    import_dataset(opened, other)
    yield opened
    opened.close()


def rows(connection: sa.Connection, table: sa.Table) -> list[TableRow]:
    """Return the rows of a table by their primary key."""
    return [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]


def put(table: sa.Table, row: TableRow, **values: object) -> TableRow:
    """Return a row with other values."""
    return tuple((dict(zip(table.columns.keys(), row, strict=True)) | values).values())


def change(connection: sa.Connection, table: sa.Table, new: Callable[[list[TableRow]], list[TableRow]]) -> TableDiff:
    """Return a change of the rows of a table to those that a function makes of them."""
    before = rows(connection, table)
    changed = new(before)
    return TableDiff(table, changed=changed, before=before[: len(changed)])


def swap(table: sa.Table, name: str) -> Callable[[list[TableRow]], list[TableRow]]:
    """Return the change in which the first two rows of a table get each other's value of a column."""
    place = table.columns.keys().index(name)
    return lambda found: [
        put(table, found[0], **{name: found[1][place]}),
        put(table, found[1], **{name: found[0][place]}),
    ]


def chain(table: sa.Table, name: str, last: object) -> Callable[[list[TableRow]], list[TableRow]]:
    """Return the change in which each row gets the value of the next one, and the last a new value."""
    place = table.columns.keys().index(name)
    return lambda found: [
        put(table, row, **{name: after})
        for row, after in zip(found, [*(one[place] for one in found[1:]), last], strict=True)
    ]


def handed_over(connection: sa.Connection) -> list[TableDiff]:
    """Give the ECK-iD of a leerling to a new one, as an import does."""
    (first, *_) = rows(connection, tables.persoon)
    new = (900, "leerling", "21QW", "900", first[-1])
    return [
        TableDiff(tables.persoon, changed=[put(tables.persoon, first, eckid=None)], before=[first]),
        TableDiff(tables.persoon, added=[(*new, *first[len(new) :])]),
        TableDiff(tables.source_key, added=[("leerling", "21QW", "900", 900)]),
    ]


def joined(connection: sa.Connection) -> list[TableDiff]:
    """Join the second leerling with the first: its keys and years go to the other one, and its row goes."""
    first, second = rows(connection, tables.persoon)[:2]
    key = next(row for row in rows(connection, tables.source_key) if row[3] == second[0])
    own = {
        table: [row for row in rows(connection, table) if row[2] == second[0]]
        for table in (tables.deelname, tables.inschrijving, tables.plaatsing)
    }
    return [
        TableDiff(tables.persoon, removed=[second]),
        TableDiff(tables.source_key, changed=[(*key[:3], first[0])], before=[key]),
        *(TableDiff(table, removed=found) for table, found in own.items()),
    ]


def withdrawn(connection: sa.Connection) -> list[TableDiff]:
    """Withdraw all years of a vestiging."""
    return [
        TableDiff(table, removed=[row for row in rows(connection, table) if row[0] == YEAR[0]])
        for table in (
            tables.locatie,
            tables.groep,
            tables.deelname,
            tables.aanstelling,
            tables.inschrijving,
            tables.plaatsing,
        )
    ]


def moved(connection: sa.Connection) -> list[TableDiff]:
    """Move the records of one vestiging to another brincode: each row gets another key, and persons another school."""
    new = ("99ZZ00", "99ZZ", "00", "Nieuw", None)
    own = (tables.locatie, tables.groep, tables.deelname, tables.aanstelling, tables.inschrijving)
    years = {table: [row for row in rows(connection, table) if row[0] == YEAR[0]] for table in own}
    persons = [row for row in rows(connection, tables.persoon) if row[3] != "201"]
    keys = [row for row in rows(connection, tables.source_key) if row[2] != "201"]
    placed = rows(connection, tables.plaatsing)
    return [
        TableDiff(tables.vestiging, added=[(*new, *rows(connection, tables.vestiging)[0][len(new) :])]),
        TableDiff(
            tables.persoon, changed=[put(tables.persoon, row, brincode="99ZZ") for row in persons], before=persons
        ),
        TableDiff(tables.source_key, [put(tables.source_key, row, brincode="99ZZ") for row in keys], removed=keys),
        *(TableDiff(table, [("99ZZ00", *row[1:]) for row in found], removed=found) for table, found in years.items()),
        TableDiff(tables.plaatsing, [("99ZZ00", *row[1:]) for row in placed], removed=placed),
    ]


ACTS: dict[str, Callable[[sa.Connection], list[TableDiff]]] = {
    "two ECK-iDs swapped": lambda c: [change(c, tables.persoon, swap(tables.persoon, "eckid"))],
    "a chain of ECK-iDs": lambda c: [change(c, tables.persoon, chain(tables.persoon, "eckid", eckid(99)))],
    "two keys swapped": lambda c: [change(c, tables.persoon, swap(tables.persoon, "key"))],
    "keys and ECK-iDs swapped": lambda c: [
        change(c, tables.persoon, lambda found: [(found[0][0], *found[1][1:]), (found[1][0], *found[0][1:])])
    ],
    "two schoolkeys swapped": lambda c: [change(c, tables.vestiging, swap(tables.vestiging, "schoolkey"))],
    "another naam of a vestiging": lambda c: [
        change(c, tables.vestiging, lambda found: [put(tables.vestiging, found[0], naam="Anders", schoolkey=None)])
    ],
    "an ECK-iD handed over": handed_over,
    "two persons joined": joined,
    "a year withdrawn": withdrawn,
    "a fusie": moved,
    **{
        f"another value in {table.name}": lambda c, table=table, name=name, value=value: [  # type: ignore[misc] # bound here
            change(c, table, lambda found: [put(table, one, **{name: value}) for one in found])
        ]
        for table, name, value in (
            (tables.locatie, "naam", "Anders"),
            (tables.groep, "jaargroep", None),
            (tables.deelname, "roepnaam", "Anders"),
            (tables.inschrijving, "van", datetime(2026, 9, 1).date()),  # noqa: DTZ001 - a day
            (tables.plaatsing, "volgorde", 7),
            (tables.aanstelling, "rollen", [["rol", "DIR"]]),
            (tables.source_key, "persoon_id", 1),
        )
    },
}


def act(database: Database, name: str) -> int:
    """Do an act by hand, kept as a batch."""
    with database.writing() as connection:
        if name == "a fusie":
            connection.execute(tables.school.insert().values(brincode="99ZZ", version=0))
        done = batch_steps.write(connection, ACTS[name](connection))
        reports = [ImportReport("21QW00", "2026-2027", {"leerlingen": Counts()}, (), {})]
        return batches.record(connection, brincode="21QW", moment=MOMENT, source="by hand", reports=reports, steps=done)


def move(database: Database, direction: Callable[[sa.Connection, int, datetime], object], number: int) -> None:
    """Undo or redo."""
    with database.writing() as connection:
        direction(connection, number, MOMENT)


@pytest.mark.parametrize("name", ACTS)
def test_an_act_by_hand_is_undone_and_redone_exactly(database: Database, name: str) -> None:
    """Twice each way, and then with the imports before it: what was there, and what the act made of it."""
    before = dump(database)
    number = act(database, name)
    after = dump(database)
    assert after != before
    for _ in range(2):
        move(database, batches.undo, number)
        assert dump(database) == before
        move(database, batches.redo, number)
        assert dump(database) == after
    for one in (number, 2, 1):
        move(database, batches.undo, one)
    assert not any(dump(database).values())
    for one in (1, 2, number):
        move(database, batches.redo, one)
    assert dump(database) == after


@pytest.fixture
def objection(database: Database) -> Iterator[sa.Table]:
    """Make a table of something that is kept about a person and is no record, as an objection of a parent is."""
    table = sa.Table(
        "objection", metadata, sa.Column("persoon_id", sa.Integer, sa.ForeignKey("persoon.id"), primary_key=True)
    )
    try:
        with database.writing() as connection:
            table.create(connection)
        yield table
    finally:
        metadata.remove(table)


def test_a_person_to_whom_something_refers_stays_known(database: Database, objection: sa.Table) -> None:
    """Without any year, so that it holds when the records come back: by a redo, or by another import."""
    before, (person, *_) = dump(database), dump(database)["persoon"]
    with database.writing() as connection:
        connection.execute(objection.insert().values(persoon_id=person[0]))
    for number in (2, 1):
        move(database, batches.undo, number)
    left = dump(database)
    assert (left["persoon"], [row[3] for row in left["source_key"]], left["deelname"]) == ([person], [person[0]], [])
    for number in (1, 2):
        move(database, batches.redo, number)
    assert dump(database) == before
    with database.writing() as connection:
        connection.execute(objection.delete())
    for number in (2, 1):
        move(database, batches.undo, number)
    assert not any(dump(database).values())


def test_a_row_that_was_kept_before_a_column_was_added_can_be_undone(database: Database) -> None:
    """The columns that it does not name stay as they are."""
    number = act(database, "two ECK-iDs swapped")
    step = tables.import_step
    with database.writing() as connection:
        (kept,) = connection.scalars(sa.select(step.c.rows).where(step.c.batch_id == number))
        place = kept["columns"].index("key")
        columns, *shorter = [one[:place] + one[place + 1 :] for one in (kept["columns"], *kept["rows"])]
        changed = step.update().where(step.c.batch_id == number).values(rows={"columns": columns, "rows": shorter})
        connection.execute(changed)
    with database.writing() as connection:
        batches.undo(connection, number, MOMENT)
    assert [row[3:5] for row in dump(database)["persoon"]][:2] == [("100", eckid(0)), ("101", eckid(1))]
