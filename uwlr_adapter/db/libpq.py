"""A psycopg connection used through libpq: prepared statements, and pipelines of them, also on an event loop.

One statement costs a round trip and two context switches, usually more than its execution. A pipeline sends the
statements of all waiting requests together; while PostgreSQL executes them, Python handles the next requests.
"""

import asyncio
import select
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, NoReturn

import sqlalchemy as sa

from uwlr_adapter.db import limits
from uwlr_adapter.db.backend import LockedError
from uwlr_adapter.db.bounded_connection import cancel
from uwlr_adapter.db.causes import NO_ANSWER
from uwlr_adapter.db.statements import Row, Step

if TYPE_CHECKING:
    from uwlr_adapter.db.database import Database


class LibpqConnection:
    """One connection of psycopg, used through libpq; each of its statements is prepared once."""

    def __init__(self, driver: Any) -> None:  # noqa: ANN401 - the driver is an extra
        from psycopg import OperationalError, pq  # noqa: PLC0415 - only where PostgreSQL is used
        from psycopg.adapt import Transformer  # noqa: PLC0415 - as above

        self.pgconn = driver.pgconn
        self._transformer = Transformer.from_context(driver)
        self._error, self._status, self._sqlstate = OperationalError, pq.ExecStatus, pq.DiagnosticField.SQLSTATE
        self._prepared: dict[str, bytes] = {}
        self._came = select.poll()
        self._came.register(self.pgconn.socket, select.POLLIN)

    def has_ended(self) -> bool:
        """Return whether the server has ended this connection, which must be idle: it sends nothing else unasked."""
        return bool(self._came.poll(0))

    def fetch(self, step: Step) -> list[Row]:
        """Return the rows of a SELECT. Raises OperationalError."""
        return self.rows(self.execute(step))

    def execute(self, step: Step) -> Any:  # noqa: ANN401 - a result of libpq
        """Run a statement, outside a transaction or in one, and return libpq's result.

        Raises OperationalError, also when nothing arrives for too long; then the connection is closed.
        """
        name = self._prepare(step.sql)
        self.pgconn.send_query_prepared(name, step.values, result_format=1)
        return self._require(self._result())

    def _result(self) -> Any:  # noqa: ANN401 - as above
        """Return the one result of what was sent outside a pipeline. Raises OperationalError."""
        seconds = limits.STATEMENT_SECONDS + 1
        while self.pgconn.flush() or self.pgconn.is_busy():
            if not self._ready().poll(seconds * 1000):
                self._give_up()
            self.pgconn.consume_input()
        found = self.pgconn.get_result()
        while self.pgconn.get_result() is not None:
            pass
        return found

    def _give_up(self) -> NoReturn:
        """Close the connection, whose server says nothing. Raises OperationalError."""
        cancel(self.pgconn)
        self.pgconn.finish()
        raise self._error(NO_ANSWER)

    def fetch_all(self, steps: Sequence[Step], seconds: int) -> list[list[Row]]:
        """Return the rows of each statement; all go in one message, and the first results are read meanwhile.

        Raises OperationalError, also when nothing arrives for so many seconds; then the connection is closed.
        """
        try:
            for step in steps:
                self._prepare(step.sql)  # first of all: the first one may begin a transaction
            self.pgconn.enter_pipeline_mode()
            self.send(steps)
            rows = self._receive_all(seconds)
            self.pgconn.exit_pipeline_mode()
        except BaseException:
            self.pgconn.finish()
            raise
        return rows

    def _receive_all(self, seconds: int) -> list[list[Row]]:
        found: list[Any] = []
        rows: list[list[Row]] = []
        while True:
            is_all = self.receive(found)
            rows.extend([self.rows(one) for one in found[len(rows) :]])
            if is_all:
                return rows
            if not self._ready().poll(seconds * 1000):
                self._give_up()

    def _ready(self) -> "select.poll":
        """Return what to wait for: a result, and room to send while a part of the message is still here."""
        if not self.pgconn.flush():
            return self._came
        both = select.poll()
        both.register(self.pgconn.socket, select.POLLIN | select.POLLOUT)
        return both

    def send(self, steps: Sequence[Step]) -> int:
        """Send statements and the end of the pipeline; return how many results come before theirs."""
        names = [self._name(step.sql) for step in steps]
        new = [(name, step.sql) for (name, is_new), step in zip(names, steps, strict=True) if is_new]
        for name, sql in new:
            self.pgconn.send_prepare(name, sql.encode())
        for (name, _), step in zip(names, steps, strict=True):
            self.pgconn.send_query_prepared(name, step.values, result_format=1)
        self.pgconn.pipeline_sync()
        return len(new)

    def receive(self, found: list[Any]) -> bool:
        """Add the results that have arrived to `found`; return whether the pipeline has ended.

        Raises OperationalError.
        """
        self.pgconn.consume_input()
        nothing = 0
        while nothing < _NOTHING_MORE and not self.pgconn.is_busy():
            result = self.pgconn.get_result()
            nothing = nothing + 1 if result is None else 0
            if result is not None and result.status == self._status.PIPELINE_SYNC:
                return True
            if result is not None:
                found.append(self._require(result))
        return False

    def _prepare(self, sql: str) -> bytes:
        """Prepare a statement unless that is done, and return its name."""
        name, is_new = self._name(sql)
        if is_new:
            self.pgconn.send_prepare(name, sql.encode())
            self._require(self._result())
        return name

    def _name(self, sql: str) -> tuple[bytes, bool]:
        """Return the name of the prepared statement, and whether it is still to be prepared."""
        found = self._prepared.get(sql)
        if found is not None:
            return found, False
        found = self._prepared[sql] = f"uwlr_{len(self._prepared)}".encode()
        return found, True

    def rows(self, found: Any) -> list[Row]:  # noqa: ANN401 - as above
        """Return the rows of a result."""
        self._transformer.set_pgresult(found)
        rows: list[Row] = self._transformer.load_rows(0, found.ntuples, tuple)
        return rows

    def _require(self, found: Any) -> Any:  # noqa: ANN401 - as above
        """Return a result that succeeded. Raises OperationalError, without the server's text: it may quote values."""
        if found.status not in {self._status.TUPLES_OK, self._status.COMMAND_OK}:
            error = self._error("a statement failed")
            error.sqlstate = (found.error_field(self._sqlstate) or b"").decode()
            raise error
        return found


_NOTHING_MORE = 2
"""libpq returns no result once between two statements, and twice in a row when it has no more."""


def libpq_of(connection: sa.PoolProxiedConnection) -> LibpqConnection:
    """Return the libpq side of a connection, made once for each."""
    found = connection.info.get("uwlr_libpq")
    if not isinstance(found, LibpqConnection):
        found = connection.info["uwlr_libpq"] = LibpqConnection(connection.driver_connection)
    return found


_LIMIT = "SELECT set_config('lock_timeout', $1, false)"


class Pipeline:
    """One connection to the database, opened when it is first used and again after a failure.

    One call runs at a time, for `seconds` at most, and another one waits its turn; what is given up is cancelled in the
    server.
    """

    def __init__(
        self, database: "Database", executor: Executor, seconds: float, lock_seconds: int | None = None
    ) -> None:
        """Use `database`, in the running event loop; connecting blocks a thread of `executor`, never the loop.

        A statement that waits for a lock fails after `lock_seconds` (LockedError); None leaves the limit of others.
        """
        self._database = database
        self._seconds = seconds
        self._first = [] if lock_seconds is None else [Step(_LIMIT, [f"{lock_seconds}s".encode()])]
        self._executor = executor
        self._loop = asyncio.get_running_loop()
        self._connection: _PipelineConnection | None = None
        self._turn = asyncio.Lock()

    async def run(self, steps: Sequence[Step]) -> list[list[Row]]:
        """Run statements in one transaction, durable when this returns, and return the rows of each.

        Raises DBAPIError. Nothing is tried again, since its outcome may be unknown. Raises LockedError when nothing was
        done because of a lock.
        """
        async with self._turn:
            return await self._run(steps)

    async def _run(self, steps: Sequence[Step]) -> list[list[Row]]:
        connection, before = self._connection, 0
        if connection is None or connection.has_ended() or connection.generation != self._database.generation:
            connection = await self._connect()
            steps, before = [*self._first, *steps], len(self._first)
        try:
            return (await connection.run(steps, self._seconds))[before:]
        except BaseException as error:
            self.close()
            if self._database.backend.is_lock_timeout(error):
                raise LockedError from None
            if isinstance(error, self._database.engine.dialect.loaded_dbapi.Error):
                raise self._database.failed(error) from None
            raise

    def close(self) -> None:
        """End the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _connect(self) -> "_PipelineConnection":
        """Open a connection. Raises DBAPIError."""
        self.close()
        generation = self._database.generation
        connection = await self._loop.run_in_executor(self._executor, self._database.connect)
        self._connection = _PipelineConnection(connection, generation, self._loop)
        return self._connection


class _PipelineConnection:
    """One open connection; a failure closes it for good."""

    def __init__(self, connection: sa.PoolProxiedConnection, generation: int, loop: asyncio.AbstractEventLoop) -> None:
        from psycopg import OperationalError  # noqa: PLC0415 - only where PostgreSQL is used

        self.libpq = libpq_of(connection)
        self.generation = generation
        self.lost = False
        """Whether the connection is known to be closed. If it was idle when it closed, no request failed."""
        self._connection = connection
        self._loop = loop
        self._pgconn = self.libpq.pgconn
        self._pgconn.nonblocking = 1
        self._pgconn.enter_pipeline_mode()
        self._error = OperationalError
        self._found: list[Any] = []
        self._done: asyncio.Future[None] | None = None
        self._socket = self._pgconn.socket
        loop.add_reader(self._socket, self._receive)

    def has_ended(self) -> bool:
        """Return whether the server closed it while it was idle, even if the event loop has not been notified yet."""
        return self.lost or self.libpq.has_ended()

    async def run(self, steps: Sequence[Step], seconds: float) -> list[list[Row]]:
        """Return the rows of each statement, once their transaction has ended. Raises OperationalError.

        Also when that takes more than so many seconds; then the server is asked to cancel them.
        """
        done = self._done = self._loop.create_future()
        self._found = []
        skipped = self.libpq.send(steps)
        self._send()
        limit = self._loop.call_later(seconds, self._give_up)
        try:
            await done
        finally:
            limit.cancel()
        return [self.libpq.rows(one) for one in self._found[skipped:]]

    def close(self) -> None:
        """End the connection."""
        self._leave()
        self._connection.invalidate()

    def _leave(self) -> None:
        """Stop watching the socket. Later calls do nothing: another socket may have its file descriptor by then."""
        if not self.lost:
            self.lost = True
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)

    def _send(self) -> None:
        """Send the queued data; what does not fit is sent when the socket becomes writable."""
        if self._pgconn.flush():
            self._loop.add_writer(self._socket, self._send_rest)

    def _send_rest(self) -> None:
        self._loop.remove_writer(self._socket)
        try:
            self._send()
        except self._error as error:
            self._end(error)

    def _receive(self) -> None:
        """Read the results that arrived. Data while no statement runs means that the server closed the connection."""
        if self._done is None:
            self._leave()
            return
        try:
            if self.libpq.receive(self._found):
                self._end()
        except self._error as error:
            self._end(error)

    def _give_up(self) -> None:
        cancel(self._pgconn)
        self._end(self._error(NO_ANSWER))

    def _end(self, error: Exception | None = None) -> None:
        """Finish the running statements, or fail them with an error."""
        done, self._done = self._done, None
        if error is not None:
            self._leave()
        if done is None or done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
