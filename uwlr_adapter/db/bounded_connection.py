"""A connection of psycopg that waits for a bounded time, and cancels in the server what it gives up.

The limits of PostgreSQL (`statement_timeout`) are in force only while its process runs and the network passes. Neither
holds for a server that is frozen, nor for the wait of a commit for a synchronous standby, which no limit ends.
"""

import functools
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from uwlr_adapter.db import limits
from uwlr_adapter.db.causes import NO_ANSWER

CANCEL_SECONDS = 5
"""Seconds that the request to cancel a statement may take."""
_INTERVAL = 0.1
"""Seconds after which a wait looks at the clock, and at an interrupt of the keyboard: as psycopg has it."""


@functools.cache
def connect() -> Callable[..., Any]:
    """Return the function that opens a bounded connection, with the arguments of `psycopg.connect`.

    Raises ImportError without the driver.
    """
    import psycopg  # noqa: PLC0415 - only where PostgreSQL is used

    timed_out: type[Exception] = psycopg.errors._WaitTimeout  # noqa: SLF001 - the driver names it in its documentation

    class BoundedConnection(psycopg.Connection[Any]):
        """A connection each of whose waits for the server ends within a limit; then it is closed."""

        is_bounded = True

        def wait(self, gen: Any, interval: float = _INTERVAL, timeout: float | None = None) -> Any:  # noqa: ANN401 - generators of the driver
            """Run a generator of the driver. Raises OperationalError when the server says nothing for too long."""
            if timeout is None and self.is_bounded:
                timeout = limits.STATEMENT_SECONDS + 1
            try:
                return super().wait(gen, interval, timeout)
            except timed_out:
                cancel(self.pgconn)
                self.pgconn.finish()
                raise psycopg.OperationalError(NO_ANSWER) from None

    return BoundedConnection.connect


def cancel(pgconn: Any) -> None:  # noqa: ANN401 - of the driver
    """Ask the server to cancel what runs on a connection of libpq, in a thread; the connection can be closed at once.

    Else its process would go on waiting, and keep its locks and its place among the connections.
    """
    with suppress(Exception):  # a connection that is lost has nothing to cancel
        request = pgconn.cancel_conn()
        threading.Thread(target=_send, args=(request,), daemon=True, name="uwlr-cancel").start()


def _send(request: Any) -> None:  # noqa: ANN401 - of the driver
    from psycopg import generators, waiting  # noqa: PLC0415 - only where PostgreSQL is used

    with suppress(Exception):  # who does not answer a statement may not answer this either
        request.start()
        waiting.wait_conn(generators.cancel(request), interval=_INTERVAL, timeout=CANCEL_SECONDS)
    with suppress(Exception):
        request.finish()
