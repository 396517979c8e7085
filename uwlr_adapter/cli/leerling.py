"""`uwlr-adapter leerling`: forget a leerling everywhere, and let one come back."""

import click
import sqlalchemy as sa

from uwlr_adapter.administratie.importing import forget as forgetting
from uwlr_adapter.brin import brincode_of, is_brin6
from uwlr_adapter.cli.base import Context

_WHO = "KEY is the one that platforms get, or one of the source."


@click.group()
def leerling() -> None:
    """Forget a leerling, or let one who was forgotten come back.

    Example:  uwlr-adapter leerling forget 21QW00 10001 --dry-run
    """


@leerling.command(epilog=_WHO)
@click.argument("brin6")
@click.argument("key")
@click.option("--dry-run", is_flag=True, help="Say what would be erased, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.pass_obj
def forget(context: Context, brin6: str, key: str, *, dry_run: bool, yes: bool) -> None:
    """Erase the leerling with KEY of the school of BRIN6: records of every year, and what kept imports hold.

    This cannot be undone. The next import of a source that still has this leerling stops with a clear line: take the
    person out of the source first.

    Example:  uwlr-adapter leerling forget 21QW00 10001 --dry-run
    """
    with context.database() as database:
        try:
            with database.writing() as connection:
                found = _forget(context, connection, brin6, key)
                connection.rollback()
            count = f"{found.deelnames} deelnames and what {found.batches} kept imports hold"
            context.console.print(f"One leerling: {count}.")
            if dry_run:
                context.console.print("Dry run, nothing changed.")
                return
            if not yes:
                click.confirm("Erase this for good?", abort=True)
            with database.writing() as connection:
                _forget(context, connection, brin6, key)
        except forgetting.ForgetError as error:
            raise click.ClickException(str(error)) from None
    context.console.print("Forgotten.")


@leerling.command(epilog=_WHO)
@click.argument("brin6")
@click.argument("key")
@click.pass_obj
def allow(context: Context, brin6: str, key: str) -> None:
    """Let the leerling with KEY, who was forgotten at the school of BRIN6, come in again with the next import.

    Example:  uwlr-adapter leerling allow 21QW00 10001
    """
    with context.database() as database:
        try:
            with database.writing() as connection:
                forgetting.allow(connection, _brincode(brin6), key)
        except forgetting.ForgetError as error:
            raise click.ClickException(str(error)) from None
    context.console.print("May come in again.")


def _forget(context: Context, connection: sa.Connection, brin6: str, key: str) -> forgetting.Erased:
    return forgetting.forget(connection, _brincode(brin6), key, context.clock())


def _brincode(brin6: str) -> str:
    if not is_brin6(brin6):
        raise click.BadParameter("a brincode and a dependancecode in capitals, such as 21QW00", param_hint="BRIN6")
    return brincode_of(brin6)
