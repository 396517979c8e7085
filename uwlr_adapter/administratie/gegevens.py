"""Selection: (vestiging, schooljaar, peildatum) gives one consistent dataset."""

from collections import defaultdict
from datetime import date

import sqlalchemy as sa

from uwlr_adapter.administratie.tables import (
    LEERKRACHT_VELDEN,
    LEERLING_VELDEN,
    aanstelling,
    deelname,
    groep,
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


def select(
    connection: sa.Connection, *, brin6: str, schooljaar: str, peildatum: date, aanmaakdatum: str
) -> Dataset | None:
    """Give what is answered for a vestiging, a school year and a day, or None when there are no leerlingen.

    A leerling is in it with a deelname in that year and enrolled on the day: from <= day < until, and no date is
    open ("uitstroomdatum: from that day no longer at school", EDEXML 2.1). Groups, then samengestelde groepen, then
    leerlingen and leerkrachten stand by key. The connection must see one moment: see `Opslag.reading`.
    """
    vestiging = find_vestiging(connection, brin6)
    if vestiging is None:
        return None
    leerlingen = _leerlingen(connection, brin6, schooljaar, peildatum)
    if not leerlingen:
        return None
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
        groepen=_groepen(connection, brin6, schooljaar),
        leerlingen=leerlingen,
        leerkrachten=_leerkrachten(connection, brin6, schooljaar),
    )


def _of(table: sa.Table, brin6: str, schooljaar: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.brin6 == brin6, table.c.schooljaar == schooljaar)


def _enrolled(peildatum: date) -> sa.ColumnElement[bool]:
    return sa.and_(
        sa.or_(deelname.c.van.is_(None), deelname.c.van <= peildatum),
        sa.or_(deelname.c.tot.is_(None), deelname.c.tot > peildatum),
    )


def _leerlingen(connection: sa.Connection, brin6: str, schooljaar: str, peildatum: date) -> tuple[Leerling, ...]:
    query = (
        sa.select(deelname, persoon.c.key, persoon.c.eckid)
        .join(persoon, persoon.c.id == deelname.c.persoon_id)
        .where(_of(deelname, brin6, schooljaar), _enrolled(peildatum))
    )
    rows = connection.execute(query).mappings().all()
    if not rows:
        return ()
    stam, samengesteld = _plaatsingen(connection, brin6, schooljaar)
    leerlingen = [
        Leerling(
            key=row["key"],
            eckid=row["eckid"],
            vestiging=row["locatie_key"],
            groep=stam.get(row["persoon_id"]),
            samengestelde_groepen=tuple(samengesteld.get(row["persoon_id"], ())),
            **{veld: row[veld] for veld in LEERLING_VELDEN},
        )
        for row in rows
    ]
    return tuple(sorted(leerlingen, key=lambda leerling: leerling.key))


def _plaatsingen(
    connection: sa.Connection, brin6: str, schooljaar: str
) -> tuple[dict[int, str], defaultdict[int, list[str]]]:
    """Give each leerling's stamgroep, and samengestelde groepen in the order of the source."""
    query = (
        sa.select(plaatsing.c.persoon_id, plaatsing.c.groep_key, groep.c.soort)
        .join(
            groep,
            sa.and_(_of(groep, brin6, schooljaar), groep.c.key == plaatsing.c.groep_key),
        )
        .where(_of(plaatsing, brin6, schooljaar))
        .order_by(plaatsing.c.persoon_id, plaatsing.c.volgorde)
    )
    stam: dict[int, str] = {}
    samengesteld: defaultdict[int, list[str]] = defaultdict(list)
    for row in connection.execute(query):
        if row.soort == "groep":
            stam[row.persoon_id] = row.groep_key
        else:
            samengesteld[row.persoon_id].append(row.groep_key)
    return stam, samengesteld


def _locaties(connection: sa.Connection, brin6: str, schooljaar: str) -> tuple[Locatie, ...]:
    rows = connection.execute(sa.select(locatie).where(_of(locatie, brin6, schooljaar)))
    found = [Locatie(row.key, row.naam, row.omschrijving, row.mutatiedatum) for row in rows]
    return tuple(sorted(found, key=lambda one: one.key))


def _groepen(connection: sa.Connection, brin6: str, schooljaar: str) -> tuple[Groep, ...]:
    rows = connection.execute(sa.select(groep).where(_of(groep, brin6, schooljaar)))
    found = [Groep(row.soort, row.key, row.naam, row.jaargroep, row.omschrijving, row.mutatiedatum) for row in rows]
    return tuple(sorted(found, key=lambda one: (one.soort != "groep", one.key)))


def _leerkrachten(connection: sa.Connection, brin6: str, schooljaar: str) -> tuple[Leerkracht, ...]:
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
            groepen=tuple(GroepVerwijzing(soort, key, _rollen(rollen)) for soort, key, rollen in row["groepen"]),
            **{veld: row[veld] for veld in LEERKRACHT_VELDEN},
        )
        for row in connection.execute(query).mappings()
    ]
    return tuple(sorted(found, key=lambda one: one.key))


def _rollen(stored: list[list[str]]) -> tuple[Rol, ...]:
    return tuple(Rol(soort, waarde) for soort, waarde in stored)  # type: ignore[arg-type]
