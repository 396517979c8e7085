"""The words of the portal: dates, numbers and outcomes as a school reads them."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from uwlr_adapter.clock import AMSTERDAM

MONTHS = (
    *("januari", "februari", "maart", "april", "mei", "juni"),
    *("juli", "augustus", "september", "oktober", "november", "december"),
)


def dag(day: date) -> str:
    """Give a day as `25-11-2026`."""
    return f"{day:%d-%m-%Y}"


def lange_dag(day: date) -> str:
    """Give a day as `25 november 2026`."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def tijdstip(moment: datetime) -> str:
    """Give a moment in Amsterdam as `25 november 2026 om 14:05 uur`."""
    local = moment.astimezone(AMSTERDAM)
    return f"{lange_dag(local.date())} om {local:%H:%M} uur"


def kort_tijdstip(moment: datetime) -> str:
    """Give a moment in Amsterdam as `25-11-2026 14:05`."""
    local = moment.astimezone(AMSTERDAM)
    return f"{local:%d-%m-%Y %H:%M}"


def wachttijd(wait: timedelta) -> str:
    """Give how long somebody waits, as `1 minuut` or `12 seconden`, rounded up."""
    seconden = -int(-wait.total_seconds() // 1)
    if seconden < 60:  # noqa: PLR2004 - a minute
        return "1 seconde" if seconden == 1 else f"{seconden} seconden"
    minutes = -(-seconden // 60)
    return "1 minuut" if minutes == 1 else f"{minutes} minuten"


def aantal(getal: int, enkel: str, meer: str) -> str:
    """Give a number with its noun: `1 leerling`, `2 leerlingen`."""
    return f"{getal} {enkel if getal == 1 else meer}"


FILTERS: dict[str, Callable[..., Any]] = {
    "dag": dag,
    "lange_dag": lange_dag,
    "tijdstip": tijdstip,
    "kort_tijdstip": kort_tijdstip,
    "aantal": aantal,
}
"""What templates may use by name."""
