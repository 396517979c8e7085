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
from uwlr_adapter.administratie.tables import importbatch, importstap, vestiging
from uwlr_adapter.clock import from_utc, to_utc
from uwlr_adapter.db import dialect
from uwlr_adapter.db.metadata import metadata
from uwlr_adapter.errors import RefusedError


class StepKind(StrEnum):
    """What a step did with its rows."""

    ADDED = "toegevoegd"
    CHANGED = "gewijzigd"
    REMOVED = "verwijderd"


class BatchError(RefusedError):
    """A batch is not there, or cannot be undone now; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class YearReport:
    """What a batch did to one vestiging and schooljaar."""

    brin6: str
    schooljaar: str
    counts: Mapping[str, Counts]
    warnings: int


@dataclass(frozen=True, slots=True)
class Batch:
    """One import; `bron` is the kind of source, `vergeten` counts the leerlingen taken out of it afterwards."""

    id: int
    brincode: str
    moment: datetime
    source: str
    undone_at: datetime | None
    forgotten: int
    reports: tuple[YearReport, ...]

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
    """One step of an import: rows of one table; of added ones no more is looked at than what is kept of them."""

    table: sa.Table
    kind: StepKind
    rows: Sequence[TableRow]


def steps(diffs: Sequence[TableDiff]) -> Iterator[BatchStep]:
    """Give the steps of an import that wrote all of these in their order, then deleted in the reverse one."""
    for diff in diffs:
        yield from _step(diff.table, StepKind.ADDED, diff.added)
        yield from _step(diff.table, StepKind.CHANGED, diff.before)
    for diff in reversed(diffs):
        yield from _step(diff.table, StepKind.REMOVED, diff.removed)


def _step(table: sa.Table, kind: StepKind, rows: Sequence[TableRow]) -> Iterator[BatchStep]:
    if rows:
        yield BatchStep(table, kind, rows)


def record(
    connection: sa.Connection,
    *,
    brincode: str,
    moment: datetime,
    bron: str,
    reports: Iterable[ImportReport],
    steps: Iterable[BatchStep],
) -> int:
    """Keep an import, in its own transaction; gives the id of the batch."""
    made = connection.execute(
        importbatch.insert().values(
            brincode=brincode,
            moment=to_utc(moment),
            bron=bron,
            vergeten=0,
            rapporten=[_stored_report(report) for report in reports],
        )
    ).inserted_primary_key
    batch_id = int(made[0]) if made else 0
    rows = [(batch_id, place, step.table.name, step.kind.value, _stored_rows(step)) for place, step in enumerate(steps)]
    dialect.insert_rows(connection, importstap, importstap.columns.keys(), rows)
    return batch_id


def find_all(connection: sa.Connection, brincode: str | None = None, limit: int | None = None) -> list[Batch]:
    """Give the batches of one school, or of all, the newest first."""
    query = sa.select(importbatch).order_by(importbatch.c.id.desc()).limit(limit)
    if brincode is not None:
        query = query.where(importbatch.c.brincode == brincode)
    return [_batch(row) for row in connection.execute(query)]


def get(connection: sa.Connection, batch_id: int) -> Batch:
    """Give one batch. Raises BatchError."""
    row = connection.execute(sa.select(importbatch).where(importbatch.c.id == batch_id)).one_or_none()
    if row is None:
        raise BatchError(f"there is no import {batch_id}: `uwlr-adapter import list` shows them")
    return _batch(row)


def undo(connection: sa.Connection, batch_id: int, moment: datetime) -> Batch:
    """Bring the records back to what they were before a batch, which must be the newest of its school.

    Leerlingen who were forgotten since stay forgotten. A vestiging that the batch made stays when a koppeling or an
    answer knows it. The steps themselves go: once undone they could only hold what should be forgotten.
    Raises BatchError.
    """
    schools.lock_school(connection, get(connection, batch_id).brincode)
    batch = require_undoable(connection, batch_id)
    query = sa.select(importstap).where(importstap.c.batch_id == batch_id).order_by(importstap.c.volgorde.desc())
    for row in connection.execute(query).all():
        table = metadata.tables[row.tabel]
        _undo_step(connection, table, StepKind(row.handeling), [_restored(table, rij) for rij in _named(row.rijen)])
    connection.execute(importstap.delete().where(importstap.c.batch_id == batch_id))  # what nobody can forget goes
    schools.touch_school(connection, batch.brincode)
    connection.execute(importbatch.update().where(importbatch.c.id == batch_id).values(teruggedraaid_op=to_utc(moment)))
    return get(connection, batch_id)


def require_undoable(connection: sa.Connection, batch_id: int) -> Batch:
    """Give a batch that can be undone now. Raises BatchError, which says what to do first."""
    batch = get(connection, batch_id)
    if batch.undone_at is not None:
        raise BatchError(f"import {batch_id} was undone already")
    newer = sa.select(importbatch.c.id).where(
        importbatch.c.brincode == batch.brincode,
        importbatch.c.id > batch_id,
        importbatch.c.teruggedraaid_op.is_(None),
    )
    if later := sorted(connection.scalars(newer), reverse=True):
        numbers = ", ".join(map(str, later))
        raise BatchError(f"undo the newer imports of {batch.brincode} first, in this order: {numbers}")
    return batch


def _undo_step(connection: sa.Connection, table: sa.Table, kind: StepKind, rows: Sequence[dict[str, Any]]) -> None:
    if kind is StepKind.REMOVED:
        dialect.insert_many(connection, table, rows)
    elif kind is StepKind.CHANGED:
        update(connection, table, reversed(rows))
    elif table is vestiging:
        for row in rows:
            try:
                with connection.begin_nested():
                    delete(connection, table, [row])
            except IntegrityError:  # a koppeling or an answer knows it; it had no schoolkey then
                where = vestiging.c.brin6 == row["brin6"]
                connection.execute(vestiging.update().where(where).values(schoolkey=None))
    else:
        delete(connection, table, reversed(rows))


def drop_person(connection: sa.Connection, brincode: str, persoon_id: int) -> int:
    """Take a person out of every kept batch of a school; gives the number of batches that had one."""
    touched: set[int] = set()
    query = (
        sa.select(importstap)
        .join(importbatch, importbatch.c.id == importstap.c.batch_id)
        .where(importbatch.c.brincode == brincode)
    )
    for row in connection.execute(query).all():
        own = "id" if row.tabel == "persoon" else "persoon_id"
        rows = _named(row.rijen)
        left = [row for row in rows if row.get(own) != persoon_id]
        if len(left) != len(rows):
            touched.add(row.batch_id)
            where = (importstap.c.batch_id == row.batch_id, importstap.c.volgorde == row.volgorde)
            connection.execute(importstap.update().where(*where).values(rijen=left))
    if touched:
        connection.execute(
            importbatch.update().where(importbatch.c.id.in_(touched)).values(vergeten=importbatch.c.vergeten + 1)
        )
    return len(touched)


def _stored_rows(step: BatchStep) -> dict[str, Any]:
    """Give rows as they are kept: of added ones no more than their key, and whom they are about."""
    names = step.table.columns.keys()
    if step.kind is StepKind.ADDED:  # these columns come first in each table, and none of them is a date
        width = max(at for at, one in enumerate(step.table.columns, 1) if one.primary_key or one.name == "persoon_id")
        return {"kolommen": names[:width], "rijen": [row[:width] for row in step.rows]}
    rows = [[value.isoformat() if isinstance(value, date) else value for value in row] for row in step.rows]
    return {"kolommen": names, "rijen": rows}


def _named(stored: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Give kept rows by column name; the first imports were kept so."""
    if isinstance(stored, list):
        return stored
    return [dict(zip(stored["kolommen"], row, strict=True)) for row in stored["rijen"]]


def _restored(table: sa.Table, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        naam: date.fromisoformat(value) if value is not None and isinstance(table.c[naam].type, sa.Date) else value
        for naam, value in row.items()
    }


def _stored_report(report: ImportReport) -> dict[str, Any]:
    return {
        "brin6": report.brin6,
        "schooljaar": report.schooljaar,
        "meldingen": len(report.warnings),
        "tellingen": {
            kind: [counts.added, counts.changed, counts.unchanged, counts.removed]
            for kind, counts in report.counts.items()
        },
    }


def _batch(row: sa.Row[Any]) -> Batch:
    return Batch(
        id=row.id,
        brincode=row.brincode,
        moment=from_utc(row.moment),
        source=row.bron,
        undone_at=None if row.teruggedraaid_op is None else from_utc(row.teruggedraaid_op),
        forgotten=row.vergeten,
        reports=tuple(
            YearReport(
                brin6=stored["brin6"],
                schooljaar=stored["schooljaar"],
                counts={kind: Counts(*counts) for kind, counts in stored["tellingen"].items()},
                warnings=stored["meldingen"],
            )
            for stored in row.rapporten
        ),
    )
