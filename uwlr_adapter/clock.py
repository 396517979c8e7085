"""School time: the clock, the school year and the peildatum.

Moments are timezone-aware. They are stored in UTC and shown in Europe/Amsterdam, in which a school lives. Code that
needs the present takes a `Clock`, so that no setting, header or environment variable can change it.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
FIRST_MONTH = 8
"""A school year runs from 1 August up to and including 31 July (Wet op het primair onderwijs, article 1)."""

Clock = Callable[[], datetime]
"""Gives the present as a timezone-aware moment."""

_SCHOOLJAAR = re.compile(r"([0-9]{4})-([0-9]{4})")


def now() -> datetime:
    """Give the present in UTC: the `Clock` of a running service."""
    return datetime.now(UTC)


def to_utc(moment: datetime) -> datetime:
    """Give a timezone-aware moment as it is stored: UTC, without its zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def from_utc(stored: datetime) -> datetime:
    """Give a stored moment as a timezone-aware one."""
    return stored.replace(tzinfo=UTC)


def day_of(moment: datetime) -> date:
    """Give the calendar day in Amsterdam of a timezone-aware moment."""
    return moment.astimezone(AMSTERDAM).date()


def schooljaar_of(day: date) -> str:
    """Give the school year in which a day lies, as `2026-2027`."""
    start = day.year if day.month >= FIRST_MONTH else day.year - 1
    return f"{start:04}-{start + 1:04}"


def schooljaar_start(schooljaar: str) -> int | None:
    """Give the first of a school year's two years, or None when they are not two following years."""
    match = _SCHOOLJAAR.fullmatch(schooljaar)
    if match is None or int(match[2]) != int(match[1]) + 1:
        return None
    return int(match[1])


def peildatum_in(schooljaar: str, today: date) -> date | None:
    """Give the day for which a school year is answered: today, held within 1 August and 31 July of that year.

    None when the school year is not one of two following years.
    """
    start = schooljaar_start(schooljaar)
    if start is None:
        return None
    return min(max(today, date(start, FIRST_MONTH, 1)), date(start + 1, FIRST_MONTH - 1, 31))
