"""The output of a command for a program: one line of JSON, in the form of docs/reference/commands.md.

A command that lists prints an array, a command that shows one thing an object; `import list` prints an object of two
arrays. Moments have their offset, days are
`YYYY-MM-DD`, and what is absent is null. No secret is in it, and no digest of one.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from uwlr_adapter.clock import AMSTERDAM

_Command = Callable[..., Any]


def json_option(command: _Command) -> _Command:
    """Add --json, whose argument is `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one line of JSON instead, for a program.")(
        command
    )


def print_json(value: Sequence[Any] | Mapping[str, Any]) -> None:
    """Print a list or an object as one line; its characters are ASCII, so that none can steer a terminal."""
    click.echo(json.dumps(value))


def moment_of(moment: datetime | None) -> str | None:
    """Return a moment with the offset of Amsterdam, to the millisecond, such as `2026-10-01T09:00:00.000+02:00`."""
    return None if moment is None else moment.astimezone(AMSTERDAM).isoformat(timespec="milliseconds")
