"""Many statements in one message to PostgreSQL: each gets its own rows, and what goes wrong is over at once."""

import asyncio
import select
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from support.databases import PostgresServer
from support.event_loop import run
from support.server import WAIT, until

from uwlr_adapter.db.backend import run as asked
from uwlr_adapter.db.causes import cause_of
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.libpq import Pipeline, libpq_of
from uwlr_adapter.db.statements import Insert, InsertStatement, Query, Row, SelectStatement, Step

TRIAL = sa.Table("proef", sa.MetaData(), sa.Column("a", sa.Integer), sa.Column("b", sa.String))
INSERT = InsertStatement(TRIAL, ["a", "b"])
QUESTION = SelectStatement(sa.select(TRIAL.c.a, TRIAL.c.b).where(TRIAL.c.a == sa.bindparam("a", type_=sa.Integer)))
Result = TypeVar("Result")


@pytest.fixture
def database(postgresql: PostgresServer) -> Iterator[Database]:
    """Open a database with one small table more."""
    with postgresql.database() as url:
        database = Database(url)
        with database.writing() as connection:
            connection.exec_driver_sql("CREATE TABLE proef (a int CHECK (a <> 13), b text)")
        yield database
        database.close()


def play(database: Database, work: Callable[[Pipeline], Awaitable[Result]]) -> Result:
    """Run something with a pipeline in an event loop."""

    async def main() -> Result:
        with ThreadPoolExecutor(1) as executor:
            pipe = Pipeline(database, executor, WAIT)
            try:
                return await work(pipe)
            finally:
                pipe.close()

    return run(main())


def put(database: Database, *rows: tuple[int, str | None]) -> list[Step]:
    """Return a statement for each of these rows."""
    return [Insert(INSERT, [{"a": a, "b": b}]).step(database.engine.dialect) for a, b in rows]


def ask(database: Database, *numbers: int) -> list[Step]:
    """Return a question about each of these numbers."""
    return [Query(QUESTION, {"a": number}).step(database.engine.dialect) for number in numbers]


def number_of_rows(database: Database) -> object:
    """Count them by another connection."""
    with database.reading() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(TRIAL))


def test_a_connection_that_others_used(database: Database) -> None:
    """Statements that a transaction prepared in a connection do not disturb a pipeline that gets the connection."""
    with database.reading() as connection:
        counted = Query(SelectStatement(sa.select(sa.func.count()).select_from(TRIAL)), {})
        assert asked(connection, [counted]) == [[(0,)]]

    async def work(pipe: Pipeline) -> list[list[Row]]:
        await pipe.run(put(database, (1, "een")))
        return await pipe.run(ask(database, 1))

    assert play(database, work) == [[(1, "een")]]


def test_each_question_gets_its_own_rows(database: Database) -> None:
    """In their order, none and several rows too, and again once the statements are prepared."""

    async def work(pipe: Pipeline) -> list[Any]:
        await pipe.run(put(database, (1, "een"), (2, None), (2, "twee 😀")))
        return [await pipe.run(ask(database, 2, 3, 1, 1)) for _ in range(2)]

    found = [[(2, None), (2, "twee 😀")], [], [(1, "een")], [(1, "een")]]
    assert play(database, work) == [found, found]


def test_what_does_not_fit_in_the_socket_is_sent_on(database: Database) -> None:
    """Far more than the system takes at once arrives whole."""
    lang = "x" * 2_000_000

    async def work(pipe: Pipeline) -> list[Any]:
        await pipe.run(put(database, *((number, lang) for number in range(8))))
        return await pipe.run(ask(database, *range(8)))

    assert play(database, work) == [[(number, lang)] for number in range(8)]


def test_one_that_fails_undoes_them_all(database: Database) -> None:
    """Nothing of the group is there, the failure quotes no value, and the next group is written."""

    async def work(pipe: Pipeline) -> None:
        with pytest.raises(DBAPIError) as caught:
            await pipe.run(put(database, (1, "geheim"), (13, "geheim"), (2, "geheim")))
        assert "geheim" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
        assert number_of_rows(database) == 0
        await pipe.run(put(database, (3, None)))

    play(database, work)
    assert number_of_rows(database) == 1


def test_two_calls_at_once_take_turns(database: Database) -> None:
    """Each gets its own rows, whoever else uses the connection."""

    async def work(pipe: Pipeline) -> list[Any]:
        await pipe.run(put(database, (1, "een"), (2, "twee")))
        return list(await asyncio.gather(*(pipe.run(ask(database, number)) for number in (1, 2, 3))))

    assert play(database, work) == [[[(1, "een")]], [[(2, "twee")]], [[]]]


def test_a_connection_that_is_lost_is_made_anew(database: Database) -> None:
    """The caller gets the failure, the other connections are dropped too, and the next request succeeds."""

    async def work(pipe: Pipeline) -> list[Any]:
        await pipe.run(ask(database, 1))
        failures: list[object] = []
        database.on_failure, generation = failures.append, database.generation
        with pytest.raises(DBAPIError):
            await pipe.run([Step("SELECT pg_terminate_backend(pg_backend_pid())", [])])
        assert len(failures) == 1
        assert database.generation > generation
        return await pipe.run(ask(database, 1))

    assert play(database, work) == [[]]


@pytest.mark.parametrize("rounds", [0, 3])
def test_a_connection_that_is_lost_while_idle_is_not_noticed(database: Database, rounds: int) -> None:
    """Nobody fails, and others keep their connections, whether the loop had time to hear of it or not."""

    async def work(pipe: Pipeline) -> list[Any]:
        (((pid,),),) = await pipe.run([Step("SELECT pg_backend_pid()", [])])
        generation = database.generation
        with database.reading() as connection:
            connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)")
        for _ in range(rounds):
            await asyncio.sleep(0)
        await pipe.run(put(database, (1, None)))
        assert database.generation == generation
        return await pipe.run(ask(database, 1))

    assert play(database, work) == [[(1, None)]]


def test_a_connection_that_says_something_unasked_is_left(database: Database) -> None:
    """It is about to end, if it has not ended yet: what was said may be read already, so that nothing shows later."""
    pid = Step("SELECT pg_backend_pid()", [])

    async def work(pipe: Pipeline) -> list[Any]:
        first = await pipe.run([pid])
        await pipe.run([Step("LISTEN proef", [])])
        with database.writing() as connection:
            connection.exec_driver_sql("NOTIFY proef")
        held: Any = pipe._connection  # noqa: SLF001 - only there is its socket
        select.select([held.libpq.pgconn.socket], [], [])
        for _ in range(3):
            await asyncio.sleep(0)
        return [first, await pipe.run([pid])]

    first, second = play(database, work)
    assert first != second


def test_a_connection_that_others_distrust_is_left(database: Database) -> None:
    """When every connection was let go of, such as those to a standby, this one is not used again either."""
    pid = Step("SELECT pg_backend_pid()", [])

    async def work(pipe: Pipeline) -> list[Any]:
        found: list[Any] = [await pipe.run([pid]) for _ in range(2)]
        database.close()
        return [*found, await pipe.run([pid])]

    first, second, third = play(database, work)
    assert first == second != third


def test_a_database_that_says_nothing_is_given_up(database: Database) -> None:
    """The caller gets the failure within the limit, the next caller an answer, and the server goes on with nothing."""

    async def work(pipe: Pipeline) -> list[Any]:
        await pipe.run(ask(database, 1))
        silence = [Step("SET statement_timeout = 0", []), Step("SELECT 1 FROM pg_sleep(3600)", [])]
        running = asyncio.create_task(pipe.run(silence))
        await asyncio.to_thread(until, lambda: _sleeping(database))
        held: Any = pipe._connection  # noqa: SLF001 - only there is the limit, which the test does not wait for
        held._give_up()  # noqa: SLF001 - as above
        with pytest.raises(DBAPIError) as caught:
            await running
        assert str(cause_of(caught.value)) == "no answer"
        return await pipe.run(ask(database, 1))

    assert play(database, work) == [[]]
    until(lambda: not _sleeping(database))


def _sleeping(database: Database) -> int:
    """Count the connections that are in pg_sleep."""
    with database.reading() as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
        return int(connection.scalar(sa.text(query)))


BY_TEXT = SelectStatement(sa.select(TRIAL.c.a, TRIAL.c.b).where(TRIAL.c.b == sa.bindparam("b", type_=sa.String(4))))
STRANGE = ["", "'", '"', "\\", "{,}", "$1", "%s", "NULL", "é😀", "\t\n", "longer than its column"]


def test_those_who_wait_together_each_get_their_own_rows(database: Database) -> None:
    """Questions that a loop asks together get the rows that each gets by itself, whatever their text and statement."""
    with database.writing() as connection:
        connection.execute(
            TRIAL.insert(), [{"a": a, "b": b} for a, b in enumerate([*STRANGE, *STRANGE[::2]], start=20)]
        )
    questions = [Query(BY_TEXT, {"b": text}) for text in [*STRANGE, "nobody", *STRANGE]]
    questions[3:3] = [Query(QUESTION, {"a": number}) for number in (24, 999, 22)]

    async def main() -> list[list[Row]]:
        loop = database.for_loop()
        try:
            return list(await asyncio.gather(*map(loop.look, questions)))
        finally:
            loop.close()

    found = run(main())
    assert [sorted(rows) for rows in found] == [sorted(database.look(one)) for one in questions]
    assert {len(rows) for rows in found} == {0, 1, 2}


def test_however_many_wait_no_table_is_read_whole(database: Database) -> None:
    """What many ask together is found by the index, as what one asks."""
    with database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO proef SELECT n + 100, n FROM generate_series(1, 2000) n")
        connection.exec_driver_sql("CREATE INDEX ON proef (a); ANALYZE proef")
    step = QUESTION.for_each(database.engine.dialect, [{"a": number} for number in range(100)])
    with database.reading() as connection:
        explained = libpq_of(connection.connection).fetch(Step(f"EXPLAIN {step.sql}", step.values))
    assert not [line for (line,) in explained if "Seq Scan" in line], explained
