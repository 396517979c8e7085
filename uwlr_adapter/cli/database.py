"""`uwlr-adapter db`: the tables of the database."""

import click

from uwlr_adapter.cli.base import Context


@click.group()
def db() -> None:
    """Maintain the database.

    Example:  uwlr-adapter db upgrade
    """


@db.command()
@click.pass_obj
def upgrade(context: Context) -> None:
    """Migrate the tables to the current version, or create them; the data stay.

    Stop every process that serves from this database first.

    Example:  UWLR_DATABASE=sqlite:////var/lib/uwlr/uwlr.sqlite3 uwlr-adapter db upgrade
    """
    with context.database(create=True):
        pass
    context.messages.print("The database is up to date.")
