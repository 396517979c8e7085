"""`uwlr-adapter db copy`: move to another database, of the same kind or the other."""

import click

from uwlr_adapter.backup import copying
from uwlr_adapter.cli.backup import reporting_failures
from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.table_progress import table_progress
from uwlr_adapter.contract.nouns import count_noun


@click.command()
@click.option("--to", "url", metavar="URL", required=True, help="The new or empty database, as in UWLR_DATABASE.")
@click.option(
    "--answers",
    "sample",
    type=click.IntRange(min=0),
    default=copying.SAMPLE,
    show_default=True,
    help="Answers to render from both and compare.",
)
@click.pass_obj
def copy(context: Context, url: str, sample: int) -> None:
    """Copy everything into another database: SQLite to PostgreSQL, back, or to one of the same kind.

    What is copied is of one moment, also while the database is served from; the target is there as a whole, or not at
    all. Every table is compared, and answers are rendered from both. The codes of schools and platforms go on to work,
    with the same server keys. To move, stop `serve` first: what comes in after the copy began is not in it.

    Example:  uwlr-adapter db copy --to postgresql://uwlr@/uwlr
    """
    with reporting_failures(), context.database() as database, table_progress(context.messages) as progress:
        done = copying.copy(database, url, context.clock(), progress, sample)
    rows, filled = sum(done.rows.values()), sum(1 for count in done.rows.values() if count)
    context.console.print(
        f"Copied {count_noun(rows, 'row', 'rows')} of {count_noun(filled, 'table', 'tables')}: every table is equal, "
        f"and so is every answer of {done.answers} that were compared.",
        soft_wrap=True,
    )
    if done.entries_since is None:
        context.messages.print(
            "Warning: the source failed after it was copied: it is not known whether anything came into it meanwhile. "
            "If anything served from it, stop that, and copy into a new database again.",
            soft_wrap=True,
        )
    elif done.entries_since:
        context.messages.print(
            f"Warning: after the copy began {count_noun(done.entries_since, 'entry', 'entries')} came into the "
            "journaal of the source, and not into the copy. To move for good, stop what serves from the source, and "
            "copy into a new database again.",
            soft_wrap=True,
        )
    context.messages.print(
        "To move, set UWLR_DATABASE to the new database, keep the server keys, and start `serve`. Each platform gets "
        "data once more before it hears geenwijzigingen.",
        soft_wrap=True,
    )
