"""Many statements in one message to PostgreSQL: each gets its own rows, and what goes wrong is over at once."""

import asyncio
import select
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from unittest.mock import patch

import pytest
import sqlalchemy as sa
from databank import Databank
from lus import run
from sqlalchemy.exc import DBAPIError

from uwlr_adapter.db import pipeline
from uwlr_adapter.db.database import Opslag
from uwlr_adapter.db.database import ask as asked
from uwlr_adapter.db.libpq import Rij, Stap
from uwlr_adapter.db.pipeline import Pijplijn
from uwlr_adapter.db.statements import Gesteld, Invoer, Vraag

PROEF = sa.Table("proef", sa.MetaData(), sa.Column("a", sa.Integer), sa.Column("b", sa.String))
INVOER = Invoer(PROEF, ["a", "b"])
VRAAG = Vraag(sa.select(PROEF.c.a, PROEF.c.b).where(PROEF.c.a == sa.bindparam("a", type_=sa.Integer)))
Result = TypeVar("Result")


@pytest.fixture
def opslag(postgresql: Databank) -> Iterator[Opslag]:
    """Open a database with one small table more."""
    with postgresql.database() as url:
        opslag = Opslag(url)
        with opslag.writing() as connection:
            connection.exec_driver_sql("CREATE TABLE proef (a int CHECK (a <> 13), b text)")
        yield opslag
        opslag.close()


def play(opslag: Opslag, work: Callable[[Pijplijn], Awaitable[Result]]) -> Result:
    """Run something with a pipeline in an event loop."""

    async def main() -> Result:
        with ThreadPoolExecutor(1) as executor:
            lijn = Pijplijn(opslag, executor)
            try:
                return await work(lijn)
            finally:
                lijn.close()

    return run(main())


def put(opslag: Opslag, *rijen: tuple[int, str | None]) -> list[Stap]:
    """Give a statement for each of these rows."""
    return [INVOER.step(opslag.engine.dialect, [{"a": a, "b": b}]) for a, b in rijen]


def ask(opslag: Opslag, *numbers: int) -> list[Stap]:
    """Give a question about each of these numbers."""
    return [VRAAG.step(opslag.engine.dialect, {"a": number}) for number in numbers]


def number_of_rows(opslag: Opslag) -> object:
    """Count them by another connection."""
    with opslag.reading() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(PROEF))


def test_a_connection_that_others_used(opslag: Opslag) -> None:
    """What a transaction prepared in a connection does not stand in the way of a pipeline that gets it."""
    with opslag.reading() as connection:
        counted = Gesteld(Vraag(sa.select(sa.func.count()).select_from(PROEF)), {})
        assert asked(connection, [counted]) == [[(0,)]]

    async def work(lijn: Pijplijn) -> list[list[Rij]]:
        await lijn.execute(put(opslag, (1, "een")))
        return await lijn.fetch(ask(opslag, 1))

    assert play(opslag, work) == [[(1, "een")]]


def test_each_question_gets_its_own_rows(opslag: Opslag) -> None:
    """In their order, none and several rows too, and again once the statements are prepared."""

    async def work(lijn: Pijplijn) -> list[Any]:
        await lijn.execute(put(opslag, (1, "een"), (2, None), (2, "twee 😀")))
        return [await lijn.fetch(ask(opslag, 2, 3, 1, 1)) for _ in range(2)]

    found = [[(2, None), (2, "twee 😀")], [], [(1, "een")], [(1, "een")]]
    assert play(opslag, work) == [found, found]


def test_what_does_not_fit_in_the_socket_is_sent_on(opslag: Opslag) -> None:
    """Far more than the system takes at once arrives whole."""
    lang = "x" * 2_000_000

    async def work(lijn: Pijplijn) -> list[Any]:
        await lijn.execute(put(opslag, *((number, lang) for number in range(8))))
        return await lijn.fetch(ask(opslag, *range(8)))

    assert play(opslag, work) == [[(number, lang)] for number in range(8)]


def test_one_that_fails_undoes_them_all(opslag: Opslag) -> None:
    """Nothing of the group is there, the failure quotes no value, and the next group is written."""

    async def work(lijn: Pijplijn) -> None:
        with pytest.raises(DBAPIError) as caught:
            await lijn.execute(put(opslag, (1, "geheim"), (13, "geheim"), (2, "geheim")))
        assert "geheim" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
        assert number_of_rows(opslag) == 0
        await lijn.execute(put(opslag, (3, None)))

    play(opslag, work)
    assert number_of_rows(opslag) == 1


def test_a_connection_that_is_lost_is_made_anew(opslag: Opslag) -> None:
    """Who asked hears of it, and everybody else lets go of what was connected too; then all is right again."""

    async def work(lijn: Pijplijn) -> list[Any]:
        await lijn.fetch(ask(opslag, 1))
        failures: list[object] = []
        opslag.on_failure, beurt = failures.append, opslag.beurt
        with pytest.raises(DBAPIError):
            await lijn.fetch([Stap("SELECT pg_terminate_backend(pg_backend_pid())", [])])
        assert len(failures) == 1
        assert opslag.beurt > beurt
        return await lijn.fetch(ask(opslag, 1))

    assert play(opslag, work) == [[]]


@pytest.mark.parametrize("rounds", [0, 3])
def test_a_connection_that_is_lost_while_idle_is_not_noticed(opslag: Opslag, rounds: int) -> None:
    """Nobody fails, and others keep their connections, whether the loop had time to hear of it or not."""

    async def work(lijn: Pijplijn) -> list[Any]:
        (((pid,),),) = await lijn.fetch([Stap("SELECT pg_backend_pid()", [])])
        beurt = opslag.beurt
        with opslag.reading() as connection:
            connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)")
        for _ in range(rounds):
            await asyncio.sleep(0)
        await lijn.execute(put(opslag, (1, None)))
        assert opslag.beurt == beurt
        return await lijn.fetch(ask(opslag, 1))

    assert play(opslag, work) == [[(1, None)]]


def test_a_connection_that_says_something_unasked_is_left(opslag: Opslag) -> None:
    """It is about to end, if it has not ended yet: what was said may be read already, so that nothing shows later."""
    pid = Stap("SELECT pg_backend_pid()", [])

    async def work(lijn: Pijplijn) -> list[Any]:
        first = await lijn.fetch([pid])
        await lijn.execute([Stap("LISTEN proef", [])])
        with opslag.writing() as connection:
            connection.exec_driver_sql("NOTIFY proef")
        line: Any = lijn._lijn  # noqa: SLF001 - only there is its socket
        select.select([line.libpq.pgconn.socket], [], [])
        for _ in range(3):
            await asyncio.sleep(0)
        return [first, await lijn.fetch([pid])]

    first, second = play(opslag, work)
    assert first != second


def test_a_connection_that_others_distrust_is_left(opslag: Opslag) -> None:
    """When every connection was let go of, such as those to a standby, this one is not used again either."""
    pid = Stap("SELECT pg_backend_pid()", [])

    async def work(lijn: Pijplijn) -> list[Any]:
        found: list[Any] = [await lijn.fetch([pid]) for _ in range(2)]
        opslag.close()
        return [*found, await lijn.fetch([pid])]

    first, second, third = play(opslag, work)
    assert first == second != third


def test_a_database_that_says_nothing_is_given_up(opslag: Opslag) -> None:
    """Who asked is told so within a limit, and the next one gets an answer."""

    async def work(lijn: Pijplijn) -> list[Any]:
        with patch.object(pipeline, "STATEMENT_SECONDS", -0.9), pytest.raises(DBAPIError):
            await lijn.fetch([Stap("SET statement_timeout = 0", []), Stap("SELECT 1 FROM pg_sleep(60)", [])])
        return await lijn.fetch(ask(opslag, 1))

    assert play(opslag, work) == [[]]
