"""A primary of PostgreSQL with a synchronous standby is killed under load: nothing that was answered is lost."""

import asyncio
import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
import sqlalchemy as sa
from support.cluster import Cluster, cluster
from support.databases import PostgresServer
from support.event_loop import run
from support.rsgi import send
from support.served_school import CODE_OF_ONE, ServedSchool, furnish
from support.server import WAIT, Server, serving, split, until

from uwlr_adapter.db.database import Database
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings
from uwlr_adapter.web import rsgi
from uwlr_adapter.web.rsgi import RsgiApp

KILLS = 20 if os.environ.get("UWLR_LONG") else 2
CALLERS = 4
XML = "Content-Type: text/xml"
ID = re.compile(rb"x-request-id: ([0-9a-f]{32})", re.IGNORECASE)


@pytest.fixture(scope="module")
def pair(postgresql: PostgresServer) -> Iterator[Cluster]:
    """Run a primary, with a database that has no tables yet."""
    with cluster() as made:
        yield made


@pytest.fixture
def school(pair: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ServedSchool:
    """Make the school in it."""
    monkeypatch.setenv("UWLR_DATABASE", pair.url)
    pair.primary.execute("DROP DATABASE IF EXISTS uwlr WITH (FORCE)")
    pair.primary.execute("CREATE DATABASE uwlr ENCODING 'UTF8' TEMPLATE template0")
    return furnish(tmp_path)


class Load:
    """Callers that go on until the block ends; `answered` holds the ids of the responses that had data."""

    def __init__(self, server: Server, message: bytes) -> None:
        self._server, self._message = server, message
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._go) for _ in range(CALLERS)]
        self.answered: list[str] = []
        self.slowest = 0.0
        self.others: set[str] = set()

    def __enter__(self) -> Self:
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for the last responses."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _go(self) -> None:
        while not self._stop.is_set():
            begun = time.monotonic()
            response = self._server.post(self._message, XML)
            self.slowest = max(self.slowest, time.monotonic() - begun)
            status, _, body = split(response)
            if b"<leerlinggegevens_antwoord" in body:
                found = ID.search(response)
                assert found is not None
                self.answered.append(found[1].decode())
            else:
                fault = re.search(rb"<faultcode>soap:(.*)</faultcode>", body)
                self.others.add(f"{status} {fault[1].decode() if fault else ''}")


def test_no_answer_is_lost_when_the_primary_is_killed(pair: Cluster, school: ServedSchool) -> None:
    """However often: each response with data has its entry in the journaal of the standby that took over.

    Callers have data, or a fault of the standard in time; afterwards the service recovers by itself, and `/readyz` with
    it. The seconds from the kill until calls are answered are printed; those of the promotion are in them.
    """
    message = school.request(key=CODE_OF_ONE, brin6="30AB00")
    seconds: list[float] = []
    with serving(school.data, environment={"UWLR_DATABASE": pair.url}) as server, Load(server, message) as load:
        for _ in range(KILLS):
            pair.add_standby()
            before = len(load.answered)
            until(lambda: len(load.answered) > before + 20)  # noqa: B023 - it is waited for here
            begun = time.monotonic()
            pair.fail_over()
            at = len(load.answered)
            until(lambda: len(load.answered) > at + CALLERS)  # noqa: B023 - as above
            seconds.append(time.monotonic() - begun)
            until(lambda: split(server.post(b"", method="GET", path="/readyz"))[0] == 200)
    with Database(pair.url).reading() as connection:
        written = set(connection.scalars(sa.select(journaal.c.request_id)))
    lost = [one for one in load.answered if one not in written]
    print(f"{KILLS} kills, {len(load.answered)} answers, {len(lost)} lost, answered again after", end=" ")  # noqa: T201
    print([round(one, 1) for one in seconds], f"s, slowest {load.slowest:.1f} s, others {sorted(load.others)}")  # noqa: T201
    assert not lost
    assert load.others <= {"500 Server.TijdelijkNietBeschikbaar"}
    assert load.slowest < rsgi.REQUEST_SECONDS + rsgi.BODY_SECONDS, "nobody waited for ever"


def test_a_commit_that_waits_for_a_standby(
    pair: Cluster, school: ServedSchool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A standby that is away holds every commit: a fault in time, and no connection is left waiting in the server."""
    app = RsgiApp(make_app(Settings(data=school.data)), 4)
    message = school.request(key=CODE_OF_ONE, brin6="30AB00")
    headers = ("content-type", "text/xml"), ("content-length", str(len(message)))
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"

    async def work() -> list[int]:
        statuses = (await send(app, message, *headers)).statuses
        await asyncio.to_thread(pair.primary.wait_for, "nobody")
        await asyncio.to_thread(until, lambda: pair.primary.execute("SHOW synchronous_standby_names") == [("nobody",)])
        writes = app._database._writes  # type: ignore[attr-defined] # noqa: SLF001 - it has no setting
        with monkeypatch.context() as patch:  # the others may take as long as this machine needs
            patch.setattr(rsgi, "REQUEST_SECONDS", 1)
            patch.setattr(writes, "_seconds", 1)
            asked = asyncio.ensure_future(send(app, message, *headers))
            await asyncio.to_thread(until, lambda: pair.primary.execute(waits) != [(0,)])
            statuses += (await asked).statuses
            await asyncio.to_thread(until, lambda: pair.primary.execute(waits) == [(0,)])
        await asyncio.to_thread(pair.primary.wait_for, "")
        statuses += (await send(app, message, *headers)).statuses
        app.__rsgi_del__(asyncio.get_running_loop())
        return statuses

    async def bounded() -> list[int]:
        async with asyncio.timeout(4 * WAIT):
            return await work()

    assert run(bounded()) == [200, 500, 200]
