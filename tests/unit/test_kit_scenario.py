"""The scenario of a koppeling: a right LAS passes, and each wrong one fails the check that is meant for it."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from support.kit_reports import MOMENT

from uwlr_adapter.kit import runner
from uwlr_adapter.kit.checks import RunStoppedError, Verdict
from uwlr_adapter.kit.report import Report
from uwlr_adapter.kit.scenarios import KOPPELING, SCENARIOS
from uwlr_adapter.kit.session import ScenarioStep, Session, Target
from uwlr_adapter.outbound import Reply

KEY = "21QW00een-code-van-vroeger"
DATA = b"<leerlinggegevens><school><aanmaakdatum>2026-11-30T10:00:00Z</aanmaakdatum></school></leerlinggegevens>"
NO_ACCESS = b"Client.AutorisatieOngeldig"
Break = Callable[["Las", bytes, bytes], bytes]
"""The answer of a broken LAS, from itself, the request and the right answer."""


def inside(content: bytes) -> bytes:
    """Return an answer of UWLR with this in it."""
    return b"<a>" + content + b"</a>"


def refusal(code: bytes, text: bytes = b"Geen toegang.") -> bytes:
    """Return a fault."""
    return b"<Fault><faultcode>soap:" + code + b"</faultcode><faultstring>" + text + b"</faultstring></Fault>"


@dataclass
class Las:
    """A right LAS with one koppeling; `broken` may change what it answers."""

    broken: Break
    status: str = "new"
    has_given: bool = False

    def step(self, step: ScenarioStep) -> None:
        """Do a step of the school."""
        self.status, self.has_given = step.name, False

    def send(self, _method: str, _url: str, body: bytes | None, _headers: dict[str, str]) -> Reply:
        """Answer a request."""
        request = body or b""
        content = self.broken(self, request, self._right(request))
        status = 500 if b"Fault" in content else 200
        return Reply(status, b"<Envelope><Body>" + content + b"</Body></Envelope>")

    def _right(self, request: bytes) -> bytes:
        if self.status not in {"activate", "resume"} or KEY.encode() not in request:
            return refusal(NO_ACCESS)
        if b"laatstontvangengegevens" in request and self.has_given:
            return inside(b"<geenwijzigingen/>")
        self.has_given = True
        return inside(DATA)


def play(broken: Break = lambda _las, _request, right: right) -> Report:
    """Run the scenario against a LAS."""
    las = Las(broken)
    target = Target("https://las.example/uwlr", "n", "c", KEY, "21QW", "00", "2026-2027", "2.2")
    session = Session(target, las.send, perform=las.step, sleep=lambda _: None)
    return runner.run(session, KOPPELING, "koppeling", MOMENT, kind="scenario")


def in_state(state: str, answer: Callable[[bytes], bytes | None]) -> Break:
    """Answer otherwise in one state; None is the right answer."""
    return lambda las, request, right: (answer(request) if las.status == state else None) or right


def since(request: bytes) -> bool:
    """Whether a request says what its caller has."""
    return b"laatstontvangengegevens" in request


def test_a_right_las_passes_each_step() -> None:
    """Every check passes, and the report says what was run and how to run it again."""
    report = play()
    assert {one.verdict for one in report.results} == {Verdict.PASS}
    assert (report.kind, report.plan, report.exit_status) == ("scenario", "koppeling", 0)
    assert all(" --scenario koppeling " in one.reproduce for one in report.results)


WRONG: dict[str, tuple[Break, set[str]]] = {
    "another code before the activation": (in_state("new", lambda _: refusal(b"Server.InterneFout")), {"KOP-01"}),
    "data again for who has them": (
        in_state("activate", lambda request: inside(DATA) if since(request) else None),
        {"KOP-03"},
    ),
    "the activation is not seen": (in_state("activate", lambda _: refusal(NO_ACCESS)), {"KOP-02"}),
    "a pause is not seen": (
        in_state("pause", lambda request: inside(DATA) if KEY.encode() in request else None),
        {"KOP-11", "KOP-12", "KOP-13"},
    ),
    "a pause is geenwijzigingen for who has the data": (
        in_state("pause", lambda request: inside(b"<geenwijzigingen/>") if since(request) else None),
        {"KOP-12"},
    ),
    "a pause is geengegevens, on which platforms delete": (
        in_state("pause", lambda request: None if since(request) else inside(b"<geengegevens/>")),
        {"KOP-11", "KOP-13"},
    ),
    "a pause does not hold for the structure": (
        in_state("pause", lambda request: inside(DATA) if b"structuur_verzoek" in request else None),
        {"KOP-13"},
    ),
    "a pause is told": (
        in_state("pause", lambda request: refusal(NO_ACCESS, b"Gepauzeerd.") if KEY.encode() in request else None),
        {"KOP-14"},
    ),
    "a resumption is not seen": (in_state("resume", lambda _: refusal(NO_ACCESS)), {"KOP-21"}),
    "a resumption remembers what was given": (
        in_state("resume", lambda request: inside(b"<geenwijzigingen/>") if since(request) else None),
        {"KOP-22"},
    ),
    "a resumption has nobody": (in_state("resume", lambda _: inside(b"<geengegevens/>")), {"KOP-22"}),
    "an end is not seen": (in_state("end", lambda _: inside(DATA)), {"KOP-31", "KOP-32"}),
    "an end is geenwijzigingen for who has the data": (
        in_state("end", lambda request: inside(b"<geenwijzigingen/>") if since(request) else None),
        {"KOP-32"},
    ),
}
"""Wrong LASes, and the checks that fail on each."""


@pytest.mark.parametrize("name", WRONG)
def test_each_wrong_las_is_caught(name: str) -> None:
    """The checks that are meant for it fail, and no other one."""
    broken, caught_by = WRONG[name]
    report = play(broken)
    assert {one.id for one in report.results if one.verdict is Verdict.FAIL} == caught_by
    assert not [one.sentence for one in report.results if "defect" in one.sentence]


def test_a_koppeling_that_is_open_already_blames_nobody() -> None:
    """Whoever begins with an active koppeling sees all but the first check."""
    report = play(in_state("new", lambda _: inside(DATA)))
    assert [one.id for one in report.results if one.verdict is not Verdict.PASS] == ["KOP-01"]
    assert report.results[0].verdict is Verdict.CANNOT
    assert report.exit_status == 0


def test_an_unknown_klant_ends_the_run_before_anybody_acts() -> None:
    """A wrong klantcode is one sentence, and no koppeling is touched."""
    report = play(lambda _las, _request, _right: refusal(b"Client.OngeldigeKlantIdentificatie"))
    assert "refuses the klantnaam and the klantcode" in report.stopped
    assert {one.verdict for one in report.results} == {Verdict.CANNOT, Verdict.SKIP}
    assert report.exit_status == 2


@pytest.mark.parametrize("step", [one.name for one in SCENARIOS["koppeling"].steps])
def test_a_step_that_is_not_done_ends_the_run(step: str) -> None:
    """What was found before it is kept, and nothing after it is judged."""
    las = Las(lambda _las, _request, right: right)

    def perform(own: ScenarioStep) -> None:
        if own.name == step:
            raise RunStoppedError(f"the step {step} was not done")
        las.step(own)

    target = Target("https://las.example/uwlr", "n", "c", KEY, "21QW", "00", "2026-2027", "2.2")
    session = Session(target, las.send, perform=perform, sleep=lambda _: None)
    report = runner.run(session, KOPPELING, "koppeling", MOMENT, kind="scenario")
    verdicts = [one.verdict for one in report.results]
    place = verdicts.index(Verdict.CANNOT)
    assert set(verdicts[:place]) == {Verdict.PASS}
    assert set(verdicts[place + 1 :]) <= {Verdict.SKIP}
    assert (report.stopped, report.exit_status) == (f"the step {step} was not done", 2)
