"""`uwlr-adapter db`: the tables of the database."""

import click

from uwlr_adapter.cli.base import Context
from uwlr_adapter.db.database import Database, DatabaseUnusableError


@click.group()
def db() -> None:
    """Maintain the database.

    Example:  uwlr-adapter db upgrade
    """


@db.command()
@click.pass_obj
def upgrade(context: Context) -> None:
    """Migrate the tables to the current version; the data stay.

    Example:  UWLR_DATABASE=sqlite:////var/lib/uwlr/uwlr.sqlite3 uwlr-adapter db upgrade
    """
    try:
        database = Database(context.settings.database_url)
        database.upgrade()
        database.close()
    except DatabaseUnusableError as error:
        raise click.ClickException(str(error)) from error
    context.messages.print("The database is up to date.")
