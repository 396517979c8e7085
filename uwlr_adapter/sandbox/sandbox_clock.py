"""The clock of the sandbox: the present moved forward or back, within bounds; it goes on as a clock does."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from uwlr_adapter.clock import AMSTERDAM, FIRST_MONTH, Clock, day_of, now
from uwlr_adapter.errors import RefusedError

MAX_AWAY = timedelta(days=5 * 366)
"""How far from the present the clock may be, either way (inclusive): five years of a vendor's tests."""
_EIGHT = 8
"""The hour at which a day begins to which the clock is moved."""
_DAYS = re.compile(r"[+-][0-9]{1,5}")
_SECOND = timedelta(seconds=1)


class ClockRefusedError(RefusedError):
    """The clock cannot be moved so; the text says why."""


@dataclass(slots=True)
class SandboxClock:
    """A `Clock`. `ahead` is how much it is ahead of the real one."""

    ahead: timedelta = timedelta(0)
    real: Clock = field(default=now)

    def __call__(self) -> datetime:
        """Return the moment of the sandbox, in UTC."""
        return self.real() + self.ahead

    def distance(self, moment: datetime) -> timedelta:
        """Return how far ahead a moment is, in whole seconds. Raises ClockRefusedError out of bounds.

        A part of a second is rounded up: a clock that is moved to midnight is on that day, and not still on the one
        before.
        """
        present = self.real()
        ahead = -((present - moment) // _SECOND) * _SECOND
        if abs(ahead) > MAX_AWAY:
            first, last = (day_of(present + sign * MAX_AWAY) for sign in (-1, 1))
            raise ClockRefusedError(f"the clock of the sandbox goes from {first} to {last}, and no further")
        return ahead


def parse(text: str, clock: SandboxClock) -> datetime:
    """Return the moment that a text asks for: `real`, `next-year`, `+30` days, or a day or a moment of ISO 8601.

    A moment without a zone is in Amsterdam, and so are the days: a day later it is as late there, whatever the hour of
    summer time does. A space before a number was a plus sign in a form that was not encoded. Raises ClockRefusedError.
    """
    asked, present = text.strip(), clock()
    if text.startswith(" ") and asked.isdecimal():
        asked = f"+{asked}"
    if asked == "real":
        return clock.real()
    if asked == "next-year":
        today = day_of(present)
        return _morning(date(today.year + (today.month >= FIRST_MONTH), FIRST_MONTH, 1))
    try:
        if _DAYS.fullmatch(asked):
            return (present.astimezone(AMSTERDAM) + timedelta(days=int(asked))).astimezone(UTC)
        read = datetime.fromisoformat(asked)
        if len(asked) == len("2026-08-01"):
            return _morning(read.date())
        return (read if read.tzinfo is not None else read.replace(tzinfo=AMSTERDAM)).astimezone(UTC)
    except (ValueError, OverflowError):
        forms = "real, next-year, +30 or -30 (days), 2027-08-01, or 2027-08-01T09:00"
        raise ClockRefusedError(
            f"the clock takes a day or a moment that exists, in one of these forms: {forms}"
        ) from None


def _morning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, _EIGHT, tzinfo=AMSTERDAM).astimezone(UTC)


def shown(moment: datetime) -> str:
    """Return a moment as the sandbox shows it, such as `2027-08-01 08:00:00`, in Amsterdam."""
    return f"{moment.astimezone(AMSTERDAM):%Y-%m-%d %H:%M:%S}"
