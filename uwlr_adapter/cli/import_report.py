"""The report of `uwlr-adapter import`: counts as a table, or as one line if there are many parts, and each problem."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from uwlr_adapter.administratie.importing import batches, importer
from uwlr_adapter.administratie.importing.batches import Batch
from uwlr_adapter.administratie.importing.effect import YearEffect
from uwlr_adapter.administratie.model import Counts, ImportReport, Problem, Severity
from uwlr_adapter.administratie.tables import PersonKind
from uwlr_adapter.cli.base import make_table
from uwlr_adapter.cli.terminal import escape, printable
from uwlr_adapter.clock import AMSTERDAM

MANY = 20
"""Number of parts from which each part is reported in one line; `import show` has the table of each."""
_MAX_LINES = 20
"""Most line numbers shown for one problem; a file of another school has thousands."""
_MAX_PERSONS = 40
"""Most persons shown of one answer, more than any groep has; of a whole school they are counted."""


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


def print_batch(console: Console, batch: Batch) -> None:
    """Print what a stored import did."""
    console.print(f"Import {batch.id} of {batch.brincode}, {moment_of(batch)}, from {escape(batch.source)}")
    for report in batch.reports:
        console.print(f"{report.brin6}, schooljaar {report.schooljaar}: {report.warnings} warnings")
        console.print(_counts_table(report))
    if batch.undone_at is not None:
        console.print(f"Undone on {batch.undone_at.astimezone(AMSTERDAM):%Y-%m-%d %H:%M}")


def print_effect(console: Console, effects: Sequence[YearEffect]) -> None:
    """Print what an act changes in the answers, with the persons."""
    if not effects:
        console.print("No answer changes.")
    for found in effects:
        console.print(f"The answer for {found.year.brin6}, schooljaar {found.year.schooljaar}:")
        if len(found.persons) > _MAX_PERSONS:
            console.print(_effect_line(found))
            continue
        table = make_table("", "key", "name", "what changes")
        for one in found.persons:
            what = "comes" if one.before is None else "goes" if one.after is None else ", ".join(one.fields)
            table.add_row(one.kind.value, escape(one.key), escape(one.naam), what)
        console.print(table)


def _effect_line(found: YearEffect) -> str:
    """Return how many persons come, go and change, such as `leerling: 210 go, 2 change (eckid)`."""
    parts = []
    for kind in PersonKind:
        of_kind = [one for one in found.persons if one.kind is kind]
        come = sum(one.before is None for one in of_kind)
        go = sum(one.after is None for one in of_kind)
        changed = sorted({name for one in of_kind for name in one.fields})
        counted = ((come, "come"), (go, "go"), (len(of_kind) - come - go, f"change ({', '.join(changed)})"))
        if phrase := ", ".join(f"{count} {what}" for count, what in counted if count):
            parts.append(f"{kind}: {phrase}")
    return "; ".join(parts)


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


def summary_of(batch: Batch) -> str:
    """Return in a few words what an import did to the leerlingen."""
    if batch.undone_at is not None:
        return "undone"
    if not batch.changes:
        return "nothing changed"
    per_year = [report.counts["leerlingen"] for report in batch.reports]
    added = sum(counts.added for counts in per_year)
    changed = sum(counts.changed for counts in per_year)
    removed = sum(counts.removed for counts in per_year)
    return f"leerlingen: {added} added, {changed} changed, {removed} removed"


def print_problems(console: Console, problems: Sequence[Problem]) -> None:
    """Print every problem; problems that differ only in their line number share a row."""
    line_numbers: defaultdict[tuple[Severity, str, str, str], list[int]] = defaultdict(list)
    for problem in problems:
        line_numbers[problem.severity, problem.file, problem.element, problem.reason].append(problem.line)
    if not line_numbers:
        return
    has_files = any(file for _, file, _, _ in line_numbers)
    table = make_table("", *(["file", "column"] if has_files else ["element"]), "reason", "line")
    for (severity, file, element, reason), numbers in sorted(
        line_numbers.items(), key=lambda item: (item[0][0], item[0][1], min(item[1]))
    ):
        lines = [str(line) for line in sorted(numbers) if line]
        shown = ", ".join(lines[:_MAX_LINES]) + (
            f" and {len(lines) - _MAX_LINES} more" if len(lines) > _MAX_LINES else ""
        )
        where = [escape(file), escape(element)] if has_files else [escape(element)]
        table.add_row(str(severity), *where, escape(reason), shown)
    console.print(table)
