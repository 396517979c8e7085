"""Choosing among the checks of a run: the list has every one, and --only and --skip take the names in it."""

import pytest
from click.testing import CliRunner
from support.kit_caller import Caller, Time, between, endpoint, report, run

from uwlr_adapter.cli import main
from uwlr_adapter.kit.checks import Check, Verdict
from uwlr_adapter.kit.contents import CONTENTS, SUITES
from uwlr_adapter.kit.listening import verdicts
from uwlr_adapter.kit.listening.chapters import BETWEEN, REQUESTS
from uwlr_adapter.kit.plans import PlanError
from uwlr_adapter.kit.report import Report
from uwlr_adapter.outbound import Reply

ELSEWHERE = "http://127.0.0.1:8099/uwlr"


def listed(*arguments: str) -> set[str]:
    """Return the ids of the checks that a command lists."""
    done = CliRunner().invoke(main, ["check", *arguments, "--list"])
    assert done.exit_code == 0, done.output
    lines = [line.split() for line in done.output.splitlines()]
    return {words[0] for words in lines if words[1:2] and words[1] in {"must:", "should:", "information:"}}


def ids(checks: tuple[Check, ...]) -> set[str]:
    """Return the ids of checks."""
    return {check.id for check in checks}


def test_the_list_has_every_check_of_every_kind_of_run() -> None:
    """Those of an endpoint, of a scenario, of a caller, and between two."""
    assert listed() == {check.id for suite in SUITES for check in suite}


def test_a_listening_run_lists_its_own_checks() -> None:
    """What --only and --skip take there, and nothing else."""
    assert listed("--client") == ids(verdicts.CALLER)
    assert listed("--proxy", ELSEWHERE) == ids(verdicts.PROXY)
    assert ids(verdicts.CALLER) == {check.id for suite in CONTENTS["caller"] for check in suite}
    assert {check.id for check in BETWEEN} < ids(verdicts.PROXY)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--client", "--only", "BETW-01"), "BETW-01 is no suite and no check of this run"),
        (("--client", "--skip", "http"), "http is no suite and no check of this run"),
        (("--proxy", ELSEWHERE, "--only", "SIT-01"), "SIT-01 is no suite and no check of this run"),
        (("--proxy", ELSEWHERE, "--only", "CSOAP-31"), "CSOAP-31 is no suite and no check of this run"),
        (("--client", "--only", "CREQ-01", "--skip", "caller-verzoek"), "nothing is left to run"),
    ],
)
def test_a_name_that_is_not_in_the_list_is_told(arguments: tuple[str, ...], told: str) -> None:
    """Before anything is listened to."""
    done = CliRunner().invoke(main, ["check", *arguments])
    assert done.exit_code == 2
    assert told in " ".join(done.output.split())


def called(*, is_between: bool = False) -> Caller:
    """Return a caller that has made one round."""
    time = Time()
    app = (
        between(time, lambda *_: Reply(200, b"<a/>", (("Content-Type", "text/xml"),)), ELSEWHERE)
        if is_between
        else endpoint(time)
    )
    caller = Caller(app, time, path="/uwlr") if is_between else Caller(app, time)
    run(caller, rounds=1)
    return caller


def found(shown: Report) -> set[str]:
    """Return the ids of the results, the lines of requests by the name of their chapter."""
    return {REQUESTS.name if one.suite == REQUESTS.name else one.id for one in shown.results}


@pytest.mark.parametrize(
    ("only", "skip", "ids_found"),
    [
        ((), (), {*ids(verdicts.CALLER), "caller-calls"}),
        (("CSOAP-01", "CREQ-02"), (), {"CSOAP-01", "CREQ-02"}),
        (("caller-calls",), (), {"caller-calls"}),
        (("CSOAP-01", "caller-calls"), (), {"CSOAP-01", "caller-calls"}),
        ((), ("caller-calls",), ids(verdicts.CALLER)),
        (
            (),
            ("caller-situations", "CSOAP-01"),
            {one for one in ids(verdicts.CALLER) if one[:3] != "SIT" and one != "CSOAP-01"} | {"caller-calls"},
        ),
    ],
)
def test_a_report_on_a_caller_has_what_was_chosen(
    only: tuple[str, ...], skip: tuple[str, ...], ids_found: set[str]
) -> None:
    """Names of chapters and ids of checks, as for an endpoint."""
    assert found(report(called().app, only, skip)) == ids_found


def test_a_report_between_two_has_what_was_chosen() -> None:
    """Of both sides; what a check of an answer builds on comes along."""
    app = called(is_between=True).app
    assert found(report(app)) == {*ids(verdicts.PROXY), "caller-calls"}
    assert found(report(app, ("BETW-01", "SOAP-32", "CHTTP-01"))) == {"BETW-01", "SOAP-31", "SOAP-32", "CHTTP-01"}
    (result,) = report(app, ("BETW-01",)).results
    assert result.verdict is Verdict.FAIL
    assert result.reproduce.endswith(" --only BETW-01")


def test_lines_alone_are_no_verdict() -> None:
    """They weigh nothing: a run that judged nothing is not conformant."""
    with pytest.raises(PlanError, match="caller-calls"):
        verdicts.choose(verdicts.CALLER, ("caller-calls",), ("caller-calls",))
    shown = report(called().app, ("caller-calls",))
    assert {one.verdict for one in shown.results} == {Verdict.PASS}
    assert shown.exit_status == 2
