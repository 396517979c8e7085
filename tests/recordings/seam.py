"""Name everything of the package that the recordings use: a rename changes this file, and no recording."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner
from rich.console import Console
from support.wsgi import forgiving

from uwlr_adapter.cli import main
from uwlr_adapter.cli.base import Context
from uwlr_adapter.db.database import Database
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings

COMMANDS: click.Group = main
"""The root of the command."""
WIDE = 200
ACCOUNTS = "uwlr_adapter.cli.base._accounts"
"""The function that returns the accounts of whoever runs a command; their names make a table wider."""


@dataclass(frozen=True)
class Ran:
    """Represent what a command left behind."""

    status: int
    stdout: str
    stderr: str


def settings_of(data: Path, **chosen: Any) -> Settings:
    """Return the settings of a data folder; `chosen` are fields of the settings, by the name behind UWLR_."""
    return Settings(data=data, **chosen)


def upgrade(data: Path, **chosen: Any) -> None:
    """Bring the database of a data folder to the newest version, as `db upgrade` does."""
    database = Database(settings_of(data, **chosen).database_url)
    try:
        database.upgrade()
    finally:
        database.close()


@contextmanager
def application(data: Path, clock: Callable[[], datetime], **chosen: Any) -> Iterator[Any]:
    """Open the WSGI application on a data folder whose database is current."""
    app = forgiving(make_app(settings_of(data, **chosen), clock))
    try:
        yield app
    finally:
        app.close()


def run(
    data: Path,
    clock: Callable[[], datetime],
    arguments: tuple[str, ...],
    stdin: str | None = None,
    environment: Mapping[str, str] | None = None,
    **chosen: Any,
) -> Ran:
    """Run a command with a clock of our own, everything behind the root's options as the shell would do it."""
    context = Context(
        settings_of(data, **chosen),
        clock,
        Console(width=WIDE, highlight=False),
        Console(stderr=True, width=WIDE, highlight=False),
    )
    name, *rest = arguments
    command = COMMANDS.get_command(click.Context(COMMANDS), name)
    assert command is not None, name
    result = CliRunner().invoke(command, rest, obj=context, input=stdin, env=environment)
    return _ran(result)


def run_root(arguments: tuple[str, ...], environment: Mapping[str, str] | None = None) -> Ran:
    """Run the whole command, with the clock of the machine."""
    return _ran(CliRunner().invoke(COMMANDS, arguments, env=environment))


def _ran(result: Any) -> Ran:
    failure = result.exception
    if failure is not None and not isinstance(failure, SystemExit):
        raise failure
    return Ran(result.exit_code, result.stdout, result.stderr)
