"""Database work of one event loop, grouped: many access queries in one round trip, many entries in one commit."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import TypeAlias

from uwlr_adapter.db.blocking import WouldBlock, nonblocking
from uwlr_adapter.db.group_commit import LoopGroup
from uwlr_adapter.db.libpq import Row
from uwlr_adapter.db.pipeline import Pipeline
from uwlr_adapter.db.statements import Query
from uwlr_adapter.exchange.exchange import Exchange
from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import Refusal, VerzoekEntry
from uwlr_adapter.web.endpoint import ReadMessage

JournaalItem: TypeAlias = VerzoekEntry | Refusal


class GroupedDatabase:
    """Access queries and journaal writes for the messages of one event loop, which must be running.

    `executor` opens connections, and writes to SQLite while another writer holds the file.
    """

    def __init__(self, exchange: Exchange, executor: Executor) -> None:
        self._exchange = exchange
        self._executor = executor
        self._dialect = exchange.database.engine.dialect
        self._query_group: LoopGroup[Query, list[Row]] | None = None
        self._query_pipeline, self._write_pipeline = (Pipeline(exchange.database, executor) for _ in range(2))
        if exchange.database.is_sqlite:  # a query on a file takes less time than handing it to another thread
            self._journaal = LoopGroup(self._write_to_file)
        else:
            self._query_group = LoopGroup(self._fetch)
            self._journaal = LoopGroup(self._write)

    async def access_rows(self, message: ReadMessage) -> list[Row]:
        """Return the rows of a message's access query. Raises WouldBlock."""
        try:
            if self._query_group is not None:
                return await self._query_group.add(message.query)
            with nonblocking():
                return self._exchange.database.look(message.query)
        except Exception:  # noqa: BLE001 - the query is repeated in a thread, which reports whatever it is
            raise WouldBlock from None

    async def write_entry(self, entry: JournaalItem) -> None:
        """Return once an entry is durable. Raises what the write of its group raised."""
        await self._journaal.add(entry)

    def close(self) -> None:
        """Close the connections."""
        self._query_pipeline.close()
        self._write_pipeline.close()

    async def _fetch(self, queries: Sequence[Query]) -> list[list[Row]]:
        return await self._query_pipeline.fetch([query.step(self._dialect) for query in queries])

    async def _write(self, items: Sequence[JournaalItem]) -> list[None]:
        await self._write_pipeline.execute(writer.insert_steps(items, self._dialect))
        return [None] * len(items)

    async def _write_to_file(self, items: Sequence[JournaalItem]) -> list[None]:
        """Write to SQLite in this thread, or in another one while the file has another writer.

        Handing the work to a thread takes as long as the commit itself.
        """
        work = self._exchange.journaal.write_all
        try:
            with nonblocking():
                work(items)
        except WouldBlock:
            await asyncio.get_running_loop().run_in_executor(self._executor, work, items)
        return [None] * len(items)
