"""Which persons of a school the rows of a source are: the known ones read from the database, the new ones given an id.

Nothing is written here: what has to be comes back as differences, to be written with the records of the year.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.importing import forget
from uwlr_adapter.administratie.importing.diff import Verschil
from uwlr_adapter.administratie.importing.match import Bekend, Nieuw, Rij, Uitkomst, match
from uwlr_adapter.administratie.model import Gelezen, Levering, Probleem
from uwlr_adapter.administratie.tables import PersoonSoort, aanstelling, bronsleutel, deelname, persoon
from uwlr_adapter.db import dialect


@dataclass(frozen=True, slots=True)
class School:
    """The persons of which school, and who of them is there outside the source."""

    brincode: str
    brin6s: frozenset[str]
    """The vestigingen that the source is about."""
    is_leeg: bool
    """Whether nobody of it is here yet, so that nobody needs to be looked for."""


@dataclass(frozen=True, slots=True)
class Herkend:
    """The persons of a delivery: ids in the order of the rows, but for those that are refused."""

    ids: list[int]
    eckids: Verschil
    """Persons who have another ECK-iD now; it is written before the new ones, who may have the one that came free."""
    nieuw: list[tuple[Any, ...]]
    """Rows of `persoon`."""
    sleutels: list[tuple[Any, ...]]
    """Rows of `bronsleutel`."""
    meldingen: list[Probleem]

    @property
    def gewijzigd(self) -> frozenset[int]:
        """Whose ECK-iD changed."""
        return frozenset(self.eckids.values("id"))


def identify(connection: sa.Connection, levering: Levering, school: School) -> tuple[Herkend, Herkend]:
    """Match the leerlingen and the leerkrachten of a delivery with the persons that are known."""
    delen: tuple[tuple[PersoonSoort, Sequence[Gelezen[Any]]], ...] = (
        (PersoonSoort.LEERLING, levering.leerlingen),
        (PersoonSoort.LEERKRACHT, levering.leerkrachten),
    )
    uitkomsten = {}
    for soort, gelezen in delen:
        rijen = [Rij(one.regel, one.record.key, one.record.eckid) for one in gelezen]
        uitkomsten[soort] = match(soort.value, rijen, _known(connection, soort, school))
    wanted = sum(isinstance(one, Nieuw) for uitkomst in uitkomsten.values() for one in uitkomst.personen)
    new_ids = iter(dialect.take_ids(connection, persoon, wanted))
    leerlingen, leerkrachten = (
        _herkend(connection, uitkomst, (soort.value, school.brincode), new_ids)
        for soort, uitkomst in uitkomsten.items()
    )
    return leerlingen, leerkrachten


def _herkend(connection: sa.Connection, uitkomst: Uitkomst, van: tuple[str, str], new_ids: Iterator[int]) -> Herkend:
    ids: list[int] = []
    nieuw = []
    sleutels = [(*van, key, at) for key, at in uitkomst.aliassen.items()]
    for one in uitkomst.personen:
        if not isinstance(one, Nieuw):
            ids.append(one)
            continue
        at = next(new_ids)
        ids.append(at)
        nieuw.append((at, *van, one.key, one.eckid))
        if one.bronsleutel is not None:
            sleutels.append((*van, one.bronsleutel, at))
    return Herkend(ids, _eckids(connection, uitkomst), nieuw, sleutels, uitkomst.problemen)


def _eckids(connection: sa.Connection, uitkomst: Uitkomst) -> Verschil:
    if not uitkomst.eckids:
        return Verschil(persoon)
    query = sa.select(persoon).where(persoon.c.id.in_(uitkomst.eckids))
    oud = [tuple(row) for row in connection.execute(query)]
    return Verschil(persoon, gewijzigd=[(*row[:-1], uitkomst.eckids[row[0]]) for row in oud], oud=oud)


def _known(connection: sa.Connection, soort: PersoonSoort, school: School) -> Bekend:
    """Give the persons of a school of one kind."""
    personen = [] if school.is_leeg else _persons(connection, soort, school.brincode)
    is_leerling = soort is PersoonSoort.LEERLING
    verdwenen = forget.of_school(connection, school.brincode) if is_leerling and not school.is_leeg else None
    is_vergeten = (lambda _key, _eckid: False) if verdwenen is None else verdwenen.knows
    if not personen:
        return Bekend(bij_bronsleutel={}, bij_eckid={}, eckid_van={}, keys=frozenset(), is_vergeten=is_vergeten)
    sleutels = connection.execute(
        sa.select(bronsleutel.c.bronkey, bronsleutel.c.persoon_id).where(_of(bronsleutel, soort, school.brincode))
    )
    records = deelname if is_leerling else aanstelling
    elders = (
        sa.select(records.c.persoon_id)
        .join(persoon, persoon.c.id == records.c.persoon_id)
        .where(_of(persoon, soort, school.brincode), records.c.brin6.not_in(school.brin6s))
        .distinct()
    )
    return Bekend(
        elders=frozenset(connection.scalars(elders)),
        bij_bronsleutel={row.bronkey: row.persoon_id for row in sleutels},
        bij_eckid={eckid: at for at, _, eckid in personen if eckid is not None},
        eckid_van={at: eckid for at, _, eckid in personen},
        keys={key for _, key, _ in personen},
        is_vergeten=is_vergeten,
    )


def _persons(connection: sa.Connection, soort: PersoonSoort, brincode: str) -> list[tuple[int, str, str | None]]:
    query = sa.select(persoon.c.id, persoon.c.key, persoon.c.eckid).where(_of(persoon, soort, brincode))
    return [(at, key, eckid) for at, key, eckid in connection.execute(query)]


def _of(table: sa.Table, soort: PersoonSoort, brincode: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.soort == soort.value, table.c.brincode == brincode)
