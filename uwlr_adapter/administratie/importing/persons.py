"""One person of a school: found by key, and all that is known of one, year by year."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie import enrolment
from uwlr_adapter.administratie.importing.naming import NAMELESS, Naming, full_name
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.tables import (
    LEERKRACHT_COLUMNS,
    LEERLING_COLUMNS,
    PersonKind,
    aanstelling,
    deelname,
    groep,
    import_question,
    inschrijving,
    locatie,
    persoon,
    plaatsing,
    source_key,
)
from uwlr_adapter.contract.dataset import Leerkracht, Leerling
from uwlr_adapter.errors import RefusedError

RECORDS = {PersonKind.LEERLING: deelname, PersonKind.LEERKRACHT: aanstelling}
"""The table of the years of a person, by kind."""
_COLUMNS = {PersonKind.LEERLING: LEERLING_COLUMNS, PersonKind.LEERKRACHT: LEERKRACHT_COLUMNS}


class PersonError(RefusedError):
    """An act on a person is refused; the text is for the operator, whose terminal may show keys and names."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person: the key that leaves, the ECK-iD, the keys by which sources name the person, and the names.

    `naming` has the names and the date of birth that were imported last, in any year and at any vestiging.
    """

    id: int
    kind: PersonKind
    brincode: str
    key: str
    eckid: str | None
    source_keys: tuple[str, ...]
    naming: Naming = NAMELESS

    @property
    def aliases(self) -> tuple[str, ...]:
        """The keys of sources that are not the key that leaves."""
        return tuple(key for key in self.source_keys if key != self.key)


@dataclass(frozen=True, slots=True)
class PersonPeriod:
    """One enrolment: from `van` (inclusive) to `tot` (exclusive); None is open."""

    van: date | None
    tot: date | None
    gast: bool


@dataclass(frozen=True, slots=True)
class PersonGroep:
    """A groep of a person in one year; `rollen` are those of a leerkracht in that groep, as text."""

    key: str
    soort: str
    naam: str
    rollen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonYear:
    """All that is known of a person in one schooljaar of one vestiging."""

    year: SchoolYear
    answered: bool
    """Whether the answer of the day has the person."""
    fields: dict[str, str]
    """The fields that have a value, by attribute of the record."""
    groepen: tuple[PersonGroep, ...] = ()
    locatie: str | None = None
    """The naam of the locatie."""
    periods: tuple[PersonPeriod, ...] = ()
    rollen: tuple[str, ...] = ()


def get(connection: sa.Connection, kind: PersonKind, brincode: str, key: str) -> Person:
    """Return the person who is sent with a key, else the one whom a source names by it. Raises PersonError."""
    named = sa.select(source_key.c.persoon_id).where(*_of(source_key, kind, brincode), source_key.c.key == key)
    query = sa.select(persoon).where(
        *_of(persoon, kind, brincode), sa.or_(persoon.c.key == key, persoon.c.id.in_(named))
    )
    found = sorted(connection.execute(query), key=lambda row: row.key != key)
    if not found:
        raise PersonError(f"no {kind.value} of {brincode} has that key{_asked(connection, kind, brincode, key)}")
    return _person(connection, found[0])


def _asked(connection: sa.Connection, kind: PersonKind, brincode: str, key: str) -> str:
    """Return where to look when a key is that of no more than a question."""
    same = (*_of(import_question, kind, brincode), import_question.c.source_key == key)
    found = connection.scalar(sa.select(import_question.c.id).where(*same).limit(1))
    return "" if found is None else f": who has it is a question (`uwlr-adapter import questions {brincode}`)"


def named_by_source(connection: sa.Connection, kind: PersonKind, brincode: str, key: str) -> Person | None:
    """Return the person whom a source names by a key, or None; `get` may give the one who is sent with it instead."""
    same = (*_of(source_key, kind, brincode), source_key.c.key == key)
    query = sa.select(persoon).join(source_key, source_key.c.persoon_id == persoon.c.id).where(*same)
    row = connection.execute(query).one_or_none()
    return None if row is None else _person(connection, row)


def all_of(connection: sa.Connection, kind: PersonKind, brincode: str) -> list[Person]:
    """Return every person of a kind and school, in the order in which they came."""
    keys: dict[int, list[str]] = {}
    for key, id_ in connection.execute(
        sa.select(source_key.c.key, source_key.c.persoon_id).where(*_of(source_key, kind, brincode))
    ):
        keys.setdefault(id_, []).append(key)
    query = sa.select(persoon).where(*_of(persoon, kind, brincode)).order_by(persoon.c.id)
    return [
        Person(row.id, kind, brincode, row.key, row.eckid, tuple(sorted(keys.get(row.id, ()))), _naming(row))
        for row in connection.execute(query)
    ]


def find_by_eckid(connection: sa.Connection, kind: PersonKind, brincode: str, eckid: str) -> Person | None:
    """Return the person of a school who has an ECK-iD, or None."""
    query = sa.select(persoon).where(*_of(persoon, kind, brincode), persoon.c.eckid == eckid)
    row = connection.execute(query).one_or_none()
    return None if row is None else _person(connection, row)


def years_of(connection: sa.Connection, person: Person) -> list[SchoolYear]:
    """Return the years in which a person has a record, the newest schooljaar first, then by vestiging."""
    table = RECORDS[person.kind]
    query = sa.select(table.c.brin6, table.c.schooljaar).where(table.c.persoon_id == person.id)
    years = sorted(map(tuple, connection.execute(query)))
    return [SchoolYear(*year) for year in sorted(years, key=lambda year: year[1], reverse=True)]


def vestigingen_of(connection: sa.Connection, ids: Collection[int]) -> set[str]:
    """Return the vestigingen where persons of either kind have a record, given by id."""
    queries = [sa.select(table.c.brin6).where(table.c.persoon_id.in_(ids)) for table in RECORDS.values()]
    return set(connection.scalars(sa.union(*queries))) if ids else set()


def name_of(connection: sa.Connection, person: Person) -> str:
    """Return the name of a person in the newest record; `?` for one without a record or a name."""
    record = record_of(connection, person)
    return "?" if record is None else full_name(record) or "?"


def record_of(connection: sa.Connection, person: Person) -> Leerling | Leerkracht | None:
    """Return the newest record of a person, without groepen and rollen; None for one without a record."""
    table = RECORDS[person.kind]
    query = sa.select(table).where(table.c.persoon_id == person.id).order_by(table.c.schooljaar.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    values = {name: getattr(row, name) for name in _COLUMNS[person.kind]}
    make: type[Leerling | Leerkracht] = Leerling if person.kind is PersonKind.LEERLING else Leerkracht
    return make(key=person.key, eckid=person.eckid, **values)


def show(connection: sa.Connection, person: Person, day: date) -> list[PersonYear]:
    """Return all that is known of a person, in the order of `years_of`."""
    table = RECORDS[person.kind]
    found = []
    for year in years_of(connection, person):
        where = [table.c[name] == value for name, value in year.columns().items()]
        row = connection.execute(sa.select(table).where(*where, table.c.persoon_id == person.id)).one()
        names = {naam.key: naam for naam in connection.execute(_in(groep, year))}
        values = {name: getattr(row, name) for name in _COLUMNS[person.kind]}
        answered = answered_of(connection, person.kind, year, day)
        common = (year, person.id in answered, {name: value for name, value in values.items() if value is not None})
        if person.kind is PersonKind.LEERLING:
            found.append(PersonYear(*common, **_leerling(connection, person, year, row.locatie_key, names)))
        else:
            groepen = tuple(_groep(names, key, soort, rollen) for soort, key, rollen in row.groepen)
            found.append(PersonYear(*common, groepen=groepen, rollen=_rollen(row.rollen)))
    return found


def answered_of(connection: sa.Connection, kind: PersonKind, year: SchoolYear, day: date) -> frozenset[object]:
    """Return the ids of the persons of a kind who are answered for a year on a day."""
    leerlingen = enrolment.answered(connection, brin6=year.brin6, schooljaar=year.schooljaar, day=day)["leerlingen"]
    if kind is PersonKind.LEERLING or not leerlingen:  # without leerlingen there is no answer
        return leerlingen
    return frozenset(row.persoon_id for row in connection.execute(_in(aanstelling, year)))


def _leerling(
    connection: sa.Connection, person: Person, year: SchoolYear, locatie_key: str | None, names: dict[str, Any]
) -> dict[str, Any]:
    """Return the parts of a year that only a leerling has."""
    periods, places = (
        connection.execute(_in(table, year).where(table.c.persoon_id == person.id).order_by(table.c.volgorde)).all()
        for table in (inschrijving, plaatsing)
    )
    naam = connection.scalar(_in(locatie, year).where(locatie.c.key == locatie_key).with_only_columns(locatie.c.naam))
    return {
        "groepen": tuple(_groep(names, row.groep_key, "") for row in places),
        "locatie": naam,
        "periods": tuple(PersonPeriod(row.van, row.tot, row.gast) for row in periods),
    }


def _groep(names: dict[str, Any], key: str, soort: str, rollen: Iterable[Iterable[str]] = ()) -> PersonGroep:
    known = names.get(key)
    return PersonGroep(
        key, soort if known is None else known.soort, "" if known is None else known.naam, _rollen(rollen)
    )


def _rollen(stored: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(": ".join(one) for one in stored)


def _in(table: sa.Table, year: SchoolYear) -> sa.Select[Any]:
    return sa.select(table).where(*(table.c[name] == value for name, value in year.columns().items()))


def _person(connection: sa.Connection, row: sa.Row[Any]) -> Person:
    keys = connection.scalars(sa.select(source_key.c.key).where(source_key.c.persoon_id == row.id))
    return Person(row.id, PersonKind(row.soort), row.brincode, row.key, row.eckid, tuple(sorted(keys)), _naming(row))


def _naming(row: sa.Row[Any]) -> Naming:
    return Naming(row.roepnaam, row.achternaam, row.geboortedatum)


def _of(table: sa.Table, kind: PersonKind, brincode: str) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.soort == kind.value, table.c.brincode == brincode
