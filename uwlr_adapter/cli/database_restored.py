"""`uwlr-adapter db restored` and `db forgotten`: after a recovery that was not `restore`, and what it needs."""

from collections.abc import Sequence
from pathlib import Path

import click

from uwlr_adapter.administratie.importing.forget_again import new_digests, read_all, to_list
from uwlr_adapter.backup.comparing import ComparedRows
from uwlr_adapter.backup.going_back import settle
from uwlr_adapter.backup.tables import all_tables
from uwlr_adapter.cli.acts import confirm_options
from uwlr_adapter.cli.backup import reporting_failures
from uwlr_adapter.cli.base import Context, own_actor
from uwlr_adapter.cli.files import why_unwritable, write_private
from uwlr_adapter.cli.restore import (
    forgotten_option,
    present_option,
    read_lists,
    read_moment,
    tell_present,
    tell_settled,
)
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.db.database import shown_url


@click.command()
@click.option("--back-to", metavar="MOMENT", help="The moment to which it was recovered, for the journaal.")
@present_option
@forgotten_option
@confirm_options
@click.pass_obj
def restored(
    context: Context, back_to: str | None, present: str | None, lists: Sequence[Path], *, dry_run: bool, yes: bool
) -> None:
    """Make a database true again that went back in time by other means than `restore`.

    Run it after a point-in-time recovery of PostgreSQL, a copy of a file or a snapshot of a disk, before anything
    serves from it: it does what `restore` does behind the rows. The stored answers and what platforms were given are
    erased, sessions and one-time links end, and who was forgotten since is erased again.

    Example:  uwlr-adapter db restored --back-to 2026-11-30T02:00 --forgotten /var/backups/uwlr/forgotten.json --dry-run
    """
    moment = read_moment(back_to)
    all_tables()
    with reporting_failures(), context.database() as database:
        context.console.print(f"The database is {escape(shown_url(context.settings.database_url))}.", soft_wrap=True)
        with database.reading() as connection:
            database.backend.remove_time_limits(connection)
            standing = ComparedRows.of(connection)
        digests = [*read_lists(lists), *tell_present(context, present, standing)]
        with database.reading() as connection:
            new = len({(one.salt, one.soort) for one in new_digests(connection, digests)})
        context.console.print(f"Forgotten since, as far as is known here: {new}.")
        if dry_run:
            context.console.print("Dry run, nothing changed.")
            return
        if not yes:
            click.confirm("Erase what is not true any more?", abort=True)
        with database.writing() as connection:
            database.backend.remove_time_limits(connection)
            done = settle(connection, digests, moment, context.clock(), own_actor())
    tell_settled(context, done)


@click.command("forgotten")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def write_forgotten(context: Context, file: Path) -> None:
    """Write the list of everybody who was forgotten to FILE, for `restore` and `db restored`.

    It holds salted digests only, no name and no key, and replaces FILE. A backup does not know who is forgotten after
    it: write the list after each `forget`, or each night, and keep it on another machine than the database.

    Example:  uwlr-adapter db forgotten /var/backups/uwlr/forgotten.json
    """
    if (reason := why_unwritable(file)) is not None:
        raise click.ClickException(f"nothing was written: {reason}")
    with reporting_failures(), context.database() as database:
        with database.reading() as connection:
            digests = read_all(connection)
        try:
            write_private(file, to_list(digests, context.clock()))
        except OSError as error:
            raise click.ClickException(f"{file} cannot be written: {error.strerror}") from error
    persons = len({(one.salt, one.soort) for one in digests})
    context.console.print(
        f"{escape(str(file))}: {count_noun(persons, 'person', 'persons')}, as digests.", soft_wrap=True
    )
