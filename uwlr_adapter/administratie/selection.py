"""Selection: the one consistent dataset of a vestiging and a school year on a day.

docs/reference/records.md has the rules.
All queries of one selection must see the same moment of the database: see `Database.snapshot`.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from operator import attrgetter, itemgetter
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.enrolment import (
    PERIOD,
    YEAR_STATE,
    Phase,
    bounds,
    in_year,
    is_laid_out,
    next_day,
    parameters,
    phase_of,
    takes_part,
)
from uwlr_adapter.administratie.school_calendar import SchoolCalendar, calendar_of, calendar_query, window_of
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
from uwlr_adapter.clock import peildatum_in
from uwlr_adapter.contract.dataset import Dataset, Groep, GroepVerwijzing, Leerkracht, Leerling, Locatie, Rol, School
from uwlr_adapter.contract.fields import ELEMENTS, attribute_of
from uwlr_adapter.contract.profiles import Profiel
from uwlr_adapter.db.backend import run
from uwlr_adapter.db.statements import Query, Row, SelectStatement


@dataclass(frozen=True, slots=True)
class Selection:
    """The selection for a vestiging and a school year on a day: its queries, and the reading of their rows.

    With a `profiel`, only the fields of leerlingen that it lets through are read, and the locaties only when it has
    them; without one, everything. With a `calendar`, nothing of a year that is not answered on the day; without one,
    the records of any year.
    """

    brin6: str
    schooljaar: str
    day: date
    profiel: Profiel | None = None
    calendar: SchoolCalendar | None = None

    def ask(self) -> list[Query]:
        """Return the queries, for one moment of the database; none for a school year not valid or not answered."""
        limits = bounds(self.schooljaar, self.day)
        if limits is None or not self._is_answered():
            return []
        year = {"brin6": self.brin6, "schooljaar": self.schooljaar}
        shows_locaties = self.profiel is None or self.profiel.vestiging
        found = parameters(self.brin6, self.schooljaar, limits)
        return [  # the largest result first: it is read while the database runs the other queries
            Query(self._enrolled_query().statement, found),
            Query(_PLAATSINGEN, year),
            Query(_LEERKRACHTEN, year),
            Query(_GROEPEN, year),
            vestiging_query(self.brin6),
            *([Query(_LOCATIES, year)] if shows_locaties else []),
            Query(YEAR_STATE, found),
        ]

    def read(
        self, found: Sequence[Sequence[Row]], aanmaakdatum: str, without: frozenset[int] = frozenset()
    ) -> Dataset | None:
        """Return the dataset from the rows of each query; None when there are no leerlingen.

        `without` are ids of persons who are left out (`administratie/withholding.py`).
        The order is: groepen, then samengestelde groepen; all records of one kind by key.
        """
        peildatum = peildatum_in(self.schooljaar, self.day)
        if not found or peildatum is None:
            return None
        enrolled, plaatsing_rows, leerkracht_rows, groep_rows, vestiging_rows, *locatie_rows, _ = found
        if without:
            enrolled = [row for row in enrolled if row[0] not in without]
        vestiging = vestiging_of(vestiging_rows)
        if vestiging is None or not enrolled:
            return None
        groepen = _groepen(groep_rows)
        return Dataset(
            school=School(
                schooljaar=self.schooljaar,
                peildatum=peildatum.isoformat(),
                brincode=vestiging.brincode,
                dependancecode=vestiging.dependancecode,
                schoolkey=vestiging.schoolkey,
                aanmaakdatum=aanmaakdatum,
            ),
            locaties=_locaties(*locatie_rows) if locatie_rows else (),
            groepen=groepen,
            leerlingen=_leerlingen(enrolled, self._enrolled_query().values_of, _placements(plaatsing_rows, groepen)),
            leerkrachten=_leerkrachten(leerkracht_rows, frozenset(groep.key for groep in groepen)),
        )

    def persons(
        self, found: Sequence[Sequence[Row]], parts: Sequence[str], without: frozenset[int] = frozenset()
    ) -> list[int]:
        """Return the ids of the persons in some parts of an answer, from the same rows, in ascending order."""
        enrolled, _, leerkracht_rows, *_ = found
        ids = [row[0] for row in enrolled if row[0] not in without] if "leerlingen" in parts else []
        return sorted([*ids, *([row[0] for row in leerkracht_rows] if "leerkrachten" in parts else [])])

    def is_laid_out(self, found: Sequence[Sequence[Row]]) -> bool:
        """Return whether a source gave the year, from the same rows; True for a year that is not answered."""
        return not found or is_laid_out(found[-1][0])

    def next_change(self, found: Sequence[Sequence[Row]]) -> date | None:
        """Return the first day after `day` on which the dataset may differ without an import, from the same rows.

        It is a day on which leerlingen come or go, the 1 August on which the year begins, or the first or last day on
        which the year is answered; None without.
        """
        limits, window = (
            bounds(self.schooljaar, self.day),
            window_of(self.schooljaar, self.calendar or SchoolCalendar()),
        )
        if limits is None or window is None:
            return None
        if not found:
            return window.opens if self.day < window.opens else None
        days = [next_day(found[-1][0]), limits.first if self.day < limits.first else None]
        days.append(window.closes if self.calendar is not None else None)
        return min((day for day in days if day is not None), default=None)

    def _is_answered(self) -> bool:
        """Return whether the year is answered on the day."""
        window = None if self.calendar is None else window_of(self.schooljaar, self.calendar)
        return window is None or window.holds(self.day)

    def _enrolled_query(self) -> "_EnrolledQuery":
        elements = _ALL_ELEMENTS if self.profiel is None else self.profiel.leerling
        limits = bounds(self.schooljaar, self.day)
        return _enrolled_query(elements, Phase.RUNNING if limits is None else phase_of(limits, self.day))


def select(
    connection: sa.Connection,
    *,
    brin6: str,
    schooljaar: str,
    day: date,
    aanmaakdatum: str,
    any_year: bool = False,
    without: frozenset[int] = frozenset(),
) -> Dataset | None:
    """Return the dataset that is answered for a vestiging and a school year on a day, with every field; None without.

    With `any_year` also that of a year which is not answered on the day. `without` are ids of persons who are left out.
    """
    calendar = None
    if not any_year:
        (rows,) = run(connection, [calendar_query(brin6, schooljaar)])
        calendar = calendar_of(rows)
    selection = Selection(brin6, schooljaar, day, calendar=calendar)
    return selection.read(run(connection, selection.ask()), aanmaakdatum, without)


_key = attrgetter("key")
_COLUMNS = {
    "key": persoon.c.key,
    "eckid": persoon.c.eckid,
    "vestiging": sa.func.coalesce(inschrijving.c.locatie_key, deelname.c.locatie_key),
    "instroomdatum": inschrijving.c.instroomdatum,
    "uitstroomdatum": inschrijving.c.uitstroomdatum,
    **{attribute: deelname.c[attribute] for attribute in LEERLING_COLUMNS},
}
"""The column of each plain attribute of a Leerling; the groepen come from the plaatsingen."""
_ALL_ELEMENTS = frozenset(ELEMENTS["leerling"])


@dataclass(frozen=True, slots=True)
class _EnrolledQuery:
    """The query for the leerlingen who take part; its first column is the id of the person."""

    statement: SelectStatement
    values_of: Callable[[Row], Iterable[Any]]
    """Returns the attributes of a Leerling in their order, from a row extended with `groep`, `samengestelde_groepen`
    and None."""


@functools.cache
def _enrolled_query(elements: frozenset[str], phase: Phase) -> _EnrolledQuery:
    """Return the query for these elements in a phase of the school year."""
    wanted = {"key", "eckid", *map(attribute_of, elements)}
    columns = {attribute: column for attribute, column in _COLUMNS.items() if attribute in wanted}
    query = (
        sa.select(deelname.c.persoon_id, *columns.values())
        .join(persoon, persoon.c.id == deelname.c.persoon_id)
        .join(*PERIOD)
        .where(takes_part(phase))
    )
    row = ["persoon_id", *columns, "groep", "samengestelde_groepen"]
    none = len(row)
    return _EnrolledQuery(
        SelectStatement(query),
        itemgetter(*(row.index(attribute) if attribute in row else none for attribute in Leerling._fields)),
    )


def _leerlingen(
    enrolled: Sequence[Row], values_of: Callable[[Row], Iterable[Any]], placements: "_Placements"
) -> tuple[Leerling, ...]:
    stamgroep, samengesteld = placements.stamgroep, placements.samengesteld
    leerlingen = [
        Leerling._make(values_of((*row, stamgroep.get(row[0]), samengesteld.get(row[0], ()), None))) for row in enrolled
    ]
    return tuple(sorted(leerlingen, key=_key))


@dataclass(frozen=True, slots=True)
class _Placements:
    """The keys of each leerling's stamgroep and samengestelde groepen (in the source's order), by id of the person."""

    stamgroep: dict[int, str]
    samengesteld: dict[int, tuple[str, ...]]


def _placements(rows: Sequence[Row], groepen: tuple[Groep, ...]) -> _Placements:
    """Return the plaatsingen in these groepen; one in another groep is left out."""
    soort_of = {groep.key: groep.soort for groep in groepen}
    placements = _Placements({}, {})
    for persoon_id, key in rows:
        if soort_of.get(key) == "groep":
            placements.stamgroep[persoon_id] = key
        elif key in soort_of:
            placements.samengesteld[persoon_id] = (*placements.samengesteld.get(persoon_id, ()), key)
    return placements


def _locaties(rows: Sequence[Row]) -> tuple[Locatie, ...]:
    return tuple(sorted([Locatie(*row) for row in rows], key=_key))


def _groepen(rows: Sequence[Row]) -> tuple[Groep, ...]:
    return tuple(sorted([Groep(*row) for row in rows], key=lambda groep: (groep.soort != "groep", groep.key)))


def _leerkrachten(rows: Sequence[Row], groepen: frozenset[str]) -> tuple[Leerkracht, ...]:
    leerkrachten = []
    for _, key, eckid, rollen, references, *values in rows:
        in_dataset = tuple(
            GroepVerwijzing(soort, groep_key, _rollen(rollen_in_groep))
            for soort, groep_key, rollen_in_groep in references
            if groep_key in groepen
        )
        attributes = dict(zip(LEERKRACHT_COLUMNS, values, strict=True))
        leerkrachten.append(Leerkracht(key=key, eckid=eckid, rollen=_rollen(rollen), groepen=in_dataset, **attributes))
    return tuple(sorted(leerkrachten, key=_key))


_PLAATSINGEN = SelectStatement(
    sa.select(plaatsing.c.persoon_id, plaatsing.c.groep_key)
    .where(in_year(plaatsing))
    .order_by(plaatsing.c.persoon_id, plaatsing.c.volgorde)
)
_LOCATIES = SelectStatement(sa.select(*(locatie.c[field.name] for field in fields(Locatie))).where(in_year(locatie)))
_GROEPEN = SelectStatement(
    sa.select(*(groep.c[field.name] for field in fields(Groep))).where(in_year(groep), groep.c.beschikbaar)
)
_LEERKRACHTEN = SelectStatement(
    sa.select(
        *(persoon.c.id, persoon.c.key, persoon.c.eckid, aanstelling.c.rollen, aanstelling.c.groepen),
        *(aanstelling.c[attribute] for attribute in LEERKRACHT_COLUMNS),
    )
    .join(persoon, persoon.c.id == aanstelling.c.persoon_id)
    .where(in_year(aanstelling))
)


def _rollen(stored: list[list[str]]) -> tuple[Rol, ...]:
    return tuple(Rol(soort, waarde) for soort, waarde in stored)  # type: ignore[arg-type]
