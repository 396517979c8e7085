"""The summer holiday of each region, in which nobody at a school reads mail.

Source: the Ministry of Education (rijksoverheid.nl, Overzicht schoolvakanties per schooljaar), which sets these days
for every school of a region. They begin on a Saturday and last six weeks. The regions take turns in an order of six
years, so a year that is not published yet takes the Saturday nearest to the day of the same turn.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Region(StrEnum):
    """The region of the holidays in which a vestiging lies."""

    NOORD = "noord"
    MIDDEN = "midden"
    ZUID = "zuid"


LENGTH = timedelta(days=43)
"""From the first day, a Saturday, to the last one, a Sunday."""
BEFORE_SCHOOL = timedelta(days=5)
"""How long before school begins its people are told once what is open: they are at school in that last week."""
_SATURDAY = 5
_WEEK = 7
PUBLISHED: dict[int, dict[Region, date]] = {
    year: dict(zip(Region, (date(year, 7, day) for day in days), strict=True))
    for year, days in {
        2024: (20, 13, 6),
        2025: (12, 19, 5),
        2026: (4, 18, 11),
        2027: (10, 17, 24),
        2028: (15, 8, 22),
        2029: (21, 7, 14),
    }.items()
}
"""By year the first day of each region: one whole turn."""


@dataclass(frozen=True, slots=True)
class Summer:
    """The summer holiday of a year; both days inclusive."""

    first: date
    last: date

    def holds(self, day: date) -> bool:
        """Return whether a day is one of the holiday."""
        return self.first <= day <= self.last


def summer_of(region: Region | None, year: int) -> Summer:
    """Return the summer holiday of a calendar year; without a region the days that every region has."""
    if region is not None:
        first = _first_day(region, year)
        return Summer(first, first + LENGTH)
    begins = [_first_day(one, year) for one in Region]
    return Summer(max(begins), min(begins) + LENGTH)


def is_quiet(region: Region | None, day: date, first_school_day: date | None) -> bool:
    """Return whether nothing is told on a day: it is one of the summer holiday, but for `tells_before_school`."""
    return summer_of(region, day.year).holds(day) and not tells_before_school(region, day, first_school_day)


def tells_before_school(region: Region | None, day: date, first_school_day: date | None) -> bool:
    """Return whether a day of the holiday is the one on which is told what is open: BEFORE_SCHOOL before school begins.

    School begins on the first school day that the vestiging set, if it did, else on the day after the holiday.
    """
    summer = summer_of(region, day.year)
    begins = first_school_day or summer.last + timedelta(days=1)
    return summer.holds(day) and day == begins - BEFORE_SCHOOL


def _first_day(region: Region, year: int) -> date:
    """Return the first day of the holiday: as published, else by turns."""
    first = min(PUBLISHED)
    known = PUBLISHED[year if year in PUBLISHED else first + (year - first) % len(PUBLISHED)]
    return _nearest_saturday(known[region].replace(year=year))


def _nearest_saturday(day: date) -> date:
    later = (_SATURDAY - day.weekday()) % _WEEK
    return day + timedelta(days=later if later <= _WEEK // 2 else later - _WEEK)
