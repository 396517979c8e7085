"""The day on which a leaver is erased, as a pure function of years and days."""

from datetime import date, timedelta

import pytest

from uwlr_adapter.administratie.importing.leavers import Leaver, LeaverTerm, erased_on
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.tables import PersonKind

TERM = LeaverTerm(10, 1, timedelta(days=30))
PAST, BEFORE = "2025-2026", "2024-2025"
CLOSES = date(2026, 10, 1)


def leaver(*years: str, closes: date | None = CLOSES, removed: date | None = None, is_told: bool = True) -> Leaver:
    """Return a leaver with records in these years of one vestiging."""
    own = tuple(SchoolYear("21QW00", one) for one in years)
    return Leaver(1, PersonKind.LEERLING, "21QW", own, closes if years else None, removed, is_told)


@pytest.mark.parametrize(
    ("one", "day"),
    [
        (leaver(PAST), date(2026, 10, 1)),
        (leaver(BEFORE, PAST), date(2026, 10, 1)),
        (leaver(PAST, removed=date(2026, 3, 1)), date(2026, 10, 1)),  # moved during that year
        (leaver(PAST, removed=date(2026, 8, 20)), date(2026, 10, 1)),  # of a draft of the new year
        (leaver(PAST, removed=date(2026, 9, 20)), date(2026, 10, 20)),  # while that can be undone
        (leaver(PAST, removed=date(2026, 9, 30)), date(2026, 10, 30)),
        (leaver(PAST, removed=date(2026, 10, 1)), date(2027, 10, 1)),
        (leaver(PAST, removed=date(2026, 11, 15)), date(2027, 10, 1)),  # left during the present year
        (leaver(PAST, closes=date(2026, 11, 1)), date(2026, 11, 1)),  # a vestiging that is answered for longer
        (leaver(PAST, is_told=False), date(2027, 10, 1)),  # nobody said who left
        (leaver(removed=date(2026, 11, 15)), date(2027, 10, 1)),  # in no year at all
        (leaver(removed=date(2026, 9, 30)), date(2026, 10, 30)),
    ],
)
def test_the_day_of_a_leaver(one: Leaver, day: date) -> None:
    """It is 1 October after leaving, later only while a year is answered, an import can be undone, or nobody told."""
    assert erased_on(one, TERM) == day


def test_another_day_of_the_year() -> None:
    """The setting moves the day, and a year that is still answered comes before it."""
    assert erased_on(leaver(PAST), LeaverTerm(9, 1, timedelta(days=30))) == CLOSES
    assert erased_on(leaver(PAST), LeaverTerm(12, 31, timedelta(days=30))) == date(2026, 12, 31)
