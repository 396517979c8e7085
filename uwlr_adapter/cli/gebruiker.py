"""`uwlr-adapter gebruiker`: the people who use the portal."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
import sqlalchemy as sa
from rich.markup import escape

from uwlr_adapter.cli.base import Context, make_table
from uwlr_adapter.gebruikers import accounts as gebruikers
from uwlr_adapter.gebruikers.accounts import Gebruiker, NewGebruiker
from uwlr_adapter.gebruikers.errors import GebruikerError
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.portal.paths import PASSWORD_PREFIX


@click.group()
def gebruiker() -> None:
    """Add and manage the users of the portal.

    Example:  uwlr-adapter gebruiker list
    """


@gebruiker.command()
@click.argument("login")
@click.option("--naam", required=True, help="Name of the person.")
@click.option(
    "--rol",
    type=click.Choice([str(rol) for rol in GebruikerRol]),
    default=str(GebruikerRol.SCHOOLBEHEERDER),
    show_default=True,
    help="schoolbeheerder: of a school; bestuur: of the board of several; operator: manages the afnemers.",
)
@click.option(
    "--vestiging", "vestigingen", multiple=True, metavar="BRIN6", help="A vestiging to act for; give it once for each."
)
@click.pass_obj
def add(context: Context, login: str, naam: str, rol: str, vestigingen: tuple[str, ...]) -> None:
    """Add a user, and print the link with which the person sets a password: good once, for 24 hours.

    \b
    Example:
      uwlr-adapter gebruiker add j.devries --naam "J. de Vries" --vestiging 21QW00
      uwlr-adapter gebruiker add m.bos --naam "M. Bos" --rol bestuur --vestiging 21QW00 --vestiging 21QW01
      uwlr-adapter gebruiker add beheer --naam "Beheer" --rol operator
    """  # noqa: D301 - \b is click's mark for text that is not folded
    with _acting(context) as connection:
        new = NewGebruiker(login=login, naam=naam, rol=GebruikerRol(rol), vestigingen=vestigingen)
        made, token = gebruikers.add(connection, new, context.clock())
    _show_link(context, token, made.login)


@gebruiker.command("list")
@click.pass_obj
def list_(context: Context) -> None:
    """List the users.

    Example:  uwlr-adapter gebruiker list
    """
    with context.database() as database, database.reading() as connection:
        found = gebruikers.list_all(connection)
    table = make_table("login", "naam", "rol", "vestigingen", "status", "second factor")
    for one in found:
        factor = "set up" if one.has_totp else "at first login" if one.needs_totp else "not asked"
        cells = (one.login, one.naam, one.rol, " ".join(one.vestigingen), _status(context, one), factor)
        table.add_row(*map(escape, cells))
    context.console.print(table)
    if not found:
        context.messages.print("No user yet: `uwlr-adapter gebruiker add LOGIN --naam … --vestiging BRIN6` adds one.")


@gebruiker.command()
@click.argument("login")
@click.pass_obj
def reset(context: Context, login: str) -> None:
    """Make the password and the second factor of a user void, end its sessions, and print a new link.

    For a forgotten password, a lost telephone, or a link that is too old.

    Example:  uwlr-adapter gebruiker reset j.devries
    """
    with _acting(context) as connection:
        token = gebruikers.reset(connection, login, context.clock())
    _show_link(context, token, login.strip().lower())


@gebruiker.command()
@click.argument("login")
@click.pass_obj
def disable(context: Context, login: str) -> None:
    """Refuse a user from now on, and end its sessions; `enable` undoes it.

    Example:  uwlr-adapter gebruiker disable j.devries
    """
    with _acting(context) as connection:
        gebruikers.disable(connection, login, context.clock())
    context.messages.print("Disabled; its sessions are ended.")


@gebruiker.command()
@click.argument("login")
@click.pass_obj
def enable(context: Context, login: str) -> None:
    """Let a disabled user log in again, with the password that it had.

    Example:  uwlr-adapter gebruiker enable j.devries
    """
    with _acting(context) as connection:
        gebruikers.enable(connection, login)
    context.messages.print("Enabled.")


@contextmanager
def _acting(context: Context) -> Iterator[sa.Connection]:
    """Open the writing transaction; a refusal becomes one sentence, and nothing has changed."""
    with context.database() as database:
        try:
            with database.writing() as connection:
                yield connection
        except GebruikerError as error:
            raise click.ClickException(str(error)) from None


def _show_link(context: Context, token: str, login: str) -> None:
    """Print a link by itself on standard output, and what to do with it beside it."""
    click.echo(f"{context.settings.base_url}{PASSWORD_PREFIX}/{token}")
    context.messages.print(
        f"With this link {escape(login)} sets a password. It is good once, for 24 hours: hand it to that person only."
    )


def _status(context: Context, one: Gebruiker) -> str:
    if not one.is_enabled:
        return "disabled"
    if one.has_password:
        return "enabled"
    waits = one.link_until is not None and one.link_until > context.clock()
    return "has a link" if waits else "link too old: reset"
