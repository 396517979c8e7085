"""Identification of the persons in a delivery: the known ones are read from the database, the new ones get an id.

Nothing is written here; the result holds the rows and differences that are written with the records of the year.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.importing import forget
from uwlr_adapter.administratie.importing.diff import TableDiff
from uwlr_adapter.administratie.importing.match import KnownPersons, MatchResult, NewPerson, SourceRow, match
from uwlr_adapter.administratie.model import Delivery, Problem, SourceRecord
from uwlr_adapter.administratie.tables import PersonKind, aanstelling, deelname, persoon, source_key
from uwlr_adapter.db import bulk


@dataclass(frozen=True, slots=True)
class ImportedSchool:
    """The school that a source is about."""

    brincode: str
    brin6s: frozenset[str]
    """The vestigingen of the source."""
    is_empty: bool
    """Whether the school has no persons yet, so that the queries for them are skipped."""


@dataclass(frozen=True, slots=True)
class Identified:
    """The persons of one kind in a delivery."""

    ids: list[int]
    """One id for each row that is not refused, in the order of the rows."""
    eckids: TableDiff
    """The change of ECK-iDs of known persons; written before the new persons, who may have an ECK-iD that came free."""
    new: list[tuple[Any, ...]]
    """Rows of `persoon`."""
    source_keys: list[tuple[Any, ...]]
    """Rows of `source_key`."""
    warnings: list[Problem]

    @property
    def changed(self) -> frozenset[int]:
        """The ids of the persons whose ECK-iD changed."""
        return frozenset(self.eckids.values("id"))


def identify(connection: sa.Connection, delivery: Delivery, school: ImportedSchool) -> tuple[Identified, Identified]:
    """Return the leerlingen and the leerkrachten of a delivery, matched with the known persons of the school."""
    parts: tuple[tuple[PersonKind, Sequence[SourceRecord[Any]]], ...] = (
        (PersonKind.LEERLING, delivery.leerlingen),
        (PersonKind.LEERKRACHT, delivery.leerkrachten),
    )
    results = {}
    for kind, sources in parts:
        rows = [SourceRow(source.line, source.record.key, source.record.eckid) for source in sources]
        results[kind] = match(kind.value, rows, _known(connection, kind, school))
    new_count = sum(isinstance(person, NewPerson) for result in results.values() for person in result.persons)
    new_ids = iter(bulk.take_ids(connection, persoon, new_count))
    leerlingen, leerkrachten = (
        _identified(connection, result, (kind.value, school.brincode), new_ids) for kind, result in results.items()
    )
    return leerlingen, leerkrachten


def _identified(
    connection: sa.Connection, result: MatchResult, owner: tuple[str, str], new_ids: Iterator[int]
) -> Identified:
    """Return the rows to write for a match; `owner` is the kind and the brincode of its persons."""
    ids: list[int] = []
    new = []
    source_keys = [(*owner, key, id_) for key, id_ in result.aliases.items()]
    for person in result.persons:
        if not isinstance(person, NewPerson):
            ids.append(person)
            continue
        id_ = next(new_ids)
        ids.append(id_)
        new.append((id_, *owner, person.key, person.eckid))
        if person.source_key is not None:
            source_keys.append((*owner, person.source_key, id_))
    return Identified(ids, _eckids(connection, result), new, source_keys, result.problems)


def _eckids(connection: sa.Connection, result: MatchResult) -> TableDiff:
    if not result.eckids:
        return TableDiff(persoon)
    query = sa.select(persoon).where(persoon.c.id.in_(result.eckids))
    before = [tuple(row) for row in connection.execute(query)]
    return TableDiff(persoon, changed=[(*row[:-1], result.eckids[row[0]]) for row in before], before=before)


def _known(connection: sa.Connection, kind: PersonKind, school: ImportedSchool) -> KnownPersons:
    """Return the known persons of one kind of a school."""
    persons = [] if school.is_empty else _persons(connection, kind, school.brincode)
    is_leerling = kind is PersonKind.LEERLING
    forgotten = None if school.is_empty else forget.of_school(connection, school.brincode, kind)
    is_forgotten = (lambda _key, _eckid: False) if forgotten is None else forgotten.knows
    if not persons:
        return KnownPersons(by_source_key={}, by_eckid={}, eckid_of={}, keys=frozenset(), is_forgotten=is_forgotten)
    source_keys = connection.execute(
        sa.select(source_key.c.key, source_key.c.persoon_id).where(_of(source_key, kind, school.brincode))
    )
    records = deelname if is_leerling else aanstelling
    elsewhere = (
        sa.select(records.c.persoon_id)
        .join(persoon, persoon.c.id == records.c.persoon_id)
        .where(_of(persoon, kind, school.brincode), records.c.brin6.not_in(school.brin6s))
        .distinct()
    )
    return KnownPersons(
        elsewhere=frozenset(connection.scalars(elsewhere)),
        by_source_key={row.key: row.persoon_id for row in source_keys},
        by_eckid={eckid: id_ for id_, _, eckid in persons if eckid is not None},
        eckid_of={id_: eckid for id_, _, eckid in persons},
        keys={key for _, key, _ in persons},
        is_forgotten=is_forgotten,
    )


def _persons(connection: sa.Connection, kind: PersonKind, brincode: str) -> list[tuple[int, str, str | None]]:
    """Return the id, the key and the ECK-iD of each person."""
    query = sa.select(persoon.c.id, persoon.c.key, persoon.c.eckid).where(_of(persoon, kind, brincode))
    return [(id_, key, eckid) for id_, key, eckid in connection.execute(query)]


def _of(table: sa.Table, kind: PersonKind, brincode: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.soort == kind.value, table.c.brincode == brincode)
