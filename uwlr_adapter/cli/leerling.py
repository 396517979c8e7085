"""`uwlr-adapter leerling`: forget a leerling everywhere, and allow a forgotten one to be imported again."""

import click
import sqlalchemy as sa

from uwlr_adapter.administratie.importing import forget as forgetting
from uwlr_adapter.brin import brincode_of, is_brin6
from uwlr_adapter.cli.base import Context

_KEY_HELP = "KEY is the key that platforms receive, or a key in the source."


@click.group()
def leerling() -> None:
    """Forget a leerling, or allow a forgotten one to be imported again.

    Example:  uwlr-adapter leerling forget 21QW00 10001 --dry-run
    """


@leerling.command(epilog=_KEY_HELP)
@click.argument("brin6")
@click.argument("key")
@click.option("--dry-run", is_flag=True, help="Show what would be erased, without changing anything.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.pass_obj
def forget(context: Context, brin6: str, key: str, *, dry_run: bool, yes: bool) -> None:
    """Erase the leerling with KEY at the school of BRIN6: the records of all years, and the data in stored imports.

    This cannot be undone. The next import of a source that still has this leerling is refused: remove the person from
    the source first.

    Example:  uwlr-adapter leerling forget 21QW00 10001 --dry-run
    """
    with context.database() as database:
        try:
            with database.writing() as connection:
                erased = _forget(context, connection, brin6, key)
                connection.rollback()
            context.console.print(
                f"One leerling: {erased.deelnames} deelnames, and the data in {erased.batches} stored imports."
            )
            if dry_run:
                context.console.print("Dry run, nothing changed.")
                return
            if not yes:
                click.confirm("Erase this permanently?", abort=True)
            with database.writing() as connection:
                _forget(context, connection, brin6, key)
        except forgetting.ForgetError as error:
            raise click.ClickException(str(error)) from None
    context.console.print("Forgotten.")


@leerling.command(epilog=_KEY_HELP)
@click.argument("brin6")
@click.argument("key")
@click.pass_obj
def allow(context: Context, brin6: str, key: str) -> None:
    """Allow the next import to bring back the leerling with KEY, who was forgotten at the school of BRIN6.

    Example:  uwlr-adapter leerling allow 21QW00 10001
    """
    with context.database() as database:
        try:
            with database.writing() as connection:
                forgetting.allow(connection, _brincode(brin6), key)
        except forgetting.ForgetError as error:
            raise click.ClickException(str(error)) from None
    context.console.print("This leerling may be imported again.")


def _forget(context: Context, connection: sa.Connection, brin6: str, key: str) -> forgetting.Erased:
    return forgetting.forget(connection, _brincode(brin6), key, context.clock())


def _brincode(brin6: str) -> str:
    if not is_brin6(brin6):
        raise click.BadParameter(
            "must be a brincode and a dependancecode in capitals, such as 21QW00", param_hint="BRIN6"
        )
    return brincode_of(brin6)
