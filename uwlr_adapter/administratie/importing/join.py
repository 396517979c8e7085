"""Two persons of a school who are one: the one that is kept gets the keys and the records of the other.

docs/reference/records.md has the rules.
"""

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.importing import by_hand, persons, used_keys
from uwlr_adapter.administratie.importing.by_hand import Operator, RecordsAct, changed_row
from uwlr_adapter.administratie.importing.diff import TableDiff, rows_with
from uwlr_adapter.administratie.importing.persons import Person, PersonError
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.tables import (
    PersonKind,
    aanstelling,
    deelname,
    import_question,
    inschrijving,
    joined,
    person_columns,
    persoon,
    plaatsing,
    source_key,
    used_key,
)
from uwlr_adapter.clock import day_of, start_of
from uwlr_adapter.journaal.model import Act

YEAR_TABLES = {PersonKind.LEERLING: (deelname, inschrijving, plaatsing), PersonKind.LEERKRACHT: (aanstelling,)}
"""The tables of the years of a person by kind, a table before those that refer to it."""
_AT = 2
"""The place of `persoon_id` in each of these tables, behind brin6 and schooljaar."""


@dataclass(frozen=True, slots=True)
class SharedYear:
    """A year in which both had a record; only one stays: that of the person who is kept, or of the other."""

    year: SchoolYear
    keeps_own: bool


@dataclass(frozen=True, slots=True)
class Union:
    """Two persons who became one: `keep` is the one that stays, with its keys as they are now."""

    keep: Person
    other: Person
    shared: tuple[SharedYear, ...]


def join(connection: sa.Connection, keep: Person, other: Person, operator: Operator) -> tuple[Union, int]:
    """Make two persons of a school one, and return it with the id of the batch.

    Raises PersonError for one and the same person, or two ECK-iDs. The transaction must hold the school.
    """
    act = RecordsAct(connection, f"{keep.kind.value} join")
    union = unite(act, keep, other, day_of(operator.moment))
    reports = by_hand.reports_of_persons(connection, [union.keep], operator, removed=[one.year for one in union.shared])
    return union, act.keep(keep.brincode, reports, Act.PERSONS_JOINED, operator)


def unite(act: RecordsAct, keep: Person, other: Person, day: date) -> Union:
    """Make two persons one inside an act; the other one may be of another school (fusie). Raises PersonError.

    The row with the higher id is the one that stays: SQLite hands the id of a removed last row out again, and kept
    imports have data under both.
    """
    if keep.id == other.id:
        raise PersonError(f"both keys are of one and the same {keep.kind.value}")
    if keep.eckid is not None and other.eckid not in {None, keep.eckid}:
        kind = keep.kind.value
        raise PersonError(
            f"they have two ECK-iDs: take the wrong one away first (`uwlr-adapter {kind} eckid … --none`)"
        )
    shared = tuple(_shared_years(act.connection, keep, other, day))
    stays, goes = max(keep.id, other.id), min(keep.id, other.id)
    lost = {keep.id: _lost(shared, own=False), other.id: _lost(shared, own=True)}
    _move_years(act, keep.kind, stays, goes, lost)
    source_keys = _keys(act.connection, keep, other)
    if other.key not in {keep.key, *source_keys}:
        _keep_used(act, keep, other.key, day)
    made = Person(stays, keep.kind, keep.brincode, keep.key, keep.eckid or other.eckid, source_keys, keep.naming)
    _move_person(act, made, goes, keep.id, {one.year for one in shared})
    return Union(made, other, shared)


def _shared_years(connection: sa.Connection, keep: Person, other: Person, day: date) -> Iterator[SharedYear]:
    """Yield the years of both: the record of `keep` stays unless only that of the other is answered on the day."""
    own = persons.years_of(connection, keep)
    for year in persons.years_of(connection, other):
        if year in own:
            answered = persons.answered_of(connection, keep.kind, year, day)
            yield SharedYear(year, keeps_own=keep.id in answered or other.id not in answered)


def _lost(shared: Sequence[SharedYear], *, own: bool) -> set[tuple[str, str]]:
    return {(one.year.brin6, one.year.schooljaar) for one in shared if one.keeps_own is own}


def _move_years(
    act: RecordsAct, kind: PersonKind, stays: int, goes: int, lost: dict[int, set[tuple[str, str]]]
) -> None:
    """Put all records under one id; `lost` has by id the years of which the record does not stay."""
    removed: list[TableDiff] = []
    added: list[TableDiff] = []
    for table in YEAR_TABLES[kind]:
        own, moved = (rows_with(act.connection, table, persoon_id=one) for one in (stays, goes))
        removed.append(TableDiff(table, removed=[*(row for row in own if row[:_AT] in lost[stays]), *moved]))
        kept = [row for row in moved if row[:_AT] not in lost[goes]]
        added.append(TableDiff(table, added=[(*row[:_AT], stays, *row[_AT + 1 :]) for row in kept]))
    act.write(*removed)
    act.write(*added)


def _keys(connection: sa.Connection, keep: Person, other: Person) -> tuple[str, ...]:
    """Return the keys by which sources name the one person: every key of both that no third person has."""
    wanted = {*keep.source_keys, *other.source_keys, other.key}
    query = sa.select(source_key.c.key).where(
        source_key.c.soort == keep.kind.value,
        source_key.c.brincode == keep.brincode,
        source_key.c.persoon_id.not_in([keep.id, other.id]),
        source_key.c.key.in_(wanted),
    )
    return tuple(sorted(wanted - set(connection.scalars(query))))


def _keep_used(act: RecordsAct, keep: Person, key: str, day: date) -> None:
    """Keep that somebody left with a key which a source has given to a third person since.

    What is sent under that key then names nobody, least of all the third one (`resultaten/identifying.py`).
    """
    rows = used_keys.rows_of(keep.brincode, keep.kind, secrets.token_hex(used_keys.SALT_BYTES), [key], start_of(day))
    act.write(TableDiff(used_key, added=[tuple(row[column.name] for column in used_key.columns) for row in rows]))


def _move_person(act: RecordsAct, made: Person, goes: int, keep_id: int, shared: Collection[SchoolYear]) -> None:
    """Write the one person, as the one with `keep_id` is, and bring all that refers to the person who goes to it.

    `shared` are the years in which both had a record.
    """
    rows = {row.id: tuple(row) for row in act.connection.execute(_both(persoon, persoon.c.id, made.id, goes))}
    old_keys = [tuple(row) for row in act.connection.execute(_both(source_key, source_key.c.persoon_id, made.id, goes))]
    owner = (made.kind.value, made.brincode)
    act.write(TableDiff(source_key, removed=old_keys))
    act.write(_move_questions(act.connection, made, goes, shared))
    for table in dict.fromkeys(column.table for column in person_columns()):
        if table not in {source_key, import_question, *YEAR_TABLES[made.kind]}:
            _move_references(act, table, (made.id, goes))
    act.write(TableDiff(persoon, removed=[rows[goes]]))
    kept = rows[keep_id]
    new = changed_row(persoon, kept, id=made.id, eckid=made.eckid)
    if new != rows[made.id]:
        act.write(TableDiff(persoon, changed=[new], before=[rows[made.id]]))
    act.write(TableDiff(source_key, added=[(*owner, key, made.id) for key in made.source_keys]))
    act.write(TableDiff(joined, added=[(goes, made.id)]))


def _move_references(act: RecordsAct, table: sa.Table, ids: tuple[int, int]) -> None:
    """Bring what else refers to a person to the one that stays.

    `ids` are of the person who stays and of the one who goes. What the one who stays has already is removed, and so is
    what is about the two of them, such as a question which of them it is.
    """
    stays, goes = ids
    columns = [column.name for column in person_columns() if column.table is table]
    places = [table.columns.keys().index(name) for name in columns]
    width = len(table.primary_key)
    query = sa.select(table).where(sa.or_(*(table.c[name].in_(ids) for name in columns)))
    rows = [tuple(row) for row in act.connection.execute(query)]
    changed, before, removed, added = [], [], [], []
    known = {row[:width] for row in rows if goes not in [row[place] for place in places]}
    for row in rows:
        people = [row[place] for place in places]
        new = tuple(stays if at in places and value == goes else value for at, value in enumerate(row))
        if goes not in people:
            continue
        if stays in people or new[:width] != row[:width]:
            removed.append(row)
            added += [] if stays in people or new[:width] in known else [new]
        else:
            changed.append(new)
            before.append(row)
    act.write(TableDiff(table, changed=changed, before=before))
    act.write(TableDiff(table, removed=removed))
    act.write(TableDiff(table, added=added))


def _move_questions(connection: sa.Connection, made: Person, goes: int, shared: Collection[SchoolYear]) -> TableDiff:
    """Return the difference that lets the open questions about either be about the one person.

    A row that was one of the two is certain now, so that nothing is asked; the next import takes it. One question
    about two persons does not stand twice. Where either has a row of its own, no question holds the one person any
    more.
    """
    query = sa.select(import_question).where(import_question.c.brincode == made.brincode).order_by(import_question.c.id)
    rows = [tuple(row) for row in connection.execute(query)]
    columns = import_question.columns.keys()
    ids = {made.id, goes}
    held: dict[SchoolYear, set[int]] = {}
    for row in rows:
        for year in row[-1]:
            held.setdefault(_year_of(year), set()).update(year["held"])
    own = {year for year in shared if not ids <= held.get(year, set())}
    others = {row[1:7] for row in rows if goes not in row[1:3] and None not in row[1:3]}
    before, removed, changed = [], [], []
    for row in rows:
        values = dict(zip(columns, row, strict=True))
        new = {name: made.id if values[name] == goes else values[name] for name in ("persoon_id", "other_id")}
        years = [_with_one_held(year, made.id, ids, is_own=_year_of(year) in own) for year in values["years"]]
        moved = changed_row(import_question, row, **new, years=years)
        if goes in row[1:3] and (new["persoon_id"] == new["other_id"] or moved[1:7] in others):
            removed.append(row)
        elif moved != row:
            changed.append(moved)
            before.append(row)
    return TableDiff(import_question, removed=removed, changed=changed, before=before)


def _with_one_held(year: Mapping[str, Any], stays: int, ids: set[int], *, is_own: bool) -> Mapping[str, Any]:
    """Return the row of a question in a year, which holds one person for two, or none who has a row of its own."""
    if ids.isdisjoint(year["held"]):
        return year
    return {**year, "held": sorted({*year["held"]} - ids | (set() if is_own else {stays}))}


def _year_of(stored: Mapping[str, Any]) -> SchoolYear:
    return SchoolYear(stored["brin6"], stored["schooljaar"])


def _both(table: sa.Table, column: sa.Column[Any], one: int, other: int) -> sa.Select[Any]:
    return sa.select(table).where(column.in_([one, other]))
