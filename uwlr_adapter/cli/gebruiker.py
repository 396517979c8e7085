"""`uwlr-adapter gebruiker`: the users of the portal."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import sqlalchemy as sa

from uwlr_adapter.cli.base import Context, make_table, own_actor
from uwlr_adapter.cli.gebruiker_groepen import end_groepen, list_groepen
from uwlr_adapter.cli.gebruiker_oidc import oidc_check
from uwlr_adapter.cli.json_output import json_option, moment_of, print_json
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.gebruikers import accounts as gebruikers
from uwlr_adapter.gebruikers.accounts import Gebruiker, NewGebruiker
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.journaal.writer import record_gebruiker_act
from uwlr_adapter.mail import addresses
from uwlr_adapter.mail.address import AddressError
from uwlr_adapter.mail.addresses import Owner
from uwlr_adapter.portal.paths import PASSWORD_PREFIX


@click.group()
def gebruiker() -> None:
    """Add and manage the users of the portal.

    Example:  uwlr-adapter gebruiker list
    """


@gebruiker.command()
@click.argument("login")
@click.option("--naam", required=True, help="Full name of the user.")
@click.option(
    "--rol",
    type=click.Choice([str(rol) for rol in GebruikerRol if rol is not GebruikerRol.LEERKRACHT]),
    default=str(GebruikerRol.SCHOOLBEHEERDER),
    show_default=True,
    help="schoolbeheerder: manages a school; lezer: sees it and changes nothing; bestuur: manages several schools; "
    "operator: manages the afnemers and the users; afnemer: sees what the calls of its vendor got. A leerkracht gets "
    "access from the school itself.",
)
@click.option(
    "--vestiging",
    "vestigingen",
    multiple=True,
    metavar="BRIN6",
    help="A vestiging that the user manages, or sees; repeat the option for each one.",
)
@click.option("--afnemer", "klantnaam", metavar="KLANTNAAM", help="The afnemer of a user in that role.")
@click.option("--email", help="Address for mail to this user, who confirms it in the portal with a code.")
@click.pass_obj
def add(
    context: Context,
    login: str,
    naam: str,
    rol: str,
    vestigingen: tuple[str, ...],
    klantnaam: str | None,
    email: str | None,
) -> None:
    """Add a user and print the link for setting a password, which works once and expires after 24 hours.

    \b
    Example:
      uwlr-adapter gebruiker add j.devries --naam "J. de Vries" --vestiging 21QW00
      uwlr-adapter gebruiker add k.lees --naam "K. Lees" --rol lezer --vestiging 21QW00
      uwlr-adapter gebruiker add m.bos --naam "M. Bos" --rol bestuur --vestiging 21QW00 --vestiging 21QW01
      uwlr-adapter gebruiker add dev@snappet.example --naam "T. Dev" --rol afnemer --afnemer Snappet
      uwlr-adapter gebruiker add beheer --naam "Beheer" --rol operator --email beheer@example.nl
    """  # noqa: D301 - \b is click's mark for text that is not folded
    with _transaction(context) as connection:
        new = NewGebruiker(login=login, naam=naam, rol=GebruikerRol(rol), vestigingen=vestigingen, klantnaam=klantnaam)
        added, token = gebruikers.add(connection, new, context.clock())
        _record(connection, context, Act.GEBRUIKER_ADDED, login)
        if email is not None:
            _enter(connection, context, added, email)
    _show_link(context, token, added.login)


@gebruiker.command("list")
@json_option
@click.pass_obj
def list_(context: Context, *, as_json: bool) -> None:
    """List the users.

    Example:  uwlr-adapter gebruiker list
    """
    with context.database() as database, database.reading() as connection:
        rows = gebruikers.list_all(connection)
    if as_json:
        print_json([_as_json(context, row) for row in rows])
        return
    table = make_table("login", "naam", "rol", "vestigingen or afnemer", "status", "second factor")
    for row in rows:
        of = row.klantnaam or " ".join(row.vestigingen)
        cells = (row.login, row.naam, row.rol, of, _status(context, row), _factor(row))
        table.add_row(*map(escape, cells))
    context.console.print(table)
    if not rows:
        context.messages.print(
            "No users yet. Add one with `uwlr-adapter gebruiker add LOGIN --naam … --vestiging BRIN6`."
        )


@gebruiker.command()
@click.argument("login")
@click.pass_obj
def reset(context: Context, login: str) -> None:
    """Revoke password, second factor and account at a provider of a user, end the sessions, and print a new link.

    Use it for a forgotten password, a lost phone, an expired link, or a user who is kept out by somebody who guesses:
    the browser that opens the link does not wait for guesses made elsewhere.

    Example:  uwlr-adapter gebruiker reset j.devries
    """
    with _transaction(context) as connection:
        token = gebruikers.reset(connection, login, context.clock())
        _record(connection, context, Act.GEBRUIKER_RESET, login)
    _show_link(context, token, login.strip().lower())


@gebruiker.command()
@click.argument("login")
@click.pass_obj
def disable(context: Context, login: str) -> None:
    """Block a user and end the sessions; `enable` reverses it.

    Example:  uwlr-adapter gebruiker disable j.devries
    """
    with _transaction(context) as connection:
        was_blocked = gebruikers.get(connection, login).is_blocked
        gebruikers.disable(connection, login, context.clock())
        if not was_blocked:
            _record(connection, context, Act.GEBRUIKER_DISABLED, login)
    context.messages.print("Disabled. The sessions of this user are ended.")


@gebruiker.command()
@click.argument("login")
@click.pass_obj
def enable(context: Context, login: str) -> None:
    """Allow a disabled user to log in again, with the same password.

    Example:  uwlr-adapter gebruiker enable j.devries
    """
    with _transaction(context) as connection:
        was_blocked = gebruikers.get(connection, login).is_blocked
        gebruikers.enable(connection, login)
        if was_blocked:
            _record(connection, context, Act.GEBRUIKER_ENABLED, login)
    context.messages.print("Enabled.")


gebruiker.add_command(oidc_check)
gebruiker.add_command(list_groepen)
gebruiker.add_command(end_groepen)


def _enter(connection: sa.Connection, context: Context, added: Gebruiker, email: str) -> None:
    """Store the address of a new user; a code is mailed to it. Raises ClickException."""
    if context.settings.smtp_host is None:
        raise click.ClickException("there is no mail server to confirm an address with: set UWLR_SMTP_HOST")
    try:
        addresses.enter(connection, Owner(gebruiker_id=added.id), email, context.clock())
    except AddressError:
        raise click.BadParameter("this is no address that mail can be sent to", param_hint="--email") from None


@contextmanager
def _transaction(context: Context) -> Iterator[sa.Connection]:
    """Yield a write transaction; a refusal rolls everything back."""
    with context.database() as database, database.writing() as connection:
        yield connection


def _record(connection: sa.Connection, context: Context, act: Act, login: str) -> None:
    """Write an act on a user in the journaal, of each vestiging that the user acts for."""
    found, moment = gebruikers.get(connection, login), context.clock()
    record_gebruiker_act(connection, moment=moment, act=act, login=found.login, brin6s=found.places, actor=own_actor())


def _show_link(context: Context, token: str, login: str) -> None:
    """Print a link alone on standard output, and the explanation on standard error."""
    click.echo(f"{context.settings.base_url}{PASSWORD_PREFIX}/{token}")
    context.messages.print(
        f"With this link {escape(login)} can set a password. It works once, within 24 hours: give it to no one else."
    )


def _as_json(context: Context, row: Gebruiker) -> dict[str, Any]:
    return {
        "login": row.login,
        "naam": row.naam,
        "rol": row.rol,
        "vestigingen": list(row.vestigingen),
        "groepen": len(row.groepen_at(context.clock())),
        "afnemer": row.klantnaam,
        "status": _status(context, row),
        "second_factor": _factor(row),
        "last_login": moment_of(row.last_login_at),
    }


def _factor(row: Gebruiker) -> str:
    return "set up" if row.has_totp else "at first login" if row.needs_totp else "not required"


def _status(context: Context, row: Gebruiker) -> str:
    """Return whether a user can log in, with a password or at a provider."""
    if not row.is_enabled:
        return "disabled" if row.is_blocked else "afnemer disabled"
    if row.has_way_in:
        return "enabled"
    is_valid = row.link_until is not None and row.link_until > context.clock()
    return "has a link" if is_valid else "link expired: reset"
