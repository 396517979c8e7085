"""`uwlr-adapter db`: the tables."""

import click

from uwlr_adapter.cli.base import Context
from uwlr_adapter.opslag import Opslag


@click.group()
def db() -> None:
    """Look after the database."""


@db.command()
@click.pass_obj
def upgrade(context: Context) -> None:
    """Bring the tables to this version; what is there stays.

    Example:  UWLR_DATABASE=sqlite:////var/lib/uwlr/uwlr.sqlite3 uwlr-adapter db upgrade
    """
    opslag = Opslag(context.settings.database_url)
    try:
        opslag.upgrade()
    finally:
        opslag.close()
    context.messages.print("The database is current.")
