"""A report in chapters: the results of each suite together, with one verdict and their counts."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from uwlr_adapter.kit.checks import Level, Verdict
from uwlr_adapter.kit.listening.chapters import CHAPTERS
from uwlr_adapter.kit.report import CheckResult, Report, in_order
from uwlr_adapter.kit.scenarios import SCENARIOS
from uwlr_adapter.kit.suites import ALL, RESULTS

TITLES: Final[Mapping[str, str]] = {
    suite.name: suite.title for suite in (*ALL, *RESULTS, *(one.suite for one in SCENARIOS.values()), *CHAPTERS)
}
"""The title of every chapter by its name, of one without checks too."""


class ChapterVerdict(StrEnum):
    """The outcome of a chapter."""

    FAILS = "fails"
    WARNS = "passes, with warnings"
    PASSES = "passes"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, slots=True)
class Chapter:
    """The results of one suite, with the failures first."""

    name: str
    title: str
    verdict: ChapterVerdict
    results: tuple[CheckResult, ...]

    @property
    def counts(self) -> str:
        """How many results there are of each verdict, such as `12 pass, 1 fail, 2 fail (should)`."""
        return counts_of(self.results)


def chapters_of(report: Report) -> list[Chapter]:
    """Return the chapters of a report in the order of its results."""
    by_name: dict[str, list[CheckResult]] = {}
    for result in report.results:
        by_name.setdefault(result.suite, []).append(result)
    return [
        Chapter(name, TITLES.get(name, name), _verdict(report, results), tuple(in_order(results)))
        for name, results in by_name.items()
    ]


def counts_of(results: tuple[CheckResult, ...]) -> str:
    """Return how many results there are of each verdict; a failure that is no must has its level beside it."""
    counted = Counter((one.verdict, one.level if one.verdict is Verdict.FAIL else Level.MUST) for one in results)
    told = [
        f"{counted[verdict, level]} {verdict}{'' if level is Level.MUST else f' ({level})'}"
        for verdict in Verdict
        for level in Level
        if counted[verdict, level]
    ]
    return ", ".join(told) or "no checks"


def scope_of(report: Report) -> list[tuple[str, str]]:
    """Return what a run asked for, with a word for each; the text of what is not known is empty."""
    scope = report.scope
    return [
        ("School", scope.brin6),
        ("Schooljaar", scope.schooljaar),
        ("Version", scope.xsdversie),
        ("Profile", scope.profile),
    ]


def _verdict(report: Report, results: list[CheckResult]) -> ChapterVerdict:
    if any(report.weighs(one) for one in results):
        return ChapterVerdict.FAILS
    if any(one.verdict is Verdict.FAIL and one.level is Level.SHOULD for one in results):
        return ChapterVerdict.WARNS
    return ChapterVerdict.PASSES if any(one.is_judged for one in results) else ChapterVerdict.NOT_JUDGED
