"""`uwlr-adapter leerkracht`: what is known of one leerkracht, and the corrections and withdrawals of an operator."""

import click

from uwlr_adapter.administratie.tables import PersonKind
from uwlr_adapter.cli.persons import add_commands


@click.group()
def leerkracht() -> None:
    """Show a leerkracht, correct an ECK-iD, join two who are one, or forget one.

    Example:  uwlr-adapter leerkracht show 21QW00 L01
    """


add_commands(leerkracht, PersonKind.LEERKRACHT)
