"""Run checks one after another: each gets a verdict, whatever the endpoint or the check itself does."""

import shlex
from collections.abc import Callable, Iterable
from datetime import datetime

from uwlr_adapter import __version__
from uwlr_adapter.kit.causes import sign_of
from uwlr_adapter.kit.checks import Check, RunStoppedError, Verdict
from uwlr_adapter.kit.masking import MaskedExchange
from uwlr_adapter.kit.report import MAX_KEPT, CheckResult, Report, ReportScope
from uwlr_adapter.kit.session import Intensity, Session

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
        self._session.begin_check()
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
        target = self._session.target
        profile = "" if target.profiel is None else target.profiel.name
        return Report(
            self._kind,
            target.shown_url,
            self._plan,
            self._moment,
            __version__,
            (*self.results.values(), *left),
            self.stopped if stopped is None else stopped,
            self._is_strict,
            ReportScope(target.brin6, target.schooljaar, target.xsdversie, profile),
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
        verdict, sentence = check.decide(self._session)
        sign = sign_of(self._session.last) if verdict is Verdict.FAIL and self._session.exchanges else None
        return CheckResult.of(check, verdict, sentence, _kept(self._session), self._line(check), sign)

    def _line(self, check: Check) -> str:
        """Return the command that runs one check alone, or its scenario; the secrets come from files or a prompt."""
        target = self._session.target
        words = ["uwlr-adapter", "check", target.shown_url]
        words += ["--scenario", self._plan] if self._kind == "scenario" else ["--only", check.id]
        words += ["--results", "LEERLINGID"] if self._kind == "results" else []
        words += ["--brin6", target.brin6, "--schooljaar", target.schooljaar, "--xsdversie", target.xsdversie]
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
                session.begin_check()
                keep(own.report(UNFINISHED))
            own.step(check)
        except KeyboardInterrupt:
            own.stop(check, "it was interrupted")
        told(own.results[check.id])
    return own.report()


def _kept(session: Session) -> tuple[MaskedExchange, ...]:
    return tuple(session.exchanges[-MAX_KEPT:])
