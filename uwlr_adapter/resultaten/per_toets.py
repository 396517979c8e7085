"""Read results by toets: the toetsen of a leerling or a groep, the results in one of them, the versions of a result.

A toets is one toetscode of one platform, however many definitions came with it; the id of any of these names it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.result_tables import resultaat, resultaat_versie
from uwlr_adapter.clock import any_from_utc, from_utc
from uwlr_adapter.resultaten.reading import PAGE, ResultVersion, version_of
from uwlr_adapter.resultaten.standing import OWN, PERSON, VERSIONS, is_of, sent_to, standing
from uwlr_adapter.resultaten.tables import results_message, toets


@dataclass(frozen=True, slots=True)
class ToetsKey:
    """What names a toets."""

    afnemer_id: int
    toetscode: str


@dataclass(frozen=True, slots=True)
class ChosenLeerlingen:
    """Whose results are read; with `places` those alone that were sent to one of these vestigingen.

    Of those in `everywhere` each is read, wherever it was sent.
    """

    ids: Sequence[int]
    places: Collection[str] | None = None
    everywhere: Collection[int] = ()

    def conditions(self, connection: sa.Connection) -> tuple[sa.ColumnElement[bool], ...]:
        """Return the conditions on a version."""
        own = sent_to(self.places)
        if self.places is not None and self.everywhere:
            own = sa.or_(own, is_of(connection, self.everywhere))
        return is_of(connection, self.ids), own


@dataclass(frozen=True, slots=True)
class ToetsLine:
    """A toets in a list: its newest definition, and what there is of it."""

    key: ToetsKey
    toets_id: str
    """The definition of the result that came last."""
    last: date
    """The newest afnamedatum."""
    last_id: int
    """The id of the result that came last."""
    results: int
    leerlingen: int


@dataclass(frozen=True, slots=True)
class ResultInTime:
    """A version of a result, with the message that brought it."""

    version: ResultVersion
    moment: datetime
    """When the message was taken."""
    taken_back_at: datetime | None


@dataclass(frozen=True, slots=True)
class ListPlace:
    """Where a page of a list begins: behind this day and id (exclusive)."""

    day: date
    id: int


def find_toets(connection: sa.Connection, toets_id: str) -> ToetsKey | None:
    """Return what toets a definition is of; None when there is no such definition."""
    own = toets.c
    row = connection.execute(sa.select(own.afnemer_id, own.toetscode).where(own.id == toets_id)).one_or_none()
    return None if row is None else ToetsKey(row.afnemer_id, row.toetscode)


def of_people(
    connection: sa.Connection,
    people: ChosenLeerlingen,
    after: ListPlace | None = None,
    limit: int = PAGE,
) -> list[ToetsLine]:
    """Return the toetsen of which these leerlingen have a result that stands, the newest afnamedatum first."""
    found = (
        standing()
        .where(*people.conditions(connection))
        .with_only_columns(
            resultaat.c.afnemer_id, toets.c.toetscode, OWN.afnamedatum, OWN.resultaat_id, PERSON.label("of")
        )
        .subquery()
    ).c
    last, last_id = sa.func.max(found.afnamedatum), sa.func.max(found.resultaat_id)
    query = sa.select(
        found.afnemer_id,
        found.toetscode,
        last.label("last"),
        last_id.label("last_id"),
        sa.func.count().label("results"),
        sa.func.count(sa.distinct(found.of)).label("leerlingen"),
    ).group_by(found.afnemer_id, found.toetscode)
    if after is not None:
        query = query.having(sa.or_(last < after.day, sa.and_(last == after.day, last_id < after.id)))
    rows = connection.execute(query.order_by(last.desc(), last_id.desc()).limit(limit)).all()
    newest = standing().where(OWN.resultaat_id.in_([row.last_id for row in rows]))
    pairs = connection.execute(newest.with_only_columns(OWN.resultaat_id, OWN.toets_id))
    named = {row.resultaat_id: row.toets_id for row in pairs}
    return [
        ToetsLine(
            ToetsKey(row.afnemer_id, row.toetscode),
            named[row.last_id],
            row.last,
            row.last_id,
            row.results,
            row.leerlingen,
        )
        for row in rows
    ]


def of_leerling(
    connection: sa.Connection,
    people: ChosenLeerlingen,
    key: ToetsKey,
    after: ListPlace | None = None,
    limit: int = PAGE,
) -> list[ResultVersion]:
    """Return the results that stand of a leerling in a toets, the newest afnamedatum first."""
    query = standing().where(*people.conditions(connection), *_in_toets(key))
    if after is not None:
        same_day = sa.and_(OWN.afnamedatum == after.day, OWN.resultaat_id < after.id)
        query = query.where(sa.or_(OWN.afnamedatum < after.day, same_day))
    rows = connection.execute(query.order_by(OWN.afnamedatum.desc(), OWN.resultaat_id.desc()).limit(limit))
    return [version_of(row) for row in rows]


def oso_of_leerling(connection: sa.Connection, people: ChosenLeerlingen, limit: int = PAGE) -> list[ResultVersion]:
    """Return the results of OSO that stand of a leerling, in any toets, the newest afnamedatum first."""
    query = standing().where(*people.conditions(connection), OWN.score.is_(None))
    rows = connection.execute(query.order_by(OWN.afnamedatum.desc(), OWN.resultaat_id.desc()).limit(limit))
    return [version_of(row) for row in rows]


def doubles_of(
    connection: sa.Connection, people: ChosenLeerlingen, key: ToetsKey, days: Sequence[date]
) -> set[tuple[str | None, date]]:
    """Return each onderdeel and day, of these days, of which a leerling has results under two keys in a toets."""
    query = (
        standing()
        .where(*people.conditions(connection), *_in_toets(key), OWN.afnamedatum.in_(sorted(set(days))))
        .with_only_columns(OWN.onderdeel, OWN.afnamedatum)
        .group_by(OWN.onderdeel, OWN.afnamedatum)
        .having(sa.func.count() > 1)
    )
    return {(row.onderdeel, row.afnamedatum) for row in connection.execute(query)}


def latest_of_people(
    connection: sa.Connection, people: ChosenLeerlingen, key: ToetsKey, onderdelen: Sequence[str | None]
) -> list[ResultVersion]:
    """Return the result of the newest afnamedatum of each of these leerlingen, for each of these parts of a toets.

    None among the parts is the total.
    """
    codes = [one for one in onderdelen if one is not None]
    part: sa.ColumnElement[bool] = OWN.onderdeel.in_(codes)
    if None in onderdelen:
        part = sa.or_(part, OWN.onderdeel.is_(None))
    order = (OWN.afnamedatum.desc(), OWN.resultaat_id.desc())
    turn = sa.func.row_number().over(partition_by=(PERSON, OWN.onderdeel), order_by=order).label("turn")
    found = standing().where(*people.conditions(connection), *_in_toets(key), part).add_columns(turn).subquery()
    return [version_of(row) for row in connection.execute(sa.select(found).where(found.c.turn == 1))]


def shape_of(
    connection: sa.Connection, people: ChosenLeerlingen, key: ToetsKey, limit: int = PAGE
) -> tuple[list[str], bool]:
    """Return the definitions that the results of these leerlingen in a toets came with, and whether one is a total.

    They are ids, that of the newest message first.
    """
    last, totals = sa.func.max(OWN.message_id), sa.func.count() - sa.func.count(OWN.onderdeel)
    query = (
        standing()
        .where(*people.conditions(connection), *_in_toets(key))
        .with_only_columns(OWN.toets_id, totals.label("totals"))
        .group_by(OWN.toets_id)
        .order_by(last.desc())
    )
    rows = connection.execute(query).all()
    return [row.toets_id for row in rows[:limit]], any(row.totals for row in rows)


def history_of(
    connection: sa.Connection,
    resultaat_id: int,
    places: Collection[str] | None = None,
    before_number: int | None = None,
    limit: int = PAGE,
) -> list[ResultInTime]:
    """Return the versions of a result, the newest first, whomever they are of; `before_number` is exclusive."""
    query = VERSIONS.where(OWN.resultaat_id == resultaat_id, sent_to(places)).add_columns(
        results_message.c.moment, results_message.c.taken_back_at
    )
    if before_number is not None:
        query = query.where(OWN.number < before_number)
    return [_in_time(row) for row in connection.execute(query.order_by(OWN.number.desc()).limit(limit))]


def standing_of(connection: sa.Connection, resultaten: Sequence[int]) -> dict[int, int]:
    """Return the number of the version that stands, of each of these results of which one does."""
    query = standing().where(resultaat_versie.c.resultaat_id.in_(resultaten))
    rows = connection.execute(query.with_only_columns(OWN.resultaat_id, OWN.number))
    return {row.resultaat_id: row.number for row in rows}


def _in_toets(key: ToetsKey) -> tuple[sa.ColumnElement[bool], ...]:
    return resultaat.c.afnemer_id == key.afnemer_id, toets.c.toetscode == key.toetscode


def _in_time(row: sa.Row[Any]) -> ResultInTime:
    return ResultInTime(version_of(row), from_utc(row.moment), any_from_utc(row.taken_back_at))
