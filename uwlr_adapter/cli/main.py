"""The root command, with the options that all commands share."""

from importlib import import_module
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from uwlr_adapter import __version__
from uwlr_adapter.cli.base import Context
from uwlr_adapter.contract.escape import printable
from uwlr_adapter.errors import describe
from uwlr_adapter.settings import Settings

COMMANDS = {
    "demo": "demo",
    "init": "init",
    "serve": "serve",
    "db": "database",
    "school": "school",
    "import": "imports",
    "leerling": "leerling",
    "leerkracht": "leerkracht",
    "afnemer": "afnemer",
    "koppeling": "koppeling",
    "gebruiker": "gebruiker",
    "journaal": "journaal",
    "pull": "pull",
    "check": "check",
    "report": "report",
    "contract": "contract",
}
"""The commands in the order of the help text, each with its module in this package."""
NAMES = {"database": "db"}
"""The name of the command object in a module where it differs from the name of the module."""


class Commands(click.Group):
    """A group that imports the module of a command only when that command is used: the others cost no start-up time."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        """Return a command, or None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"uwlr_adapter.cli.{module}"), NAMES.get(module, module))
        return command

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        """Run a command; a failure of ours is told by kind and place, since its text may quote a record.

        Raises ClickException.
        """
        try:
            return super().invoke(ctx)
        except click.ClickException as error:  # it may name what a file or a server said
            error.message = printable(error.message)  # type: ignore[misc] # its text is shown after this
            raise
        except (click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001 - the last guard
            raise click.ClickException(f"internal failure, please report it: {describe(error)}") from None


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

    To try it with an example school:  uwlr-adapter demo
    """
    try:
        settings = Settings() if data is None else Settings(data=data)
    except ValidationError as error:
        invalid = ", ".join(f"UWLR_{str(part['loc'][0]).upper()}: {part['msg']}" for part in error.errors())
        raise click.ClickException(f"invalid setting: {invalid}") from None
    context.obj = Context(settings)
