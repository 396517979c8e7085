"""What a command loads before it does anything: start-up is most of the time of a short one."""

import gc
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from uwlr_adapter.cli import main
from uwlr_adapter.cli.command_group import CommandEntry, CommandGroup
from uwlr_adapter.cli.garbage import collector_off

HEAVY = frozenset(
    """
    alembic argon2 cryptography cryptography.x509 flask granian lxml psycopg pydantic_settings requests spyne sqlalchemy
    sqlalchemy.dialects.postgresql urllib.request wtforms xmlschema zeep
    uwlr_adapter.administratie.importing.importer uwlr_adapter.administratie.importing.persons
    uwlr_adapter.administratie.selection uwlr_adapter.administratie.sources.csv_set.csv_set
    uwlr_adapter.cli.import_questions uwlr_adapter.cli.import_undo uwlr_adapter.portal.app uwlr_adapter.web.app
    """.split()
)
"""The modules that take long to load, or that load many others."""
SETTINGS_AND_DATABASE = "lxml pydantic_settings sqlalchemy"
"""What the settings, the catalogue and the database need: each command but `--help` begins with these."""
JOURNAAL = f"{SETTINGS_AND_DATABASE} sqlalchemy.dialects.postgresql"
"""The table of the koppelingen has an index with a form for PostgreSQL."""
IMPORTER = "uwlr_adapter.administratie.importing.importer uwlr_adapter.administratie.importing.persons"
SERVICE = f"""
    {JOURNAAL} argon2 cryptography flask granian spyne urllib.request wtforms
    uwlr_adapter.administratie.selection uwlr_adapter.administratie.importing.importer
    uwlr_adapter.administratie.importing.persons uwlr_adapter.portal.app uwlr_adapter.web.app
"""
MAY_LOAD = {
    "--help": "",
    "import --help": SETTINGS_AND_DATABASE,
    "import edexml --help": f"{SETTINGS_AND_DATABASE} {IMPORTER}",
    "init --help": SETTINGS_AND_DATABASE,
    "journaal --help": JOURNAAL,
    "pull --help": f"{SETTINGS_AND_DATABASE} requests urllib.request zeep",
    "push --help": SETTINGS_AND_DATABASE,
    "school --help": f"""
        {JOURNAAL} argon2 uwlr_adapter.administratie.importing.persons uwlr_adapter.administratie.selection
    """,
    "serve --help": SERVICE,
    "demo --help": f"{SERVICE} requests zeep",
}
"""Commands, and the heavy modules that each may load."""
PROGRAM = """
import json, sys
from uwlr_adapter.cli import main
try:
    main(json.loads(sys.argv[1]))
except SystemExit as error:
    assert not error.code, error.code
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def loaded(*arguments: str, folder: Path) -> frozenset[str]:
    """Run a command in a process of its own, and return the heavy modules that it loaded."""
    command = [sys.executable, "-c", PROGRAM, json.dumps(arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return HEAVY.intersection(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("command", MAY_LOAD)
def test_a_command_loads_only_what_it_needs(command: str, tmp_path: Path) -> None:
    """No command pays for the libraries of another one."""
    assert loaded(*command.split(), folder=tmp_path) <= set(MAY_LOAD[command].split())


def test_an_import_into_a_database_that_is_there_migrates_nothing(tmp_path: Path) -> None:
    """Alembic is loaded for a migration only; SQLite needs nothing of PostgreSQL."""
    file = Path(__file__).parents[1] / "data" / "edexml" / "versie-2.1.xml"
    assert "alembic" in loaded("import", "edexml", str(file), folder=tmp_path)
    assert loaded("import", "edexml", str(file), folder=tmp_path) <= set(MAY_LOAD["import edexml --help"].split())


def entries(
    group: CommandGroup, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], CommandEntry, click.Command]]:
    """Yield the entries of a group and of the groups in it, each with its command."""
    for name, entry in group.entries.items():
        command = group.get_command(click.Context(group), name)
        assert command is not None
        yield (*path, name), entry, command
        if isinstance(command, CommandGroup):
            yield from entries(command, (*path, name))


def test_each_entry_of_the_table_is_its_command() -> None:
    """The table names the module and the object of each command by its own name, and says it in one line."""
    assert isinstance(main, CommandGroup)
    found = list(entries(main))
    assert len({path for path, *_ in found}) == len(found) > len(main.entries)
    for path, entry, command in found:
        assert command.name == path[-1]
        told = CliRunner().invoke(main, [*path[:-1], "--help"], terminal_width=80).output
        assert f"{path[-1]} " in told
        assert f" {entry.summary}\n" in told, path


def test_an_unknown_command_is_told() -> None:
    """A name that the table does not have loads nothing."""
    for path in ([], ["import"]):
        result = CliRunner().invoke(main, [*path, "onbekend"])
        assert result.exit_code == 2
        assert "No such command 'onbekend'" in result.output


@pytest.mark.parametrize("was_on", [True, False])
def test_the_collector_is_put_back(*, was_on: bool) -> None:
    """It is off within the block only, whatever ends that, and one that was off before stays so."""
    if not was_on:
        gc.disable()
    seen = None
    try:
        with suppress(KeyError), collector_off():
            seen = gc.isenabled()
            raise KeyError
        assert seen is False
        assert gc.isenabled() is was_on
    finally:
        gc.enable()
