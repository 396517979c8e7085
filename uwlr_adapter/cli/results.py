"""`uwlr-adapter resultaten`: what platforms sent back, and where it goes."""

import click
import sqlalchemy as sa

from uwlr_adapter.administratie import schools
from uwlr_adapter.brin import brincode_of, is_brin6
from uwlr_adapter.cli.base import Context, local_time, make_table, own_actor
from uwlr_adapter.cli.jobs import due_of, print_due, run_job
from uwlr_adapter.cli.json_output import json_option, moment_of, print_json
from uwlr_adapter.cli.results_export import export_
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.db.limits import MAX_ID
from uwlr_adapter.errors import RefusedError
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.koppelingen import afnemers, store
from uwlr_adapter.resultaten import reading, taking_back
from uwlr_adapter.resultaten.consequences import Consequences, consequences_of
from uwlr_adapter.resultaten.tables import results_message

_CHANGED_MEANWHILE = "the results changed meanwhile: nothing was done; look again"


@click.group()
def resultaten() -> None:
    """List, export and take back results that platforms sent, and deliver them to the administration.

    \b
    Example:
      uwlr-adapter resultaten list 21QW00
      uwlr-adapter resultaten export --school 21QW -o resultaten.csv
    """  # noqa: D301 - \b is click's mark for text that is not folded


def _limit_option(command: click.decorators.FC) -> click.decorators.FC:
    text = "Maximum number of rows."
    return click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help=text)(command)


@resultaten.command("list")
@click.argument("brin6")
@_limit_option
@json_option
@click.pass_obj
def list_(context: Context, brin6: str, limit: int, *, as_json: bool) -> None:
    """List the newest messages with results of a vestiging, newest first, with what they changed: counts, no names.

    Example:  uwlr-adapter resultaten list 21QW00
    """
    _require_brin6(brin6)
    with context.database() as database, database.reading() as connection:
        store.require_vestiging(connection, brin6)
        names = {one.id: one.klantnaam for one in afnemers.list_all(connection)}
        found = reading.messages(connection, brin6, limit=limit)
    if as_json:
        print_json(
            [
                {
                    "id": one.id,
                    "afnemer": names.get(one.afnemer_id),
                    "brin6": one.brin6,
                    "schooljaar": one.schooljaar,
                    "aanmaakdatum": moment_of(one.aanmaakdatum),
                    "moment": moment_of(one.moment),
                    "leerlingen": one.leerlingen,
                    "added": one.added,
                    "changed": one.changed,
                    "same": one.same,
                    "overtaken": one.overtaken,
                    "not_processed": one.not_processed,
                    "taken_back_at": moment_of(one.taken_back_at),
                    "taken_back_by": one.taken_back_by,
                    "delivered_at": moment_of(one.delivered_at),
                }
                for one in found
            ]
        )
        return
    table = make_table(
        *("ID", "moment", "afnemer", "leerlingen", "added", "changed", "same", "overtaken", "not processed"),
        *("taken back", "delivered"),
    )
    for one in found:
        counts = (one.leerlingen, one.added, one.changed, one.same, one.overtaken, one.not_processed)
        table.add_row(
            str(one.id),
            local_time(one.moment),
            escape(names.get(one.afnemer_id, "-")),
            *map(str, counts),
            local_time(one.taken_back_at),
            local_time(one.delivered_at),
        )
    context.console.print(table)


@resultaten.command("not-processed")
@click.argument("brin6")
@_limit_option
@json_option
@click.pass_obj
def not_processed(context: Context, brin6: str, limit: int, *, as_json: bool) -> None:
    """List which leerlingids a vestiging was sent whose results were not taken, and why; newest first.

    Example:  uwlr-adapter resultaten not-processed 21QW00
    """
    _require_brin6(brin6)
    with context.database() as database, database.reading() as connection:
        store.require_vestiging(connection, brin6)
        found = reading.left_out(connection, brin6, limit=limit)
    if as_json:
        print_json(
            [
                {
                    "message": one.message_id,
                    "moment": moment_of(one.moment),
                    "leerlingid": one.leerlingid,
                    "reason": str(one.reason),
                    "results": one.results,
                }
                for one in found
            ]
        )
        return
    table = make_table("message", "moment", "leerlingid", "reason", "results")
    for one in found:
        cells = (str(one.message_id), local_time(one.moment), escape(one.leerlingid), str(one.reason))
        table.add_row(*cells, str(one.results))
    context.console.print(table)


@resultaten.command("take-back")
@click.argument("message_id", metavar="ID", type=click.IntRange(1, MAX_ID))
@click.option("--undo", is_flag=True, help="Let a message that was taken back stand again.")
@click.option("--dry-run", is_flag=True, help="Show what would change, without changing anything.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.pass_obj
def take_back(context: Context, message_id: int, *, undo: bool, dry_run: bool, yes: bool) -> None:
    """Take back what the message ID of `resultaten list` said; the version before stands again.

    Example:  uwlr-adapter resultaten take-back 12 --dry-run
    """
    with context.database() as database:
        with database.reading() as connection:
            brin6, is_done = _message(connection, message_id, undo=undo)
            shown = consequences_of(connection, message_id)
        if is_done:
            context.messages.print(f"Message {message_id} {'stands' if undo else 'was taken back'} already.")
            return
        _print_consequences(context, shown)
        if dry_run:
            context.console.print("Dry run, nothing changed.")
            return
        if not yes:
            click.confirm("Let it stand again?" if undo else "Take it back?", abort=True)
        with database.writing() as connection:
            schools.lock_school(connection, brincode_of(brin6))
            if consequences_of(connection, message_id) != shown or _message(connection, message_id, undo=undo)[1]:
                raise RefusedError(_CHANGED_MEANWHILE)
            _carry_out(context, connection, brin6, message_id, shown, undo=undo)
    context.messages.print(f"Message {message_id} {'stands again' if undo else 'is taken back'}.")


@resultaten.command()
@click.option("--dry-run", is_flag=True, help="Show how many results wait, without delivering any.")
@click.pass_obj
def deliver(context: Context, *, dry_run: bool) -> None:
    """Deliver results to the administration now, as `serve` does every five minutes (docs/guides/receiver.md).

    Example:  uwlr-adapter resultaten deliver --dry-run
    """
    job = JOBS["results"]
    if dry_run:
        print_due(context, due_of(context, job))
        context.console.print("Dry run, nothing changed.")
        return
    if context.settings.receiver is None:
        raise click.ClickException("no receiver is set: UWLR_RECEIVER names one")
    context.messages.print(f"Delivered: {run_job(context, job)}.")


def _require_brin6(brin6: str) -> None:
    if not is_brin6(brin6):
        raise click.BadParameter(
            "must be a brincode and a dependancecode in capitals, such as 21QW00", param_hint="BRIN6"
        )


def _message(connection: sa.Connection, message_id: int, *, undo: bool) -> tuple[str, bool]:
    """Return the brin6 of a message, and whether there is nothing to do. Raises MessageError."""
    own = results_message.c
    row = connection.execute(sa.select(own.brin6, own.taken_back_at).where(own.id == message_id)).one_or_none()
    if row is None:
        raise taking_back.MessageError(f"there is no message {message_id} with results (`resultaten list`)")
    return row.brin6, (row.taken_back_at is None) == undo


def _print_consequences(context: Context, found: Consequences) -> None:
    table = make_table("results it brought", "stand by it", "of leerlingen", "an earlier version stands without it")
    table.add_row(*map(str, (found.brought, found.stands, found.leerlingen, found.earlier)))
    context.console.print(table)


def _carry_out(
    context: Context, connection: sa.Connection, brin6: str, message_id: int, counts: Consequences, *, undo: bool
) -> None:
    """Do it, with its entry in the journaal: numbers alone."""
    moment, actor = context.clock(), own_actor()
    if undo:
        taking_back.undo_take_back(connection, brin6, message_id)
    else:
        taking_back.take_back(connection, moment, brin6, message_id, actor)
    writer.record_results_act(
        connection,
        moment=moment,
        act=Act.RESULTS_PUT_BACK if undo else Act.RESULTS_TAKEN_BACK,
        brin6=brin6,
        actor=actor,
        counts={"bericht": message_id, "resultaten": counts.stands, "leerlingen": counts.leerlingen},
    )


resultaten.add_command(export_)
