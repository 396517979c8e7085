"""`uwlr-adapter koppeling`: every command, its refusals, and what it never prints."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from rich.console import Console
from support.edexml_files import make_dataset
from support.imports import import_dataset
from support.school_builder import BRIN6, CODE, MOMENT, open_database

from uwlr_adapter.cli.afnemer import afnemer
from uwlr_adapter.cli.base import Context, own_actor
from uwlr_adapter.cli.koppeling import koppeling
from uwlr_adapter.clock import day_of
from uwlr_adapter.contract.dataset import Groep, Leerling
from uwlr_adapter.db.database import Database
from uwlr_adapter.journaal import search
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.koppelingen import store, verificatiecode
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.settings import Settings

AGREED = ("--naam", "J. de Vries", "--akkoord", "--login", "jdevries")
OTHER_CODE = BRIN6 + "-een-tweede-code"


def clock() -> datetime:
    """Return the moment of the tests."""
    return MOMENT


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """Return a data folder with one vestiging and two afnemers."""
    made = Context(Settings(data=tmp_path), clock, Console(width=200), Console(stderr=True, width=200))
    open_database(tmp_path, BRIN6).close()
    for klantnaam in ("Snappet", "Basispoort"):
        assert CliRunner().invoke(afnemer, ["add", klantnaam], obj=made).exit_code == 0
    return made


@pytest.fixture
def database(context: Context) -> Iterator[Database]:
    """Open the same database."""
    with context.database() as database:
        yield database


def run(context: Context, *arguments: str, stdin: str | None = None, **environment: str) -> Result:
    """Run `uwlr-adapter koppeling` with these arguments."""
    return CliRunner().invoke(koppeling, arguments, obj=context, input=stdin, env=environment)


def activate(context: Context, *arguments: str, stdin: str | None = None, **environment: str) -> Result:
    """Activate the koppeling with Snappet."""
    return run(context, "activate", BRIN6, "snappet", *AGREED, *arguments, stdin=stdin, **environment)


def living(database: Database) -> Koppeling | None:
    """Return the living koppeling with Snappet."""
    with database.reading() as connection:
        return store.find_living(connection, BRIN6, "snappet")


def status(database: Database) -> str | None:
    """Return the status of the living koppeling with Snappet."""
    found = living(database)
    return None if found is None else str(found.status)


def test_ways_to_give_a_code(context: Context, database: Database, tmp_path: Path) -> None:
    """A code comes from an option, a file, the environment or a prompt, and is not printed."""
    file = tmp_path / "code.txt"
    file.write_text(CODE + "\n")
    for way in (
        lambda: activate(context, "--code", CODE),
        lambda: activate(context, "--code", f"@{file}"),
        lambda: activate(context, UWLR_VERIFICATIECODE=CODE),
        lambda: activate(context, stdin=CODE + "\n"),
    ):
        result: Result = way()  # type: ignore[no-untyped-call] # mypy infers no type for these lambdas
        assert result.exit_code == 0, result.output
        assert CODE not in result.output
        assert status(database) == "actief"
        assert run(context, "end", BRIN6, "snappet", "--yes").exit_code == 0


def test_generated_code(context: Context, database: Database) -> None:
    """A generated code stands alone on standard output, once, and keeps to the rule."""
    result = activate(context, "--generate")
    code = result.stdout.strip()
    assert verificatiecode.broken_rules(code, BRIN6) == ()
    assert code not in result.stderr
    assert status(database) == "actief"


def test_whole_life(context: Context, database: Database) -> None:
    """Activate, change the code, pause, resume and end: each act stands in the journaal."""
    assert activate(context, "--code", CODE).exit_code == 0
    assert run(context, "code", BRIN6, "snappet", "--code", OTHER_CODE).exit_code == 0
    assert run(context, "pause", BRIN6, "snappet", "--yes").exit_code == 0
    assert status(database) == "gepauzeerd"
    assert run(context, "resume", BRIN6, "snappet", "--code", CODE).exit_code == 0
    assert run(context, "end", BRIN6, "snappet", "--yes").exit_code == 0
    assert living(database) is None
    with database.reading() as connection:
        acts = [line.act for line in search.read(connection, brin6=BRIN6)][::-1]
        actors = set(connection.scalars(sa.select(journaal.c.actor)))
    assert acts == ["geactiveerd", "code gewijzigd", "gepauzeerd", "hervat", "beëindigd"]
    assert actors == {own_actor()}, "the afnemers were added by a command too"


def test_startdatum(context: Context, database: Database) -> None:
    """It can be changed until it comes, in either way of writing a day; the act and the day stand in the journaal."""
    today = day_of(context.clock())
    first, second = (today + timedelta(days=days) for days in (20, 10))
    assert activate(context, "--code", CODE, "--startdatum", first.isoformat()).exit_code == 0
    result = run(context, "startdatum", BRIN6, "snappet", f"{second:%d-%m-%Y}")
    assert (result.exit_code, f"begins on {second:%d-%m-%Y}" in result.output) == (0, True), result.output
    found = living(database)
    assert found is not None
    assert found.startdatum == second
    assert run(context, "startdatum", BRIN6, "snappet", today.isoformat()).exit_code == 0
    late = run(context, "startdatum", BRIN6, "snappet", second.isoformat())
    assert late.exit_code == 1
    assert "has come" in str(late.exception or "") + late.output
    with database.reading() as connection:
        rows = [(row.act, row.remarks) for row in search.read(connection, brin6=BRIN6)]
    assert rows[:2] == [
        ("startdatum gewijzigd", (f"startdatum={today.isoformat()}",)),
        ("startdatum gewijzigd", (f"startdatum={second.isoformat()}",)),
    ]


@pytest.mark.parametrize("act", ["pause", "end"])
def test_confirmation(context: Context, database: Database, act: str) -> None:
    """A pause and an end ask first; without a yes nothing happens."""
    activate(context, "--code", CODE)
    assert run(context, act, BRIN6, "snappet", stdin="n\n").exit_code == 1
    assert run(context, act, BRIN6, "snappet").exit_code == 1
    assert status(database) == "actief"
    assert run(context, act, BRIN6, "snappet", stdin="y\n").exit_code == 0
    assert status(database) != "actief"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("activate", "99ZZ00", "snappet", *AGREED, "--generate"), "there is no such vestiging"),
        (("activate", BRIN6, "weg", *AGREED), "no koppeling of this id in the catalogue"),
        (("activate", BRIN6, "bron", *AGREED), "on for every school"),
        (("activate", BRIN6, "uwlr-4d", *AGREED, "--generate"), "does not exist or is disabled"),
        (("activate", BRIN6, "basispoort", *AGREED, "--code", "kort"), "at least 20 characters"),
        (("activate", BRIN6, "basispoort", *AGREED, "--code", CODE), "another koppeling of this vestiging"),
        (("activate", BRIN6, "basispoort", "--naam", "J.", "--login", "j", "--generate"), "--akkoord"),
        (("activate", BRIN6, "basispoort", *AGREED, "--generate", "--startdatum", "2026-11-01"), "within a year"),
        (("activate", BRIN6, "snappet", *AGREED), "active or paused already"),
        (("activate", BRIN6, "esis-app", *AGREED, "--generate"), "has no verificatiecode"),
        (("activate", BRIN6, "basispoort", *AGREED, "--generate", "--code", CODE), "not both"),
        (("activate", BRIN6, "basispoort", *AGREED, "--code", "@/does/not/exist"), "cannot be read"),
        (("resume", BRIN6, "snappet", "--generate"), "not paused"),
        (("pause", BRIN6, "basispoort", "--yes"), "is not activated"),
        (("pause", BRIN6, "bron", "--yes"), "on for every school"),
        (("end", "99ZZ00", "snappet", "--yes"), "there is no such vestiging"),
        (("code", BRIN6, "snappet", "--code", CODE + "é"), "printable ASCII"),
        (("list", "99ZZ00"), "there is no such vestiging"),
        (("terms", "weg"), "no koppeling of this id in the catalogue"),
    ],
)
def test_refused(context: Context, database: Database, arguments: tuple[str, ...], word: str) -> None:
    """Each refusal is one sentence and an exit code, shows no code, and leaves the koppelingen as they were."""
    activate(context, "--code", CODE)
    before = living(database)
    result = run(context, *arguments)
    assert result.exit_code in {1, 2}
    assert word in " ".join(result.stderr.split())
    assert CODE not in result.output
    with database.reading() as connection:
        assert store.list_living(connection) == [before]


def test_code_of_a_paused_one(context: Context, database: Database) -> None:
    """Changing the code does not resume by accident."""
    activate(context, "--code", CODE)
    run(context, "pause", BRIN6, "snappet", "--yes")
    result = run(context, "code", BRIN6, "snappet", "--generate")
    assert result.exit_code == 1
    assert "resume" in result.stderr
    assert status(database) == "gepauzeerd"


def test_without_code(context: Context) -> None:
    """A koppeling that is not of UWLR needs no code and asks for none."""
    assert run(context, "activate", BRIN6, "esis-app", *AGREED).exit_code == 0
    result = run(context, "pause", BRIN6, "esis-app", "--yes")
    assert "has no verificatiecode" in result.stderr
    assert run(context, "end", BRIN6, "esis-app", "--yes").exit_code == 0


def test_list(context: Context) -> None:
    """The list of a vestiging shows what is active, paused, waiting, available and not yet available."""
    activate(context, "--code", CODE, "--startdatum", "01-12-2026")
    run(context, "activate", BRIN6, "basispoort", *AGREED, "--code", OTHER_CODE)
    run(context, "pause", BRIN6, "basispoort", "--yes")
    rows = {
        cells[1].strip(): cells[5].strip()
        for line in run(context, "list", BRIN6).stdout.splitlines()
        if len(cells := line.split("│")[1:-1]) == 7
    }
    assert rows["bron"] == "actief"
    assert all(word in run(context, "list", BRIN6).stdout for word in ("Start op 01-12-2026", "Gepauzeerd"))
    assert rows["snappet"] == "nog niet gestart"
    assert rows["basispoort"] == "gepauzeerd"
    assert rows["uwlr-4d"] == "nog niet beschikbaar"
    assert rows["toetsplein"] == "beschikbaar"
    everything = run(context, "list").stdout
    assert "basispoort" in everything
    assert "toetsplein" not in everything


def test_terms(context: Context) -> None:
    """The terms are shown with their version."""
    result = run(context, "terms", "snappet")
    assert "uwlr-1" in result.stdout
    assert "burgerservicenummer" in result.stdout


def test_wrong_key(context: Context, tmp_path: Path) -> None:
    """With another server key than before, nothing is activated."""
    naam = (tmp_path / "keys").read_text().partition("=")[0]
    (tmp_path / "keys").write_text(f"{naam}={'0c' * 32}\n")
    result = activate(context, "--code", CODE)
    assert result.exit_code == 1
    assert "another one" in result.stderr


@pytest.mark.parametrize("name", sorted(koppeling.commands))
def test_help(context: Context, name: str) -> None:
    """Every command has help with an example."""
    assert "Example:" in run(context, name, "--help").stdout


def test_what_stops_before_the_yes(context: Context, database: Database) -> None:
    """A dry run tells what the platform gets now, in numbers, and does nothing; the question tells it as well."""
    leerlingen = [Leerling("1", roepnaam="Zoë", groep="g"), Leerling("2", roepnaam="Bo", groep="g")]
    dataset = make_dataset(leerlingen, groepen=[Groep("groep", "g", "1a", "1")], schooljaar="2026-2027")
    import_dataset(database, dataset, moment=MOMENT)
    assert activate(context, "--code", CODE).exit_code == 0
    told = "snappet, schooljaar 2026-2027: 2 leerlingen, 1 groep, 0 leerkrachten now; nothing then."
    for command in ("pause", "end"):
        dry = run(context, command, BRIN6, "snappet", "--dry-run")
        assert (dry.exit_code, told in dry.output, "Dry run, nothing changed." in dry.output) == (0, True, True)
        asked = run(context, command, BRIN6, "snappet", stdin="n\n")
        assert (asked.exit_code, told in asked.output) == (1, True)
    found = living(database)
    assert found is not None
    assert found.version == 1
    assert run(context, "pause", BRIN6, "snappet", "--yes").exit_code == 0
    assert "snappet gives nothing now." in run(context, "end", BRIN6, "snappet", "--dry-run").output


def test_another_profile(context: Context, database: Database) -> None:
    """Which fields would go or stay behind, and how many records have a value in them; nothing is changed."""
    leerling = Leerling("1", roepnaam="Zoë", geslacht="2", voornamen="Zoë Maria", groep="g")
    dataset = make_dataset([leerling], groepen=[Groep("groep", "g", "1a", "1")], schooljaar="2026-2027")
    import_dataset(database, dataset, moment=MOMENT)
    assert activate(context, "--code", CODE).exit_code == 0
    wider = run(context, "profiel", BRIN6, "snappet", "LVS-set", "--json")
    found = {
        (one["word"], one["number"], one["is_added"]) for one in json.loads(wider.output) if one["record"] == "leerling"
    }
    assert ("geslacht", 1, True) in found
    assert not any(word == "voornamen" for word, _, _ in found)
    table = run(context, "profiel", BRIN6, "snappet", "lvs set").output
    assert "goes then" in table
    assert "a school has to agree to that first" in table
    assert "Nothing changes" in run(context, "profiel", BRIN6, "snappet", "smalle set").output
    unknown = run(context, "profiel", BRIN6, "snappet", "bestaat niet")
    assert (unknown.exit_code, "no such profile" in unknown.output) == (2, True)


def toestemmingen(context: Context) -> dict[str, tuple[str, bool]]:
    """Return of both toestemmingen the status, and whether it is open, as a program reads them."""
    found = json.loads(run(context, "show", BRIN6, "snappet", "--json").stdout)["toestemmingen"]
    return {name: (one["status"], one["is_open"]) for name, one in found.items()}


def test_two_toestemmingen(context: Context, database: Database) -> None:
    """Each is agreed to, paused and resumed by itself, with the actor of each act; a code stops and resumes both."""
    activate(context, "--code", CODE)
    assert toestemmingen(context) == {"leerlinggegevens": ("aan", True), "resultaten": ("niet gegeven", False)}
    one = ("snappet", "--toestemming", "resultaten")
    refused = run(context, "pause", BRIN6, *one, "--yes")
    assert (refused.exit_code, "has not agreed" in refused.stderr) == (1, True)
    assert run(context, "agree", BRIN6, *one, "--naam", "J. de Vries").exit_code == 1  # without --akkoord
    assert run(context, "agree", BRIN6, *one, *AGREED).exit_code == 0
    assert toestemmingen(context)["resultaten"] == ("aan", True)
    dry = run(context, "pause", BRIN6, *one, "--dry-run")
    assert "Dry run, nothing changed." in dry.stdout
    assert "snappet" not in dry.stdout, "no fetch stops"
    assert run(context, "pause", BRIN6, *one, stdin="y\n").exit_code == 0
    assert toestemmingen(context) == {"leerlinggegevens": ("aan", True), "resultaten": ("gepauzeerd", False)}
    assert run(context, "pause", BRIN6, "snappet", "--toestemming", "leerlinggegevens", "--yes").exit_code == 0
    assert run(context, "resume", BRIN6, *one).exit_code == 0
    assert toestemmingen(context) == {"leerlinggegevens": ("gepauzeerd", False), "resultaten": ("aan", True)}
    assert run(context, "pause", BRIN6, "snappet", "--yes").exit_code == 0
    assert toestemmingen(context) == {"leerlinggegevens": ("gepauzeerd", False), "resultaten": ("aan", False)}
    assert run(context, "resume", BRIN6, "snappet", "--code", CODE).exit_code == 0
    assert toestemmingen(context)["resultaten"] == ("aan", True)
    both = run(context, "resume", BRIN6, *one, "--code", CODE)
    assert (both.exit_code, "not both" in both.stderr) == (2, True)
    shown = run(context, "show", BRIN6, "snappet").stdout
    assert f"gepauzeerd, since {MOMENT:%d-%m-%Y %H:%M} by {own_actor()}" in shown
    found = living(database)
    assert found is not None
    assert found.akkoord_resultaten is not None
    assert (found.akkoord_resultaten.login, found.resultaten.actor) == ("jdevries", own_actor())


def test_activating_with_a_choice(context: Context, database: Database) -> None:
    """Results alone, or both; what a koppeling does not offer is refused, and its terms can be read."""
    activate(context, "--code", CODE, "--toestemming", "resultaten")
    assert toestemmingen(context) == {"leerlinggegevens": ("niet gegeven", False), "resultaten": ("aan", True)}
    wanted = ("--toestemming", "resultaten")
    refused = run(context, "activate", BRIN6, "basispoort", *AGREED, "--code", OTHER_CODE, *wanted)
    assert (refused.exit_code, "does not offer this" in refused.stderr) == (1, True)
    assert "versie resultaten-1" in run(context, "terms", "snappet", *wanted).stdout
    assert "versie uwlr-1" in run(context, "terms", "snappet").stdout
    assert run(context, "terms", "basispoort", *wanted).exit_code == 1
    (listed,) = [one for one in json.loads(run(context, "list", "--json").stdout) if one["koppeling"] == "snappet"]
    assert listed["toestemmingen"]["leerlinggegevens"]["agreed_at"] is None
    assert listed["verdict"]["kind"] == "wacht"
    run(context, "end", BRIN6, "snappet", "--yes")
    activate(context, "--code", CODE, "--toestemming", "resultaten", "--toestemming", "leerlinggegevens")
    assert toestemmingen(context) == {"leerlinggegevens": ("aan", True), "resultaten": ("aan", True)}
