"""Every import is kept as a batch: what it reported, and what it takes to undo it (terugdraaien) and to redo it.

A batch keeps the steps of its import; once undone, those of its undo (`batch_steps`). They fit only the records as it
left them. So the newest batch of a school that changed something is undone first, and an undone one is redone while the
records are as before it: until another batch changes them. A batch that changed nothing has no steps and no order.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie import person_results, schools
from uwlr_adapter.administratie.importing import batch_steps, persons, problem_groups
from uwlr_adapter.administratie.importing.batch_steps import BatchStep, StepKind
from uwlr_adapter.administratie.importing.problem_groups import ProblemGroup
from uwlr_adapter.administratie.model import Counts, ImportReport
from uwlr_adapter.administratie.tables import PersonKind, import_batch, import_step, joined
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.clock import any_from_utc, day_of, from_utc, to_utc
from uwlr_adapter.errors import RefusedError
from uwlr_adapter.journaal.request_id import current_id


class BatchError(RefusedError):
    """A batch is not there, or cannot be undone or redone now; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class YearReport:
    """The effect of a batch on one vestiging and schooljaar.

    `warnings` is the number of its warnings, `told` what is kept of them (`problem_groups.MAX_KEPT`). `is_source` is
    whether a source of that year was imported; batches of before it was kept count as such.
    """

    brin6: str
    schooljaar: str
    counts: Mapping[str, Counts]
    warnings: int
    told: tuple[ProblemGroup, ...] = ()
    is_source: bool = True


@dataclass(frozen=True, slots=True)
class Batch:
    """One import; `source` is the kind of source, `forgotten` counts the leerlingen erased from it afterwards.

    `changes` tells whether it changed any record.
    """

    id: int
    brincode: str
    moment: datetime
    source: str
    changes: bool
    undone_at: datetime | None
    redone_at: datetime | None
    """When it was redone after its last undo; None for one that is undone now."""
    forgotten: int
    reports: tuple[YearReport, ...]
    actor: str | None
    """Who made it, as the journaal names one; None for one of before it was kept."""
    request_id: str | None
    """The id of the request or the run of the command that made it; None as well."""

    @property
    def brincodes(self) -> tuple[str, ...]:
        """The schools whose records it changed, in ascending order: one, and after a fusie both."""
        return _brincodes(self.brincode, self.reports)


def _brincodes(brincode: str, reports: Iterable[ImportReport | YearReport]) -> tuple[str, ...]:
    return tuple(sorted({brincode, *(brincode_of(report.brin6) for report in reports)}))


def record(
    connection: sa.Connection,
    *,
    brincode: str,
    moment: datetime,
    source: str,
    reports: Iterable[ImportReport],
    steps: Iterable[BatchStep],
    actor: str | None = None,
) -> int:
    """Store an import, in its own transaction, and return the id of the batch; `actor` as the journaal names one.

    An import that changes something ends what was undone before it: that cannot be redone, and nothing of it is kept.
    """
    done, told = list(steps), list(reports)
    made = connection.execute(
        import_batch.insert().values(
            brincode=brincode,
            moment=to_utc(moment),
            source=source,
            changes=batch_steps.changes_records(done),
            forgotten=0,
            reports=[_stored_report(report) for report in told],
            actor=actor,
            request_id=current_id(),
        )
    ).inserted_primary_key
    batch_id = int(made[0]) if made else 0
    if batch_steps.changes_records(done):
        _end_redo(connection, batch_id, _brincodes(brincode, told))
    batch_steps.store(connection, batch_id, done)
    batch_steps.note_removed(connection, done, day_of(moment))
    return batch_id


def _end_redo(connection: sa.Connection, batch_id: int, brincodes: Sequence[str]) -> None:
    """Erase what it takes to redo the undone batches of the schools of a new batch.

    When one of them is a fusie, so are the later ones of its other school: their records are those after the fusie.
    """
    undone = sa.select(import_batch.c.id).where(import_batch.c.redo_after.is_not(None))
    ended = set(connection.scalars(undone.where(_of(brincodes))))
    for fusie in _undone_fusies(connection, batch_id, brincodes):
        ended |= set(connection.scalars(undone.where(_of(fusie.brincodes), import_batch.c.id >= fusie.id)))
    if ended:
        connection.execute(import_step.delete().where(import_step.c.batch_id.in_(ended)))
        connection.execute(import_batch.update().where(import_batch.c.id.in_(ended)).values(redo_after=None))


def _undone_fusies(connection: sa.Connection, batch_id: int, brincodes: Sequence[str]) -> Iterator[Batch]:
    """Yield the undone batches of two schools, of which these are any, since the one before a batch of each school.

    Only these are read, by their id: a fusie stands under the school that stays, whose number the other one has not.
    """
    for brincode in brincodes:
        before = _standing([brincode]).where(import_batch.c.id < batch_id)
        since = connection.scalar(before.with_only_columns(sa.func.max(import_batch.c.id)))
        if since is not None:
            between = (import_batch.c.id > since, import_batch.c.id < batch_id)
            query = sa.select(import_batch).where(*between, import_batch.c.redo_after.contains(" "))
            yield from (one for one in map(_batch, connection.execute(query)) if brincode in one.brincodes)


def find_all(
    connection: sa.Connection, brincode: str | None = None, limit: int | None = None, before_id: int | None = None
) -> list[Batch]:
    """Return the batches of one school, or of all, the newest first; `before_id` (exclusive) goes on after a list."""
    query = sa.select(import_batch).order_by(import_batch.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(import_batch.c.id < before_id)
    if brincode is not None:
        query = query.where(_of([brincode]))
    return [_batch(row) for row in connection.execute(query)]


def get(connection: sa.Connection, batch_id: int) -> Batch:
    """Return one batch. Raises BatchError."""
    row = connection.execute(sa.select(import_batch).where(import_batch.c.id == batch_id)).one_or_none()
    if row is None:
        raise BatchError(f"there is no import {batch_id}: `uwlr-adapter import list` shows them")
    return _batch(row)


def undo(connection: sa.Connection, batch_id: int, moment: datetime) -> Batch:
    """Bring the records back to what they were before a batch, and keep what it takes to redo it.

    Persons who were forgotten since stay forgotten. A vestiging that the batch added stays when a koppeling or an
    answer refers to it. Raises BatchError.
    """
    _lock(connection, get(connection, batch_id))
    batch = require_undoable(connection, batch_id)
    _take_back(connection, batch, moment)
    this = import_batch.c.id == batch_id
    connection.execute(import_batch.update().where(this).values(undone_at=to_utc(moment), redone_at=None))
    if batch.changes:
        connection.execute(import_batch.update().where(this).values(redo_after=_newest(connection, batch)))
    return get(connection, batch_id)


def redo(connection: sa.Connection, batch_id: int, moment: datetime) -> Batch:
    """Bring the records to what they were before a batch was undone; persons forgotten since stay so.

    Raises BatchError.
    """
    _lock(connection, get(connection, batch_id))
    batch = require_redoable(connection, batch_id)
    _take_back(connection, batch, moment)
    values = {"undone_at": None, "redone_at": to_utc(moment), "redo_after": None}
    connection.execute(import_batch.update().where(import_batch.c.id == batch_id).values(values))
    return get(connection, batch_id)


def _lock(connection: sa.Connection, batch: Batch) -> None:
    for brincode in batch.brincodes:
        schools.lock_school(connection, brincode)


def _take_back(connection: sa.Connection, batch: Batch, moment: datetime) -> None:
    if batch.changes:
        done = batch_steps.take_back(connection, batch.id)
        batch_steps.note_removed(connection, done, day_of(moment))
        for step in done:
            if step.table is joined and step.kind is StepKind.REMOVED:
                for goes, stays in step.rows:
                    person_results.part(connection, goes, stays, batch.redone_at or batch.moment)
        for brincode in batch.brincodes:
            schools.touch_school(connection, brincode)


def require_undoable(connection: sa.Connection, batch_id: int) -> Batch:
    """Return a batch that can be undone now. Raises BatchError, which says what to do first."""
    batch = get(connection, batch_id)
    if batch.undone_at is not None:
        raise BatchError(f"import {batch_id} was undone already")
    if not batch.changes:
        return batch
    _require_kept(connection, batch)
    if merged := schools.merged_into(connection, batch.brincode):
        into = brincode_of(next(iter(merged.values())))
        reason = f"{batch.brincode} was merged into {into} since: undo that first"
        raise BatchError(f"{reason} (`uwlr-adapter import list --brincode {into}` has its number)")
    if newer := [one.id for one in newer_than(connection, batch)]:
        schools_ = " and ".join(batch.brincodes)
        numbers = ", ".join(map(str, newer))
        raise BatchError(
            f"undo the newer imports of {schools_} first, in this order: {numbers} "
            f"(`import undo --to {batch_id}` undoes all of them)"
        )
    return batch


def require_redoable(connection: sa.Connection, batch_id: int) -> Batch:
    """Return a batch that was undone and can be redone now. Raises BatchError, which says why not."""
    batch = get(connection, batch_id)
    if batch.undone_at is None:
        raise BatchError(f"import {batch_id} is not undone")
    if not batch.changes:
        return batch
    expected = connection.scalar(sa.select(import_batch.c.redo_after).where(import_batch.c.id == batch_id))
    if expected is None:
        raise BatchError(_ended(connection, batch))
    if earlier := [one.id for one in undone_before(connection, batch)]:
        numbers = ", ".join(map(str, earlier))
        raise BatchError(
            f"redo what was undone before it first, in this order: {numbers} "
            f"(`import redo --to {batch_id}` redoes all of them)"
        )
    if expected != _newest(connection, batch):  # by older code, which ends nothing
        raise BatchError(_ended(connection, batch))
    return batch


def _ended(connection: sa.Connection, batch: Batch) -> str:
    """Return why what it takes to redo an undone batch is gone; it may be by an import of a school that was merged."""
    older = sa.select(import_batch).where(
        _of(batch.brincodes), import_batch.c.undone_at.is_not(None), import_batch.c.id <= batch.id
    )
    newer = sa.select(sa.func.min(import_batch.c.id)).where(
        _of({brincode for one in connection.execute(older) for brincode in _batch(one).brincodes}),
        import_batch.c.changes,
        import_batch.c.id > batch.id,
        import_batch.c.moment >= to_utc(batch.undone_at or batch.moment),
    )
    if (number := connection.scalar(newer)) is None:
        return _too_old(batch, "redone")
    return f"import {batch.id} cannot be redone any more: import {number} changed the records after it was undone"


def newer_than(connection: sa.Connection, batch: Batch) -> list[Batch]:
    """Return the standing imports that have to be undone before a batch can be, in that order: the newest first."""
    query = _standing(batch.brincodes).where(import_batch.c.id > batch.id).order_by(import_batch.c.id.desc())
    return [_batch(row) for row in connection.execute(query)]


def undone_before(connection: sa.Connection, batch: Batch) -> list[Batch]:
    """Return the undone imports that have to be redone before a batch can be, in that order: the oldest first.

    Those of a school that one of them merged are among them.
    """
    query = sa.select(import_batch).where(import_batch.c.redo_after.is_not(None), import_batch.c.id < batch.id)
    brincodes = {*batch.brincodes}
    while True:
        found = [_batch(row) for row in connection.execute(query.where(_of(brincodes)).order_by(import_batch.c.id))]
        if brincodes.issuperset(more := {brincode for one in found for brincode in one.brincodes}):
            return found
        brincodes |= more


def next_to_redo(connection: sa.Connection) -> Batch:
    """Return the import that was undone last and can be redone now. Raises BatchError when there is none."""
    query = sa.select(import_batch.c.id).where(import_batch.c.redo_after.is_not(None))
    for batch_id in connection.scalars(query.order_by(import_batch.c.undone_at.desc(), import_batch.c.id)).all():
        try:
            return require_redoable(connection, batch_id)
        except BatchError:
            continue
    raise BatchError("there is no undone import that can be redone")


def expired(connection: sa.Connection, before: datetime) -> list[int]:
    """Return the batches that still have what it takes to undo or redo them, and are older than a moment, by id.

    Their age counts from the import, or from when it was undone or redone last.
    """
    own = import_batch.c
    kept_since = sa.func.coalesce(own.undone_at, own.redone_at, own.moment)
    has_steps = own.id.in_(sa.select(import_step.c.batch_id))
    return list(connection.scalars(sa.select(own.id).where(kept_since < to_utc(before), has_steps).order_by(own.id)))


def remove_expired(connection: sa.Connection, batch_id: int, before: datetime) -> int:
    """Erase what it takes to undo or redo a batch that is `expired`; return 1, or 0 when it is not any more.

    Its schools are held, so that nobody undoes it meanwhile.
    """
    _lock(connection, get(connection, batch_id))
    batch = get(connection, batch_id)
    if (batch.undone_at or batch.redone_at or batch.moment) >= before:
        return 0
    connection.execute(import_step.delete().where(import_step.c.batch_id == batch_id))
    connection.execute(import_batch.update().where(import_batch.c.id == batch_id).values(redo_after=None))
    return 1


def _require_kept(connection: sa.Connection, batch: Batch) -> None:
    steps_ = sa.select(import_step.c.position).where(import_step.c.batch_id == batch.id).limit(1)
    if connection.scalar(steps_) is None:
        raise BatchError(_too_old(batch, "undone"))


def _too_old(batch: Batch, what: str) -> str:
    return f"import {batch.id} is too old to be {what}: what that takes was erased (UWLR_UNDO_DAYS)"


def _newest(connection: sa.Connection, batch: Batch) -> str:
    """Return the newest standing import of each school of a batch, which is what its records are the state of."""
    newest = sa.func.max(import_batch.c.id)
    found = [connection.scalar(_standing([one]).with_only_columns(newest)) for one in batch.brincodes]
    return " ".join(str(one or 0) for one in found)


def _standing(brincodes: Iterable[str]) -> sa.Select[Any]:
    """Return the query for the batches that changed the records of these schools and are not undone."""
    return sa.select(import_batch).where(_of(brincodes), import_batch.c.changes, import_batch.c.undone_at.is_(None))


def _of(brincodes: Iterable[str]) -> sa.ColumnElement[bool]:
    return import_batch.c.brincode.in_(list(brincodes))


def vestigingen_changed(connection: sa.Connection, batch: Batch) -> list[str]:
    """Return the vestigingen whose records a batch changed, or changes when it is taken back; in ascending order.

    Besides those of its reports these are all where somebody has a record whose ECK-iD it changed.
    """
    others = persons.vestigingen_of(connection, batch_steps.with_other_eckid(connection, batch.id))
    return sorted({*others, *(report.brin6 for report in batch.reports)})


def vestigingen_of(connection: sa.Connection, brincode: str, persoon_ids: Collection[int]) -> set[str]:
    """Return the vestigingen of which a stored batch of a school has a record of a person, given by every id."""
    return batch_steps.vestigingen_of(connection, sa.select(import_batch.c.id).where(_of([brincode])), persoon_ids)


def drop_persons(
    connection: sa.Connection,
    brincode: str,
    kind: PersonKind,
    owners: Mapping[int, int],
    identifiers: AbstractSet[str] = frozenset(),
) -> int:
    """Erase persons of one kind from the stored batches of a school; return how many batches had any of them.

    `owners` has every id that a person had, with one that names the person; `identifiers` are their keys and ECK-iDs,
    which may stand in rows about somebody else.
    """
    own = sa.select(import_batch.c.id).where(_of([brincode]))
    touched = batch_steps.drop_persons(connection, own, kind.value, owners, identifiers)
    for batch_id, number in touched.items():
        more = import_batch.c.forgotten + number
        connection.execute(import_batch.update().where(import_batch.c.id == batch_id).values(forgotten=more))
    return len(touched)


def find_persons(connection: sa.Connection, brincode: str, kind: PersonKind, key: str) -> dict[int, set[str]]:
    """Return the persons in the stored batches of a school who have or had a key: keys and ECK-iDs by id.

    A person whom an undo or a command took out of the records is only there.
    """
    own = sa.select(import_batch.c.id).where(_of([brincode]))
    found = batch_steps.find_persons(connection, own, kind.value)
    return {id_: identifiers for id_, identifiers in found.items() if key in identifiers}


def find_questions(
    connection: sa.Connection, brincodes: Collection[str], kind: PersonKind, key: str
) -> set[str | None]:
    """Return the ECK-iD of each question about a row with a key in the stored batches of schools; None for no ECK-iD.

    A question that an import took back is only there.
    """
    own = sa.select(import_batch.c.id).where(_of(brincodes))
    return batch_steps.find_questions(connection, own, kind.value, key)


def _stored_report(report: ImportReport) -> dict[str, Any]:
    return {
        "brin6": report.brin6,
        "schooljaar": report.schooljaar,
        "warnings": len(report.warnings),
        "told": problem_groups.stored(report.warnings),
        "is_source": report.is_source,
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
        changes=row.changes,
        undone_at=any_from_utc(row.undone_at),
        redone_at=any_from_utc(row.redone_at),
        forgotten=row.forgotten,
        reports=tuple(
            YearReport(
                brin6=stored["brin6"],
                schooljaar=stored["schooljaar"],
                counts={kind: Counts(*counts) for kind, counts in stored["counts"].items()},
                warnings=stored["warnings"],
                told=problem_groups.restored(stored.get("told", ())),
                is_source=stored.get("is_source", True),
            )
            for stored in row.reports
        ),
        actor=row.actor,
        request_id=row.request_id,
    )
