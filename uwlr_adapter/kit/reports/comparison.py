"""The comparison of two reports: which checks newly fail, are mended, are new, are gone."""

from dataclasses import dataclass
from enum import StrEnum

from uwlr_adapter.kit.checks import Level, Verdict
from uwlr_adapter.kit.listening.chapters import REQUESTS
from uwlr_adapter.kit.report import UNJUDGED, CheckResult, Report


class Change(StrEnum):
    """The change of a check between two reports; the worst first."""

    NEWLY_FAILING = "newly failing"
    """Fails now, and did not fail or was absent before."""
    STILL_FAILING = "still failing"
    UNJUDGED = "no longer judged"
    """Passed or failed before, and is not run or not to be tested now."""
    MENDED = "mended"
    """Failed before and passes now."""
    NEW = "new"
    """Absent before, and does not fail now."""
    GONE = "gone"
    """Absent now."""


@dataclass(frozen=True, slots=True)
class ChangedResult:
    """One check whose result changed, or that still fails."""

    change: Change
    result: CheckResult
    """Of the new report; of the old one for a check that is gone."""
    before: Verdict | None
    after: Verdict | None


@dataclass(frozen=True, slots=True)
class ReportComparison:
    """The differences of two reports."""

    old: Report
    new: Report
    changes: tuple[ChangedResult, ...]
    """Ordered by change, then as in the reports."""
    remarks: tuple[str, ...]
    """Sentences about what makes the two less comparable."""

    def of(self, change: Change) -> tuple[ChangedResult, ...]:
        """Return the checks to which this happened."""
        return tuple(one for one in self.changes if one.change is change)

    @property
    def is_worse(self) -> bool:
        """Whether a check of level must or should newly fails."""
        return any(one.result.level is not Level.INFORMATION for one in self.of(Change.NEWLY_FAILING))

    @property
    def exit_status(self) -> int:
        """1 when something newly fails, 2 when the new report is not whole, else 0."""
        if self.is_worse:
            return 1
        is_whole = self.new.has_run and not (self.new.stopped or self.new.has_defect)
        return 0 if is_whole else UNJUDGED


def compare(old: Report, new: Report) -> ReportComparison:
    """Compare two reports by the ids of their checks."""
    before, after = _checks(old), _checks(new)
    found = [_changed(before.get(one.id), one) for one in after.values()]
    found += [ChangedResult(Change.GONE, one, one.verdict, None) for one in before.values() if one.id not in after]
    changes = sorted((one for one in found if one is not None), key=lambda one: list(Change).index(one.change))
    return ReportComparison(old, new, tuple(changes), tuple(_remarks(old, new)))


def _checks(report: Report) -> dict[str, CheckResult]:
    """Return the results by id, without the lines of requests: the first one of two runs is not the same request."""
    return {one.id: one for one in report.results if one.suite != REQUESTS.name}


def _changed(old: CheckResult | None, new: CheckResult) -> ChangedResult | None:
    before = None if old is None else old.verdict
    if new.verdict is Verdict.FAIL:
        change = Change.STILL_FAILING if before is Verdict.FAIL else Change.NEWLY_FAILING
    elif old is None:
        change = Change.NEW
    elif before is Verdict.FAIL and new.verdict is Verdict.PASS:
        change = Change.MENDED
    elif old.is_judged and not new.is_judged:
        change = Change.UNJUDGED
    else:
        return None
    return ChangedResult(change, new, before, new.verdict)


def _remarks(old: Report, new: Report) -> list[str]:
    told = {
        "kind": (old.kind, new.kind),
        "target": (old.target, new.target),
        "plan": (old.plan, new.plan),
        "school": (old.scope.brin6, new.scope.brin6),
        "schooljaar": (old.scope.schooljaar, new.scope.schooljaar),
        "version of UWLR": (old.scope.xsdversie, new.scope.xsdversie),
        "profile": (old.scope.profile, new.scope.profile),
        "version of the kit": (old.kit, new.kit),
        "version of the rules": (old.rules_version, new.rules_version),
        "weight of should": tuple("as a must" if one.strict else "a warning" for one in (old, new)),
    }
    remarks = [
        f"The {name} differs: {was or 'none'} before, {now or 'none'} now."
        for name, (was, now) in told.items()
        if was != now
    ]
    for name, report in {"old": old, "new": new}.items():
        if report.stopped:
            remarks.append(f"The {name} run stopped before its end: {report.stopped}.")
    return remarks
