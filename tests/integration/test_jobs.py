"""The lease of a job and the runner, on both databases: one runs it, another goes on after a death."""

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.csv_sets import CommandBench
from support.databases import make_tables
from support.edexml_files import make_dataset
from support.imports import import_dataset
from support.school_builder import SchoolBuilder

from uwlr_adapter.administratie.tables import records_age
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.database_clock import database_clock
from uwlr_adapter.jobs import lease, staleness
from uwlr_adapter.jobs import runner as job_runner
from uwlr_adapter.jobs.lease import HeldError, Lease, LeaseLostError
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.runner import JobRunner
from uwlr_adapter.jobs.schedule import LEASE, Every, JobState, Nightly, RunOutcome
from uwlr_adapter.jobs.tables import job
from uwlr_adapter.jobs.work import Due, Job, JobRun, StoppedError, run_now
from uwlr_adapter.settings import Settings
from uwlr_adapter.web import job_metrics

NOW = datetime(2026, 10, 2, 1, 30, tzinfo=UTC)


class DatabaseTime:
    """A clock of the database that a test sets."""

    def __init__(self) -> None:
        self.moment = NOW

    def __call__(self, _connection: sa.Connection) -> datetime:
        """Return its moment."""
        return self.moment


@pytest.fixture
def database(backend: str, tmp_path: Path) -> Iterator[Database]:
    """Yield a new database of either kind."""
    assert backend
    opened = Database(Settings(data=tmp_path).database_url)
    make_tables(opened)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> DatabaseTime:
    """Return the clock of the database."""
    return DatabaseTime()


def state_of(database: Database, name: str = "work") -> JobState:
    """Return what is stored of a job."""
    with database.reading() as connection:
        return lease.states(connection)[name]


def make_job(log: list[str], who: str = "a", error: Exception | None = None) -> dict[str, Job]:
    """Return one job, due each hour, that notes who ran it."""

    def run(run_: JobRun) -> None:
        run_.write("rows", lambda _connection: 3)
        log.append(who)
        if error is not None:
            raise error

    return {"work": Job("work", "Work.", Every(60), run, lambda *_: [Due("rows", 3)])}


def runner(database: Database, jobs: dict[str, Job], clock: DatabaseTime) -> JobRunner:
    """Return a runner that a test lets look."""
    return JobRunner(database, Settings(), jobs, clock)


def test_of_two_processes_one_runs_a_job(database: Database, clock: DatabaseTime) -> None:
    """Both look at each moment; the job runs once an hour, whoever comes first, and what it did is stored."""
    log: list[str] = []
    both = [runner(database, make_job(log, who), clock) for who in "ab"]
    for _ in range(4):
        for one in both:
            one.look()
        clock.moment += timedelta(minutes=30)
    assert log == ["a", "a"]
    state = state_of(database)
    assert (state.outcome, state.handled, state.failures, state.holder) == (RunOutcome.DONE, 3, 0, None)
    assert state.succeeded_at == state.ended_at == NOW + timedelta(minutes=60)


def test_both_at_the_same_moment(database: Database, clock: DatabaseTime) -> None:
    """While one is in the middle the other one finds the job held, and runs nothing."""
    log: list[str] = []
    entered, may_go_on = threading.Event(), threading.Event()

    def run(_run: JobRun) -> None:
        log.append("run")
        entered.set()
        may_go_on.wait(60)

    jobs = {"work": Job("work", "Work.", Every(60), run, lambda *_: [])}
    thread = threading.Thread(target=runner(database, jobs, clock).look)
    thread.start()
    assert entered.wait(60)
    other = Database(database.url.render_as_string(hide_password=False))
    try:
        assert runner(other, jobs, clock).look() == []
        with pytest.raises(HeldError, match="another process runs the job 'work' since 2026-10-02 01:30:00 UTC"):
            run_now(jobs["work"], other, Settings(), Lease("work", "b", clock))
    finally:
        may_go_on.set()
        thread.join()
        other.close()
    assert log == ["run"]


def test_a_job_that_hangs_in_foreign_code_holds_up_no_other(
    database: Database, clock: DatabaseTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the receiver of results does not return, the other jobs run, and the process stops."""
    monkeypatch.setattr(job_runner, "FIRST_SECONDS", 0)
    monkeypatch.setattr(JobRunner.__init__, "__defaults__", (clock,))
    entered, may_go_on, done = threading.Event(), threading.Event(), threading.Event()

    def hang(_run: JobRun) -> None:
        entered.set()
        may_go_on.wait()

    def run(_run: JobRun) -> None:
        assert entered.wait(60)
        done.set()

    # The one that hangs stands first, and so would be run first.
    jobs = {
        "results": replace(JOBS["results"], run=hang, schedule=Every(60), has_work=lambda *_: True),
        "work": Job("work", "Work.", Every(60), run, lambda *_: []),
    }
    stop = job_runner.start(database, Settings(), jobs)
    try:
        assert done.wait(30)
    finally:
        may_go_on.set()
        stop()


def test_a_dead_holder_is_followed_when_its_lease_expired(database: Database, clock: DatabaseTime) -> None:
    """Until then nobody takes its job; then another one does, and what the dead one still writes is refused."""
    log: list[str] = []
    jobs = make_job(log, "b")
    dead = Lease("work", "dead", clock)
    with database.writing() as connection:
        assert dead.claim(connection, lambda _state, _now: True)
    clock.moment += LEASE - timedelta(seconds=1)
    assert runner(database, jobs, clock).look() == []
    with database.writing() as connection:
        dead.renew(connection)
    clock.moment += LEASE - timedelta(seconds=1)
    assert runner(database, jobs, clock).look() == []
    clock.moment += timedelta(seconds=1)
    assert runner(database, jobs, clock).look() == ["work"]
    for write in (dead.renew, lambda connection: dead.release(connection, RunOutcome.DONE, 1)):
        with pytest.raises(LeaseLostError), database.writing() as connection:
            write(connection)
    assert log == ["b"]
    assert state_of(database).handled == 3


def test_nothing_is_written_without_the_lease(database: Database, clock: DatabaseTime) -> None:
    """A run whose job was taken over writes no row more, and says that it was."""

    def run(run_: JobRun) -> None:
        with database.writing() as connection:
            connection.execute(job.update().values(holder="other"))
        run_.write("rows", lambda connection: connection.execute(records_age.insert().values(brin6="21QW00")).rowcount)

    with pytest.raises(LeaseLostError):
        run_now(Job("work", "Work.", Every(60), run, lambda *_: []), database, Settings(), Lease("work", "a", clock))
    with database.reading() as connection:
        assert connection.scalars(sa.select(records_age.c.brin6)).all() == []
    assert state_of(database).holder == "other"


def test_a_failure_counts_and_is_tried_again(
    database: Database, clock: DatabaseTime, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged without the text of the exception, ends no other job, and is due again after half an hour."""
    log: list[str] = []
    jobs = make_job(log, error=ValueError("Jansen"))
    jobs["other"] = Job("other", "Other.", Every(60), lambda _run: log.append("other"), lambda *_: [])
    one = runner(database, jobs, clock)
    with caplog.at_level(logging.INFO, "uwlr_adapter.jobs"):
        assert one.look() == ["other"]
    assert "ValueError" in caplog.text
    assert "Jansen" not in caplog.text
    state = state_of(database)
    assert (state.outcome, state.failures, state.succeeded_at, state.holder) == (RunOutcome.FAILED, 1, None, None)
    clock.moment += timedelta(minutes=29)
    one.look()
    assert log == ["a", "other"]
    clock.moment += timedelta(minutes=1)
    one.look()
    assert log == ["a", "other", "a"]
    assert state_of(database).failures == 2
    text = job_metrics.render(database, clock.moment + timedelta(seconds=5)).decode()
    assert 'uwlr_job_failures_total{job="work"} 2.0' in text
    assert 'uwlr_job_success_age_seconds{job="other"} 1805.0' in text
    assert 'uwlr_job_success_age_seconds{job="work"} 1805.0' in text


def test_a_stop_ends_after_the_transaction(database: Database, clock: DatabaseTime) -> None:
    """What was written stays; the next process goes on at once, without waiting for a lease or the next night."""
    log: list[int] = []
    stop = threading.Event()

    def run(run_: JobRun) -> None:
        for number in range(5):
            run_.write("rows", lambda _connection: 1)
            log.append(number)
            if number == 2:
                stop.set()

    work = Job("work", "Work.", Nightly(time(3, 30)), run, lambda *_: [])
    with pytest.raises(StoppedError):
        run_now(work, database, Settings(), Lease("work", "a", clock), stop=stop)
    assert (log, state_of(database).outcome, state_of(database).handled) == ([0, 1, 2], RunOutcome.STOPPED, 3)
    stop.clear()
    assert runner(database, {"work": work}, clock).look() == ["work"]


def test_the_clock_is_that_of_the_database(database: Database) -> None:
    """It has a zone, and is of the present."""
    before = datetime.now(UTC) - timedelta(minutes=5)
    with database.reading() as connection:
        assert before < database_clock(connection) < before + timedelta(minutes=10)


def test_how_old_the_records_are(database: Database, tmp_path: Path) -> None:
    """Noted per vestiging, told as counts without a school; an import that is undone, and one that is new, count."""
    builder = SchoolBuilder(database, moment=NOW)
    for brin6, days in (("21QW00", 10), ("21QW01", 2), ("30AB00", 40)):
        import_dataset(database, make_dataset(brin6=brin6), moment=NOW - timedelta(days=days))
    builder.add_afnemer("Snappet")
    for brin6 in ("21QW00", "21QW01"):
        builder.activate("snappet", brin6, f"{brin6}Ygr67BfgKl!gr8")
    run_now(JOBS["staleness"], database, Settings(), Lease("staleness", "a"))
    with database.reading() as connection:
        assert staleness.noted(connection, "30AB00") == (NOW - timedelta(days=40), None)
        counted = staleness.count_stale(connection, NOW)
    assert counted.older_than == {1: 2, 2: 1, 3: 1, 7: 1, 14: 0, 30: 0}
    text = job_metrics.render(database, NOW).decode()
    assert 'uwlr_vestigingen_older_than{days="7"} 1.0' in text
    assert "uwlr_vestigingen_not_taken 0.0" in text
    assert "21QW" not in text
    import_dataset(database, make_dataset(brin6="21QW00"), moment=NOW)
    again = run_now(JOBS["staleness"], database, Settings(), Lease("staleness", "a"))
    assert again is not None
    assert again.handled == 1
    bench = CommandBench(tmp_path, NOW)
    found = {one["name"]: one for one in json.loads(bench.run("jobs", "list", "--json").output)}
    assert found.keys() == JOBS.keys()
    assert (found["staleness"]["outcome"], found["staleness"]["handled"], found["purge"]["outcome"]) == (
        "done",
        1,
        None,
    )


def test_the_commands(database: Database, tmp_path: Path) -> None:
    """One lists every job, the other runs one now or tells what it would do; a held one is refused in a sentence."""
    bench = CommandBench(tmp_path, NOW)
    assert "No job ran yet" in bench.run("jobs", "list").output
    import_dataset(database, make_dataset(), moment=NOW)
    dry = bench.run("jobs", "run", "staleness", "--dry-run")
    assert (dry.exit_code, "Dry run, nothing changed." in dry.output) == (0, True)
    with database.reading() as connection:
        assert not lease.states(connection)
    done = bench.run("jobs", "run", "staleness")
    assert (done.exit_code, done.output.strip()) == (0, "Done: vestigingen: 1.\nJob staleness is done: 1.")
    listed = bench.run("jobs", "list").output
    assert all(name in listed for name in JOBS)
    assert bench.run("jobs", "run", "nothing").exit_code == 2
    with database.writing() as connection:
        assert Lease("staleness", "another").claim(connection, lambda _state, _now: True)
    held = bench.run("jobs", "run", "staleness")
    assert (held.exit_code, "another process runs the job 'staleness'" in held.output) == (1, True)
    assert "running" in bench.run("jobs", "list").output


def test_a_job_that_somebody_asked_for(database: Database, clock: DatabaseTime) -> None:
    """The next look runs it, once, though it is not due and says that it has no work; and then at its own time."""
    log: list[str] = []
    jobs = {"work": replace(make_job(log)["work"], has_work=lambda *_: False)}
    look = runner(database, jobs, clock).look
    assert look() == ["work"]
    clock.moment += timedelta(minutes=5)
    assert look() == []
    with database.writing() as connection:
        lease.ask(connection, "work", "operator", clock.moment)
        lease.ask(connection, "work", "another", clock.moment)
    assert state_of(database).asked_by == "another"
    assert look() == ["work"]
    assert look() == []
    assert state_of(database).asked_at is None


def test_a_job_that_was_asked_for_by_a_clock_ahead(database: Database, clock: DatabaseTime) -> None:
    """After the clock was set back it is not run again and again: it waits for that moment."""
    log: list[str] = []
    look = runner(database, make_job(log), clock).look
    look()
    with database.writing() as connection:
        lease.ask(connection, "work", "operator", clock.moment + timedelta(minutes=30))
    clock.moment += timedelta(minutes=5)
    assert look() == []
    clock.moment += timedelta(minutes=26)
    assert look() == ["work"]
