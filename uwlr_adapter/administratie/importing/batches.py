"""Every import is kept as a batch: what it reported, and what it takes to bring the records back (terugdraaien).

A batch keeps the steps of its import in their order: which rows were added (their keys), and those that were changed or
removed, as they were before. Undoing goes through the steps backwards; so only the newest batch of a school can go.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing.diff import TableDiff, TableRow, delete, update
from uwlr_adapter.administratie.model import Counts, ImportReport
from uwlr_adapter.administratie.tables import aanstelling, deelname, import_batch, import_step, vestiging
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.clock import from_utc, to_utc
from uwlr_adapter.db import bulk
from uwlr_adapter.db.metadata import metadata
from uwlr_adapter.errors import RefusedError


class StepKind(StrEnum):
    """The effect of a step on its rows."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class BatchError(RefusedError):
    """A batch is not there, or cannot be undone now; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class YearReport:
    """The effect of a batch on one vestiging and schooljaar."""

    brin6: str
    schooljaar: str
    counts: Mapping[str, Counts]
    warnings: int


@dataclass(frozen=True, slots=True)
class Batch:
    """One import; `source` is the kind of source, `forgotten` counts the leerlingen erased from it afterwards."""

    id: int
    brincode: str
    moment: datetime
    source: str
    undone_at: datetime | None
    forgotten: int
    reports: tuple[YearReport, ...]

    @property
    def brincodes(self) -> tuple[str, ...]:
        """The schools whose records it changed, in ascending order: one, and after a fusie both."""
        return tuple(sorted({self.brincode, *(brincode_of(report.brin6) for report in self.reports)}))

    @property
    def changes(self) -> bool:
        """Whether it changed any record."""
        return any(
            counts.added or counts.changed or counts.removed
            for report in self.reports
            for counts in report.counts.values()
        )


@dataclass(frozen=True, slots=True)
class BatchStep:
    """One step of an import: rows of one table; of added rows only their key, and the person, is used."""

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


def write(connection: sa.Connection, diffs: Sequence[TableDiff]) -> None:
    """Write differences, parents first, and then delete in the reverse order."""
    for diff in diffs:
        diff.write(connection)
    for diff in reversed(diffs):
        diff.delete(connection)


def _step(table: sa.Table, kind: StepKind, rows: Sequence[TableRow]) -> Iterator[BatchStep]:
    if rows:
        yield BatchStep(table, kind, rows)


def record(
    connection: sa.Connection,
    *,
    brincode: str,
    moment: datetime,
    source: str,
    reports: Iterable[ImportReport],
    steps: Iterable[BatchStep],
) -> int:
    """Store an import, in its own transaction, and return the id of the batch."""
    made = connection.execute(
        import_batch.insert().values(
            brincode=brincode,
            moment=to_utc(moment),
            source=source,
            forgotten=0,
            reports=[_stored_report(report) for report in reports],
        )
    ).inserted_primary_key
    batch_id = int(made[0]) if made else 0
    rows = [(batch_id, place, step.table.name, step.kind.value, _stored_rows(step)) for place, step in enumerate(steps)]
    bulk.insert_rows(connection, import_step, import_step.columns.keys(), rows)
    return batch_id


def find_all(connection: sa.Connection, brincode: str | None = None, limit: int | None = None) -> list[Batch]:
    """Return the batches of one school, or of all, the newest first."""
    query = sa.select(import_batch).order_by(import_batch.c.id.desc()).limit(limit)
    if brincode is not None:
        query = query.where(import_batch.c.brincode == brincode)
    return [_batch(row) for row in connection.execute(query)]


def get(connection: sa.Connection, batch_id: int) -> Batch:
    """Return one batch. Raises BatchError."""
    row = connection.execute(sa.select(import_batch).where(import_batch.c.id == batch_id)).one_or_none()
    if row is None:
        raise BatchError(f"there is no import {batch_id}: `uwlr-adapter import list` shows them")
    return _batch(row)


def undo(connection: sa.Connection, batch_id: int, moment: datetime) -> Batch:
    """Bring the records back to what they were before a batch, which must be the newest of its school.

    Leerlingen who were forgotten since stay forgotten. A vestiging that the batch added stays when a koppeling or an
    answer refers to it. The steps are deleted: once undone they could only hold what should be forgotten.
    Raises BatchError.
    """
    for brincode in get(connection, batch_id).brincodes:
        schools.lock_school(connection, brincode)
    batch = require_undoable(connection, batch_id)
    query = sa.select(import_step).where(import_step.c.batch_id == batch_id).order_by(import_step.c.position.desc())
    for row in connection.execute(query).all():
        table = metadata.tables[row.table_name]
        _undo_step(connection, table, StepKind(row.kind), [_restored(table, one) for one in _named(row.rows)])
    connection.execute(
        import_step.delete().where(import_step.c.batch_id == batch_id)
    )  # nothing could be erased from them later
    for brincode in batch.brincodes:
        schools.touch_school(connection, brincode)
    connection.execute(import_batch.update().where(import_batch.c.id == batch_id).values(undone_at=to_utc(moment)))
    return get(connection, batch_id)


def require_undoable(connection: sa.Connection, batch_id: int) -> Batch:
    """Return a batch that can be undone now. Raises BatchError, which says what to do first."""
    batch = get(connection, batch_id)
    if batch.undone_at is not None:
        raise BatchError(f"import {batch_id} was undone already")
    newer = sa.select(import_batch.c.id).where(
        import_batch.c.brincode.in_(batch.brincodes),
        import_batch.c.id > batch_id,
        import_batch.c.undone_at.is_(None),
    )
    if later := sorted(connection.scalars(newer), reverse=True):
        numbers = ", ".join(map(str, later))
        raise BatchError(f"undo the newer imports of {' and '.join(batch.brincodes)} first, in this order: {numbers}")
    if merged := schools.merged_into(connection, batch.brincode):
        into = brincode_of(next(iter(merged.values())))
        reason = f"{batch.brincode} was merged into {into} since: undo that first"
        raise BatchError(f"{reason} (`uwlr-adapter import list --brincode {into}` has its number)")
    return batch


def _undo_step(connection: sa.Connection, table: sa.Table, kind: StepKind, rows: Sequence[dict[str, Any]]) -> None:
    if kind is StepKind.REMOVED:
        bulk.insert_many(connection, table, rows)
    elif kind is StepKind.CHANGED:
        update(connection, table, reversed(rows))
    elif table is vestiging:
        for row in rows:
            try:
                with connection.begin_nested():
                    delete(connection, table, [row])
            except IntegrityError:  # a koppeling or an answer refers to it; it had no schoolkey then
                where = vestiging.c.brin6 == row["brin6"]
                connection.execute(vestiging.update().where(where).values(schoolkey=None))
    else:
        delete(connection, table, reversed(rows))


def vestigingen_of(connection: sa.Connection, brincode: str, persoon_ids: Iterable[int]) -> set[str]:
    """Return the vestigingen of which a stored batch of a school has a record of a person, given by every id."""
    ids = set(persoon_ids)
    query = (
        sa.select(import_step.c.rows)
        .join(import_batch, import_batch.c.id == import_step.c.batch_id)
        .where(import_batch.c.brincode == brincode, import_step.c.table_name.in_([deelname.name, aanstelling.name]))
    )
    return {row["brin6"] for stored in connection.scalars(query) for row in _named(stored) if row["persoon_id"] in ids}


def drop_person(connection: sa.Connection, brincode: str, *persoon_ids: int) -> int:
    """Erase a person, under every id given, from the stored batches of a school; return how many batches had one."""
    touched: set[int] = set()
    query = (
        sa.select(import_step)
        .join(import_batch, import_batch.c.id == import_step.c.batch_id)
        .where(import_batch.c.brincode == brincode)
    )
    for row in connection.execute(query).all():
        own = "id" if row.table_name == "persoon" else "persoon_id"
        rows = _named(row.rows)
        left = [one for one in rows if one.get(own) not in persoon_ids]
        if len(left) != len(rows):
            touched.add(row.batch_id)
            where = (import_step.c.batch_id == row.batch_id, import_step.c.position == row.position)
            stored = {"columns": row.rows["columns"], "rows": [list(one.values()) for one in left]}
            connection.execute(import_step.update().where(*where).values(rows=stored))
    if touched:
        connection.execute(
            import_batch.update().where(import_batch.c.id.in_(touched)).values(forgotten=import_batch.c.forgotten + 1)
        )
    return len(touched)


def _stored_rows(step: BatchStep) -> dict[str, Any]:
    """Return rows as they are stored: of added ones no more than their key, and the person."""
    names = step.table.columns.keys()
    if step.kind is StepKind.ADDED:  # these columns come first in each table, and none of them is a date
        width = max(at for at, one in enumerate(step.table.columns, 1) if one.primary_key or one.name == "persoon_id")
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


def _stored_report(report: ImportReport) -> dict[str, Any]:
    return {
        "brin6": report.brin6,
        "schooljaar": report.schooljaar,
        "warnings": len(report.warnings),
        "counts": {
            kind: [counts.added, counts.changed, counts.unchanged, counts.removed]
            for kind, counts in report.counts.items()
        },
    }


def _batch(row: sa.Row[Any]) -> Batch:
    return Batch(
        id=row.id,
        brincode=row.brincode,
        moment=from_utc(row.moment),
        source=row.source,
        undone_at=None if row.undone_at is None else from_utc(row.undone_at),
        forgotten=row.forgotten,
        reports=tuple(
            YearReport(
                brin6=stored["brin6"],
                schooljaar=stored["schooljaar"],
                counts={kind: Counts(*counts) for kind, counts in stored["counts"].items()},
                warnings=stored["warnings"],
            )
            for stored in row.reports
        ),
    )
