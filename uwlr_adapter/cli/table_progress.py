"""The progress of work on whole tables: a bar on a terminal, and a line for each large table elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from uwlr_adapter.backup import carrying
from uwlr_adapter.contract.nouns import count_noun

TOLD_FROM = 100_000
"""Rows of a table that is told of in a log: smaller ones take less than a second."""


@contextmanager
def table_progress(console: Console) -> Iterator[carrying.Progress]:
    """Yield what shows how far the work on a table is."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def show(step: str, rows: int, total: int) -> None:
            bar.update(task, description=step, completed=rows, total=total)
            if not console.is_terminal and rows == total >= TOLD_FROM:
                console.print(f"{step}: {count_noun(rows, 'row', 'rows')}", soft_wrap=True)

        yield show
