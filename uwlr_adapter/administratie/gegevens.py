"""Selection: (vestiging, schooljaar, day) gives one consistent dataset. docs/records.md has the rules.

Every query of one selection must see one moment of the database: see `Opslag.reading`.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

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
from uwlr_adapter.tijd import EERSTE_MAAND, peildatum_in, schooljaar_of, schooljaar_start


def select(connection: sa.Connection, *, brin6: str, schooljaar: str, dag: date, aanmaakdatum: str) -> Dataset | None:
    """Give what is answered for a vestiging and a school year on a day, or None when there are no leerlingen.

    Groups, then samengestelde groepen, then leerlingen and leerkrachten stand by key.
    """
    peildatum = peildatum_in(schooljaar, dag)
    vestiging = find_vestiging(connection, brin6)
    if vestiging is None or peildatum is None:
        return None
    rows = _enrolled_rows(connection, brin6, schooljaar, dag)
    if not rows:
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
        leerlingen=_leerlingen(rows, _plaatsingen(connection, brin6, schooljaar, groepen)),
        leerkrachten=_leerkrachten(connection, brin6, schooljaar, frozenset(groep.key for groep in groepen)),
    )


def answered(connection: sa.Connection, *, brin6: str, schooljaar: str, dag: date) -> dict[str, frozenset[object]]:
    """Give the leerlingen (ids of persons) and groepen (keys) that `select` gives, as sets."""
    if peildatum_in(schooljaar, dag) is None:
        return {"leerlingen": frozenset(), "groepen": frozenset()}
    query = sa.select(deelname.c.persoon_id).where(_takes_part(brin6, schooljaar, dag)).join(*_PERIODE)
    groepen = sa.select(groep.c.key).where(_of(groep, brin6, schooljaar), groep.c.beschikbaar)
    return {
        "leerlingen": frozenset(connection.scalars(query)),
        "groepen": frozenset(connection.scalars(groepen)),
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
    for column in (inschrijving.c.van, inschrijving.c.tot):
        query = sa.select(sa.func.min(column)).where(
            _of(inschrijving, brin6, schooljaar), column > peildatum, column <= last
        )
        days |= {day for day in connection.scalars(query) if day is not None}
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
    counts: list[dict[date, int]] = []
    for column in (inschrijving.c.van, inschrijving.c.tot):
        query = (
            sa.select(column, sa.func.count())
            .where(_of(inschrijving, brin6, schooljaar), column > peildatum, column <= last)
            .group_by(column)
        )
        counts.append({row[0]: row[1] for row in connection.execute(query)})
    begint, eindigt = counts
    return [Wisseling(day, begint.get(day, 0), eindigt.get(day, 0)) for day in sorted({*begint, *eindigt})]


def _bounds(schooljaar: str, dag: date) -> tuple[date, date, date] | None:
    """Give the first day of a school year, its peildatum on a day, and its last day."""
    start = schooljaar_start(schooljaar)
    peildatum = peildatum_in(schooljaar, dag)
    if start is None or peildatum is None:
        return None
    return date(start, EERSTE_MAAND, 1), peildatum, date(start + 1, EERSTE_MAAND - 1, 31)


def _of(table: sa.Table, brin6: str, schooljaar: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.brin6 == brin6, table.c.schooljaar == schooljaar)


_PERIODE = (
    inschrijving,
    sa.and_(*(inschrijving.c[naam] == deelname.c[naam] for naam in ("brin6", "schooljaar", "persoon_id"))),
)


def _takes_part(brin6: str, schooljaar: str, dag: date) -> sa.ColumnElement[bool]:
    """Give the condition on a deelname and its inschrijving: enrolled on the peildatum, and in a coming year laid out.

    From <= peildatum < until, and no date is open ("uitstroomdatum: from that day no longer at school", EDEXML 2.1).
    """
    peildatum = peildatum_in(schooljaar, dag)
    coming = schooljaar > schooljaar_of(dag)
    return sa.and_(
        _of(deelname, brin6, schooljaar),
        deelname.c.ingedeeld if coming else sa.true(),
        sa.or_(inschrijving.c.van.is_(None), inschrijving.c.van <= peildatum),
        sa.or_(inschrijving.c.tot.is_(None), inschrijving.c.tot > peildatum),
    )


def _enrolled_rows(connection: sa.Connection, brin6: str, schooljaar: str, dag: date) -> Sequence[sa.RowMapping]:
    query = (
        sa.select(deelname, inschrijving.c.instroomdatum, inschrijving.c.uitstroomdatum, persoon.c.key, persoon.c.eckid)
        .join(persoon, persoon.c.id == deelname.c.persoon_id)
        .join(*_PERIODE)
        .where(_takes_part(brin6, schooljaar, dag))
    )
    return connection.execute(query).mappings().all()


def _leerlingen(rows: Sequence[sa.RowMapping], plaatsingen: "_Plaatsingen") -> tuple[Leerling, ...]:
    velden = (*LEERLING_VELDEN, "key", "eckid", "instroomdatum", "uitstroomdatum")
    leerlingen = [
        Leerling(
            vestiging=row["locatie_key"],
            groep=plaatsingen.stam.get(row["persoon_id"]),
            samengestelde_groepen=tuple(plaatsingen.samengesteld.get(row["persoon_id"], ())),
            **{veld: row[veld] for veld in velden},
        )
        for row in rows
    ]
    return tuple(sorted(leerlingen, key=lambda leerling: leerling.key))


@dataclass(frozen=True, slots=True)
class _Plaatsingen:
    """Each leerling's stamgroep, and samengestelde groepen in the order of the source, by id of the person."""

    stam: dict[int, str]
    samengesteld: defaultdict[int, list[str]]


def _plaatsingen(connection: sa.Connection, brin6: str, schooljaar: str, groepen: tuple[Groep, ...]) -> _Plaatsingen:
    """Give the plaatsingen in these groups."""
    soort = {groep.key: groep.soort for groep in groepen}
    query = (
        sa.select(plaatsing.c.persoon_id, plaatsing.c.groep_key)
        .where(_of(plaatsing, brin6, schooljaar))
        .order_by(plaatsing.c.persoon_id, plaatsing.c.volgorde)
    )
    found = _Plaatsingen({}, defaultdict(list))
    for persoon_id, key in connection.execute(query):
        if soort.get(key) == "groep":
            found.stam[persoon_id] = key
        elif key in soort:
            found.samengesteld[persoon_id].append(key)
    return found


def _locaties(connection: sa.Connection, brin6: str, schooljaar: str) -> tuple[Locatie, ...]:
    rows = connection.execute(sa.select(locatie).where(_of(locatie, brin6, schooljaar)))
    found = [Locatie(row.key, row.naam, row.omschrijving, row.mutatiedatum) for row in rows]
    return tuple(sorted(found, key=lambda one: one.key))


def _groepen(connection: sa.Connection, brin6: str, schooljaar: str) -> tuple[Groep, ...]:
    rows = connection.execute(sa.select(groep).where(_of(groep, brin6, schooljaar), groep.c.beschikbaar))
    found = [Groep(row.soort, row.key, row.naam, row.jaargroep, row.omschrijving, row.mutatiedatum) for row in rows]
    return tuple(sorted(found, key=lambda one: (one.soort != "groep", one.key)))


def _leerkrachten(
    connection: sa.Connection, brin6: str, schooljaar: str, groepen: frozenset[str]
) -> tuple[Leerkracht, ...]:
    query = (
        sa.select(aanstelling, persoon.c.key, persoon.c.eckid)
        .join(persoon, persoon.c.id == aanstelling.c.persoon_id)
        .where(_of(aanstelling, brin6, schooljaar))
    )
    found = [
        Leerkracht(
            key=row["key"],
            eckid=row["eckid"],
            rollen=_rollen(row["rollen"]),
            groepen=tuple(
                GroepVerwijzing(soort, key, _rollen(rollen)) for soort, key, rollen in row["groepen"] if key in groepen
            ),
            **{veld: row[veld] for veld in LEERKRACHT_VELDEN},
        )
        for row in connection.execute(query).mappings()
    ]
    return tuple(sorted(found, key=lambda one: one.key))


def _rollen(stored: list[list[str]]) -> tuple[Rol, ...]:
    return tuple(Rol(soort, waarde) for soort, waarde in stored)  # type: ignore[arg-type]
