"""The leerlingen of a school as a person looks for them, by name; by key `importing/persons.py` finds one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date

import sqlalchemy as sa

from uwlr_adapter.administratie.importing.diff import AT_ONCE
from uwlr_adapter.administratie.importing.naming import NAMES, fold, full_name
from uwlr_adapter.administratie.tables import PersonKind, deelname, groep, persoon, plaatsing
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.clock import schooljaar_of
from uwlr_adapter.db import bulk

MAX_FOUND = 50
"""The maximum number of leerlingen that a search finds (inclusive): more is no list to choose from."""


@dataclass(frozen=True, slots=True)
class KnownLeerling:
    """A leerling of a school as one year at a vestiging has it; without such a year only the key is known."""

    persoon_id: int
    key: str
    """The key that leaves."""
    naam: str = ""
    geboortedatum: date | None = None
    schooljaar: str | None = None
    groep: str | None = None
    """The name of the stamgroep in that year."""


@dataclass(frozen=True, slots=True)
class Search:
    """The leerlingen that a search by name finds; `more` is whether there were more than MAX_FOUND."""

    found: tuple[KnownLeerling, ...]
    more: bool


def is_leerling(connection: sa.Connection, brin6: str, persoon_id: int) -> bool:
    """Return whether a person is a leerling of the school of a vestiging."""
    return connection.scalar(sa.select(persoon.c.id).where(*_of_school(brin6), persoon.c.id == persoon_id)) is not None


def search(
    connection: sa.Connection,
    brin6: str,
    day: date,
    naam: str,
    groep: str = "",
    within: Collection[int] | None = None,
) -> Search:
    """Find the leerlingen of a vestiging by name, each word of it is part of a name, by the name of a groep, or both.

    With `within` only among the leerlingen with these ids. Names of leerlingen are compared folded, as an import does
    (`importing/naming.py`).
    """
    words = _folded(naam)
    if not words and not groep:
        return Search((), more=False)
    found = [one for one, folded in _present(connection, brin6, day, within) if all(word in folded for word in words)]
    if groep:
        found = [one for one in _with_groepen(connection, brin6, found) if one.groep == groep]
    return Search(_with_groepen(connection, brin6, found[:MAX_FOUND]), more=len(found) > MAX_FOUND)


def groepen_of(connection: sa.Connection, brin6: str, day: date) -> list[str]:
    """Return the names of the stamgroepen of a vestiging in the school year of a day, sorted."""
    own = groep.c
    query = sa.select(own.naam).where(own.brin6 == brin6, own.schooljaar == schooljaar_of(day), own.soort == "groep")
    return sorted(set(connection.scalars(query)))


def leerlingen(connection: sa.Connection, brin6: str, day: date, persons: Collection[int]) -> tuple[KnownLeerling, ...]:
    """Return these leerlingen of the school of a vestiging, by name; those who were never at it last, by key."""
    if not persons:
        return ()
    there = [one for one, _ in _present(connection, brin6, day, persons)]
    others = set(persons) - {one.persoon_id for one in there}
    rows = connection.execute(
        sa.select(persoon.c.id, persoon.c.key).where(*_of_school(brin6), persoon.c.id.in_(others))
    )
    elsewhere = sorted((KnownLeerling(*row) for row in rows), key=lambda one: one.key)
    return (*_with_groepen(connection, brin6, there), *elsewhere)


def _present(
    connection: sa.Connection, brin6: str, day: date, persons: Collection[int] | None = None
) -> list[tuple[KnownLeerling, str]]:
    """Return the leerlingen who have a year at a vestiging, by name; each with its folded names.

    The year is that of the day, else the last one before it, else the first one to come.
    """
    query = (
        sa.select(
            *(deelname.c.persoon_id, persoon.c.key, deelname.c.schooljaar, deelname.c.geboortedatum),
            *(deelname.c[name] for name in NAMES),
        )
        .join(persoon, persoon.c.id == deelname.c.persoon_id)
        .where(deelname.c.brin6 == brin6)
        .order_by(deelname.c.schooljaar)
    )
    if persons is not None:
        query = query.where(deelname.c.persoon_id.in_(persons))
    present, chosen = schooljaar_of(day), {}
    for row in connection.execute(query):
        if row.persoon_id not in chosen or row.schooljaar <= present:
            chosen[row.persoon_id] = row
    found = [
        (
            KnownLeerling(row.persoon_id, row.key, full_name(row), _day(row.geboortedatum), row.schooljaar),
            " ".join(_folded(" ".join(getattr(row, name) or "" for name in NAMES))),
        )
        for row in chosen.values()
    ]
    return sorted(found, key=lambda one: (_folded(one[0].naam), one[0].key))


def _with_groepen(connection: sa.Connection, brin6: str, found: Sequence[KnownLeerling]) -> tuple[KnownLeerling, ...]:
    ids = [one.persoon_id for one in found]
    groepen: dict[tuple[int, str | None], str] = {}
    for some in bulk.pieces(ids, AT_ONCE):
        query = (
            sa.select(plaatsing.c.persoon_id, plaatsing.c.schooljaar, groep.c.naam)
            .join(groep, sa.and_(*(groep.c[one] == plaatsing.c[two] for one, two in _IN_GROEP)))
            .where(
                plaatsing.c.brin6 == brin6,
                plaatsing.c.persoon_id.in_(some),
                groep.c.soort == "groep",
            )
        )
        groepen |= {(row.persoon_id, row.schooljaar): row.naam for row in connection.execute(query)}
    return tuple(replace(one, groep=groepen.get((one.persoon_id, one.schooljaar))) for one in found)


def _day(text: str | None) -> date | None:
    """Return the day of an xs:date, without its zone; None for one that Python cannot hold."""
    try:
        return None if text is None else date.fromisoformat(text[:10])
    except ValueError:
        return None


def _folded(text: str) -> tuple[str, ...]:
    """Return the words of a text as names are compared: without case, diacritics, hyphens and other signs."""
    return tuple(folded for word in text.split() if (folded := fold(word)))


def _of_school(brin6: str) -> tuple[sa.ColumnElement[bool], ...]:
    return persoon.c.soort == PersonKind.LEERLING, persoon.c.brincode == brincode_of(brin6)


_IN_GROEP = (("brin6", "brin6"), ("schooljaar", "schooljaar"), ("key", "groep_key"))
