"""The rules in docs/reference/conformance.md and the tests that hold them: neither may be without the other."""

import re
from collections import Counter

import pytest
from support.named_tests import DOCS, TESTS, absent, cells, named_in, names_in

DOCUMENT = DOCS / "reference" / "conformance.md"
RELIABILITY = {"known", "inferred", "unknown"}
"""How sure a rule is."""
ALL_NAMED = (
    *("integration/test_application.py", "integration/test_geenwijzigingen.py", "integration/test_getrapt_exchange.py"),
    *("integration/test_versions.py", "live/test_check_table.py"),
    *(path.relative_to(TESTS).as_posix() for path in sorted((TESTS / "contract").rglob("test_*.py"))),
)
"""The files whose every test holds a rule."""


def problems(text: str, all_named: tuple[str, ...] = ()) -> list[str]:
    """Return what is wrong with a document of rules; nothing for a sound one."""
    found: list[str] = []
    numbers: list[str] = []
    for line in re.findall(r"^\|\s*R-.*$", text, re.MULTILINE):
        row = cells(line)
        numbers.append(row[0])
        if len(row) != 5 or not all(row):
            found.append(f"{row[0]}: not five filled cells")
            continue
        if row[3] not in RELIABILITY:
            found.append(f"{row[0]}: {row[3]} is no reliability")
        tests = named_in(row[4])
        if not tests:
            found.append(f"{row[0]}: names no test")
        found += [f"{row[0]}: {problem}" for problem in absent(tests)]
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
