"""The pages about security: every test that they name exists, and no requirement is passed over in silence."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.named_tests import DOCS, TESTS, absent, cells, named_in

ASVS = DOCS / "reference" / "asvs.md"
SECURITY = DOCS / "explanation" / "security.md"
PAGES = (ASVS, SECURITY, DOCS.parent / "SECURITY.md")
STATES = {"met", "partly", "not met"}
NUMBER = re.compile(r"V\d+(?:\.\d+){0,2}")
THREATS = re.compile(r"^\| it may \| what stops it \| tests \|\n\|[-|]+\|\n((?:\|.*\n)+)", re.MULTILINE)


def required() -> dict[str, int]:
    """Return the level of each requirement of level 1 and 2, by its number."""
    lines = (TESTS / "data" / "asvs-5.0.0.txt").read_text(encoding="utf-8").splitlines()[1:]
    levels = dict(line.split() for line in lines)
    return {
        f"{section}.{number}": int(level)
        for section, each in levels.items()
        for number, level in enumerate(each, start=1)
        if level in "12"
    }


def problems(text: str, levels: Mapping[str, int]) -> list[str]:
    """Return what is wrong with a page of requirements, of which these have to be on it; nothing for a sound one."""
    found: list[str] = []
    numbers: list[str] = []
    for line in re.findall(r"^\|\s*V\d.*$", text, re.MULTILINE):
        row = cells(line)
        numbers.append(row[0])
        if len(row) != 5 or not all(row):
            found.append(f"{row[0]}: not five filled cells")
            continue
        number, level, _, state, how = row
        if level != str(levels.get(number)):
            found.append(f"{number}: is not of level {level}")
        if state not in STATES:
            found.append(f"{number}: {state} is no state")
        if state == "met" and not named_in(how) and "](" not in how:
            found.append(f"{number}: met, by no test and no page")
        if state != "met" and not re.search(r"\w", re.sub(r"`[^`]*`", "", how)):
            found.append(f"{number}: {state}, without a reason")
        found += [f"{number}: {problem}" for problem in absent(named_in(how))]
    for line in re.findall(r"^Does not apply: (.*?)(?:\n\n|\Z)", text, re.MULTILINE | re.DOTALL):
        for place in NUMBER.findall(line):
            covered = [number for number in levels if f"{number}.".startswith(f"{place}.")]
            found += [f"{place}: nothing of level 1 or 2"] * (not covered)
            numbers += covered
    counts = Counter(numbers)
    found += [f"{number}: doubled" for number, count in counts.items() if count > 1]
    return found + [f"{number}: passed over" for number in levels if number not in counts]


def test_every_requirement_is_answered() -> None:
    """Each requirement of level 1 and 2 has a row with its test or its reason, or does not apply; and none has two."""
    assert len(required()) == 253
    assert problems(ASVS.read_text(encoding="utf-8"), required()) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_is_named_exists(page: Path) -> None:
    """A claim about security holds as long as its test is there."""
    assert absent(named_in(page.read_text(encoding="utf-8"))) == []


def test_every_threat_names_a_test() -> None:
    """Each row of a table of threats says what stops it, and which test holds that."""
    tables = THREATS.findall(SECURITY.read_text(encoding="utf-8"))
    rows = [cells(line) for table in tables for line in table.splitlines()]
    assert len(tables) > 5
    assert [row for row in rows if len(row) != 3 or not all(row) or not named_in(row[2])] == []


GOOD = "| V1.1.1 | 2 | once | met | `unit/test_security_pages.py::test_every_requirement_is_answered` |"
LEVELS = {"V1.1.1": 2, "V1.2.1": 1, "V1.2.2": 2, "V10.1.1": 2}
REST = "Does not apply: **V1.2** no such thing; **V10** idem."


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (GOOD, "V1.2.2: passed over"),
        (f"{GOOD}\n{GOOD}\n\n{REST}", "V1.1.1: doubled"),
        (f"{GOOD}\n\n{REST} **V1.1.1** too", "V1.1.1: doubled"),
        (f"{GOOD}\n\n{REST} **V3**", "V3: nothing of level 1 or 2"),
        (GOOD.replace("| 2 |", "| 1 |"), "V1.1.1: is not of level 1"),
        (GOOD.replace("V1.1.1", "V1.1.9"), "V1.1.9: is not of level 2"),
        (GOOD.replace("met", "so so"), "V1.1.1: so so is no state"),
        (GOOD.replace("once", ""), "V1.1.1: not five filled cells"),
        (re.sub("`.*`", "surely", GOOD), "V1.1.1: met, by no test and no page"),
        (GOOD.replace("met", "not met"), "V1.1.1: not met, without a reason"),
        (GOOD.replace("answered", "forgotten"), "V1.1.1: no test unit/test_security_pages.py::"),
    ],
)
def test_a_broken_page_is_found(text: str, problem: str) -> None:
    """A requirement that is passed over, doubled, or claimed without a test is seen."""
    assert any(one.startswith(problem) for one in problems(text, LEVELS))


def test_a_sound_page_is_sound() -> None:
    """A row with its test, and what does not apply by number, section and chapter."""
    assert problems(f"{GOOD}\n\n{REST}", LEVELS) == []
