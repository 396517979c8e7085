"""The calls of koppelingen: what a job noted and what is read on from there are together what the journaal says."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.databases import make_tables
from support.journaal import write_entries
from support.school_builder import ACTOR, SchoolBuilder

from uwlr_adapter.clock import from_utc, to_utc
from uwlr_adapter.db.database import Database
from uwlr_adapter.jobs.calls import SETTLED
from uwlr_adapter.jobs.lease import Lease
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.work import run_now
from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import Act, RefusalReason, VerzoekEntry
from uwlr_adapter.koppelingen import actions, call_states
from uwlr_adapter.koppelingen.calls import Calls, JournaalRow, fold
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.tables import koppeling_calls
from uwlr_adapter.settings import Settings

BEGIN = datetime(2026, 9, 1, 3, tzinfo=UTC)
BRIN6S = ("21QW00", "21QW01", "30AB00")
ANSWERS = (("leerlinggegevens", 20), ("leerlinggegevens", 0), ("geenwijzigingen", None), ("geengegevens", None))


@pytest.fixture
def database(backend: str, tmp_path: Path) -> Iterator[Database]:
    """Yield a new database of either kind."""
    assert backend
    opened = Database(Settings(data=tmp_path).database_url)
    make_tables(opened)
    yield opened
    opened.close()


@pytest.fixture
def koppelingen(database: Database) -> list[Koppeling]:
    """Return a koppeling of Snappet at each of three vestigingen."""
    builder = SchoolBuilder(database, moment=BEGIN)
    with builder.transaction():
        builder.add_vestigingen(*BRIN6S)
        builder.add_afnemer("Snappet")
        return [builder.activate("snappet", brin6, f"{brin6}Ygr67BfgKl!gr8") for brin6 in BRIN6S]


def run_job(database: Database, moment: datetime) -> int:
    """Run the job at a moment; returns how many it noted or removed."""
    run = run_now(JOBS["calls"], database, Settings(), Lease("calls", "a"), moment=moment)
    assert run is not None
    return run.handled


def write_call(connection: sa.Connection, koppeling: Koppeling, moment: datetime, rng: random.Random) -> JournaalRow:
    """Write a call or an act of any kind in the journaal, and return its row."""
    at = to_utc(moment)
    if rng.random() < 0.1:
        act = rng.choice([Act.CODE_CHANGED, Act.PAUSED, Act.RESUMED, Act.WITHHELD])
        writer.record_act(
            connection, moment=moment, act=act, koppeling_id=koppeling.id, brin6=koppeling.brin6, actor=ACTOR
        )
        return JournaalRow(at, False, act, "gedaan", None, None)  # noqa: FBT003 - a tuple
    refused, (outcome, leerlingen) = rng.random() < 0.3, rng.choice(ANSWERS)
    reason = rng.choice([*RefusalReason]) if refused else None
    entry = VerzoekEntry(moment, "HaalLeerlinggegevens", koppeling.afnemer_id or 0, reason=reason)
    entry.outcome = "Client.AutorisatieOngeldig" if refused else outcome
    entry.koppeling_id, entry.brin6, entry.leerlingen = koppeling.id, koppeling.brin6, None if refused else leerlingen
    write_entries(connection, entry)
    return JournaalRow(at, True, entry.operation, entry.outcome, reason, entry.leerlingen)  # noqa: FBT003 - as above


@pytest.mark.parametrize("seed", range(2))
def test_noted_and_read_on(database: Database, koppelingen: list[Koppeling], seed: int) -> None:
    """Whenever the job ran, a page reads what the whole journaal comes to; silences are cut off at 60 days alike."""
    rng, moment = random.Random(seed), BEGIN  # noqa: S311 - a test
    told = {
        one.id: [JournaalRow(to_utc(BEGIN), False, Act.ACTIVATED, "gedaan", None, None)]  # noqa: FBT003 - a tuple
        for one in koppelingen
    }
    for step in range(40):
        moment += timedelta(hours=rng.choice([0, 1, 1, 24, 60, 200]), seconds=rng.choice([0, 1]))
        with database.writing() as connection:
            for one in rng.sample(koppelingen, rng.randint(0, len(koppelingen))):
                told[one.id].append(write_call(connection, one, moment, rng))
        if rng.random() < 0.3:
            moment += timedelta(minutes=rng.choice([1, 5, 60]))
            run_job(database, moment)
        if step == 0:
            run_job(database, moment)  # nothing before that is further back than 60 days
        with database.reading() as connection:
            found = call_states.read(connection, told, moment)
        assert found == {id_: fold(Calls(), rows) for id_, rows in told.items()}


def test_what_is_not_settled_is_not_noted(database: Database, koppelingen: list[Koppeling]) -> None:
    """An entry may be committed after a later one; it is read all the same, and noted by the next run."""
    one, rng = koppelingen[0], random.Random(1)  # noqa: S311 - as above
    assert run_job(database, BEGIN + timedelta(hours=1)) == 3
    moment = BEGIN + timedelta(hours=2)
    with database.writing() as connection:
        write_call(connection, one, moment, rng)
    assert run_job(database, moment + SETTLED - timedelta(seconds=1)) == 0
    with database.writing() as connection:
        write_call(connection, one, moment - timedelta(seconds=2), rng)
    with database.reading() as connection:
        read = call_states.read(connection, [one.id], moment)[one.id]
    assert read.called_at == to_utc(moment)
    assert run_job(database, moment + SETTLED) == 1
    assert run_job(database, moment + timedelta(hours=1)) == 0, "nothing new"
    with database.reading() as connection:
        assert call_states.read(connection, [one.id], moment)[one.id] == read
        assert connection.scalar(sa.select(sa.func.count()).select_from(koppeling_calls)) == 3


def test_a_fetch_of_long_ago(database: Database, koppelingen: list[Koppeling]) -> None:
    """Also before anything was noted, a fetch of longer ago than is read back counts; a first run notes it."""
    one, now = koppelingen[0], BEGIN + timedelta(days=200)
    fetched = BEGIN + timedelta(days=20)
    with database.writing() as connection:
        for moment, outcome in ((fetched, "leerlinggegevens"), (fetched + timedelta(days=1), "Client.X")):
            entry = VerzoekEntry(moment, "HaalLeerlinggegevens", 1, outcome=outcome)
            entry.koppeling_id, entry.brin6 = one.id, one.brin6
            write_entries(connection, entry)
    for _ in range(2):
        with database.reading() as connection:
            found = call_states.read(connection, [one.id], now)[one.id]
        assert from_utc(found.fetched_at or datetime.min) == fetched  # noqa: DTZ901 - as stored
        run_job(database, now)


def test_what_ended_is_forgotten(database: Database, koppelingen: list[Koppeling]) -> None:
    """Nobody asks about an ended koppeling, and a last fetch of it is no fetch elsewhere."""
    rng = random.Random(2)  # noqa: S311 - as above
    with database.writing() as connection:
        write_call(connection, koppelingen[0], BEGIN, rng)
    run_job(database, BEGIN + timedelta(hours=1))
    with database.writing() as connection:
        actions.end(connection, koppelingen[0].id, koppelingen[0].version, BEGIN, actor=ACTOR)
    run_job(database, BEGIN + timedelta(hours=2))
    with database.reading() as connection:
        noted = connection.scalars(sa.select(koppeling_calls.c.koppeling_id).order_by(koppeling_calls.c.koppeling_id))
        assert list(noted) == [one.id for one in koppelingen[1:]]
