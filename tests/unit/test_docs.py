"""The documents are complete: every command, setting and dependency is on its page, and every path and link exists."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from uwlr_adapter import __version__
from uwlr_adapter.cli import main
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.db.causes import ADVICE
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.readiness import Unready

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "uwlr_adapter"
SETTINGS = ROOT / "docs" / "reference" / "settings.md"
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
"""Every page of the documentation."""


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command with its path."""
    context = click.Context(group)
    for naam in group.list_commands(context):
        command = group.get_command(context, naam)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*path, naam))
        else:
            yield (*path, naam), command


ALL = dict(commands(main))


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_has_help_with_an_example(path: tuple[str, ...]) -> None:
    """The help of a command shows how it is called, by its own name."""
    text = re.sub(r"\s+", " ", ALL[path].help or "")
    assert "Example:" in text
    assert f"uwlr-adapter {' '.join(path)}" in text


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_option_says_what_it_is(path: tuple[str, ...]) -> None:
    """No option stands there without a text."""
    for parameter in ALL[path].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


def test_every_setting_is_documented() -> None:
    """Each setting has a line in docs/reference/settings.md, and each line is a setting."""
    table = re.findall(r"^\| `(UWLR_\w+)` ", SETTINGS.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(table) == sorted(f"UWLR_{naam.upper()}" for naam in Settings.model_fields)


def test_every_word_of_a_fault_is_documented() -> None:
    """Each word of `regel` has a heading of its own in docs/reference/faults.md, to which a link can lead."""
    text = (ROOT / "docs" / "reference" / "faults.md").read_text(encoding="utf-8")
    words = [heading for heading in re.findall(r"^### (.+)$", text, re.MULTILINE) if heading.islower()]
    assert sorted(words) == sorted(Rule)


def test_every_word_of_a_failing_database_is_documented() -> None:
    """Each word has its advice in docs/guides/operator.md, as the log and the commands say it."""
    text = (ROOT / "docs" / "guides" / "operator.md").read_text(encoding="utf-8")
    _, _, table = text.partition("| word | what to do |\n|---|---|\n")
    assert table.partition("\n\n")[0].splitlines() == [f"| {reason} | {advice} |" for reason, advice in ADVICE.items()]


def test_every_word_of_readiness_is_documented() -> None:
    """Each word of /readyz has a line in docs/guides/operator.md."""
    text = (ROOT / "docs" / "guides" / "operator.md").read_text(encoding="utf-8")
    _, _, table = text.partition("| word | what is not right |\n|---|---|\n")
    assert sorted(re.findall(r"^\| `(\w+)` ", table.partition("\n\n")[0], re.MULTILINE)) == sorted(Unready)


def test_every_dependency_earns_its_place() -> None:
    """Each library of the project has a word in docs/dependencies.md."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["test"], *extras["dev"]]
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    for line in needed:
        naam = re.match(r"[\w-]+", line)
        assert naam is not None
        assert naam[0] in text, naam[0]


def test_the_commands_of_the_readme_exist() -> None:
    """Each `uwlr-adapter …` in the README is a command."""
    known = {path[0] for path in ALL}
    used = set(re.findall(r"^uwlr-adapter (\w+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert used <= known
    assert used >= {"import", "afnemer", "koppeling", "serve", "journaal", "pull"}


def test_the_changelog_begins_with_this_version() -> None:
    """The newest entry of the changelog is the version of the package, with its day."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    entries = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert re.fullmatch(rf"\[{re.escape(__version__)}\] - \d{{4}}-\d\d-\d\d", entries[0])


def test_make_lists_its_targets() -> None:
    """Each target that a person calls has a comment beside it, which `make` alone prints."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: ((?:.*\\\n)*.*)$", text, re.MULTILINE)
    assert phony is not None
    targets = phony[1].replace("\\\n", " ").split()
    assert sorted(targets) == sorted(re.findall(r"^([a-z-]+):.* ## \S.*$", text, re.MULTILINE))
    assert ".DEFAULT_GOAL := help\n" in text


def test_nothing_is_promised_to_be_on_an_index() -> None:
    """No document and no message tells to install the package by its bare name."""
    places = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "uwlr_adapter").rglob("*.py")]
    bare = re.compile(r"install (?:-\S+ )*['\"`]?uwlr[-_]adapter\b(?!/)")
    assert [path.name for path in places if bare.search(path.read_text(encoding="utf-8"))] == []


def paths_of(line: str) -> Iterator[tuple[str, list[Path]]]:
    """Yield each path that a line names in backticks, with the places where it may be.

    A row of the table of rooms names files of its room; other lines name paths below the package or the project.
    """
    room = re.match(r"\| `([\w/]+/)` \|", line)
    bases = [PACKAGE, ROOT, *([PACKAGE / room[1]] if room else [])]
    for path in re.findall(r"`([\w./-]+(?:/|\.(?:py|toml|md)))`", line):
        yield path, [base / path for base in bases]


def test_every_path_of_the_architecture_exists() -> None:
    """Each file and folder that ARCHITECTURE.md, CONTRIBUTING.md and the threat model name is there."""
    pages = ("ARCHITECTURE.md", "CONTRIBUTING.md", "docs/explanation/security.md")
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in pages]
    lines = "\n".join(texts).splitlines()
    named = [(path, places) for line in lines for path, places in paths_of(line)]
    assert len(named) > 40
    assert [path for path, places in named if not any(place.exists() for place in places)] == []


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    """A relative link leads to a file, and its anchor to a heading of that file."""
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if link.startswith(("https://", "http://")):
            continue
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_page_that_is_named_exists() -> None:
    """A page of docs/ that code, deploy files or other pages name by its path is there."""
    files = [*PAGES, *PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "deploy").rglob("*.*")]
    named = {path for file in files for path in re.findall(r"\bdocs/[\w./-]+\.md", file.read_text(encoding="utf-8"))}
    assert named
    assert sorted(path for path in named if not (ROOT / path).exists()) == []
