"""The tries of readiness: one at a time, kept for a second, and answered in time although one hangs."""

import threading

import pytest
from support.server import WAIT

from uwlr_adapter.keys.server_keys import ServerKeyError
from uwlr_adapter.web.readiness import (
    KEEP_SECONDS,
    LIMIT_SECONDS,
    Readiness,
    ReadinessCheck,
    Unready,
    UnreadyError,
)


class Time:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        """Return the present moment."""
        return self.now


class Counted:
    """A check that counts its tries, and fails or waits as it is told."""

    def __init__(self) -> None:
        self.tries = 0
        self.error: Exception | None = None
        self.go = threading.Event()
        self.go.set()

    def __call__(self) -> None:
        """Do it."""
        self.tries += 1
        assert self.go.wait(WAIT)
        if self.error is not None:
            raise self.error


def test_a_result_is_kept_for_a_second() -> None:
    """However many ask meanwhile; after that it is tried anew."""
    clock, check = Time(), Counted()
    readiness = Readiness([ReadinessCheck(Unready.DATABASE, check)], clock)
    assert [readiness.reason() for _ in range(5)] == [None] * 5
    assert check.tries == 1
    check.error = OSError()
    clock.now += KEEP_SECONDS / 2
    assert readiness.reason() is None
    clock.now += KEEP_SECONDS
    assert readiness.reason() is Unready.DATABASE
    assert check.tries == 2


def test_one_try_runs_at_a_time() -> None:
    """Those who ask while it runs get its result."""
    check = Counted()
    check.go.clear()
    readiness = Readiness([ReadinessCheck(Unready.WRITE, check)], Time())
    attempts = {readiness.ask() for _ in range(100)}
    check.go.set()
    assert [attempt.result.result(WAIT) for attempt in attempts] == [None]
    assert check.tries == 1


def test_without_a_thread_it_is_not_ready_until_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that is out of threads says so at once; later it is tried anew."""
    clock, check = Time(), Counted()
    readiness = Readiness([ReadinessCheck(Unready.DATABASE, check)], clock)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", _refuse)
        assert [readiness.reason() for _ in range(2)] == [Unready.THREADS] * 2
    clock.now += KEEP_SECONDS
    assert readiness.reason() is None


def _refuse(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_a_try_that_hangs_says_in_what() -> None:
    """Who asks before its time is over waits for the rest of it, who asks later not at all; then it is right again."""
    clock, first, second = Time(), Counted(), Counted()
    second.go.clear()
    checks = [ReadinessCheck(Unready.DATABASE, first), ReadinessCheck(Unready.WRITE, second)]
    readiness = Readiness(checks, clock)
    attempt = readiness.ask()
    while not second.tries:
        pass
    assert attempt.seconds_left(clock.now) == LIMIT_SECONDS
    clock.now += LIMIT_SECONDS
    assert attempt.seconds_left(clock.now) == 0
    assert [readiness.reason() for _ in range(3)] == [Unready.WRITE] * 3
    second.go.set()
    assert attempt.result.result(WAIT) is None
    assert readiness.reason() is None
    assert (first.tries, second.tries) == (1, 1)


@pytest.mark.parametrize(
    ("error", "word"),
    [(UnreadyError(Unready.SCHEMA), Unready.SCHEMA), (ServerKeyError("x"), Unready.KEYS), (OSError(), Unready.WRITE)],
)
def test_the_first_check_that_fails_answers(error: Exception, word: Unready) -> None:
    """With the word that it says itself, or its own; those behind it are not tried."""
    check, behind = Counted(), Counted()
    check.error = error
    checks = [ReadinessCheck(Unready.WRITE, check), ReadinessCheck(Unready.THREADS, behind)]
    assert Readiness(checks, Time()).reason() is word
    assert behind.tries == 0


def test_the_log_says_when_it_changes(caplog: pytest.LogCaptureFixture) -> None:
    """Once, and not at each try."""
    clock, check = Time(), Counted()
    readiness = Readiness([ReadinessCheck(Unready.DATABASE, check)], clock)
    with caplog.at_level("INFO", "uwlr_adapter.event"):
        for error in (None, OSError(), OSError(), None, None):
            check.error = error
            readiness.reason()
            clock.now += KEEP_SECONDS
    told = [record.message for record in caplog.records if record.name == "uwlr_adapter.event"]
    assert told == ["not ready", "ready"]
