"""What `uwlr-adapter import` tells: counts in a table, or in a line where there are many parts; and each problem."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from uwlr_adapter.administratie.importing import batches, importer
from uwlr_adapter.administratie.importing.batches import Batch
from uwlr_adapter.administratie.model import Counts, ImportReport, Problem, Severity
from uwlr_adapter.cli.base import make_table
from uwlr_adapter.clock import AMSTERDAM

MANY = 20
"""So many parts of a source, and each is told in one line: nobody reads a thousand tables, `import show` has each."""
_LINES = 20
"""So many lines of one kind of problem are told; a whole file of another school has thousands."""


def print_done(console: Console, part: str, done: importer.Imported, *, dry_run: bool, short: bool) -> None:
    """Tell what became of a part of a source; `short` is one line, and what is wrong with it."""
    end = "would be imported (dry run, nothing changed)" if dry_run else f"imported as {done.batch}"
    for report in done.reports:
        about = f"{part}: {report.brin6}, schooljaar {report.schooljaar}: {end}"
        if short:
            console.out(f"{about}; {_in_words(report.counts)}", highlight=False)
        else:
            console.print(escape(about), soft_wrap=True)
            console.print(_tellingen(report))
        for element, count in sorted(report.dropped.items()):
            console.print(f"{count} x {element}: national numbers are not kept")
        print_problemen(console, report.warnings)


def print_batch(console: Console, batch: Batch) -> None:
    """Show what a kept import did."""
    console.print(f"Import {batch.id} of {batch.brincode}, {moment_of(batch)}, from {escape(batch.source)}")
    for report in batch.reports:
        console.print(f"{report.brin6}, schooljaar {report.schooljaar}: {report.warnings} warnings")
        console.print(_tellingen(report))
    if batch.undone_at is not None:
        console.print(f"Undone on {batch.undone_at.astimezone(AMSTERDAM):%Y-%m-%d %H:%M}")


def _in_words(tellingen: Mapping[str, Counts]) -> str:
    """Give the counts of what changed, such as `leerlingen 3 added, 1 removed`."""
    words = []
    for kind, telling in tellingen.items():
        counts = (
            (telling.added, "added"),
            (telling.changed, "changed"),
            (telling.removed, "removed"),
        )
        if told := ", ".join(f"{count} {what}" for count, what in counts if count):
            words.append(f"{kind} {told}")
    return "; ".join(words) or "nothing changed"


def _tellingen(report: ImportReport | batches.YearReport) -> Any:  # noqa: ANN401 - a table of rich
    table = make_table("", "added", "changed", "unchanged", "removed")
    for kind, telling in report.counts.items():
        counts = (telling.added, telling.changed, telling.unchanged, telling.removed)
        table.add_row(kind, *map(str, counts))
    return table


def moment_of(batch: Batch) -> str:
    """Give when an import was done, in Amsterdam."""
    return f"{batch.moment.astimezone(AMSTERDAM):%Y-%m-%d %H:%M}"


def summary_of(batch: Batch) -> str:
    """Say in a few words what a batch did to the leerlingen."""
    if batch.undone_at is not None:
        return "undone"
    if not batch.changes:
        return "nothing changed"
    counts: list[Counts] = [report.counts["leerlingen"] for report in batch.reports]
    added = sum(counts.added for counts in counts)
    changed = sum(counts.changed for counts in counts)
    removed = sum(counts.removed for counts in counts)
    return f"leerlingen: {added} added, {changed} changed, {removed} removed"


def print_problemen(console: Console, problems: Sequence[Problem]) -> None:
    """Show every problem; those that differ in their line only share a row."""
    regels: defaultdict[tuple[Severity, str, str, str], list[int]] = defaultdict(list)
    for problem in problems:
        regels[problem.severity, problem.file, problem.element, problem.reason].append(problem.line)
    if not regels:
        return
    of_files = any(file for _, file, _, _ in regels)
    table = make_table("", *(["file", "column"] if of_files else ["element"]), "reason", "line")
    for (severity, file, element, reason), found in sorted(
        regels.items(), key=lambda item: (item[0][0], item[0][1], min(item[1]))
    ):
        lines = [str(line) for line in sorted(found) if line]
        told = ", ".join(lines[:_LINES]) + (f" and {len(lines) - _LINES} more" if len(lines) > _LINES else "")
        where = [escape(file), escape(element)] if of_files else [escape(element)]
        table.add_row(str(severity), *where, escape(reason), told)
    console.print(table)
