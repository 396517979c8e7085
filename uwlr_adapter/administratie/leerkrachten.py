"""The leerkrachten of a school year, as a person who gives access looks for them."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from uwlr_adapter.administratie.importing.naming import NAMES, fold, full_name
from uwlr_adapter.administratie.tables import aanstelling, joined


@dataclass(frozen=True, slots=True)
class KnownLeerkracht:
    """A leerkracht of a school year at a vestiging, with the keys of the groepen that the source names."""

    persoon_id: int
    naam: str
    emailadres: str | None
    groepen: tuple[str, ...]


def list_of_year(connection: sa.Connection, brin6: str, schooljaar: str) -> list[KnownLeerkracht]:
    """Return the leerkrachten of a school year, by name as it is folded."""
    own = aanstelling.c
    query = sa.select(own.persoon_id, own.emailadres, own.groepen, *(own[name] for name in NAMES))
    rows = connection.execute(query.where(own.brin6 == brin6, own.schooljaar == schooljaar))
    found = (
        KnownLeerkracht(row.persoon_id, full_name(row), row.emailadres, tuple(one[1] for one in row.groepen))
        for row in rows
    )
    return sorted(found, key=lambda one: (fold(one.naam), one.persoon_id))


def now_of(connection: sa.Connection, ids: Collection[int]) -> dict[int, int]:
    """Return for each id of a person the one that it has now: of two who were joined each id is of the one."""
    rows = connection.execute(sa.select(joined.c.id, joined.c.persoon_id).where(joined.c.id.in_(ids)))
    became = {row[0]: row[1] for row in rows}
    return {id_: became.get(id_, id_) for id_ in ids}
