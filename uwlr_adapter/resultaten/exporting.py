"""Export results: those that stand, or every version, read piece by piece while messages come in.

Each piece is some results by ascending number, read in a transaction of its own, so that memory holds one piece however
many there are. Results of somebody who is not known any more are in none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa

from uwlr_adapter.administratie.result_tables import resultaat
from uwlr_adapter.administratie.tables import persoon, vestiging
from uwlr_adapter.clock import any_from_utc, from_utc
from uwlr_adapter.contract.leerresultaten.records import Toets
from uwlr_adapter.db.database import Database
from uwlr_adapter.resultaten import reading
from uwlr_adapter.resultaten.reading import ResultVersion
from uwlr_adapter.resultaten.standing import OWN, PERSON, VERSIONS, standing
from uwlr_adapter.resultaten.tables import results_message
from uwlr_adapter.resultaten.taking import same_vestiging

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

    def of_result(self, connection: sa.Connection) -> list[sa.ColumnElement[bool]]:
        """Return the conditions on a result; what was sent to a vestiging that became this one (fusie) is of it."""
        where: list[sa.ColumnElement[bool]] = []
        if self.place is not None:
            own = vestiging.c.brincode if len(self.place) == _BRINCODE else vestiging.c.brin6
            brin6s = connection.scalars(sa.select(vestiging.c.brin6).where(own == self.place)).all()
            where.append(_of.brin6.in_(sorted({one for brin6 in brin6s for one in same_vestiging(connection, brin6)})))
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


@dataclass(frozen=True, slots=True)
class ExportedResult:
    """One version of a result, with what is known of it."""

    said: ResultVersion
    leerling: str
    """The key of the leerling as it is now."""
    brin6: str
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
    with database.reading() as connection:
        of_result = chosen.of_result(connection)
        bounds = sa.select(sa.func.min(_of.id), sa.func.max(_of.id)).where(*of_result)
        first, last = connection.execute(bounds).one()
    after = None if first is None else first - 1
    while after is not None:
        with database.reading() as connection:
            query = sa.select(_of.id).where(_of.id > after, _of.id <= last, *of_result)
            ids = connection.scalars(query.order_by(_of.id).limit(PIECE)).all()
            results = _read(connection, [*of_result, *chosen.of_version], (after, ids[-1]), chosen) if ids else []
        after = ids[-1] if ids else None
        if ids:
            yield ResultPiece(results, (ids[-1] - first + 1) / (last - first + 1))


def count(database: Database, chosen: ResultFilter) -> dict[str, int]:
    """Return how many results match, or versions of them, by brin6. Raises DBAPIError."""
    numbers: dict[str, int] = {}
    for piece in export(database, chosen):
        for one in piece.results:
            numbers[one.brin6] = numbers.get(one.brin6, 0) + 1
    return numbers


def _read(
    connection: sa.Connection, where: list[sa.ColumnElement[bool]], between: tuple[int, int], chosen: ResultFilter
) -> list[ExportedResult]:
    """Return the versions of the results with ids after one (exclusive) until another (inclusive)."""
    in_range = (OWN.resultaat_id > between[0], OWN.resultaat_id <= between[1], *where)
    versions = (
        (VERSIONS if chosen.all_versions else standing())
        .join(persoon, persoon.c.id == PERSON)
        .where(*in_range)
        .add_columns(
            persoon.c.key.label("leerling"),
            _of.brin6,
            _message.schooljaar,
            _message.aanmaakdatum,
            _message.moment,
            _message.taken_back_at,
        )
    )
    rows = connection.execute(versions.order_by(OWN.resultaat_id, OWN.number)).all()
    toetsen = reading.definitions_of(connection, {row.toets_id for row in rows})
    stand = standing().where(*in_range).with_only_columns(OWN.resultaat_id, OWN.number)
    standing_ = set(map(tuple, connection.execute(stand))) if chosen.all_versions else None
    return [
        ExportedResult(
            reading.version_of(row),
            row.leerling,
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
