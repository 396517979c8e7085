"""`uwlr-adapter db check`: is everything in the database as it must be."""

import click

from uwlr_adapter.backup import checking
from uwlr_adapter.cli.backup import reporting_failures
from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.table_progress import table_progress
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.keys.server_keys import ServerKeyError, ServerKeys


@click.command()
@click.option("--all-answers", is_flag=True, help="Compare every stored answer with the records, not a sample.")
@click.pass_obj
def check(context: Context, *, all_answers: bool) -> None:
    """Check the database, also while it is served from; exit status 1 when something is wrong.

    It asks the database itself, reads every row, holds the rows against the rules that are no constraint, and renders
    stored answers again to compare them. With the server keys at hand it checks that they belong.

    Example:  uwlr-adapter db check
    """
    catalogue = context.catalogue()
    with reporting_failures(), context.database() as database:
        with table_progress(context.messages) as progress:
            sample = None if all_answers else checking.SAMPLE
            found = checking.check(database, catalogue, context.clock(), progress, sample)
        try:
            keys = ServerKeys.read(context.settings)
        except ServerKeyError:
            context.messages.print("The server keys are not at hand here, so they are not checked.")
        else:
            try:
                with database.reading() as connection:
                    keys.unknown(connection, context.clock())
            except ServerKeyError as error:
                found.append(str(error))
    for line in found:
        context.console.print(f"- {escape(line)}", soft_wrap=True)
    if found:
        counted = count_noun(len(found), "thing is", "things are")
        raise click.ClickException(f"{counted} wrong; make a copy of the database before you mend anything")
    context.console.print("Nothing is wrong.")
