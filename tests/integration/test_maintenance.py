"""Announced maintenance: by commands, on both databases, and how long it is kept."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console
from support.databases import make_tables

from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.maintenance import maintenance
from uwlr_adapter.db.database import Database
from uwlr_adapter.jobs.lease import Lease
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.work import run_now
from uwlr_adapter.journaal import search
from uwlr_adapter.maintenance import announced
from uwlr_adapter.maintenance.announced import BEFORE_SCHOOLS, KEPT, MAX_OPEN, MaintenanceError
from uwlr_adapter.settings import Settings

MOMENT = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
BEGIN = MOMENT + timedelta(days=20)
RIGHT = ("announce", "--from", "2026-12-27T22:00", "--until", "2026-12-28 01:00", "Even weg.")


@pytest.fixture
def context(backend: str, tmp_path: Path) -> Context:
    """Return a data folder with empty tables."""
    assert backend
    settings = Settings(data=tmp_path)
    database = Database(settings.database_url)
    make_tables(database)
    database.close()
    return Context(settings, lambda: MOMENT, Console(width=200), Console(stderr=True, width=200))


def run(context: Context, *arguments: str) -> Result:
    """Run `uwlr-adapter maintenance` with these arguments."""
    return CliRunner().invoke(maintenance, arguments, obj=context)


def test_the_commands(context: Context) -> None:
    """It is announced in the time of Amsterdam, listed, and withdrawn once; the journaal has who did so."""
    made = run(context, *RIGHT)
    assert (made.exit_code, made.stdout) == (0, "1\n")
    (listed,) = json.loads(run(context, "list", "--json").stdout)
    assert (listed["from"], listed["until"]) == (
        "2026-12-27T22:00:00.000+01:00",
        "2026-12-28T01:00:00.000+01:00",
    )
    assert "27-12-2026 22:00" in run(context, "list").stdout
    assert run(context, "withdraw", "1").exit_code == 0
    again = run(context, "withdraw", "1")
    assert (again.exit_code, "there is no such announcement" in again.stderr) == (1, True)
    assert "No maintenance is announced." in run(context, "list").stderr
    with context.database() as database, database.reading() as connection:
        found = [(one.kind, one.act, one.brin6, (one.actor or "")[:4]) for one in search.read(connection)]
    acts = ("onderhoud ingetrokken", "onderhoud aangekondigd")
    assert found == [("dienst", act, None, "cli:") for act in acts]


@pytest.mark.parametrize(
    ("until", "text", "error"),
    [
        ("2026-12-27T22:00", "Even weg.", "the end does not lie after the begin"),
        ("2027-12-28T01:00", "Even weg.", "maintenance takes at most 14 days"),
        ("0001-01-01T00:00", "Even weg.", "the end does not lie after the begin"),
        ("9999-12-31T23:59", "Even weg.", "maintenance takes at most 14 days"),
        ("2026-12-28T01:00", " ", "a text has 1 to 500 printable characters"),
        ("2026-12-28T01:00", "x" * 501, "a text has 1 to 500 printable characters"),
        ("2026-12-28T01:00", "Even\x1bweg.", "a text has 1 to 500 printable characters"),
    ],
)
def test_what_is_refused(tmp_path: Path, until: str, text: str, error: str) -> None:
    """Each with a sentence, and nothing is announced."""
    settings = Settings(data=tmp_path)
    database = Database(settings.database_url)
    make_tables(database)
    database.close()
    context = Context(settings, lambda: MOMENT, Console(width=200), Console(stderr=True, width=200))
    result = run(context, "announce", "--from", "2026-12-27T22:00", "--until", until, text)
    assert result.exit_code == 1
    assert error in result.stderr
    assert json.loads(run(context, "list", "--json").stdout) == []


@pytest.mark.parametrize(
    ("begin", "until", "told"),
    [
        ("2027-03-28T02:30", "2027-03-28T03:10", "the end does not lie after the begin"),
        ("2027-03-28T01:30", "2027-03-28T03:10", "01:30 to 03:10"),
        ("2027-10-31T02:30", "2027-10-31T02:40", "02:30 to 02:40"),
    ],
)
def test_the_hours_that_the_clock_skips_and_repeats(context: Context, begin: str, until: str, told: str) -> None:
    """A moment that the clock skips is one hour on: an end that lies before it so is refused, in a sentence."""
    result = run(context, "announce", "--from", begin, "--until", until, "Even weg.")
    if (made := json.loads(run(context, "list", "--json").stdout)) != []:
        assert told == f"{made[0]['from'][11:16]} to {made[0]['until'][11:16]}"
    else:
        assert (result.exit_code, told in result.stderr) == (1, True)


def test_a_form_announces_once_and_no_more_than_so_many_are_open(context: Context) -> None:
    """A ticket that comes twice brings the same announcement; a list stays one that a page can show."""
    with context.database() as database, database.writing() as connection:
        made = [
            announced.announce(
                connection, BEGIN, BEGIN + timedelta(hours=1), f"{number}", MOMENT, actor="a", ticket=f"{number // 2}"
            )
            for number in range(2 * MAX_OPEN)
        ]
        assert len({one.id for one in made}) == MAX_OPEN
        with pytest.raises(MaintenanceError):
            announced.announce(connection, BEGIN, BEGIN + timedelta(hours=1), "meer", MOMENT, actor="a")
        assert len(announced.list_open(connection, MOMENT)) == announced.MAX_SHOWN


def test_until_when_it_is_told_and_kept(context: Context) -> None:
    """It is open until its end (exclusive), told to schools two weeks before, and erased by the purge 30 days after."""
    end = BEGIN + timedelta(hours=1)
    with context.database() as database:
        with database.writing() as connection:
            announced.announce(connection, BEGIN, end, "Even weg.", MOMENT, actor="a")
        with database.reading() as connection:
            assert announced.list_open(connection, MOMENT, within=BEFORE_SCHOOLS) == []
            near = announced.list_open(connection, BEGIN - BEFORE_SCHOOLS, within=BEFORE_SCHOOLS)
            assert [one.is_going_on(BEGIN) for one in near] == [True]
            assert announced.list_open(connection, end) == []
        for moment, left in ((end + KEPT, 1), (end + KEPT + timedelta(seconds=1), 0)):
            run_now(JOBS["purge"], database, context.settings, Lease("purge", "a"), moment=moment)
            with database.reading() as connection:
                assert len(announced.list_all(connection, 9)) == left
