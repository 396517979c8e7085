"""The thread of a worker that reports its server keys: it goes on whatever happens, and tells once what is wrong."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.clock import Clock
from support.school_builder import MOMENT, SERVER_KEYS
from support.server import until
from support.world import World

from uwlr_adapter.db.database import Database
from uwlr_adapter.keys import holders, rotation
from uwlr_adapter.keys.holders import Holder, HolderReport
from uwlr_adapter.keys.known_keys import LIVING
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.server import key_reporter
from uwlr_adapter.server.key_reporter import KeyReporter

B, _ = SERVER_KEYS


@pytest.fixture
def world(backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a gate; codes are stored under b, and a is known too. Reports follow each other at once."""
    monkeypatch.setattr(key_reporter, "BEAT_SECONDS", 0.01)
    made = World.make(tmp_path)
    with made.database.writing() as connection:
        made.gate.server_keys.register(connection, MOMENT)
    return made


def living(world: World, moment: timedelta = timedelta(0)) -> list[Holder]:
    """Return the processes that count as living."""
    with world.database.reading() as connection:
        return holders.list_living(connection, MOMENT + moment)


@contextmanager
def reporting(world: World, clock: Clock, *lines: str) -> Iterator[ServerKeys]:
    """Report for a process with these keys, on connections of its own, until the block ends."""
    database = Database(world.database.url.render_as_string(hide_password=False))
    server_keys = ServerKeys.parse(lines)
    reporter = KeyReporter(HolderReport(database, server_keys, lambda _: clock()))
    reporter.start()
    try:
        yield server_keys
    finally:
        reporter.stop()
        database.close()


def use(world: World) -> None:
    """Make a the key in use."""
    with world.database.writing() as connection:
        rotation.use(connection, world.gate.server_keys, "a", MOMENT, actor="cli:proef")


def test_it_reports_from_start_to_stop(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A key that comes in use is learned, and is one line in the log; the row goes when the process ends."""
    caplog.set_level(logging.INFO, key_reporter.logger.name)
    with reporting(world, Clock(MOMENT), *SERVER_KEYS) as server_keys:
        until(lambda: [one.uses for one in living(world)] == ["b"])
        use(world)
        until(lambda: [one.uses for one in living(world)] == ["a"])
        assert server_keys.in_use.name == "a"
    assert living(world) == []
    assert [record.getMessage() for record in caplog.records] == ["new codes are stored under server key a"]


def test_it_goes_on_when_the_database_fails(world: World) -> None:
    """Without its table it cannot report; once that is there again, it does."""
    with world.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE key_holder RENAME TO weg")
    with reporting(world, Clock(MOMENT), *SERVER_KEYS):
        with world.database.writing() as connection:
            connection.exec_driver_sql("ALTER TABLE weg RENAME TO key_holder")
        until(lambda: len(living(world)) == 1)
        with world.database.writing() as connection:
            connection.execute(sa.text("DELETE FROM key_holder"))
        until(lambda: len(living(world)) == 1)


def test_a_key_that_is_missing_is_told_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A process that fell silent while a key that it lacks came in use: it says so, and goes on telling what it has."""
    clock = Clock(MOMENT - LIVING)
    with reporting(world, clock, B):
        until(lambda: len(living(world, -LIVING)) == 1)
        use(world)
        until(lambda: caplog.records)
        clock.moment = MOMENT
        until(lambda: [one.holds for one in living(world)] == [frozenset("b")])
        clock.moment = MOMENT + LIVING
        until(lambda: len(living(world, LIVING)) == 1)
    assert [record.levelname for record in caplog.records] == ["CRITICAL"]
    assert "server key 'a' is missing here" in caplog.text
