"""The plugin for pytest: each check is a test, with the verdict and the sentence of the kit, and no secret."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from lxml import etree
from support.hostile_server import Hostile, hostile
from support.kit_answers import PUPIL, SCHOOLJAAR, SECRETS, always_data

MODULE = "uwlr_adapter.kit.pytest_plugin"
WAIT = 120
"""Seconds for one run of pytest on a busy machine."""
USUAL = ("--uwlr-allow-private", "--uwlr-klantnaam", "Snappet", "--uwlr-brin6", "21QW00", "--uwlr-intensity", "full")


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder with the plugin and no other one."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("UWLR_", "PYTEST_"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", MODULE, "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env={**clean, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=False,
    )


def check(folder: Path, server: Hostile, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the kit through pytest against a server."""
    where = ("--uwlr-endpoint", server.url, "--uwlr-schooljaar", SCHOOLJAAR)
    return run(folder, *where, *USUAL, *arguments, **SECRETS)


def test_each_check_is_a_test_with_its_verdict(tmp_path: Path) -> None:
    """What fails fails with its sentence, a should warns, what is not judged is skipped, and nothing secret is told."""
    (tmp_path / "test_own.py").write_text("def test_own():\n    assert True\n", encoding="utf-8")
    with hostile(always_data()) as server:
        done = check(tmp_path, server, "-v", "-rsA", "--showlocals", "--junit-xml", "junit.xml")
    output = done.stdout + done.stderr
    assert done.returncode == 1
    assert "test_own.py::test_own PASSED" in output
    assert re.search(r"uwlr::http::HTTP-01 PASSED", output)
    assert re.search(r"uwlr::autorisatie::AUT-11 FAILED", output)
    assert (
        "AUT-11 (must): A klantcode that does not belong to the klantnaam is answered with leerlinggegevens with "
        "HTTP 200 instead of Client.OngeldigeKlantIdentificatie." in output
    )
    assert "R-020: The LAS issues each EA a klantnaam and a klantcode" in output
    assert "UwlrCheckWarning: HTTP-07: The answer has no XML declaration." in output
    assert re.search(r"uwlr::http::HTTP-07 PASSED", output)
    assert re.search(r"SKIPPED.*: Because an unknown klantnaam is answered with leerlinggegevens", output)
    assert re.search(r"uwlr::http::HTTP-21 PASSED", output)  # of level information: it fails and weighs nothing
    written = (tmp_path / "junit.xml").read_text(encoding="utf-8")
    assert [secret for secret in (*SECRETS.values(), PUPIL) if secret in output + written] == []
    cases = {case.get("name"): case for case in etree.fromstring(written.encode()).iter("testcase")}
    assert {case.get("classname") for case in cases.values()} >= {"uwlr.http", "uwlr.wsdl", "uwlr.whole"}
    told = {one.get("name"): one.get("value") for one in cases["HTTP-07"].iter("property")}
    assert told == {
        "verdict": "fail",
        "level": "should",
        "sentence": "The answer has no XML declaration.",
        "rules": "R-008",
    }


def test_strict_lets_a_warning_fail(tmp_path: Path) -> None:
    """With --uwlr-strict a check of level should weighs as a must."""
    with hostile(always_data()) as server:
        done = check(tmp_path, server, "-k", "HTTP-07", "--uwlr-strict")
    assert "HTTP-07 (should): The answer has no XML declaration." in done.stdout
    assert done.returncode == 1


def test_a_warning_is_none_of_the_errors_of_a_project(tmp_path: Path) -> None:
    """A project that makes an error of each warning means those of its own code; -W says so of the kit."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", encoding="utf-8")
    with hostile(always_data()) as server:
        done = check(tmp_path, server, "-k", "HTTP-07")
        asked = check(tmp_path, server, "-k", "HTTP-07", "-W", f"error::{MODULE}.UwlrCheckWarning")
    assert "UwlrCheckWarning: HTTP-07: The answer has no XML declaration." in done.stdout
    assert (done.returncode, asked.returncode) == (0, 1)


def test_one_check_can_be_chosen(tmp_path: Path) -> None:
    """What it builds on is run too, though it is not among the tests."""
    with hostile(always_data()) as server:
        done = check(tmp_path, server, "-k", "LG-04")
    assert re.search(r"1 passed, \d+ deselected", done.stdout)
    assert len(server.requests) == 1


def test_an_endpoint_that_is_not_there_fails_once(tmp_path: Path) -> None:
    """A run that cannot be done is not green: its first check fails, and the others are skipped in one line."""
    with hostile(always_data()) as server:
        pass
    done = check(tmp_path, server, "-rs", "--tb=short")
    assert done.returncode == 1
    assert re.search(r"1 failed, \d+ skipped in", done.stdout)
    assert done.stdout.count("SKIPPED") == 1
    assert "no usable answer comes: 127.0.0.1" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "missing", "sentence"),
    [
        (("--uwlr-klantnaam", ""), "", "needs --uwlr-klantnaam too"),
        (("--uwlr-brin6", ""), "", "needs --uwlr-brin6 too"),
        (("--uwlr-brin6", "21QW"), "", "a brin6 is a brincode and a dependancecode in capitals"),
        (("--uwlr-plan", "x"), "", "there is no plan x"),
        (("--uwlr-profile", "x"), "", "there is no profile of this name"),
        (("--uwlr-intensity", "x"), "", "--uwlr-intensity is one of: gentle, normal, full"),
        ((), "UWLR_KLANTCODE", "needs UWLR_KLANTCODE in the environment"),
        ((), "UWLR_AUTORISATIESLEUTEL", "needs UWLR_AUTORISATIESLEUTEL in the environment"),
        (("-p", "xdist", "-n", "2"), "", "leave -n out, or add -n 0"),
        (("-p", "xdist", "-d", "--tx", "2*popen"), "", "leave -n out"),
    ],
)
def test_what_is_missing_is_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], missing: str, sentence: str
) -> None:
    """A run that cannot begin is an error of usage, which no test has to tell."""
    given = {name: value for name, value in SECRETS.items() if name != missing}
    done = run(tmp_path, "--uwlr-endpoint", "http://127.0.0.1:9/", *USUAL, *arguments, **given)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert sentence in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_the_plugin_costs_nothing_when_it_is_not_used(tmp_path: Path) -> None:
    """Beside pytest it imports nothing but itself, and adds no test."""
    told = "import sys, pytest; before = set(sys.modules); import {0}; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-c", told.format(MODULE)], capture_output=True, text=True, timeout=WAIT, check=True
    )
    assert done.stdout.split() == ["uwlr_adapter", "uwlr_adapter.kit", MODULE]
    assert run(tmp_path).returncode == pytest.ExitCode.NO_TESTS_COLLECTED


def test_pytest_finds_the_plugin_by_itself() -> None:
    """The package names it as an entry point."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"uwlr": MODULE}
