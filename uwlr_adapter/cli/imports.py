"""`uwlr-adapter import`: files become records, one transaction each, with a report of everything that happened."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from uwlr_adapter.administratie import edexml as reader
from uwlr_adapter.administratie import store
from uwlr_adapter.administratie.model import Ernst, ImportFout, Probleem, Rapport, is_brin6
from uwlr_adapter.cli.base import Context, make_table
from uwlr_adapter.contract.xml import BESTAND
from uwlr_adapter.opslag import Opslag


@click.group("import")
def imports() -> None:
    """Import the records of a school.

    Example:  uwlr-adapter import edexml EDEX.XML
    """


@imports.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--brin6", help="Refuse every file that is not about this vestiging, such as 21QW00.")
@click.option("--naam", help="What to call a vestiging that is new here. Default: its brin6.")
@click.option("--dry-run", is_flag=True, help="Report what would happen, and change nothing.")
@click.pass_obj
def edexml(context: Context, files: tuple[Path, ...], brin6: str | None, naam: str | None, *, dry_run: bool) -> None:
    """Import EDEXML files (1.03, 2.0 or 2.1); each is the whole truth for its vestiging and schooljaar.

    A leerling or group that is not in the file leaves that schooljaar; other schooljaren stay as they are. Each file
    is taken whole or not at all, and the exit code is 1 when one of them was refused.

    Example:  uwlr-adapter import edexml EDEX.XML --brin6 21QW00 --dry-run
    """
    if brin6 is not None and not is_brin6(brin6):
        raise click.BadParameter("a brincode and a dependancecode in capitals, such as 21QW00", param_hint="--brin6")
    refused = 0
    with context.opslag() as opslag, _progress(context.messages) as progress:
        for file in progress.track(files, description="Importing"):
            try:
                rapport = _import_file(opslag, file, brin6=brin6, naam=naam, dry_run=dry_run)
            except ImportFout as error:
                refused += 1
                context.console.print(f"{escape(str(file))}: refused, nothing changed", soft_wrap=True)
                _print_problemen(context.console, error.problemen)
            else:
                _print_rapport(context.console, file, rapport, dry_run=dry_run)
    if refused:
        click.get_current_context().exit(1)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _import_file(opslag: Opslag, file: Path, *, brin6: str | None, naam: str | None, dry_run: bool) -> Rapport:
    try:
        with file.open("rb") as opened:
            data = opened.read(BESTAND.octets + 1)  # one more than allowed is enough to be refused
    except OSError as error:
        raise ImportFout([Probleem(0, "", f"cannot be read: {error.strerror}")]) from None
    return store.import_levering(opslag, reader.read(data), brin6=brin6, naam=naam, dry_run=dry_run)


def _print_rapport(console: Console, file: Path, rapport: Rapport, *, dry_run: bool) -> None:
    done = "would be imported (dry run, nothing changed)" if dry_run else "imported"
    about = f"{rapport.brin6}, schooljaar {rapport.schooljaar}"
    console.print(f"{escape(str(file))}: {about}: {done}", soft_wrap=True)
    table = make_table("", "added", "changed", "unchanged", "removed")
    for kind, telling in rapport.tellingen.items():
        counts = (telling.toegevoegd, telling.gewijzigd, telling.ongewijzigd, telling.verwijderd)
        table.add_row(kind, *map(str, counts))
    console.print(table)
    for element, count in sorted(rapport.weggelaten.items()):
        console.print(f"{count} x {element}: national numbers are not kept")
    _print_problemen(console, rapport.meldingen)


def _print_problemen(console: Console, problemen: Sequence[Probleem]) -> None:
    """Show every problem; those that differ in their line only share a row."""
    regels: defaultdict[tuple[Ernst, str, str], list[int]] = defaultdict(list)
    for probleem in problemen:
        regels[probleem.ernst, probleem.element, probleem.reden].append(probleem.regel)
    if not regels:
        return
    table = make_table("", "element", "reason", "line")
    for (ernst, element, reden), found in sorted(regels.items(), key=lambda item: (item[0][0], min(item[1]))):
        lines = ", ".join(str(regel) for regel in sorted(found) if regel)
        table.add_row(str(ernst), escape(element), escape(reden), lines)
    console.print(table)
