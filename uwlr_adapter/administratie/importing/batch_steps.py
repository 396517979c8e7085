"""The steps of a batch: which rows it added, changed and removed, and how taking them back is itself such a list.

A step of added rows keeps their keys, the others keep the rows as they were before. Taking steps back, the last one
first, gives new steps in the same form: taken back in turn, they do again exactly what was done. So what undoes a batch
and what does it again is one thing, is stored in one table, and is erased from one table when somebody is forgotten.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from uwlr_adapter.administratie.importing.diff import AT_ONCE, TableDiff, TableRow, delete, find_rows, key_of, update
from uwlr_adapter.administratie.importing.table_rows import PERSON
from uwlr_adapter.administratie.tables import (
    aanstelling,
    deelname,
    import_question,
    import_step,
    person_columns,
    persoon,
    record_removed,
    refers_to_person,
    source_key,
    vestiging,
)
from uwlr_adapter.db import bulk
from uwlr_adapter.db.metadata import metadata

_OF_PERSONS = (source_key, deelname, aanstelling)
"""The records that refer to a person."""
_MAY_STAY = (vestiging, persoon, source_key)
"""The tables with rows that an undo leaves, because something else needs them."""
_NO_RECORDS = frozenset({"source_moment"})
"""The tables that say something about a source, and nothing that is answered."""


class StepKind(StrEnum):
    """The effect of a step on its rows."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class BatchStep:
    """One step of an act: rows of one table; of added rows only their key, and the person, is used."""

    table: sa.Table
    kind: StepKind
    rows: Sequence[TableRow]


def steps(diffs: Sequence[TableDiff]) -> Iterator[BatchStep]:
    """Yield the steps of an import that wrote these in their order, then deleted in the reverse one."""
    for diff in diffs:
        yield from _step(diff.table, StepKind.ADDED, diff.added)
        yield from _step(diff.table, StepKind.CHANGED, diff.before)
    for diff in reversed(diffs):
        yield from _step(diff.table, StepKind.REMOVED, diff.removed)


def write(connection: sa.Connection, diffs: Sequence[TableDiff]) -> list[BatchStep]:
    """Write differences, parents first, then delete in the reverse order; return the steps."""
    for diff in diffs:
        diff.write(connection)
    for diff in reversed(diffs):
        diff.delete(connection)
    return list(steps(diffs))


def _step(table: sa.Table, kind: StepKind, rows: Sequence[TableRow]) -> Iterator[BatchStep]:
    if rows:
        yield BatchStep(table, kind, rows)


def store(connection: sa.Connection, batch_id: int, done: Sequence[BatchStep]) -> None:
    """Store steps, in the order in which they were done."""
    rows = [(batch_id, place, step.table.name, step.kind.value, _stored_rows(step)) for place, step in enumerate(done)]
    bulk.insert_rows(connection, import_step, import_step.columns.keys(), rows)


def changes_records(done: Sequence[BatchStep]) -> bool:
    """Return whether steps change a record: when a source was made is none."""
    return any(step.table.name not in _NO_RECORDS for step in done)


def note_removed(connection: sa.Connection, done: Sequence[BatchStep], day: date) -> None:
    """Store for each person whom steps took out of a school year that it was on this day: their term counts from then.

    Somebody who moved, such as to another vestiging, was not taken out. The steps have been done.
    """
    places: dict[StepKind, set[int]] = {kind: set() for kind in StepKind}
    for step in done:
        if step.table in (deelname, aanstelling):
            places[step.kind].update(row[PERSON] for row in step.rows)
    gone = sorted(places[StepKind.REMOVED] - places[StepKind.ADDED])
    for some in bulk.pieces(gone, AT_ONCE):
        noted = record_removed.c.persoon_id.in_(some)
        connection.execute(record_removed.update().where(noted).values(day=day))
        new = sa.select(persoon.c.id, sa.literal(day, sa.Date)).where(
            persoon.c.id.in_(some), persoon.c.id.not_in(sa.select(record_removed.c.persoon_id).where(noted))
        )
        connection.execute(record_removed.insert().from_select(["persoon_id", "day"], new))


def take_back(connection: sa.Connection, batch_id: int) -> list[BatchStep]:
    """Take the stored steps of a batch back, the last one first; in their place come the steps of doing so.

    Return these.
    """
    query = sa.select(import_step).where(import_step.c.batch_id == batch_id).order_by(import_step.c.position.desc())
    stored = [_StoredStep.read(row) for row in connection.execute(query)]
    added = [row["id"] for step in stored if step.table is persoon and step.kind is StepKind.ADDED for row in step.rows]
    stay = _referred_to(connection, added, {step.table for step in stored})
    done = [new for step in stored for new in step.take_back(connection, stay)]
    connection.execute(import_step.delete().where(import_step.c.batch_id == batch_id))
    store(connection, batch_id, done)
    return done


def with_other_eckid(connection: sa.Connection, batch_id: int) -> set[int]:
    """Return the ids of the persons whose ECK-iD was another one before the stored steps of a batch."""
    query = (
        sa.select(import_step)
        .where(
            import_step.c.batch_id == batch_id,
            import_step.c.table_name == persoon.name,
            import_step.c.kind == StepKind.CHANGED,
        )
        .order_by(import_step.c.position)
    )
    before: dict[int, str | None] = {}
    for step in map(_StoredStep.read, connection.execute(query)):
        for row in step.rows:
            before.setdefault(row["id"], row["eckid"])
    now = {row[0]: row for row in find_rows(connection, persoon, ({"id": id_} for id_ in before))}
    place = persoon.columns.keys().index("eckid")
    return {id_ for id_, row in now.items() if row[place] != before[id_]}


@dataclass(frozen=True, slots=True)
class _StoredStep:
    """A step as it was stored: rows by column name."""

    table: sa.Table
    kind: StepKind
    rows: Sequence[dict[str, Any]]

    @classmethod
    def read(cls, row: sa.Row[Any]) -> "_StoredStep":
        """Read a row of `import_step`."""
        table = metadata.tables[row.table_name]
        return cls(table, StepKind(row.kind), [_restored(table, one) for one in _named(row.rows)])

    def take_back(self, connection: sa.Connection, stay: AbstractSet[int]) -> Iterator[BatchStep]:
        """Take the step back, and yield the steps of doing so; the persons in `stay` are not deleted."""
        if self.kind is StepKind.REMOVED:
            return self._insert(connection)
        present = find_rows(connection, self.table, self.rows)
        if self.kind is StepKind.CHANGED:
            update(connection, self.table, self.rows, present)
            return self._with_keys_back(connection, present)
        if self.table is vestiging:
            _delete_vestigingen(connection, [row[0] for row in present])
            return _step(self.table, StepKind.REMOVED, present)
        own = {persoon: "id", source_key: "persoon_id"}.get(self.table, "")
        gone = [row for row in reversed(self.rows) if row.get(own) not in stay]
        keys = _delete_keys(connection, [row["id"] for row in gone]) if self.table is persoon else []
        delete(connection, self.table, gone)
        return chain(_step(source_key, StepKind.REMOVED, keys), _step(self.table, StepKind.REMOVED, present))

    def _with_keys_back(self, connection: sa.Connection, present: Sequence[TableRow]) -> Iterator[BatchStep]:
        """Give back keys that went to somebody who was forgotten since, and yield the steps of all that was changed."""
        yield from _step(self.table, StepKind.CHANGED, present)
        if self.table is source_key:
            width = len(self.table.primary_key)
            there = {row[:width] for row in present}
            gone = [row for row in self.rows if key_of(self.table, row) not in there]
            bulk.insert_many(connection, self.table, gone)
            columns = self.table.columns.keys()
            yield from _step(self.table, StepKind.ADDED, [tuple([row.get(name) for name in columns]) for row in gone])

    def _insert(self, connection: sa.Connection) -> Iterator[BatchStep]:
        """Insert the rows that were removed; one that had to stay is only given its values again."""
        present = find_rows(connection, self.table, self.rows) if self.table in _MAY_STAY else []
        width = len(self.table.primary_key)
        stayed = {row[:width] for row in present}
        update(connection, self.table, [row for row in self.rows if key_of(self.table, row) in stayed], present)
        added = [row for row in self.rows if key_of(self.table, row) not in stayed]
        bulk.insert_many(connection, self.table, added)
        columns = self.table.columns.keys()
        return _step(self.table, StepKind.ADDED, [tuple([row.get(name) for name in columns]) for row in self.rows])


def _delete_keys(connection: sa.Connection, ids: Sequence[int]) -> list[TableRow]:
    """Delete the keys that sources still name persons by, and return their rows.

    A key that a step handed on to one of them is not given back, when whoever had it was forgotten since.
    """
    found: list[TableRow] = []
    for some in bulk.pieces(ids, AT_ONCE):
        own = source_key.c.persoon_id.in_(some)
        found += [tuple(row) for row in connection.execute(sa.select(source_key).where(own))]
        connection.execute(source_key.delete().where(own))
    return found


def _delete_vestigingen(connection: sa.Connection, brin6s: Sequence[str]) -> None:
    """Delete vestigingen; one that a koppeling or an answer refers to stays, without the schoolkey."""
    for brin6 in brin6s:
        where = vestiging.c.brin6 == brin6
        try:
            with connection.begin_nested():
                connection.execute(vestiging.delete().where(where))
        except IntegrityError:
            connection.execute(vestiging.update().where(where).values(schoolkey=None))


def _referred_to(connection: sa.Connection, ids: Sequence[int], taken_back: AbstractSet[sa.Table]) -> set[int]:
    """Return the persons to whom something refers that is no record, such as an objection of a parent.

    They stay known, without any year, so that the objection holds when their records come back. A table that is taken
    back with them, or whose rows go with a person by themselves (ON DELETE), keeps nobody.
    """
    found: set[int] = set()
    for column in person_columns():
        goes_with_person = any(key.ondelete is not None for key in column.foreign_keys)
        if goes_with_person or column.table in {*_OF_PERSONS, *taken_back}:
            continue
        for some in bulk.pieces(ids, AT_ONCE):
            found.update(connection.scalars(sa.select(column).where(column.in_(some))))
    return found


def drop_persons(
    connection: sa.Connection,
    batch_ids: sa.Select[tuple[int]],
    kind: str,
    owners: Mapping[int, int],
    identifiers: AbstractSet[str],
) -> dict[int, int]:
    """Erase persons of one kind from the stored steps of these batches; return of how many each batch had a row.

    `owners` has every id that a person had, with one that names the person; `identifiers` are their keys and ECK-iDs:
    an ECK-iD that somebody else once had is erased as well.
    """
    touched: dict[int, set[int]] = {}
    for row in connection.execute(sa.select(import_step).where(import_step.c.batch_id.in_(batch_ids))).all():
        names = _person_columns(metadata.tables[row.table_name])
        rows = _named(row.rows)
        left = [_without(one, identifiers) for one in rows if not _is_about(one, names, owners, identifiers, kind)]
        if left != rows:
            people = {owners[one[name]] for one in rows for name in names if one.get(name) in owners}
            touched.setdefault(row.batch_id, set()).update(people)
            where = (import_step.c.batch_id == row.batch_id, import_step.c.position == row.position)
            stored = {"columns": row.rows["columns"], "rows": [list(one.values()) for one in left]}
            connection.execute(import_step.update().where(*where).values(rows=stored))
    return {batch_id: max(1, len(people)) for batch_id, people in touched.items()}


def _is_about(
    row: Mapping[str, Any], names: Sequence[str], persoon_ids: Collection[int], identifiers: AbstractSet[str], kind: str
) -> bool:
    """Return whether a stored row is about a person; that of a question names one by the keys in its source."""
    if any(row.get(name) in persoon_ids for name in names):
        return True
    if row.get("soort") != kind:
        return False
    return "source_key" in row and (row["source_key"] in identifiers or row.get("eckid") in identifiers)


def _without(row: dict[str, Any], identifiers: AbstractSet[str]) -> dict[str, Any]:
    return {**row, "eckid": None} if row.get("eckid") in identifiers else row


def vestigingen_of(
    connection: sa.Connection, batch_ids: sa.Select[tuple[int]], persoon_ids: Collection[int]
) -> set[str]:
    """Return the vestigingen of which the stored steps of these batches have a record of a person."""
    tables = [deelname.name, aanstelling.name]
    query = sa.select(import_step.c.rows).where(
        import_step.c.batch_id.in_(batch_ids), import_step.c.table_name.in_(tables)
    )
    return {
        row["brin6"]
        for stored in connection.scalars(query)
        for row in _named(stored)
        if row["persoon_id"] in persoon_ids
    }


def find_persons(connection: sa.Connection, batch_ids: sa.Select[tuple[int]], soort: str) -> dict[int, set[str]]:
    """Return the keys and the ECK-iD of every person of a kind in the stored steps of these batches, by its id."""
    query = sa.select(import_step.c.rows).where(
        import_step.c.batch_id.in_(batch_ids), import_step.c.table_name.in_([persoon.name, source_key.name])
    )
    found: dict[int, set[str]] = {}
    for stored in connection.scalars(query):
        for row in _named(stored):
            if row.get("soort") == soort:
                identifiers = found.setdefault(row["id" if "id" in row else "persoon_id"], set())
                identifiers |= {row[name] for name in ("key", "eckid") if row.get(name) is not None}
    return found


def find_questions(
    connection: sa.Connection, batch_ids: sa.Select[tuple[int]], soort: str, key: str
) -> set[str | None]:
    """Return the ECK-iD of each question about a row with a key in the stored steps of these batches."""
    query = sa.select(import_step.c.rows).where(
        import_step.c.batch_id.in_(batch_ids), import_step.c.table_name == import_question.name
    )
    return {
        row["eckid"]
        for stored in connection.scalars(query)
        for row in _named(stored)
        if row.get("source_key") == key and row["soort"] == soort
    }


def _person_columns(table: sa.Table) -> list[str]:
    """Return the columns of a table that say whom a row is about."""
    if table is persoon:
        return ["id"]
    return [one.name for one in table.columns if one.name == "persoon_id" or refers_to_person(one)]


def _stored_rows(step: BatchStep) -> dict[str, Any]:
    """Return rows as they are stored: of added ones no more than their key, and the person."""
    names = step.table.columns.keys()
    if step.kind is StepKind.ADDED:  # these columns come first in each table, and none of them is a date
        people = _person_columns(step.table)
        width = max(at for at, one in enumerate(step.table.columns, 1) if one.primary_key or one.name in people)
        return {"columns": names[:width], "rows": [row[:width] for row in step.rows]}
    rows = [[value.isoformat() if isinstance(value, date) else value for value in row] for row in step.rows]
    return {"columns": names, "rows": rows}


def _named(stored: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return stored rows by column name."""
    return [dict(zip(stored["columns"], row, strict=True)) for row in stored["rows"]]


def _restored(table: sa.Table, row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(table.c[name].type, value) for name, value in row.items()}


def _value(type_: sa.types.TypeEngine[Any], value: Any) -> Any:  # noqa: ANN401 - the value of any column
    """Return a stored value as its column has it: JSON has no dates."""
    if value is None:
        return None
    if isinstance(type_, sa.DateTime):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if isinstance(type_, sa.Date) else value
