"""`uwlr-adapter db`: the tables of the database."""

import click

from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.command_group import CommandEntry, CommandGroup

COMMANDS = {
    "status": CommandEntry("database_status", "status", "Show which code can use the database, and its server keys."),
    "upgrade": CommandEntry("database", "upgrade", "Migrate the tables to the current version."),
    "check": CommandEntry("database_check", "check", "Check the database, its records and its stored answers."),
    "copy": CommandEntry("database_copy", "copy", "Copy the database into another one, of either kind."),
    "restored": CommandEntry("database_restored", "restored", "Make records that went back in time true again."),
    "forgotten": CommandEntry("database_restored", "write_forgotten", "Write the list of who was forgotten."),
}
"""The commands in the order of the help text."""


@click.group(cls=CommandGroup, entries=COMMANDS)
def db() -> None:
    """Maintain the database.

    Example:  uwlr-adapter db upgrade
    """


@click.command()
@click.pass_obj
def upgrade(context: Context) -> None:
    """Migrate the tables to the current version, or create them; the data stay.

    Processes of the version before may go on serving meanwhile, and after it. A transaction that keeps a table in use,
    such as an import, is waited for. `db status` shows what would be done.

    Example:  UWLR_DATABASE=sqlite:////var/lib/uwlr/uwlr.sqlite3 uwlr-adapter db upgrade
    """
    with context.database(create=True):
        pass
    context.messages.print("The database is up to date.")
