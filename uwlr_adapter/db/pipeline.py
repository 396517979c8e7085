"""PostgreSQL as an event loop asks it: many statements in one message, and no thread waits for what comes back.

A statement by itself costs a message each way and two changes of processes, more than most of the work in it. In a
pipeline of libpq the statements of all who wait go out together; what Python does meanwhile is the next request.
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
    """One connection to the database; it is made when it is needed, and again after a failure."""

    def __init__(self, database: Database, executor: Executor) -> None:
        """Ask the database of `opslag`; a connection is waited for in a thread of `executor`."""
        self._database = database
        self._executor = executor
        self._loop = asyncio.get_running_loop()
        self._connection: _PipelineConnection | None = None

    async def fetch(self, steps: Sequence[Step]) -> list[list[Row]]:
        """Give the rows of each SELECT. Raises DBAPIError."""
        connection, found = await self._run(steps)
        return [connection.libpq.rows(one) for one in found]

    async def execute(self, steps: Sequence[Step]) -> None:
        """Do statements in one transaction, on the disk when this returns.

        Raises DBAPIError. Nothing is tried again: what became of it may be unknown.
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
        lijn = self._connection
        try:
            return lijn, await lijn.run(steps)
        except BaseException as error:
            self.close()
            if isinstance(error, self._database.engine.dialect.loaded_dbapi.Error):
                raise self._database.failed(error) from None
            raise


class _PipelineConnection:
    """One connection while it lasts: after a failure it is closed."""

    def __init__(self, connection: sa.PoolProxiedConnection, generation: int, loop: asyncio.AbstractEventLoop) -> None:
        from psycopg import OperationalError  # noqa: PLC0415 - for who has PostgreSQL

        self.libpq = libpq_of(connection)
        self.generation = generation
        self.lost = False
        """Whether it has ended, as far as is known: of one that was idle nothing was asked, so nobody failed."""
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
        """Tell whether the server has ended it while it was idle, also when the loop is still to hear so."""
        return self.lost or self.libpq.has_ended()

    async def run(self, steps: Sequence[Step]) -> list[Any]:
        """Give the result of each statement, once the transaction of them all has ended. Raises OperationalError."""
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
        """Let go of the socket, once: libpq closes it when it is lost, and then its number may be another one's."""
        if not self.lost:
            self.lost = True
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)

    def _send(self) -> None:
        """Send what waits to be sent, the rest of it when there is room."""
        if self._pgconn.flush():
            self._loop.add_writer(self._socket, self._send_rest)

    def _send_rest(self) -> None:
        self._loop.remove_writer(self._socket)
        try:
            self._send()
        except self._error as error:
            self._end(error)

    def _receive(self) -> None:
        """Take in what has come; when nothing was asked, that is the end of the connection."""
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
        """Tell who waits that it is done, or what went wrong."""
        done, self._done = self._done, None
        if error is not None:
            self._leave()
        if done is None or done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
