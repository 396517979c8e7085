"""When a job is due, as a pure function of its row and the present moment; and the terms, of a moment."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
import sqlalchemy as sa

from uwlr_adapter.clock import AMSTERDAM
from uwlr_adapter.jobs import purge
from uwlr_adapter.jobs.schedule import LEASE, RETRY, Every, JobState, Nightly, RunOutcome, is_due
from uwlr_adapter.jobs.tables import erased
from uwlr_adapter.jobs.terms import Terms, months_before
from uwlr_adapter.settings import Settings

KNOWN = datetime(2026, 10, 1, 12, tzinfo=UTC)
NIGHT = Nightly(time(3, 30))


def local(text: str) -> datetime:
    """Return a moment of a clock in Amsterdam."""
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM)


@pytest.mark.parametrize(
    ("last", "now", "expected"),
    [
        (None, "2026-10-01T23:59", False),
        (None, "2026-10-02T03:29", False),
        (None, "2026-10-02T03:30", True),
        ("2026-10-02T03:30", "2026-10-02T03:31", False),
        ("2026-10-02T03:30", "2026-10-03T03:29", False),
        ("2026-10-02T03:30", "2026-10-03T03:30", True),
        ("2026-10-02T03:30", "2026-10-09T12:00", True),  # days without a server: made up for, once
        ("2026-10-09T12:00", "2026-10-09T12:01", False),
        ("2026-10-24T03:30", "2026-10-25T03:29", False),  # the night with an hour more
        ("2026-10-24T03:30", "2026-10-25T03:30", True),
        ("2027-03-27T03:30", "2027-03-28T03:29", False),  # the night with an hour less
        ("2027-03-27T03:30", "2027-03-28T03:30", True),
    ],
)
def test_each_night_once(last: str | None, now: str, *, expected: bool) -> None:
    """From its time in Amsterdam on, once a night; a new job waits for its first night."""
    state = JobState("a", KNOWN, started_at=None if last is None else local(last))
    assert is_due(NIGHT, state, local(now).astimezone(UTC)) is expected


@pytest.mark.parametrize(
    ("state", "minutes", "expected"),
    [
        (JobState("a", KNOWN), 0, True),
        (JobState("a", KNOWN, started_at=KNOWN), 59, False),
        (JobState("a", KNOWN, started_at=KNOWN), 60, True),
        (JobState("a", KNOWN, holder="x", held_until=KNOWN + timedelta(minutes=90), started_at=KNOWN), 89, False),
        (JobState("a", KNOWN, holder="x", held_until=KNOWN + timedelta(minutes=5), started_at=KNOWN), 4, False),
        (JobState("a", KNOWN, holder="x", held_until=KNOWN + LEASE, started_at=KNOWN), 0, False),
        (JobState("a", KNOWN, holder="x", held_until=KNOWN + LEASE, started_at=KNOWN), -1, True),
        (JobState("a", KNOWN, started_at=KNOWN, outcome=RunOutcome.DONE), -60, True),
        (JobState("a", KNOWN, started_at=KNOWN, ended_at=KNOWN, outcome=RunOutcome.FAILED), -60, True),
        (JobState("a", KNOWN, holder="x", held_until=KNOWN + timedelta(minutes=5), started_at=KNOWN), 5, True),
        (JobState("a", KNOWN, started_at=KNOWN, ended_at=KNOWN, outcome=RunOutcome.STOPPED), 0, True),
        (JobState("a", KNOWN, started_at=KNOWN, ended_at=KNOWN, outcome=RunOutcome.INTERRUPTED), 1, False),
        (JobState("a", KNOWN, started_at=KNOWN, ended_at=KNOWN, outcome=RunOutcome.FAILED), 29, False),
        (JobState("a", KNOWN, started_at=KNOWN, ended_at=KNOWN, outcome=RunOutcome.FAILED), 30, True),
        (JobState("a", KNOWN, started_at=KNOWN, ended_at=KNOWN, outcome=RunOutcome.DONE), 30, False),
    ],
)
def test_what_a_run_leaves(state: JobState, minutes: int, *, expected: bool) -> None:
    """A held job is nobody else's until its lease expired; a failed one waits for RETRY, a stopped one for nothing."""
    assert is_due(Every(60), state, KNOWN + timedelta(minutes=minutes)) is expected
    assert timedelta(minutes=30) == RETRY


@pytest.mark.parametrize("state", [JobState("a", KNOWN), JobState("a", KNOWN, started_at=KNOWN)])
def test_a_clock_that_was_set_back_holds_no_night_up(state: JobState) -> None:
    """A job that began in the future begins now; from then on its moments are of the present clock."""
    now = KNOWN - timedelta(days=400)
    assert is_due(NIGHT, state, now)
    assert not is_due(NIGHT, replace(state, started_at=now), now + timedelta(minutes=1))


def test_a_job_that_is_not_known_is_noted_first() -> None:
    """Without a row there is nothing to hold it by."""
    assert not is_due(Every(60), None, KNOWN)


@pytest.mark.parametrize(
    ("moment", "months", "expected"),
    [
        ("2026-10-01", 24, "2024-10-01"),
        ("2026-08-31", 6, "2026-02-28"),
        ("2028-08-31", 6, "2028-02-29"),
        ("2026-01-15", 1, "2025-12-15"),
        ("2026-12-31", 12, "2025-12-31"),
        ("2026-03-31", 13, "2025-02-28"),
    ],
)
def test_months_before(moment: str, months: int, expected: str) -> None:
    """A term in months ends on the same day of its month, or on the last one."""
    assert months_before(datetime.fromisoformat(moment), months) == datetime.fromisoformat(expected)


def test_the_terms_are_those_of_the_design() -> None:
    """Without any setting: 24 months of journaal, 90 days of refusals, 6 months of logins, 30 days, 5 years."""
    moment = datetime(2026, 10, 1, 2, tzinfo=UTC)
    terms = Terms.at(Settings(), moment)
    assert terms.leavers_erased_on == (10, 1)
    assert terms.undo_before == moment - timedelta(days=30)
    assert terms.journaal_before == datetime(2024, 10, 1, 2, tzinfo=UTC)
    assert terms.refusals_before == moment - timedelta(days=90)
    assert terms.logins_before == datetime(2026, 4, 1, 2, tzinfo=UTC)
    assert terms.agreements_before == datetime(2021, 10, 1, 2, tzinfo=UTC)


def test_what_is_erased_fits_where_it_is_counted() -> None:
    """PostgreSQL refuses a longer name, so that the purge would fail on the day on which there is something of it."""
    column = erased.c.what.type
    assert isinstance(column, sa.String)
    assert [kind.what for kind in purge.KINDS if len(kind.what) > (column.length or 0)] == []
