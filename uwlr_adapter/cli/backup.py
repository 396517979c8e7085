"""`uwlr-adapter backup`: all that the service knows, in one file."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click
from sqlalchemy.exc import DBAPIError

from uwlr_adapter import __version__
from uwlr_adapter.backup import carrying, writing
from uwlr_adapter.cli.base import Context, local_time, refusal
from uwlr_adapter.cli.table_progress import table_progress
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.errors import RefusedError, UnusableError

MEBIBYTE = 2**20
_BY_SIGNAL = 128
"""What a shell adds to the number of the signal that ended a command."""


@contextmanager
def reporting_failures() -> Iterator[None]:
    """Report what an operator can mend as a sentence; SIGTERM clears away what is half done. Raises ClickException."""
    earlier = signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    except (UnusableError, RefusedError) as error:
        raise refusal(error) from error
    except DBAPIError as error:
        raise click.ClickException(carrying.reason_of(error)) from error
    finally:
        signal.signal(signal.SIGTERM, earlier or signal.SIG_DFL)


def _stop(number: int, _frame: object) -> NoReturn:
    sys.exit(_BY_SIGNAL + number)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@click.pass_obj
def backup(context: Context, file: Path, *, force: bool) -> None:
    """Write a backup of the database to FILE, while it is served from.

    The file is of one moment, for its owner only, and read again before it gets its name; `restore` brings it back on
    SQLite and on PostgreSQL. It holds no server key: keep those apart. What is made again by itself is left out, such
    as stored answers.

    Example:  uwlr-adapter backup /var/backups/uwlr/2026-11-30.uwlr
    """
    with reporting_failures(), context.database() as database, table_progress(context.messages) as progress:
        written = writing.write(database, file, __version__, context.clock(), progress, replace=force)
    head = written.head
    rows, tables = count_noun(written.rows, "row", "rows"), count_noun(len(head.counts), "table", "tables")
    counted = f"{rows} of {tables}, {written.size / MEBIBYTE:.1f} MiB"
    moment = local_time(head.moment, seconds=True)
    context.console.print(f"{escape(str(file))}: {counted}, as of {moment}; read again, and whole.", soft_wrap=True)
    used = [mark.name for mark in head.keys if mark.is_used]
    if used:
        context.messages.print(
            f"The server keys are not in it, and a restore needs: {', '.join(used)}. Keep a copy of them in another "
            "place, for with both a code can be guessed.",
            soft_wrap=True,
        )
    context.messages.print(
        "Left out, since it is made again: stored answers, what platforms were given, counts of wrong codes and logins."
    )
