"""Write docs/reference/kit.md from the rules and the checks of the conformance kit; with --check only compare."""

import sys
from collections.abc import Iterator
from pathlib import Path

from uwlr_adapter.kit import rules
from uwlr_adapter.kit.checks import Check, Suite
from uwlr_adapter.kit.contents import CONTENTS, SUITES
from uwlr_adapter.kit.rules import StandardRule

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "kit.md"
HEAD = """\
# The conformance kit: rules and checks

Each rule of the [conformance list](conformance.md) with the checks that judge it, or why no check can see it from
outside; then each check with its rules. How to run them: [for an endpoint](../guides/kit.md), [for a caller, and
between the two](../guides/kit-callers.md). `make kit` writes this page from `uwlr_adapter/kit/rules.toml` and the
checks themselves.

**How sure** says where a rule comes from: *known* was read in an official file or page, *inferred* follows from known
facts, from another standard or from the behaviour of real clients, and of an *unknown* one no source was found.
**Levels**: a failed *must* makes what is judged not conformant, a failed *should* is a warning, and *information*
weighs nothing.
"""
NO_RULE = "none: what known clients need"
_KINDS = {
    "endpoint": "Checks of an endpoint",
    "results": "Checks of an endpoint of results, which write (`--results`)",
    "scenario": "Scenarios, with a person in them",
    "caller": "Checks of a caller",
    "proxy": "Checks between the two, beside those of a caller",
}


def page() -> str:
    """Return the page as it must be."""
    table = rules.load()
    lines = [HEAD, "## Rules\n", *_rules(table)]
    for kind, suites in CONTENTS.items():
        lines += ["", f"## {_KINDS[kind]}"]
        for suite in suites:
            lines += ["", f"### {suite.title} (`{suite.name}`)\n", *_checks(suite, table)]
    return "\n".join([*lines, ""])


def _rules(table: dict[str, StandardRule]) -> Iterator[str]:
    by_rule: dict[str, list[str]] = {}
    for check in _every_check():
        for number in check.rules:
            by_rule.setdefault(number, []).append(check.id)
    seen = sum(number in by_rule for number in table)
    yield f"{seen} of {len(table)} rules have a check.\n"
    yield "| no. | rule | source | how sure | checks, or why there is none |"
    yield "|---|---|---|---|---|"
    for number, rule in table.items():
        checks = ", ".join(by_rule.get(number, [])) or f"*{rule.unseen}*"
        yield _row(number, rule.text, rule.source, rule.sure, checks)


def _checks(suite: Suite, table: dict[str, StandardRule]) -> Iterator[str]:
    yield "| check | what must hold | level | rules, with source and how sure |"
    yield "|---|---|---|---|"
    for check in suite:
        told = "; ".join(f"{number} ({table[number].source}: {table[number].sure})" for number in check.rules)
        yield _row(check.id, check.title, check.level, told or NO_RULE)


def _every_check() -> Iterator[Check]:
    for suite in SUITES:
        yield from suite


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;').replace('<', '&lt;') for cell in cells)} |"


def main() -> int:
    """Write the page, or return 1 when --check finds it out of date."""
    if "--check" in sys.argv:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
            print(f"docs/reference/{PAGE.name} is out of date: run `make kit`")
            return 1
        return 0
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
