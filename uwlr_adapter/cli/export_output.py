"""Shared by the commands that export many lines: the days of a period, where the lines go, and how far they are."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import click
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.files import private_file

FIRST_YEAR, LAST_YEAR = 2000, 2199
"""The years of a period, inclusive: before and after them a day may have no moment that can be reckoned with."""
DATE = click.DateTime(["%Y-%m-%d"])


def day_of_option(_context: click.Context, _parameter: click.Parameter, value: datetime | None) -> date | None:
    """Return the day of an option. Raises BadParameter."""
    if value is not None and not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise click.BadParameter(f"must be in the years {FIRST_YEAR} to {LAST_YEAR}")
    return None if value is None else value.date()


def json_lines(entries: Iterable[Mapping[str, Any]]) -> str:
    """Return each object as a line of JSON."""
    return "".join(f"{json.dumps(one)}\n" for one in entries)


@contextmanager
def written_to(out: Path | None) -> Iterator[BinaryIO]:
    """Open standard output, or a file that is there once it is whole. Raises ClickException."""
    if out is None:
        if sys.stdout is None:
            raise click.ClickException("standard output is closed: give --out, or open it")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with private_file(out) as file:
            yield file
    except OSError as error:
        raise click.ClickException(f"{out} could not be written: {error.strerror}; nothing is left of it") from None


@contextmanager
def show_progress(context: Context) -> Iterator[Callable[[float], None]]:
    """Show on a terminal how much is read; yield what takes the share, 0 to 1."""
    columns = (TextColumn("Exporting"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    console = context.messages
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=1.0)
        yield partial(_advance, progress, task)


def _advance(progress: Progress, task: TaskID, share: float) -> None:
    progress.update(task, completed=share)
