"""What `uwlr-adapter import` tells a program with --json: of an import one object, without a name or key of a person.

docs/guides/operator.md describes its form, which only grows within one `form`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from uwlr_adapter.administratie.importing import problem_groups
from uwlr_adapter.administratie.importing.batches import Batch
from uwlr_adapter.administratie.importing.importer import Imported
from uwlr_adapter.administratie.importing.not_taken import NotTaken
from uwlr_adapter.administratie.importing.problem_groups import ProblemGroup
from uwlr_adapter.administratie.model import ImportRefusedError, Problem, Severity
from uwlr_adapter.cli.json_output import moment_of

FORM = 1
"""The number of the form of the report; a member that goes, or means something else, makes it another one."""
TAKEN, REFUSED, ASKS = "taken", "refused", "asks"


def taken(part: str, done: Imported, *, dry_run: bool) -> dict[str, Any]:
    """Return the report of a part that is taken; a dry run has no batch."""
    years = [
        {
            "brin6": report.brin6,
            "schooljaar": report.schooljaar,
            "counts": {kind: asdict(counts) for kind, counts in report.counts.items()},
            "national_numbers": sum(report.dropped.values()),
            "held": report.held,
        }
        for report in done.reports
    ]
    warnings = [warning for report in done.reports for warning in report.warnings]
    return {
        "part": part,
        "result": TAKEN,
        "batch": None if dry_run else done.batch,
        "years": years,
        "questions": [],
        **_problems(warnings),
    }


def not_taken(part: str, error: ImportRefusedError) -> dict[str, Any]:
    """Return the report of a part that is refused, or waits for an answer."""
    questions = [
        {"flag": one.flag, "element": one.element, "reason": one.reason, "subjects": len(one.subjects) + one.more}
        for one in error.problems
        if one.flag
    ]
    return {
        "part": part,
        "result": ASKS if error.asks else REFUSED,
        "batch": None,
        "years": [{"brin6": brin6, "schooljaar": schooljaar} for brin6, schooljaar in sorted(error.years)],
        "questions": questions,
        **_problems([one for one in error.problems if not one.flag]),
    }


def report(source: str, parts: Sequence[dict[str, Any]], counts: Mapping[str, int], *, dry_run: bool) -> dict[str, Any]:
    """Return the report of the command; `counts` are the numbers of parts by result, and of those not tried."""
    return {"form": FORM, "source": source, "dry_run": dry_run, **counts, "parts": list(parts)}


def of_batch(batch: Batch) -> dict[str, Any]:
    """Return a stored import, as `import list --json` and `import show --json` have it."""
    return {
        "id": batch.id,
        "brincode": batch.brincode,
        "moment": moment_of(batch.moment),
        "source": batch.source,
        "actor": batch.actor,
        "request_id": batch.request_id,
        "changes": batch.changes,
        "undone": moment_of(batch.undone_at),
        "redone": moment_of(batch.redone_at),
        "forgotten": batch.forgotten,
        "years": [
            {
                "brin6": one.brin6,
                "schooljaar": one.schooljaar,
                "counts": {kind: asdict(counts) for kind, counts in one.counts.items()},
                "warnings": one.warnings,
                "problems": _groups(one.told),
            }
            for one in batch.reports
        ],
    }


def of_waiting(one: NotTaken) -> dict[str, Any]:
    """Return a year whose last import was not taken, as `import list --json` has it."""
    return {
        "brin6": one.brin6,
        "schooljaar": one.schooljaar or None,
        "since": moment_of(one.since),
        "moment": moment_of(one.moment),
        "result": ASKS if one.asks else REFUSED,
        "questions": list(one.questions),
    }


def _problems(problems: Sequence[Problem]) -> dict[str, Any]:
    return {
        "warnings": sum(problem.severity is Severity.WARNING for problem in problems),
        "problems": _groups(problem_groups.group(problems)[: problem_groups.MAX_KEPT]),
    }


def _groups(groups: Sequence[ProblemGroup]) -> list[dict[str, Any]]:
    return [
        {
            "severity": one.severity,
            "file": one.file,
            "element": one.element,
            "reason": one.reason,
            "lines": list(one.lines),
            "count": one.count,
        }
        for one in groups
    ]
