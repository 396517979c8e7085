"""`uwlr-adapter import list` and `import show`: what earlier imports did, and what was not taken."""

import click

from uwlr_adapter.administratie.importing import batches, not_taken
from uwlr_adapter.administratie.importing.batches import BatchError
from uwlr_adapter.cli.base import Context, make_table
from uwlr_adapter.cli.import_report import moment_of, print_batch, print_waiting, summary_of
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.db.limits import MAX_ID

_BRINCODE = 4


@click.command("list")
@click.option("--brincode", help="Only imports of this school, such as 21QW.")
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="Maximum number of imports."
)
@click.pass_obj
def list_(context: Context, brincode: str | None, limit: int) -> None:
    """List the imports, newest first, and the schooljaren whose last import was not taken.

    Example:  uwlr-adapter import list --brincode 21QW
    """
    with context.database() as database, database.reading() as connection:
        brincode = None if brincode is None else brincode[:_BRINCODE]
        found = batches.find_all(connection, brincode, limit)
        waiting = not_taken.find_all(connection, brincode)
    table = make_table("ID", "moment", "school", "source", "years", "what it did")
    for batch in found:
        years = ", ".join(sorted({report.schooljaar for report in batch.reports}))
        table.add_row(str(batch.id), moment_of(batch), batch.brincode, escape(batch.source), years, summary_of(batch))
    context.console.print(table)
    if not found:
        context.messages.print("No imports yet.")
    print_waiting(context.console, waiting)


@click.command()
@click.argument("batch_id", metavar="ID", type=click.IntRange(1, MAX_ID))
@click.pass_obj
def show(context: Context, batch_id: int) -> None:
    """Show what import ID did, per vestiging and schooljaar, and its warnings.

    Example:  uwlr-adapter import show 12
    """
    with context.database() as database, database.reading() as connection:
        try:
            batch = batches.get(connection, batch_id)
        except BatchError as error:
            raise click.ClickException(str(error)) from None
    print_batch(context.console, batch)
