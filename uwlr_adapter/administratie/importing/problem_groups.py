"""Problems that differ in their line only, as one group: how they are shown, and what a batch keeps of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from uwlr_adapter.administratie.model import Problem, Severity

MAX_LINES = 20
"""Most line numbers shown for one problem; a file of another school has thousands."""
MAX_KEPT = 100
"""Most groups that a batch keeps of one year; more say nothing new."""


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """Problems with one reason; `lines` are the first MAX_LINES in ascending order, of `count` lines that are known.

    `asks` says that the problem is a question, which has an option that answers it.
    """

    severity: Severity
    file: str
    element: str
    reason: str
    lines: tuple[int, ...]
    count: int
    asks: bool = False


def group(problems: Iterable[Problem]) -> list[ProblemGroup]:
    """Return the problems in groups: what refuses first, then by file and first line."""
    line_numbers: defaultdict[tuple[Severity, str, str, str, bool], list[int]] = defaultdict(list)
    for problem in problems:
        key = (problem.severity, problem.file, problem.element, problem.reason, bool(problem.flag))
        line_numbers[key].append(problem.line)
    ordered = sorted(line_numbers.items(), key=lambda item: (item[0][0], item[0][1], min(item[1])))
    groups = []
    for (severity, file, element, reason, asks), numbers in ordered:
        lines = sorted(number for number in numbers if number)
        groups.append(ProblemGroup(severity, file, element, reason, tuple(lines[:MAX_LINES]), len(lines), asks))
    return groups


def stored(warnings: Iterable[Problem]) -> list[dict[str, Any]]:
    """Return what a batch keeps of its warnings: no value of a person, and at most MAX_KEPT groups."""
    return [
        {"file": one.file, "element": one.element, "reason": one.reason, "lines": list(one.lines), "count": one.count}
        for one in group(warnings)[:MAX_KEPT]
    ]


def restored(kept: Iterable[Mapping[str, Any]]) -> tuple[ProblemGroup, ...]:
    """Return kept warnings as they were stored."""
    return tuple(
        ProblemGroup(Severity.WARNING, one["file"], one["element"], one["reason"], tuple(one["lines"]), one["count"])
        for one in kept
    )
