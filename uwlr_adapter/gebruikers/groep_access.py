"""The access of leerkrachten to the results of groepen: a row for each groep, of one vestiging and schooljaar.

It holds while the schooljaar runs and ends by itself: 31 July is the last day, in Amsterdam. Functions take the open
connection of the caller.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from uwlr_adapter.clock import FIRST_MONTH, day_of, from_utc, schooljaar_of, schooljaar_start, start_of, to_utc
from uwlr_adapter.gebruikers.tables import groep_access


@dataclass(frozen=True, slots=True)
class GroepAccess:
    """The access of a user to the results of one groep. `until` is exclusive; moments are timezone-aware."""

    brin6: str
    schooljaar: str
    groep_key: str
    groep_naam: str
    """As it was called when access was given."""
    until: datetime
    persoon_id: int | None
    given_by: str
    given_at: datetime

    def holds_at(self, moment: datetime) -> bool:
        """Return whether its schooljaar runs at a moment."""
        return moment < self.until and schooljaar_of(day_of(moment)) == self.schooljaar


@dataclass(frozen=True, slots=True)
class Taught:
    """The groepen of a schooljaar that access is given to, each with its key and name.

    `persoon_id` is the leerkracht of the records, if it is one.
    """

    schooljaar: str
    groepen: tuple[tuple[str, str], ...]
    persoon_id: int | None = None

    @property
    def keys(self) -> frozenset[str]:
        """The keys of the groepen."""
        return frozenset(key for key, _ in self.groepen)

    @property
    def until(self) -> datetime:
        """The moment at which access ends, exclusive."""
        return end_of(self.schooljaar)


def end_of(schooljaar: str) -> datetime:
    """Return the moment at which the 1 August after a schooljaar begins in Amsterdam. Raises ValueError."""
    start = schooljaar_start(schooljaar)
    if start is None:
        raise ValueError("a schooljaar is two consecutive years")
    return start_of(date(start + 1, FIRST_MONTH, 1))


def of_users(connection: sa.Connection, ids: Collection[int]) -> dict[int, tuple[GroepAccess, ...]]:
    """Return the access of users, also what has ended, by vestiging, schooljaar and name of the groep."""
    rows = connection.execute(sa.select(groep_access).where(groep_access.c.gebruiker_id.in_(ids)))
    found: dict[int, list[GroepAccess]] = {}
    for row in rows:
        one = GroepAccess(
            brin6=row.brin6,
            schooljaar=row.schooljaar,
            groep_key=row.groep_key,
            groep_naam=row.groep_naam,
            until=from_utc(row.until),
            persoon_id=row.persoon_id,
            given_by=row.given_by,
            given_at=from_utc(row.given_at),
        )
        found.setdefault(row.gebruiker_id, []).append(one)
    return {id_: tuple(sorted(rows, key=_order)) for id_, rows in found.items()}


def put(
    connection: sa.Connection, gebruiker_id: int, brin6: str, taught: Taught, given_by: str, moment: datetime
) -> None:
    """Replace the access of a user to groepen of a vestiging in a schooljaar; without groepen it is away."""
    own = groep_access.c
    connection.execute(
        groep_access.delete().where(
            own.gebruiker_id == gebruiker_id, own.brin6 == brin6, own.schooljaar == taught.schooljaar
        )
    )
    rows = [
        {
            "gebruiker_id": gebruiker_id,
            "brin6": brin6,
            "schooljaar": taught.schooljaar,
            "groep_key": key,
            "groep_naam": naam,
            "until": to_utc(taught.until),
            "persoon_id": taught.persoon_id,
            "given_by": given_by,
            "given_at": to_utc(moment),
        }
        for key, naam in taught.groepen
    ]
    if rows:
        connection.execute(groep_access.insert(), rows)


def take(connection: sa.Connection, gebruiker_id: int, brin6s: Collection[str]) -> None:
    """Take the access of a user to every groep of some vestigingen away, in each schooljaar."""
    own = groep_access.c
    connection.execute(groep_access.delete().where(own.gebruiker_id == gebruiker_id, own.brin6.in_(brin6s)))


def copy(connection: sa.Connection, brin6: str, into: str) -> set[int]:
    """Copy the groepen of each leerkracht of a vestiging to another one, which a fusie gave its records.

    Return the ids of the users. Who has groepen there in that schooljaar already keeps those.
    """
    there, own = groep_access.alias("there"), groep_access.c
    has_some = sa.exists().where(
        there.c.gebruiker_id == own.gebruiker_id, there.c.brin6 == into, there.c.schooljaar == own.schooljaar
    )
    rows = connection.execute(sa.select(groep_access).where(own.brin6 == brin6, ~has_some)).mappings().all()
    if rows:
        connection.execute(groep_access.insert(), [{**row, "brin6": into} for row in rows])
    return {row["gebruiker_id"] for row in rows}


def _order(one: GroepAccess) -> tuple[str, str, str, str]:
    return one.brin6, one.schooljaar, one.groep_naam, one.groep_key
