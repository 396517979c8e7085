"""The counts of login attempts in the database: written by many at once, bounded, and removed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa
from support.databases import PostgresServer
from support.school_builder import BRIN6, MOMENT
from support.world import World

from uwlr_adapter.clock import to_utc
from uwlr_adapter.gebruikers import accounts, attempts
from uwlr_adapter.gebruikers.accounts import NewGebruiker
from uwlr_adapter.gebruikers.attempts import Attempt, Factor, TooManyAttemptsError, UntoldFailures
from uwlr_adapter.gebruikers.tables import GebruikerRol, login_attempt

DAY = timedelta(days=1)
LOGIN = "school"


def attempt_of(world: World, source: str, login: str = LOGIN) -> Attempt:
    """Return an attempt from no known browser."""
    return Attempt.of(world.gate.server_keys, login, source, None)


@dataclass
class Desk:
    """A writing transaction in which one test makes all its attempts."""

    world: World
    connection: sa.Connection
    moment: datetime = MOMENT

    def attempt(self, source: str, login: str = LOGIN) -> Attempt:
        """Return an attempt from no known browser."""
        return attempt_of(self.world, source, login)

    def guess(self, attempt: Attempt, factor: Factor = Factor.PASSWORD) -> timedelta:
        """Guess wrong now; return the time to wait when it was refused, else zero."""
        try:
            attempts.failures_of(self.connection, attempt, factor, self.moment)
        except TooManyAttemptsError as error:
            return error.wait
        attempts.begin(self.connection, attempt, factor, self.moment)
        attempts.fail(self.connection, attempt, factor)
        return timedelta(0)

    def log_in(self, attempt: Attempt, factor: Factor = Factor.PASSWORD) -> UntoldFailures:
        """Enter what is right. Raises TooManyAttemptsError."""
        attempts.failures_of(self.connection, attempt, factor, self.moment)
        attempts.begin(self.connection, attempt, factor, self.moment)
        return attempts.succeed(self.connection, attempt, factor)

    def rows(self) -> int:
        """Return the number of counts that are kept."""
        return self.connection.execute(sa.select(sa.func.count()).select_from(login_attempt)).scalar_one()


@pytest.fixture
def world(backend: str, tmp_path: Path) -> World:
    """Return a database with one account."""
    world = World.make(tmp_path)
    with world.database.writing() as connection:
        accounts.add(connection, NewGebruiker(LOGIN, "A. de Vries", GebruikerRol.SCHOOLBEHEERDER, (BRIN6,)), MOMENT)
    return world


@pytest.fixture
def desk(world: World) -> Iterator[Desk]:
    """Yield a desk."""
    with world.database.writing() as connection:
        yield Desk(world, connection)


def test_the_first_of_two_factors_clears_nothing(desk: Desk) -> None:
    """The right password takes back its own attempt and none before it."""
    attempt = desk.attempt("192.0.2.66")
    for _ in range(2):
        desk.guess(attempt)
    for _ in range(5):
        attempts.begin(desk.connection, attempt, Factor.PASSWORD, desk.moment)
        attempts.undo(desk.connection, attempt, Factor.PASSWORD)
    desk.guess(attempt)
    assert desk.guess(attempt) == timedelta(seconds=1)


def test_wrong_codes_and_passwords_count_apart(desk: Desk) -> None:
    """Guesses of a password, which anybody can make, take no turn from the second factor."""
    attempt = desk.attempt("192.0.2.10")
    for _ in range(9):
        desk.guess(attempt)
    assert desk.log_in(attempt, Factor.CODE) == UntoldFailures(3, 0)
    assert desk.log_in(attempt) == UntoldFailures(0, 0), "told once, and a login forgets the failures of its source"


def test_two_logins_at_once_tell_of_no_failure(desk: Desk) -> None:
    """A form that is sent twice is two right passwords, not one wrong one."""
    one = desk.attempt("192.0.2.10")
    for _ in range(2):
        attempts.begin(desk.connection, one, Factor.PASSWORD, desk.moment)
    for _ in range(2):
        assert attempts.succeed(desk.connection, one, Factor.PASSWORD) == UntoldFailures(0, 0)
    assert attempts.failures_of(desk.connection, one, Factor.PASSWORD, desk.moment) == 0


def test_counts_of_older_code(desk: Desk) -> None:
    """A row without `since` counts from its last attempt, and ends a day after it."""
    attempt = desk.attempt("192.0.2.66")
    key = attempt.own(Factor.PASSWORD)
    row = {**key._asdict(), "attempts": 5, "last_at": to_utc(desk.moment)}
    desk.connection.execute(login_attempt.insert().values(row))
    assert desk.guess(attempt) == timedelta(seconds=4)
    desk.moment += DAY
    assert desk.guess(attempt) == timedelta(0)


def test_old_counts_go(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each attempt removes some of a day ago, more than it makes, so that they are gone and no attempt does it all."""
    monkeypatch.setattr(attempts, "TIDY_ROWS", 10)
    for number in range(12):
        desk.guess(desk.attempt(f"10.0.0.{number}", f"login{number}"))
    assert desk.rows() == 36
    desk.moment += DAY
    for left in (29, 19, 9, 3, 3):
        desk.guess(desk.attempt("192.0.2.66"))
        assert desk.rows() == left
        desk.moment += timedelta(seconds=1)


def test_counts_are_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of sources fills no table, and pushes out no count that is larger than its own."""
    monkeypatch.setattr(attempts, "MAX_ROWS", 60)
    monkeypatch.setattr(attempts, "TIDY_ROWS", 10)
    guesser = desk.attempt("192.0.2.66")
    for _ in range(3):
        desk.guess(guesser)
    for number in range(40):
        desk.guess(desk.attempt(f"10.0.0.{number}", f"login{number}"))
        assert desk.rows() <= 60
    assert desk.guess(guesser) > timedelta(0)


def test_guesses_at_once_are_all_counted(world: World) -> None:
    """Eight connections that guess in one moment, some at the same account, some from the same source: all count."""
    together = Barrier(8)

    def guess(number: int) -> None:
        attempt = attempt_of(world, f"10.0.0.{number % 4}", f"login{number % 3}")
        together.wait(30)
        with world.database.writing() as connection:
            attempts.begin(connection, attempt, Factor.PASSWORD, MOMENT)
        with world.database.writing() as connection:
            attempts.fail(connection, attempt, Factor.PASSWORD)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(guess, range(8)))
    with world.database.reading() as connection:
        found = connection.execute(sa.select(login_attempt)).all()
    everywhere = sorted(row.attempts for row in found if row.source == "")
    sources = sorted(row.attempts for row in found if row.login_digest == "")
    assert (everywhere, sources) == ([2, 3, 3], [2, 2, 2, 2])


def test_a_refused_attempt_leaves_no_trace(world: World) -> None:
    """What comes too early is rolled back: no row is made or changed by it."""
    with world.database.writing() as connection:
        for _ in range(3):
            attempts.begin(connection, attempt_of(world, "192.0.2.66"), Factor.PASSWORD, MOMENT)
    before = world.rows(login_attempt)
    with pytest.raises(TooManyAttemptsError), world.database.writing() as connection:
        attempts.begin(connection, attempt_of(world, "192.0.2.66"), Factor.PASSWORD, MOMENT)
    assert world.rows(login_attempt) == before


def test_removing_old_counts_waits_for_nobody(postgresql: PostgresServer, tmp_path: Path) -> None:
    """While another attempt holds an old count of its own, an attempt at another account goes on (no deadlock)."""
    with postgresql.database() as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("UWLR_DATABASE", url)
        world = World.make(tmp_path)
        with world.database.writing() as connection:
            attempts.begin(connection, attempt_of(world, "10.0.0.1", "een"), Factor.PASSWORD, MOMENT)
        with world.database.writing() as holder:
            attempts.begin(holder, attempt_of(world, "10.0.0.1", "een"), Factor.PASSWORD, MOMENT + DAY)
            with world.database.writing() as connection:
                connection.exec_driver_sql("SET LOCAL lock_timeout = '1ms'")
                attempts.begin(connection, attempt_of(world, "10.0.0.2", "twee"), Factor.PASSWORD, MOMENT + DAY)
