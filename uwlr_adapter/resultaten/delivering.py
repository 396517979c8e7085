"""What the administration still has to be told of results: where it has another state than the one that stands.

Each result remembers which version the administration has, and with whom. A message is done with once all that it
changed is there; taking it back, and the undo of that, begin it anew. Nothing is told of somebody who is not known:
whoever is forgotten here is so because the administration said so.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing.diff import AT_ONCE
from uwlr_adapter.administratie.result_tables import NOT_KNOWN, resultaat, resultaat_versie
from uwlr_adapter.administratie.tables import joined, persoon
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.clock import to_utc
from uwlr_adapter.contract.leerresultaten.records import Toets
from uwlr_adapter.db import bulk
from uwlr_adapter.koppelingen.tables import afnemer
from uwlr_adapter.resultaten import reading
from uwlr_adapter.resultaten.ontvanger import DeliveredResult, ResultDelivery
from uwlr_adapter.resultaten.reading import ResultVersion
from uwlr_adapter.resultaten.standing import PERSON, standing
from uwlr_adapter.resultaten.tables import results_message

PAGE = 100
"""Results that a receiver gets at once."""
RESULTS = 1000
"""Results of the messages that are looked at together; of one message there may be more."""
_of, _own, _message = resultaat.c, resultaat_versie.c, results_message.c


@dataclass(frozen=True, slots=True)
class Standing:
    """The version of a result that stands."""

    said: ResultVersion
    leerling: str | None
    """The key of the leerling; None when nobody has that number any more."""
    brincode: str
    """The school of the leerling; that of nobody is empty."""
    in_join: bool
    """Whether the leerling was two, of whom each had a key."""

    @property
    def delivered_to(self) -> str | None:
        """What is noted with a result that was delivered, so that a join and its undo are seen."""
        return self.leerling if self.in_join else None


@dataclass(frozen=True, slots=True)
class Untold:
    """One result of which the administration has another state than the one that stands."""

    delivery: ResultDelivery
    number: int
    """Of the version that stands; 0: none; NOT_KNOWN: none, until its leerling is known again."""
    delivered_to: str | None
    """The key of a leerling who was two."""


@dataclass(frozen=True, slots=True)
class Look:
    """The news of a range of results."""

    untold: list[Untold]
    waiting: set[int]
    """Results that are told once their leerling is known again, such as by the redo of an import."""
    last: int | None
    """The highest id of the range; None when there were no results."""


def schools_to_tell(connection: sa.Connection) -> list[str]:
    """Return the brincodes with something that the administration may have to be told, ascending."""
    brin6s = connection.scalars(sa.select(_message.brin6).distinct().where(_message.delivered_at.is_(None)))
    of_joins = connection.scalars(sa.select(_of.brin6).distinct().where(_of.id.in_(moved())))
    return sorted({brincode_of(one) for one in [*brin6s, *of_joins]})


def has_work(connection: sa.Connection) -> bool:
    """Return whether there may be something to tell."""
    waits = sa.select(_message.id).where(_message.delivered_at.is_(None)).limit(1)
    return connection.scalar(waits) is not None or connection.scalar(moved().limit(1)) is not None


def count_came(connection: sa.Connection) -> int:
    """Return how many results the messages brought that are not done with, each version counted."""
    query = sa.select(sa.func.sum(_message.added + _message.changed)).where(_message.delivered_at.is_(None))
    return int(connection.scalar(query) or 0)


def messages_to_tell(connection: sa.Connection, brincode: str, after: int = 0) -> list[int]:
    """Return the first messages of a school after an id (exclusive) that are not done with: some RESULTS results."""
    query = (
        sa.select(_message.id, _message.added + _message.changed)
        .where(_message.delivered_at.is_(None), _message.id > after, _message.brin6.between(*_vestigingen(brincode)))
        .order_by(_message.id)
        .limit(PAGE)
    )
    found: list[int] = []
    number = 0
    for id_, results in connection.execute(query):
        if found and number + results > RESULTS:
            break
        found.append(id_)
        number += results
    return found


def of_messages(messages: Collection[int]) -> sa.Select[tuple[int]]:
    """Return the query for the results that messages say something of."""
    return sa.select(_own.resultaat_id).where(_own.message_id.in_(messages))


def of_joined(brincode: str) -> sa.Select[tuple[int]]:
    """Return the query for the results of a school that the administration has with somebody else, by a join."""
    return sa.select(_of.id).where(_of.id.in_(moved()), _of.brin6.between(*_vestigingen(brincode)))


def look(connection: sa.Connection, among: sa.Select[tuple[int]], after: int = 0, limit: int = PAGE) -> Look:
    """Return what there is to tell of the first results of a query, by ascending id; `after` (exclusive) goes on."""
    query = sa.select(resultaat).where(_of.id.in_(among), _of.id > after).order_by(_of.id).limit(limit)
    rows = connection.execute(query).all()
    now_of = _standing(connection, [row.id for row in rows])
    names = {row.id: row.klantnaam for row in connection.execute(sa.select(afnemer.c.id, afnemer.c.klantnaam))}
    toetsen: dict[str, Toets] = {}
    found, waiting = [], set()
    for row in rows:
        now = now_of.get(row.id)
        if now is not None and now.leerling is None:
            waiting.add(row.id)
            if row.delivered_to is not None and not now.in_join:  # the administration has it with the other of a join
                gone = _untold(connection, row, None, names[row.afnemer_id], toetsen)
                found.append(replace(gone, number=NOT_KNOWN))
        elif not _is_told(row, now):
            found.append(_untold(connection, row, now, names[row.afnemer_id], toetsen))
    return Look(found, waiting, rows[-1].id if rows else None)


def pages(connection: sa.Connection, among: sa.Select[tuple[int]]) -> Iterator[Look]:
    """Yield what there is to tell of all results of a query, a page at a time, in one transaction."""
    after: int | None = 0
    while after is not None:
        found = look(connection, among, after)
        yield found
        after = found.last


def acknowledge(connection: sa.Connection, brincode: str, told: Iterable[Untold], moment: datetime) -> int:
    """Note that the administration has these results of a school; return how many. `moment` is timezone-aware.

    The transaction must be a writing one that holds nothing.
    """
    schools.lock_school(connection, brincode)
    rows = [
        {"of": one.delivery.resultaat, "told": one.number, "to": one.delivered_to, "at": to_utc(moment)} for one in told
    ]
    if rows:
        changed: dict[str, Any] = {"delivered": sa.bindparam("told"), "delivered_to": sa.bindparam("to")}
        connection.execute(resultaat.update().where(_of.id == sa.bindparam("of")).values(changed), rows)
        newest = sa.select(_of.newest).where(_of.id == sa.bindparam("of")).scalar_subquery()
        versions = resultaat_versie.update().where(
            _own.resultaat_id == sa.bindparam("of"),
            sa.or_(_own.number == sa.bindparam("told"), _own.number == newest),
        )
        connection.execute(versions.values({"delivered_at": sa.bindparam("at", type_=sa.DateTime())}), rows)
        waits = [row["of"] for row in rows if row["told"] == NOT_KNOWN]
        messages = sa.select(_own.message_id).where(_own.resultaat_id.in_(waits))
        if waits:
            connection.execute(results_message.update().where(_message.id.in_(messages)).values(delivered_at=None))
    return len(rows)


def finish(connection: sa.Connection, brincode: str, messages: Sequence[int], moment: datetime) -> int:
    """Note of messages of a school that all they changed is told; return of how many nothing waits any more.

    What came meanwhile leaves them as they are. The transaction must be a writing one that holds nothing.
    """
    schools.lock_school(connection, brincode)
    left = _left(connection, of_messages(messages))
    held: set[int] = set()
    query = sa.select(_own.message_id).distinct().where(_own.message_id.in_(messages))
    for some in bulk.pieces(sorted(left), AT_ONCE):
        held.update(connection.scalars(query.where(_own.resultaat_id.in_(some))))
    done = [one for one in messages if one not in held]
    connection.execute(results_message.update().where(_message.id.in_(done)).values(delivered_at=to_utc(moment)))
    return len(done)


def _left(connection: sa.Connection, among: sa.Select[tuple[int]]) -> set[int]:
    """Return the results of a query that are untold, or wait: as `look` finds them, in as many statements as for one.

    Whoever asks holds the school, and on SQLite every other writer waits.
    """
    noted = sa.case((_in_join(_own), persoon.c.key))
    has_another = sa.or_(
        persoon.c.id.is_(None), _of.delivered.is_distinct_from(_own.number), _of.delivered_to.is_distinct_from(noted)
    )
    stands = standing().where(_own.resultaat_id.in_(among))
    other = stands.outerjoin(persoon, persoon.c.id == PERSON).where(has_another).with_only_columns(_of.id)
    has_some = sa.select(_of.id).where(_of.id.in_(among), sa.func.coalesce(_of.delivered, 0) != 0)
    gone = set(connection.scalars(has_some)) - set(connection.scalars(stands.with_only_columns(_of.id)))
    return gone.union(connection.scalars(other))


def tell_again(connection: sa.Connection, brincode: str, told: Iterable[Untold]) -> None:
    """Make these results of a school be told once more: what the administration was told of them last is not known.

    The transaction must be a writing one that holds nothing.
    """
    schools.lock_school(connection, brincode)
    ids = [one.delivery.resultaat for one in told]
    connection.execute(resultaat.update().where(_of.id.in_(ids)).values(delivered=NOT_KNOWN, delivered_to=None))
    messages = sa.select(_own.message_id).where(_own.resultaat_id.in_(ids))
    connection.execute(results_message.update().where(_message.id.in_(messages)).values(delivered_at=None))


def begin_anew(connection: sa.Connection) -> None:
    """Make every result be told once more, after the records went back in time, in a writing transaction.

    The administration may have a later state than any that is known here.
    """
    connection.execute(resultaat.update().values(delivered=NOT_KNOWN, delivered_to=None))
    connection.execute(results_message.update().values(delivered_at=None))


def _vestigingen(brincode: str) -> tuple[str, str]:
    return f"{brincode}00", f"{brincode}99"


def moved() -> sa.Select[tuple[int]]:
    """Return the query for the results that the administration has with another person, by a join or its undo."""
    has = sa.and_(_of.id == _own.resultaat_id, _of.delivered == _own.number)
    by_join = (
        sa.select(_of.id)
        .join(resultaat_versie, has)
        .join(joined, sa.or_(joined.c.id == _own.persoon_id, joined.c.persoon_id == _own.persoon_id))
        .join(persoon, persoon.c.id == joined.c.persoon_id)
        .where(sa.or_(_of.delivered_to.is_(None), _of.delivered_to != persoon.c.key))
    )
    by_undo = sa.select(_of.id).join(resultaat_versie, has).where(_of.delivered_to.is_not(None), ~_in_join(_own))
    both = sa.union(by_join, by_undo).subquery()
    return sa.select(both.c.id)


def _in_join(own: Any) -> sa.ColumnElement[bool]:  # noqa: ANN401 - the columns of versions
    """Return the condition that the person of a version is one of two who were joined."""
    either = joined.alias("either")
    return sa.exists().where(sa.or_(either.c.id == own.persoon_id, either.c.persoon_id == own.persoon_id))


def _standing(connection: sa.Connection, ids: Sequence[int]) -> dict[int, Standing]:
    stands = standing().where(_own.resultaat_id.in_(ids)).add_columns(_in_join(_own).label("in_join"))
    rows = connection.execute(stands).all()
    query = sa.select(persoon.c.id, persoon.c.key, persoon.c.brincode)
    people = connection.execute(query.where(persoon.c.id.in_({row.person for row in rows})))
    keys: dict[int, tuple[str | None, str]] = {row.id: (row.key, row.brincode) for row in people}
    return {
        row.resultaat_id: Standing(reading.version_of(row), *keys.get(row.person, (None, "")), row.in_join)
        for row in rows
    }


def _is_told(row: sa.Row[Any], now: Standing | None) -> bool:
    if now is None:
        return not row.delivered
    return (row.delivered, row.delivered_to) == (now.said.number, now.delivered_to)


def _untold(
    connection: sa.Connection, row: sa.Row[Any], now: Standing | None, klantnaam: str, toetsen: dict[str, Toets]
) -> Untold:
    number = 0 if now is None else now.said.number
    if now is None or now.leerling is None:
        delivery = ResultDelivery(f"{row.id}.0", row.id, klantnaam, row.brin6, row.key, None)
        return Untold(delivery, number, None)
    said = now.said
    if said.toets_id not in toetsen:
        toetsen[said.toets_id] = reading.definition_of(connection, said.toets_id)
    result = DeliveredResult(
        now.leerling,
        now.brincode,
        toetsen[said.toets_id],
        said.onderdeel,
        said.afnamedatum,
        said.score,
        said.osoresultaat,
        said.versie,
        said.infourl,
        said.verwerker,
    )
    id_ = f"{row.id}.{number}.{now.leerling}"
    return Untold(ResultDelivery(id_, row.id, klantnaam, row.brin6, row.key, result), number, now.delivered_to)
