"""PostgreSQL on an event loop: many statements in one message, and no thread waits for the results.

One statement costs a round trip and two context switches, usually more than its execution. A pipeline of libpq sends
the statements of all waiting requests together; while PostgreSQL executes them, Python handles the next requests.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.db import limits
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.libpq import Row, Step, libpq_of


class Pipeline:
    """One connection to the database, opened when it is first used and again after a failure.

    One call runs at a time. It fails after `limits.STATEMENT_SECONDS` and one second more.
    """

    def __init__(self, database: Database, executor: Executor) -> None:
        """Use `database`, in the running event loop; connecting blocks a thread of `executor`, never the loop."""
        self._database = database
        self._executor = executor
        self._loop = asyncio.get_running_loop()
        self._connection: _PipelineConnection | None = None

    async def fetch(self, steps: Sequence[Step]) -> list[list[Row]]:
        """Return the rows of each SELECT, in one transaction. Raises DBAPIError."""
        connection, found = await self._run(steps)
        return [connection.libpq.rows(one) for one in found]

    async def execute(self, steps: Sequence[Step]) -> None:
        """Run statements in one transaction, durable when this returns.

        Raises DBAPIError. Nothing is tried again, since its outcome may be unknown.
        """
        await self._run(steps)

    def close(self) -> None:
        """End the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _run(self, steps: Sequence[Step]) -> "tuple[_PipelineConnection, list[Any]]":
        if self._connection is not None and (
            self._connection.has_ended() or self._connection.generation != self._database.generation
        ):
            self.close()
        if self._connection is None:
            generation = self._database.generation
            connection = await self._loop.run_in_executor(self._executor, self._database.connect)
            self._connection = _PipelineConnection(connection, generation, self._loop)
        pipeline = self._connection
        try:
            return pipeline, await pipeline.run(steps)
        except BaseException as error:
            self.close()
            if isinstance(error, self._database.engine.dialect.loaded_dbapi.Error):
                raise self._database.failed(error) from None
            raise


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

    async def run(self, steps: Sequence[Step]) -> list[Any]:
        """Return the result of each statement, once their transaction has ended. Raises OperationalError."""
        done = self._done = self._loop.create_future()
        self._found = []
        skipped = self.libpq.send(steps)
        self._send()
        limit = self._loop.call_later(limits.STATEMENT_SECONDS + 1, self._give_up)
        try:
            await done
        finally:
            limit.cancel()
        return self._found[skipped:]

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
        self._end(self._error("the database does not answer"))

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
