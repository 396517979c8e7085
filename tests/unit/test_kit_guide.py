"""docs/guides/kit.md says what the kit has: its options, plans, levels, verdicts, steps and bounds."""

import re
from enum import StrEnum

import click
import pytest
from support.named_tests import DOCS

from uwlr_adapter.cli.check import check
from uwlr_adapter.cli.check_listening import check_client, check_proxy
from uwlr_adapter.cli.koppeling import activate, pause
from uwlr_adapter.kit import pytest_plugin, session
from uwlr_adapter.kit.checks import Level, Verdict
from uwlr_adapter.kit.contents import SUITES
from uwlr_adapter.kit.plans import PLANS, SECONDS
from uwlr_adapter.kit.scenarios import SCENARIOS
from uwlr_adapter.kit.session import Intensity
from uwlr_adapter.outbound import MAX_OCTETS

GUIDE = (DOCS / "guides" / "kit.md").read_text(encoding="utf-8")
OF_OTHERS = {"--with-test-school", "--port", "--junit-xml", "--preserve-status"}
"""Options in a guide that are of another program."""


def options(command: click.Command) -> set[str]:
    """Return the options of a command."""
    return {name for one in command.params for name in one.opts if name.startswith("--")}


def of_pytest() -> set[str]:
    """Return the options that the plugin adds."""
    parser = pytest.Parser(_ispytest=True)
    pytest_plugin.pytest_addoption(parser)
    return {name for group in parser._groups for one in group.options for name in one.names()}  # noqa: SLF001 - no other way


def first_cells(heading: str) -> set[str]:
    """Return the words of the first column of the table with a heading."""
    table = re.search(rf"^\| {heading} \|.*\n\|[-|]+\n((?:\|.*\n)+)", GUIDE, re.MULTILINE)
    assert table is not None
    return {word for line in table[1].splitlines() for word in re.findall(r"[\w.-]+", line.split("|")[1])}


def test_every_option_in_the_guide_exists() -> None:
    """Each --word is an option of the command or of the plugin, or of a named other program."""
    known = options(check) | of_pytest() | options(activate) | options(pause) | OF_OTHERS
    assert sorted(set(re.findall(r"--[a-z][a-z0-9-]*", GUIDE)) - known) == []


def test_every_option_in_the_guide_for_callers_exists() -> None:
    """Each --word is an option of one of the two commands that listen, or the one that chooses between them."""
    known = options(check_client) | options(check_proxy)
    guide = (DOCS / "guides" / "kit-callers.md").read_text(encoding="utf-8")
    assert sorted(set(re.findall(r"--[a-z][a-z0-9-]*", guide)) - known - OF_OTHERS) == []


def test_every_option_of_the_plugin_is_in_the_guide() -> None:
    """An option that nobody reads of is not there."""
    assert sorted(name for name in of_pytest() if name not in GUIDE) == []


@pytest.mark.parametrize(
    ("heading", "words"),
    [("level", Level), ("verdict", Verdict), ("`--intensity`", Intensity)],
    ids=str,
)
def test_every_word_of_a_list_is_explained(heading: str, words: type[StrEnum]) -> None:
    """A level, a verdict and an intensity each have their line."""
    assert first_cells(heading) == {str(word) for word in words}


def test_the_plans_chapters_and_checks_exist() -> None:
    """Each plan in the table, and each check that is named, is one of the kit; each step has its name."""
    assert first_cells("plan") <= set(PLANS)
    ids = {one.id for suite in SUITES for one in suite}
    prefixes = "|".join(suite.prefix for suite in SUITES)
    assert set(re.findall(rf"\b(?:{prefixes})-\d\d\b", GUIDE)) <= ids
    assert {"`" + step.name + "`" for one in SCENARIOS.values() for step in one.steps} <= set(
        re.findall(r"`\w+`", GUIDE)
    )


def test_the_bounds_are_those_of_the_kit() -> None:
    """Each number in the guide is the one that counts."""
    text = " ".join(GUIDE.split())
    assert f"three calls in a row without one, {session.MAX_CALLS} calls, or an hour of waiting" in text
    assert (session.MAX_LOST, session.MAX_SECONDS) == (3, 3600)
    assert f"the time for one answer: {SECONDS:g} seconds" in text
    assert f"Answers of more than {MAX_OCTETS // 1024**2} MiB" in text
    assert f"A `Retry-After` of at most {session.MAX_RETRY_AFTER} seconds" in text
