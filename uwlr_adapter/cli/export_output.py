"""Shared by the commands that export many lines: the days of a period, where the lines go, and how far they are."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import click
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from uwlr_adapter.brin import is_brin6
from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.files import private_file, why_unwritable
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.contract.escape import BYTE_ORDER_MARK, csv_lines

JsonObject = Mapping[str, Any]
FIRST_YEAR, LAST_YEAR = 2000, 2199
"""The years of a period, inclusive: before and after them a day may have no moment that can be reckoned with."""
DATE = click.DateTime(["%Y-%m-%d"])


class CsvForm(NamedTuple):
    """The columns of a CSV file, and the function that makes the cells of an object."""

    columns: Sequence[str]
    cells: Callable[[JsonObject], list[str]]


def day_of_option(_context: click.Context, _parameter: click.Parameter, value: datetime | None) -> date | None:
    """Return the day of an option. Raises BadParameter."""
    if value is not None and not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise click.BadParameter(f"must be in the years {FIRST_YEAR} to {LAST_YEAR}")
    return None if value is None else value.date()


def json_lines(entries: Iterable[JsonObject]) -> str:
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


def require_place_and_days(brin6: str | None, brincode: str | None, first: date | None, last: date | None) -> None:
    """Check the options --brin6, --school, --from and --until together. Raises UsageError."""
    if first is not None and last is not None and last < first:
        raise click.UsageError("--until is before --from")
    if brin6 is not None and brincode is not None:
        raise click.UsageError("name a vestiging with --brin6 or a school with --school, not both")
    if brin6 is not None and not is_brin6(brin6):
        raise click.BadParameter(
            "must be a brincode and a dependancecode in capitals, such as 21QW00", param_hint="--brin6"
        )
    if brincode is not None and not is_brin6(f"{brincode}00"):
        raise click.BadParameter("must be a brincode in capitals, such as 21QW", param_hint="--school")


def require_writable(out: Path | None) -> None:
    """Check that a file can be made there. Raises ClickException."""
    if out is not None and (reason := why_unwritable(out)) is not None:
        raise click.ClickException(f"nothing was exported: {reason}")


def write_all(
    context: Context, out: Path | None, form: CsvForm | None, pieces: Iterable[tuple[Sequence[JsonObject], float]]
) -> int:
    """Write objects as CSV, or as JSON lines without a `form`, and return how many.

    `pieces` are some objects and the share of all that is read with them, 0 to 1.
    """
    count = 0
    with written_to(out) as file, show_progress(context) as advance:
        if form is not None:
            file.write((BYTE_ORDER_MARK + csv_lines([form.columns])).encode())
        for told, share in pieces:
            lines = json_lines(told) if form is None else csv_lines(map(form.cells, told))
            file.write(lines.encode())
            count += len(told)
            advance(share)
    return count


def tell_exported(context: Context, what: str, out: Path | None) -> None:
    """Print what was exported, such as `3 entries`, and where to."""
    where = "" if out is None else f" to {escape(str(out))}, readable only by you"
    context.messages.print(f"Exported {what}{where}.", soft_wrap=True)
