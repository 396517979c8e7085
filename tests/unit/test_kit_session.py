"""The bounds of a run: how often it asks, how long it waits, and when it gives up."""

from collections.abc import Callable

import pytest

from uwlr_adapter.kit import session as session_module
from uwlr_adapter.kit.checks import DecidedSignal, RunStoppedError, Verdict
from uwlr_adapter.kit.session import MAX_LOST, MAX_SECONDS, ScenarioStep, Session, Target
from uwlr_adapter.outbound import OutboundError, Reply

BUSY = b"<Envelope><Body><Fault><faultcode>Server.TijdelijkNietBeschikbaar</faultcode></Fault></Body></Envelope>"


class Bench:
    """A session whose clock stands still but for what calls and pauses take."""

    def __init__(self, answer: Callable[[int], Reply], seconds: float = 0) -> None:
        self.time, self.calls, self.slept = 0.0, 0, list[float]()
        target = Target("https://las.example/uwlr", "n", "c", "s", "21QW", "00", "2026-2027", "2.2")

        def send(*_: object) -> Reply:
            self.calls += 1
            self.time += seconds
            return answer(self.calls)

        self.session = Session(target, send, sleep=self.slept.append, clock=lambda: self.time)

    def ask(self) -> Verdict:
        """Make the usual call; return what a check that needs nothing of the answer comes to."""
        try:
            self.session.call(self.session.usual)
        except DecidedSignal as decided:
            return decided.verdict
        return Verdict.PASS


def lost_after(number: int, again: int = 0) -> Callable[[int], Reply]:
    """Answer so many calls, and none after that but the one with the number `again`."""

    def answer(call: int) -> Reply:
        if call > number and call != again:
            raise OutboundError("las.example:443 does not answer")
        return Reply(200, b"<a/>")

    return answer


def test_the_first_call_without_an_answer_ends_the_run() -> None:
    """Whoever does not answer at all is asked once."""
    bench = Bench(lost_after(0))
    with pytest.raises(RunStoppedError, match=r"^no usable answer comes: las\.example:443 does not answer$"):
        bench.ask()
    assert len(bench.session.exchanges) == 1


def test_calls_in_a_row_without_an_answer_end_the_run() -> None:
    """One that is lost fails its check; an answer in between begins the count anew."""
    bench = Bench(lost_after(1, again=1 + MAX_LOST))
    assert [bench.ask() for _ in range(2 * MAX_LOST)] == [
        Verdict.PASS,
        *[Verdict.FAIL] * (MAX_LOST - 1),
        Verdict.PASS,
        *[Verdict.FAIL] * (MAX_LOST - 1),
    ]
    with pytest.raises(RunStoppedError, match=f"^{MAX_LOST} calls in a row got no answer"):
        bench.ask()


def test_a_run_has_a_largest_number_of_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """The call after the last is not made."""
    monkeypatch.setattr(session_module, "MAX_CALLS", 3)
    bench = Bench(lost_after(9))
    assert [bench.ask() for _ in range(3)] == [Verdict.PASS] * 3
    with pytest.raises(RunStoppedError, match="made 3 calls"):
        bench.ask()
    assert bench.calls == 3


def test_a_run_waits_so_long_in_all() -> None:
    """An endpoint that takes its time for each answer is left in the end; a pause between calls does not count."""
    bench = Bench(lost_after(99), seconds=MAX_SECONDS / 2)
    for _ in range(3):
        assert bench.ask() is Verdict.PASS
        bench.time += 3 * MAX_SECONDS
    with pytest.raises(RunStoppedError, match="waited 60 minutes for answers"):
        bench.ask()
    assert bench.calls == 3


def busy(wait: str, status: int = 500, content: bytes = BUSY) -> Callable[[int], Reply]:
    """Answer the first call, and ask after that to wait."""
    return lambda call: Reply(200, b"<a/>") if call == 1 else Reply(status, content, (("Retry-After", wait),))


@pytest.mark.parametrize(
    ("wait", "slept"),
    [
        ("7", [7]),
        (" 30 ", [30]),
        ("Sun, 06 Nov 1994 08:49:37 GMT", [0]),
        ("Sun, 06 Nov 2094 08:49:37 -0000", []),
        ("straks", []),
        ("", []),
    ],
)
@pytest.mark.parametrize(("status", "content"), [(500, BUSY), (503, b"<html>"), (429, b"")])
def test_a_short_retry_after_is_waited_for_once(wait: str, slept: list[int], status: int, content: bytes) -> None:
    """The second answer counts, whatever it is; what cannot be read is no wait.

    A proxy says it by the status, a LAS by the code.
    """
    bench = Bench(busy(wait, status, content))
    bench.ask()
    bench.slept.clear()
    assert bench.ask() is Verdict.PASS
    assert [one for one in bench.slept if one >= 1 or one == 0] == slept
    assert bench.calls == 2 + len(slept)


def test_a_fault_of_another_kind_is_not_waited_for() -> None:
    """A Retry-After beside it says nothing of this request."""
    bench = Bench(busy("7", 500, BUSY.replace(b"TijdelijkNietBeschikbaar", b"InterneFout")))
    bench.ask()
    assert bench.ask() is Verdict.PASS
    assert bench.calls == 2


@pytest.mark.parametrize("wait", ["31", "9" * 40, "Sun, 06 Nov 2094 08:49:37 GMT"])
def test_a_long_retry_after_ends_the_run(wait: str) -> None:
    """Who wants not to be called is not called, and what is left was not judged."""
    bench = Bench(busy(wait, 503, b""))
    bench.ask()
    with pytest.raises(RunStoppedError, match=r"^the endpoint asks to wait for [0-9]+ s"):
        bench.ask()
    assert bench.calls == 2


def test_an_endpoint_that_is_always_busy_is_left_in_the_end() -> None:
    """What is waited for at its wish counts as waiting for its answers."""
    bench = Bench(lambda _: Reply(500, BUSY, (("Retry-After", "30"),)))
    with pytest.raises(RunStoppedError, match="waited 60 minutes"):
        [bench.ask() for _ in range(MAX_SECONDS)]
    assert sum(one for one in bench.slept if one >= 1) == MAX_SECONDS + 30


def test_no_step_is_done_when_nobody_is_there() -> None:
    """A run without a scenario has no person in it."""
    with pytest.raises(RunStoppedError, match="nobody is there for the step pause"):
        Bench(lost_after(9)).session.perform(ScenarioStep("pause", "Pause."))
