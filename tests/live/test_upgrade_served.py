"""An upgrade while real servers answer: two versions of the code side by side on one database."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from support import front_door, messages, versions
from support.databases import kept_waiting
from support.load import Load, codes_of
from support.oracle import amount
from support.school_builder import SERVER_KEYS
from support.server import Server, port_of_our_own, serving, serving_on, split, until
from support.small_schools import SmallSchools

from uwlr_adapter.clock import day_of, now, schooljaar_of
from uwlr_adapter.db import schema_version
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.schema_version import SCHEMA
from uwlr_adapter.demo import setup

SCHOOLS = ("30AB00", "31AB00", "32AB00")
KEYS = ",".join(SERVER_KEYS)
FILL = """
import sys
from uwlr_adapter.clock import now
from uwlr_adapter.db.database import Database
from uwlr_adapter.demo import setup
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.settings import Settings
database = Database(sys.argv[1])
database.upgrade()
setup.prepare(database, ServerKeys.from_settings(Settings(), database), now())
database.close()
"""
"""Makes the example school with the code of another tree."""


def readyz(server: Server) -> bytes:
    """Return the word of /readyz."""
    return split(server.post(b"", method="GET", path="/readyz"))[2].strip()


@contextmanager
def busy(database: Database) -> Iterator[None]:
    """Keep a table in use, as an import does, until the migration has waited for it and let go once."""
    if database.backend.has_one_writer:
        yield
        return
    with database.reading() as connection, ThreadPoolExecutor(1) as thread:
        connection.exec_driver_sql("SELECT count(*) FROM koppeling")

        def wait() -> None:
            until(lambda: kept_waiting(connection) > 0)
            until(lambda: kept_waiting(connection) == 0)

        waited = thread.submit(wait)
        yield
        waited.result()


def upgrade(tree: Path | None, data: Path, url: str) -> str:
    """Run `db upgrade` of the code of a tree; returns what it told."""
    done = versions.run(tree, data, "db", "upgrade", UWLR_DATABASE=url)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_the_version_before_goes_on_serving(backend: str, tmp_path: Path) -> None:
    """While `db upgrade` of a next version runs, after it, and beside that version: no rightful call is refused."""
    data, tree = tmp_path / "data", versions.next_version(tmp_path / "next")
    data.mkdir()
    schools = SmallSchools(data)
    for brin6 in SCHOOLS:
        schools.add(brin6)
    url = schools.environment["UWLR_DATABASE"]
    shared = {"UWLR_DATABASE": url, "UWLR_KEYS": KEYS}
    with ExitStack() as stack:
        thread = stack.enter_context(ThreadPoolExecutor(1))
        old = stack.enter_context(serving(data, environment=shared))
        load = stack.enter_context(Load(codes_of(SCHOOLS, schools.message)))
        load.add(old)
        load.until_heard(5)
        with busy(schools.database):
            upgraded = thread.submit(upgrade, tree, data, url)
        assert ("trying again" in upgraded.result()) is not schools.database.backend.has_one_writer
        load.until_heard(5)
        assert readyz(old) == b"ready"
        if not schools.database.backend.has_one_writer:
            new = stack.enter_context(serving(data, environment={**shared, "PYTHONPATH": str(tree)}))
            load.add(new)
            load.until_heard(10)
            assert readyz(new) == b"ready"
        schools.import_naam(SCHOOLS[0], "Noé")  # by the version before, and fetched from both
        load.until_heard(6)
        load.stop()
        assert load.refused == {}
        _refuse_too_old(schools.database, old, data, shared)
        assert "Traceback" not in "".join(old.log)
    schools.close()


def _refuse_too_old(database: Database, old: Server, data: Path, shared: dict[str, str]) -> None:
    """Say, as a later version does, that code of this number no longer can: it is told where an operator looks."""
    with database.writing() as connection:
        schema_version.require_code(connection, SCHEMA + 1)
    until(lambda: readyz(old) == b"schema")  # a result is kept for a second
    told = f"too old for the database, whose schema {SCHEMA + 1} can be used by code of schema {SCHEMA + 1} and newer"
    refused = versions.run(None, data, "serve", **shared)
    assert (refused.returncode, told in refused.stderr) == (1, True), refused.stderr


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_machines_behind_nginx_one_after_the_other(backend: str, tmp_path: Path) -> None:
    """Two of them get the next version, by the steps of the guide, and each is away for a while: nobody is refused."""
    assert backend
    tree, folders = versions.next_version(tmp_path / "next"), [tmp_path / name for name in ("one", "two", "nginx")]
    for folder in folders:
        folder.mkdir()
    schools = SmallSchools(tmp_path)
    for brin6 in SCHOOLS:
        schools.add(brin6)
    url = schools.environment["UWLR_DATABASE"]
    shared = {"UWLR_DATABASE": url, "UWLR_KEYS": KEYS}
    with ExitStack() as stack:
        ports = [stack.enter_context(port_of_our_own()) for _ in range(2)]
        machines = [stack.enter_context(ExitStack()) for _ in ports]
        for machine, port, data in zip(machines, ports, folders, strict=False):
            old = machine.enter_context(serving_on(port, data, environment=shared))
        _, plain = stack.enter_context(front_door.running(front_door.find_nginx(), folders[-1], *ports))
        load = stack.enter_context(Load(codes_of(SCHOOLS, schools.message)))
        load.add(*[replace(old, port=plain)] * amount(4, 16))
        load.until_heard(amount(20, 500))
        upgrade(tree, tmp_path, url)
        for machine, port, data in zip(machines, ports, folders, strict=False):
            machine.close()
            load.until_heard(amount(20, 500))
            new = machine.enter_context(serving_on(port, data, environment={**shared, "PYTHONPATH": str(tree)}))
            until(partial(_answers, new))  # nginx tries it again within a second
            load.until_heard(amount(20, 500))
        load.stop()
        assert load.refused == {}
        print(dict(load.outcomes))  # noqa: T201 - the figures of the long form
    schools.close()


def _answers(server: Server) -> bool:
    return any("HaalLeerlinggegevens" in line for line in server.log)


@pytest.mark.skipif(os.environ.get("UWLR_LONG") != "1", reason="the short form is the test above: `make test-long`")
def test_two_commits_side_by_side(backend: str, tmp_path: Path, empty_database: str) -> None:
    """The code of the last commit with a lower schema number serves before, during and after the upgrade to this one.

    Its tables, its school and its server are its own; then this code serves beside it.
    """
    tree, data = versions.version_before(tmp_path / "before"), tmp_path / "data"
    data.mkdir()
    shared = {"UWLR_DATABASE": empty_database, "UWLR_KEYS": KEYS}
    filled = [sys.executable, "-c", FILL, empty_database]
    subprocess.run(filled, env=versions.environment(tree, **shared), cwd=data, check=True)
    body = messages.body(schooljaar_of(day_of(now())), messages.school_element("21QW00"))
    message = messages.envelope(body, messages.header(setup.VERIFICATIECODE, setup.KLANTCODE, setup.KLANTNAAM))
    database = Database(empty_database)
    refused = versions.run(None, data, "serve", **shared)
    assert (refused.returncode, "uwlr-adapter db upgrade" in refused.stderr) == (1, True)
    with ExitStack() as stack:
        old = stack.enter_context(serving(data, environment={**shared, "PYTHONPATH": str(tree)}))
        load = stack.enter_context(Load(lambda _number: message))
        load.add(old, old)
        load.until_heard(100)
        upgrade(None, data, empty_database)
        load.until_heard(100)
        assert readyz(old) == b"ready"
        if not database.backend.has_one_writer:
            new = stack.enter_context(serving(data, environment=shared))
            load.add(new, new)
            load.until_heard(400)
            assert readyz(new) == b"ready"
        load.stop()
        assert load.refused == {}
        print(dict(load.outcomes))  # noqa: T201 - the figures of the long form
    database.close()


@pytest.fixture
def empty_database(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a database without tables."""
    if backend == "sqlite":
        return f"sqlite:///{tmp_path}/before.sqlite3"
    given: str = request.getfixturevalue("empty_postgresql")
    return given
