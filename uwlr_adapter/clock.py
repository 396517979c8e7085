"""School time: the clock, the school year and the peildatum.

Moments are timezone-aware. They are stored in UTC and shown in Europe/Amsterdam, the time zone of a school. Code that
needs the present takes a `Clock`, so that no setting, header or environment variable can change it.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from functools import partial
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
FIRST_MONTH = 8
"""August: a school year is 1 August to 31 July, both included (Wet op het primair onderwijs, article 1)."""

Clock = Callable[[], datetime]
"""A function that returns the present as a timezone-aware datetime."""

_SCHOOLJAAR = re.compile(r"([0-9]{4})-([0-9]{4})")
_FIRST_YEAR, _LAST_YEAR = 1000, 9000


now: Clock = partial(datetime.now, UTC)
"""The `Clock` of a running service: the present in UTC."""


def to_utc(moment: datetime) -> datetime:
    """Return a timezone-aware moment in its stored form: a naive datetime in UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def from_utc(stored: datetime) -> datetime:
    """Return a stored moment (a naive datetime in UTC) as a timezone-aware one."""
    return stored.replace(tzinfo=UTC)


def any_from_utc(stored: datetime | None) -> datetime | None:
    """Return a stored moment as `from_utc` does; None, of what never was, stays None."""
    return None if stored is None else from_utc(stored)


def day_of(moment: datetime) -> date:
    """Return the calendar day in Amsterdam of a timezone-aware moment."""
    return moment.astimezone(AMSTERDAM).date()


def start_of(day: date) -> datetime:
    """Return the moment, in UTC, at which a calendar day begins in Amsterdam."""
    return datetime.combine(day, time(), AMSTERDAM).astimezone(UTC)


def schooljaar_of(day: date) -> str:
    """Return the school year that contains a day, as `2026-2027`."""
    return _schooljaar(day.year if day.month >= FIRST_MONTH else day.year - 1)


def next_schooljaar(day: date) -> str:
    """Return the school year after the one that contains a day, as `2027-2028`."""
    return _schooljaar(day.year + 1 if day.month >= FIRST_MONTH else day.year)


def _schooljaar(start: int) -> str:
    return f"{start:04}-{start + 1:04}"


def schooljaar_start(schooljaar: str) -> int | None:
    """Return the first calendar year of a school year; None unless it is two consecutive years, as `2026-2027`.

    None also for years so far away that the days around them cannot be reckoned with.
    """
    match = _SCHOOLJAAR.fullmatch(schooljaar)
    if match is None or int(match[2]) != int(match[1]) + 1 or not _FIRST_YEAR <= int(match[1]) <= _LAST_YEAR:
        return None
    return int(match[1])


def peildatum_in(schooljaar: str, today: date) -> date | None:
    """Return the day for which a school year is answered: today, held within its 1 August and 31 July (inclusive).

    None when the school year is not two consecutive years.
    """
    start = schooljaar_start(schooljaar)
    if start is None:
        return None
    return min(max(today, date(start, FIRST_MONTH, 1)), date(start + 1, FIRST_MONTH - 1, 31))


def parse_moment(text: str) -> datetime | None:
    """Return the instant of an xs:dateTime, in UTC; None for what Python cannot hold, such as 24:00:00.

    A moment without a zone is in Amsterdam, in the doubled hour of October the earlier of the two.
    """
    try:
        read = datetime.fromisoformat(text.strip(" \t\r\n"))
        return (read if read.tzinfo is not None else read.replace(tzinfo=AMSTERDAM, fold=0)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


MONTHS = (
    *("januari", "februari", "maart", "april", "mei", "juni"),
    *("juli", "augustus", "september", "oktober", "november", "december"),
)


def short_date(day: date) -> str:
    """Return a day as `25-11-2026`."""
    return f"{day:%d-%m-%Y}"


def long_date(day: date) -> str:
    """Return a day as `25 november 2026`."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def date_time(moment: datetime) -> str:
    """Return a timezone-aware moment as `25 november 2026 om 14:05 uur`, in Amsterdam."""
    local = moment.astimezone(AMSTERDAM)
    return f"{long_date(local.date())} om {local:%H:%M} uur"


def short_date_time(moment: datetime) -> str:
    """Return a timezone-aware moment as `25-11-2026 14:05`, in Amsterdam."""
    local = moment.astimezone(AMSTERDAM)
    return f"{local:%d-%m-%Y %H:%M}"
