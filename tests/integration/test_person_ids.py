"""The id of a person names one person for ever: what is kept of somebody who went is about nobody who came later."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.edexml_files import eckid, make_dataset
from support.imports import MOMENT, import_dataset
from support.school_builder import open_database

from uwlr_adapter.administratie.importing import batches, forget, persons
from uwlr_adapter.administratie.tables import PersonKind
from uwlr_adapter.contract.dataset import Leerling
from uwlr_adapter.db.database import Database

JAN = Leerling("1", eckid(1), "Haas", roepnaam="Jan", geboortedatum="2018-01-01")
FATIMA = Leerling("1", eckid(2), "Mol", roepnaam="Fatima", geboortedatum="2018-02-02")


@pytest.fixture
def database(tmp_path: Path, backend: str) -> Iterator[Database]:
    """Yield a new database."""
    opened = open_database(tmp_path)
    yield opened
    opened.close()


def names(database: Database, brincode: str) -> dict[str, str]:
    """Return the name of each leerling of a school by key."""
    with database.reading() as connection:
        found = persons.all_of(connection, PersonKind.LEERLING, brincode)
        return {one.key: persons.name_of(connection, one) for one in found}


def test_a_redo_after_an_import_of_another_school(database: Database) -> None:
    """Each school has its own child."""
    import_dataset(database, make_dataset([JAN]))
    with database.writing() as connection:
        batches.undo(connection, 1, MOMENT)
    import_dataset(database, make_dataset([FATIMA], brin6="30AB00"))
    with database.writing() as connection:
        batches.redo(connection, 1, MOMENT)
    assert (names(database, "21QW"), names(database, "30AB")) == ({"1": "Jan Haas"}, {"1": "Fatima Mol"})


def test_an_undo_after_the_first_owner_of_a_number_was_forgotten(database: Database) -> None:
    """The number that the import handed on goes with whom it brought, and comes back with the redo."""
    import_dataset(database, make_dataset([JAN]))
    import_dataset(database, make_dataset([FATIMA, JAN._replace(key="2")]))
    before = names(database, "21QW")
    with database.writing() as connection:
        forget.forget(connection, "21QW", "1", MOMENT)
    assert list(names(database, "21QW").values()) == ["Fatima Mol"]
    with database.writing() as connection:
        batches.undo(connection, 2, MOMENT)
    assert names(database, "21QW") == {}
    with database.writing() as connection:
        batches.redo(connection, 2, MOMENT)
        again = persons.get(connection, PersonKind.LEERLING, "21QW", "1")
    assert (again.eckid, before[again.key]) == (FATIMA.eckid, "Fatima Mol")
