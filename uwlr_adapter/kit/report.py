"""A report: what a run found, as plain data that may be published. The forms of it are in `kit.reports`."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from uwlr_adapter.kit import rules
from uwlr_adapter.kit.causes import LikelyCause, Sign, likely_causes
from uwlr_adapter.kit.checks import DEFECT, Check, Level, Verdict
from uwlr_adapter.kit.masking import MaskedExchange

FORMAT = 1
"""Number of the form of a report as JSON; a reader refuses a higher one."""
MAX_KEPT = 6
"""Exchanges of one check that stand in a report (inclusive)."""
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
    """A command that runs this check alone."""
    sign: Sign | None = None
    """The kind of the last response to a failed check of an endpoint; None for every other result."""

    @property
    def is_defect(self) -> bool:
        """Whether the kit itself failed here, so that nothing is known of the endpoint."""
        return self.verdict is Verdict.CANNOT and self.sentence.startswith(DEFECT)

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
        sign: Sign | None = None,
    ) -> "CheckResult":
        """Return the result of a check."""
        return cls(
            check.id, check.title, check.suite, check.rules, check.level, verdict, sentence, exchanges, reproduce, sign
        )


@dataclass(frozen=True, slots=True)
class ReportScope:
    """The scope of a run, as texts that may be published; an empty one was not known, or differs per request."""

    brin6: str = ""
    """The vestiging, such as 21QW00: a public register has it."""
    schooljaar: str = ""
    xsdversie: str = ""
    profile: str = ""
    """The profile that was agreed on, by its name in the standard."""


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run, or as much of it as was done."""

    kind: str
    """`endpoint`, `results`, `scenario`, `caller` or `proxy`."""
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
    scope: ReportScope = field(default_factory=ReportScope)
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
    def causes(self) -> tuple[LikelyCause, ...]:
        """The common causes of failed checks, the one of most failures first."""
        return likely_causes(self.results)

    @property
    def has_run(self) -> bool:
        """Whether anything was judged."""
        return any(one.is_judged for one in self.results)

    @property
    def has_defect(self) -> bool:
        """Whether the kit itself failed at a check."""
        return any(one.is_defect for one in self.results)

    @property
    def is_conformant(self) -> bool:
        """Whether the run came to its end, more than information passed, and nothing that weighs failed."""
        has_passed = any(one.verdict is Verdict.PASS and one.level is not Level.INFORMATION for one in self.results)
        return has_passed and not (self.failures or self.stopped or self.has_defect)

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
