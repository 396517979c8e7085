"""`uwlr-adapter school`: what an operator sees of a vestiging, today and on another day."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.databases import make_tables
from support.edexml_files import make_dataset
from support.imports import import_dataset, next_change
from support.school_builder import open_database
from support.served_school import furnish
from support.wsgi import call

from uwlr_adapter.administratie import enrolment
from uwlr_adapter.administratie.enrolment import EnrolmentChange
from uwlr_adapter.cli import main
from uwlr_adapter.contract.dataset import Groep, Leerkracht, Leerling
from uwlr_adapter.db.database import Database
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings

Run = Callable[..., Result]
SCHOOL = make_dataset(
    [
        Leerling("1", achternaam="Zon", roepnaam="Zoë", geboortedatum="2018-01-02", jaargroep="4", groep="g4"),
        Leerling("2", roepnaam="Bo", groep="g4", samengestelde_groepen=("p",), uitstroomdatum="2027-01-01"),
        Leerling("3", roepnaam="Mo", instroomdatum="2027-01-01"),
        Leerling("4", roepnaam="Jo", uitstroomdatum="2027-08-01"),
    ],
    groepen=[Groep("groep", "g4", "De Uilen", "4"), Groep("samengestelde_groep", "p", "Plus")],
    leerkrachten=[Leerkracht("L", achternaam="Akker")],
    schoolkey="sk",
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return the command on a database with one vestiging."""
    settings = Settings(data=tmp_path / "data")
    database = Database(settings.database_url)
    make_tables(database)
    import_dataset(database, SCHOOL, naam="De Regenboog")
    database.close()
    return lambda *arguments: CliRunner().invoke(main, ["--data", str(settings.data), *arguments])


def _cells(result: Result, word: str) -> list[str]:
    (row,) = [line for line in result.output.splitlines() if word in line]
    return [cell.strip() for cell in row.strip("│ ").split("│")]


def test_show_counts_per_group_and_says_what_is_missing(run: Run) -> None:
    """Leerlingen enrolled on the day are counted per group, as are fields that a profile wants and a record lacks."""
    result = run("school", "show", "21QW00", "--peildatum", "2026-11-25")
    assert result.exit_code == 0, result.output
    assert "schooljaar 2026-2027, peildatum 2026-11-25: 3 leerlingen, 1 leerkracht" in result.output
    assert _cells(result, "De Uilen") == ["De Uilen", "groep", "4", "2"]
    assert _cells(result, "Plus") == ["Plus", "samengestelde_groep", "-", "1"]
    assert _cells(result, "no stamgroep")[-1] == "1"
    lacking = [line for line in result.output.splitlines() if "smalle set" in line and "2.2" in line]
    assert any("geboortedatum" in line and "2" in line for line in lacking)
    assert "Zon" not in result.output


def test_show_tells_what_will_change_and_when(run: Run) -> None:
    """Enrolments that begin or end within the year stand by day; an end after the year does not change it."""
    result = run("school", "show", "21QW00", "--peildatum", "2026-11-25")
    assert _cells(result, "2027-01-01") == ["2027-01-01", "1", "1"]
    assert "2027-08-01" not in result.output
    assert "2027-01-01" not in run("school", "show", "21QW00", "--peildatum", "2027-01-01").output.partition("\n")[2]


def test_show_of_another_day_and_year(run: Run) -> None:
    """The peildatum chooses the schooljaar, unless one is named; a year without data says so."""
    assert "peildatum 2027-03-01: 3 leerlingen" in run("school", "show", "21QW00", "--peildatum", "2027-03-01").output
    past = run("school", "show", "21QW00", "--peildatum", "2028-03-01", "--schooljaar", "2026-2027").output
    assert "peildatum 2027-07-31: 3 leerlingen" in past
    assert "geengegevens" in run("school", "show", "21QW00", "--peildatum", "2028-03-01").output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(("99ZZ00",), "there is no vestiging 99ZZ00"), (("21QW00", "--schooljaar", "2026-2028"), "two consecutive years")],
)
def test_show_of_what_is_not_there_is_one_sentence(run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    """An unknown vestiging and a schooljaar that is none are told."""
    result = run("school", "show", *arguments)
    assert result.exit_code != 0
    assert sentence in result.output


@pytest.mark.parametrize(("naam", "kept"), [("\u200bDe\u00a0 Vos ", "De Vos"), ("\u200b\u00a0", None), (" ", None)])
def test_the_naam_of_a_vestiging_is_read_by_the_rule_for_names(run: Run, naam: str, kept: str | None) -> None:
    """As that in a CSV set; one of which nothing is left is refused."""
    result = run("school", "add", "30AB00", "--naam", naam)
    assert (result.exit_code == 0) is (kept is not None)
    found = [line for line in run("school", "list").output.splitlines() if "30AB00" in line]
    assert [kept in line for line in found if kept] == ([True] if kept else [])


def test_list_counts_what_is_answered(run: Run) -> None:
    """Each vestiging stands there with its naam and schoolkey."""
    assert _cells(run("school", "list"), "21QW00")[:3] == ["21QW00", "De Regenboog", "sk"]


@pytest.mark.parametrize(
    ("day", "changes", "first"),
    [
        (date(2026, 7, 1), [EnrolmentChange(date(2027, 1, 1), 1, 1)], date(2026, 8, 1)),
        (date(2026, 8, 1), [EnrolmentChange(date(2027, 1, 1), 1, 1)], date(2027, 1, 1)),
        (date(2026, 12, 31), [EnrolmentChange(date(2027, 1, 1), 1, 1)], date(2027, 1, 1)),
        (date(2027, 1, 1), [], date(2027, 10, 1)),
        (date(2029, 1, 1), [], None),
        (date(2026, 6, 30), [EnrolmentChange(date(2027, 1, 1), 1, 1)], date(2026, 7, 1)),
    ],
)
def test_an_answer_is_true_until_the_next_change(
    tmp_path: Path, day: date, changes: list[EnrolmentChange], first: date | None
) -> None:
    """The first day on which an answer may differ is an enrolment's, or one of the year itself."""
    database = open_database(tmp_path)
    import_dataset(database, SCHOOL)
    with database.reading() as connection:
        found = enrolment.changes(connection, brin6="21QW00", schooljaar="2026-2027", day=day)
        assert found == changes
    assert next_change(database, "21QW00", "2026-2027", day) == first
    database.close()


def test_preview_gives_the_bytes_that_the_afnemer_gets(tmp_path: Path) -> None:
    """`preview` prints byte for byte what a fetch then returns, and the journaal has the fetch only."""
    context = furnish(tmp_path)
    run = CliRunner()
    result = run.invoke(main, ["--data", str(tmp_path), "school", "preview", "21QW00", "--koppeling", "snappet"])
    assert result.exit_code == 0, result.output
    app = make_app(Settings(data=tmp_path))
    reply = call(app, context.request())
    assert result.stdout_bytes == reply.body + b"\n"
    journaal = run.invoke(main, ["--data", str(tmp_path), "journaal", "--brin6", "21QW00"]).output
    assert journaal.count("HaalLeerlinggegevens") == 1


def test_preview_of_a_disabled_afnemer_gives_no_data(tmp_path: Path) -> None:
    """Whoever may not call at all would get nothing, whatever the koppeling says."""
    furnish(tmp_path)
    run = CliRunner()
    assert run.invoke(main, ["--data", str(tmp_path), "afnemer", "disable", "Snappet"]).exit_code == 0
    result = run.invoke(main, ["--data", str(tmp_path), "school", "preview", "21QW00", "--koppeling", "snappet"])
    assert result.exit_code != 0
    assert "disabled" in result.output
    assert "<" not in result.stdout


@pytest.mark.parametrize(
    ("brin6", "koppeling", "sentence"),
    [
        ("21QW00", "basispoort", "gepauzeerd"),
        ("21QW01", "basispoort", "nog niet gestart"),
        ("21QW01", "snappet", "geen koppeling"),
        ("99ZZ00", "snappet", "geen koppeling"),
        ("21QW00", "bron", "is not a UWLR koppeling"),
    ],
)
def test_preview_of_a_koppeling_that_is_not_open_says_why(
    tmp_path: Path, brin6: str, koppeling: str, sentence: str
) -> None:
    """The true reason stands there, in one sentence, and no data."""
    furnish(tmp_path)
    result = CliRunner().invoke(main, ["--data", str(tmp_path), "school", "preview", brin6, "--koppeling", koppeling])
    assert result.exit_code != 0
    assert sentence in result.output
    assert "<" not in result.stdout
