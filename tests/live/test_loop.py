"""The loop cannot block: whatever the database keeps waiting, the process answers everybody else."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from support.callers import Callers, Sent, assert_alive
from support.databases import PostgresServer, kept_waiting
from support.oracle import amount
from support.school_builder import KLANTCODE
from support.server import Server, serving, until
from support.small_schools import SmallSchools, code_of

from uwlr_adapter.contract.names import HAAL_LEERLINGEN
from uwlr_adapter.db.metadata import metadata

SEED = 20261126
WARM, FIRST, STORED = "30AB00", "30AC00", "30AD00"
"""Schools: one that is fetched all the time; one whose answer must be made, for a koppeling that is new; and one whose
answer another process has stored."""
ROUNDS = 20
"""Rounds of questions while SQLite's file is locked, since nothing shows who waits for it."""
GZIP = "Accept-Encoding: gzip"
LOCKS = ("BEGIN IMMEDIATE", "BEGIN EXCLUSIVE")


class Kind(NamedTuple):
    """A kind of request, and how it ends."""

    naam: str
    brin6: str
    outcome: str
    headers: tuple[str, ...] = ()


PLAIN = Kind("plain", WARM, "leerlinggegevens")
GETRAPT = Kind("getrapt", WARM, "leerlinggegevens-leerlingen")
UNCHANGED = Kind("geenwijzigingen", WARM, "geenwijzigingen")
WRONG_CODE = Kind("wrong code", WARM, "Client.AutorisatieOngeldig")
UNKNOWN = Kind("unknown klant", WARM, "Client.OngeldigeKlantIdentificatie")
KINDS = (
    PLAIN,
    Kind("gzip", WARM, "leerlinggegevens", (GZIP,)),
    Kind("first fetch", FIRST, "leerlinggegevens", (GZIP,)),
    Kind("stored elsewhere", STORED, "leerlinggegevens"),
    GETRAPT,
    UNCHANGED,
    WRONG_CODE,
    UNKNOWN,
)


class Trial:
    """The schools, made anew for each round."""

    def __init__(self, schools: SmallSchools) -> None:
        self.schools = schools
        self._round = 0
        for brin6 in (WARM, FIRST, STORED):
            schools.add(brin6)
        self._last = schools.fetch(schools.message(WARM)).aanmaakdatum
        schools.fetch(schools.message(WARM, operation=HAAL_LEERLINGEN))

    def renew(self) -> None:
        """Take away what a round has made: the next first fetch is one again, and so is that of a stored answer."""
        self._round += 1
        self.schools.builder.end(self.schools.living(FIRST))
        self.schools.activate(FIRST)
        for brin6 in (FIRST, STORED):
            self.schools.import_naam(brin6, f"Naam {self._round}")
        self.schools.fetch(self.schools.message(STORED))

    def message(self, kind: Kind) -> bytes:
        """Return a request of a kind."""
        if kind is GETRAPT:
            return self.schools.message(kind.brin6, operation=HAAL_LEERLINGEN)
        return self.schools.message(
            kind.brin6,
            key=code_of(WARM) + "x" if kind is WRONG_CODE else None,
            klantcode="x" if kind is UNKNOWN else KLANTCODE,
            last=self._last if kind is UNCHANGED else None,
        )

    def send(self, callers: Callers, server: Server, kinds: tuple[Kind, ...]) -> dict[Kind, Sent]:
        """Send requests of these kinds at once; who fails does so from another source each time."""
        guesser = f"X-Forwarded-For: 192.0.2.{self._round}"
        return {
            kind: callers.send(
                server, self.message(kind), *kind.headers, *([guesser] if kind in {WRONG_CODE, UNKNOWN} else [])
            )
            for kind in kinds
        }


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    """Yield the schools, on the SQLite file of a data folder."""
    schools = SmallSchools(tmp_path)
    yield Trial(schools)
    schools.close()


@pytest.fixture
def postgresql_trial(tmp_path: Path, postgresql: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    """Yield the schools, on PostgreSQL."""
    with postgresql.database() as url:
        monkeypatch.setenv("UWLR_DATABASE", url)
        schools = SmallSchools(tmp_path)
        yield Trial(schools)
        schools.close()


def assert_ended(sent: dict[Kind, Sent], what: str) -> None:
    """Each request ended as its kind does."""
    heard = {kind.naam: one.heard() for kind, one in sent.items()}
    assert {naam: one.outcome for naam, one in heard.items()} == {kind.naam: kind.outcome for kind in sent}, what
    assert [one.request_id for one in heard.values()] == [one.id for one in sent.values()], what


def test_a_locked_table_of_postgresql_holds_up_its_own_requests_only(postgresql_trial: Trial) -> None:
    """Whichever table is locked, the process answers; after the lock each kind of request ends as without it."""
    trial, chance = postgresql_trial, random.Random(SEED)  # noqa: S311 - a seeded test
    schools = trial.schools
    touched: set[str] = set()
    with serving(schools.data, environment=schools.environment) as server, Callers(len(KINDS)) as callers:
        for table in chance.sample(sorted(metadata.tables), len(metadata.tables)):
            together = tuple(chance.sample(KINDS, amount(len(KINDS) // 2, len(KINDS))))
            for kinds in (together, *((kind,) for kind in KINDS[: amount(0, len(KINDS))])):
                trial.renew()
                with schools.database.writing() as connection:
                    connection.exec_driver_sql(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
                    sent = trial.send(callers, server, kinds)
                    until(lambda: kept_waiting(connection) or all(one.is_answered for one in sent.values()))  # noqa: B023 - called at once
                    assert_alive(server)
                    if kept_waiting(connection):
                        touched.add(table)
                assert_ended(sent, table)
    assert touched > {"afnemer", "koppeling", "journaal"}, touched
    assert "Traceback" not in "".join(server.log)


@pytest.mark.parametrize("begin", LOCKS)
def test_a_locked_file_of_sqlite_holds_up_requests_only(trial: Trial, begin: str) -> None:
    """While another process writes to the file, the process answers; then each kind of request ends as without it."""
    schools = trial.schools
    path = schools.database.url.database
    assert path is not None
    with (
        serving(schools.data, environment=schools.environment) as server,
        Callers(len(KINDS)) as callers,
    ):
        for number in range(amount(2, 20)):  # in the first one the server has answered nothing yet
            trial.renew()
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute(begin)
                sent = trial.send(callers, server, KINDS)
                for _ in range(ROUNDS):
                    assert_alive(server)
                assert not any(one.is_answered for one in sent.values()), number
                other.execute("COMMIT")
            assert_ended(sent, f"round {number}")
    assert "Traceback" not in "".join(server.log)
