"""`uwlr-adapter check --scenario koppeling` on our own service, with the commands of an operator as its hooks."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.server import command, serving

from uwlr_adapter.cli import main
from uwlr_adapter.clock import now
from uwlr_adapter.db.database import Database
from uwlr_adapter.demo import setup
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.kit.checks import Verdict
from uwlr_adapter.kit.reports import report_json
from uwlr_adapter.settings import Settings

CODE = "21QW01scenario-van-de-kit"
SECRETS = {"UWLR_KLANTCODE": setup.KLANTCODE, "UWLR_AUTORISATIESLEUTEL": CODE}
ACTS = {
    "activate": ("activate", "21QW01", "snappet", "--naam", "Test", "--akkoord"),
    "pause": ("pause", "21QW01", "snappet", "--yes"),
    "resume": ("resume", "21QW01", "snappet"),
    "end": ("end", "21QW01", "snappet", "--yes"),
}
"""The acts of an operator; the code comes from the environment of the hook."""


def check(url: str, *arguments: str, typed: str | None = None) -> Result:
    """Run the scenario."""
    usual = ("--allow-private", "--klantnaam", setup.KLANTNAAM, "--brin6", "21QW01", "--scenario", "koppeling")
    return CliRunner(env=SECRETS).invoke(main, ["check", url, *usual, *arguments], input=typed)


def hooks(data: Path) -> list[str]:
    """Return the options that do each step on the database of the service."""
    commands = {step: shlex.join(command("--data", str(data), "koppeling", *words)) for step, words in ACTS.items()}
    return [word for step, text in commands.items() for word in ("--hook", f"{step}={text}")]


def furnish(data: Path) -> None:
    """Make the example school, whose second vestiging has no koppeling."""
    settings = Settings(data=data)
    database = Database(settings.database_url)
    try:
        database.upgrade()
        setup.prepare(database, ServerKeys.from_settings(settings, database), now())
    finally:
        database.close()


def test_our_own_service_follows_the_life_of_a_koppeling(tmp_path: Path) -> None:
    """Each step counts from the moment that its command ends, and the report can be published."""
    furnish(tmp_path)
    kept = tmp_path / "report.json"
    with serving(tmp_path) as server:
        done = check(server.endpoint, *hooks(tmp_path), "--json", str(kept))
    report = report_json.read(kept.read_bytes())
    assert [(one.id, one.sentence) for one in report.results if one.verdict is not Verdict.PASS] == []
    assert (done.exit_code, report.kind, report.plan) == (0, "scenario", "koppeling")
    assert "activate: Activated snappet for 21QW01" in done.output
    assert "end: Ended snappet for 21QW01" in done.output
    assert [secret for secret in (CODE, setup.KLANTCODE) if secret in done.output + kept.read_text()] == []


def test_a_person_is_asked_for_each_step_without_a_command(tmp_path: Path) -> None:
    """The prompt says what to do; whoever says no ends the run with what was found."""
    furnish(tmp_path)
    with serving(tmp_path) as server:
        done = check(server.endpoint, *hooks(tmp_path)[:2], typed="n\n")
    assert "Step pause: Pause the koppeling: clear its verificatiecode." in done.output
    assert "The run stopped before its end: the step pause was not done." in done.output
    assert done.exit_code == 2


@pytest.mark.parametrize(
    ("hook", "cause"),
    [
        ("sh -c 'echo geheim >&2; exit 3'", "ended with status 3"),
        ("/bestaat/niet geheim", r"cannot be run \(FileNotFoundError\)"),
    ],
)
def test_a_command_that_fails_ends_the_run(tmp_path: Path, hook: str, cause: str) -> None:
    """Nothing is judged after a step that was not done; what a command is or says stands in no report."""
    kept = tmp_path / "report.json"
    furnish(tmp_path)
    with serving(tmp_path) as server:
        done = check(server.endpoint, "--hook", f"activate={hook}", "--json", str(kept))
    report = report_json.read(kept.read_bytes())
    assert re.fullmatch(f"the command of the step activate {cause}", report.stopped)
    assert {one.verdict for one in report.results[1:]} == {Verdict.CANNOT, Verdict.SKIP}
    assert done.exit_code == 2
    assert "geheim" not in kept.read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--hook", "stop=true"), "names no step of this scenario: activate, pause, resume, end"),
        (("--hook", "pause="), "--hook pause= needs a command"),
        (("--hook", "pause='"), "--hook pause= needs a command"),
        (("--only", "KOP-01"), "a scenario is run as a whole"),
        (("--only", "HTTP-01"), "a scenario is run as a whole"),
        (("--skip", "http"), "a scenario is run as a whole"),
    ],
)
def test_what_does_not_fit_a_scenario_is_told_first(arguments: tuple[str, ...], sentence: str) -> None:
    """A wrong option is refused before anything is asked or done."""
    done = check("http://127.0.0.1:9/uwlr", *arguments)
    assert done.exit_code == 2
    assert sentence in re.sub(r"[\s│]+", " ", done.output)


def test_a_hook_needs_a_scenario() -> None:
    """A command for a step that nobody takes is a mistake."""
    usual = ("--klantnaam", setup.KLANTNAAM, "--brin6", "21QW01", "--hook", "pause=true")
    done = CliRunner(env=SECRETS).invoke(main, ["check", "http://127.0.0.1:9/uwlr", *usual])
    assert "--hook is for the steps of a --scenario" in done.output
    assert done.exit_code == 2
