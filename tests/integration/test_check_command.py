"""`uwlr-adapter check` and `report compare`: the files that they leave and the exit status, over the real network."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from support.hostile_server import Hostile, hostile, response, says
from support.kit_reports import ORDINARY, report, result

from uwlr_adapter.cli import main
from uwlr_adapter.kit.checks import Verdict
from uwlr_adapter.kit.report import Report
from uwlr_adapter.kit.reports import report_html, report_json
from uwlr_adapter.kit.runner import UNFINISHED

SECRETS = {"UWLR_KLANTCODE": "een-geheime-klantcode", "UWLR_AUTORISATIESLEUTEL": "21QW00een-geheime-code"}
ARGUMENTS = ("--allow-private", "--klantnaam", "Snappet", "--brin6", "21QW00")
PAGE = says(response("200 OK", b"<html>\x1b[2Jno service</html>"))
WAIT = 60
"""Seconds for one step on a busy machine."""
GOOD = report(result(1), result(2))
BAD = report(result(1), result(2, Verdict.FAIL))
MENDED = replace(
    ORDINARY,
    results=tuple(
        replace(one, verdict=Verdict.PASS) if place < 3 else one for place, one in enumerate(ORDINARY.results)
    ),
)
STOPPED = replace(GOOD, stopped="it was interrupted")


def check(url: str, *arguments: str) -> Result:
    """Run the command."""
    return CliRunner(env=SECRETS).invoke(main, ["check", url, *ARGUMENTS, *arguments])


def saved(folder: Path, name: str, kept: Report) -> str:
    """Save a report as JSON; return its path."""
    path = folder / name
    path.write_bytes(report_json.write(kept))
    return str(path)


def link(folder: Path, name: str) -> str:
    """Make a link to a file; return its path."""
    (folder / name).symlink_to(folder / "y")
    return str(folder / name)


def forms(folder: Path) -> dict[str, Path]:
    """Return a file for each form of the report, by option."""
    return {f"--{form}": folder / f"report.{form}" for form in ("json", "junit", "html")}


def options(files: dict[str, Path]) -> list[str]:
    """Return the arguments for files."""
    return [word for option, path in files.items() for word in (option, str(path))]


def test_each_form_is_saved_for_its_owner_only(tmp_path: Path) -> None:
    """A run that found failures leaves every file, readable by its owner, and nothing of a secret in any."""
    files = forms(tmp_path)
    with hostile(PAGE) as server:
        done = check(server.url, *options(files))
    kept = report_json.read(files["--json"].read_bytes())
    assert (kept.target, kept.plan, kept.stopped) == (server.url, "las-2.2", "")
    assert done.exit_code == kept.exit_status == 1
    assert b"<testsuites" in files["--junit"].read_bytes()
    assert files["--html"].read_bytes() == report_html.write(kept)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.values()} == {0o600}
    everything = done.output + "".join(path.read_text(encoding="utf-8") for path in files.values())
    assert [secret for secret in (*SECRETS.values(), "\x1b", "no service") if secret in everything] == []
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in files.values())


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_broken_off_leaves_its_report(tmp_path: Path, end: signal.Signals) -> None:
    """After Ctrl-C the report is whole and says so; after a kill the one before the chapter is there, as not whole."""
    asked = threading.Event()

    def hang(_: socket.socket, server: Hostile) -> None:
        asked.set()
        server.over.wait(WAIT)

    files = forms(tmp_path)
    with hostile(hang) as server:
        command = [sys.executable, "-m", "uwlr_adapter", "check", server.url, *ARGUMENTS, *options(files)]
        with subprocess.Popen(command, env=SECRETS, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
            assert asked.wait(WAIT)
            run.send_signal(end)
            output, _ = run.communicate(timeout=WAIT)
            server.over.set()
    kept = report_json.read(files["--json"].read_bytes())
    if end == signal.SIGINT:
        assert (run.returncode, kept.stopped) == (2, "it was interrupted")
        assert "could not be judged" in output
    else:
        assert (run.returncode, kept.stopped) == (-end, UNFINISHED)
    assert kept.exit_status == 2
    assert len(kept.results) > 5
    assert files["--html"].read_bytes() == report_html.write(kept)
    assert stat.S_IMODE(files["--json"].stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda folder: ["--json", str(folder / "weg" / "x")], "no file can be made in the folder"),
        (lambda _: ["--json", "/proc/x"], "no file can be made in the folder"),
        (lambda _: ["--json", "/dev/null"], "is no file of its own"),
        (lambda folder: ["--json", link(folder, "x")], "is no file of its own"),
        (lambda folder: ["--html", str(folder / "x"), "--json", str(folder / "x")], "a file of its own"),
        (lambda folder: ["--against", str(folder / "weg")], "does not exist"),
        (lambda folder: ["--against", saved(folder, "x", GOOD)[:-1] + "y"], "is no report of this program"),
    ],
)
def test_what_cannot_be_saved_or_compared_is_told_first(
    tmp_path: Path, make: Callable[[Path], list[str]], sentence: str
) -> None:
    """A wrong file is refused with exit status 2 before the endpoint is called."""
    (tmp_path / "y").write_bytes(b"{}")
    with hostile(PAGE) as server:
        done = check(server.url, *make(tmp_path))
        assert server.requests == []
    assert done.exit_code == 2
    assert sentence in re.sub(r"\s+", " ", done.output)


@pytest.mark.parametrize("fills", [0, 1], ids=["full from the start", "full on the way"])
def test_a_report_that_cannot_be_saved_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fills: int) -> None:
    """A full disk is told before the first call; later it costs the file and not the verdict on the screen.

    The exit status is 2.
    """
    with hostile(PAGE) as server:

        def fail(old: str, new: str) -> None:
            if len(server.requests) >= fills:
                raise OSError(28, "No space left on device")
            rename(old, new)

        rename = os.rename
        monkeypatch.setattr("os.replace", fail)
        done = check(server.url, "--json", str(tmp_path / "x.json"))
        assert bool(server.requests) is bool(fills)
    assert done.exit_code == 2
    assert ("not conformant" in done.output) is bool(fills)
    assert "No space left on device" in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"] * fills


@pytest.mark.parametrize("missing", SECRETS)
def test_a_secret_that_nobody_gives_is_told(missing: str) -> None:
    """A CI keeps its secrets from a fork: that is no verdict on the endpoint."""
    given = {name: "" if name == missing else secret for name, secret in SECRETS.items()}
    done = CliRunner(env=given).invoke(main, ["check", "http://127.0.0.1:1/uwlr", *ARGUMENTS])
    assert done.exit_code == 2
    assert "the klantcode and the autorisatiesleutel are needed" in re.sub(r"\s+", " ", done.output)


def test_an_interruption_outside_the_run_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the report is written says nothing of the endpoint."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("uwlr_adapter.kit.runner.run", interrupt)
    assert check("http://127.0.0.1:1/uwlr").exit_code == 2


def test_a_failure_of_ours_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told by kind and place, and the exit status says that nothing was judged."""

    def fail(*_: object, **__: object) -> None:
        raise ValueError("een-geheime-klantcode")

    monkeypatch.setattr("uwlr_adapter.kit.runner.run", fail)
    done = check("http://127.0.0.1:1/uwlr")
    assert done.exit_code == 2
    assert "internal failure, please report it: builtins.ValueError" in done.output
    assert "een-geheime-klantcode" not in done.output


@pytest.mark.parametrize("mode", [("--client",), ("--proxy", "http://127.0.0.1:9/las")])
def test_an_address_in_use_is_no_verdict(mode: tuple[str, ...]) -> None:
    """The exit status is not that of a caller that is wrong."""
    with hostile(PAGE) as server:
        done = CliRunner().invoke(main, ["check", *mode, "--port", str(server.port)])
    assert done.exit_code == 2
    assert "cannot listen on 127.0.0.1" in done.output


@pytest.mark.parametrize("given", [click.Abort(), KeyboardInterrupt()])
def test_what_a_person_breaks_off_is_no_verdict(monkeypatch: pytest.MonkeyPatch, given: BaseException) -> None:
    """Ctrl-C at the question for a secret, or before the run has begun."""

    def stop(*_: object, **__: object) -> None:
        raise given

    monkeypatch.setattr("uwlr_adapter.kit.runner.run", stop)
    done = check("http://127.0.0.1:1/uwlr")
    assert (done.exit_code, done.output.strip()) == (2, "Aborted!")


def test_a_run_is_compared_with_an_earlier_report(tmp_path: Path) -> None:
    """The same file can be what is compared with and where the new report goes."""
    path = tmp_path / "last.json"
    with hostile(PAGE) as server:
        first = check(server.url, "--json", str(path))
        names = [one["id"] for one in json.loads(path.read_bytes())["results"] if one["verdict"] == "fail"]
        old = report_json.read(path.read_bytes())
        path.write_bytes(
            report_json.write(replace(old, results=tuple(replace(one, verdict=Verdict.PASS) for one in old.results)))
        )
        again = check(server.url, "--json", str(path), "--against", str(path))
    assert "Against the report of" not in first.output
    assert again.exit_code == 1
    assert again.output.splitlines()[-1].startswith("not conformant")
    for name in names:
        assert re.search(rf"newly failing.*{name}", again.output)
    assert report_json.read(path.read_bytes()).results[0].verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("old", "new", "status", "word"),
    [
        (GOOD, GOOD, 0, "nothing changed"),
        (GOOD, BAD, 1, "1 newly failing"),
        (BAD, BAD, 0, "1 still failing"),
        (BAD, GOOD, 0, "1 mended"),
        (GOOD, STOPPED, 2, "The new run stopped before its end: it was interrupted."),
        (MENDED, ORDINARY, 1, "2 newly failing, 2 still failing"),
    ],
)
def test_two_reports_are_compared(tmp_path: Path, old: Report, new: Report, status: int, word: str) -> None:
    """The exit status of `report compare` is 1 exactly when something newly fails."""
    pair = [saved(tmp_path, "old.json", old), saved(tmp_path, "new.json", new)]
    done = CliRunner().invoke(main, ["report", "compare", *pair])
    assert word in done.output
    assert done.exit_code == status


def test_many_new_and_gone_checks_take_a_line(tmp_path: Path) -> None:
    """The ids of some are shown, and how many more there are."""
    pair = [saved(tmp_path, "old.json", GOOD), saved(tmp_path, "new.json", report(*map(result, range(2, 30))))]
    lines = CliRunner().invoke(main, ["report", "compare", *pair]).output.splitlines()
    assert re.fullmatch("new: HTTP-03, .*, HTTP-22 and 7 more", lines[0])
    assert lines[1] == "gone: HTTP-01"
    assert lines[2].endswith(": 27 new, 1 gone")


def test_what_is_no_report_is_not_compared(tmp_path: Path) -> None:
    """A file of another kind is one sentence and exit status 2, and nothing of it is shown."""
    other = tmp_path / "other.json"
    other.write_bytes(b'{"format": 1, "kanarie": "\x1b[2J"}')
    done = CliRunner().invoke(main, ["report", "compare", saved(tmp_path, "old.json", GOOD), str(other)])
    assert done.exit_code == 2
    assert "is no report of this program" in done.output
    assert "kanarie" not in done.output
