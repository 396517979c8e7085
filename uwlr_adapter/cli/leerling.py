"""`uwlr-adapter leerling`: what is known of one leerling, and the corrections and withdrawals of an operator."""

import click

from uwlr_adapter.administratie.tables import PersonKind
from uwlr_adapter.cli.persons import add_commands


@click.group()
def leerling() -> None:
    """Show a leerling, correct an ECK-iD, join two who are one, or forget one.

    Example:  uwlr-adapter leerling show 21QW00 10001
    """


add_commands(leerling, PersonKind.LEERLING)
