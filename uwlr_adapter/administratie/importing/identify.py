"""Identification of the persons in a delivery: the known ones are read from the database, the new ones get an id.

Nothing is written here; the result holds the rows and differences that are written with the records of the year.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.importing.diff import TableDiff, TableRow, rows_with
from uwlr_adapter.administratie.importing.forgotten import forgotten_of
from uwlr_adapter.administratie.importing.match import (
    AskedRow,
    Contested,
    Doubt,
    KnownPerson,
    KnownPersons,
    MatchResult,
    NewPerson,
    SourceRow,
    Unmatched,
    match,
)
from uwlr_adapter.administratie.importing.naming import Naming, naming_of
from uwlr_adapter.administratie.importing.used_keys import used_keys_of
from uwlr_adapter.administratie.model import Delivery, Problem, Severity, SourceRecord
from uwlr_adapter.administratie.tables import PersonKind, aanstelling, deelname, persoon, source_key
from uwlr_adapter.db import bulk


@dataclass(frozen=True, slots=True)
class ImportedSchool:
    """The school that a source is about."""

    brincode: str
    is_empty: bool
    """Whether the school has no persons yet, so that the queries for them are skipped."""


@dataclass(frozen=True, slots=True)
class ContestedRow:
    """A row of a delivery of which it is not certain who it is: its place (from 0) and its identifiers."""

    kind: PersonKind
    place: int
    row: SourceRow
    contested: Contested


@dataclass(frozen=True, slots=True)
class Identified:
    """The persons of one kind in one delivery."""

    ids: list[int]
    """One id for each row that is not contested, in the order of the rows."""
    contested: list[ContestedRow]
    held: frozenset[int]
    """Known persons whom a contested row may be, and no other row is: they stay as last confirmed."""
    warnings: list[Problem]
    questions: list[tuple[Doubt, Problem]]
    """A warning for each contested row, with its doubt; of a row in several deliveries with the first of them."""
    changed: frozenset[int]
    """The ids of the known persons in the delivery whose ECK-iD changes."""


@dataclass(frozen=True, slots=True)
class Persons:
    """The persons of one kind in deliveries that were matched together."""

    kind: PersonKind
    brincode: str
    deliveries: tuple[Identified, ...]
    """One for each delivery, in their order."""
    count: int
    """The number of rows, those that occur in several deliveries once."""
    _known: "_Known"
    _result: MatchResult
    _new: list[TableRow]
    _new_keys: dict[str, int]

    @property
    def renames(self) -> bool:
        """Whether the names or the date of birth of a known person differ from those that were imported last."""
        return bool(self._result.namings)

    @property
    def contested(self) -> int:
        """The number of contested rows."""
        return len(self._result.questions)

    def diffs(self) -> list[TableDiff]:
        """Return the changes of known persons, and the new ones, in the order in which they can be written."""
        freed, changed = _person_diffs(self._known.rows, self._result.eckids, {}, [row[4] for row in self._new])
        keys = {**self._result.source_keys, **self._new_keys}
        before = self._known.known.by_source_key
        return [
            freed,
            changed,
            TableDiff(persoon, self._new),
            source_key_diff(self.kind, self.brincode, keys, before),
        ]

    def namings(self, fresh: Collection[int]) -> TableDiff:
        """Return the change of the names and dates of birth by which known persons are recognised.

        They become those of the deliveries for persons with another row than before, whose ids are in `fresh`: two
        vestigingen that contradict each other do not take turns.
        """
        namings = {id_: naming for id_, naming in self._result.namings.items() if id_ in fresh}
        rows = {id_: self._known.rows[id_] for id_ in namings}
        rows = {id_: (*row[:4], self._result.eckids.get(id_, row[4]), *row[5:]) for id_, row in rows.items()}
        return _person_diffs(rows, {}, namings)[1]


@dataclass(frozen=True, slots=True)
class People:
    """The persons of both kinds in one delivery."""

    leerlingen: Identified
    leerkrachten: Identified

    @property
    def both(self) -> tuple[Identified, Identified]:
        """The two kinds."""
        return self.leerlingen, self.leerkrachten

    @property
    def ids(self) -> Mapping[PersonKind, Sequence[int]]:
        """One id for each row that is not contested, in the order of the rows, by kind."""
        return {PersonKind.LEERLING: self.leerlingen.ids, PersonKind.LEERKRACHT: self.leerkrachten.ids}

    @property
    def contested(self) -> list[ContestedRow]:
        """The contested rows."""
        return [row for one in self.both for row in one.contested]

    @property
    def held(self) -> frozenset[int]:
        """Known persons whom a contested row may be, and no other row is."""
        return self.leerlingen.held | self.leerkrachten.held

    @property
    def warnings(self) -> list[Problem]:
        """The problems of the rows that are no questions."""
        return [problem for one in self.both for problem in one.warnings]

    @property
    def questions(self) -> list[tuple[Doubt, Problem]]:
        """A warning for each contested row, with its doubt."""
        return [question for one in self.both for question in one.questions]


@dataclass(frozen=True, slots=True)
class PeopleOfSource:
    """The persons of both kinds in deliveries that were matched together."""

    leerlingen: Persons
    leerkrachten: Persons

    @property
    def both(self) -> tuple[Persons, Persons]:
        """The two kinds."""
        return self.leerlingen, self.leerkrachten

    @property
    def deliveries(self) -> list[People]:
        """The persons of each delivery, in the order of the deliveries."""
        return [People(*both) for both in zip(self.leerlingen.deliveries, self.leerkrachten.deliveries, strict=True)]

    @property
    def count(self) -> int:
        """The number of rows, those that occur in several deliveries once."""
        return self.leerlingen.count + self.leerkrachten.count

    @property
    def contested(self) -> int:
        """The number of contested rows, counted in the same way."""
        return self.leerlingen.contested + self.leerkrachten.contested

    @property
    def renames(self) -> bool:
        """Whether the names or the date of birth of a known person differ from those that were imported last."""
        return self.leerlingen.renames or self.leerkrachten.renames

    def diffs(self) -> list[TableDiff]:
        """Return the changes of known persons, and the new ones, in the order in which they can be written."""
        return [diff for one in self.both for diff in one.diffs()]

    def namings(self, fresh: Collection[int]) -> list[TableDiff]:
        """Return the changes of the names by which known persons are recognised, as `Persons.namings` does."""
        return [one.namings(fresh) for one in self.both]


@dataclass(frozen=True, slots=True)
class _Known:
    """The known persons, and their rows of `persoon` by id."""

    known: KnownPersons
    rows: Mapping[int, TableRow]


def source_key_diff(kind: PersonKind, brincode: str, named: Mapping[str, int], before: Mapping[str, int]) -> TableDiff:
    """Return the difference that makes each source key name a person; `before` has whom known keys name now."""
    changed = [key for key in named if key in before and before[key] != named[key]]
    return TableDiff(
        source_key,
        added=[(kind.value, brincode, key, id_) for key, id_ in named.items() if key not in before],
        changed=[(kind.value, brincode, key, named[key]) for key in changed],
        before=[(kind.value, brincode, key, before[key]) for key in changed],
    )


def _person_diffs(
    rows: Mapping[int, TableRow],
    eckids: Mapping[int, str | None],
    namings: Mapping[int, Naming],
    wanted: Iterable[str | None] = (),
) -> tuple[TableDiff, TableDiff]:
    """Return the differences that change ECK-iDs and namings of known persons, given as rows of `persoon`.

    The first one takes away the ECK-iDs that go to somebody else: two persons may not have one for a moment.
    `wanted` are the ECK-iDs of new persons.
    """
    passed_on = {*eckids.values(), *wanted}
    freed = [id_ for id_ in eckids if rows[id_][4] is not None and rows[id_][4] in passed_on]
    before = dict(rows)
    for id_ in freed:
        before[id_] = (*rows[id_][:4], None, *rows[id_][5:])
    changed, previous = [], []
    for id_ in dict.fromkeys(chain(eckids, namings)):
        row = before[id_]
        new = (*row[:4], eckids.get(id_, row[4]), *namings.get(id_, row[5:]))
        if new != row:
            changed.append(new)
            previous.append(row)
    return (
        TableDiff(persoon, changed=[before[id_] for id_ in freed], before=[rows[id_] for id_ in freed]),
        TableDiff(persoon, changed=changed, before=previous),
    )


def change_persons(
    connection: sa.Connection, ids: Iterable[int], eckids: Mapping[int, str | None], namings: Mapping[int, Naming]
) -> tuple[TableDiff, TableDiff]:
    """Return the differences that give these known persons other ECK-iDs and namings, in the order to write them.

    `ids` are all persons among whom ECK-iDs move.
    """
    query = sa.select(persoon).where(persoon.c.id.in_(list(ids)))
    return _person_diffs({row.id: tuple(row) for row in connection.execute(query)}, eckids, namings)


def identify(
    connection: sa.Connection,
    deliveries: Sequence[Delivery],
    school: ImportedSchool,
    brin6s: Collection[str],
    asked: Callable[[PersonKind], Mapping[AskedRow, Contested]],
    unmatched: Unmatched = Unmatched.ASK,
) -> PeopleOfSource:
    """Return the persons of deliveries, matched together with the known persons of the school.

    Each person must have the same identifiers and names in all of them (`are_one`). `brin6s` are their vestigingen;
    `asked` returns the open questions of the school about one kind.
    """
    parts: list[tuple[PersonKind, list[list[SourceRow]]]] = [
        (PersonKind.LEERLING, [_rows(delivery.leerlingen) for delivery in deliveries]),
        (PersonKind.LEERKRACHT, [_rows(delivery.leerkrachten) for delivery in deliveries]),
    ]
    found = []
    for kind, rows_of in parts:
        known = _known(connection, kind, school, asked(kind))
        rows = rows_of[0]
        if len(rows_of) > 1:
            rows = list({_name(row): row for row in chain.from_iterable(reversed(rows_of))}.values())
        result = match(kind, rows, known.known, unmatched=unmatched)
        _tell_corrections(connection, result, kind, brin6s)
        found.append((kind, rows_of, rows, known, result))
    new_count = sum(isinstance(person, NewPerson) for *_, result in found for person in result.persons)
    new_ids = iter(bulk.take_ids(connection, persoon, new_count))
    return PeopleOfSource(*(_persons(*one, school.brincode, new_ids) for one in found))


def are_one(deliveries: Sequence[Delivery]) -> bool:
    """Return whether each person of these deliveries has the same identifiers and names in all of them."""
    if len(deliveries) == 1:
        return True
    kinds: tuple[list[Sequence[SourceRecord[Any]]], ...] = (
        [delivery.leerlingen for delivery in deliveries],
        [delivery.leerkrachten for delivery in deliveries],
    )
    for parts in kinds:
        rows: dict[str, SourceRow] = {}
        names: dict[str, str] = {}
        for row in chain.from_iterable(map(_rows, parts)):
            name = _name(row)
            if rows.setdefault(name, row)[2:] != row[2:]:
                return False
            if row.eckid is not None and names.setdefault(row.eckid, name) != name:
                return False
    return True


def _rows(sources: Sequence[SourceRecord[Any]]) -> list[SourceRow]:
    return [
        SourceRow(source.line, source.record.key, source.record.eckid, naming_of(source.record)) for source in sources
    ]


def _name(row: SourceRow) -> str:
    """Return what a row has in all deliveries of a source: its key, or of a dummy the ECK-iD."""
    return row.key if not row.is_dummy or row.eckid is None else f"{row.key[0]}{row.eckid}"


def _persons(
    kind: PersonKind,
    rows_of: Sequence[Sequence[SourceRow]],
    rows: Sequence[SourceRow],
    known: _Known,
    result: MatchResult,
    brincode: str,
    new_ids: Iterator[int],
) -> Persons:
    """Return the persons of a match by delivery; `rows_of` are the rows of each, `rows` those that were matched."""
    new: list[TableRow] = []
    new_keys: dict[str, int] = {}
    people: list[int | Contested] = []
    for person in result.persons:
        if not isinstance(person, NewPerson):
            people.append(person)
            continue
        id_ = next(new_ids)
        people.append(id_)
        new.append((id_, kind.value, brincode, person.key, person.eckid, *person.naming))
        if person.source_key is not None:
            new_keys[person.source_key] = id_
    if len(rows_of) == 1:
        in_order = [people]
    else:
        by_name = {_name(row): person for row, person in zip(rows, people, strict=True)}
        in_order = [[by_name[_name(row)] for row in own] for own in rows_of]
    changed = frozenset(result.eckids)
    told: set[int] = set()
    deliveries = []
    for own, persons in zip(rows_of, in_order, strict=True):
        lines = {row.line for row in own} - told if result.problems or result.questions else set()
        told |= lines
        contested = []
        if result.questions:
            contested = [
                ContestedRow(kind, place, own[place], person)
                for place, person in enumerate(persons)
                if isinstance(person, Contested)
            ]
        deliveries.append(
            Identified(
                ids=[person for person in persons if isinstance(person, int)] if contested else persons,  # type: ignore[arg-type]
                contested=contested,
                held=frozenset(id_ for one in contested for id_ in one.contested.candidates) & result.held,
                warnings=[problem for problem in result.problems if problem.line in lines],
                questions=[question for question in result.questions if question[1].line in lines],
                changed=changed and changed.intersection(one for one in persons if isinstance(one, int)),
            )
        )
    return Persons(kind, brincode, tuple(deliveries), len(rows), known, result, new, new_keys)


def _tell_corrections(
    connection: sa.Connection, result: MatchResult, kind: PersonKind, brin6s: Collection[str]
) -> None:
    """Add a warning for each person whose ECK-iD is corrected, with the other vestigingen where that changes too."""
    if not result.corrected:
        return
    records = deelname if kind is PersonKind.LEERLING else aanstelling
    query = (
        sa.select(records.c.persoon_id, records.c.brin6)
        .where(records.c.persoon_id.in_(result.corrected), records.c.brin6.not_in(brin6s))
        .distinct()
    )
    elsewhere: dict[int, list[str]] = {}
    for id_, other in connection.execute(query):
        elsewhere.setdefault(id_, []).append(other)
    for id_, line in result.corrected.items():
        reason = "has another ECK-iD than before"
        if others := ", ".join(sorted(elsewhere.get(id_, []))):
            reason += f"; it is corrected at {others} as well"
        result.problems.append(Problem(line, f"{kind}/@eckid", reason, Severity.WARNING))


def _known(
    connection: sa.Connection, kind: PersonKind, school: ImportedSchool, asked: Mapping[AskedRow, Contested]
) -> _Known:
    """Return the known persons of one kind of a school, about whom this is asked."""
    if school.is_empty:
        return _Known(KnownPersons({}, {}, {}), {})
    of_kind = {"soort": kind.value, "brincode": school.brincode}
    rows = {row[0]: row for row in rows_with(connection, persoon, **of_kind)}
    keys = rows_with(connection, source_key, **of_kind) if rows else []
    forgotten = forgotten_of(connection, school.brincode, kind)
    is_forgotten = forgotten.knows if forgotten.digests else None
    used = used_keys_of(connection, school.brincode, kind)
    known = KnownPersons(
        persons={row[0]: KnownPerson(row[3], row[4], Naming(*row[5:])) for row in rows.values()},
        by_source_key={key: id_ for *_, key, id_ in keys},
        by_eckid={row[4]: row[0] for row in rows.values() if row[4] is not None},
        is_forgotten=is_forgotten,
        is_used=used.is_of_another if used else None,
        asked=asked,
    )
    return _Known(known, rows)
