"""Run checks one after another: each gets a verdict, whatever the endpoint or the check itself does."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from uwlr_adapter import __version__
from uwlr_adapter.errors import describe
from uwlr_adapter.kit.checks import Check, DecidedSignal, Verdict
from uwlr_adapter.kit.masking import MaskedExchange
from uwlr_adapter.kit.report import CheckResult, Report
from uwlr_adapter.kit.session import RunStoppedError, Session

MAX_KEPT = 6
"""Exchanges of one check that stand in a report (inclusive): the last ones."""


def run(
    session: Session,
    checks: Iterable[Check],
    plan: str,
    moment: datetime,
    *,
    strict: bool = False,
    told: Callable[[CheckResult], None] = lambda _: None,
) -> Report:
    """Run the checks and return the report; `told` hears of each result as soon as there is one.

    An interruption (Ctrl-C) ends the run and keeps what was found.
    """
    results: list[CheckResult] = []
    stopped = ""
    for result in _results(session, list(checks)):
        if isinstance(result, str):
            stopped = result
        else:
            results.append(result)
            told(result)
    return Report("endpoint", session.target.shown_url, plan, moment, __version__, tuple(results), stopped, strict)


def _results(session: Session, checks: list[Check]) -> Iterator[CheckResult | str]:
    """Yield the result of each check, and in between at most one reason why the run stopped."""
    verdicts: dict[str, Verdict] = {}
    stopped = ""
    for check in checks:
        missing = [one for one in check.after if verdicts.get(one) is not Verdict.PASS]
        omitted = [one for one in missing if verdicts.get(one) is Verdict.OMIT]
        if stopped:
            result = CheckResult.of(check, Verdict.SKIP, f"Not run, since the run stopped: {stopped}.")
        elif omitted:
            result = CheckResult.of(check, Verdict.OMIT, f"Left out with {omitted[0]}.")
        elif missing:
            result = CheckResult.of(check, Verdict.SKIP, f"Not run, since {' and '.join(missing)} did not pass.")
        else:
            try:
                result = _run_one(session, check)
            except (RunStoppedError, KeyboardInterrupt) as error:
                stopped = str(error) or "it was interrupted"
                yield stopped
                result = CheckResult.of(
                    check, Verdict.CANNOT, f"Because the run stopped: {stopped}.", _kept(session), _line(session, check)
                )
        verdicts[check.id] = result.verdict
        yield result


def _run_one(session: Session, check: Check) -> CheckResult:
    """Run one check. Raises RunStoppedError."""
    session.exchanges.clear()
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
    profiel = "" if target.profiel is None else f" --profile '{target.profiel.name}'"
    return (
        f"uwlr-adapter check '{target.shown_url}' --only {check.id} --brin6 {target.brincode}{target.dependancecode}"
        f' --schooljaar {target.schooljaar} --xsdversie {target.xsdversie}{profiel} --klantnaam "$KLANTNAAM"'
    )
