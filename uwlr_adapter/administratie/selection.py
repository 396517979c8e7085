"""Selection: (vestiging, schooljaar, day) gives one consistent dataset. docs/records.md has the rules.

Every query of one selection must see one moment of the database: see `Opslag.snapshot`.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from operator import attrgetter, itemgetter
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.schools import asked_vestiging, vestiging_in
from uwlr_adapter.administratie.tables import (
    LEERKRACHT_VELDEN,
    LEERLING_VELDEN,
    aanstelling,
    deelname,
    groep,
    inschrijving,
    locatie,
    persoon,
    plaatsing,
)
from uwlr_adapter.clock import EERSTE_MAAND, peildatum_in, schooljaar_of, schooljaar_start
from uwlr_adapter.contract.dataset import Dataset, Groep, GroepVerwijzing, Leerkracht, Leerling, Locatie, Rol, School
from uwlr_adapter.contract.names import LEERLING_ELEMENTEN, attribute_of
from uwlr_adapter.contract.profiles import Profiel
from uwlr_adapter.db.database import ask
from uwlr_adapter.db.libpq import Rij
from uwlr_adapter.db.statements import Gesteld, Vraag


@dataclass(frozen=True, slots=True)
class Selectie:
    """What is selected, for a vestiging and a school year on a day: what is asked for it, and read in what comes.

    Of leerlingen only what a profile lets through is read, when one is given, and the locaties only when it shows them.
    """

    brin6: str
    schooljaar: str
    dag: date
    profiel: Profiel | None = None

    def ask(self) -> list[Gesteld]:
        """Give the questions, for one moment of the database; none when there is no such school year."""
        grenzen = _bounds(self.schooljaar, self.dag)
        if grenzen is None:
            return []
        _, peildatum, last = grenzen
        of = {"brin6": self.brin6, "schooljaar": self.schooljaar}
        shows_locaties = self.profiel is None or self.profiel.vestiging
        return [  # the largest first: what it gave is read while the database is at the others
            Gesteld(self._ingeschreven().vraag, {**of, "peildatum": peildatum}),
            Gesteld(_PLAATSINGEN, of),
            Gesteld(_LEERKRACHTEN, of),
            Gesteld(_GROEPEN, of),
            asked_vestiging(self.brin6),
            *([Gesteld(_LOCATIES, of)] if shows_locaties else []),
            Gesteld(_NEXT, {**of, "peildatum": peildatum, "last": last}),
        ]

    def read(self, found: Sequence[Sequence[Rij]], aanmaakdatum: str) -> Dataset | None:
        """Give what is answered, from the rows of each question; None when there are no leerlingen.

        Groups, then samengestelde groepen, then leerlingen and leerkrachten stand by key.
        """
        peildatum = peildatum_in(self.schooljaar, self.dag)
        if not found or peildatum is None:
            return None
        enrolled, geplaatst, leerkrachten, in_groepen, vestigingen, *locaties, _ = found
        vestiging = vestiging_in(vestigingen)
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
            leerlingen=_leerlingen(enrolled, self._ingeschreven().places, _plaatsingen(geplaatst, groepen)),
            leerkrachten=_leerkrachten(leerkrachten, frozenset(groep.key for groep in groepen)),
        )

    def next_change(self, found: Sequence[Sequence[Rij]]) -> date | None:
        """Give the first day after this one on which something else may be selected without an import, or None.

        That is the start or the end of an enrolment within the year, and 1 August of a coming year.
        """
        grenzen = _bounds(self.schooljaar, self.dag)
        if not found or grenzen is None:
            return None
        (ahead,) = found[-1]
        days = [grenzen[0]] if self.dag < grenzen[0] else []
        return min([*days, *(day for day in ahead if day is not None)], default=None)

    def _ingeschreven(self) -> "_Ingeschreven":
        velden = _VELDEN if self.profiel is None else self.profiel.leerling
        return _ingeschreven(velden, coming=self.schooljaar > schooljaar_of(self.dag))


def select(connection: sa.Connection, *, brin6: str, schooljaar: str, dag: date, aanmaakdatum: str) -> Dataset | None:
    """Give what is answered for a vestiging and a school year on a day, every field of it (`Selectie.read`)."""
    selectie = Selectie(brin6, schooljaar, dag)
    return selectie.read(ask(connection, selectie.ask()), aanmaakdatum)


def answered(connection: sa.Connection, *, brin6: str, schooljaar: str, dag: date) -> dict[str, frozenset[object]]:
    """Give the leerlingen (ids of persons) and groepen (keys) that `select` gives, as sets."""
    if peildatum_in(schooljaar, dag) is None:
        return {"leerlingen": frozenset(), "groepen": frozenset()}
    takes_part = _takes_part(schooljaar > schooljaar_of(dag))
    query = sa.select(deelname.c.persoon_id).where(takes_part).join(*_PERIODE)
    parameters = {"brin6": brin6, "schooljaar": schooljaar, "peildatum": peildatum_in(schooljaar, dag)}
    groepen = sa.select(groep.c.key).where(_of(groep), groep.c.beschikbaar)
    return {
        "leerlingen": frozenset(connection.scalars(query, parameters)),
        "groepen": frozenset(connection.scalars(groepen, parameters)),
    }


@dataclass(frozen=True, slots=True)
class Wisseling:
    """How many enrolments begin and end on a day: who ends is no longer there on it."""

    dag: date
    begint: int
    eindigt: int


def changes(connection: sa.Connection, *, brin6: str, schooljaar: str, dag: date) -> list[Wisseling]:
    """Give the days after the peildatum, within the year, on which enrolments begin or end."""
    grenzen = _bounds(schooljaar, dag)
    if grenzen is None:
        return []
    _, peildatum, last = grenzen
    parameters = {"brin6": brin6, "schooljaar": schooljaar, "peildatum": peildatum, "last": last}
    counts = [{row[0]: row[1] for row in connection.execute(query, parameters)} for query in _CHANGES]
    begint, eindigt = counts
    return [Wisseling(day, begint.get(day, 0), eindigt.get(day, 0)) for day in sorted({*begint, *eindigt})]


def _bounds(schooljaar: str, dag: date) -> tuple[date, date, date] | None:
    """Give the first day of a school year, its peildatum on a day, and its last day."""
    start = schooljaar_start(schooljaar)
    peildatum = peildatum_in(schooljaar, dag)
    if start is None or peildatum is None:
        return None
    return date(start, EERSTE_MAAND, 1), peildatum, date(start + 1, EERSTE_MAAND - 1, 31)


def _of(table: sa.Table) -> sa.ColumnElement[bool]:
    """Give the condition that a row is of the asked vestiging and school year, both parameters."""
    return sa.and_(*(table.c[naam] == sa.bindparam(naam, type_=sa.String) for naam in ("brin6", "schooljaar")))


_PEILDATUM = sa.bindparam("peildatum", type_=sa.Date)
_DAYS = (inschrijving.c.van, inschrijving.c.tot)
"""The first day of a period, and the first day after it."""
_AHEAD = [
    sa.and_(_of(inschrijving), column > _PEILDATUM, column <= sa.bindparam("last", type_=sa.Date)) for column in _DAYS
]
_NEXT = Vraag(
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
_PERIODE = (
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
    **{veld: deelname.c[veld] for veld in LEERLING_VELDEN},
}
"""Where each plain field of a Leerling stands; the groups are filled in afterwards."""
_VELDEN = frozenset(LEERLING_ELEMENTEN)


@dataclass(frozen=True, slots=True)
class _Ingeschreven:
    """The query for who takes part: first the id of the person, then fields of a Leerling."""

    vraag: Vraag
    places: Callable[[Rij], Iterable[Any]]
    """Makes the fields of a Leerling, in their order, of a row and behind it `groep`, `samengestelde_groepen`, None."""


@functools.cache
def _ingeschreven(velden: frozenset[str], *, coming: bool) -> _Ingeschreven:
    """Give the query for these elements, of a school year that has begun or of a coming one."""
    wanted = {"key", "eckid", *map(attribute_of, velden)}
    columns = {veld: column for veld, column in _COLUMNS.items() if veld in wanted}
    query = (
        sa.select(deelname.c.persoon_id, *columns.values())
        .join(persoon, persoon.c.id == deelname.c.persoon_id)
        .join(*_PERIODE)
        .where(_takes_part(coming))
    )
    row = ["persoon_id", *columns, "groep", "samengestelde_groepen"]
    nothing = len(row)
    return _Ingeschreven(
        Vraag(query), itemgetter(*(row.index(veld) if veld in row else nothing for veld in Leerling._fields))
    )


def _leerlingen(
    enrolled: Sequence[Rij], places: Callable[[Rij], Iterable[Any]], plaatsingen: "_Plaatsingen"
) -> tuple[Leerling, ...]:
    stam, samengesteld = plaatsingen.stam, plaatsingen.samengesteld
    leerlingen = [
        Leerling._make(places((*row, stam.get(row[0]), samengesteld.get(row[0], ()), None))) for row in enrolled
    ]
    return tuple(sorted(leerlingen, key=_key))


@dataclass(frozen=True, slots=True)
class _Plaatsingen:
    """Each leerling's stamgroep, and samengestelde groepen in the order of the source, by id of the person."""

    stam: dict[int, str]
    samengesteld: dict[int, tuple[str, ...]]


def _plaatsingen(geplaatst: Sequence[Rij], groepen: tuple[Groep, ...]) -> _Plaatsingen:
    """Give the plaatsingen in these groups."""
    soort = {groep.key: groep.soort for groep in groepen}
    found = _Plaatsingen({}, {})
    for persoon_id, key in geplaatst:
        if soort.get(key) == "groep":
            found.stam[persoon_id] = key
        elif key in soort:
            found.samengesteld[persoon_id] = (*found.samengesteld.get(persoon_id, ()), key)
    return found


def _locaties(found: Sequence[Rij]) -> tuple[Locatie, ...]:
    return tuple(sorted([Locatie(*row) for row in found], key=_key))


def _groepen(found: Sequence[Rij]) -> tuple[Groep, ...]:
    return tuple(sorted([Groep(*row) for row in found], key=lambda one: (one.soort != "groep", one.key)))


def _leerkrachten(aangesteld: Sequence[Rij], groepen: frozenset[str]) -> tuple[Leerkracht, ...]:
    found = []
    for key, eckid, rollen, verwijzingen, *velden in aangesteld:
        own = tuple(
            GroepVerwijzing(soort, groep_key, _rollen(own_rollen))
            for soort, groep_key, own_rollen in verwijzingen
            if groep_key in groepen
        )
        named = dict(zip(LEERKRACHT_VELDEN, velden, strict=True))
        found.append(Leerkracht(key=key, eckid=eckid, rollen=_rollen(rollen), groepen=own, **named))
    return tuple(sorted(found, key=_key))


_PLAATSINGEN = Vraag(
    sa.select(plaatsing.c.persoon_id, plaatsing.c.groep_key)
    .where(_of(plaatsing))
    .order_by(plaatsing.c.persoon_id, plaatsing.c.volgorde)
)
_LOCATIES = Vraag(sa.select(*(locatie.c[field.name] for field in fields(Locatie))).where(_of(locatie)))
_GROEPEN = Vraag(sa.select(*(groep.c[field.name] for field in fields(Groep))).where(_of(groep), groep.c.beschikbaar))
_LEERKRACHTEN = Vraag(
    sa.select(
        *(persoon.c.key, persoon.c.eckid, aanstelling.c.rollen, aanstelling.c.groepen),
        *(aanstelling.c[veld] for veld in LEERKRACHT_VELDEN),
    )
    .join(persoon, persoon.c.id == aanstelling.c.persoon_id)
    .where(_of(aanstelling))
)


def _rollen(stored: list[list[str]]) -> tuple[Rol, ...]:
    return tuple(Rol(soort, waarde) for soort, waarde in stored)  # type: ignore[arg-type]
