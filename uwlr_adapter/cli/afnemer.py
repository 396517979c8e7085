"""`uwlr-adapter afnemer`: the vendors that may call, and their klantcodes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import click
import sqlalchemy as sa
from rich.markup import escape

from uwlr_adapter.cli.base import Context, make_table, own_actor
from uwlr_adapter.clock import AMSTERDAM
from uwlr_adapter.keys.server_keys import ServerKeyError, ServerKeys
from uwlr_adapter.koppelingen import afnemers
from uwlr_adapter.koppelingen.afnemers import AfnemerError

LONGEST_OVERLAP = 366
"""Days that two klantcodes may be valid at once: a longer time is no rotation."""


@click.group()
def afnemer() -> None:
    """Add and manage the afnemers: vendors that call the service.

    Example:  uwlr-adapter afnemer add Snappet
    """


@afnemer.command()
@click.argument("klantnaam")
@click.pass_obj
def add(context: Context, klantnaam: str) -> None:
    """Add an afnemer and print its klantcode, once.

    The catalogue names the afnemer of a koppeling by its KLANTNAAM, exactly.

    Example:  uwlr-adapter afnemer add Snappet
    """
    with _acting(context) as (connection, server_keys):
        _, klantcode = afnemers.add(connection, server_keys, klantnaam, context.clock(), actor=own_actor())
    _show_once(context, klantcode)


@afnemer.command("list")
@click.pass_obj
def list_(context: Context) -> None:
    """List the afnemers.

    Example:  uwlr-adapter afnemer list
    """
    with context.database() as database, database.reading() as connection:
        found = afnemers.list_all(connection)
    moment = context.clock()
    table = make_table("klantnaam", "added", "status", "previous klantcode valid until")
    for one in found:
        overlap = one.previous_until if one.previous_until is not None and one.previous_until > moment else None
        status = ("enabled" if one.is_enabled else "disabled") + (", strict" if one.strict else "")
        table.add_row(escape(one.klantnaam), _shown(one.created_at), status, _shown(overlap))
    context.console.print(table)
    if not found:
        context.messages.print("No afnemer yet: `uwlr-adapter afnemer add KLANTNAAM` adds one.")


@afnemer.command()
@click.argument("klantnaam")
@click.option(
    "--overlap",
    type=click.IntRange(0, LONGEST_OVERLAP),
    default=0,
    show_default=True,
    help="Days that the old klantcode stays valid beside the new one.",
)
@click.pass_obj
def rotate(context: Context, klantnaam: str, overlap: int) -> None:
    """Give an afnemer a new klantcode and print it, once.

    Example:  uwlr-adapter afnemer rotate Snappet --overlap 14
    """
    with _acting(context) as (connection, server_keys):
        _, klantcode = afnemers.rotate(
            connection, server_keys, klantnaam, context.clock(), timedelta(days=overlap), actor=own_actor()
        )
    _show_once(context, klantcode)


@afnemer.command()
@click.argument("klantnaam")
@click.pass_obj
def disable(context: Context, klantnaam: str) -> None:
    """Refuse every call of an afnemer from now on, for all schools; their koppelingen stay. `enable` undoes it.

    Example:  uwlr-adapter afnemer disable Snappet
    """
    with _acting(context) as (connection, _):
        afnemers.disable(connection, klantnaam, context.clock(), actor=own_actor())
    context.messages.print("Disabled; its calls are refused from now on.")


@afnemer.command()
@click.argument("klantnaam")
@click.pass_obj
def enable(context: Context, klantnaam: str) -> None:
    """Let a disabled afnemer call again, with the klantcode that it had.

    Example:  uwlr-adapter afnemer enable Snappet
    """
    with _acting(context) as (connection, _):
        afnemers.enable(connection, klantnaam, context.clock(), actor=own_actor())
    context.messages.print("Enabled.")


@afnemer.command()
@click.argument("klantnaam")
@click.option("--off", is_flag=True, help="Repair its requests again.")
@click.pass_obj
def strict(context: Context, klantnaam: str, *, off: bool) -> None:
    """Judge the requests of an afnemer without any repair, so that its deviations get the fault of the standard.

    Example:  uwlr-adapter afnemer strict Snappet
    """
    with _acting(context) as (connection, _):
        afnemers.set_strict(connection, klantnaam, strict=not off)
    context.messages.print("Its requests are repaired again." if off else "Its requests are not repaired any more.")


@contextmanager
def _acting(context: Context) -> Iterator[tuple[sa.Connection, ServerKeys]]:
    """Open the writing transaction and the server keys; a refusal becomes one sentence, and nothing has changed."""
    with context.database() as database:
        try:
            server_keys = ServerKeys.from_settings(context.settings, database)
            with database.writing() as connection:
                yield connection, server_keys
        except (AfnemerError, ServerKeyError) as error:
            raise click.ClickException(str(error)) from None


def _show_once(context: Context, klantcode: str) -> None:
    """Print a klantcode by itself on standard output, and what to do with it beside it."""
    click.echo(klantcode)
    context.messages.print(
        "This is the klantcode. Hand it to the vendor now: it is shown once and cannot be read back."
    )


def _shown(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(AMSTERDAM):%d-%m-%Y %H:%M}"
