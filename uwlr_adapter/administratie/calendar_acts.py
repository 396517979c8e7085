"""The acts on the calendar of a vestiging: releasing the next school year, and what it sets.

Each act takes the open writing transaction of the caller, and writes its entry of the journaal in it. It counts as a
change of the school's records, so that every stored answer is judged anew.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.enrolment import LATEST_FIRST_SCHOOL_DAY, YEAR_STATE, bounds, is_laid_out, parameters
from uwlr_adapter.administratie.school_calendar import Window, find, released_by_itself, window_of
from uwlr_adapter.administratie.summer import Region
from uwlr_adapter.administratie.tables import vestiging_setting, vestiging_year
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.clock import FIRST_MONTH, day_of, next_schooljaar, schooljaar_of, schooljaar_start
from uwlr_adapter.db.backend import run
from uwlr_adapter.db.statements import Query
from uwlr_adapter.errors import RefusedError, SchoolRefusedError
from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import Act

_MONTH_DAY = re.compile(r"[0-9]{2}-[0-9]{2}")
_COMMON_YEAR = 2001


class ReleaseError(SchoolRefusedError):
    """A school year cannot be released, or not be taken back."""


class CalendarSettingError(RefusedError):
    """A setting of a vestiging is not valid; the text says why."""


def has_data(connection: sa.Connection, brin6: str, schooljaar: str) -> bool:
    """Return whether a source laid a year out."""
    limits = bounds(schooljaar, date.min)
    if limits is None:
        return False
    (rows,) = run(connection, [Query(YEAR_STATE, parameters(brin6, schooljaar, limits))])
    return is_laid_out(rows[0])


def release(connection: sa.Connection, brin6: str, schooljaar: str, moment: datetime, *, actor: str) -> None:
    """Release the next school year: from now on it is answered. Raises ReleaseError."""
    day, window = _next_year(connection, brin6, schooljaar, moment)
    if window.holds(day):
        raise ReleaseError(
            f"Het schooljaar {schooljaar} is al vrijgegeven.", f"schooljaar {schooljaar} is released already"
        )
    if not has_data(connection, brin6, schooljaar):
        raise ReleaseError(
            f"Het schooljaar {schooljaar} is nog niet ingericht: er valt niets vrij te geven.",
            f"schooljaar {schooljaar} is not laid out yet, so there is nothing to release: import it first",
        )
    _store(connection, vestiging_year, {"brin6": brin6, "schooljaar": schooljaar}, {"shared_from": day})
    _record(connection, brin6, moment, Act.YEAR_RELEASED, schooljaar, actor)


def take_back(connection: sa.Connection, brin6: str, schooljaar: str, moment: datetime, *, actor: str) -> None:
    """Take the release of the next school year back: it is answered no more, until 1 July or, from then, 1 August.

    Raises ReleaseError.
    """
    day, window = _next_year(connection, brin6, schooljaar, moment)
    if not window.holds(day):
        raise ReleaseError(
            f"Het schooljaar {schooljaar} is niet vrijgegeven.", f"schooljaar {schooljaar} is not released"
        )
    start = schooljaar_start(schooljaar) or day.year
    shared_from = None if day < released_by_itself(start) else date(start, FIRST_MONTH, 1)
    _store(connection, vestiging_year, {"brin6": brin6, "schooljaar": schooljaar}, {"shared_from": shared_from})
    _record(connection, brin6, moment, Act.YEAR_TAKEN_BACK, schooljaar, actor)


def _next_year(connection: sa.Connection, brin6: str, schooljaar: str, moment: datetime) -> tuple[date, Window]:
    """Hold the school, and return the day and the window of the next school year, which `schooljaar` must be."""
    day = day_of(moment)
    coming = next_schooljaar(day)
    if schooljaar != coming:  # the text of a caller: no database sees it
        raise ReleaseError(
            f"Alleen het volgende schooljaar kan worden vrijgegeven of teruggenomen: nu is dat {coming}.",
            f"only the next schooljaar can be released or taken back, which now is {coming}",
        )
    schools.lock_school(connection, brincode_of(brin6))
    window = window_of(coming, find(connection, brin6, coming))
    assert window is not None  # noqa: S101 - the school year of a day is one
    return day, window


def set_first_school_day(connection: sa.Connection, brin6: str, day: date, moment: datetime, *, actor: str) -> None:
    """Set the first school day of the school year in which it lies. Raises CalendarSettingError."""
    schooljaar = schooljaar_of(day)
    if not date(day.year, FIRST_MONTH, 1) <= day <= date(day.year, *LATEST_FIRST_SCHOOL_DAY):
        raise CalendarSettingError("a first school day is one from 1 August to 30 September")
    _set(connection, brin6, vestiging_year, {"schooljaar": schooljaar}, {"first_school_day": day})
    _record(connection, brin6, moment, Act.CALENDAR_SET, schooljaar, actor)


def set_past_year_until(connection: sa.Connection, brin6: str, until: str, moment: datetime, *, actor: str) -> None:
    """Set until which day, as MM-DD and inclusive, a past school year is answered. Raises CalendarSettingError."""
    if not _is_month_day(until):
        raise CalendarSettingError("a last day for the past schooljaar is a day of every year as MM-DD, such as 09-30")
    _set(connection, brin6, vestiging_setting, {}, {"past_year_until": until})
    _record(connection, brin6, moment, Act.CALENDAR_SET, None, actor)


def set_under_four(connection: sa.Connection, brin6: str, moment: datetime, *, under_four: bool, actor: str) -> None:
    """Set whether leerlingen under four are answered. Raises CalendarSettingError."""
    _set(connection, brin6, vestiging_setting, {}, {"under_four": under_four})
    _record(connection, brin6, moment, Act.CALENDAR_SET, None, actor)


def set_region(connection: sa.Connection, brin6: str, region: Region | None, moment: datetime, *, actor: str) -> None:
    """Set in which region of the holidays a vestiging lies, None: not known. Raises CalendarSettingError.

    No answer depends on it, so none is judged anew.
    """
    _require_vestiging(connection, brin6)
    _write(connection, vestiging_setting, {"brin6": brin6}, {"region": region})
    _record(connection, brin6, moment, Act.REGION_SET, None, actor)


def _is_month_day(text: str) -> bool:
    """Return whether a text is the MM-DD of a day that each year has."""
    if _MONTH_DAY.fullmatch(text) is None:
        return False
    try:
        date(_COMMON_YEAR, int(text[:2]), int(text[3:]))
    except ValueError:
        return False
    return True


def _set(
    connection: sa.Connection, brin6: str, table: sa.Table, more: Mapping[str, str], values: Mapping[str, Any]
) -> None:
    """Store a setting of a vestiging, which must exist. Raises CalendarSettingError."""
    _require_vestiging(connection, brin6)
    _store(connection, table, {"brin6": brin6, **more}, values)


def _require_vestiging(connection: sa.Connection, brin6: str) -> None:
    """Hold the school of a vestiging. Raises CalendarSettingError when the vestiging does not exist."""
    if schools.find_vestiging(connection, brin6) is None:
        raise CalendarSettingError(f"there is no vestiging {brin6}: `uwlr-adapter school list` lists them")
    schools.lock_school(connection, brincode_of(brin6))


def _store(connection: sa.Connection, table: sa.Table, key: Mapping[str, str], values: Mapping[str, Any]) -> None:
    """Store what decides about answers; each of the school is judged anew."""
    _write(connection, table, key, values)
    schools.touch_school(connection, brincode_of(key["brin6"]))


def _write(connection: sa.Connection, table: sa.Table, key: Mapping[str, str], values: Mapping[str, Any]) -> None:
    """Insert or update the row of a key; the school is held, so nobody else does."""
    where = [table.c[name] == value for name, value in key.items()]
    changed = connection.execute(table.update().where(*where).values(**values))
    if not changed.rowcount:
        connection.execute(table.insert().values(**key, **values))


def _record(
    connection: sa.Connection, brin6: str, moment: datetime, act: Act, schooljaar: str | None, actor: str
) -> None:
    remarks = None if schooljaar is None else f"schooljaar={schooljaar}"
    writer.record_act(connection, moment=moment, act=act, koppeling_id=None, brin6=brin6, actor=actor, remarks=remarks)
