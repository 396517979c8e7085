"""`uwlr-adapter gebruiker groepen` and `end-groepen`: the leerkrachten who see the results of groepen."""

from typing import Any

import click

from uwlr_adapter.cli.base import Context, make_table, own_actor
from uwlr_adapter.cli.json_output import json_option, moment_of, print_json
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.gebruikers import accounts, leerkrachten
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.gebruikers.groep_access import GroepAccess

_vestiging = click.option("--vestiging", "brin6", metavar="BRIN6", help="Of this vestiging alone.")


@click.command("groepen")
@click.argument("login", required=False)
@_vestiging
@json_option
@click.pass_obj
def list_groepen(context: Context, login: str | None, brin6: str | None, *, as_json: bool) -> None:
    """List who sees the results of which groepen, until when, and who gave it.

    A school gives that itself, on the page Leerkrachten. It ends on 31 July by itself.

    \b
    Example:
      uwlr-adapter gebruiker groepen --vestiging 21QW00
      uwlr-adapter gebruiker groepen k.leraar --json
    """  # noqa: D301 - \b is click's mark for text that is not folded
    with context.database() as database, database.reading() as connection:
        users = accounts.list_all(connection) if login is None else [accounts.get(connection, login)]
    rows = [(user, one) for user in users for one in user.groepen if brin6 in {None, one.brin6}]
    if as_json:
        print_json([_as_json(context, user, one) for user, one in rows])
        return
    table = make_table("login", "naam", "vestiging", "schooljaar", "groep", "until", "given by", "status")
    for user, one in rows:
        until = moment_of(one.until) or ""
        cells = (user.login, user.naam, one.brin6, one.schooljaar, one.groep_naam, until[:10], one.given_by)
        table.add_row(*map(escape, (*cells, _status(context, user, one))))
    context.console.print(table)
    if not rows:
        context.messages.print("Nobody. A school gives access on the page Leerkrachten of its vestiging.")


@click.command("end-groepen")
@click.argument("login")
@_vestiging
@click.pass_obj
def end_groepen(context: Context, login: str, brin6: str | None) -> None:
    """Take the access of a leerkracht to the results of groepen away at once, and end the sessions.

    Who has no other access cannot log in any more. The school can give it again.

    Example:  uwlr-adapter gebruiker end-groepen k.leraar --vestiging 21QW00
    """
    with context.database() as database, database.writing() as connection:
        user, places = leerkrachten.end_by_operator(connection, login, brin6, context.clock(), actor=own_actor())
    if not places:
        raise click.ClickException("this user sees no groepen there")
    ended = "" if user.is_enabled else " The account is disabled, since it had no other access."
    context.messages.print(f"Ended at {', '.join(places)}. The sessions of this user are ended.{ended}")


def _as_json(context: Context, user: Gebruiker, one: GroepAccess) -> dict[str, Any]:
    return {
        "login": user.login,
        "naam": user.naam,
        "vestiging": one.brin6,
        "schooljaar": one.schooljaar,
        "groep": one.groep_key,
        "groep_naam": one.groep_naam,
        "until": moment_of(one.until),
        "given_by": one.given_by,
        "given_at": moment_of(one.given_at),
        "status": _status(context, user, one),
    }


def _status(context: Context, user: Gebruiker, one: GroepAccess) -> str:
    """Return whether a user sees a groep now."""
    if not user.is_enabled:
        return "user disabled"
    if one.holds_at(context.clock()):
        return "sees it"
    return "ended" if one.until <= context.clock() else "to come"
