"""The option `--toestemming` of the commands on a koppeling, `koppeling agree`, and what is told of both."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from uwlr_adapter.cli.base import Context, own_account, own_actor
from uwlr_adapter.cli.json_output import moment_of
from uwlr_adapter.cli.one_koppeling import koppeling_arguments, require_living
from uwlr_adapter.koppelingen import agreeing, pausing
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.toestemming import Toestemming, ToestemmingStatus

BY_NAME = {"leerlinggegevens": Toestemming.LEERLINGGEGEVENS, "resultaten": Toestemming.RESULTATEN}
"""The toestemmingen as a command names them."""
_Command = TypeVar("_Command", bound=Callable[..., Any])


def toestemming_option(text: str, *, required: bool = False, multiple: bool = False) -> Callable[[_Command], _Command]:
    """Add `--toestemming`; the command gets a name of BY_NAME, or of several a tuple of names."""
    names = click.Choice(list(BY_NAME))
    return click.option("--toestemming", type=names, required=required, multiple=multiple, help=text)


def as_json(found: Koppeling) -> dict[str, dict[str, Any]] | None:
    """Return both toestemmingen of a koppeling as a program reads them; None for one without data."""
    if found.afnemer_id is None:
        return None
    akkoorden = {Toestemming.LEERLINGGEGEVENS: found.akkoord, Toestemming.RESULTATEN: found.akkoord_resultaten}
    told = {}
    for name, one in BY_NAME.items():
        state, akkoord = found.state(one), akkoorden[one]
        is_given = state.status is not ToestemmingStatus.NOT_GIVEN
        told[name] = {
            "status": state.status,
            "is_open": found.is_on(one),
            "since": moment_of(state.since),
            "by": state.actor,
            "voorwaarden": akkoord.voorwaarden if is_given and akkoord is not None else None,
            "agreed_at": moment_of(akkoord.moment) if is_given and akkoord is not None else None,
        }
    return told


def in_words(found: Koppeling, name: str) -> str:
    """Return the state of a toestemming for a table: its status, and since when and by whom that is."""
    state = found.state(BY_NAME[name])
    if state.since is None:
        return str(state.status)
    return f"{state.status}, since {state.since:%d-%m-%Y %H:%M} by {state.actor or '-'}"


@click.command()
@koppeling_arguments
@toestemming_option("What the school agrees to.", required=True)
@click.option("--naam", required=True, help="Name of the authorised person who agrees to the terms.")
@click.option(
    "--akkoord", is_flag=True, help="Confirm that this person agrees (see `koppeling terms ID --toestemming`)."
)
@click.option("--login", default=None, help="Login of that person; default: your login on this machine.")
@click.pass_obj
def agree(
    context: Context, brin6: str, koppeling_id: str, toestemming: str, naam: str, *, akkoord: bool, login: str | None
) -> None:
    """Agree to a toestemming that was not given with the koppeling; it is on from then.

    \b
    Example:
      uwlr-adapter koppeling agree 21QW00 snappet --toestemming resultaten --naam "J. de Vries" --akkoord
    """  # noqa: D301 - \b tells click not to rewrap this text
    with context.database() as database:
        with database.reading() as connection:
            seen = require_living(context, connection, brin6, koppeling_id)
        with database.writing() as connection:
            agreeing.give(
                connection,
                context.catalogue(),
                seen.id,
                seen.version,
                BY_NAME[toestemming],
                login=login or own_account(),
                naam=naam,
                akkoord=akkoord,
                moment=context.clock(),
                actor=own_actor(),
            )
    context.messages.print(f"{brin6} agreed to {toestemming} of {koppeling_id}.")


def resume_one(context: Context, brin6: str, koppeling_id: str, name: str) -> None:
    """Resume one toestemming, without a code. Raises KoppelingError."""
    with context.database() as database:
        with database.reading() as connection:
            seen = require_living(context, connection, brin6, koppeling_id)
        with database.writing() as connection:
            moment, actor = context.clock(), own_actor()
            pausing.resume(connection, seen.id, seen.version, BY_NAME[name], moment, actor=actor)
    context.messages.print(f"Resumed {name} of {koppeling_id} for {brin6}.")
