"""The rules in docs/reference/conformance.md and the tests that hold them: neither may be without the other."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
DOCUMENT = TESTS.parent / "docs" / "reference" / "conformance.md"
RELIABILITY = {"known", "inferred", "unknown"}
"""How sure a rule is."""
ALL_NAMED = (
    *("integration/test_application.py", "integration/test_geenwijzigingen.py", "integration/test_getrapt_exchange.py"),
    *("integration/test_versions.py", "live/test_check_table.py"),
    *(f"contract/{path.name}" for path in sorted((TESTS / "contract").glob("test_*.py"))),
)
"""The files whose every test holds a rule."""


@cache
def names_in(path: str) -> frozenset[str]:
    """Return the names of the tests in a file under tests/; of a parametrised test its function."""
    file = TESTS / path
    if not file.is_file():
        return frozenset()
    names = set[str]()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return frozenset(name for name in names if name.startswith(("test_", "Test")))


def named_in(text: str) -> set[tuple[str, str]]:
    """Return each test that a text names, as path and name."""
    return set(re.findall(r"`([\w/]+\.py)::(\w+)`", text))


def problems(text: str, all_named: tuple[str, ...] = ()) -> list[str]:
    """Return what is wrong with a document of rules; nothing for a sound one."""
    found: list[str] = []
    numbers: list[str] = []
    for line in re.findall(r"^\|\s*R-.*$", text, re.MULTILINE):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        numbers.append(cells[0])
        if len(cells) != 5 or not all(cells):
            found.append(f"{cells[0]}: not five filled cells")
            continue
        if cells[3] not in RELIABILITY:
            found.append(f"{cells[0]}: {cells[3]} is no reliability")
        tests = named_in(cells[4])
        if not tests:
            found.append(f"{cells[0]}: names no test")
        found += [f"{cells[0]}: no test {path}::{name}" for path, name in tests if name not in names_in(path)]
    if not numbers:
        found.append("no rule at all")
    found += [f"{number}: doubled" for number, count in Counter(numbers).items() if count > 1]
    found += [f"{number}: no number" for number in numbers if not re.fullmatch(r"R-[0-9]{3}", number)]
    named = named_in(text)
    for path in all_named:
        found += [f"{path}::{name} holds no rule" for name in sorted(names_in(path)) if (path, name) not in named]
    return found


def test_every_rule_has_its_test_and_every_test_its_rule() -> None:
    """Each rule names tests that exist, each number stands once, and no test of the contract holds no rule."""
    assert problems(DOCUMENT.read_text(encoding="utf-8"), ALL_NAMED) == []


def test_the_numbers_follow_each_other() -> None:
    """A rule that goes leaves no gap unnoticed."""
    numbers = re.findall(r"^\| R-(\d{3}) ", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(number) for number in numbers] == list(range(1, len(numbers) + 1))


GOOD = "| R-001 | a rule | a source | known | `unit/test_conformance.py::test_the_numbers_follow_each_other` |"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no rule at all"),
        (f"{GOOD}\n{GOOD}", "R-001: doubled"),
        (GOOD.replace("R-001", "R-1"), "R-1: no number"),
        (GOOD.replace("known", "certain"), "R-001: certain is no reliability"),
        (GOOD.replace("a source", ""), "R-001: not five filled cells"),
        (GOOD.replace("a rule", "a | rule"), "R-001: not five filled cells"),
        (re.sub(r"`.*`", "later", GOOD), "R-001: names no test"),
        (
            GOOD.replace("each_other", "nothing"),
            "R-001: no test unit/test_conformance.py::test_the_numbers_follow_nothing",
        ),
        (GOOD.replace("test_conformance", "test_gone"), "test_gone.py::test_the_numbers_follow_each_other"),
    ],
)
def test_a_broken_document_is_found(text: str, problem: str) -> None:
    """A rule without its test, a test that is not there and a doubled number are each seen."""
    assert any(problem in one for one in problems(text))


def test_a_sound_document_is_sound() -> None:
    """One rule with its test is a document; a test of a whole file that no rule names is seen."""
    assert problems(GOOD) == []
    assert "unit/test_conformance.py::test_a_sound_document_is_sound holds no rule" in problems(
        GOOD, ("unit/test_conformance.py",)
    )
