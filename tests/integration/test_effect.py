"""The effect of an act on the answers is told by person and by field, and by nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from support.edexml_files import make_dataset
from support.imports import MOMENT, import_dataset
from support.school_builder import open_database

from uwlr_adapter.administratie.importing.effect import answers_of, effect
from uwlr_adapter.administratie.tables import PersonKind
from uwlr_adapter.cli.effect_report import print_effect
from uwlr_adapter.clock import day_of
from uwlr_adapter.contract.dataset import Leerling
from uwlr_adapter.db.database import Database

ANNA, BRAM, CARO = (
    Leerling(key=name.lower(), roepnaam=name, achternaam="Specht", geboortedatum="2018-03-14")
    for name in ("Anna", "Bram", "Caro")
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Yield a database with two leerlingen."""
    opened = open_database(tmp_path)
    import_dataset(opened, make_dataset(leerlingen=[ANNA, BRAM]))
    yield opened
    opened.close()


def test_who_comes_who_goes_and_which_fields_change(database: Database) -> None:
    """A person who stays as he was is not named."""
    day = day_of(MOMENT)
    with database.reading() as connection:
        before = answers_of(connection, "21QW", day)
    import_dataset(database, make_dataset(leerlingen=[BRAM._replace(achternaam="Valk"), CARO]))
    with database.reading() as connection:
        (found,) = effect(before, answers_of(connection, "21QW", day))
    told = [(one.kind, one.key, one.before is None, one.after is None, one.fields) for one in found.persons]
    assert told == [
        (PersonKind.LEERLING, "anna", False, True, ()),
        (PersonKind.LEERLING, "bram", False, False, ("achternaam",)),
        (PersonKind.LEERLING, "caro", True, False, ()),
    ]
    console = Console(width=100)
    with console.capture() as printed:
        print_effect(console, [found])
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in printed.get().splitlines()]
    assert [row for row in rows if row] == [
        ["leerling", "anna", "Anna Specht", "goes"],
        ["leerling", "bram", "Bram Specht", "achternaam"],
        ["leerling", "caro", "Caro Specht", "comes"],
    ]


def test_nothing_changes(database: Database) -> None:
    """The same source again has no effect."""
    day = day_of(MOMENT)
    with database.reading() as connection:
        before = answers_of(connection, "21QW", day)
    import_dataset(database, make_dataset(leerlingen=[BRAM, ANNA]))
    with database.reading() as connection:
        assert effect(before, answers_of(connection, "21QW", day)) == ()
