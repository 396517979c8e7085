"""The groepen of a vestiging in a school year, by name, and who is in one."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from uwlr_adapter.administratie import enrolment
from uwlr_adapter.administratie.tables import groep, plaatsing


@dataclass(frozen=True, slots=True)
class KnownGroep:
    """A groep, or a samengestelde groep, of one school year."""

    key: str
    """As the records name it."""
    naam: str
    is_stamgroep: bool


def years_of(connection: sa.Connection, brin6: str) -> list[str]:
    """Return the school years in which a vestiging has groepen, the last one first."""
    query = sa.select(groep.c.schooljaar).where(groep.c.brin6 == brin6).distinct()
    return sorted(connection.scalars(query), reverse=True)


def groepen_in(connection: sa.Connection, brin6: str, schooljaar: str) -> list[KnownGroep]:
    """Return the groepen of a year: the stamgroepen first, each kind by name."""
    query = sa.select(groep.c.key, groep.c.naam, groep.c.soort).where(
        groep.c.brin6 == brin6, groep.c.schooljaar == schooljaar
    )
    found = [KnownGroep(row.key, row.naam, row.soort == "groep") for row in connection.execute(query)]
    return sorted(found, key=lambda one: (not one.is_stamgroep, one.naam, one.key))


def leerlingen_in(connection: sa.Connection, brin6: str, schooljaar: str, key: str) -> list[int]:
    """Return the ids of the leerlingen of a groep, ascending."""
    own = plaatsing.c
    query = sa.select(own.persoon_id).where(own.brin6 == brin6, own.schooljaar == schooljaar, own.groep_key == key)
    return sorted(set(connection.scalars(query)))


def present_in(
    connection: sa.Connection, brin6: str, schooljaar: str, keys: Collection[str], day: date
) -> dict[str, frozenset[int]]:
    """Return by key the ids of the leerlingen of some groepen who take part on a day: who left is not among them."""
    own = plaatsing.c
    query = sa.select(own.groep_key, own.persoon_id).where(
        own.brin6 == brin6, own.schooljaar == schooljaar, own.groep_key.in_(sorted(keys))
    )
    there = enrolment.answered(connection, brin6=brin6, schooljaar=schooljaar, day=day)["leerlingen"]
    found: dict[str, set[int]] = {key: set() for key in keys}
    for key, persoon_id in connection.execute(query):
        if persoon_id in there:
            found[key].add(persoon_id)
    return {key: frozenset(ids) for key, ids in found.items()}
