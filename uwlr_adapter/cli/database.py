"""`uwlr-adapter db`: look after the database."""

import click

from uwlr_adapter.cli.base import Context


@click.group()
def db() -> None:
    """Look after the database.

    Example:  uwlr-adapter db upgrade
    """


@db.command()
@click.pass_obj
def upgrade(context: Context) -> None:
    """Migrate the tables to this version, or create them; what is there stays.

    Stop every process that serves from this database first.

    Example:  UWLR_DATABASE=sqlite:////var/lib/uwlr/uwlr.sqlite3 uwlr-adapter db upgrade
    """
    with context.database(create=True):
        pass
    context.messages.print("The database is current.")
