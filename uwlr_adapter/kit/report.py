"""A report: what a run found, as plain data that may be published. The forms of it are in `kit.reports`."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from uwlr_adapter.kit import rules
from uwlr_adapter.kit.checks import Check, Level, Verdict
from uwlr_adapter.kit.masking import MaskedExchange

FORMAT = 1
"""Number of the form of a report as JSON; a reader refuses a higher one."""
UNJUDGED = 2
"""The exit status of a run that judged nothing, or not to its end."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The outcome of one check."""

    id: str
    title: str
    suite: str
    rules: tuple[str, ...]
    level: Level
    verdict: Verdict
    sentence: str
    """The finding, one sentence."""
    exchanges: tuple[MaskedExchange, ...] = ()
    reproduce: str = ""
    """A command that runs this check alone; one that listens makes its whole run again."""

    @property
    def is_judged(self) -> bool:
        """Whether it passes or fails."""
        return self.verdict in {Verdict.PASS, Verdict.FAIL}

    @classmethod
    def of(
        cls,
        check: Check,
        verdict: Verdict,
        sentence: str,
        exchanges: tuple[MaskedExchange, ...] = (),
        reproduce: str = "",
    ) -> "CheckResult":
        """Return the result of a check."""
        return cls(
            check.id, check.title, check.suite, check.rules, check.level, verdict, sentence, exchanges, reproduce
        )


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run, or as much of it as was done."""

    kind: str
    """`endpoint`, `scenario`, `caller` or `proxy`."""
    target: str
    """The address without its query, or what was judged instead of one."""
    plan: str
    moment: datetime
    """When the run began, UTC."""
    kit: str
    """The version of this package."""
    results: tuple[CheckResult, ...]
    stopped: str = ""
    """Why the run ended before its last check; empty when it did not."""
    strict: bool = False
    """Whether a check of level `should` weighs as a must."""
    rules_version: str = field(default_factory=rules.version)
    """The version of the table of rules."""

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        """The results that make this report not conformant."""
        return tuple(one for one in self.results if self.weighs(one))

    def weighs(self, result: CheckResult) -> bool:
        """Whether a result makes this report not conformant."""
        weighing = {Level.MUST, Level.SHOULD} if self.strict else {Level.MUST}
        return result.verdict is Verdict.FAIL and result.level in weighing

    @property
    def warnings(self) -> tuple[CheckResult, ...]:
        """The failed checks of level `should` that do not weigh."""
        return tuple(
            one for one in self.results if one.verdict is Verdict.FAIL and one.level is Level.SHOULD and not self.strict
        )

    @property
    def has_run(self) -> bool:
        """Whether anything was judged."""
        return any(one.is_judged for one in self.results)

    @property
    def is_conformant(self) -> bool:
        """Whether the run came to its end, something passed, and nothing that weighs failed."""
        has_passed = any(one.verdict is Verdict.PASS for one in self.results)
        return has_passed and not self.failures and not self.stopped

    @property
    def exit_status(self) -> int:
        """0 for conformant, 1 for not, UNJUDGED when the run could not be done."""
        if self.failures:
            return 1
        return 0 if self.is_conformant else UNJUDGED

    @property
    def shown_moment(self) -> str:
        """The moment for a reader, in UTC."""
        return f"{self.moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"

    @property
    def conclusion(self) -> str:
        """The verdict in words."""
        return {0: "conformant", 1: "not conformant", UNJUDGED: "could not be judged"}[self.exit_status]

    def count(self) -> Counter[Verdict]:
        """Count the results by verdict."""
        return Counter(one.verdict for one in self.results)


def in_order(results: Iterable[CheckResult]) -> list[CheckResult]:
    """Return results with the failures first: by level, then in their own order."""
    weight = {level: place for place, level in enumerate(Level)}
    return sorted(results, key=lambda one: (one.verdict is not Verdict.FAIL, weight[one.level]))
