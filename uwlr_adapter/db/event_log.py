"""What the log holds beside its requests: events, and failures that are counted instead of repeated.

An event is a fixed word with facts: numbers, versions and words of our own, never a name of a person. Of a failure the
first one is written, with its cause; those of the same kind that follow are counted, and told once a minute; when a
minute has none of them, a line says that it is over. So a database that is away for a night costs a line a minute.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from uwlr_adapter.db.causes import cause_of
from uwlr_adapter.errors import describe

PERIOD_SECONDS = 60
"""Seconds over which failures of one kind are counted before a line tells how many there were."""
MAX_KINDS = 100
"""Kinds that are counted at a time (inclusive); the failures of others together are one kind more."""
OTHERS = "failures of other kinds"
Fact = str | int | float | bool | None

logger = logging.getLogger("uwlr_adapter.event")


def log_event(event: str, **facts: Fact) -> None:
    """Log an event at level INFO, such as `start`, `import` or `purge`, with its facts.

    Facts are counts, durations in seconds, versions and words of our own; they may not name a person, a school or a
    secret. `event` is a fixed word: an operator searches for it.
    """
    logger.info(event, extra={"facts": facts})


class Told(NamedTuple):
    """What is to be told of failures of one kind: how many came since the last line, and in all."""

    kind: str
    since: int
    total: int
    is_over: bool


class Repeats:
    """Counts failures by kind: a state machine without a clock. Not safe to share between threads."""

    def __init__(self) -> None:
        self._kinds: dict[str, _FailureKind] = {}

    def take(self, kind: str, now: float) -> bool:
        """Take a failure at a moment in seconds, and return whether it is to be written: the first one of its kind."""
        if kind not in self._kinds and len(self._kinds) >= MAX_KINDS:
            kind = OTHERS
        found = self._kinds.get(kind)
        if found is None:
            self._kinds[kind] = _FailureKind(now)
            return True
        found.since += 1
        found.total += 1
        return False

    def due(self, now: float) -> list[Told]:
        """Return what is to be told at a moment in seconds; a kind that is over is forgotten.

        A failure that came once is told already.
        """
        told = []
        for kind, found in list(self._kinds.items()):
            if now - found.told_at < PERIOD_SECONDS:
                continue
            if found.since:
                told.append(Told(kind, found.since, found.total, is_over=False))
                found.since, found.told_at = 0, now
            else:
                del self._kinds[kind]
                if found.total > 1:
                    told.append(Told(kind, 0, found.total, is_over=True))
        return told

    def next_at(self) -> float | None:
        """Return the moment in seconds at which something may be due; None when nothing is counted."""
        return min((found.told_at + PERIOD_SECONDS for found in self._kinds.values()), default=None)


class _FailureKind:
    __slots__ = ("since", "told_at", "total")

    def __init__(self, told_at: float) -> None:
        self.told_at = told_at
        self.since = 0
        """Failures since the last line."""
        self.total = 1


class FailureLog:
    """Writes failures to a log, each kind once and then as counts. Safe to share between threads.

    A thread of its own tells the counts; it is there only while something is counted, so that a process that never
    fails has none, and a forked one starts its own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._repeats = Repeats()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def log(self, error: BaseException, to: logging.Logger) -> None:
        """Log a failure at level ERROR: its cause in our words, and where it came from (`describe`)."""
        cause, described = cause_of(error), describe(error)
        with self._lock:
            is_first = self._repeats.take(f"{to.name} {described}" if cause is None else str(cause), self._clock())
            if self._thread is None:
                self._start()
        if not is_first:
            return
        if cause is None:
            to.error("own failure: %s", described)
        else:
            to.error("the database fails: %s", cause.sentence, extra={"facts": {"failure": described}})

    def _start(self) -> None:
        """Start the thread that tells; where the system gives none, the next failure tries again."""
        thread = threading.Thread(target=self._tell, daemon=True, name="uwlr-failures")
        with suppress(RuntimeError):
            thread.start()
            self._thread = thread

    def tell(self) -> None:
        """Log what is due."""
        with self._lock:
            due = self._repeats.due(self._clock())
        for kind, since, total, is_over in due:
            facts = {"kind": kind, "count": total if is_over else since, "total": total}
            if is_over:
                logger.info("a failure is over", extra={"facts": facts})
            else:
                logger.error("a failure goes on", extra={"facts": facts})

    def _tell(self) -> None:
        """Tell what is due until nothing is counted."""
        while (seconds := self._wait()) is not None:
            time.sleep(seconds)
            self.tell()

    def _wait(self) -> float | None:
        with self._lock:
            at = self._repeats.next_at()
            if at is None:
                self._thread = None
                return None
            return max(1.0, at - self._clock())


_failures = FailureLog()


def _begin_anew() -> None:
    """Count for itself in a forked process: the thread that tells is not in it."""
    global _failures  # noqa: PLW0603 - one for each process
    _failures = FailureLog()


os.register_at_fork(after_in_child=_begin_anew)


def log_failure(error: BaseException, to: logging.Logger) -> None:
    """Log an internal failure at level ERROR; one like an earlier one is counted instead.

    The cause of a failure of the database is told in our own words, with its code. No text of an exception is: it may
    quote values.
    """
    _failures.log(error, to)
