"""`uwlr-adapter db`: the tables of the database."""

import click

from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.database_status import status


@click.group()
def db() -> None:
    """Maintain the database.

    Example:  uwlr-adapter db upgrade
    """


@db.command()
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


db.add_command(status)
