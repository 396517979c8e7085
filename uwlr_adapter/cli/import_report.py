"""What `uwlr-adapter import` tells: counts in a table, or in a line where there are many parts; and each problem."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from uwlr_adapter.administratie.importing import batches, importer
from uwlr_adapter.administratie.importing.batches import Batch
from uwlr_adapter.administratie.model import Ernst, Probleem, Rapport, Telling
from uwlr_adapter.cli.base import make_table
from uwlr_adapter.clock import AMSTERDAM

MANY = 20
"""So many parts of a source, and each is told in one line: nobody reads a thousand tables, `import show` has each."""
_LINES = 20
"""So many lines of one kind of problem are told; a whole file of another school has thousands."""


def print_done(console: Console, deel: str, done: importer.Ingevoerd, *, dry_run: bool, short: bool) -> None:
    """Tell what became of a part of a source; `short` is one line, and what is wrong with it."""
    end = "would be imported (dry run, nothing changed)" if dry_run else f"imported as {done.batch}"
    for rapport in done.rapporten:
        about = f"{deel}: {rapport.brin6}, schooljaar {rapport.schooljaar}: {end}"
        if short:
            console.out(f"{about}; {_in_words(rapport.tellingen)}", highlight=False)
        else:
            console.print(escape(about), soft_wrap=True)
            console.print(_tellingen(rapport))
        for element, count in sorted(rapport.weggelaten.items()):
            console.print(f"{count} x {element}: national numbers are not kept")
        print_problemen(console, rapport.meldingen)


def print_batch(console: Console, batch: Batch) -> None:
    """Show what a kept import did."""
    console.print(f"Import {batch.id} of {batch.brincode}, {moment_of(batch)}, from {escape(batch.bron)}")
    for rapport in batch.rapporten:
        console.print(f"{rapport.brin6}, schooljaar {rapport.schooljaar}: {rapport.meldingen} warnings")
        console.print(_tellingen(rapport))
    if batch.teruggedraaid_op is not None:
        console.print(f"Undone on {batch.teruggedraaid_op.astimezone(AMSTERDAM):%Y-%m-%d %H:%M}")


def _in_words(tellingen: Mapping[str, Telling]) -> str:
    """Give the counts of what changed, such as `leerlingen 3 added, 1 removed`."""
    words = []
    for kind, telling in tellingen.items():
        counts = (
            (telling.toegevoegd, "added"),
            (telling.gewijzigd, "changed"),
            (telling.verwijderd, "removed"),
        )
        if told := ", ".join(f"{count} {what}" for count, what in counts if count):
            words.append(f"{kind} {told}")
    return "; ".join(words) or "nothing changed"


def _tellingen(rapport: Rapport | batches.Jaarrapport) -> Any:  # noqa: ANN401 - a table of rich
    table = make_table("", "added", "changed", "unchanged", "removed")
    for kind, telling in rapport.tellingen.items():
        counts = (telling.toegevoegd, telling.gewijzigd, telling.ongewijzigd, telling.verwijderd)
        table.add_row(kind, *map(str, counts))
    return table


def moment_of(batch: Batch) -> str:
    """Give when an import was done, in Amsterdam."""
    return f"{batch.moment.astimezone(AMSTERDAM):%Y-%m-%d %H:%M}"


def summary_of(batch: Batch) -> str:
    """Say in a few words what a batch did to the leerlingen."""
    if batch.teruggedraaid_op is not None:
        return "undone"
    if not batch.changes:
        return "nothing changed"
    tellingen: list[Telling] = [rapport.tellingen["leerlingen"] for rapport in batch.rapporten]
    added = sum(telling.toegevoegd for telling in tellingen)
    changed = sum(telling.gewijzigd for telling in tellingen)
    removed = sum(telling.verwijderd for telling in tellingen)
    return f"leerlingen: {added} added, {changed} changed, {removed} removed"


def print_problemen(console: Console, problemen: Sequence[Probleem]) -> None:
    """Show every problem; those that differ in their line only share a row."""
    regels: defaultdict[tuple[Ernst, str, str, str], list[int]] = defaultdict(list)
    for probleem in problemen:
        regels[probleem.ernst, probleem.bestand, probleem.element, probleem.reden].append(probleem.regel)
    if not regels:
        return
    of_files = any(bestand for _, bestand, _, _ in regels)
    table = make_table("", *(["file", "column"] if of_files else ["element"]), "reason", "line")
    for (ernst, bestand, element, reden), found in sorted(
        regels.items(), key=lambda item: (item[0][0], item[0][1], min(item[1]))
    ):
        lines = [str(regel) for regel in sorted(found) if regel]
        told = ", ".join(lines[:_LINES]) + (f" and {len(lines) - _LINES} more" if len(lines) > _LINES else "")
        where = [escape(bestand), escape(element)] if of_files else [escape(element)]
        table.add_row(str(ernst), *where, escape(reden), told)
    console.print(table)
