"""Niet delen: the persons who are withheld from one koppeling.

A leerling is withheld by an act on the koppeling (`koppelingen/actions.py`). It holds for the person, over imports, new
keys and school years, until it is taken back, the koppeling ends, or the leerling is forgotten.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from uwlr_adapter.administratie.tables import withheld
from uwlr_adapter.db.statements import Query, Row, SelectStatement


def persons_query(koppeling_id: int) -> Query:
    """Return the query for the persons who are withheld from a koppeling; `persons_of` reads its rows."""
    return Query(_PERSONS, {"koppeling_id": koppeling_id})


def persons_of(rows: Sequence[Row]) -> frozenset[int]:
    """Return the ids of the persons in the rows of `persons_query`."""
    return frozenset(row[0] for row in rows)


def withheld_from(connection: sa.Connection, koppeling_id: int) -> frozenset[int]:
    """Return the ids of the persons who are withheld from a koppeling."""
    return frozenset(
        connection.scalars(sa.select(withheld.c.persoon_id).where(withheld.c.koppeling_id == koppeling_id))
    )


def add(connection: sa.Connection, koppeling_id: int, persoon_id: int) -> None:
    """Withhold a person from a koppeling."""
    connection.execute(withheld.insert().values(koppeling_id=koppeling_id, persoon_id=persoon_id))


def remove(connection: sa.Connection, koppeling_id: int, persoon_id: int | None = None) -> None:
    """Take back that a person is withheld from a koppeling, or that anybody is."""
    query = withheld.delete().where(withheld.c.koppeling_id == koppeling_id)
    connection.execute(query if persoon_id is None else query.where(withheld.c.persoon_id == persoon_id))


_PERSONS = SelectStatement(
    sa.select(withheld.c.persoon_id).where(withheld.c.koppeling_id == sa.bindparam("koppeling_id", type_=sa.Integer))
)
