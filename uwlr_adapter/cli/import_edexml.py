"""`uwlr-adapter import edexml`: import EDEXML files."""

from pathlib import Path
from typing import Any

import click

from uwlr_adapter.administratie.sources.edexml.edexml import EdexmlBron
from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.import_run import import_from, import_options


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="DIR|FILE...", type=click.Path(path_type=Path))
@import_options
@click.pass_obj
def edexml(context: Context, /, files: tuple[Path, ...], **chosen: Any) -> None:  # noqa: ANN401 - see import_options
    """Import EDEXML files (1.03, 2.0 or 2.1); each replaces the records of its vestiging and schooljaar.

    A leerling or groep that is not in the file is removed from that schooljaar; other schooljaren stay as they are.
    Each file is imported as a whole or not at all. A folder stands for its .xml files. If there are many files, each is
    reported in one line; `import show ID` has the counts. The exit status is 1 if a file was refused, else 3 if a file
    asks a question, which names the option that answers it.

    Example:  uwlr-adapter import edexml EDEX.XML --brin6 21QW00 --dry-run
    """
    source = EdexmlBron(files)
    if others := _count_others(source):
        context.messages.print(f"Not read, because its name does not end in .xml: {others} x in the folders.")
    import_from(context, source, **chosen)


def _count_others(source: EdexmlBron) -> int:
    """Return how many files of the folders are no part of the source."""
    try:
        folders = [given for given in source.files if given.is_dir()]
        return sum(file.suffix.lower() != ".xml" for folder in folders for file in folder.iterdir())
    except OSError:  # the import tells it
        return 0
