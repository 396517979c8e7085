"""The runner: a report of what was done is there at every moment, whatever ends the run."""

from collections.abc import Callable

import pytest
from support.kit_reports import MOMENT

from uwlr_adapter.kit import runner
from uwlr_adapter.kit.checks import Check, Level, RunStoppedError, Verdict, cannot, fail, omit
from uwlr_adapter.kit.report import CheckResult, Report
from uwlr_adapter.kit.reports import report_junit
from uwlr_adapter.kit.reports.comparison import compare
from uwlr_adapter.kit.runner import NOT_YET, UNFINISHED
from uwlr_adapter.kit.session import Intensity, Session, Target
from uwlr_adapter.outbound import Permissions, Reply

URL = "https://las.example/uwlr"


def target(url: str = URL, **fields: object) -> Target:
    """Return a target."""
    return Target(url, "n", "c", "s", "21QW", "00", "2026-2027", "2.2", **fields)  # type: ignore[arg-type] # of a Target


def session(url: str = URL, **fields: object) -> Session:
    """Return a session whose endpoint answers nothing of use."""
    return Session(target(url, **fields), lambda *_: Reply(200, b"<a/>"), sleep=lambda _: None)


def check(name: str, suite: str, does: Callable[[Session], str | None] = lambda _: None, after: str = "") -> Check:
    """Return a check."""
    return Check(name, f"{name} holds", (), Level.MUST, (after,) if after else (), suite, does)


def asks(own: Session) -> None:
    """Send one request."""
    own.call(own.usual)


def raises(error: BaseException) -> Callable[[Session], str | None]:
    """Return the function of a check that ends with an error."""

    def does(own: Session) -> str | None:
        asks(own)
        raise error

    return does


def run(checks: list[Check]) -> tuple[Report, list[Report], list[CheckResult]]:
    """Run checks; return the report, those that were kept on the way, and what was told."""
    kept: list[Report] = []
    told: list[CheckResult] = []
    return runner.run(session(), checks, "p", MOMENT, told=told.append, keep=kept.append), kept, told


def verdicts(report: Report) -> list[Verdict]:
    """Return the verdicts of a report."""
    return [one.verdict for one in report.results]


def test_a_report_is_kept_before_each_chapter() -> None:
    """Each kept report has every check of the plan, says that it is not whole, and is not conformant."""
    report, kept, told = run([check("A-1", "a"), check("A-2", "a"), check("B-1", "b"), check("C-1", "c")])
    done = (Verdict.PASS, Verdict.SKIP)
    assert [verdicts(one) for one in kept] == [
        [done[1]] * 4,
        [done[0], done[0], done[1], done[1]],
        [done[0], done[0], done[0], done[1]],
    ]
    assert {one.stopped for one in kept} == {UNFINISHED}
    assert not any(one.is_conformant for one in kept)
    assert kept[0].results[0].sentence == NOT_YET
    assert (report.is_conformant, report.stopped, report.results) == (True, "", tuple(told))


def test_what_a_dying_run_had_found_is_kept() -> None:
    """When the process ends in the middle of a check, the report before its chapter has been handed over."""
    kept: list[Report] = []
    checks = [check("A-1", "a"), check("B-1", "b"), check("B-2", "b", raises(SystemExit()))]
    with pytest.raises(SystemExit):
        runner.run(session(), checks, "p", MOMENT, keep=kept.append)
    assert verdicts(kept[-1]) == [Verdict.PASS, Verdict.SKIP, Verdict.SKIP]


@pytest.mark.parametrize(
    ("error", "text"), [(KeyboardInterrupt(), "it was interrupted"), (RunStoppedError("it is enough"), "it is enough")]
)
def test_an_interruption_ends_the_run_and_keeps_the_rest(error: BaseException, text: str) -> None:
    """The check at work cannot be tested, with its exchanges; those after it are skipped; nothing more is kept."""
    report, kept, _ = run([check("A-1", "a"), check("A-2", "a", raises(error)), check("B-1", "b", asks)])
    assert verdicts(report) == [Verdict.PASS, Verdict.CANNOT, Verdict.SKIP]
    assert [len(one.exchanges) for one in report.results] == [0, 1, 0]
    assert (report.stopped, report.exit_status, len(kept)) == (text, 2, 1)


def test_an_interruption_while_a_report_is_kept_ends_the_run_too() -> None:
    """Ctrl-C may come while a file is written: no check is lost, and no exchange of another check is shown."""
    kept: list[Report] = []

    def keep(report: Report) -> None:
        kept.append(report)
        if len(kept) == 2:
            raise KeyboardInterrupt

    report = runner.run(session(), [check("A-1", "a", asks), check("B-1", "b", asks)], "p", MOMENT, keep=keep)
    assert verdicts(report) == [Verdict.PASS, Verdict.CANNOT]
    assert report.results[1].exchanges == ()


def test_a_check_waits_for_what_it_builds_on() -> None:
    """A check whose base did not pass, or is not in the run, is skipped and says so."""
    report, _, _ = run(
        [check("A-1", "a", raises(ValueError())), check("A-2", "a", after="A-1"), check("A-3", "a", after="X")]
    )
    assert verdicts(report) == [Verdict.CANNOT, Verdict.SKIP, Verdict.SKIP]
    assert report.results[2].sentence == "Not run, since X did not pass."


def test_a_check_is_left_out_with_what_it_builds_on() -> None:
    """What is not for this endpoint takes along what builds on it, another base that did not pass notwithstanding."""

    def leave_out(_: Session) -> str | None:
        omit("It is not for this endpoint.")

    checks = [check("A-1", "a", leave_out), check("A-2", "a", raises(ValueError()))]
    both = Check("A-3", "A-3 holds", (), Level.MUST, ("A-2", "A-1"), "a", lambda _: None)
    report, _, _ = run([*checks, both])
    assert verdicts(report) == [Verdict.OMIT, Verdict.CANNOT, Verdict.OMIT]
    assert report.results[2].sentence == "Left out with A-1."


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://las.example:8443/uwlr?key=geheim#geheim", "https://las.example:8443/uwlr"),
        ("https://wie:geheim@las.example/a@b", "https://las.example/a@b"),
        ("wie:geheim@las.example", "(no URL)"),
        ("http://wie:geheim/x@las.example/", "(no URL)"),
        ("ftp://geheim", "(no URL)"),
        ("http://[geheim/", "(no URL)"),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    """Query, fragment, user name and password stand nowhere in a report."""
    report = runner.run(session(url), [check("A-1", "a", asks)], "p", MOMENT)
    assert report.target == shown
    assert "geheim" not in repr(report)


def test_the_line_that_reproduces_a_check_is_one_command() -> None:
    """What a shell would obey in an address is quoted, and the permissions of the run go along."""
    own = session("http://las.example/$(id)'`x`;y", permissions=Permissions(private=True, plain=True))
    own.intensity = Intensity.FULL
    (result,) = runner.run(own, [check("A-1", "a")], "p", MOMENT).results
    assert "'http://las.example/$(id)'\"'\"'`x`;y'" in result.reproduce
    assert " --only A-1 --brin6 21QW00 --schooljaar 2026-2027 --xsdversie 2.2 " in result.reproduce
    assert "--intensity full --allow-private --allow-http" in result.reproduce


@pytest.mark.parametrize(
    ("does", "verdict", "sentence"),
    [
        (lambda _: None, Verdict.PASS, "A-1 holds."),
        (lambda _: "it was seen", Verdict.PASS, "It was seen."),
        (lambda _: fail("It does not."), Verdict.FAIL, "It does not."),
        (lambda _: cannot("because of this"), Verdict.CANNOT, "Because of this."),
    ],
)
def test_a_check_decides_with_one_sentence(does: Callable[[Session], str], verdict: Verdict, sentence: str) -> None:
    """It begins with a capital and ends with a full stop."""
    assert check("A-1", "a", does).decide(None) == (verdict, sentence)


def test_a_defect_of_a_check_blames_nobody() -> None:
    """It is told with its kind and place, and without a value."""
    verdict, sentence = check("A-1", "a", lambda _: str(int("geheim"))).decide(None)
    assert verdict is Verdict.CANNOT
    assert sentence.startswith("Because of a defect of the kit, please report it: builtins.ValueError at ")
    assert "geheim" not in sentence


def test_only_the_end_of_a_run_passes_a_check() -> None:
    """It is for whoever runs the checks."""
    with pytest.raises(RunStoppedError):
        check("A-1", "a", raises(RunStoppedError("it is over"))).decide(session())


def test_a_defect_of_the_kit_is_no_verdict_on_the_endpoint() -> None:
    """The run goes on, and what it ends with is neither conformant nor a failure of the endpoint."""
    report = run([check("A-1", "a"), check("A-2", "a", raises(ValueError("geheim"))), check("A-3", "a")])[0]
    assert verdicts(report) == [Verdict.PASS, Verdict.CANNOT, Verdict.PASS]
    assert report.has_defect
    assert (report.exit_status, report.stopped) == (2, "")
    assert "geheim" not in repr(report)
    assert compare(report, report).exit_status == 2
    assert b'errors="1"' in report_junit.write(report)
