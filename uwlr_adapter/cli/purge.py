"""`uwlr-adapter purge`: erase what is kept no longer than its term, and show what was erased before."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from uwlr_adapter.cli.base import Context, make_table
from uwlr_adapter.cli.jobs import due_of, run_job
from uwlr_adapter.cli.json_output import print_json
from uwlr_adapter.jobs import purge as purging
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.work import Due


@click.command()
@click.option("--dry-run", is_flag=True, help="Show how much is due, without erasing anything.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--json", "as_json", is_flag=True, help="With --dry-run: print one line of JSON, for a program.")
@click.pass_obj
def purge(context: Context, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Erase what is kept no longer than its term, as `serve` does each night; it cannot be undone.

    The terms are settings. Shown is per kind how much is due now, and how much was erased so far: numbers, never a name
    or a key. A nightly purge that does not trust the clock (`jobs list`) goes on after this command.

    Example:  uwlr-adapter purge --dry-run
    """
    if as_json and not dry_run:
        raise click.UsageError("--json needs --dry-run")
    job = replace(
        JOBS["purge"], run=purging.run
    )  # whoever runs this has seen what is due, and says that the clock is right
    due = due_of(context, job)
    if as_json:
        print_json(_as_json(context, due))
        return
    _print(context, due)
    if dry_run:
        context.console.print("Dry run, nothing changed.")
        return
    is_due = any(one.number for one in due)
    if is_due and not yes:
        click.confirm("Erase what is due?", abort=True)
    run_job(context, job)
    if is_due:
        _print(context, due_of(context, job))
    else:
        context.messages.print("Nothing is due.")


def _print(context: Context, due: Sequence[Due]) -> None:
    with context.database() as database, database.reading() as connection:
        before = purging.erased_so_far(connection)
    table = make_table("what", "due", "term", "erased so far", "last")
    for one in due:
        count = before.get(one.what)
        so_far = ("0", "-") if count is None else (str(count.occurrences), f"{count.last:%d-%m-%Y}")
        table.add_row(one.what, str(one.number), one.note, *so_far)
    context.console.print(table)


def _as_json(context: Context, due: Sequence[Due]) -> list[dict[str, Any]]:
    with context.database() as database, database.reading() as connection:
        before = purging.erased_so_far(connection)
    return [
        {
            "what": one.what,
            "due": one.number,
            "term": one.note,
            "erased": 0 if (count := before.get(one.what)) is None else count.occurrences,
            "last": None if count is None else count.last.isoformat(),
        }
        for one in due
    ]
