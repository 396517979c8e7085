"""Which persons of a school the rows of a source are: the known ones read from the database, the new ones given an id.

Nothing is written here: what has to be comes back as differences, to be written with the records of the year.
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
from uwlr_adapter.db import dialect


@dataclass(frozen=True, slots=True)
class ImportedSchool:
    """The persons of which school, and who of them is there outside the source."""

    brincode: str
    brin6s: frozenset[str]
    """The vestigingen that the source is about."""
    is_empty: bool
    """Whether nobody of it is here yet, so that nobody needs to be looked for."""


@dataclass(frozen=True, slots=True)
class Identified:
    """The persons of a delivery: ids in the order of the rows, but for those that are refused."""

    ids: list[int]
    eckids: TableDiff
    """Persons who have another ECK-iD now; it is written before the new ones, who may have the one that came free."""
    new: list[tuple[Any, ...]]
    """Rows of `persoon`."""
    source_keys: list[tuple[Any, ...]]
    """Rows of `source_key`."""
    warnings: list[Problem]

    @property
    def changed(self) -> frozenset[int]:
        """Whose ECK-iD changed."""
        return frozenset(self.eckids.values("id"))


def identify(connection: sa.Connection, delivery: Delivery, school: ImportedSchool) -> tuple[Identified, Identified]:
    """Match the leerlingen and the leerkrachten of a delivery with the persons that are known."""
    parts: tuple[tuple[PersonKind, Sequence[SourceRecord[Any]]], ...] = (
        (PersonKind.LEERLING, delivery.leerlingen),
        (PersonKind.LEERKRACHT, delivery.leerkrachten),
    )
    outcomes = {}
    for kind, source_records in parts:
        rows = [SourceRow(one.line, one.record.key, one.record.eckid) for one in source_records]
        outcomes[kind] = match(kind.value, rows, _known(connection, kind, school))
    wanted = sum(isinstance(one, NewPerson) for outcome in outcomes.values() for one in outcome.persons)
    new_ids = iter(dialect.take_ids(connection, persoon, wanted))
    leerlingen, leerkrachten = (
        _identified(connection, outcome, (kind.value, school.brincode), new_ids) for kind, outcome in outcomes.items()
    )
    return leerlingen, leerkrachten


def _identified(
    connection: sa.Connection, outcome: MatchResult, van: tuple[str, str], new_ids: Iterator[int]
) -> Identified:
    ids: list[int] = []
    new = []
    server_keys = [(*van, key, at) for key, at in outcome.aliases.items()]
    for one in outcome.persons:
        if not isinstance(one, NewPerson):
            ids.append(one)
            continue
        at = next(new_ids)
        ids.append(at)
        new.append((at, *van, one.key, one.eckid))
        if one.source_key is not None:
            server_keys.append((*van, one.source_key, at))
    return Identified(ids, _eckids(connection, outcome), new, server_keys, outcome.problems)


def _eckids(connection: sa.Connection, outcome: MatchResult) -> TableDiff:
    if not outcome.eckids:
        return TableDiff(persoon)
    query = sa.select(persoon).where(persoon.c.id.in_(outcome.eckids))
    before = [tuple(row) for row in connection.execute(query)]
    return TableDiff(persoon, changed=[(*row[:-1], outcome.eckids[row[0]]) for row in before], before=before)


def _known(connection: sa.Connection, kind: PersonKind, school: ImportedSchool) -> KnownPersons:
    """Give the persons of a school of one kind."""
    personen = [] if school.is_empty else _persons(connection, kind, school.brincode)
    is_leerling = kind is PersonKind.LEERLING
    verdwenen = forget.of_school(connection, school.brincode) if is_leerling and not school.is_empty else None
    is_vergeten = (lambda _key, _eckid: False) if verdwenen is None else verdwenen.knows
    if not personen:
        return KnownPersons(by_source_key={}, by_eckid={}, eckid_of={}, keys=frozenset(), is_forgotten=is_vergeten)
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
        by_eckid={eckid: at for at, _, eckid in personen if eckid is not None},
        eckid_of={at: eckid for at, _, eckid in personen},
        keys={key for _, key, _ in personen},
        is_forgotten=is_vergeten,
    )


def _persons(connection: sa.Connection, kind: PersonKind, brincode: str) -> list[tuple[int, str, str | None]]:
    query = sa.select(persoon.c.id, persoon.c.key, persoon.c.eckid).where(_of(persoon, kind, brincode))
    return [(at, key, eckid) for at, key, eckid in connection.execute(query)]


def _of(table: sa.Table, kind: PersonKind, brincode: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.soort == kind.value, table.c.brincode == brincode)
