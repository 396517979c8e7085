"""Plugin for pytest: `pytest --uwlr-endpoint URL` makes each check of the kit a test.

It is loaded with every run of pytest in its environment, so that nothing of the kit is imported before it is asked for.
"""

import os
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from uwlr_adapter.kit.checks import Check
    from uwlr_adapter.kit.report import CheckResult
    from uwlr_adapter.kit.runner import KitRun

_SECRETS: Final = {"klantcode": "UWLR_KLANTCODE", "autorisatiesleutel": "UWLR_AUTORISATIESLEUTEL"}
"""Where the secrets of a run come from: the options of pytest are shown in its output."""
_MARK = "uwlr"


class UwlrCheckWarning(pytest.PytestWarning):
    """A check of level should failed."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("uwlr", "conformance of a UWLR endpoint")
    group.addoption("--uwlr-endpoint", metavar="URL", help="Judge this endpoint: each check of the kit is a test.")
    group.addoption("--uwlr-klantnaam", metavar="NAAM", help="The klantnaam at the student administration.")
    group.addoption("--uwlr-brin6", metavar="BRIN6", help="Brincode and dependancecode, such as 21QW00.")
    group.addoption("--uwlr-schooljaar", metavar="JAAR", help="Such as 2026-2027; default: the current one.")
    group.addoption("--uwlr-xsdversie", metavar="VERSIE", help="UWLR version; default: that of the plan.")
    group.addoption("--uwlr-profile", metavar="NAME", help="The profile: smalle set, LVS-set or volledig.")
    group.addoption("--uwlr-plan", metavar="NAME", help="What to run; `uwlr-adapter check --list` shows the plans.")
    group.addoption("--uwlr-intensity", metavar="NAME", help="How fast to ask: gentle, normal or full.")
    group.addoption("--uwlr-timeout", metavar="SECONDS", type=float, help="Seconds to wait for one answer.")
    group.addoption("--uwlr-strict", action="store_true", help="Let a failed check of level should fail its test.")
    group.addoption("--uwlr-allow-private", action="store_true", help="Call this machine or a private network.")
    group.addoption("--uwlr-allow-http", action="store_true", help="Send the codes without encryption.")


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark that each of these tests has. Raises UsageError when several processes would run them."""
    config.addinivalue_line("markers", f"{_MARK}: a check of a UWLR endpoint (--uwlr-endpoint)")
    if config.getoption("uwlr_endpoint") is None:
        return
    if config.getoption("dist", "no") != "no":
        raise pytest.UsageError("the checks of an endpoint are run one after another: leave -n out, or add -n 0")
    # A project that makes an error of each warning decides about its own code; -W goes before this line.
    config.addinivalue_line("filterwarnings", f"always::{__name__}.{UwlrCheckWarning.__name__}")


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, pytest.CollectReport]:
    """Add the chapters behind the other tests of the session. Raises UsageError when they cannot be run as asked."""
    report: pytest.CollectReport = yield
    config = collector.config
    if isinstance(collector, pytest.Session) and config.getoption("uwlr_endpoint") is not None:
        run = _run(config)
        names = dict.fromkeys(check.suite for check in run.checks)
        chapters = [UwlrChapter.from_parent(collector, name=name, nodeid=f"uwlr::{name}", run=run) for name in names]
        report.result = [*(report.result or []), *chapters]
    return report


def _run(config: pytest.Config) -> "KitRun":
    """Return the run that was asked for. Raises UsageError."""
    from uwlr_adapter.clock import day_of, now, schooljaar_of  # noqa: PLC0415 - see the head of this module
    from uwlr_adapter.kit import plans  # noqa: PLC0415
    from uwlr_adapter.kit.runner import KitRun  # noqa: PLC0415
    from uwlr_adapter.kit.session import Intensity, Session  # noqa: PLC0415
    from uwlr_adapter.outbound import Permissions  # noqa: PLC0415

    def option(name: str) -> Any:  # noqa: ANN401 - a text, a number or a flag
        return config.getoption(f"uwlr_{name}")

    for name in ("klantnaam", "brin6"):
        if not option(name):
            raise pytest.UsageError(f"--uwlr-endpoint needs --uwlr-{name} too")
    for variable in _SECRETS.values():
        if not os.environ.get(variable):
            raise pytest.UsageError(f"--uwlr-endpoint needs {variable} in the environment")
    intensity = option("intensity") or Intensity.NORMAL.value
    if intensity not in set(Intensity):
        raise pytest.UsageError(f"--uwlr-intensity is one of: {', '.join(Intensity)}")
    name = option("plan") or plans.USUAL_PLAN
    try:
        plan = plans.plan_named(name)
        target = plans.target_of(
            plan,
            option("endpoint"),
            klantnaam=option("klantnaam"),
            brin6=option("brin6"),
            schooljaar=option("schooljaar") or schooljaar_of(day_of(now())),
            xsdversie=option("xsdversie"),
            profile=option("profile"),
            seconds=option("timeout") or plans.SECONDS,
            permissions=Permissions(private=option("allow_private"), plain=option("allow_http")),
            **{part: os.environ[variable] for part, variable in _SECRETS.items()},
        )
        checks = plans.choose(plan)
    except plans.PlanError as error:
        raise pytest.UsageError(str(error)) from None
    return KitRun(Session(target, intensity=Intensity(intensity)), checks, name, now(), strict=bool(option("strict")))


class UwlrChapter(pytest.Collector):
    """A chapter of the kit, with its checks."""

    def __init__(self, *, run: "KitRun", **named: Any) -> None:  # noqa: ANN401 - of pytest
        super().__init__(**named)
        self._run = run

    def collect(self) -> list[pytest.Item]:
        """Return the checks of the chapter that are in the run."""
        return [
            UwlrItem.from_parent(self, name=check.id, run=self._run, check=check)
            for check in self._run.checks
            if check.suite == self.name
        ]


class UwlrItem(pytest.Item):
    """One check of the kit as a test."""

    def __init__(self, *, run: "KitRun", check: "Check", **named: Any) -> None:  # noqa: ANN401 - of pytest
        super().__init__(**named)
        self._run, self._check = run, check
        self.add_marker(_MARK)

    def runtest(self) -> None:
        """Run the check, and those it builds on that have not been run."""
        was_stopped = bool(self._run.stopped)
        result = self._result(self._check)
        self.user_properties += [("verdict", str(result.verdict)), ("level", str(result.level))]
        self.user_properties += [("sentence", result.sentence), ("rules", ", ".join(result.rules))]
        report = self._run.report()
        if report.weighs(result) or result.is_defect or (report.stopped and not was_stopped):
            pytest.fail(_told(result), pytrace=False)
        if result in report.warnings:
            self.warn(UwlrCheckWarning(f"{result.id}: {result.sentence}"))
        elif not result.is_judged:
            pytest.skip(result.sentence)

    def _result(self, check: "Check") -> "CheckResult":
        if check.id not in self._run.results:
            for one in self._run.checks:
                if one.id in check.after:
                    self._result(one)
            self._run.step(check)
        return self._run.results[check.id]

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Return what heads the output of a failure."""
        return self.path, 0, f"{self._check.id}: {self._check.title}"


def _told(result: "CheckResult") -> str:
    """Return what a reader needs of a failure: the sentence, the rules with their sources, the last exchange."""
    from uwlr_adapter.kit import rules  # noqa: PLC0415 - see the head of this module

    table = rules.load()
    lines = [f"{result.id} ({result.level}): {result.sentence}", f"What must hold: {result.title}."]
    lines += [f"{one}: {table[one].text} ({table[one].source}; {table[one].sure})" for one in result.rules]
    lines += [f"To run it alone: {result.reproduce}"]
    for exchange in result.exchanges[-1:]:
        lines += ["", exchange.request, "", exchange.response]
    return "\n".join(lines)
