"""`uwlr-adapter db`: the tables."""

import click

from uwlr_adapter.cli.base import Context
from uwlr_adapter.db.database import Opslag, OpslagFout


@click.group()
def db() -> None:
    """Look after the database.

    Example:  uwlr-adapter db upgrade
    """


@db.command()
@click.pass_obj
def upgrade(context: Context) -> None:
    """Bring the tables to this version; what is there stays.

    Example:  UWLR_DATABASE=sqlite:////var/lib/uwlr/uwlr.sqlite3 uwlr-adapter db upgrade
    """
    try:
        opslag = Opslag(context.settings.database_url)
        opslag.upgrade()
        opslag.close()
    except OpslagFout as error:
        raise click.ClickException(str(error)) from error
    context.messages.print("The database is current.")
