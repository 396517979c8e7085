"""The root of the command, with the options that every command shares."""

from pathlib import Path

import click
from pydantic import ValidationError

from uwlr_adapter import __version__
from uwlr_adapter.cli.afnemer import afnemer
from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.contract import contract
from uwlr_adapter.cli.database import db
from uwlr_adapter.cli.demo import demo
from uwlr_adapter.cli.gebruiker import gebruiker
from uwlr_adapter.cli.imports import imports
from uwlr_adapter.cli.journaal import journaal
from uwlr_adapter.cli.koppeling import koppeling
from uwlr_adapter.cli.pull import pull
from uwlr_adapter.cli.school import school
from uwlr_adapter.cli.serve import serve
from uwlr_adapter.settings import Settings


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="uwlr-adapter")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the embedded database (UWLR_DATA; default uwlr-data). UWLR_DATABASE names another database.",
)
@click.pass_context
def main(context: click.Context, data: Path | None) -> None:
    """UWLR leerlinggegevens from a school's records, through an activated koppeling.

    A first look, with an example school:  uwlr-adapter demo
    """
    try:
        settings = Settings() if data is None else Settings(data=data)
    except ValidationError as error:
        wrong = ", ".join(f"UWLR_{str(part['loc'][0]).upper()}: {part['msg']}" for part in error.errors())
        raise click.ClickException(f"a setting is wrong: {wrong}") from None
    context.obj = Context(settings)


for command in (demo, serve, db, school, imports, afnemer, koppeling, gebruiker, journaal, pull, contract):
    main.add_command(command)
