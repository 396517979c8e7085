"""What creates a database and what does not: `init`, the commands that create, and those that name `init`."""

import os
import stat
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.csv_sets import GOOD

from uwlr_adapter.cli import main
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.metadata import metadata
from uwlr_adapter.db.schema_version import schema_version
from uwlr_adapter.keys import tables as keys
from uwlr_adapter.settings import Settings

USING = [
    ("school", "list"),
    ("school", "add", "21QW00", "--naam", "De Regenboog"),
    ("school", "show", "21QW00"),
    ("afnemer", "add", "Snappet"),
    ("afnemer", "list"),
    ("koppeling", "list"),
    ("gebruiker", "list"),
    ("leerling", "forget", "21QW00", "1", "--dry-run"),
    ("import", "list"),
    ("import", "undo", "1"),
    ("journaal",),
    ("serve",),
]
"""Commands that work on a database that is there."""


def run(data: Path, *arguments: str) -> Result:
    """Run the whole command on a data folder."""
    return CliRunner().invoke(main, ["--data", str(data), *arguments])


def own_process(data: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the whole command in a process of its own, which loads only what the command loads."""
    command = [sys.executable, "-m", "uwlr_adapter", "--data", str(data), *arguments]
    return subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("arguments", USING, ids=" ".join)
def test_other_commands_name_init(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """One sentence says what to run, and nothing appears: no file, and no folder."""
    result = run(tmp_path / "data", *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: there is no database here yet: run `uwlr-adapter init` first\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", USING, ids=" ".join)
def test_other_commands_name_the_upgrade(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """A database of an older version is left as it is."""
    assert run(tmp_path, "init").exit_code == 0
    with Database(Settings(data=tmp_path).database_url).writing() as connection:
        connection.execute(schema_version.update().values(number=1, readable_from=1))
    result = run(tmp_path, *arguments)
    assert result.exit_code == 1
    assert "run `uwlr-adapter db upgrade` first" in result.stderr


def test_init_creates_and_says_so(tmp_path: Path) -> None:
    """The database and the key file are made, for their owner only; a second time both stay, and it says that."""
    data = tmp_path / "data"
    first = run(data, "init")
    assert first.exit_code == 0, first.output
    assert "Created the database." in first.stderr
    assert "Created a server key." in first.stderr
    key = (data / "keys").read_text("utf-8")
    assert {stat.S_IMODE((data / name).stat().st_mode) for name in ("keys", "uwlr.sqlite3")} == {0o600}
    again = run(data, "init")
    assert again.exit_code == 0
    assert "The database is current." in again.stderr
    assert "The server keys are there." in again.stderr
    assert (data / "keys").read_text("utf-8") == key
    assert key.partition("=")[2].strip() not in first.output + again.output
    assert run(data, "afnemer", "add", "Snappet").exit_code == 0


def test_a_dry_run_makes_nothing(tmp_path: Path) -> None:
    """It says what would be made, without the password of the URL; a database that is there is said to be."""
    shown = run(tmp_path / "data", "init", "--dry-run")
    assert shown.exit_code == 0, shown.stderr
    assert "Would create the database." in shown.stderr
    assert "Would create a server key." in shown.stderr
    assert list(tmp_path.iterdir()) == []
    made = run(tmp_path / "data", "init")
    assert "uwlr-adapter afnemer add" in made.stderr  # what next
    again = run(tmp_path / "data", "init", "--dry-run")
    assert ("The database is current." in again.stderr, "What next" in again.stderr) == (True, False)
    assert "The server keys are there." in again.stderr


def test_init_takes_the_database_as_an_option(tmp_path: Path) -> None:
    """The database is made where the option says, and the key in the data folder."""
    made = run(tmp_path / "data", "init", "--database", f"sqlite:///{tmp_path}/elsewhere.sqlite3")
    assert made.exit_code == 0, made.stderr
    assert "UWLR_DATABASE" in made.stderr
    assert (tmp_path / "elsewhere.sqlite3").is_file()
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["keys"]


def test_init_refuses_keys_of_another_database(tmp_path: Path) -> None:
    """A lost key file is not replaced by a new one when stored codes need the old one."""
    assert run(tmp_path, "init").exit_code == 0
    assert run(tmp_path, "afnemer", "add", "Snappet").exit_code == 0
    (tmp_path / "keys").unlink()
    for dry_run in ((), ("--dry-run",)):
        result = run(tmp_path, "init", *dry_run)
        assert result.exit_code == 1
        assert "there is no key file" in result.stderr
        assert "copy it from a machine that has it" in result.stderr
        assert "uwlr-adapter init" not in result.stderr  # it is what was run
        assert not (tmp_path / "keys").exists()
    (tmp_path / "keys").write_text(f"own={'0a' * 32}\n")
    (tmp_path / "keys").chmod(0o600)
    for dry_run in ((), ("--dry-run",)):
        result = run(tmp_path, "init", *dry_run)
        assert (result.exit_code, "is missing here" in result.stderr) == (1, True)


def test_init_on_postgresql(empty_postgresql: str, tmp_path: Path) -> None:
    """It makes the tables and the key file there too; the password of the URL is not shown."""
    first = run(tmp_path, "init")
    assert first.exit_code == 0, first.output
    assert "Created the database." in first.stderr
    assert (tmp_path / "keys").exists()
    assert "The database is current." in run(tmp_path, "init").stderr
    assert run(tmp_path, "afnemer", "add", "Snappet").exit_code == 0
    assert empty_postgresql.startswith("postgresql")


def test_an_import_creates_and_a_dry_run_does_not(tmp_path: Path) -> None:
    """Without a database a dry run compares with an empty one, and leaves no file and no folder."""
    data = tmp_path / "data"
    dry = run(data, "import", "csv", str(GOOD), "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert list(tmp_path.iterdir()) == []
    done = run(data, "import", "csv", str(GOOD))
    assert done.exit_code == 0, done.output
    assert run(data, "school", "list").exit_code == 0

    def counts(result: Result) -> list[str]:
        return [line for line in result.stdout.splitlines() if "│" in line]

    assert counts(dry) == counts(done)


@pytest.mark.parametrize("command", [("init",), ("school", "list"), ("db", "upgrade")], ids=" ".join)
def test_each_command_of_a_process_sees_every_use_of_a_key(tmp_path: Path, command: tuple[str, ...]) -> None:
    """The tables that a process happened to load do not count: a key that codes need may not be missing."""
    assert run(tmp_path, "init").exit_code == 0
    (tmp_path / "keys").write_text(f"new={'ab' * 32}\n", "utf-8")
    assert own_process(tmp_path, *command).returncode == 0
    old = (tmp_path / "keys").read_text("utf-8")
    assert run(tmp_path, "afnemer", "add", "Snappet").exit_code == 0
    (tmp_path / "keys").write_text(f"newest={'cd' * 32}\n", "utf-8")
    refused = own_process(tmp_path, "init")
    assert refused.returncode == 1
    assert "server key 'new' is missing here, and new codes are stored under it" in refused.stderr
    (tmp_path / "keys").write_text(f"newest={'cd' * 32}\n{old}", "utf-8")
    assert own_process(tmp_path, "init").returncode == 0


def test_every_use_of_a_key_is_listed() -> None:
    """A column of digests or of encrypted secrets names a server key: it is in the list, and so are its columns."""
    for module in ("administratie", "answers", "gebruikers", "journaal", "koppelingen"):
        import_module(f"uwlr_adapter.{module}.tables")
    listed = {(table, column) for table, column, _ in keys.USES}
    digests = {
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.columns
        if column.type is keys.DIGEST and table is not keys.server_key
    }
    assert listed == {*digests, ("gebruiker", "totp_secret")}
    for table, column, until in keys.USES:
        assert {column, *([until] if until else [])} <= set(metadata.tables[table].columns.keys())


def test_init_shows_no_password(tmp_path: Path) -> None:
    """A password in the query of the URL is not printed either."""
    url = f"sqlite:///file:{tmp_path}/a.sqlite3?uri=true&password=geheim"
    result = CliRunner().invoke(main, ["--data", str(tmp_path), "init"], env={"UWLR_DATABASE": url})
    assert "geheim" not in result.output
    assert "a.sqlite3" in result.output
