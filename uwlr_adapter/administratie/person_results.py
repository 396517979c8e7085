"""The results of persons who are erased everywhere go with them."""

from collections.abc import Collection, Iterable

import sqlalchemy as sa

from uwlr_adapter.administratie.importing.diff import AT_ONCE
from uwlr_adapter.administratie.result_tables import not_processed, resultaat, resultaat_versie
from uwlr_adapter.db import bulk


def erase(
    connection: sa.Connection, brincodes: Iterable[str], ids: Collection[int], identifiers: Collection[str]
) -> None:
    """Erase the results of persons of schools, by every id that they had, and what was not processed of their keys.

    A result that is of one of them now goes whole. One that was put right since, and is of somebody else, keeps the
    versions of that other person.
    """
    own = resultaat_versie.c
    for some in bulk.pieces(sorted(ids), AT_ONCE):
        whole = (
            sa.select(own.resultaat_id)
            .join(resultaat, sa.and_(resultaat.c.id == own.resultaat_id, resultaat.c.newest == own.number))
            .where(own.persoon_id.in_(some))
        )
        connection.execute(resultaat.delete().where(resultaat.c.id.in_(whole)))
        connection.execute(resultaat_versie.delete().where(own.persoon_id.in_(some)))
    brincodes = sorted(brincodes)
    at_schools = _at(not_processed, brincodes)
    for names in bulk.pieces(sorted(identifiers), AT_ONCE):
        connection.execute(not_processed.delete().where(at_schools, not_processed.c.leerlingid.in_(names)))
        told = resultaat.c.delivered_to.in_(names)
        connection.execute(resultaat.update().where(told, _at(resultaat, brincodes)).values(delivered_to=None))


def _at(table: sa.Table, brincodes: Collection[str]) -> sa.ColumnElement[bool]:
    return sa.or_(*(table.c.brin6.startswith(one, autoescape=True) for one in brincodes))
