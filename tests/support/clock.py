"""A clock for tests."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass
class Clock:
    """A clock that stands still until a test sets it."""

    moment: datetime

    def __call__(self) -> datetime:
        """Return its moment."""
        return self.moment

    def advance(self, **by: float) -> None:
        """Go on by so many seconds, minutes and so on."""
        self.moment += timedelta(**by)
