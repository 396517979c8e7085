"""Days and moments as a school reads them, in Dutch."""

from datetime import date, datetime

from uwlr_adapter.clock import AMSTERDAM

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
