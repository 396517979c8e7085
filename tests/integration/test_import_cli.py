"""The commands `school` and `import`: what an operator types, reads and gets as exit code."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console
from support.databases import make_tables
from support.edexml_files import CORPUS, make_dataset, to_edexml

from uwlr_adapter.administratie import schools
from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.import_report import MANY
from uwlr_adapter.cli.imports import imports
from uwlr_adapter.cli.school import school
from uwlr_adapter.contract.dataset import Leerling
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.metadata import metadata
from uwlr_adapter.settings import Settings

Run = Callable[..., Result]
GROUPS = {"import": imports, "school": school}
GOOD = str(CORPUS / "versie-2.1.xml")
FAULT = str(CORPUS / "dubbele-key.xml")


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """Return a database with every table, in the folder that the commands use."""
    database = Database(Settings(data=tmp_path).database_url)
    make_tables(database)
    with database.writing() as connection:
        metadata.create_all(connection)
    return database


@pytest.fixture
def run(database: Database, tmp_path: Path) -> Run:
    """Return a function that runs a command as the shell does."""
    assert database.backend.is_embedded

    def invoke(group: str, *arguments: str) -> Result:
        console = Console(width=160, highlight=False)
        context = Context(Settings(data=tmp_path), console=console, messages=console)
        return CliRunner().invoke(GROUPS[group], arguments, obj=context)

    return invoke


def _names(database: Database) -> list[str]:
    with database.reading() as connection:
        return [one.brin6 for one in schools.list_vestigingen(connection)]


def test_school_add_and_list(run: Run, database: Database) -> None:
    """A vestiging that was added is listed, with its naam as it was typed."""
    assert run("school", "add", "21QW00", "--naam", "De [Regenboog]").exit_code == 0
    assert _names(database) == ["21QW00"]
    listed = run("school", "list")
    assert "21QW00" in listed.output
    assert "De [Regenboog]" in listed.output


@pytest.mark.parametrize("brin6", ["21qw00", "21QW", "school"])
def test_school_add_refuses_another_form(run: Run, database: Database, brin6: str) -> None:
    """A text that is no brin6 leads to one sentence and exit code 1."""
    result = run("school", "add", brin6, "--naam", "X")
    assert (result.exit_code, _names(database)) == (1, [])
    assert "21QW00" in result.output


def test_school_add_refuses_a_second_one(run: Run) -> None:
    """A vestiging is added once."""
    run("school", "add", "21QW00", "--naam", "X")
    result = run("school", "add", "21QW00", "--naam", "Y")
    assert result.exit_code == 1
    assert "exists already" in result.output


def test_import_reports_what_it_did(run: Run, database: Database) -> None:
    """The report names the vestiging, the schooljaar and a count per kind, and the vestiging is there."""
    result = run("import", "edexml", GOOD, "--naam", "De Regenboog")
    assert result.exit_code == 0, result.output
    assert "21QW00, schooljaar 2026-2027: imported" in result.output
    (row,) = [line for line in result.output.splitlines() if "leerlingen" in line]
    assert [cell.strip() for cell in row.strip("│ ").split("│")] == ["leerlingen", "2", "0", "0", "0"]
    assert _names(database) == ["21QW00"]


def test_import_shows_each_problem_with_line_element_and_reason(run: Run, tmp_path: Path) -> None:
    """Warnings stand in the report, those of one kind in one row with every line."""
    leerlingen = [Leerling(key=str(number), roepnaam="Bo", land="XX") for number in range(3)]
    file = tmp_path / "landen.xml"
    file.write_bytes(to_edexml(make_dataset(leerlingen)))
    result = run("import", "edexml", str(file))
    assert result.exit_code == 0
    (row,) = [line for line in result.output.splitlines() if "leerling/land" in line]
    assert [cell.strip() for cell in row.strip("│ ").split("│")] == [
        "warning",
        "leerling/land",
        "not a code of UWLR: left out",
        "14, 18, 22",
    ]


def test_a_dry_run_changes_nothing_and_says_so(run: Run, database: Database) -> None:
    """After --dry-run the vestiging of the file is not there."""
    result = run("import", "edexml", GOOD, "--dry-run")
    assert result.exit_code == 0
    assert "dry run, nothing changed" in result.output
    assert _names(database) == []


def test_numbers_are_counted_in_the_report(run: Run) -> None:
    """The report says how many national numbers were dropped, and shows none."""
    result = run("import", "edexml", str(CORPUS / "bsn.xml"))
    assert "1 x bsn" in result.output
    assert "1 x sofinummer" in result.output
    assert "123456782" not in result.output


def test_one_refused_file_does_not_stop_the_others(run: Run, database: Database, tmp_path: Path) -> None:
    """Every file is its own transaction: the good ones come in, the bad one is told, and the exit code is 1."""
    other = tmp_path / "ander.xml"
    other.write_bytes(to_edexml(make_dataset(brin6="21QW01")))
    result = run("import", "edexml", GOOD, FAULT, str(tmp_path / "bestaat-niet.xml"), str(other))
    assert result.exit_code == 1
    assert _names(database) == ["21QW00", "21QW01"]
    assert "the same key as line 20" in result.output
    assert "cannot be read" in result.output
    assert "Zonneveld" not in result.output


def test_of_fewer_files_each_has_its_table(run: Run, tmp_path: Path) -> None:
    """One file less than many is still told in full."""
    files = []
    for number in range(MANY - 1):
        file = tmp_path / f"{number}.xml"
        file.write_bytes(to_edexml(make_dataset([Leerling(key="1", roepnaam="Bo")], brin6=f"21QW{number:02}")))
        files.append(str(file))
    told = run("import", "edexml", *files).output
    assert "; leerlingen 1 added" not in told


@pytest.mark.parametrize(("number", "more"), [(20, ""), (21, " and 1 more")])
def test_lines_of_one_problem_are_told_up_to_twenty(run: Run, tmp_path: Path, number: int, more: str) -> None:
    """A problem at many lines is reported with the first twenty of them, and the count of the rest."""
    leerlingen = [Leerling(key=str(place), roepnaam="Bo", land="XX") for place in range(number)]
    file = tmp_path / "veel.xml"
    file.write_bytes(to_edexml(make_dataset(leerlingen)))
    told = " ".join(run("import", "edexml", str(file)).output.split())
    assert ("more" in told, more in told) == (bool(more), True)


def test_of_many_files_each_is_told_in_a_line(run: Run, database: Database, tmp_path: Path) -> None:
    """With its counts, and without a table; what is wrong is told as ever, and no file is left out."""
    files = []
    for number in range(MANY):
        file = tmp_path / f"[{number}].xml"
        land = "XX" if number == 2 else None
        file.write_bytes(
            to_edexml(make_dataset([Leerling(key="1", roepnaam="Bo", land=land)], brin6=f"21QW{number:02}"))
        )
        files.append(str(file))
    first, again = run("import", "edexml", *files), run("import", "edexml", *files)
    assert (first.exit_code, again.exit_code) == (0, 0), first.output
    told = [line for line in first.output.splitlines() if "schooljaar 2026-2027" in line]
    assert told == [
        f"{file}: 21QW{number:02}, schooljaar 2026-2027: imported as {number + 1}; leerlingen 1 added"
        for number, file in enumerate(files)
    ]
    assert [line for line in first.output.splitlines() if "added" in line] == told
    assert first.output.count("leerling/land") == 1
    assert again.output.count("; nothing changed\n") == MANY
    assert len(_names(database)) == MANY


def test_a_file_for_another_school_is_refused(run: Run, database: Database) -> None:
    """A file about another vestiging than --brin6 names leaves everything as it was."""
    result = run("import", "edexml", GOOD, "--brin6", "21QW01")
    assert (result.exit_code, _names(database)) == (1, [])
    assert "is about 21QW00, not about 21QW01" in result.output


def test_a_name_that_is_too_long_is_refused(run: Run, database: Database) -> None:
    """A name that a vestiging cannot have is reported like any other problem; nothing is imported."""
    result = run("import", "edexml", GOOD, "--naam", "x" * 201)
    assert (result.exit_code, _names(database)) == (1, [])
    assert "a vestiging needs a naam of at most 200 characters" in " ".join(result.output.split())


def test_a_wrong_brin6_is_a_usage_error(run: Run) -> None:
    """A text that is no brin6 is reported before any file is opened."""
    assert run("import", "edexml", GOOD, "--brin6", "21QW").exit_code == 2


def test_import_needs_a_file(run: Run) -> None:
    """Without a file there is nothing to do, and that is a usage error."""
    assert run("import", "edexml").exit_code == 2


@pytest.mark.parametrize(("group", "command"), [("import", "edexml"), ("school", "add"), ("school", "list")])
def test_each_help_text_has_an_example(run: Run, group: str, command: str) -> None:
    """An operator sees in --help how the command is typed."""
    shown = " ".join(run(group, command, "--help").output.split())
    assert f"Example: uwlr-adapter {group} {command}" in shown
