"""The connection that an event loop has to SQLite's file never waits, and it is the only one that does not."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.event_loop import run
from support.school_builder import open_database

from uwlr_adapter.db import limits
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.statements import Query, SelectStatement

ONE = Query(SelectStatement(sa.select(sa.literal_column("1"))), {})


def waits(database: Database, number: int) -> list[int]:
    """Return how long each of so many connections of the pool waits for another writer, in seconds."""
    with ExitStack() as stack:
        connections = [stack.enter_context(database.reading()) for _ in range(number)]
        return [one.exec_driver_sql("PRAGMA busy_timeout").scalar_one() // 1000 for one in connections]


@pytest.mark.parametrize("callers", [1, 16])
def test_every_other_connection_waits_for_its_turn(tmp_path: Path, callers: int) -> None:
    """However many callers come first, all but the one connection of the loop wait for another writer."""
    database = open_database(tmp_path)

    async def play() -> list[int]:
        loop = database.for_loop()
        await asyncio.gather(*(loop.look(ONE) for _ in range(callers)))
        found = waits(database, 4)
        loop.close()
        return found

    assert run(play()) == [limits.WAIT_SECONDS] * 4
