"""The clock of the sandbox moves within bounds, and goes on."""

from datetime import UTC, datetime, timedelta

import pytest
from support.clock import Clock

from uwlr_adapter.sandbox.sandbox_clock import MAX_AWAY, ClockRefusedError, SandboxClock, parse, shown

PRESENT = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)


def clock() -> SandboxClock:
    """Return a clock of the sandbox around one that stands still."""
    return SandboxClock(real=Clock(PRESENT))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2027-08-01", "2027-08-01 08:00:00"),
        ("2027-08-01T09:00", "2027-08-01 09:00:00"),
        ("2027-01-01T09:00Z", "2027-01-01 10:00:00"),
        ("+30", "2026-12-25 10:30:00"),
        (" -30 ", "2026-10-26 10:30:00"),
        (" 30", "2026-12-25 10:30:00"),
        ("next-year", "2027-08-01 08:00:00"),
        ("real", "2026-11-25 10:30:00"),
    ],
)
def test_forms(text: str, expected: str) -> None:
    """Each form is a moment, in Amsterdam unless it has a zone."""
    assert shown(parse(text, clock())) == expected


@pytest.mark.parametrize(
    ("begin", "text", "expected"),
    [
        ("2027-03-27T23:30", "+1", "2027-03-28 23:30:00"),
        ("2027-03-29T00:15", "-1", "2027-03-28 00:15:00"),
        ("2027-10-30T23:30", "+1", "2027-10-31 23:30:00"),
        ("2027-11-01T00:15", "-1", "2027-10-31 00:15:00"),
        ("2028-02-28T12:00", "+1", "2028-02-29 12:00:00"),
    ],
)
def test_a_day_is_a_day(begin: str, text: str, expected: str) -> None:
    """A day later is the next day at the same time in Amsterdam: none is passed over or there twice."""
    moved = clock()
    moved.ahead = moved.distance(parse(begin, moved))
    assert shown(parse(text, moved)) == expected


@pytest.mark.parametrize("microsecond", [0, 1, 400_000, 600_000, 999_999])
def test_midnight_is_on_the_new_day(microsecond: int) -> None:
    """Moved to the first moment of a day, the clock is on that day, whatever part of a second the real one is at."""
    moved = SandboxClock(real=Clock(PRESENT.replace(microsecond=microsecond)))
    moved.ahead = moved.distance(parse("2027-08-01T00:00", moved))
    assert shown(moved()) == "2027-08-01 00:00:00"
    moved.ahead = moved.distance(parse("real", moved))
    assert moved.ahead == timedelta(0)


def test_next_year_comes_again() -> None:
    """From a moved clock, next-year is the 1 August after that."""
    moved = clock()
    for year in (2027, 2028):
        moved.ahead = moved.distance(parse("next-year", moved))
        assert shown(moved()) == f"{year}-08-01 08:00:00"


@pytest.mark.parametrize(
    "text", ["", "soon", "+", "+1.5", "2027-02-30", "2027-08", "0000-01-01", "+9999999999999", "+1_0", "+\u0967"]
)
def test_what_is_no_moment(text: str) -> None:
    """A text of no form is refused, with the forms."""
    with pytest.raises(ClockRefusedError, match="that exists, in one of these forms"):
        parse(text, clock())


def test_bounds() -> None:
    """The bound itself is within it; a second further is refused, either way, with the days between which it goes."""
    for sign in (-1, 1):
        assert clock().distance(PRESENT + sign * MAX_AWAY) == sign * MAX_AWAY
        with pytest.raises(ClockRefusedError, match="goes from 2021-11-21 to 2031-11-29, and no further"):
            clock().distance(PRESENT + sign * (MAX_AWAY + timedelta(seconds=1)))


def test_it_goes_on() -> None:
    """A moved clock goes on with the real one."""
    real = Clock(PRESENT)
    moved = SandboxClock(timedelta(days=100), real)
    real.advance(hours=2)
    assert moved() == PRESENT + timedelta(days=100, hours=2)
