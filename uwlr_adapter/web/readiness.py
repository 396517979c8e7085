"""Whether a call would be answered now: tries what a call needs, a durable write included.

One try runs at a time, in a thread of its own, however many ask; its result is kept for KEEP_SECONDS. Who asks waits at
most LIMIT_SECONDS after the try began: a step that takes longer is what the service is not ready for.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError

from uwlr_adapter.db.causes import Reason, cause_of
from uwlr_adapter.db.database import DatabaseUnusableError
from uwlr_adapter.db.event_log import log_event, log_failure
from uwlr_adapter.errors import UwlrAdapterError
from uwlr_adapter.keys.server_keys import ServerKeyError

KEEP_SECONDS = 1.0
"""Seconds for which a result is kept: a load balancer with many machines asks several times a second."""
LIMIT_SECONDS = 3.0
"""Seconds in which there is an answer, also when the database hangs: less than a load balancer waits."""

logger = logging.getLogger("uwlr_adapter.readiness")


class Unready(StrEnum):
    """What keeps a call from being answered."""

    DATABASE = "database"
    """The database cannot be reached or read."""
    SCHEMA = "schema"
    """Its tables are of another version, or one is missing."""
    KEYS = "keys"
    """Its codes are stored under other server keys than those of this process."""
    WRITE = "write"
    """What a call writes cannot be written, or is not durable."""
    THREADS = "threads"
    """No thread of this process is free to render an answer or a page."""


class UnreadyError(UwlrAdapterError):
    """A check found what is wrong by itself."""

    def __init__(self, word: Unready) -> None:
        super().__init__(word)
        self.word = word


class ReadinessCheck(NamedTuple):
    """One thing that a call needs: what is not right when it fails or hangs, and how it is tried."""

    word: Unready
    run: Callable[[], object]


class ReadinessAttempt:
    """A try that runs or has ended."""

    def __init__(self, now: float) -> None:
        self.begun = now
        self.ended = 0.0
        self.result: Future[Unready | None] = Future()
        self.word = Unready.DATABASE
        """Of the check that runs now."""

    def reason(self, now: float) -> Unready | None:
        """Return what it found; after LIMIT_SECONDS from its begin the check that it hangs in. Waits until then."""
        try:
            return self.result.result(self.seconds_left(now))
        except FutureTimeoutError:
            return self.word

    def end(self, found: Unready | None, now: float) -> None:
        """Note what it found."""
        self.ended = now
        self.result.set_result(found)

    def seconds_left(self, now: float) -> float:
        """Return for how many seconds it may still be waited for."""
        return max(0.0, self.begun + LIMIT_SECONDS - now)


class Readiness:
    """The checks of one process, tried when somebody asks. Safe to share between threads."""

    def __init__(self, checks: Iterable[ReadinessCheck], clock: Callable[[], float] = time.monotonic) -> None:
        self.checks: Sequence[ReadinessCheck] = tuple(checks)
        self._clock = clock
        self._lock = threading.Lock()
        self._attempt: ReadinessAttempt | None = None
        self._last: Unready | None = None

    def ask(self) -> ReadinessAttempt:
        """Return the try that runs, or the last one while its result is kept, or one that begins now."""
        with self._lock:
            attempt, now = self._attempt, self._clock()
            if attempt is None or (attempt.result.done() and now - attempt.ended >= KEEP_SECONDS):
                attempt = self._attempt = ReadinessAttempt(now)
                try:
                    threading.Thread(target=self._try, args=(attempt,), daemon=True, name="uwlr-ready").start()
                except RuntimeError:  # the system gives no thread: no answer can be rendered either
                    attempt.end(Unready.THREADS, now)
            return attempt

    def reason(self) -> Unready | None:
        """Return what keeps a call from being answered; None when it would be. Waits LIMIT_SECONDS at most."""
        return self.ask().reason(self._clock())

    def now(self) -> float:
        """Return the present moment in seconds, on the clock of the attempts."""
        return self._clock()

    def _try(self, attempt: ReadinessAttempt) -> None:
        found = self._find(attempt)
        if found is not self._last:
            log_event("ready" if found is None else "not ready", **({} if found is None else {"reason": found.value}))
        self._last = found
        attempt.end(found, self._clock())

    def _find(self, attempt: ReadinessAttempt) -> Unready | None:
        for check in self.checks:
            attempt.word = check.word
            try:
                check.run()
            except UnreadyError as error:
                return error.word
            except ServerKeyError:
                return Unready.KEYS
            except Exception as error:  # noqa: BLE001 - whatever fails here would fail a call
                log_failure(error, logger)
                return _word_of(error, check.word)
        return None


def _word_of(error: Exception, word: Unready) -> Unready:
    """Return what a failure of a check says: a table that is missing is the schema, in whichever check it shows."""
    if isinstance(error, DBAPIError | DatabaseUnusableError) and (cause := cause_of(error)) is not None:
        return Unready.SCHEMA if cause.reason is Reason.TABLES else word
    return word
