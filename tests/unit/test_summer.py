"""The summer holidays, against the days that the ministry published."""

from datetime import date, timedelta

import pytest

from uwlr_adapter.administratie.summer import PUBLISHED, Region, is_quiet, summer_of, tells_before_school

N, M, Z = Region

PAST = {
    2018: ("07-21", "07-14", "07-07"),
    2019: ("07-13", "07-20", "07-06"),
    2020: ("07-04", "07-18", "07-11"),
    2021: ("07-10", "07-17", "07-24"),
    2022: ("07-16", "07-09", "07-23"),
    2023: ("07-22", "07-08", "07-15"),
}
"""First days of noord, midden and zuid of one turn before, as they were published."""


@pytest.mark.parametrize(("year", "days"), PAST.items())
def test_the_turns_give_the_days_of_the_past(year: int, days: tuple[str, ...]) -> None:
    """The rule for a year that is not published is right for each of the six years before the published ones."""
    assert [f"{summer_of(region, year).first:%m-%d}" for region in Region] == list(days)


@pytest.mark.parametrize("year", [*PUBLISHED, 2030, 2031, 2047, 2100])
@pytest.mark.parametrize("region", Region)
def test_six_weeks_from_a_saturday(region: Region, year: int) -> None:
    """Each holiday is from a Saturday in July to a Sunday, six weeks later, and school begins on a Monday."""
    summer = summer_of(region, year)
    assert (summer.first.weekday(), summer.first.month, summer.last.weekday()) == (5, 7, 6)
    assert (summer.last - summer.first).days == 43
    assert summer.last < date(year, 9, 7)


@pytest.mark.parametrize(
    ("region", "first", "last"),
    [(N, "07-21", "09-02"), (M, "07-07", "08-19"), (Z, "07-14", "08-26"), (None, "07-21", "08-19")],
)
def test_the_days_of_2029(region: Region | None, first: str, last: str) -> None:
    """As published; without a region it is the days that every region has."""
    summer = summer_of(region, 2029)
    assert (f"{summer.first:%m-%d}", f"{summer.last:%m-%d}") == (first, last)


@pytest.mark.parametrize("region", [*Region, None])
@pytest.mark.parametrize("year", [2026, 2028, 2034])
def test_quiet_but_for_one_day(region: Region | None, year: int) -> None:
    """Of all days of a year exactly those of the holiday are quiet, but one, five days before school begins."""
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(365)]
    summer = summer_of(region, year)
    quiet = [day for day in days if is_quiet(region, day, None)]
    told = [day for day in days if tells_before_school(region, day, None)]
    assert told == [summer.last - timedelta(days=4)]
    assert sorted([*quiet, *told]) == [day for day in days if summer.first <= day <= summer.last]


def test_a_first_school_day_of_its_own() -> None:
    """The day counts from the one that the vestiging set, also when that is later than the region's."""
    own = date(2026, 8, 19)  # of noord it is the 17th
    assert tells_before_school(N, date(2026, 8, 14), own)
    assert not tells_before_school(N, date(2026, 8, 12), own)
