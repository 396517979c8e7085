"""The report of `uwlr-adapter import`: counts as a table, or as one line if there are many parts, and each problem."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console

from uwlr_adapter.administratie.importing import batches, importer
from uwlr_adapter.administratie.importing.batches import Batch
from uwlr_adapter.administratie.importing.not_taken import NotTaken
from uwlr_adapter.administratie.importing.problem_groups import ProblemGroup, group
from uwlr_adapter.administratie.model import Counts, ImportRefusedError, ImportReport, Problem, Subject
from uwlr_adapter.cli.base import make_table
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.clock import AMSTERDAM
from uwlr_adapter.contract.escape import printable
from uwlr_adapter.contract.nouns import count_noun

MANY = 20
"""Number of parts from which each part is reported in one line; `import show` has the table of each."""


def print_done(console: Console, part: str, done: importer.Imported, *, dry_run: bool, short: bool) -> None:
    """Print the result of importing one part of a source; with `short` the counts are one line."""
    result = "would be imported (dry run, nothing changed)" if dry_run else f"imported as {done.batch}"
    for report in done.reports:
        line = f"{part}: {report.brin6}, schooljaar {report.schooljaar}: {result}"
        if short:
            console.out(f"{printable(line)}; {_counts_line(report.counts)}", highlight=False)
        else:
            console.print(escape(line), soft_wrap=True)
            console.print(_counts_table(report))
        for element, count in sorted(report.dropped.items()):
            console.print(f"{count} x {escape(element)}: national numbers are not stored")
        print_problems(console, report.warnings)
        for kind, rows in report.rows.items():
            if rows.told:
                console.print(
                    f"{escape(kind)}: {count_noun(rows.read, 'row', 'rows')}, {rows.told} of them in no record"
                )


def print_not_taken(console: Console, part: str, error: ImportRefusedError) -> None:
    """Print why a part was not taken: what is wrong with it, or what it asks and of whom."""
    what = "asks before it changes anything" if error.asks else "refused, nothing changed"
    console.print(f"{escape(part)}: {what}", soft_wrap=True)
    print_problems(console, error.problems)


def print_waiting(console: Console, waiting: Iterable[NotTaken]) -> None:
    """Print the years whose last import was not taken."""
    table = make_table("vestiging", "schooljaar", "since", "last import", "what it waits for")
    for one in waiting:
        what = f"an answer: {', '.join(one.questions)}" if one.asks else "a source without faults"
        moments = (f"{moment.astimezone(AMSTERDAM):%Y-%m-%d %H:%M}" for moment in (one.since, one.moment))
        table.add_row(one.brin6, one.schooljaar, *moments, what)
    if table.row_count:
        console.print("Not taken, so that the records may be out of date:")
        console.print(table)


def print_batch(console: Console, batch: Batch) -> None:
    """Print what a stored import did."""
    console.print(f"Import {batch.id} of {batch.brincode}, {moment_of(batch)}, from {escape(batch.source)}{_by(batch)}")
    for report in batch.reports:
        console.print(
            f"{report.brin6}, schooljaar {report.schooljaar}: {count_noun(report.warnings, 'warning', 'warnings')}"
        )
        console.print(_counts_table(report))
        _print_groups(console, report.told)
    if batch.undone_at is not None:
        console.print(f"Undone on {batch.undone_at.astimezone(AMSTERDAM):%Y-%m-%d %H:%M}")
    if batch.redone_at is not None:
        console.print(f"Undone, and redone on {batch.redone_at.astimezone(AMSTERDAM):%Y-%m-%d %H:%M}")


def print_batch_line(console: Console, batch: Batch) -> None:
    """Print in one line what a stored import did."""
    source = escape(batch.source)
    years = ", ".join(sorted({f"{report.brin6} {report.schooljaar}" for report in batch.reports}))
    console.print(
        f"Import {batch.id} of {batch.brincode}, {moment_of(batch)}, from {source} ({years}): {_summary(batch)}",
        soft_wrap=True,
    )


def _counts_line(counts_of: Mapping[str, Counts]) -> str:
    """Return the counts of what changed, such as `leerlingen 3 added, 1 removed`."""
    phrases = []
    for kind, counts in counts_of.items():
        changes = ((counts.added, "added"), (counts.changed, "changed"), (counts.removed, "removed"))
        if phrase := ", ".join(f"{count} {what}" for count, what in changes if count):
            phrases.append(f"{kind} {phrase}")
    return "; ".join(phrases) or "nothing changed"


def _counts_table(report: ImportReport | batches.YearReport) -> Any:  # noqa: ANN401 - a table of rich
    table = make_table("", "added", "changed", "unchanged", "removed")
    for kind, counts in report.counts.items():
        cells = (counts.added, counts.changed, counts.unchanged, counts.removed)
        table.add_row(kind, *map(str, cells))
    return table


def moment_of(batch: Batch) -> str:
    """Return the moment of an import in Amsterdam time."""
    return f"{batch.moment.astimezone(AMSTERDAM):%Y-%m-%d %H:%M}"


def _by(batch: Batch) -> str:
    """Return by whom an import was made, where that was kept."""
    return "" if batch.actor is None else f", by {escape(batch.actor)}"


def summary_of(batch: Batch) -> str:
    """Return in a few words what an import did to the records of each kind, added up over its years."""
    if batch.undone_at is not None:
        return "undone"
    return f"redone; {_summary(batch)}" if batch.redone_at is not None else _summary(batch)


def _summary(batch: Batch) -> str:
    if not batch.changes:
        return "nothing changed"
    total: dict[str, Counts] = {}
    for report in batch.reports:
        for kind, counts in report.counts.items():
            before = total.get(kind, Counts())
            total[kind] = Counts(
                added=before.added + counts.added,
                changed=before.changed + counts.changed,
                unchanged=before.unchanged + counts.unchanged,
                removed=before.removed + counts.removed,
            )
    warnings = sum(report.warnings for report in batch.reports)
    return _counts_line(total) + (f"; {count_noun(warnings, 'warning', 'warnings')}" if warnings else "")


def print_problems(console: Console, problems: Sequence[Problem]) -> None:
    """Print every problem; problems that differ only in their line number share a row. Then whom a question is about.

    Questions about the same records share a table.
    """
    _print_groups(console, group(problems))
    about: dict[tuple[str, tuple[Subject, ...], int], list[str]] = {}
    for problem in problems:
        if problem.subjects:
            about.setdefault((problem.flag, problem.subjects, problem.more), []).append(problem.element)
    for (flag, subjects, more), elements in about.items():
        _print_subjects(console, ", ".join(part for part in (flag, " and ".join(elements)) if part), subjects, more)


def _print_groups(console: Console, groups: Sequence[ProblemGroup]) -> None:
    if not groups:
        return
    has_files = any(one.file for one in groups)
    table = make_table("", *(["file", "column"] if has_files else ["element"]), "reason", "line")
    for one in groups:
        more = one.count - len(one.lines)
        shown = ", ".join(map(str, one.lines)) + (f" and {more} more" if more else "")
        where = [escape(one.file), escape(one.element)] if has_files else [escape(one.element)]
        table.add_row("asks" if one.asks else str(one.severity), *where, escape(one.reason), shown)
    console.print(table)


def _print_subjects(console: Console, title: str, subjects: Sequence[Subject], more: int) -> None:
    """Print the records that a question is about; one that is in the source no more has no line."""
    console.print(f"{escape(title)}:", soft_wrap=True)
    table = make_table("", "key", "name", "line")
    for one in subjects:
        table.add_row(one.kind, escape(one.key), escape(one.naam), str(one.line or "gone"))
    console.print(table)
    if more:
        console.print(f"and {more} more")
