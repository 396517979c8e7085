"""Enrolment on a day: the condition for taking part in a school year, and the days on which that changes.

docs/reference/records.md has the rules. The statements take the parameters brin6, schooljaar, peildatum and last (the
last day of the school year).
"""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from uwlr_adapter.administratie.tables import deelname, groep, inschrijving
from uwlr_adapter.clock import FIRST_MONTH, peildatum_in, schooljaar_of, schooljaar_start
from uwlr_adapter.db.statements import SelectStatement


@dataclass(frozen=True, slots=True)
class Bounds:
    """The first and the last day of a school year, both inclusive, and its reference day (peildatum)."""

    first: date
    peildatum: date
    last: date


def bounds(schooljaar: str, day: date) -> Bounds | None:
    """Return the bounds of a school year, with its peildatum on `day`.

    None when `schooljaar` does not name two consecutive years, as 2026-2027 does.
    """
    start = schooljaar_start(schooljaar)
    peildatum = peildatum_in(schooljaar, day)
    if start is None or peildatum is None:
        return None
    return Bounds(date(start, FIRST_MONTH, 1), peildatum, date(start + 1, FIRST_MONTH - 1, 31))


def in_year(table: sa.Table) -> sa.ColumnElement[bool]:
    """Return the condition that a row belongs to the vestiging and the school year of the parameters."""
    return sa.and_(*(table.c[name] == sa.bindparam(name, type_=sa.String) for name in ("brin6", "schooljaar")))


_PEILDATUM = sa.bindparam("peildatum", type_=sa.Date)
PERIOD = (
    inschrijving,
    sa.and_(*(inschrijving.c[name] == deelname.c[name] for name in ("brin6", "schooljaar", "persoon_id"))),
)
"""The arguments that join deelname to its periods of enrolment: the table and the condition."""


def takes_part(*, coming: bool) -> sa.ColumnElement[bool]:
    """Return the condition on a deelname and its inschrijving that the leerling takes part on the peildatum.

    The peildatum lies within the period: first day <= peildatum < end day, and a missing day sets no bound (EDEXML 2.1:
    "uitstroomdatum: from that day no longer at school"). In a coming school year the leerling must also be placed.
    """
    return sa.and_(
        in_year(deelname),
        deelname.c.ingedeeld if coming else sa.true(),
        sa.or_(inschrijving.c.van.is_(None), inschrijving.c.van <= _PEILDATUM),
        sa.or_(inschrijving.c.tot.is_(None), inschrijving.c.tot > _PEILDATUM),
    )


_DAYS = (inschrijving.c.van, inschrijving.c.tot)
"""The first day of a period, and the first day after it."""
_AHEAD = tuple(
    sa.and_(in_year(inschrijving), column > _PEILDATUM, column <= sa.bindparam("last", type_=sa.Date))
    for column in _DAYS
)
"""The condition for each column of `_DAYS`: its day is after the peildatum and at most the last of the school year."""
NEXT_DAYS = SelectStatement(
    sa.select(
        *(
            sa.select(sa.func.min(column)).where(ahead).scalar_subquery()
            for column, ahead in zip(_DAYS, _AHEAD, strict=True)
        )
    )
)
"""One row of two days after the peildatum: the next first day and the next end day (exclusive); null if none."""
_CHANGES = tuple(
    sa.select(column, sa.func.count()).where(ahead).group_by(column)
    for column, ahead in zip(_DAYS, _AHEAD, strict=True)
)


def answered(connection: sa.Connection, *, brin6: str, schooljaar: str, day: date) -> dict[str, frozenset[object]]:
    """Return what an answer for `day` holds, by name: `leerlingen` (int, ids of persons) and `groepen` (str, keys)."""
    peildatum = peildatum_in(schooljaar, day)
    if peildatum is None:
        return {"leerlingen": frozenset(), "groepen": frozenset()}
    query = sa.select(deelname.c.persoon_id).where(takes_part(coming=schooljaar > schooljaar_of(day))).join(*PERIOD)
    parameters = {"brin6": brin6, "schooljaar": schooljaar, "peildatum": peildatum}
    groepen = sa.select(groep.c.key).where(in_year(groep), groep.c.beschikbaar)
    return {
        "leerlingen": frozenset(connection.scalars(query, parameters)),
        "groepen": frozenset(connection.scalars(groepen, parameters)),
    }


@dataclass(frozen=True, slots=True)
class EnrolmentChange:
    """How many enrolments begin and end on a day; this day is the uitstroomdatum of one that ends."""

    day: date
    begins: int
    ends: int


def changes(connection: sa.Connection, *, brin6: str, schooljaar: str, day: date) -> list[EnrolmentChange]:
    """Return the days after the peildatum, within the school year, on which enrolments begin or end, in order.

    The list is empty for an invalid schooljaar.
    """
    limits = bounds(schooljaar, day)
    if limits is None:
        return []
    parameters = {"brin6": brin6, "schooljaar": schooljaar, "peildatum": limits.peildatum, "last": limits.last}
    begins, ends = ({row[0]: row[1] for row in connection.execute(query, parameters)} for query in _CHANGES)
    return [EnrolmentChange(day, begins.get(day, 0), ends.get(day, 0)) for day in sorted({*begins, *ends})]
