"""Selection: (vestiging, schooljaar, day) gives one consistent dataset. docs/records.md has the rules.

Every query of one selection must see one moment of the database: see `Database.snapshot`.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from operator import attrgetter, itemgetter
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.schools import vestiging_of, vestiging_query
from uwlr_adapter.administratie.tables import (
    LEERKRACHT_COLUMNS,
    LEERLING_COLUMNS,
    aanstelling,
    deelname,
    groep,
    inschrijving,
    locatie,
    persoon,
    plaatsing,
)
from uwlr_adapter.clock import FIRST_MONTH, peildatum_in, schooljaar_of, schooljaar_start
from uwlr_adapter.contract.dataset import Dataset, Groep, GroepVerwijzing, Leerkracht, Leerling, Locatie, Rol, School
from uwlr_adapter.contract.fields import ELEMENTS, attribute_of
from uwlr_adapter.contract.profiles import Profiel
from uwlr_adapter.db.database import fetch_queries
from uwlr_adapter.db.libpq import Row
from uwlr_adapter.db.statements import Query, SelectStatement


@dataclass(frozen=True, slots=True)
class Selection:
    """What is selected, for a vestiging and a school year on a day: what is asked for it, and read in what comes.

    Of leerlingen only what a profile lets through is read, when one is given, and the locaties only when it shows them.
    """

    brin6: str
    schooljaar: str
    day: date
    profiel: Profiel | None = None

    def ask(self) -> list[Query]:
        """Give the questions, for one moment of the database; none when there is no such school year."""
        limits = _bounds(self.schooljaar, self.day)
        if limits is None:
            return []
        _, peildatum, last = limits
        of = {"brin6": self.brin6, "schooljaar": self.schooljaar}
        shows_locaties = self.profiel is None or self.profiel.vestiging
        return [  # the largest first: what it gave is read while the database is at the others
            Query(self._enrolled_query().statement, {**of, "peildatum": peildatum}),
            Query(_PLAATSINGEN, of),
            Query(_LEERKRACHTEN, of),
            Query(_GROEPEN, of),
            vestiging_query(self.brin6),
            *([Query(_LOCATIES, of)] if shows_locaties else []),
            Query(_NEXT, {**of, "peildatum": peildatum, "last": last}),
        ]

    def read(self, found: Sequence[Sequence[Row]], aanmaakdatum: str) -> Dataset | None:
        """Give what is answered, from the rows of each question; None when there are no leerlingen.

        Groups, then samengestelde groepen, then leerlingen and leerkrachten stand by key.
        """
        peildatum = peildatum_in(self.schooljaar, self.day)
        if not found or peildatum is None:
            return None
        enrolled, geplaatst, leerkrachten, in_groepen, vestigingen, *locaties, _ = found
        vestiging = vestiging_of(vestigingen)
        if vestiging is None or not enrolled:
            return None
        groepen = _groepen(in_groepen)
        return Dataset(
            school=School(
                schooljaar=self.schooljaar,
                peildatum=peildatum.isoformat(),
                brincode=vestiging.brincode,
                dependancecode=vestiging.dependancecode,
                schoolkey=vestiging.schoolkey,
                aanmaakdatum=aanmaakdatum,
            ),
            locaties=_locaties(*locaties) if locaties else (),
            groepen=groepen,
            leerlingen=_leerlingen(enrolled, self._enrolled_query().places, _placements(geplaatst, groepen)),
            leerkrachten=_leerkrachten(leerkrachten, frozenset(groep.key for groep in groepen)),
        )

    def next_change(self, found: Sequence[Sequence[Row]]) -> date | None:
        """Give the first day after this one on which something else may be selected without an import, or None.

        That is the start or the end of an enrolment within the year, and 1 August of a coming year.
        """
        limits = _bounds(self.schooljaar, self.day)
        if not found or limits is None:
            return None
        (ahead,) = found[-1]
        days = [limits[0]] if self.day < limits[0] else []
        return min([*days, *(day for day in ahead if day is not None)], default=None)

    def _enrolled_query(self) -> "_EnrolledQuery":
        fields_ = _FIELDS if self.profiel is None else self.profiel.leerling
        return _enrolled_query(fields_, coming=self.schooljaar > schooljaar_of(self.day))


def select(connection: sa.Connection, *, brin6: str, schooljaar: str, day: date, aanmaakdatum: str) -> Dataset | None:
    """Give what is answered for a vestiging and a school year on a day, every field of it (`Selection.read`)."""
    selectie = Selection(brin6, schooljaar, day)
    return selectie.read(fetch_queries(connection, selectie.ask()), aanmaakdatum)


def answered(connection: sa.Connection, *, brin6: str, schooljaar: str, day: date) -> dict[str, frozenset[object]]:
    """Give the leerlingen (ids of persons) and groepen (keys) that `select` gives, as sets."""
    if peildatum_in(schooljaar, day) is None:
        return {"leerlingen": frozenset(), "groepen": frozenset()}
    takes_part = _takes_part(schooljaar > schooljaar_of(day))
    query = sa.select(deelname.c.persoon_id).where(takes_part).join(*_PERIOD)
    parameters = {"brin6": brin6, "schooljaar": schooljaar, "peildatum": peildatum_in(schooljaar, day)}
    groepen = sa.select(groep.c.key).where(_of(groep), groep.c.beschikbaar)
    return {
        "leerlingen": frozenset(connection.scalars(query, parameters)),
        "groepen": frozenset(connection.scalars(groepen, parameters)),
    }


@dataclass(frozen=True, slots=True)
class EnrolmentChange:
    """How many enrolments begin and end on a day: who ends is no longer there on it."""

    day: date
    begins: int
    ends: int


def changes(connection: sa.Connection, *, brin6: str, schooljaar: str, day: date) -> list[EnrolmentChange]:
    """Give the days after the peildatum, within the year, on which enrolments begin or end."""
    limits = _bounds(schooljaar, day)
    if limits is None:
        return []
    _, peildatum, last = limits
    parameters = {"brin6": brin6, "schooljaar": schooljaar, "peildatum": peildatum, "last": last}
    counts = [{row[0]: row[1] for row in connection.execute(query, parameters)} for query in _CHANGES]
    begins, ends = counts
    return [EnrolmentChange(day, begins.get(day, 0), ends.get(day, 0)) for day in sorted({*begins, *ends})]


def _bounds(schooljaar: str, day: date) -> tuple[date, date, date] | None:
    """Give the first day of a school year, its peildatum on a day, and its last day."""
    start = schooljaar_start(schooljaar)
    peildatum = peildatum_in(schooljaar, day)
    if start is None or peildatum is None:
        return None
    return date(start, FIRST_MONTH, 1), peildatum, date(start + 1, FIRST_MONTH - 1, 31)


def _of(table: sa.Table) -> sa.ColumnElement[bool]:
    """Give the condition that a row is of the asked vestiging and school year, both parameters."""
    return sa.and_(*(table.c[naam] == sa.bindparam(naam, type_=sa.String) for naam in ("brin6", "schooljaar")))


_PEILDATUM = sa.bindparam("peildatum", type_=sa.Date)
_DAYS = (inschrijving.c.van, inschrijving.c.tot)
"""The first day of a period, and the first day after it."""
_AHEAD = [
    sa.and_(_of(inschrijving), column > _PEILDATUM, column <= sa.bindparam("last", type_=sa.Date)) for column in _DAYS
]
_NEXT = SelectStatement(
    sa.select(
        *(
            sa.select(sa.func.min(column)).where(ahead).scalar_subquery()
            for column, ahead in zip(_DAYS, _AHEAD, strict=True)
        )
    )
)
_CHANGES = [
    sa.select(column, sa.func.count()).where(ahead).group_by(column)
    for column, ahead in zip(_DAYS, _AHEAD, strict=True)
]
_PERIOD = (
    inschrijving,
    sa.and_(*(inschrijving.c[naam] == deelname.c[naam] for naam in ("brin6", "schooljaar", "persoon_id"))),
)


def _takes_part(coming: bool) -> sa.ColumnElement[bool]:  # noqa: FBT001 - one of two conditions
    """Give the condition on a deelname and its inschrijving: enrolled on the peildatum, and in a coming year laid out.

    From <= peildatum < until, and no date is open ("uitstroomdatum: from that day no longer at school", EDEXML 2.1).
    """
    return sa.and_(
        _of(deelname),
        deelname.c.ingedeeld if coming else sa.true(),
        sa.or_(inschrijving.c.van.is_(None), inschrijving.c.van <= _PEILDATUM),
        sa.or_(inschrijving.c.tot.is_(None), inschrijving.c.tot > _PEILDATUM),
    )


_key = attrgetter("key")
_COLUMNS = {
    "key": persoon.c.key,
    "eckid": persoon.c.eckid,
    "vestiging": deelname.c.locatie_key,
    "instroomdatum": inschrijving.c.instroomdatum,
    "uitstroomdatum": inschrijving.c.uitstroomdatum,
    **{field_: deelname.c[field_] for field_ in LEERLING_COLUMNS},
}
"""Where each plain field of a Leerling stands; the groups are filled in afterwards."""
_FIELDS = frozenset(ELEMENTS["leerling"])


@dataclass(frozen=True, slots=True)
class _EnrolledQuery:
    """The query for who takes part: first the id of the person, then fields of a Leerling."""

    statement: SelectStatement
    places: Callable[[Row], Iterable[Any]]
    """Makes the fields of a Leerling, in their order, of a row and behind it `groep`, `samengestelde_groepen`, None."""


@functools.cache
def _enrolled_query(fields_: frozenset[str], *, coming: bool) -> _EnrolledQuery:
    """Give the query for these elements, of a school year that has begun or of a coming one."""
    wanted = {"key", "eckid", *map(attribute_of, fields_)}
    columns = {field_: column for field_, column in _COLUMNS.items() if field_ in wanted}
    query = (
        sa.select(deelname.c.persoon_id, *columns.values())
        .join(persoon, persoon.c.id == deelname.c.persoon_id)
        .join(*_PERIOD)
        .where(_takes_part(coming))
    )
    row = ["persoon_id", *columns, "groep", "samengestelde_groepen"]
    nothing = len(row)
    return _EnrolledQuery(
        SelectStatement(query),
        itemgetter(*(row.index(field_) if field_ in row else nothing for field_ in Leerling._fields)),
    )


def _leerlingen(
    enrolled: Sequence[Row], places: Callable[[Row], Iterable[Any]], plaatsingen: "_Placements"
) -> tuple[Leerling, ...]:
    stam, samengesteld = plaatsingen.stam, plaatsingen.samengesteld
    leerlingen = [
        Leerling._make(places((*row, stam.get(row[0]), samengesteld.get(row[0], ()), None))) for row in enrolled
    ]
    return tuple(sorted(leerlingen, key=_key))


@dataclass(frozen=True, slots=True)
class _Placements:
    """Each leerling's stamgroep, and samengestelde groepen in the order of the source, by id of the person."""

    stam: dict[int, str]
    samengesteld: dict[int, tuple[str, ...]]


def _placements(geplaatst: Sequence[Row], groepen: tuple[Groep, ...]) -> _Placements:
    """Give the plaatsingen in these groups."""
    kind = {groep.key: groep.soort for groep in groepen}
    found = _Placements({}, {})
    for persoon_id, key in geplaatst:
        if kind.get(key) == "groep":
            found.stam[persoon_id] = key
        elif key in kind:
            found.samengesteld[persoon_id] = (*found.samengesteld.get(persoon_id, ()), key)
    return found


def _locaties(found: Sequence[Row]) -> tuple[Locatie, ...]:
    return tuple(sorted([Locatie(*row) for row in found], key=_key))


def _groepen(found: Sequence[Row]) -> tuple[Groep, ...]:
    return tuple(sorted([Groep(*row) for row in found], key=lambda one: (one.soort != "groep", one.key)))


def _leerkrachten(aangesteld: Sequence[Row], groepen: frozenset[str]) -> tuple[Leerkracht, ...]:
    found = []
    for key, eckid, rollen, references, *fields_ in aangesteld:
        own = tuple(
            GroepVerwijzing(kind, groep_key, _rollen(own_rollen))
            for kind, groep_key, own_rollen in references
            if groep_key in groepen
        )
        named = dict(zip(LEERKRACHT_COLUMNS, fields_, strict=True))
        found.append(Leerkracht(key=key, eckid=eckid, rollen=_rollen(rollen), groepen=own, **named))
    return tuple(sorted(found, key=_key))


_PLAATSINGEN = SelectStatement(
    sa.select(plaatsing.c.persoon_id, plaatsing.c.groep_key)
    .where(_of(plaatsing))
    .order_by(plaatsing.c.persoon_id, plaatsing.c.volgorde)
)
_LOCATIES = SelectStatement(sa.select(*(locatie.c[field.name] for field in fields(Locatie))).where(_of(locatie)))
_GROEPEN = SelectStatement(
    sa.select(*(groep.c[field.name] for field in fields(Groep))).where(_of(groep), groep.c.beschikbaar)
)
_LEERKRACHTEN = SelectStatement(
    sa.select(
        *(persoon.c.key, persoon.c.eckid, aanstelling.c.rollen, aanstelling.c.groepen),
        *(aanstelling.c[field_] for field_ in LEERKRACHT_COLUMNS),
    )
    .join(persoon, persoon.c.id == aanstelling.c.persoon_id)
    .where(_of(aanstelling))
)


def _rollen(stored: list[list[str]]) -> tuple[Rol, ...]:
    return tuple(Rol(kind, value) for kind, value in stored)  # type: ignore[arg-type]
