"""`school set` and `school release`: the operator sees what changes in the answers before it does."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console
from support.edexml_files import make_dataset
from support.imports import import_dataset, select
from support.school_builder import open_database

from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.journaal import journaal
from uwlr_adapter.cli.school import school
from uwlr_adapter.contract.dataset import Leerling
from uwlr_adapter.db.database import Database
from uwlr_adapter.settings import Settings

Run = Callable[..., Result]
MARCH, JULY = datetime(2027, 3, 1, 10, tzinfo=UTC), datetime(2027, 7, 5, 10, tzinfo=UTC)
YOUNG = Leerling("1", roepnaam="Bo", geboortedatum="2023-09-01")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Yield a database with a year of one leerling under four, and the next year of the same one."""
    opened = open_database(tmp_path)
    for schooljaar in ("2026-2027", "2027-2028"):
        import_dataset(
            opened, make_dataset([YOUNG, YOUNG._replace(key="2", geboortedatum=None)], schooljaar=schooljaar)
        )
    yield opened
    opened.close()


@pytest.fixture
def run(tmp_path: Path, database: Database) -> Run:
    """Return the group `school` on that database; `moment` is what the clock says, `answer` what is typed."""

    def invoke(*arguments: str, moment: datetime = MARCH, answer: str | None = None) -> Result:
        console = Console(width=200, highlight=False)
        context = Context(Settings(data=tmp_path), lambda: moment, console, console)
        return CliRunner().invoke(school, arguments, obj=context, input=answer)

    return invoke


def keys(database: Database, schooljaar: str, day: date) -> list[str]:
    """Return the keys of the leerlingen that are answered."""
    found = select(database, "21QW00", schooljaar, day)
    return [] if found is None else [one.key for one in found.leerlingen]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((), "First school day: 2026-09-07 (usual)."),
        ((), "from 2026-07-01 (by itself) until 2027-09-30, inclusive"),
        ((), "Leerlingen under four are not answered."),
        (("--first-school-day", "2026-08-24"), "First school day: 2026-08-24."),
        (("--past-year-until", "01-31"), "until 2028-01-31, inclusive"),
        (("--past-year-until", "10-31"), "until 2027-10-31, inclusive"),
        (("--under-four",), "Leerlingen under four are answered."),
    ],
)
def test_set_is_shown(run: Run, arguments: tuple[str, ...], line: str) -> None:
    """What is set stands in `school show`, and what is not set as its default."""
    if arguments:
        result = run("set", "21QW00", *arguments, "--yes")
        assert result.exit_code == 0, result.output
        assert "Set for 21QW00." in result.output
    assert line in run("show", "21QW00", "--peildatum", "2027-03-01").output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("21QW00",), "name what to set"),
        (("21QW00", "--first-school-day", "2026-07-31"), "from 1 August to 30 September"),
        (("21QW00", "--first-school-day", "2026-10-01"), "from 1 August to 30 September"),
        (("21QW00", "--past-year-until", "02-29"), "a day of every year as MM-DD"),
        (("21QW00", "--past-year-until", "30-09"), "a day of every year as MM-DD"),
        (("99ZZ00", "--under-four"), "there is no vestiging 99ZZ00"),
    ],
)
def test_set_refuses_what_is_not_valid(run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    """In one sentence, and nothing is set."""
    result = run("set", *arguments, "--yes")
    assert result.exit_code != 0
    assert sentence in " ".join(result.output.replace("│", " ").split())


def test_set_asks_after_it_has_shown_what_changes(run: Run, database: Database) -> None:
    """A leerling who would come is named; a dry run and a no change nothing."""
    dry = run("set", "21QW00", "--under-four", "--dry-run")
    (row,) = [line for line in dry.output.splitlines() if "comes" in line]
    assert [cell.strip() for cell in row.strip("│").split("│")] == ["leerling", "1", "Bo", "comes"]
    assert keys(database, "2026-2027", MARCH.date()) == ["2"]
    assert run("set", "21QW00", "--under-four", answer="n\n").exit_code == 1
    assert keys(database, "2026-2027", MARCH.date()) == ["2"]
    assert run("set", "21QW00", "--under-four", answer="y\n").exit_code == 0
    assert keys(database, "2026-2027", MARCH.date()) == ["1", "2"]
    assert run("set", "21QW00", "--no-under-four", "--yes").exit_code == 0
    assert keys(database, "2026-2027", MARCH.date()) == ["2"]


def test_a_year_that_was_taken_back_is_not_called_released(run: Run) -> None:
    """From 1 July on it waits for 1 August, and `school show` says so."""
    assert run("release", "21QW00", "--take-back", "--yes", moment=JULY).exit_code == 0
    shown = run("show", "21QW00", "--schooljaar", "2027-2028", "--peildatum", "2027-07-31").output
    assert "is not answered on that day: from 2027-08-01 (taken back until then)" in shown


def test_release_and_take_back(run: Run, database: Database) -> None:
    """The next year is answered once it is released, and no more once that is taken back."""
    day = MARCH.date()
    assert keys(database, "2027-2028", day) == []
    dry = run("release", "21QW00", "--dry-run")
    assert "The answer for 21QW00, schooljaar 2027-2028" in dry.output
    assert keys(database, "2027-2028", day) == []
    assert "is released" in run("release", "21QW00", "--yes").output
    assert keys(database, "2027-2028", day) == ["2"]
    assert "(released)" in run("show", "21QW00", "--schooljaar", "2027-2028", "--peildatum", "2027-03-01").output
    again = run("release", "21QW00", "--yes")
    assert (again.exit_code, "released already" in again.output) == (1, True)
    assert run("release", "21QW00", "--take-back", "--yes").exit_code == 0
    assert keys(database, "2027-2028", day) == []
    assert keys(database, "2027-2028", date(2027, 7, 1)) == ["2"]
    assert run("release", "21QW00", "--take-back", "--yes").exit_code == 1


def test_taken_back_in_july_it_waits_for_august(run: Run, database: Database) -> None:
    """From 1 July the year is answered by itself; taken back then, until it begins."""
    assert keys(database, "2027-2028", JULY.date()) == ["2"]
    assert run("release", "21QW00", "--take-back", "--yes", moment=JULY).exit_code == 0
    assert [keys(database, "2027-2028", date(2027, *day)) for day in ((7, 5), (7, 31), (8, 1))] == [[], [], ["2"]]
    late = run("release", "21QW00", "--take-back", "--yes", moment=datetime(2027, 8, 1, 10, tzinfo=UTC))
    assert "is not released" in late.output


def test_show_tells_of_a_year_that_is_not_answered(run: Run) -> None:
    """The operator sees what would go, and that it does not."""
    shown = run("show", "21QW00", "--schooljaar", "2027-2028", "--peildatum", "2027-03-01").output
    assert "1 leerling," in shown
    assert "Schooljaar 2027-2028 is not answered on that day: from 2027-07-01 (by itself)" in shown


def test_a_year_that_is_not_laid_out_cannot_be_released(run: Run) -> None:
    """There would be nothing to confirm."""
    result = run("release", "21QW00", "--yes", moment=datetime(2027, 9, 1, 10, tzinfo=UTC))
    assert result.exit_code == 1
    assert "not laid out yet" in result.output
    assert run("release", "99ZZ00", "--yes").exit_code == 1


def test_the_acts_stand_in_the_journaal(run: Run, tmp_path: Path) -> None:
    """With the year, for operator and school."""
    run("release", "21QW00", "--yes")
    run("release", "21QW00", "--take-back", "--yes")
    run("set", "21QW00", "--first-school-day", "2026-08-24", "--yes")
    console = Console(width=200, highlight=False)
    context = Context(Settings(data=tmp_path), lambda: MARCH, console, console)
    output = CliRunner().invoke(journaal, ["--brin6", "21QW00"], obj=context).output
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in output.splitlines() if "gedaan" in line]
    assert [(row[3], row[-2]) for row in rows] == [
        ("kalender ingesteld", "schooljaar=2026-2027"),
        ("vrijgeven teruggenomen", "schooljaar=2027-2028"),
        ("schooljaar vrijgegeven", "schooljaar=2027-2028"),
    ]
