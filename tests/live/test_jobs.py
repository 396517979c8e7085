"""The jobs of real server processes on one PostgreSQL: one of two runs a job, and one goes on after a killed holder."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.databases import PostgresServer
from support.served_school import furnish
from support.server import WAIT, Server, serving, until

from uwlr_adapter.administratie.tables import records_age
from uwlr_adapter.db.database import Database
from uwlr_adapter.jobs import lease
from uwlr_adapter.jobs.schedule import JobState, RunOutcome
from uwlr_adapter.jobs.tables import job

HOLDER = """
import sys, time
from uwlr_adapter.db.database import Database
from uwlr_adapter.jobs.lease import Lease, holder_name
database = Database(sys.argv[1])
with database.writing() as connection:
    assert Lease("staleness", holder_name()).claim(connection, lambda _state, _now: True)
print("held", flush=True)
time.sleep(600)
"""
"""A process that holds a job until it is killed."""


@pytest.fixture
def database(tmp_path: Path, postgresql: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """Yield a database of its own with the example school."""
    with postgresql.database() as url:
        monkeypatch.setenv("UWLR_DATABASE", url)
        furnish(tmp_path)
        opened = Database(url)
        yield opened
        opened.close()


def state(database: Database) -> JobState | None:
    """Return what is stored of the job."""
    with database.reading() as connection:
        return lease.states(connection).get("staleness")


def lines(servers: tuple[Server, ...], text: str) -> int:
    """Return how many lines of the logs have a text."""
    return sum(text in line for server in servers for line in server.log)


def test_one_of_two_servers_runs_a_job(database: Database, tmp_path: Path) -> None:
    """A killed process held it: nobody runs it until the lease expired, and then one of the two servers does, once."""
    url = database.url.render_as_string(hide_password=False)
    with subprocess.Popen([sys.executable, "-c", HOLDER, url], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        holder.send_signal(signal.SIGKILL)
        assert holder.wait(WAIT) == -signal.SIGKILL
    held = state(database)
    assert held is not None
    assert held.holder is not None
    with database.writing() as connection:  # as if 90 seconds had passed
        connection.execute(job.update().values(held_until=sa.func.now() - timedelta(days=1)))
    environment = {"UWLR_DATABASE": url}
    with serving(tmp_path, environment=environment) as one, serving(tmp_path, environment=environment) as other:
        servers = (one, other)
        until(lambda: (found := state(database)) is not None and found.outcome is RunOutcome.DONE)
        until(lambda: lines(servers, '"message": "job", "job": "staleness"') == 1)
        assert lines(servers, '"message": "job begins", "job": "staleness"') == 1
        until(lambda: b"uwlr_job_success_age_seconds" in one.post(b"", method="GET", path="/metrics"))
    assert lines(servers, "failed") == 0
    with database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(records_age)) == 3
    done = state(database)
    assert done is not None
    assert (done.holder, done.failures) == (None, 0)
    assert isinstance(done.succeeded_at, datetime)
