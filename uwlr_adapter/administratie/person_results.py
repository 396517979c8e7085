"""The results of persons who are erased go with them, and those of two who were one go with each of them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.importing.diff import AT_ONCE
from uwlr_adapter.administratie.result_tables import NOT_KNOWN, not_processed, resultaat, resultaat_versie
from uwlr_adapter.administratie.tables import PersonKind, persoon, source_key
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.clock import to_utc
from uwlr_adapter.db import bulk

WAITED = timedelta(minutes=1)
"""A message may wait this long for the lock of its school: one of that long before a join may have come after it."""
_MESSAGE = sa.table(
    "results_message",
    sa.column("id", sa.BigInteger),
    sa.column("brin6", sa.String),
    sa.column("moment", sa.DateTime),
    sa.column("delivered_at", sa.DateTime),
)
"""Of a room above this one (`resultaten/tables.py`)."""


def erase(
    connection: sa.Connection,
    brincodes: Iterable[str],
    kind: PersonKind,
    ids: Collection[int],
    identifiers: Collection[str],
) -> None:
    """Erase from the results at schools what is of persons of a kind: by every id that they had, and by their keys.

    Of a leerling these are the results, and what was not processed of the keys. A result that is of one of them now
    goes whole; one that was put right since, and is of somebody else, keeps the versions of that other person. Of a
    leerkracht it is the key that says who judged the work.
    """
    at = sorted(brincodes)
    if kind is PersonKind.LEERKRACHT:
        _erase_judges(connection, at, identifiers)
        return
    own = resultaat_versie.c
    for some in bulk.pieces(sorted(ids), AT_ONCE):
        whole = (
            sa.select(own.resultaat_id)
            .join(resultaat, sa.and_(resultaat.c.id == own.resultaat_id, resultaat.c.newest == own.number))
            .where(own.persoon_id.in_(some))
        )
        connection.execute(resultaat.delete().where(resultaat.c.id.in_(whole)))
        connection.execute(resultaat_versie.delete().where(own.persoon_id.in_(some)))
    for names in bulk.pieces(sorted(identifiers), AT_ONCE):
        connection.execute(not_processed.delete().where(_at(not_processed, at), not_processed.c.leerlingid.in_(names)))
        told = sa.select(resultaat.c.id).where(resultaat.c.delivered_to.in_(names), _at(resultaat, at))
        _tell_anew(connection, connection.scalars(told).all())


def _tell_anew(connection: sa.Connection, ids: Sequence[int]) -> None:
    """Make results be told once more that the administration has with somebody who is erased: of a join before."""
    for some in bulk.pieces(ids, AT_ONCE):
        which = resultaat.c.id.in_(some)
        connection.execute(resultaat.update().where(which).values(delivered=NOT_KNOWN, delivered_to=None))
        messages = sa.select(resultaat_versie.c.message_id).where(resultaat_versie.c.resultaat_id.in_(some))
        connection.execute(sa.update(_MESSAGE).where(_MESSAGE.c.id.in_(messages)).values(delivered_at=None))


def _erase_judges(connection: sa.Connection, brincodes: Collection[str], keys: Collection[str]) -> None:
    """Erase the keys of leerkrachten from what results say; `content` stays, so that the same again is the same."""
    own = resultaat_versie.c
    query = (
        sa.select(own.resultaat_id, own.number, own.more)
        .join(resultaat, resultaat.c.id == own.resultaat_id)
        .where(_at(resultaat, brincodes))
    )
    its = (own.resultaat_id == sa.bindparam("of"), own.number == sa.bindparam("which"))
    without = resultaat_versie.update().where(*its).values(more=sa.bindparam("rest"))
    for names in bulk.pieces(sorted(keys), AT_ONCE):
        found = connection.execute(query.where(own.more["verwerker"].as_string().in_(names))).all()
        rows = [
            {
                "of": row.resultaat_id,
                "which": row.number,
                "rest": {name: value for name, value in row.more.items() if name != "verwerker"},
            }
            for row in found
        ]
        if rows:
            connection.execute(without, rows)


def part(connection: sa.Connection, goes: int, stays: int, since: datetime) -> None:
    """Move the results that came for two persons while they were one to the one whom each of them named.

    They are two again, since a join or a fusie was undone; the results stand with `stays`, whose id the one had.
    """
    query = sa.select(persoon.c.id, persoon.c.key, persoon.c.eckid, persoon.c.brincode)
    people = connection.execute(query.where(persoon.c.id.in_([goes, stays]))).all()
    if len(people) == 1:  # somebody was forgotten since
        return
    aliases: dict[int, set[str]] = {goes: set(), stays: set()}
    for key, id_ in connection.execute(
        sa.select(source_key.c.key, source_key.c.persoon_id).where(source_key.c.persoon_id.in_(aliases))
    ):
        aliases[id_].add(key)
    own = resultaat_versie.c
    came = connection.execute(
        sa.select(own.resultaat_id, own.number, own.leerlingid, _MESSAGE.c.brin6)
        .join(_MESSAGE, _MESSAGE.c.id == own.message_id)
        .where(own.persoon_id == stays, _MESSAGE.c.moment >= to_utc(since - WAITED))
    ).all()
    moved = [
        {"of": row.resultaat_id, "which": row.number}
        for row in came
        if _named(people, aliases, row.leerlingid, row.brin6) == goes
    ]
    if moved:
        its = (own.resultaat_id == sa.bindparam("of"), own.number == sa.bindparam("which"))
        connection.execute(resultaat_versie.update().where(*its).values(persoon_id=goes), moved)


def _named(people: Sequence[Any], aliases: Mapping[int, Collection[str]], leerlingid: str, brin6: str) -> int | None:
    """Return which of two persons a leerlingid names that named the one; None when nothing tells.

    In the order in which a message names somebody (`resultaten/identifying.py`). A leerlingid that is nobody's came
    with an ECK-iD; what both of two schools have names the one of the school that it was sent to.
    """
    tries = (
        [one.id for one in people if one.key == leerlingid],
        [one.id for one in people if leerlingid in aliases[one.id]],
        [one.id for one in people if one.eckid == leerlingid],
        [one.id for one in people if one.eckid is not None],
    )
    found = next(filter(None, tries), [])
    if len(found) > 1:
        found = [one.id for one in people if one.brincode == brincode_of(brin6)]
    return found[0] if len(found) == 1 else None


def _at(table: sa.Table, brincodes: Collection[str]) -> sa.ColumnElement[bool]:
    return sa.or_(*(table.c.brin6.startswith(one, autoescape=True) for one in brincodes))
