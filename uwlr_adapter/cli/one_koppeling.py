"""Shared by the commands on a koppeling: their arguments, and the koppeling itself."""

from collections.abc import Callable
from typing import Any

import click
import sqlalchemy as sa

from uwlr_adapter.cli.base import Context
from uwlr_adapter.koppelingen import agreeing, store
from uwlr_adapter.koppelingen.errors import NoKoppelingError
from uwlr_adapter.koppelingen.lifecycle import Koppeling

_Command = Callable[..., Any]


def yes_option(command: _Command) -> _Command:
    """Add the option that answers the question."""
    return click.option("--yes", is_flag=True, help="Do not ask for confirmation.")(command)


def dry_run_option(command: _Command) -> _Command:
    """Add the option that shows what would change."""
    return click.option("--dry-run", is_flag=True, help="Show what would change, without changing anything.")(command)


def koppeling_arguments(command: _Command) -> _Command:
    """Add the arguments that identify a koppeling: the vestiging, and the id in the catalogue."""
    return click.argument("brin6")(click.argument("koppeling_id", metavar="ID")(command))


def require_living(context: Context, connection: sa.Connection, brin6: str, koppeling_id: str) -> Koppeling:
    """Return the living koppeling of a vestiging. Raises KoppelingError."""
    store.require_vestiging(connection, brin6)
    found = store.find_living(connection, brin6, koppeling_id)
    if found is None:  # a koppeling that is no longer in the catalogue can still be ended
        agreeing.require_entry(context.catalogue(), koppeling_id)
        raise NoKoppelingError
    return found
