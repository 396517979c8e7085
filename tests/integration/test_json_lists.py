"""`--json` of every command that lists or shows: one line of JSON in the documented form, without a secret."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from support.csv_sets import GOOD
from support.result_bench import Sent, message
from support.school_builder import BRIN6, CODE, SERVER_KEYS, SchoolBuilder

from uwlr_adapter.cli import main
from uwlr_adapter.clock import AMSTERDAM
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.metadata import metadata
from uwlr_adapter.gebruikers.tables import gebruiker
from uwlr_adapter.keys.tables import server_key
from uwlr_adapter.koppelingen.tables import afnemer
from uwlr_adapter.mail import addresses
from uwlr_adapter.mail.addresses import Owner
from uwlr_adapter.resultaten import taking
from uwlr_adapter.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "afnemer certificate list": ("Snappet",),
    "import show": ("1",),
    "import questions": (),
    "koppeling list": (BRIN6,),
    "koppeling show": (BRIN6, "snappet"),
    "koppeling withheld": (BRIN6, "snappet"),
    "leerkracht show": (BRIN6, "lkr-kim"),
    "leerling show": (BRIN6, "lln-anna"),
    "resultaten list": (BRIN6,),
    "school show": (BRIN6,),
}
"""The arguments of the commands that need some."""
SECRET_COLUMNS = re.compile("digest|hash|secret|check")


def commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its path."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{path}{name} ")
        else:
            yield f"{path}{name}", command


TOMORROW = datetime.now(AMSTERDAM) + timedelta(days=1)
FROM, UNTIL = (f"{TOMORROW + timedelta(hours=hours):%Y-%m-%dT%H:%M}" for hours in (0, 2))
ALL = dict(commands(main))
TOLD = sorted(path for path in ALL if path.split()[-1] in {"list", "show", "questions", "withheld"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a data folder with something to list for each command; the keys are in it."""
    made = tmp_path_factory.mktemp("json") / "data"
    (made.parent / "keys").write_text("\n".join(SERVER_KEYS))
    (made.parent / "keys").chmod(0o600)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UWLR_KEYS_FILE", str(made.parent / "keys"))
        run(made, "import", "csv", str(GOOD))
        run(made, "afnemer", "add", "Basispoort")  # the first that needs a server key
        run(made, "gebruiker", "add", "j.devries", "--naam", "J. de Vries", "--vestiging", BRIN6)
        run(made, "maintenance", "announce", "--from", FROM, "--until", UNTIL, "Even weg.")
        database = Database(Settings(data=made).database_url)
        built = SchoolBuilder(database)
        built.add_afnemer("Snappet")
        built.withhold(built.activate("snappet"), "lln-anna")
        with database.writing() as connection:
            key = sa.select(server_key.c.name).limit(1).scalar_subquery()
            # So that each kind of what needs a key is counted.
            connection.execute(gebruiker.update().values(totp_secret=key + ":00"))
            addresses.enter(connection, Owner(brin6=BRIN6), "administratie@school.example", built.moment)
        with database.writing() as connection:
            afnemer_id = connection.scalar(sa.select(afnemer.c.id).where(afnemer.c.klantnaam == "Snappet")) or 0
            taking.take(connection, built.moment, afnemer_id, BRIN6, message([Sent("lln-anna", "a")]))
        database.close()
        yield made


def run(folder: Path, *arguments: str) -> str:
    """Run a command, which succeeds, and return its output."""
    result = CliRunner().invoke(main, ["--data", str(folder), *arguments])
    assert result.exit_code == 0, (arguments, result.output)
    return result.stdout


def secrets(folder: Path) -> set[str]:
    """Return what no output may hold: codes, keys, and every digest and hash of the database."""
    found = {CODE, *(key.partition("=")[2] for key in SERVER_KEYS)}
    with Database(Settings(data=folder).database_url).reading() as connection:
        for table in metadata.sorted_tables:
            for column in table.columns:
                if SECRET_COLUMNS.search(column.name):
                    found |= {str(one) for one in connection.scalars(sa.select(column)) if one}
    return {one for one in found if len(one) > 8}


def test_every_command_that_lists_or_shows_has_json() -> None:
    """A program needs no table, whatever it asks; `import questions` and `koppeling withheld` are lists too."""
    assert len(TOLD) >= 13
    without = [path for path in TOLD if "--json" not in {name for one in ALL[path].params for name in one.opts}]
    assert without == []


@pytest.mark.parametrize("path", TOLD)
def test_its_output_is_one_line_of_json_without_a_secret(folder: Path, path: str) -> None:
    """A list is an array, what is shown an object; its members are on the page of the commands."""
    output = run(folder, *path.split(), *ARGUMENTS.get(path, ()), "--json")
    assert output.count("\n") == 1
    assert output.isascii()
    found = json.loads(output)
    assert isinstance(found, dict if path.endswith("show") or path == "import list" else list)
    assert path in {"afnemer certificate list", "import questions"} or found, "there is something to tell"
    assert sorted(one for one in secrets(folder) if one in output) == []
    assert_members(found)


@pytest.mark.parametrize("path", ["db status", "keys left b", "purge --dry-run", "school list --stale"])
def test_so_is_that_of_the_others(folder: Path, path: str) -> None:
    """Commands with another name, or another option, are on the page as well."""
    output = run(folder, *path.split(), "--json")
    assert (output.count("\n"), output.isascii()) == (1, True)
    assert_members(json.loads(output))


def assert_members(found: Any) -> None:
    """Hold that each member is on the page, and is a word of small letters, digits and `_`."""
    documented = set(re.findall(r"`(\w+)`", PAGE.read_text(encoding="utf-8")))
    assert sorted(members(found) - documented) == []
    assert misnamed(found) == []


def misnamed(found: Any) -> list[str]:
    """Return the names of the members of every object that are not of that form."""
    if isinstance(found, list):
        return [name for one in found for name in misnamed(one)]
    if not isinstance(found, dict):
        return []
    return [name for name in found if not re.fullmatch("[a-z][a-z0-9_]*", name)] + misnamed(list(found.values()))


def members(found: Any) -> set[str]:
    """Return the names of the members of every object, but those of `counts` and `fields`, which are names of ours."""
    if isinstance(found, list):
        return {name for one in found for name in members(one)}
    if not isinstance(found, dict):
        return set()
    inner = {name for key, one in found.items() if key not in {"counts", "fields"} for name in members(one)}
    return set(found) | inner


def test_there_are_secrets_to_look_for(folder: Path) -> None:
    """The check above is not of nothing: the database has digests, and the house its codes."""
    assert len(secrets(folder)) > 5
