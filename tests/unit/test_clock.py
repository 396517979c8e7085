"""School time: the year of a day, and the day for which a year is answered."""

from datetime import UTC, date, datetime

import pytest

from uwlr_adapter import clock


@pytest.mark.parametrize(
    ("day", "schooljaar"),
    [
        (date(2026, 7, 31), "2025-2026"),
        (date(2026, 8, 1), "2026-2027"),
        (date(2026, 12, 31), "2026-2027"),
        (date(2027, 1, 1), "2026-2027"),
    ],
)
def test_a_school_year_begins_on_1_august(day: date, schooljaar: str) -> None:
    """The turn is between 31 July and 1 August."""
    assert clock.schooljaar_of(day) == schooljaar


@pytest.mark.parametrize(
    ("schooljaar", "peildatum"),
    [
        ("2026-2027", date(2026, 11, 23)),
        ("2025-2026", date(2026, 7, 31)),
        ("2027-2028", date(2027, 8, 1)),
        ("2026-2028", None),
        ("2026-2025", None),
        ("٢٠٢٦-٢٠٢٧", None),
        ("2026", None),
    ],
)
def test_the_peildatum_is_held_within_the_year(schooljaar: str, peildatum: date | None) -> None:
    """Past years are answered as they ended, coming years as they begin; no year, no day."""
    assert clock.peildatum_in(schooljaar, date(2026, 11, 23)) == peildatum


def test_the_day_is_that_of_amsterdam() -> None:
    """Late in the evening in UTC it is the next day at school, in summer and in winter."""
    assert clock.day_of(datetime(2026, 7, 31, 22, 0, tzinfo=UTC)) == date(2026, 8, 1)
    assert clock.day_of(datetime(2026, 12, 31, 22, 59, tzinfo=UTC)) == date(2026, 12, 31)


def test_the_clock_knows_its_zone() -> None:
    """The present is a moment with a zone."""
    assert clock.now().tzinfo is UTC
