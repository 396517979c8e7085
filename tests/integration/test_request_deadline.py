"""A call has its fault in time, whatever the database does: while it connects, in a statement, in a lock."""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.databases import PostgresServer, waiting
from support.event_loop import run
from support.frozen_network import Network, network
from support.rsgi import Headers, Protocol, Scope
from support.served_school import CODE_OF_ONE, ServedSchool, furnish
from support.server import WAIT, until

from uwlr_adapter.clock import now
from uwlr_adapter.db.database import Database
from uwlr_adapter.journaal.model import EntryKind
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.koppelingen.tables import given
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings
from uwlr_adapter.web import rsgi
from uwlr_adapter.web.rsgi import RsgiApp

FAULT, ANSWER = "Server.TijdelijkNietBeschikbaar", "leerlinggegevens"


@dataclass
class Listening(Protocol):
    """A protocol that keeps the body of the response."""

    answer: bytes = b""
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Keep the response."""
        super().response_bytes(status, headers, body)
        self.answer = body
        self.came.set()


async def ask(app: RsgiApp, message: bytes) -> str:
    """Send a call, and return its outcome."""
    head = Headers((("host", "x"), ("content-type", "text/xml"), ("content-length", str(len(message)))))
    protocol = Listening(message)
    async with asyncio.timeout(WAIT):
        await app.__rsgi__(Scope(head, "POST", "/uwlr/leerlinggegevens"), protocol)
    text = protocol.answer.decode()
    found = {FAULT: f"soap:{FAULT}<", "geenwijzigingen": "<geenwijzigingen", ANSWER: "<leerlinggegevens_antwoord"}
    return next(outcome for outcome, part in found.items() if part in text)


def entries(database: Database) -> list[str]:
    """Return the outcomes of the calls in the journaal, in their order."""
    query = sa.select(journaal.c.outcome).where(journaal.c.kind == EntryKind.VERZOEK).order_by(journaal.c.id)
    with database.reading() as connection:
        return list(connection.scalars(query))


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bound a request by one second."""
    monkeypatch.setattr(rsgi, "REQUEST_SECONDS", 1)


@dataclass
class Away:
    """A school behind a network, an application that asks through it, and its database without the network."""

    school: ServedSchool
    app: RsgiApp
    network: Network
    database: Database

    @property
    def message(self) -> bytes:
        """A call for the smallest school."""
        return self.school.request(key=CODE_OF_ONE, brin6="30AB00")


@pytest.fixture
def away(postgresql: PostgresServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Away]:
    """Make it."""
    with ExitStack() as stack:
        url = stack.enter_context(postgresql.database())
        monkeypatch.setenv("UWLR_DATABASE", url)
        school, database = furnish(tmp_path), Database(url)
        folder, port = database.url.query["host"], database.url.query.get("port") or database.url.port or 5432
        between = stack.enter_context(network(f"{folder}/.s.PGSQL.{port}"))
        own = database.url.set(host="127.0.0.1", port=between.port, query={})
        monkeypatch.setenv("UWLR_DATABASE", own.render_as_string(hide_password=False))
        app = RsgiApp(make_app(Settings(data=tmp_path)), 4)
        yield Away(school, app, between, database)
        between.go_on()
        app.app.close()


def play(app: RsgiApp, work: Callable[[], Awaitable[Any]]) -> Any:
    """Do work in an event loop of its own, and end the application with it."""

    async def main() -> Any:
        try:
            return await work()
        finally:
            app.__rsgi_del__(asyncio.get_running_loop())

    return run(main())


def test_a_network_that_hangs_while_connecting(away: Away) -> None:
    """Nobody is known yet, so nothing is written; when it passes again the next call is answered."""
    away.app.app.close()

    async def work() -> list[str]:
        away.network.stop()
        found = list(await asyncio.gather(*(ask(away.app, away.message) for _ in range(8))))
        away.network.go_on()
        return [*found, await ask(away.app, away.message)]

    assert play(away.app, work) == [*[FAULT] * 8, ANSWER]
    assert entries(away.database) == [ANSWER]
    until(lambda: away.app.app.oldest_seconds() == 0)


def test_a_network_that_hangs_in_a_statement(away: Away) -> None:
    """The connections are open and say nothing. Those who have not been decided leave no entry behind."""

    async def work() -> list[str]:
        found = [await ask(away.app, away.message)]
        away.network.stop()
        found += await asyncio.gather(*(ask(away.app, away.message) for _ in range(8)))
        away.network.go_on()
        return [*found, await ask(away.app, away.message)]

    assert play(away.app, work) == [ANSWER, *[FAULT] * 8, ANSWER]
    assert entries(away.database) == [ANSWER, ANSWER]
    until(lambda: away.app.app.oldest_seconds() == 0)


def test_a_lock_that_another_transaction_holds(away: Away) -> None:
    """Of the table that is written: callers have their fault, and the next call is answered."""

    async def work() -> list[str]:
        found = [await ask(away.app, away.message)]
        with away.database.writing() as connection:
            connection.exec_driver_sql("LOCK TABLE journaal IN ACCESS EXCLUSIVE MODE")
            first = asyncio.ensure_future(ask(away.app, away.message))
            await asyncio.to_thread(until, lambda: waiting(connection))
            rest = await asyncio.gather(*(ask(away.app, away.message) for _ in range(8)))
            found += [await first, *rest]
        return [*found, await ask(away.app, away.message)]

    assert play(away.app, work) == [ANSWER, *[FAULT] * 9, ANSWER]
    until(lambda: away.app.app.oldest_seconds() == 0)
    written = entries(away.database)
    assert written[0] == ANSWER
    assert {one for one in written[1:] if one != ANSWER} <= {FAULT}


@contextmanager
def held(data: Path) -> Iterator[None]:
    """Hold the SQLite file of a folder for writing."""
    with closing(sqlite3.connect(data / "uwlr.sqlite3", timeout=WAIT)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.rollback()


def test_a_commit_that_came_too_late_is_taken_back(tmp_path: Path) -> None:
    """What was given never left: the caller has a fault, so that its next call gets the data whatever it says it has.

    The journaal has what was decided, and under the same id what the caller got instead. Callers that still waited for
    their turn when they had their fault get no data written in their name.
    """
    school = furnish(tmp_path, now() - timedelta(days=30))
    moments = [now() - timedelta(days=20)]
    app = RsgiApp(make_app(Settings(data=tmp_path), lambda: moments[-1]), 4)
    plain = school.request(key=CODE_OF_ONE, brin6="30AB00")
    later = (now() + timedelta(seconds=-1)).isoformat(timespec="seconds").encode()
    has_all = plain.replace(
        b"</leerlinggegevens_verzoek>",
        b"<laatstontvangengegevens>" + later + b"</laatstontvangengegevens></leerlinggegevens_verzoek>",
    )
    database = Database(f"sqlite:///{tmp_path / 'uwlr.sqlite3'}")

    async def work() -> list[str]:
        await ask(app, plain)  # since when it has this content
        moments.append(now())
        await ask(app, plain)  # it is rendered for this day
        with database.writing() as connection:
            connection.execute(given.delete())
        with held(tmp_path):
            found = [await ask(app, plain)]
            found += await asyncio.gather(*(ask(app, plain) for _ in range(8)))
        await asyncio.to_thread(until, lambda: entries(database).count(FAULT) == 9)
        return [*found, await ask(app, has_all), await ask(app, has_all)]

    assert play(app, work) == [*[FAULT] * 9, ANSWER, "geenwijzigingen"]
    written = entries(database)
    assert written[:3] == [ANSWER] * 3, "two that rendered, and the one that was given up"
    assert sorted(written[3:]) == sorted([*[FAULT] * 9, ANSWER, "geenwijzigingen"])
    with database.reading() as connection:
        ids = connection.execute(sa.select(journaal.c.request_id, journaal.c.outcome)).all()
    (given_up,) = {id_ for id_, outcome in ids if outcome == FAULT} & {id_ for id_, outcome in ids if outcome == ANSWER}
    assert given_up


def test_a_page_that_takes_too_long_is_answered(away: Away, monkeypatch: pytest.MonkeyPatch) -> None:
    """The portal too: its thread goes on, and the caller hears to look whether it was done."""
    going = threading.Event()
    monkeypatch.setitem(away.app.app.mounts, "/koppelingen", lambda _environ, _start: going.wait(WAIT))

    async def work() -> tuple[list[int], bytes]:
        protocol = Listening(b"")
        async with asyncio.timeout(WAIT):
            await away.app.__rsgi__(Scope(Headers((("host", "x"),)), "GET", "/koppelingen/inloggen"), protocol)
        assert away.app.app.oldest_seconds() > 0, "the watch still sees it"
        going.set()
        return protocol.statuses, protocol.answer

    assert play(away.app, work) == ([503], f"{rsgi.LATE}\n".encode())
