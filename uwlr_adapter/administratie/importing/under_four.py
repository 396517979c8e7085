"""Leerlingen under four: they are no leerling yet, so they are not answered, and an import says so."""

from collections.abc import Iterator, Sequence
from datetime import date

import sqlalchemy as sa

from uwlr_adapter.administratie import school_calendar
from uwlr_adapter.administratie.enrolment import Bounds, born_by, bounds, school_birthday
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.model import Delivery, Period, Problem, Severity, SourceRecord, parse_day
from uwlr_adapter.contract.dataset import Leerling

_REASON = (
    "not yet four while enrolled: not answered before the fourth birthday "
    "(special education: `uwlr-adapter school set BRIN6 --under-four`)"
)


def warnings(connection: sa.Connection, year: SchoolYear, delivery: Delivery, day: date) -> list[Problem]:
    """Return a warning for each leerling who is enrolled from `day` on, within the year, before the fourth birthday."""
    limits = bounds(year.schooljaar, day)
    if limits is None:
        return []
    latest = born_by(limits.peildatum)
    young = [
        one for one in delivery.leerlingen if (born := one.record.geboortedatum) is not None and born[:10] > latest
    ]
    found = list(_enrolled_before(young, delivery, limits))
    if not found or school_calendar.find(connection, year.brin6, year.schooljaar).under_four:
        return []
    return [Problem(one.line, "leerling/geboortedatum", _REASON, Severity.WARNING) for one in found]


def _enrolled_before(
    young: Sequence[SourceRecord[Leerling]], delivery: Delivery, limits: Bounds
) -> Iterator[SourceRecord[Leerling]]:
    for source in young:
        birthday = school_birthday(parse_day(source.record.geboortedatum) or date.max)
        if any(_has_day_before(period, birthday, limits) for period in delivery.periods_of(source.record)):
            yield source


def _has_day_before(period: Period, birthday: date, limits: Bounds) -> bool:
    """Return whether a day of a period lies from the peildatum on, within the year, and before a birthday."""
    first = max(period.first_day or limits.peildatum, limits.peildatum)
    return first <= limits.last and first < birthday and (period.end_day is None or first < period.end_day)
