"""A koppeling that somebody holds keeps its own callers waiting, and nobody else's."""

import asyncio
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from support.databases import PostgresServer
from support.event_loop import run

from uwlr_adapter.db.backend import LockedError
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.statements import Guard, Insert, InsertStatement

META = sa.MetaData()
HELD = sa.Table("gehouden", META, sa.Column("id", sa.Integer, primary_key=True), sa.Column("version", sa.Integer))
LINE = sa.Table("regel", META, sa.Column("n", sa.Integer), sa.Column("held_id", sa.Integer))
GUARDED = InsertStatement(LINE, ["n", "held_id"], guard=Guard(HELD, {"id": "held_id", "version": "v"}), returning=["n"])


@pytest.fixture
def database(postgresql: PostgresServer) -> Iterator[Database]:
    """Open a database with two rows that can be held, and a table of lines."""
    with postgresql.database() as url:
        database = Database(url)
        with database.writing() as connection:
            META.create_all(connection)
            connection.execute(HELD.insert(), [{"id": 1, "version": 1}, {"id": 2, "version": 1}])
        yield database
        database.close()


def line(number: int, held: int) -> Insert:
    """Return the statement of one line for a row."""
    return Insert(GUARDED, [{"n": number, "held_id": held, "v": 1}])


def test_a_group_does_not_wait_long_for_one_row(database: Database) -> None:
    """A write of the loop gives up soon, with nothing written, no connection lost, and the next one goes on."""
    failures: list[object] = []
    database.on_failure = failures.append
    other = Database(database.url.render_as_string(hide_password=False))

    async def play() -> tuple[list[object], int]:
        loop, generation = database.for_loop(), database.generation
        with other.writing() as connection:
            connection.execute(sa.select(HELD.c.id).where(HELD.c.id == 1).with_for_update())
            with pytest.raises(LockedError):
                await loop.write([line(1, 1), line(2, 2)])
            found: list[object] = [await loop.write([line(3, 2)])]
            alone = asyncio.get_running_loop().run_in_executor(None, database.write, [line(4, 1)])
        found.append(await alone)
        loop.close()
        return found, database.generation - generation

    assert run(play()) == ([[[(3,)]], [[(4,)]]], 0)
    assert not failures
    with database.reading() as connection:
        assert connection.scalars(sa.select(LINE.c.n).order_by(LINE.c.n)).all() == [3, 4]
