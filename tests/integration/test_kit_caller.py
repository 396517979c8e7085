"""The kit against callers: a right one has no failure, and each wrong one is caught by the checks meant for it."""

import re
from pathlib import Path

import pytest
from support.kit_caller import (
    CREDENTIALS,
    SCHOOLJAAR,
    Caller,
    GetraptCaller,
    Time,
    endpoint,
    failed,
    report,
    run,
    unjudged,
)
from support.kit_callers import BROKEN_CALLERS, RIGHT_CALLERS, BrokenCaller
from support.wsgi import call

from uwlr_adapter.clock import day_of, now
from uwlr_adapter.contract import answer, repairs
from uwlr_adapter.contract.names import HAAL_LEERLINGGEGEVENS
from uwlr_adapter.contract.request import Verzoek
from uwlr_adapter.contract.versions import VERSIONS
from uwlr_adapter.kit import rules
from uwlr_adapter.kit.listening.chapters import CHAPTERS
from uwlr_adapter.kit.listening.deviations import BY_REPAIR, RULES, Deviation
from uwlr_adapter.kit.listening.endpoint import PATH, Script
from uwlr_adapter.kit.listening.example_school import SchoolPart, render
from uwlr_adapter.kit.listening.situations import BY_NAME, SITUATIONS
from uwlr_adapter.kit.reports import report_json


def _called(one: BrokenCaller) -> Caller:
    time = Time()
    traits = dict(one.traits)
    if one.name == "a stale moment":
        traits["moment"] = traits["moment"]()
    return Caller(endpoint(time), time, **traits)


def test_a_right_caller_has_no_failure() -> None:
    """It meets each situation, and each check that weighs passes."""
    time = Time()
    caller = Caller(endpoint(time), time)
    found = run(caller)
    assert not failed(found)
    assert {one.partition("-")[0] for one in unjudged(found)} == {"CRES"}  # it sends no results
    assert [turn.situation for turn in caller.app.conversation.turns] == [one.name for one in SITUATIONS]
    assert len(set(caller.made)) == len(caller.made) == 5
    assert found.exit_status == 0


@pytest.mark.parametrize("one", BROKEN_CALLERS, ids=lambda one: one.name)
def test_each_wrong_caller_is_caught(one: BrokenCaller) -> None:
    """The checks that are meant for it fail, and no other one."""
    found = run(_called(one), rounds=16)
    assert failed(found) == one.caught_by
    assert not [result.id for result in found.results if "defect" in result.sentence]


@pytest.mark.parametrize("one", RIGHT_CALLERS, ids=lambda one: one.name)
def test_what_a_caller_may_do_is_no_failure(one: BrokenCaller) -> None:
    """Each freedom of the standard is one."""
    assert failed(run(_called(one), rounds=16)) == one.caught_by


def test_a_right_caller_by_groups_has_no_failure() -> None:
    """Each of its rounds is one situation; groups that are gone are another question."""
    time = Time()
    caller = GetraptCaller(endpoint(time), time)
    found = run(caller)
    assert not failed(found)
    met = [turn.situation for turn in caller.app.conversation.turns if turn.operation == "HaalStructuur"]
    assert met == [one.name for one in SITUATIONS]


def test_the_moment_of_another_question_is_caught() -> None:
    """Data of one version say nothing of those of another one."""
    time = Time()
    caller = Caller(endpoint(time), time)
    caller.round()
    assert caller.since is not None
    other = caller.asks.with_child("xsdversie", "2.3").with_child("laatstontvangengegevens", caller.since)
    assert caller.send(other).kind == "leerlinggegevens"
    assert failed(report(caller.app)) == {"NEXT-07"}


def test_a_caller_that_asks_again_while_it_waits_is_caught() -> None:
    """The same question at the same time; and one that does not wait at all."""
    time = Time()
    left: list[float] = []

    class Impatient(Time):
        """Asks again in the middle of the slow answer, once, and hangs up in the middle of a later one."""

        def wait(self, _environ: object, seconds: float) -> float | None:
            self.passed += seconds / 2
            if not left:
                left.append(self.passed)
                caller.send(caller.asks)
                return None
            return seconds / 2

    time = Impatient()
    caller = Caller(endpoint(time, Script((BY_NAME["slow"],))), time, moment=lambda _since, _time: None)
    caller.round()
    assert failed(report(caller.app)) == {"NEXT-08", "NEXT-09"}


def test_a_caller_that_follows_the_year_gets_its_data() -> None:
    """After geengegevens it asks for the next schooljaar, for which it has no moment yet."""
    time = Time()
    caller = Caller(endpoint(time), time)
    while not [one for one in caller.app.conversation.turns if one.situation == "year"]:
        caller.round()
    following = f"{int(SCHOOLJAAR[:4]) + 1}-{int(SCHOOLJAAR[5:]) + 1}"
    reading = caller.send(caller.asks.with_child("schooljaar", following))
    assert reading.kind == "leerlinggegevens"
    assert reading.school("schooljaar") == following
    assert not failed(report(caller.app))


@pytest.mark.parametrize("part", SchoolPart)
@pytest.mark.parametrize("version", VERSIONS)
def test_what_the_kit_answers_is_valid(part: SchoolPart, version: str) -> None:
    """In each version and situation; one leerling is one groep and one leerkracht as well."""
    verzoek = Verzoek(HAAL_LEERLINGGEGEVENS, SCHOOLJAAR, version, None, None, (), ())
    content = render(verzoek, part, "2026-11-10T10:00:00+01:00", day_of(now()))
    assert content is not None
    assert not answer.check(content, version)
    counts = [content.count(f"<{kind} ".encode()) for kind in ("leerling", "leerkracht")]
    assert counts == ([1, 1] if part is SchoolPart.ONE else [232 - (part is SchoolPart.ONE_LESS), 9])


def test_each_situation_is_in_the_guide() -> None:
    """In its order, and nothing else is."""
    text = (Path(__file__).parents[2] / "docs" / "guides" / "kit-callers.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([\w-]+)` \|", text, re.MULTILINE) == list(BY_NAME)


def test_there_are_enough_wrong_callers() -> None:
    """Each check of a request has a wrong caller, and there are more than forty."""
    assert len(BROKEN_CALLERS) > 40
    caught = {check for one in BROKEN_CALLERS for check in one.caught_by}
    assert {f"{rule.chapter}-{rule.number:02}" for rule in RULES.values()} <= caught


def test_each_deviation_has_a_check_and_each_repair_a_deviation() -> None:
    """None is forgotten, and the rules that they name exist."""
    assert set(RULES) == set(Deviation)
    every = (*repairs.HEADER_REPAIRS, *repairs.BODY_REPAIRS, repairs.SCHOOLJAAR_REPAIR)
    assert set(BY_REPAIR) == {one.id for one in every}
    assert {number for suite in CHAPTERS for check in suite for number in check.rules} <= set(rules.load())
    ids = [check.id for suite in CHAPTERS for check in suite]
    assert len(set(ids)) == len(ids)


def test_a_request_to_another_path_is_shown_as_one() -> None:
    """Its own address is not shown, since a key may stand in it, and neither is that of the service."""
    time = Time()
    caller = Caller(endpoint(time), time, path="/uwlr/een-geheime-sleutel")
    caller.round()
    (turn,) = caller.app.conversation.turns
    assert turn.exchange.request.splitlines()[0] == "POST http://127.0.0.1:8090/‹another path›"


def test_no_secret_of_a_caller_is_in_a_report() -> None:
    """Neither what the kit gave, nor what a caller sends instead."""
    for one in BROKEN_CALLERS:
        written = report_json.write(run(_called(one), rounds=3)).decode()
        for secret in (CREDENTIALS.autorisatiesleutel, CREDENTIALS.klantcode, "een-andere", "peiljaar"):
            assert secret not in written, one.name


def test_a_run_of_some_calls_ends_after_them() -> None:
    """--calls."""
    time = Time()
    app = endpoint(time, Script(calls=2))
    found = run(Caller(app, time))
    assert len(app.conversation.turns) == 2
    assert found.exit_status == 0


def test_a_run_of_one_situation() -> None:
    """--situation: the run ends after it, once nothing comes any more."""
    time = Time()
    app = endpoint(time, Script((BY_NAME["one"],)))
    run(Caller(app, time))
    assert [turn.situation for turn in app.conversation.turns] == ["one"]


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [(PATH, "wsdl", 200), (PATH, "xsd=1", 404), ("/favicon.ico", "", 404), ("/", "", 404), ("/x", "wsdl", 404)],
)
def test_a_browser_is_not_judged(path: str, query: str, status: int) -> None:
    """One that reads the WSDL looks for an icon too."""
    app = endpoint(Time())
    assert call(app, method="GET", path=path, query=query, content_type=None).status == status
    assert not app.conversation.turns


def test_a_call_by_get_is_judged() -> None:
    """At the address of the service, and anywhere with a body."""
    app = endpoint(Time())
    assert call(app, method="GET", content_type=None).status == 405
    assert call(app, b"<x/>", method="GET", path="/x").status == 405
    assert failed(report(app)) == {"CHTTP-01"}


def test_without_a_request_nothing_is_judged() -> None:
    """A report of nothing is not conformant, and says so."""
    found = report(endpoint(Time()))
    assert (found.exit_status, found.stopped) == (2, "no request came")


@pytest.mark.parametrize("name", ["another path", "a message of 100 kB"])
def test_without_a_request_that_is_read_nothing_is_judged(name: str) -> None:
    """A warning is all that is told of such a request, and no reason to call its caller conformant."""
    one = next(one for one in BROKEN_CALLERS if one.name == name)
    found = run(_called(one), rounds=1)
    assert not found.failures
    assert (found.exit_status, found.stopped) == (2, "no request came that a service reads")


def test_one_request_that_is_not_read_is_a_warning() -> None:
    """Beside one that is answered."""
    time = Time()
    app = endpoint(time)
    caller = Caller(app, time)
    run(caller, rounds=1)
    caller.path = "/elsewhere"
    found = run(caller, rounds=1)
    assert found.exit_status == 0
    assert {one.id for one in found.warnings} == {"CHTTP-02"}
