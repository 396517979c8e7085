"""The root command, with the options that all commands share."""

import errno
from pathlib import Path
from typing import Any

import click

from uwlr_adapter import __version__
from uwlr_adapter.cli.command_group import CommandEntry, CommandGroup, load
from uwlr_adapter.contract.escape import printable
from uwlr_adapter.errors import describe
from uwlr_adapter.journaal.request_id import new_id, working_for

COMMANDS = {
    "demo": CommandEntry("demo", "demo", "Serve an example school, and fetch from it once."),
    "init": CommandEntry("init", "init", "Create or migrate the database, and create the server keys."),
    "deploy": CommandEntry("deploy", "deploy", "Write the unit, the nginx files and more for an installation."),
    "serve": CommandEntry("serve", "serve", "Serve until interrupted."),
    "db": CommandEntry("database", "db", "Check, copy and upgrade the database."),
    "backup": CommandEntry("backup", "backup", "Write all that the service knows to one file."),
    "restore": CommandEntry("restore", "restore", "Bring a backup back into a new database."),
    "keys": CommandEntry("keys", "keys", "Rotate the server keys, under which codes are stored."),
    "school": CommandEntry("school", "school", "Add, inspect, withdraw and merge vestigingen."),
    "import": CommandEntry("imports", "imports", "Import the records of a school; undo and redo imports."),
    "leerling": CommandEntry("leerling", "leerling", "Show, correct, join and forget leerlingen."),
    "leerkracht": CommandEntry("leerkracht", "leerkracht", "Show, correct, join and forget leerkrachten."),
    "afnemer": CommandEntry("afnemer", "afnemer", "Manage afnemers: the vendors that call the service."),
    "koppeling": CommandEntry("koppeling", "koppeling", "Activate, pause, resume and end koppelingen."),
    "resultaten": CommandEntry("results", "resultaten", "List, export, take back and deliver results."),
    "gebruiker": CommandEntry("gebruiker", "gebruiker", "Manage the users of the portal."),
    "maintenance": CommandEntry("maintenance", "maintenance", "Announce maintenance to vendors and schools."),
    "mail": CommandEntry("mail", "mail", "List what schools were told by mail, and test the mail server."),
    "journaal": CommandEntry("journaal", "journaal", "List and export each fetch and each act, with who did it."),
    "jobs": CommandEntry("jobs", "jobs", "List the periodic work, and run one job now."),
    "purge": CommandEntry("purge", "purge", "Erase what is kept no longer than its term."),
    "pull": CommandEntry("pull", "pull", "Fetch a school from any UWLR endpoint."),
    "push": CommandEntry("push", "push", "Send results to any UWLR endpoint."),
    "diff": CommandEntry("diff", "diff", "Show what changed between two saved answers.", failure_status=2),
    "check": CommandEntry("check", "check", "Judge any UWLR endpoint: a verdict per rule.", failure_status=2),
    "report": CommandEntry("report", "report", "Compare two reports of a check.", failure_status=2),
    "contract": CommandEntry("contract", "contract", "Inspect the XSDs that validate every message."),
}
"""The commands in the order of the help text."""


SERVES = frozenset({"serve", "demo"})
"""Commands that write their events on standard error, with the lines of the requests."""


_OUTPUT_FAILS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})
"""How standard output fails that goes to a file: the disk is full or broken, or the shell closed it."""


class InternalFailure(click.ClickException):
    """A failure of ours, told by kind and place, with the exit status of the command that failed."""

    def __init__(self, error: Exception, status: int) -> None:
        super().__init__(f"internal failure, please report it: {describe(error)}")
        self.exit_code = status  # type: ignore[misc] # click reads it of the instance


class Root(CommandGroup):
    """The root: a failure of any command ends here."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        """Run a command; a failure of ours is told by kind and place, since its text may quote a record.

        The run has an id, as a request has. Raises ClickException.
        """
        try:
            with working_for(new_id()):
                return super().invoke(ctx)
        except click.ClickException as error:  # it may name what a file or a server said
            error.message = printable(error.message)  # type: ignore[misc] # its text is shown after this
            if not isinstance(error, click.UsageError):
                error.exit_code = self._failure_status(ctx)  # type: ignore[misc] # click reads it of the instance
            raise
        except (click.exceptions.Exit, BrokenPipeError):
            raise
        except (click.Abort, KeyboardInterrupt):
            click.echo("Aborted!", err=True)
            raise click.exceptions.Exit(self._failure_status(ctx)) from None
        except OSError as error:
            if error.errno not in _OUTPUT_FAILS or error.filename is not None:
                raise InternalFailure(error, self._failure_status(ctx)) from None
            click.echo(f"Error: the output cannot be written: {error.strerror}", err=True)
            raise click.exceptions.Exit(self._failure_status(ctx)) from None
        except Exception as error:  # noqa: BLE001 - the last guard
            raise InternalFailure(error, self._failure_status(ctx)) from None

    def _failure_status(self, ctx: click.Context) -> int:
        """Return the exit status of the invoked command when it could not do its work."""
        entry = self.entries.get(ctx.invoked_subcommand or "")
        return 1 if entry is None else entry.failure_status


@click.group(cls=Root, entries=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
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
    context.obj = load("base").Context.from_environment(data)  # loaded for a command only, not for --help
    if context.invoked_subcommand not in SERVES:
        context.with_resource(load("system_log").events())
