"""`uwlr-adapter import undo` and `redo`: take imports back, and do again what was taken back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import click
import sqlalchemy as sa

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing import batches
from uwlr_adapter.administratie.importing.batches import Batch, BatchError
from uwlr_adapter.administratie.importing.drop import Loss
from uwlr_adapter.administratie.importing.effect import YearEffect
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.importing.state import state_of
from uwlr_adapter.cli.base import Context, own_actor
from uwlr_adapter.cli.effect_report import print_effect
from uwlr_adapter.cli.import_report import print_batch_line
from uwlr_adapter.clock import day_of
from uwlr_adapter.db.backend import run
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.limits import MAX_ID
from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import Act

Command = TypeVar("Command", bound=Callable[..., Any])
_ASKS = 3
"""The exit status of a question that no option answered, as of an import."""


@dataclass(frozen=True, slots=True)
class _Way:
    """One of the two directions."""

    verb: str
    done: str
    act: Act
    one: Callable[[sa.Connection, int, datetime], Batch]
    """Undo or redo one import."""


_UNDO = _Way("undo", "undone", Act.IMPORT_UNDONE, batches.undo)
_REDO = _Way("redo", "redone", Act.IMPORT_REDONE, batches.redo)


@dataclass(frozen=True, slots=True)
class _Preview:
    """The effect on the answers."""

    effects: Sequence[YearEffect]
    losses: Sequence[tuple[SchoolYear, Loss]]
    versions: Sequence[int]
    """Numbers of changes of the records that were looked at."""


def _options(command: Command) -> Command:
    """Add the options that both commands share."""
    options = (
        click.option("--dry-run", is_flag=True, help="Show what would change in the answers, without changing it."),
        click.option("--accept-drop", is_flag=True, help="Do it even if much of what is answered today would be gone."),
        click.option("--yes", is_flag=True, help="Do not ask for confirmation."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("batch_id", metavar="[ID]", required=False, type=click.IntRange(1, MAX_ID))
@click.option(
    "--to",
    metavar="ID",
    type=click.IntRange(1, MAX_ID),
    help="Undo this import and every newer one of its school.",
)
@_options
@click.pass_obj
def undo(context: Context, /, batch_id: int | None, to: int | None, **chosen: bool) -> None:
    """Undo import ID (terugdraaien): restore the records exactly as they were before it.

    The imports of a school are undone newest first; one that changed nothing does not stand in the way. With `--to ID`
    import ID and all newer ones go, in one step: the records are again as they were before import ID. What would be
    answered otherwise is shown first. Persons who were forgotten since stay forgotten. What it takes
    is kept for 30 days (UWLR_UNDO_DAYS); `import redo` takes an undo back until a newer import changes the records.

    Example:  uwlr-adapter import undo --to 12 --dry-run
    """
    if (batch_id is None) == (to is None):
        raise click.UsageError("name one import: ID, or --to ID for this one and all newer ones")
    with context.database() as database:
        with database.reading() as connection:
            batch = batches.get(connection, batch_id or to or 0)
            newer = [] if to is None or batch.undone_at is not None else batches.newer_than(connection, batch)
        _take(context, database, _UNDO, [*newer, batch], **chosen)


@click.command()
@click.argument("batch_id", metavar="[ID]", required=False, type=click.IntRange(1, MAX_ID))
@click.option(
    "--to",
    metavar="ID",
    type=click.IntRange(1, MAX_ID),
    help="Redo all that was undone of the school, up to and including this import.",
)
@_options
@click.pass_obj
def redo(context: Context, /, batch_id: int | None, to: int | None, **chosen: bool) -> None:
    """Redo import ID, which was undone: make the records again exactly what they were before the undo.

    Without ID it is the import that was undone last. Imports are redone in the order in which they were made; `--to ID`
    takes all of them up to and including ID in one step. Once a newer import has changed the records of the school,
    what was undone before it is gone; and it is kept for 30 days (UWLR_UNDO_DAYS). Persons who were forgotten since
    stay forgotten.

    Example:  uwlr-adapter import redo --dry-run
    """
    if batch_id is not None and to is not None:
        raise click.UsageError("name one import: ID, or --to ID for all up to and including it")
    with context.database() as database:
        with database.reading() as connection:
            wanted = batch_id or to or batches.next_to_redo(connection).id
            batch = batches.get(connection, wanted)
            earlier = [] if to is None or batch.undone_at is None else batches.undone_before(connection, batch)
        _take(context, database, _REDO, [*earlier, batch], **chosen)


def _take(
    context: Context,
    database: Database,
    way: _Way,
    found: Sequence[Batch],
    *,
    dry_run: bool,
    accept_drop: bool,
    yes: bool,
) -> None:
    """Undo or redo imports in this order, all or none; first show what that changes in the answers."""
    numbers = ", ".join(str(batch.id) for batch in found)
    subject = f"Import {numbers}" if len(found) == 1 else f"Imports {numbers}"
    moment = context.clock()
    preview = _preview(database, way, found, moment)
    for batch in found:
        print_batch_line(context.console, batch)
    print_effect(context.console, preview.effects)
    _tell_forgotten(context, found)
    _require_no_drop(context, way, preview, accept_drop=accept_drop)
    if dry_run:
        context.console.print(f"{subject} would be {way.done} (dry run, nothing changed).")
        return
    if not yes:
        click.confirm(f"{way.verb.capitalize()} {'this import' if len(found) == 1 else 'these imports'}?", abort=True)
    with database.writing() as connection:
        _require_same(connection, found, preview)
        _run(connection, way, found, moment)
    context.console.print(f"{subject} {'was' if len(found) == 1 else 'were'} {way.done}.")


def _preview(database: Database, way: _Way, found: Sequence[Batch], moment: datetime) -> _Preview:
    """Return what undoing or redoing imports would change. Raises BatchError."""
    brincodes, day = _brincodes(found), day_of(moment)
    with database.writing() as connection:
        versions = _versions(connection, found)
        before = state_of(connection, brincodes, day)
        _run(connection, way, found, moment)
        after = state_of(connection, brincodes, day)
        connection.rollback()
    return _Preview(before.effects(after), list(before.losses(after)), versions)


def _run(connection: sa.Connection, way: _Way, found: Sequence[Batch], moment: datetime) -> None:
    """Undo or redo imports, and write each in the journaal of its vestigingen. Raises BatchError."""
    actor = own_actor()
    for batch in found:
        brin6s = batches.vestigingen_changed(connection, batch) if batch.changes else []
        way.one(connection, batch.id, moment)
        for brin6 in brin6s:
            writer.record_records_act(connection, moment=moment, act=way.act, brin6=brin6, actor=actor, batch=batch.id)


def _require_same(connection: sa.Connection, found: Sequence[Batch], preview: _Preview) -> None:
    if _versions(connection, found) != preview.versions:
        raise BatchError("the records changed since this was shown, and nothing was done: look again")


def _versions(connection: sa.Connection, found: Sequence[Batch]) -> list[int]:
    queries = [schools.version_query(brincode) for brincode in _brincodes(found)]
    return [schools.version_of(rows) for rows in run(connection, queries)]


def _brincodes(found: Sequence[Batch]) -> list[str]:
    return sorted({brincode for batch in found for brincode in batch.brincodes})


def _require_no_drop(context: Context, way: _Way, preview: _Preview, *, accept_drop: bool) -> None:
    """Stop with the drops that are a question, unless the operator accepts them."""
    max_drop = context.settings.max_drop
    asked = [(year, loss) for year, loss in preview.losses if loss.asks(max_drop)]
    if accept_drop or not asked:
        return
    for year, loss in asked:
        context.console.print(f"{loss.told(year, max_drop)}.", soft_wrap=True)
    context.console.print(f"Nothing changed. If this is right, {way.verb} it with --accept-drop.")
    click.get_current_context().exit(_ASKS)


def _tell_forgotten(context: Context, found: Sequence[Batch]) -> None:
    for batch in found:
        if batch.forgotten:
            context.console.print(f"Import {batch.id}: {batch.forgotten} x forgotten since: not restored.")
