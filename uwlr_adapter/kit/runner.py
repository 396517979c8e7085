"""Run checks one after another: each gets a verdict, whatever the endpoint or the check itself does."""

import shlex
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from uwlr_adapter import __version__
from uwlr_adapter.errors import describe
from uwlr_adapter.kit.checks import Check, DecidedSignal, Verdict
from uwlr_adapter.kit.masking import MaskedExchange
from uwlr_adapter.kit.report import CheckResult, Report
from uwlr_adapter.kit.session import RunStoppedError, Session

MAX_KEPT = 6
"""Exchanges of one check that stand in a report (inclusive): the last ones."""
UNFINISHED = "it had not come to its end when this report was written"
"""Why the report of a run that still goes on is not whole."""
NOT_YET = "Not run when this report was written."


def run(
    session: Session,
    checks: Iterable[Check],
    plan: str,
    moment: datetime,
    *,
    strict: bool = False,
    told: Callable[[CheckResult], None] = lambda _: None,
    keep: Callable[[Report], None] = lambda _: None,
) -> Report:
    """Run the checks and return the report.

    `told` hears of each result as soon as there is one. `keep` gets the report as far as it is, before the first check
    and after each suite but the last: it says that the run has not ended, and has the checks that are left as skipped.
    An interruption (Ctrl-C) ends the run and keeps what was found.
    """
    planned = list(checks)
    results: dict[str, CheckResult] = {}
    stopped = ""

    def report(stopped: str) -> Report:
        left = (CheckResult.of(one, Verdict.SKIP, NOT_YET) for one in planned if one.id not in results)
        found = (*results.values(), *left)
        return Report("endpoint", session.target.shown_url, plan, moment, __version__, found, stopped, strict)

    for place, check in enumerate(planned):
        session.exchanges.clear()
        try:
            if not stopped and (place == 0 or check.suite != planned[place - 1].suite):
                keep(report(UNFINISHED))
            results[check.id] = _result(session, check, results, stopped)
        except (RunStoppedError, KeyboardInterrupt) as error:
            stopped = str(error) or "it was interrupted"
            results[check.id] = CheckResult.of(
                check, Verdict.CANNOT, f"Because the run stopped: {stopped}.", _kept(session), _line(session, check)
            )
        told(results[check.id])
    return report(stopped)


def _result(session: Session, check: Check, before: Mapping[str, CheckResult], stopped: str) -> CheckResult:
    """Return the result of a check after those before it. Raises RunStoppedError."""
    missing = [one for one in check.after if one not in before or before[one].verdict is not Verdict.PASS]
    if stopped:
        return CheckResult.of(check, Verdict.SKIP, f"Not run, since the run stopped: {stopped}.")
    omitted = [one for one in missing if one in before and before[one].verdict is Verdict.OMIT]
    if omitted:
        return CheckResult.of(check, Verdict.OMIT, f"Left out with {omitted[0]}.")
    if missing:
        return CheckResult.of(check, Verdict.SKIP, f"Not run, since {' and '.join(missing)} did not pass.")
    return _run_one(session, check)


def _run_one(session: Session, check: Check) -> CheckResult:
    """Run one check. Raises RunStoppedError."""
    verdict = Verdict.PASS
    try:
        sentence = check.run(session) or f"{check.title}."
    except DecidedSignal as decided:
        verdict, sentence = decided.verdict, str(decided)
    except RunStoppedError:
        raise
    except Exception as error:  # noqa: BLE001 - a defect of the kit must not end the run, nor be blamed on the endpoint
        verdict, sentence = Verdict.CANNOT, f"Because of a defect of the kit, please report it: {describe(error)}."
    sentence = sentence[:1].upper() + sentence[1:]
    return CheckResult.of(check, verdict, sentence, _kept(session), _line(session, check))


def _kept(session: Session) -> tuple[MaskedExchange, ...]:
    return tuple(session.exchanges[-MAX_KEPT:])


def _line(session: Session, check: Check) -> str:
    """Return the command that runs one check alone; the secrets come from files or a prompt."""
    target = session.target
    words = ["uwlr-adapter", "check", target.shown_url, "--only", check.id]
    words += ["--brin6", f"{target.brincode}{target.dependancecode}"]
    words += ["--schooljaar", target.schooljaar, "--xsdversie", target.xsdversie]
    words += [] if target.profiel is None else ["--profile", target.profiel.name]
    words += ["--allow-private"] if target.permissions.private else []
    words += ["--allow-http"] if target.permissions.plain else []
    return f'{shlex.join(words)} --klantnaam "$KLANTNAAM"'
