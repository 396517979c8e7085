"""The effect of an act on the answers: who comes, who goes, and what becomes another value, per year of a vestiging.

Whoever changes records by hand sees it before the act is done: act inside a transaction, compare, and roll back.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import TypeAlias

import sqlalchemy as sa

from uwlr_adapter.administratie.importing.naming import full_name
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.selection import select
from uwlr_adapter.administratie.tables import PersonKind, aanstelling, deelname, groep
from uwlr_adapter.contract.dataset import Leerkracht, Leerling

Answers: TypeAlias = Mapping[SchoolYear, Mapping[tuple[PersonKind, str], Leerling | Leerkracht]]
"""The persons of each answer, with every field, by kind and by the key that leaves."""


@dataclass(frozen=True, slots=True)
class PersonEffect:
    """The effect on one person in one answer; `before` is None for one who comes, `after` for one who goes."""

    kind: PersonKind
    key: str
    before: Leerling | Leerkracht | None
    after: Leerling | Leerkracht | None

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that differ; none for a person who comes or goes."""
        if self.before is None or self.after is None:
            return ()
        before, after = _values(self.before), _values(self.after)
        return tuple(name for name, value in before.items() if after[name] != value)

    @property
    def naam(self) -> str:
        """The name of the person, as it was before if there was one."""
        return full_name(self.before or self.after)


@dataclass(frozen=True, slots=True)
class YearEffect:
    """The effect on the answer for one vestiging and schooljaar; persons in the order of their kind and key."""

    year: SchoolYear
    persons: tuple[PersonEffect, ...]


def answers_of(connection: sa.Connection, brincode: str, day: date) -> Answers:
    """Return what is answered for every year of every vestiging of a school on a day."""
    return {year: answer_of(connection, year, day) for year in years_of(connection, brincode)}


def years_of(connection: sa.Connection, brincode: str = "") -> list[SchoolYear]:
    """Return every year of every vestiging of a school, or of all, that has records, in ascending order."""
    years = sa.union(
        *(
            sa.select(table.c.brin6, table.c.schooljaar).where(table.c.brin6.startswith(brincode, autoescape=True))
            for table in (deelname, groep, aanstelling)
        )
    )
    return [SchoolYear(brin6, schooljaar) for brin6, schooljaar in sorted(map(tuple, connection.execute(years)))]


def answer_of(
    connection: sa.Connection, year: SchoolYear, day: date, without: frozenset[int] = frozenset()
) -> Mapping[tuple[PersonKind, str], Leerling | Leerkracht]:
    """Return the persons who are answered for one year of a vestiging on a day, `without` some ids of persons."""
    dataset = select(
        connection, brin6=year.brin6, schooljaar=year.schooljaar, day=day, aanmaakdatum="", without=without
    )
    persons: dict[tuple[PersonKind, str], Leerling | Leerkracht] = {}
    if dataset is not None:
        persons |= {(PersonKind.LEERLING, one.key): one for one in dataset.leerlingen}
        persons |= {(PersonKind.LEERKRACHT, one.key): one for one in dataset.leerkrachten}
    return persons


def answers_without(
    connection: sa.Connection, brin6: str, day: date, persons: Collection[int], without: frozenset[int]
) -> Answers:
    """Return what is answered for a vestiging on a day without some persons, for the years in which `persons` are."""
    query = sa.select(deelname.c.schooljaar).where(deelname.c.brin6 == brin6, deelname.c.persoon_id.in_(persons))
    years = [SchoolYear(brin6, schooljaar) for schooljaar in sorted(set(connection.scalars(query)))]
    return {year: answer_of(connection, year, day, without) for year in years}


def effect(before: Answers, after: Answers) -> tuple[YearEffect, ...]:
    """Return what differs between two states of one school, for each year that differs."""
    years = sorted({*before, *after}, key=lambda year: (year.brin6, year.schooljaar))
    found = (YearEffect(year, tuple(_differences(before.get(year, {}), after.get(year, {})))) for year in years)
    return tuple(one for one in found if one.persons)


def _differences(
    before: Mapping[tuple[PersonKind, str], Leerling | Leerkracht],
    after: Mapping[tuple[PersonKind, str], Leerling | Leerkracht],
) -> Iterable[PersonEffect]:
    for kind, key in sorted({*before, *after}):
        was, is_ = before.get((kind, key)), after.get((kind, key))
        if was != is_:
            yield PersonEffect(kind, key, was, is_)


def _values(record: Leerling | Leerkracht) -> dict[str, object]:
    names = record._fields if isinstance(record, Leerling) else [field.name for field in fields(record)]
    return {name: getattr(record, name) for name in names}
