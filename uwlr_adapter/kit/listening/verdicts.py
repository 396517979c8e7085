"""The report of a conversation: what its checks find."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from uwlr_adapter import __version__
from uwlr_adapter.kit import plans
from uwlr_adapter.kit.checks import Check
from uwlr_adapter.kit.listening import answer_checks, behaviour, request_checks, results_checks
from uwlr_adapter.kit.listening.chapters import BETWEEN, NEXT, REQUESTS, SITUATION, SOAP, TRANSPORT, VERZOEK
from uwlr_adapter.kit.listening.deviations import RULES, Deviation
from uwlr_adapter.kit.listening.turn import Conversation
from uwlr_adapter.kit.report import MAX_KEPT, CheckResult, Report, ReportScope

_OF_REQUESTS = (TRANSPORT, SOAP, VERZOEK)
_NOT_BETWEEN = {f"{RULES[one].chapter}-{RULES[one].number:02}" for one in (Deviation.KLANT, Deviation.SLEUTEL)}
"""Checks that need to know what the caller was given."""
CALLER: Final = tuple(check for suite in (*_OF_REQUESTS, NEXT, SITUATION, results_checks.FILLED) for check in suite)
"""The checks of a caller."""
PROXY: Final = (
    *(check for suite in (*_OF_REQUESTS, NEXT) for check in suite if check.id not in _NOT_BETWEEN),
    *BETWEEN,
    *answer_checks.CHECKS.values(),
)
"""The checks of both sides: those of the requests, and those of one answer."""


@dataclass(frozen=True, slots=True)
class ChosenChecks:
    """The checks that stand in a report, and whether each request has a line in it."""

    checks: tuple[Check, ...]
    has_lines: bool = True


def choose(available: tuple[Check, ...], only: tuple[str, ...] = (), skip: tuple[str, ...] = ()) -> ChosenChecks:
    """Return the checks that are asked for; `only` and `skip` hold names of chapters and ids of checks.

    The chapter with a line for each request is one of them. Raises PlanError.
    """
    lines = REQUESTS.name
    has_lines = (not only or lines in only) and lines not in skip
    checks_only, checks_skip = (tuple(word for word in words if word != lines) for words in (only, skip))
    if has_lines and only and not checks_only:
        return ChosenChecks(())
    return ChosenChecks(tuple(plans.pick(available, checks_only or only, checks_skip)), has_lines)


@dataclass(frozen=True, slots=True)
class ListeningRun:
    """One run that listens: what its report says beside what came. `target` is an address without its query."""

    target: str
    moment: datetime
    """When it began, UTC."""
    chosen: ChosenChecks
    scope: ReportScope = field(default_factory=ReportScope)
    is_strict: bool = False
    options: tuple[str, ...] = ()
    """Options of the command that repeats the run."""


def caller_report(talk: Conversation, run: ListeningRun, stopped: str = "") -> Report:
    """Return the report on a caller; the target of the run is the address at which it was listened to.

    `stopped` is why it is not whole; empty when it is.
    """
    return _report("caller", "uwlr-adapter check --client", talk, run, stopped)


def proxy_report(talk: Conversation, run: ListeningRun, stopped: str = "") -> Report:
    """Return the report on both sides; the target of the run is the address of the endpoint.

    `stopped` is why it is not whole; empty when it is.
    """
    return _report(
        "proxy", shlex.join(["uwlr-adapter", "check", "--proxy", run.target, *run.options]), talk, run, stopped
    )


def _report(kind: str, line: str, talk: Conversation, run: ListeningRun, stopped: str) -> Report:
    """Return a report; `line` is the command that repeats the run."""
    with talk.lock:
        results = [
            replace(one, reproduce=f"{line} --only {one.id}{behaviour.OPTIONS.get(one.id, '')}")
            for one in _results(talk, run.chosen.checks)
        ]
        if run.chosen.has_lines:
            results += [replace(one, reproduce=line) for one in request_checks.lines(talk)]
        return Report(
            kind,
            run.target,
            kind,
            run.moment,
            __version__,
            tuple(results),
            stopped or _unread(talk),
            run.is_strict,
            run.scope,
        )


def _results(talk: Conversation, checks: Iterable[Check]) -> Iterable[CheckResult]:
    """Yield what each check finds, over all requests or over all answers."""
    answers = answer_checks.by_check(talk)
    for check in checks:
        if check.suite == BETWEEN.name or check.id in answer_checks.CHECKS:
            yield answer_checks.result(check, answers.get(check.id, []))
        else:
            yield _judge(talk, check)


def _unread(talk: Conversation) -> str:
    """Return why nothing can be said of a caller whose requests were all refused by HTTP; empty for another one."""
    if any(one.judged.status is None for one in talk.sendings):
        return ""
    if all(turn.is_refused_unread for turn in talk.turns):
        return "no request came that a service reads" if talk.turns else "no request came"
    return ""


def _judge(talk: Conversation, check: Check) -> CheckResult:
    """Return what one check of the requests finds."""
    talk.exchanges.clear()
    verdict, sentence = check.decide(talk)
    return CheckResult.of(check, verdict, sentence, tuple(talk.exchanges[:MAX_KEPT]))
