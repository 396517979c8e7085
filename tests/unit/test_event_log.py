"""Failures in the log: the first of a kind is told, those that follow are counted, and the end of them is told."""

import json
import logging
import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from uwlr_adapter.db.event_log import MAX_KINDS, OTHERS, PERIOD_SECONDS, FailureLog, Repeats, Told, log_event
from uwlr_adapter.web.logs import JsonFormatter

LOGGER = logging.getLogger("uwlr_adapter.test")


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[dict[str, object]]]:
    """Yield the lines of the log, as they come."""
    found: list[dict[str, object]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(json.loads(JsonFormatter().format(record)))

    handler = Keep()
    with caplog.at_level(logging.INFO, "uwlr_adapter"):
        logging.getLogger("uwlr_adapter").addHandler(handler)
        yield found
        logging.getLogger("uwlr_adapter").removeHandler(handler)


class Time:
    """A clock that stands still."""

    now = 100.0

    def __call__(self) -> float:
        """Return the present moment."""
        return self.now


class Patient(FailureLog):
    """A failure log that tells nothing by itself."""

    def _tell(self) -> None:
        """Do nothing."""


def silent(code: str) -> Exception:
    """Return a failure of PostgreSQL with this SQLSTATE."""
    error = psycopg.OperationalError("Jan de Vries")
    error.sqlstate = code
    return error


def test_failures_of_a_kind_are_counted_and_told_once_a_minute() -> None:
    """The first is told at once; a minute later how many followed; after a minute without any that it is over."""
    repeats = Repeats()
    assert repeats.take("a", 0)
    assert not repeats.take("a", 1)
    assert not repeats.take("a", 2)
    assert repeats.take("b", 3)
    assert repeats.due(PERIOD_SECONDS - 1) == []
    assert repeats.due(PERIOD_SECONDS) == [Told("a", 2, 3, is_over=False)]
    assert not repeats.take("a", PERIOD_SECONDS + 1)
    assert repeats.due(2 * PERIOD_SECONDS) == [Told("a", 1, 4, is_over=False)]
    assert repeats.due(3 * PERIOD_SECONDS) == [Told("a", 0, 4, is_over=True)]
    assert repeats.next_at() is None
    assert repeats.take("a", 3 * PERIOD_SECONDS), "it is the first one again"


def test_a_failure_that_came_once_is_told_once() -> None:
    """No line says that it is over."""
    repeats = Repeats()
    assert repeats.take("a", 0)
    assert repeats.next_at() == PERIOD_SECONDS
    assert repeats.due(PERIOD_SECONDS) == []
    assert repeats.next_at() is None


def test_the_kinds_are_bounded() -> None:
    """Those beyond the bound are one kind together, so that no flood of kinds fills the memory or the log."""
    repeats = Repeats()
    assert all(repeats.take(str(number), 0) for number in range(MAX_KINDS))
    assert repeats.take("more", 0)
    assert not repeats.take("still more", 0)
    (told,) = repeats.due(PERIOD_SECONDS)
    assert told == Told(OTHERS, 1, 2, is_over=False)


def test_a_database_that_is_away_is_told_with_its_cause(lines: list[dict[str, object]]) -> None:
    """Once, with what to do; the others are counted, by their cause and not by where they came from."""
    clock = Time()
    log = Patient(clock)
    for _ in range(3):
        log.log(silent("53100"), LOGGER)
    log.log(silent("25006"), logging.getLogger("uwlr_adapter.elsewhere"))
    clock.now += PERIOD_SECONDS
    log.tell()
    clock.now += PERIOD_SECONDS
    log.tell()
    messages = [str(line["message"]) for line in lines]
    assert messages[0].startswith("the database fails: disk full (SQLSTATE 53100): its disk is full")
    assert lines[0]["failure"] == "psycopg.OperationalError (SQLSTATE 53100) at "
    assert messages[1].startswith("the database fails: read-only (SQLSTATE 25006): ")
    kind = {"kind": "disk full (SQLSTATE 53100)", "total": 3}
    goes_on, over = (
        {name: line[name] for name in ("message", "level", "kind", "count", "total")} for line in lines[2:]
    )
    assert goes_on == {"message": "a failure goes on", "level": "ERROR", "count": 2, **kind}
    assert over == {"message": "a failure is over", "level": "INFO", "count": 3, **kind}
    assert "Jan de Vries" not in json.dumps(lines)


def test_a_defect_is_told_by_its_place(lines: list[dict[str, object]]) -> None:
    """Two defects are two kinds; the text of an exception is none."""
    log = Patient(Time())
    for error in (ValueError("Jan"), ValueError("Piet"), KeyError("Jan")):
        log.log(error, LOGGER)
    assert [line["message"] for line in lines] == [
        "own failure: builtins.ValueError at ",
        "own failure: builtins.KeyError at ",
    ]


def test_the_counts_are_told_by_a_thread_that_ends(
    lines: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sleeps until something is due, and is gone when nothing is counted any more; then a failure has a new one."""
    clock = Time()

    def sleep(seconds: float) -> None:
        clock.now += seconds

    monkeypatch.setattr(time, "sleep", sleep)
    log = FailureLog(clock)
    for _ in range(2):
        lines.clear()
        log.log(silent("53100"), LOGGER)
        thread = log._thread  # noqa: SLF001 - it ends by itself
        if thread is not None:
            thread.join()
        assert len(lines) == 1
        assert log._thread is None  # noqa: SLF001 - as above


def test_a_failure_is_written_where_no_thread_can_start(
    lines: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The counts wait for the next failure, which tries again."""
    log = Patient(Time())
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", _refuse)
        log.log(silent("53100"), LOGGER)
    assert len(lines) == 1
    log.log(silent("53100"), LOGGER)
    assert log._thread is not None  # noqa: SLF001 - what tells the counts


def _refuse(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_an_event_has_its_facts(lines: list[dict[str, object]]) -> None:
    """They are members of its line."""
    log_event("import", parts=2, seconds=1.5, source="edexml")
    (line,) = lines
    assert (
        line.items() >= {"message": "import", "level": "INFO", "parts": 2, "seconds": 1.5, "source": "edexml"}.items()
    )
