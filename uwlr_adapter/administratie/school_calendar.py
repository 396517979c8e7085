"""The calendar of a vestiging: on which days a school year is answered, and what the vestiging sets about it.

The present year is answered; the past one until 30 September, when platforms have taken over the new one; the next one
once the school releases it, and by itself from 1 July. docs/reference/records.md has the rules and their reasons;
`calendar_acts` changes what is set.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from uwlr_adapter.administratie.enrolment import USUAL_FIRST_SCHOOL_DAY
from uwlr_adapter.administratie.summer import Region
from uwlr_adapter.administratie.tables import vestiging, vestiging_setting, vestiging_year
from uwlr_adapter.clock import FIRST_MONTH, schooljaar_start
from uwlr_adapter.db.backend import run
from uwlr_adapter.db.statements import Query, Row, SelectStatement

USUAL_PAST_UNTIL = "09-30"
"""30 September, inclusive, as MM-DD: two months in which a platform can go over to the new year."""
_RELEASED_BY_ITSELF = (7, 1)
"""1 July before the year: the weeks in which every school prepares it."""


@dataclass(frozen=True, slots=True)
class SchoolCalendar:
    """The settings of a vestiging for one school year; the defaults are those of a vestiging that set nothing."""

    past_year_until: str = USUAL_PAST_UNTIL
    """MM-DD, inclusive: until this day the year is answered after its end."""
    under_four: bool = False
    """Whether leerlingen under four are answered."""
    first_school_day: date | None = None
    """None: USUAL_FIRST_SCHOOL_DAY."""
    shared_from: date | None = None
    """The first day on which the year is answered; None: the 1 July before it."""


@dataclass(frozen=True, slots=True)
class Window:
    """The days on which a school year is answered: from `opens` (inclusive) to `closes` (exclusive)."""

    opens: date
    closes: date

    def holds(self, day: date) -> bool:
        """Return whether the year is answered on a day."""
        return self.opens <= day < self.closes


def window_of(schooljaar: str, calendar: SchoolCalendar) -> Window | None:
    """Return the days on which a school year is answered; None when it is not two consecutive years."""
    start = schooljaar_start(schooljaar)
    if start is None:
        return None
    month, day = map(int, calendar.past_year_until.split("-"))
    last = date(start + 1 if month >= FIRST_MONTH else start + 2, month, day)
    return Window(calendar.shared_from or released_by_itself(start), last + timedelta(days=1))


def released_by_itself(start: int) -> date:
    """Return the day from which the school year that starts in a calendar year is answered if nobody released it."""
    return date(start, *_RELEASED_BY_ITSELF)


def first_school_day(schooljaar: str, calendar: SchoolCalendar) -> date | None:
    """Return the first school day of a year, set or usual; None when it is not two consecutive years."""
    start = schooljaar_start(schooljaar)
    return None if start is None else calendar.first_school_day or date(start, *USUAL_FIRST_SCHOOL_DAY)


def calendar_query(brin6: str, schooljaar: str) -> Query:
    """Return the query for what a vestiging set for a year; `calendar_of` reads its rows."""
    return Query(_CALENDAR, {"brin6": brin6, "schooljaar": schooljaar})


def calendar_of(rows: Sequence[Row]) -> SchoolCalendar:
    """Return the calendar in the rows of `calendar_query`; that of an unknown vestiging has every default."""
    if not rows:
        return SchoolCalendar()
    past_year_until, under_four, first_day, shared_from = rows[0]
    return SchoolCalendar(past_year_until or USUAL_PAST_UNTIL, bool(under_four), first_day, shared_from)


def find(connection: sa.Connection, brin6: str, schooljaar: str) -> SchoolCalendar:
    """Return what a vestiging set for a year."""
    (rows,) = run(connection, [calendar_query(brin6, schooljaar)])
    return calendar_of(rows)


def region_of(connection: sa.Connection, brin6: str) -> Region | None:
    """Return the region of the holidays in which a vestiging lies; None when it is not known."""
    found = connection.scalar(sa.select(vestiging_setting.c.region).where(vestiging_setting.c.brin6 == brin6))
    return None if found is None else Region(found)


_CALENDAR = SelectStatement(
    sa.select(
        vestiging_setting.c.past_year_until,
        vestiging_setting.c.under_four,
        vestiging_year.c.first_school_day,
        vestiging_year.c.shared_from,
    )
    .select_from(
        vestiging.outerjoin(vestiging_setting, vestiging_setting.c.brin6 == vestiging.c.brin6).outerjoin(
            vestiging_year,
            sa.and_(
                vestiging_year.c.brin6 == vestiging.c.brin6,
                vestiging_year.c.schooljaar == sa.bindparam("schooljaar", type_=sa.String),
            ),
        )
    )
    .where(vestiging.c.brin6 == sa.bindparam("brin6", type_=sa.String))
)
