"""`gebruiker groepen` and `gebruiker end-groepen`: who sees which groepen, and ending that."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from support.databases import make_tables
from support.school_builder import BRIN6, OTHER_BRIN6, add_vestiging
from support.taught_school import FOUR

from uwlr_adapter.cli import main
from uwlr_adapter.clock import day_of, schooljaar_of
from uwlr_adapter.db.database import Database
from uwlr_adapter.gebruikers import accounts, groep_access
from uwlr_adapter.gebruikers.accounts import NewGebruiker
from uwlr_adapter.gebruikers.groep_access import Taught
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.settings import Settings

YEAR = schooljaar_of(day_of(datetime.now(UTC)))
GONE = "2020-2021"


@contextmanager
def opened(folder: Path) -> Iterator[Database]:
    """Yield the database of a data folder, and close it."""
    database = Database(Settings(data=folder).database_url)
    yield database
    database.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a data folder with a lezer who sees a groep at two vestigingen, and saw one years ago."""
    made = tmp_path / "data"
    with opened(made) as database:
        make_tables(database)
        with database.writing() as connection:
            for brin6 in (BRIN6, OTHER_BRIN6):
                add_vestiging(connection, brin6)
            moment = datetime.now(UTC)
            new = NewGebruiker("kim", "Kim", GebruikerRol.LEZER, (BRIN6,))
            kim, _ = accounts.add(connection, new, moment)
            for brin6, year in ((BRIN6, YEAR), (OTHER_BRIN6, YEAR), (BRIN6, GONE)):
                taught = Taught(year, ((FOUR.key, "4A"),))
                groep_access.put(connection, kim.id, brin6, taught, "ada", moment)
    return made


def run(folder: Path, *arguments: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(main, ["--data", str(folder), "gebruiker", *arguments])


def listed(folder: Path, *arguments: str) -> list[tuple[str, str, str]]:
    """Return vestiging, schooljaar and status of what is listed."""
    result = run(folder, "groepen", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return [(one["vestiging"], one["schooljaar"], one["status"]) for one in json.loads(result.stdout)]


def test_the_list(folder: Path) -> None:
    """Of everybody, of one user, or of one vestiging; with what has ended."""
    own = [(BRIN6, GONE, "ended"), (BRIN6, YEAR, "sees it"), (OTHER_BRIN6, YEAR, "sees it")]
    assert listed(folder) == own
    assert listed(folder, "kim") == own
    assert listed(folder, "--vestiging", OTHER_BRIN6) == own[2:]
    assert "4A" in run(folder, "groepen").stdout
    assert run(folder, "groepen", "nobody").exit_code == 1
    shown = json.loads(run(folder, "list", "--json").stdout)
    assert [(one["login"], one["groepen"]) for one in shown] == [("kim", 2)]


def test_ending(folder: Path) -> None:
    """At one vestiging or everywhere, with an entry for each; who is lezer stays so."""
    assert run(folder, "end-groepen", "kim", "--vestiging", OTHER_BRIN6).exit_code == 0
    assert {one[0] for one in listed(folder)} == {BRIN6}
    assert run(folder, "end-groepen", "kim", "--vestiging", OTHER_BRIN6).exit_code == 1
    assert run(folder, "end-groepen", "kim").exit_code == 0
    assert listed(folder) == []
    with opened(folder) as database, database.reading() as connection:
        assert accounts.get(connection, "kim").is_enabled
        acts = connection.execute(sa.select(journaal.c.act, journaal.c.brin6).order_by(journaal.c.id)).all()
    assert [tuple(one) for one in acts] == [
        ("groepen weggenomen", OTHER_BRIN6),
        ("groepen weggenomen", BRIN6),
    ]


def test_no_leerkracht_is_added_by_hand(folder: Path) -> None:
    """The school gives groepen; the command has no such role."""
    result = run(folder, "add", "bo", "--naam", "Bo", "--rol", "leerkracht", "--vestiging", BRIN6)
    assert result.exit_code == 2
