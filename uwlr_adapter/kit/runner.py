"""Run checks one after another: each gets a verdict, whatever the endpoint or the check itself does."""

import shlex
from collections.abc import Callable, Iterable
from datetime import datetime

from uwlr_adapter import __version__
from uwlr_adapter.errors import describe
from uwlr_adapter.kit.checks import Check, DecidedSignal, Verdict
from uwlr_adapter.kit.masking import MaskedExchange
from uwlr_adapter.kit.report import DEFECT, CheckResult, Report
from uwlr_adapter.kit.session import Intensity, RunStoppedError, Session

MAX_KEPT = 6
"""Exchanges of one check that stand in a report (inclusive): the last ones."""
UNFINISHED = "it had not come to its end when this report was written"
"""Why the report of a run that still goes on is not whole."""
NOT_YET = "Not run when this report was written."


class KitRun:
    """One run, check by check; `results` are by id, in the order in which they came."""

    def __init__(
        self,
        session: Session,
        checks: Iterable[Check],
        plan: str,
        moment: datetime,
        *,
        kind: str = "endpoint",
        strict: bool = False,
    ) -> None:
        self.checks = list(checks)
        self.results: dict[str, CheckResult] = {}
        self.stopped = ""
        """Why the run ended before its last check; empty as long as it did not."""
        self._session, self._plan, self._moment = session, plan, moment
        self._kind, self._is_strict = kind, strict

    def step(self, check: Check) -> CheckResult:
        """Run one check and return its result; when the run has stopped it is skipped."""
        self._session.exchanges.clear()
        try:
            self.results[check.id] = self._result(check)
        except RunStoppedError as error:
            self.stop(check, str(error))
        return self.results[check.id]

    def stop(self, check: Check, cause: str) -> None:
        """End the run at a check, which cannot be tested; no other one is run after this."""
        self.stopped = cause
        self.results[check.id] = CheckResult.of(
            check, Verdict.CANNOT, f"Because the run stopped: {cause}.", _kept(self._session), self._line(check)
        )

    def report(self, stopped: str | None = None) -> Report:
        """Return the report as far as it is: the checks that are left stand in it as skipped.

        `stopped` is why it is not whole; without it, why the run ended before its last check, if it did.
        """
        left = (CheckResult.of(one, Verdict.SKIP, NOT_YET) for one in self.checks if one.id not in self.results)
        return Report(
            self._kind,
            self._session.target.shown_url,
            self._plan,
            self._moment,
            __version__,
            (*self.results.values(), *left),
            self.stopped if stopped is None else stopped,
            self._is_strict,
        )

    def _result(self, check: Check) -> CheckResult:
        """Return the result of a check after those before it. Raises RunStoppedError."""
        missing = [
            one for one in check.after if one not in self.results or self.results[one].verdict is not Verdict.PASS
        ]
        omitted = [one for one in missing if one in self.results and self.results[one].verdict is Verdict.OMIT]
        if self.stopped:
            return CheckResult.of(check, Verdict.SKIP, f"Not run, since the run stopped: {self.stopped}.")
        if omitted:
            return CheckResult.of(check, Verdict.OMIT, f"Left out with {omitted[0]}.")
        if missing:
            return CheckResult.of(check, Verdict.SKIP, f"Not run, since {' and '.join(missing)} did not pass.")
        return self._run(check)

    def _run(self, check: Check) -> CheckResult:
        """Run one check. Raises RunStoppedError."""
        verdict = Verdict.PASS
        try:
            sentence = check.run(self._session) or f"{check.title}."
        except DecidedSignal as decided:
            verdict, sentence = decided.verdict, str(decided)
        except RunStoppedError:
            raise
        except Exception as error:  # noqa: BLE001 - a defect of the kit must not end the run, nor be blamed on the endpoint
            verdict, sentence = Verdict.CANNOT, f"{DEFECT}, please report it: {describe(error)}."
        sentence = sentence[:1].upper() + sentence[1:]
        return CheckResult.of(check, verdict, sentence, _kept(self._session), self._line(check))

    def _line(self, check: Check) -> str:
        """Return the command that runs one check alone, or its scenario; the secrets come from files or a prompt."""
        target = self._session.target
        words = ["uwlr-adapter", "check", target.shown_url]
        words += ["--scenario", self._plan] if self._kind == "scenario" else ["--only", check.id]
        words += ["--brin6", f"{target.brincode}{target.dependancecode}"]
        words += ["--schooljaar", target.schooljaar, "--xsdversie", target.xsdversie]
        words += [] if target.profiel is None else ["--profile", target.profiel.name]
        words += [] if self._session.intensity is Intensity.NORMAL else ["--intensity", self._session.intensity]
        words += ["--allow-private"] if target.permissions.private else []
        words += ["--allow-http"] if target.permissions.plain else []
        return f'{shlex.join(words)} --klantnaam "$KLANTNAAM"'


def run(
    session: Session,
    checks: Iterable[Check],
    plan: str,
    moment: datetime,
    *,
    kind: str = "endpoint",
    strict: bool = False,
    told: Callable[[CheckResult], None] = lambda _: None,
    keep: Callable[[Report], None] = lambda _: None,
) -> Report:
    """Run the checks and return the report.

    `told` hears of each result as soon as there is one. `keep` gets the report as far as it is, before the first check
    and after each suite but the last: it says that the run has not ended, and has the checks that are left as skipped.
    An interruption (Ctrl-C) ends the run and keeps what was found.
    """
    own = KitRun(session, checks, plan, moment, kind=kind, strict=strict)
    for place, check in enumerate(own.checks):
        try:
            if not own.stopped and (place == 0 or check.suite != own.checks[place - 1].suite):
                session.exchanges.clear()
                keep(own.report(UNFINISHED))
            own.step(check)
        except KeyboardInterrupt:
            own.stop(check, "it was interrupted")
        told(own.results[check.id])
    return own.report()


def _kept(session: Session) -> tuple[MaskedExchange, ...]:
    return tuple(session.exchanges[-MAX_KEPT:])
