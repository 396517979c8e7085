"""The root of the command, with the options that every command shares."""

from importlib import import_module
from pathlib import Path

import click
from pydantic import ValidationError

from uwlr_adapter import __version__
from uwlr_adapter.cli.base import Context
from uwlr_adapter.settings import Settings

COMMANDS = {
    "demo": "demo",
    "init": "init",
    "serve": "serve",
    "db": "database",
    "school": "school",
    "import": "imports",
    "leerling": "leerling",
    "afnemer": "afnemer",
    "koppeling": "koppeling",
    "gebruiker": "gebruiker",
    "journaal": "journaal",
    "pull": "pull",
    "contract": "contract",
}
"""The commands in the order of the help text, and the module of this package that has each."""
NAMES = {"database": "db"}
"""The command in a module that is named otherwise."""


class Commands(click.Group):
    """The commands; a module is loaded when its command is asked for, so that none waits for what it does not use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Give the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - idem
        """Give a command, or None."""
        if cmd_name not in COMMANDS:
            return None
        module = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"uwlr_adapter.cli.{module}"), NAMES.get(module, module))
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
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
