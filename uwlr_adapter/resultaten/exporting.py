"""Export results: those that stand, or every version, read piece by piece while messages come in.

Each piece is some results by ascending number, read in a transaction of its own, so that memory holds one piece however
many there are. Results of somebody who is not known any more are in none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.result_tables import resultaat
from uwlr_adapter.administratie.tables import fusie, persoon, vestiging
from uwlr_adapter.clock import any_from_utc, from_utc
from uwlr_adapter.contract.leerresultaten.records import Toets
from uwlr_adapter.db.database import Database
from uwlr_adapter.resultaten import reading
from uwlr_adapter.resultaten.reading import ResultVersion
from uwlr_adapter.resultaten.standing import OWN, PERSON, VERSIONS, standing
from uwlr_adapter.resultaten.tables import results_message

PIECE = 1000
"""Results of one piece."""
_BRINCODE = 4
_of, _message = resultaat.c, results_message.c


class VersionState(StrEnum):
    """The state of a version."""

    STANDS = "stands"
    REPLACED = "replaced"
    """A newer one was not taken back, or is of another leerling."""
    TAKEN_BACK = "taken back"


@dataclass(frozen=True, slots=True)
class ResultFilter:
    """Which results are exported; None is everything. `first` and `last` are days of afname, inclusive.

    `place` is a brin6, or a brincode for all its vestigingen.
    """

    place: str | None = None
    schooljaar: str | None = None
    """That of the message."""
    afnemer_id: int | None = None
    first: date | None = None
    last: date | None = None
    all_versions: bool = False

    @property
    def of_result(self) -> list[sa.ColumnElement[bool]]:
        """The conditions on a result."""
        where: list[sa.ColumnElement[bool]] = []
        if self.place is not None:
            where.append(_of.brin6.in_(_brin6s_of(self.place)))
        if self.afnemer_id is not None:
            where.append(_of.afnemer_id == self.afnemer_id)
        return where

    @property
    def of_version(self) -> list[sa.ColumnElement[bool]]:
        """The conditions on a version."""
        where: list[sa.ColumnElement[bool]] = []
        if self.schooljaar is not None:
            where.append(_message.schooljaar == self.schooljaar)
        if self.first is not None:
            where.append(OWN.afnamedatum >= self.first)
        if self.last is not None:
            where.append(OWN.afnamedatum <= self.last)
        return where


def _brin6s_of(place: str) -> sa.Select[tuple[str]]:
    """Return the query of a brin6, or of those of a brincode, and of the vestigingen that became one (fusie)."""
    own = vestiging.c.brincode if len(place) == _BRINCODE else vestiging.c.brin6
    found = sa.select(vestiging.c.brin6).where(own == place).cte("place", recursive=True)
    found = found.union(sa.select(fusie.c.brin6).join(found, fusie.c.into_brin6 == found.c.brin6))
    return sa.select(found.c.brin6)


@dataclass(frozen=True, slots=True)
class ExportedResult:
    """One version of a result, with what is known of it."""

    said: ResultVersion
    leerling: str
    """The key of the leerling as it is now."""
    brincode: str
    """The school whose key that is."""
    brin6: str
    """The vestiging to which the result was sent."""
    schooljaar: str
    toets: Toets
    aanmaakdatum: datetime
    """Of the message, as it counts."""
    received: datetime
    delivered: datetime | None
    """When the administration had it."""
    state: VersionState


@dataclass(frozen=True, slots=True)
class ResultPiece:
    """Some results, and how much of all is read with them, 0 to 1."""

    results: list[ExportedResult]
    share: float


def export(database: Database, chosen: ResultFilter) -> Iterator[ResultPiece]:
    """Yield the results that match, by ascending number, versions in their order. Raises DBAPIError."""
    for after, last, share in _ranges(database, chosen):
        with database.reading() as connection:
            results = _read(connection, chosen, after, last)
        yield ResultPiece(results, share)


def count(database: Database, chosen: ResultFilter) -> dict[str, int]:
    """Return how many results match, or versions of them, by brin6. Raises DBAPIError."""
    numbers: dict[str, int] = {}
    for after, last, _ in _ranges(database, chosen):
        counted = _matching(chosen, after, last).with_only_columns(_of.brin6, sa.func.count()).group_by(_of.brin6)
        with database.reading() as connection:
            for brin6, number in connection.execute(counted):
                numbers[brin6] = numbers.get(brin6, 0) + number
    return numbers


def _ranges(database: Database, chosen: ResultFilter) -> Iterator[tuple[int, int, float]]:
    """Yield ranges of PIECE results: an id (exclusive), another (inclusive), and how much of all is read by then."""
    with database.reading() as connection:
        bounds = sa.select(sa.func.min(_of.id), sa.func.max(_of.id)).where(*chosen.of_result)
        first, last = connection.execute(bounds).one()
    after: int | None = None if first is None else first - 1
    while after is not None:
        query = sa.select(_of.id).where(_of.id > after, _of.id <= last, *chosen.of_result)
        with database.reading() as connection:
            ids = connection.scalars(query.order_by(_of.id).limit(PIECE)).all()
        if ids:
            yield after, ids[-1], (ids[-1] - first + 1) / (last - first + 1)
        after = ids[-1] if ids else None


def _matching(chosen: ResultFilter, after: int, last: int) -> sa.Select[Any]:
    """Return the query of the versions that match, of the results of a range; each person in it is known."""
    in_range = (OWN.resultaat_id > after, OWN.resultaat_id <= last, *chosen.of_result, *chosen.of_version)
    return (VERSIONS if chosen.all_versions else standing()).join(persoon, persoon.c.id == PERSON).where(*in_range)


def _read(connection: sa.Connection, chosen: ResultFilter, after: int, last: int) -> list[ExportedResult]:
    """Return the versions of the results with ids after one (exclusive) until another (inclusive)."""
    versions = _matching(chosen, after, last).add_columns(
        persoon.c.key.label("leerling"),
        persoon.c.brincode,
        _of.brin6,
        _message.schooljaar,
        _message.aanmaakdatum,
        _message.moment,
        _message.taken_back_at,
    )
    rows = connection.execute(versions.order_by(OWN.resultaat_id, OWN.number)).all()
    toetsen = reading.definitions_of(connection, {row.toets_id for row in rows})
    stand = standing().where(OWN.resultaat_id > after, OWN.resultaat_id <= last)
    keys = stand.with_only_columns(OWN.resultaat_id, OWN.number)
    standing_ = set(map(tuple, connection.execute(keys))) if chosen.all_versions else None
    return [
        ExportedResult(
            reading.version_of(row),
            row.leerling,
            row.brincode,
            row.brin6,
            row.schooljaar,
            toetsen[row.toets_id],
            from_utc(row.aanmaakdatum),
            from_utc(row.moment),
            any_from_utc(row.delivered_at),
            _state(row, standing_),
        )
        for row in rows
    ]


def _state(row: "sa.Row[tuple[object, ...]]", standing_: "set[tuple[object, ...]] | None") -> VersionState:
    if row.taken_back_at is not None:
        return VersionState.TAKEN_BACK
    stands = standing_ is None or (row.resultaat_id, row.number) in standing_
    return VersionState.STANDS if stands else VersionState.REPLACED
