"""`uwlr-adapter import csv` and `import template`: import CSV sets, and write an empty one."""

from pathlib import Path
from typing import Any

import click

from uwlr_adapter.administratie.sources.csv_set.csv_set import CsvBron
from uwlr_adapter.administratie.sources.csv_set.template import template as csv_template
from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.import_run import import_from, import_options
from uwlr_adapter.cli.terminal import escape


@click.command()
@click.argument("folders", nargs=-1, required=True, metavar="DIR...", type=click.Path(path_type=Path))
@click.option(
    "--mapping",
    type=click.Path(path_type=Path),
    help="TOML file with other column labels. Default: kolommen.toml in the folder, if present.",
)
@import_options
@click.pass_obj
def csv(context: Context, /, folders: tuple[Path, ...], mapping: Path | None, **chosen: Any) -> None:  # noqa: ANN401 - as above
    """Import folders with the CSV set of one school: leerlingen.csv, inschrijvingen.csv, groepen.csv and so on.

    A set replaces the records of each vestiging and schooljaar that has a groep in groepen.csv; other schooljaren stay
    as they are. A folder without files of its own stands for the folders in it. `import template DIR` writes an
    example. The exit status is 1 if a folder was refused, else 3 if a folder asks a question.

    Example:  uwlr-adapter import csv export/ --dry-run
    """
    import_from(context, CsvBron(folders, mapping), **chosen)


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def template(context: Context, folder: Path) -> None:
    """Write an empty CSV set to DIR: every file with its columns and one example row.

    If one of the files exists already, nothing is written.

    Example:  uwlr-adapter import template export/
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files = dict(csv_template())
        for name in files:
            if (folder / name).exists():
                raise click.ClickException(f"{name} already exists in the folder: nothing was written")
        for name, data in files.items():
            with (folder / name).open("xb") as file:
                file.write(data)
    except OSError as error:
        raise click.ClickException(f"cannot write to the folder: {error.strerror}") from None
    context.console.print(f"Wrote a CSV set to {escape(str(folder))}.", soft_wrap=True)
