"""The rules of the kit: each has a check or a reason, and they are those of docs/reference/conformance.md."""

import re
from collections import Counter
from dataclasses import replace

import pytest
from support.named_tests import DOCS, cells

from uwlr_adapter.kit import rules
from uwlr_adapter.kit.checks import Level, Suite
from uwlr_adapter.kit.contents import SUITES
from uwlr_adapter.kit.rules import StandardRule

CHECKS = [check for suite in SUITES for check in suite]


def problems(table: dict[str, StandardRule], suites: tuple[Suite, ...]) -> list[str]:
    """Return what is wrong between rules and checks; nothing when each rule has a check or a reason."""
    judged = {number for suite in suites for check in suite for number in check.rules}
    found = [f"{number}: there is no such rule" for number in sorted(judged - set(table))]
    found += [f"{number}: neither a check nor a reason" for number in table if number not in judged | unseen(table)]
    return found + [f"{number}: a check, and a reason why there is none" for number in sorted(judged & unseen(table))]


def unseen(table: dict[str, StandardRule]) -> set[str]:
    """Return the numbers of the rules that no check sees."""
    return {number for number, rule in table.items() if rule.unseen}


def test_each_rule_has_a_check_or_a_reason() -> None:
    """No rule is left out silently, and no check names a rule that is not there."""
    assert problems(rules.load(), SUITES) == []


@pytest.mark.parametrize(
    ("number", "change", "problem"),
    [
        ("R-001", {"unseen": "for no reason"}, "R-001: a check, and a reason why there is none"),
        ("R-022", {"unseen": ""}, "R-022: neither a check nor a reason"),
        ("R-001", None, "R-001: there is no such rule"),
    ],
)
def test_what_does_not_fit_is_found(number: str, change: dict[str, str] | None, problem: str) -> None:
    """A reason too many, one too few, and a rule that went are each seen."""
    table = dict(rules.load())
    rule = table.pop(number)
    if change is not None:
        table[number] = replace(rule, **change)  # type: ignore[arg-type] # the fields are texts
    assert problems(table, SUITES) == [problem]


def test_the_rules_are_those_of_the_conformance_list() -> None:
    """Number, text, source and how sure it is agree word for word, in the same order."""
    text = (DOCS / "reference" / "conformance.md").read_text(encoding="utf-8")
    listed = [cells(line)[:4] for line in re.findall(r"^\| R-\d{3} .*$", text, re.MULTILINE)]
    assert [[rule.id, rule.text, rule.source, rule.sure] for rule in rules.load().values()] == listed


def test_the_name_of_a_check_is_its_own() -> None:
    """An id stands for one check in every kind of report, and a chapter for one name."""
    for names in ([check.id for check in CHECKS], [suite.name for suite in SUITES], [suite.prefix for suite in SUITES]):
        assert [name for name, number in Counter(names).items() if number > 1] == []


def test_a_title_reads_as_a_sentence_without_its_full_stop() -> None:
    """The title of a check stands in tables, and becomes a sentence of a report."""
    assert [check.id for check in CHECKS if check.title.endswith(".")] == []


def test_a_must_rests_on_a_rule_with_a_source() -> None:
    """Nothing is called not conformant for what no rule with a source says: that makes a warning at most."""
    table = rules.load()
    assert not [
        check.id
        for check in CHECKS
        if check.level is Level.MUST and {table[number].sure for number in check.rules} <= {"unknown"}
    ]
