"""Selection: (vestiging, schooljaar, day) gives one consistent dataset. docs/records.md has the rules.

Every query of one selection must see one moment of the database: see `Opslag.reading`.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

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
from uwlr_adapter.administratie.vestigingen import find_vestiging
from uwlr_adapter.contract.dataset import (
    Dataset,
    Groep,
    GroepVerwijzing,
    Leerkracht,
    Leerling,
    Locatie,
    Rol,
    School,
)
from uwlr_adapter.opdracht import Rij, Vraag
from uwlr_adapter.opslag import rows
from uwlr_adapter.tijd import EERSTE_MAAND, peildatum_in, schooljaar_of, schooljaar_start


def select(connection: sa.Connection, *, brin6: str, schooljaar: str, dag: date, aanmaakdatum: str) -> Dataset | None:
    """Give what is answered for a vestiging and a school year on a day, or None when there are no leerlingen.

    Groups, then samengestelde groepen, then leerlingen and leerkrachten stand by key.
    """
    peildatum = peildatum_in(schooljaar, dag)
    vestiging = find_vestiging(connection, brin6)
    if vestiging is None or peildatum is None:
        return None
    enrolled = _enrolled_rows(connection, brin6, schooljaar, dag, peildatum)
    if not enrolled:
        return None
    groepen = _groepen(connection, brin6, schooljaar)
    return Dataset(
        school=School(
            schooljaar=schooljaar,
            peildatum=peildatum.isoformat(),
            brincode=vestiging.brincode,
            dependancecode=vestiging.dependancecode,
            schoolkey=vestiging.schoolkey,
            aanmaakdatum=aanmaakdatum,
        ),
        locaties=_locaties(connection, brin6, schooljaar),
        groepen=groepen,
        leerlingen=_leerlingen(enrolled, _plaatsingen(connection, brin6, schooljaar, groepen)),
        leerkrachten=_leerkrachten(connection, brin6, schooljaar, frozenset(groep.key for groep in groepen)),
    )


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


def next_change(connection: sa.Connection, *, brin6: str, schooljaar: str, dag: date) -> date | None:
    """Give the first day after this one on which `select` may give something else without an import, or None.

    That is the start or the end of an enrolment within the year, and 1 August of a coming year.
    """
    grenzen = _bounds(schooljaar, dag)
    if grenzen is None:
        return None
    first, peildatum, last = grenzen
    days = {first} if dag < first else set()
    for vraag in _NEXT:
        ((day,),) = rows(connection, vraag, brin6=brin6, schooljaar=schooljaar, peildatum=peildatum, last=last)
        days |= set() if day is None else {day}
    return min(days, default=None)


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
_NEXT = [Vraag(sa.select(sa.func.min(column)).where(ahead)) for column, ahead in zip(_DAYS, _AHEAD, strict=True)]
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
_ELSEWHERE = {"key": persoon.c.key, "eckid": persoon.c.eckid, "vestiging": deelname.c.locatie_key}
_LEERLING = tuple(field.name for field in fields(Leerling))
_LEERLING_COLUMNS = tuple(
    inschrijving.c[naam]
    if naam in {"instroomdatum", "uitstroomdatum"}
    else deelname.c[naam]
    if naam in LEERLING_VELDEN
    else _ELSEWHERE.get(naam, sa.null().label(naam))
    for naam in _LEERLING
)
"""The fields of a Leerling in their order; the groups are filled in afterwards."""


_ENROLLED = {
    coming: Vraag(
        sa.select(deelname.c.persoon_id, *_LEERLING_COLUMNS)
        .join(persoon, persoon.c.id == deelname.c.persoon_id)
        .join(*_PERIODE)
        .where(_takes_part(coming))
    )
    for coming in (False, True)
}
"""Who takes part in a school year that has begun, or in a coming one."""


def _enrolled_rows(connection: sa.Connection, brin6: str, schooljaar: str, dag: date, peildatum: date) -> list[Rij]:
    """Give the id of each person who takes part, and behind it the fields of a Leerling."""
    vraag = _ENROLLED[schooljaar > schooljaar_of(dag)]
    return rows(connection, vraag, brin6=brin6, schooljaar=schooljaar, peildatum=peildatum)


def _leerlingen(enrolled: Sequence[Rij], plaatsingen: "_Plaatsingen") -> tuple[Leerling, ...]:
    stam, samengesteld = plaatsingen.stam, plaatsingen.samengesteld
    groep_place, samengesteld_place = _LEERLING.index("groep"), _LEERLING.index("samengestelde_groepen")
    leerlingen = []
    for row in enrolled:
        persoon_id, values = row[0], list[Any](row[1:])
        values[groep_place] = stam.get(persoon_id)
        values[samengesteld_place] = tuple(samengesteld.get(persoon_id, ()))
        leerlingen.append(Leerling(*values))
    return tuple(sorted(leerlingen, key=_key))


@dataclass(frozen=True, slots=True)
class _Plaatsingen:
    """Each leerling's stamgroep, and samengestelde groepen in the order of the source, by id of the person."""

    stam: dict[int, str]
    samengesteld: defaultdict[int, list[str]]


def _plaatsingen(connection: sa.Connection, brin6: str, schooljaar: str, groepen: tuple[Groep, ...]) -> _Plaatsingen:
    """Give the plaatsingen in these groups."""
    soort = {groep.key: groep.soort for groep in groepen}
    found = _Plaatsingen({}, defaultdict(list))
    for persoon_id, key in rows(connection, _PLAATSINGEN, brin6=brin6, schooljaar=schooljaar):
        if soort.get(key) == "groep":
            found.stam[persoon_id] = key
        elif key in soort:
            found.samengesteld[persoon_id].append(key)
    return found


def _locaties(connection: sa.Connection, brin6: str, schooljaar: str) -> tuple[Locatie, ...]:
    found = [Locatie(*row) for row in rows(connection, _LOCATIES, brin6=brin6, schooljaar=schooljaar)]
    return tuple(sorted(found, key=_key))


def _groepen(connection: sa.Connection, brin6: str, schooljaar: str) -> tuple[Groep, ...]:
    found = [Groep(*row) for row in rows(connection, _GROEPEN, brin6=brin6, schooljaar=schooljaar)]
    return tuple(sorted(found, key=lambda one: (one.soort != "groep", one.key)))


def _leerkrachten(
    connection: sa.Connection, brin6: str, schooljaar: str, groepen: frozenset[str]
) -> tuple[Leerkracht, ...]:
    found = []
    for key, eckid, rollen, verwijzingen, *velden in rows(
        connection, _LEERKRACHTEN, brin6=brin6, schooljaar=schooljaar
    ):
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
