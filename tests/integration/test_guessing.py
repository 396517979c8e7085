"""Failures are counted for all processes together, in the database, which keeps those of one period only."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.clock import Clock
from support.school_builder import MOMENT
from support.served_school import CODE, ServedSchool, furnish
from support.wsgi import call

from uwlr_adapter.clock import to_utc
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.statements import make_removal
from uwlr_adapter.koppelingen import failures
from uwlr_adapter.koppelingen.failures import MAX_CODE, MAX_KLANT, PERIOD
from uwlr_adapter.koppelingen.tables import failure
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.app import App

KLANT, WRONG, WAIT = b"OngeldigeKlantIdentificatie", b"AutorisatieOngeldig", b"Server.TijdelijkNietBeschikbaar"


@pytest.fixture
def served(backend: str, tmp_path: Path) -> ServedSchool:
    """Make the school, on each kind of database."""
    assert backend
    return furnish(tmp_path, MOMENT)


@pytest.fixture
def clock() -> Clock:
    """Return the clock of both processes."""
    return Clock(MOMENT)


@pytest.fixture
def apps(served: ServedSchool, clock: Clock) -> Iterator[list[App]]:
    """Open two applications, as two processes do."""
    opened = [make_app(Settings(data=served.data), clock) for _ in range(2)]
    yield opened
    for app in opened:
        app.close()


def rows(served: ServedSchool) -> list[tuple[datetime, str, int]]:
    """Return the counts in the database."""
    database = Database(Settings(data=served.data).database_url)
    with database.reading() as connection:
        found = [(row.period, row.subject, row.occurrences) for row in connection.execute(sa.select(failure))]
    database.close()
    return sorted(found)


def test_processes_count_together(apps: list[App], served: ServedSchool) -> None:
    """Another process lets one guess more through, and then the right code waits there too; elsewhere it passes."""
    guess = served.request(key="21QW00Ygr67BfgKl!gr9")
    for _ in range(MAX_CODE):
        assert WRONG in call(apps[0], guess).body
    assert WRONG in call(apps[1], guess).body
    for app in apps:
        reply = call(app, served.request())
        assert WAIT in reply.body
        assert 0 < int(reply.headers["Retry-After"]) <= PERIOD.total_seconds()
        assert b"leerlinggegevens_antwoord" in call(app, served.request(), REMOTE_ADDR="192.0.2.2").body
    assert [row[2] for row in rows(served)] == [MAX_CODE + 1]


def test_klanten_are_counted_together(apps: list[App], served: ServedSchool) -> None:
    """What one process learned from the database another one learns with its next failure."""
    wrong = served.request("Onbekend")
    for number in range(MAX_KLANT):
        assert KLANT in call(apps[number % 2], wrong).body
    assert KLANT in call(apps[0], wrong).body
    assert WAIT in call(apps[0], wrong).body
    assert b"leerlinggegevens_antwoord" in call(apps[0], served.request()).body
    assert [row[1:] for row in rows(served)] == [("klant 192.0.2.1", MAX_KLANT + 1)]


def test_past_periods_are_removed(
    apps: list[App], served: ServedSchool, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure removes some rows of the periods before it, so that they never pile up."""
    monkeypatch.setattr(failures, "_REMOVE", make_removal(failure, "period", 5))
    for number in range(8):
        call(apps[0], served.request("Onbekend"), REMOTE_ADDR=f"192.0.2.{number}")
    assert len(rows(served)) == 8
    clock.moment += PERIOD
    call(apps[1], served.request("Onbekend"))
    assert len(rows(served)) == 4
    call(apps[1], served.request("Onbekend"))
    ((period, _, number),) = rows(served)
    assert (number, period) == (2, to_utc(clock.moment - timedelta(seconds=clock.moment.timestamp() % 600)))


def test_no_code_is_stored(apps: list[App], served: ServedSchool) -> None:
    """The table has no word of a caller: neither a code nor the school that it named."""
    call(apps[0], served.request(key="21QW00Ygr67BfgKl!gr9"))
    call(apps[0], served.request(school="<schoolkey>bestaat-niet</schoolkey>"))
    shown = repr(rows(served))
    assert all(word not in shown for word in ("21QW", "Ygr", "bestaat", CODE))
