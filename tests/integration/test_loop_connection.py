"""The connection that an event loop has to SQLite's file never waits, and it is the only one that does not."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import pytest
import sqlalchemy as sa
from support.event_loop import run
from support.school_builder import open_database

from uwlr_adapter.db import limits, sqlite
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.statements import Command, Query, Row, SelectStatement

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


@pytest.mark.parametrize(("stall", "slow", "expected"), [(60, 60, 0), (-1, -1, 3), (60, -1, 1)])
def test_commits_of_a_slow_disk_leave_the_loop(tmp_path: Path, stall: float, slow: float, expected: int) -> None:
    """After one commit that stalled, or three slow ones in a row, the next commits are done in a thread."""
    database = open_database(tmp_path)
    in_thread: list[object] = []
    write = Database.write

    def noted(self: Database, commands: Sequence[Command]) -> list[list[Row]]:
        in_thread.append(commands)
        return write(self, commands)

    async def play() -> None:
        loop = database.for_loop()
        for _ in range(4):
            await loop.write([ONE])
        loop.close()

    with (
        patch.object(Database, "write", noted),
        patch.object(sqlite, "STALL_SECONDS", stall),
        patch.object(sqlite, "SLOW_SECONDS", slow),
    ):
        run(play())
    assert len(in_thread) == expected
