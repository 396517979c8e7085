"""`uwlr-adapter import list` and `import show`: what earlier imports did, and what was not taken."""

import click

from uwlr_adapter.administratie.importing import batches, not_taken
from uwlr_adapter.cli import import_json
from uwlr_adapter.cli.base import Context, make_table
from uwlr_adapter.cli.import_report import moment_of, print_batch, print_waiting, summary_of
from uwlr_adapter.cli.json_output import json_option, print_json
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.db.limits import MAX_ID

_BRINCODE = 4


@click.command("list")
@click.option("--brincode", help="Only imports of this school, such as 21QW.")
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="Maximum number of imports."
)
@json_option
@click.pass_obj
def list_(context: Context, brincode: str | None, limit: int, *, as_json: bool) -> None:
    """List the imports, newest first, and the schooljaren whose last import was not taken.

    Example:  uwlr-adapter import list --brincode 21QW
    """
    with context.database() as database, database.reading() as connection:
        brincode = None if brincode is None else brincode[:_BRINCODE]
        found = batches.find_all(connection, brincode, limit)
        waiting = not_taken.find_all(connection, brincode)
    if as_json:
        batches_, years_ = map(import_json.of_batch, found), map(import_json.of_waiting, waiting)
        print_json({"imports": list(batches_), "not_taken": list(years_)})
        return
    table = make_table("ID", "moment", "school", "source", "who", "years", "what it did")
    for batch in found:
        years = ", ".join(sorted({report.schooljaar for report in batch.reports}))
        about = (batch.brincode, escape(batch.source), escape(batch.actor or "-"), years)
        table.add_row(str(batch.id), moment_of(batch), *about, summary_of(batch))
    context.console.print(table)
    if not found:
        context.messages.print("No imports yet.")
    print_waiting(context.console, waiting)


@click.command()
@click.argument("batch_id", metavar="ID", type=click.IntRange(1, MAX_ID))
@json_option
@click.pass_obj
def show(context: Context, batch_id: int, *, as_json: bool) -> None:
    """Show what import ID did, per vestiging and schooljaar, and its warnings.

    Example:  uwlr-adapter import show 12
    """
    with context.database() as database, database.reading() as connection:
        batch = batches.get(connection, batch_id)
    if as_json:
        print_json(import_json.of_batch(batch))
    else:
        print_batch(context.console, batch)
