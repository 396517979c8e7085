"""Groups of commands whose modules are imported when one of them is used: the others cost no start-up time."""

import gc
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click

from uwlr_adapter.cli.garbage import collector_off

_PACKAGE = "uwlr_adapter.cli"


def load(module: str) -> Any:  # noqa: ANN401 - a module, whose names mypy does not know
    """Import a module of this package by its name; no collection will visit what it made, which stays."""
    name = f"{_PACKAGE}.{module}"
    if name not in sys.modules:
        with collector_off():
            import_module(name)
            gc.freeze()
    return sys.modules[name]


class CommandEntry(NamedTuple):
    """A command of a group: its module in this package, the name of its object there, and what the group says of it.

    The list of commands shows `summary`, so that no command is imported for it.
    """

    module: str
    name: str
    summary: str
    failure_status: int = 1
    """The exit status when it could not be done: 2 where 1 is a verdict."""


class CommandGroup(click.Group):
    """A group that lists its commands from a table, and imports the module of a command when that one is used."""

    def __init__(self, *arguments: Any, entries: Mapping[str, CommandEntry], **more: Any) -> None:  # noqa: ANN401 - click's own
        """Make a group of the commands in `entries`, in that order."""
        super().__init__(*arguments, **more)
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        """Return a command, or None for an unknown name."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = getattr(load(entry.module), entry.name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as above
        """Write the list of commands for the help of the group."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self.entries.items()])
