"""When a vestiging is told nothing: in the summer holiday of its region, but for one day before school begins."""

from datetime import date
from enum import Enum, auto

import sqlalchemy as sa

from uwlr_adapter.administratie import school_calendar, summer
from uwlr_adapter.clock import FIRST_MONTH, schooljaar_of


class Telling(Enum):
    """Whether a vestiging can be told something on a day."""

    ALWAYS = auto()
    QUIET = auto()
    """Nothing."""
    ONCE = auto()
    """One mail, with what is open and what happened in the holiday."""


def telling_on(connection: sa.Connection, brin6: str, day: date) -> Telling:
    """Return what a vestiging can be told on a day."""
    region = school_calendar.region_of(connection, brin6)
    coming = schooljaar_of(day.replace(month=FIRST_MONTH, day=1))
    begins = school_calendar.find(connection, brin6, coming).first_school_day
    if summer.tells_before_school(region, day, begins):
        return Telling.ONCE
    return Telling.QUIET if summer.is_quiet(region, day, begins) else Telling.ALWAYS
