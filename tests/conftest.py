"""Fixtures of every test, and the two databases on which the tests of storage run."""

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from support import databases as database_servers
from support.compiled_statements import share_statements
from support.databases import PostgresServer
from support.memory_folder import use_memory
from support.preloaded import preload_program
from support.school_builder import QUICK_HASHER
from support.served_school import ServedSchool, furnish
from support.server import Server, serving
from support.settings_fields import share_fields
from support.templates import share_templates

from uwlr_adapter.db import event_log
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.event_log import FailureLog, Repeats
from uwlr_adapter.db.sqlite import Sqlite, SqliteLoop
from uwlr_adapter.gebruikers import passwords

use_memory()
preload_program()
share_templates()
share_statements()
share_fields()
settings.register_profile("uwlr", deadline=None)  # a test says nothing about time
settings.load_profile("uwlr")


def pytest_xdist_auto_num_workers() -> int:
    """Return how many workers `-n auto` starts: one more than there are processors, as many tests wait for a server."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """Leave the program and the collected tests out of garbage collection, which would visit them again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _close_databases(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close each database that a test opened, so that no test warns about the connections of another.

    The connection of an event loop is the test's own to close, as a worker does when it ends (`__rsgi_del__`).
    """
    monkeypatch.delenv("UWLR_DATABASE", raising=False)
    opened: list[Database] = []
    loops: list[SqliteLoop] = []
    open_it, begin = Database.__init__, SqliteLoop.__init__

    def remember(self: Database, url: str, *, create: bool = True) -> None:
        open_it(self, url, create=create)
        opened.append(self)

    def remember_loop(self: SqliteLoop, backend: Sqlite, database: Database) -> None:
        begin(self, backend, database)
        loops.append(self)

    monkeypatch.setattr(Database, "__init__", remember)
    monkeypatch.setattr(SqliteLoop, "__init__", remember_loop)
    yield
    for database in opened:
        if hasattr(database, "engine"):  # else it could not be opened
            database.close()
    left_open = [loop for loop in loops if loop._opened is not None]  # noqa: SLF001 - nothing else shows it
    for loop in left_open:
        loop.close()
    assert not left_open, "the test left the connection of an event loop open"


@pytest.fixture(autouse=True)
def _count_failures_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test logs its first failure of a kind: a process that runs many of them counts those of the others.

    Nor does the thread of a test that ended tell its counts, a minute later, into the log of another one.
    """
    failures = FailureLog()
    monkeypatch.setattr(event_log, "_failures", failures)
    yield
    failures._repeats = Repeats()  # noqa: SLF001 - nothing is left for its thread to tell


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    """Yield the PostgreSQL server of this run."""
    with database_servers.session() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _close_databases: None) -> Iterator[str]:
    """Run a test on both databases: `Settings` names one of its own, that has every table on PostgreSQL.

    Yields which one it is.
    """
    if request.param == "sqlite":
        yield "sqlite"
        return
    server: PostgresServer = request.getfixturevalue("postgresql")
    with server.database() as url:
        monkeypatch.setenv("UWLR_DATABASE", url)
        yield "postgresql"


@pytest.fixture
def empty_postgresql(
    postgresql: PostgresServer, monkeypatch: pytest.MonkeyPatch, _close_databases: None
) -> Iterator[str]:
    """Yield the URL of a PostgreSQL database without any table; `Settings` names it."""
    with postgresql.database(empty=True) as url:
        monkeypatch.setenv("UWLR_DATABASE", url)
        yield url


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hash passwords with little work; how much a real hash takes is argon2's own affair."""
    monkeypatch.setattr(passwords, "_hasher", QUICK_HASHER)
    passwords._dummy.cache_clear()  # noqa: SLF001 - made by another hasher
    yield
    passwords._dummy.cache_clear()  # noqa: SLF001 - as above


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> ServedSchool:
    """Return a data folder with the example school and a koppeling in each state."""
    return furnish(tmp_path_factory.mktemp("school"))


@pytest.fixture(scope="session")
def server(served: ServedSchool) -> Iterator[Server]:
    """Serve that folder, for the tests of one worker together."""
    with serving(served.data) as running:
        yield running
