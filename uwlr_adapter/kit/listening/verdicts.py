"""The report of a conversation: what its checks find."""

import shlex
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from uwlr_adapter import __version__
from uwlr_adapter.errors import describe
from uwlr_adapter.kit.checks import Check, DecidedSignal, Verdict
from uwlr_adapter.kit.listening import answer_checks, behaviour, request_checks
from uwlr_adapter.kit.listening.chapters import NEXT, SITUATION, SOAP, TRANSPORT, VERZOEK
from uwlr_adapter.kit.listening.deviations import RULES, Deviation
from uwlr_adapter.kit.listening.request_checks import MAX_KEPT
from uwlr_adapter.kit.listening.turn import Conversation
from uwlr_adapter.kit.report import CheckResult, Report

_OF_REQUESTS = (TRANSPORT, SOAP, VERZOEK)
_NOT_BETWEEN = {f"{RULES[one].chapter}-{RULES[one].number:02}" for one in (Deviation.KLANT, Deviation.SLEUTEL)}
"""Checks that need to know what the caller was given."""


def caller_report(
    talk: Conversation, target: str, moment: datetime, stopped: str = "", *, strict: bool = False
) -> Report:
    """Return the report on a caller; `target` is the address at which it was listened to."""
    checks = [check for suite in (*_OF_REQUESTS, NEXT, SITUATION) for check in suite]
    line = "uwlr-adapter check --client"
    return _report("caller", line, talk, checks, (), target, moment, stopped, strict=strict)


def proxy_report(
    talk: Conversation,
    target: str,
    moment: datetime,
    stopped: str = "",
    *,
    strict: bool = False,
    options: Iterable[str] = (),
) -> Report:
    """Return the report on both sides; `target` is the address of the endpoint, `options` those of the command."""
    checks = [check for suite in (*_OF_REQUESTS, NEXT) for check in suite if check.id not in _NOT_BETWEEN]
    line = shlex.join(["uwlr-adapter", "check", "--proxy", target, *options])
    return _report("proxy", line, talk, checks, answer_checks.results(talk), target, moment, stopped, strict=strict)


def _report(
    kind: str,
    line: str,
    talk: Conversation,
    checks: Iterable[Check],
    more: Iterable[CheckResult],
    target: str,
    moment: datetime,
    stopped: str,
    *,
    strict: bool,
) -> Report:
    with talk.lock:
        found = [*[_judge(talk, check) for check in checks], *more]
        found = [replace(one, reproduce=f"{line}{behaviour.OPTIONS.get(one.id, '')}") for one in found]
        found += request_checks.lines(talk)
    return Report(kind, target, kind, moment, __version__, tuple(found), stopped, strict)


def _judge(talk: Conversation, check: Check) -> CheckResult:
    """Return what one check finds."""
    talk.exchanges.clear()
    try:
        verdict, sentence = Verdict.PASS, check.run(talk) or f"{check.title}."
    except DecidedSignal as decided:
        verdict, sentence = decided.verdict, str(decided)
    except Exception as error:  # noqa: BLE001 - a defect of the kit must not end the run, nor be blamed on a caller
        verdict, sentence = Verdict.CANNOT, f"because of a defect of the kit, please report it: {describe(error)}"
    sentence = f"{sentence[:1].upper()}{sentence[1:].removesuffix('.')}."
    return CheckResult.of(check, verdict, sentence, tuple(talk.exchanges[:MAX_KEPT]))
