"""Enrolment on a day: the condition for taking part in a school year, and the days on which that changes.

docs/reference/records.md has the rules. The statements take `parameters`.
"""

from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.tables import deelname, groep, inschrijving, vestiging_setting, vestiging_year
from uwlr_adapter.clock import FIRST_MONTH, peildatum_in, schooljaar_start
from uwlr_adapter.db.statements import SelectStatement

SCHOOL_AGE = 4
"""Years: from this birthday on a child may be a leerling of a primary school (Wet op het primair onderwijs, 39)."""
USUAL_FIRST_SCHOOL_DAY = (9, 7)
"""7 September: the latest day on which the summer holidays of a region end; of a vestiging that set none."""
LATEST_FIRST_SCHOOL_DAY = (9, 30)
"""30 September, inclusive: after it no school begins, and no enrolment counts before its first day."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The first and the last day of a school year, both inclusive, and its reference day (peildatum)."""

    first: date
    peildatum: date
    last: date


class Phase(Enum):
    """The part of a school year in which a day lies, as far as it decides which leerlingen take part."""

    COMING = "before its first day, answered as of that day"
    BEGINNING = "while its first school day may be ahead"
    RUNNING = "after that"
    LAST_DAY = "its last day, and each day after it"


def bounds(schooljaar: str, day: date) -> Bounds | None:
    """Return the bounds of a school year, with its peildatum on `day`.

    None when `schooljaar` does not name two consecutive years, as 2026-2027 does.
    """
    start = schooljaar_start(schooljaar)
    peildatum = peildatum_in(schooljaar, day)
    if start is None or peildatum is None:
        return None
    return Bounds(date(start, FIRST_MONTH, 1), peildatum, date(start + 1, FIRST_MONTH - 1, 31))


def phase_of(limits: Bounds, day: date) -> Phase:
    """Return the phase of a school year on a day."""
    if day < limits.first:
        return Phase.COMING
    if limits.peildatum == limits.last:
        return Phase.LAST_DAY
    is_beginning = limits.peildatum <= date(limits.first.year, *LATEST_FIRST_SCHOOL_DAY)
    return Phase.BEGINNING if is_beginning else Phase.RUNNING


def parameters(brin6: str, schooljaar: str, limits: Bounds) -> dict[str, Any]:
    """Return the parameters of the statements about a year of a vestiging with these bounds."""
    return {
        "brin6": brin6,
        "schooljaar": schooljaar,
        "peildatum": limits.peildatum,
        "last": limits.last,
        "usual_first_school_day": date(limits.first.year, *USUAL_FIRST_SCHOOL_DAY),
        "born_by": born_by(limits.peildatum),
        "born_by_first": born_by(limits.first),
        "born_by_last": born_by(limits.last),
    }


def born_by(day: date) -> str:
    """Return the last birth date, as YYYY-MM-DD, of those who are SCHOOL_AGE on a day; it compares as text.

    Of 29 February it may be a day that the year of birth does not have, which changes nothing.
    """
    return f"{day.year - SCHOOL_AGE:04}-{day:%m-%d}"


def school_birthday(born: date) -> date:
    """Return the day on which a child becomes SCHOOL_AGE; of a 29 February that its year does not have, 1 March."""
    try:
        return born.replace(year=born.year + SCHOOL_AGE)
    except ValueError:
        return date(born.year + SCHOOL_AGE, 3, 1)


def in_year(table: sa.Table) -> sa.ColumnElement[bool]:
    """Return the condition that a row belongs to the vestiging and the school year of the parameters."""
    return sa.and_(*(table.c[name] == sa.bindparam(name, type_=sa.String) for name in ("brin6", "schooljaar")))


_OF_DEELNAME = ("brin6", "schooljaar", "persoon_id")
PERIOD = (inschrijving, sa.and_(*(inschrijving.c[name] == deelname.c[name] for name in _OF_DEELNAME)))
"""The arguments that join deelname to its periods of enrolment: the table and the condition."""
_PEILDATUM = sa.bindparam("peildatum", type_=sa.Date)
_LATER, _LATER_DEELNAME = inschrijving.alias("later"), deelname.alias("later_deelname")
"""Another period of the same leerling, at any vestiging of the school."""


def takes_part(phase: Phase) -> sa.ColumnElement[bool]:
    """Return the condition on a deelname and its inschrijving that the leerling takes part on the peildatum.

    A leerling takes part through one period at a time, at one vestiging.
    """
    counts = _covers(inschrijving)
    if phase in _EARLY:
        counts = sa.or_(counts, _begins_with_the_school(inschrijving, deelname))
    elif phase is Phase.LAST_DAY:
        counts = sa.or_(counts, _leaves_today(inschrijving))
    conditions = [in_year(deelname), counts, _is_old_enough()]
    if phase is Phase.COMING:
        conditions.append(deelname.c.ingedeeld)
    if phase is not Phase.RUNNING:
        conditions.append(sa.not_(_goes_on_elsewhere(phase)))
    return sa.and_(*conditions)


_EARLY = frozenset({Phase.COMING, Phase.BEGINNING})
"""The phases in which an enrolment may count before its first day."""


def _covers(period: sa.FromClause) -> sa.ColumnElement[bool]:
    """Return the condition that first day <= peildatum < end day; a missing day sets no bound.

    EDEXML 2.1: "uitstroomdatum: from that day no longer at school".
    """
    return sa.and_(
        sa.or_(period.c.van.is_(None), period.c.van <= _PEILDATUM),
        sa.or_(period.c.tot.is_(None), period.c.tot > _PEILDATUM),
    )


def _leaves_today(period: sa.FromClause) -> sa.ColumnElement[bool]:
    """Return the condition that the end day is the peildatum: on the last day of the year the leerling still counts."""
    return sa.and_(period.c.tot == _PEILDATUM, sa.or_(period.c.van.is_(None), period.c.van < _PEILDATUM))


def _begins_with_the_school(period: sa.FromClause, its_deelname: sa.FromClause) -> sa.ColumnElement[bool]:
    """Return the condition that a period begins later, up to the first school day of its vestiging (inclusive).

    It counts from 1 August then, but for a child that may not be a leerling yet on that day.
    """
    of_year = (vestiging_year.c[name] == period.c[name] for name in ("brin6", "schooljaar"))
    set_day = sa.select(vestiging_year.c.first_school_day).where(*of_year).correlate(period).scalar_subquery()
    return sa.and_(
        period.c.van > _PEILDATUM,
        period.c.van <= sa.func.coalesce(set_day, sa.bindparam("usual_first_school_day", type_=sa.Date)),
        sa.or_(period.c.tot.is_(None), period.c.tot > period.c.van),
        sa.or_(
            _birth_date(its_deelname) <= sa.bindparam("born_by_first", type_=sa.String),
            sa.and_(
                its_deelname.c.geboortedatum.is_(None),
                *(its_deelname.c.jaargroep != sa.literal_column(f"'{one}'") for one in ("0", "1")),
            ),
        ),
    )


def _goes_on_elsewhere(phase: Phase) -> sa.ColumnElement[bool]:
    """Return the condition that the period ends, and the leerling counts by another one that begins then or later."""
    begins = _begins_with_the_school(_LATER, _LATER_DEELNAME) if phase in _EARLY else _covers(_LATER)
    found = (
        sa.select(sa.literal_column("1", sa.Integer))
        .select_from(
            _LATER_DEELNAME.join(_LATER, sa.and_(*(_LATER.c[name] == _LATER_DEELNAME.c[name] for name in _OF_DEELNAME)))
        )
        .where(
            *(_LATER_DEELNAME.c[name] == deelname.c[name] for name in ("persoon_id", "schooljaar")),
            _LATER.c.van >= inschrijving.c.tot,
            begins,
            *([_LATER_DEELNAME.c.ingedeeld] if phase is Phase.COMING else []),
        )
        .correlate(deelname, inschrijving)
    )
    return sa.and_(inschrijving.c.tot.is_not(None), found.exists())


def _birth_date(its_deelname: sa.FromClause) -> sa.ColumnElement[str]:
    """Return the birth date as text without the zone that a source may have written."""
    places = (sa.literal_column("1", sa.Integer), sa.literal_column("10", sa.Integer))
    return sa.func.substr(its_deelname.c.geboortedatum, *places, type_=sa.String)


def _is_old_enough() -> sa.ColumnElement[bool]:
    """Return the condition: the leerling is SCHOOL_AGE, or of unknown age, or the vestiging takes younger ones."""
    takes_younger = sa.select(sa.literal_column("1", sa.Integer)).where(
        vestiging_setting.c.brin6 == sa.bindparam("brin6", type_=sa.String), vestiging_setting.c.under_four
    )
    return sa.or_(
        deelname.c.geboortedatum.is_(None),
        _birth_date(deelname) <= sa.bindparam("born_by", type_=sa.String),
        takes_younger.exists(),
    )


_DAYS = (inschrijving.c.van, inschrijving.c.tot)
"""The first day of a period, and the first day after it."""
_AHEAD = tuple(
    sa.and_(in_year(inschrijving), column > _PEILDATUM, column <= sa.bindparam("last", type_=sa.Date))
    for column in _DAYS
)
"""The condition for each column of `_DAYS`: its day is after the peildatum and at most the last of the school year."""
_TURNS_SCHOOL_AGE = sa.and_(
    in_year(deelname),
    deelname.c.geboortedatum.like("____-__-__%"),  # a year of four digits, which Python can read
    _birth_date(deelname) > sa.bindparam("born_by", type_=sa.String),
    _birth_date(deelname) <= sa.bindparam("born_by_last", type_=sa.String),
)
YEAR_STATE = SelectStatement(
    sa.select(
        *(
            sa.select(sa.func.min(column)).where(ahead).scalar_subquery()
            for column, ahead in zip(_DAYS, _AHEAD, strict=True)
        ),
        sa.select(sa.func.min(_birth_date(deelname))).where(_TURNS_SCHOOL_AGE).scalar_subquery(),
        sa.select(sa.func.min(deelname.c.persoon_id)).where(in_year(deelname)).scalar_subquery(),
    )
)
"""One row: the next first day and the next end day (exclusive) after the peildatum, the birth date of the leerling who
becomes SCHOOL_AGE next, and some person of the year, if it is laid out; null if none."""
_CANDIDATES = (
    *(sa.select(column).where(ahead).distinct() for column, ahead in zip(_DAYS, _AHEAD, strict=True)),
    sa.select(_birth_date(deelname)).where(_TURNS_SCHOOL_AGE).distinct(),
)
_TAKES_PART = {phase: sa.select(deelname.c.persoon_id).where(takes_part(phase)).join(*PERIOD) for phase in Phase}
_GROEPEN = sa.select(groep.c.key).where(in_year(groep), groep.c.beschikbaar)


def next_day(state: tuple[Any, ...]) -> date | None:
    """Return the first day after the peildatum on which enrolments may change, from the row of YEAR_STATE."""
    van, tot, born, _ = state
    days = [van, tot, None if born is None else school_birthday(date.fromisoformat(born))]
    return min((day for day in days if day is not None), default=None)


def is_laid_out(state: tuple[Any, ...]) -> bool:
    """Return whether a source gave the year, from the row of YEAR_STATE."""
    return state[-1] is not None


def answered(connection: sa.Connection, *, brin6: str, schooljaar: str, day: date) -> dict[str, frozenset[object]]:
    """Return what an answer for `day` holds, by name: `leerlingen` (int, ids of persons) and `groepen` (str, keys).

    Whether the year is answered at all on that day is another question (`school_calendar`).
    """
    limits = bounds(schooljaar, day)
    if limits is None:
        return {"leerlingen": frozenset(), "groepen": frozenset()}
    found = parameters(brin6, schooljaar, limits)
    return {
        "leerlingen": frozenset(connection.scalars(_TAKES_PART[phase_of(limits, day)], found)),
        "groepen": frozenset(connection.scalars(_GROEPEN, found)),
    }


@dataclass(frozen=True, slots=True)
class EnrolmentChange:
    """How many leerlingen come and go on a day; this day is the first one on which they are there, or no longer."""

    day: date
    begins: int
    ends: int


def changes(connection: sa.Connection, *, brin6: str, schooljaar: str, day: date) -> list[EnrolmentChange]:
    """Return the days after the peildatum, within the school year, on which leerlingen come or go, in order.

    The list is empty for an invalid schooljaar.
    """
    limits = bounds(schooljaar, day)
    if limits is None:
        return []
    first_days, end_days, births = (
        set(connection.scalars(query, parameters(brin6, schooljaar, limits))) for query in _CANDIDATES
    )
    candidates = {*first_days, *end_days, *(school_birthday(date.fromisoformat(born)) for born in births)}
    if day < limits.first:
        candidates.add(limits.first)
    found, before = [], _leerlingen(connection, brin6, schooljaar, day)
    for candidate in sorted(candidates):
        after = _leerlingen(connection, brin6, schooljaar, candidate)
        if before != after:
            found.append(EnrolmentChange(candidate, len(after - before), len(before - after)))
        before = after
    return found


def _leerlingen(connection: sa.Connection, brin6: str, schooljaar: str, day: date) -> frozenset[object]:
    return answered(connection, brin6=brin6, schooljaar=schooljaar, day=day)["leerlingen"]
