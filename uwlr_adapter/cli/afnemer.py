"""`uwlr-adapter afnemer`: the vendors that may call, and their klantcodes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import click
import sqlalchemy as sa

from uwlr_adapter.cli.afnemer_certificate import certificate
from uwlr_adapter.cli.base import Context, local_time, make_table, own_actor
from uwlr_adapter.cli.json_output import json_option, moment_of, print_json
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.gebruikers import of_afnemer
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import afnemers, certificates
from uwlr_adapter.koppelingen.afnemers import Afnemer

MAX_OVERLAP = 366
"""Most days that two klantcodes may be valid at once, inclusive; with a longer overlap the old one is never retired."""


@click.group()
def afnemer() -> None:
    """Add and manage afnemers: the vendors that call the service.

    Example:  uwlr-adapter afnemer add Snappet
    """


afnemer.add_command(certificate)


@afnemer.command()
@click.argument("klantnaam")
@click.pass_obj
def add(context: Context, klantnaam: str) -> None:
    """Add an afnemer and print its klantcode once.

    KLANTNAAM must be spelled exactly as the catalogue spells the afnemer of a koppeling.

    Example:  uwlr-adapter afnemer add Snappet
    """
    with _transaction(context) as (connection, server_keys):
        _, klantcode = afnemers.add(connection, server_keys, klantnaam, context.clock(), actor=own_actor())
    _show_once(context, klantcode)


@afnemer.command("list")
@json_option
@click.pass_obj
def list_(context: Context, *, as_json: bool) -> None:
    """List the afnemers; one with client certificates is let in with one of them only.

    Example:  uwlr-adapter afnemer list
    """
    with context.database() as database, database.reading() as connection:
        rows = afnemers.list_all(connection)
    moment = context.clock()
    if as_json:
        print_json([_as_json(row, moment) for row in rows])
        return
    table = make_table("klantnaam", "added", "status", "previous klantcode valid until", "client certificates")
    for row in rows:
        status = ("enabled" if row.is_enabled else "disabled") + (", strict" if row.strict else "")
        number, end = len(certificates.parse(row.certificates)), certificates.last_end(row.certificates)
        bound = f"{number}, good until {local_time(end)}" if number else "-"
        previous = local_time(_overlap(row, moment))
        table.add_row(escape(row.klantnaam), local_time(row.created_at), status, previous, bound)
    context.console.print(table)
    if not rows:
        context.messages.print("No afnemers yet. Add one with `uwlr-adapter afnemer add KLANTNAAM`.")


@afnemer.command()
@click.argument("klantnaam")
@click.option(
    "--overlap",
    type=click.IntRange(0, MAX_OVERLAP),
    default=0,
    show_default=True,
    help="Days that the old klantcode stays valid alongside the new one.",
)
@click.pass_obj
def rotate(context: Context, klantnaam: str, overlap: int) -> None:
    """Generate a new klantcode for an afnemer and print it once.

    Example:  uwlr-adapter afnemer rotate Snappet --overlap 14
    """
    with _transaction(context) as (connection, server_keys):
        _, klantcode = afnemers.rotate(
            connection, server_keys, klantnaam, context.clock(), timedelta(days=overlap), actor=own_actor()
        )
    _show_once(context, klantcode)


@afnemer.command()
@click.argument("klantnaam")
@click.pass_obj
def disable(context: Context, klantnaam: str) -> None:
    """Refuse every call of an afnemer, for all schools, until `enable`. The koppelingen stay; its users are logged out.

    Example:  uwlr-adapter afnemer disable Snappet
    """
    with _transaction(context) as (connection, _):
        of_afnemer.disable(connection, klantnaam, context.clock(), actor=own_actor())
    context.messages.print("Disabled. Its calls are refused from now on, and its users are logged out.")


@afnemer.command()
@click.argument("klantnaam")
@click.pass_obj
def enable(context: Context, klantnaam: str) -> None:
    """Allow a disabled afnemer to call again, with the klantcode it had.

    Example:  uwlr-adapter afnemer enable Snappet
    """
    with _transaction(context) as (connection, _):
        afnemers.enable(connection, klantnaam, context.clock(), actor=own_actor())
    context.messages.print("Enabled.")


@afnemer.command()
@click.argument("klantnaam")
@click.option("--off", is_flag=True, help="Turn strict off: repair its requests again.")
@click.pass_obj
def strict(context: Context, klantnaam: str, *, off: bool) -> None:
    """Validate the requests of an afnemer without repairs.

    A request that deviates from the standard then gets the fault of the standard.

    Example:  uwlr-adapter afnemer strict Snappet
    """
    with _transaction(context) as (connection, _):
        afnemers.set_strict(connection, klantnaam, context.clock(), strict=not off, actor=own_actor())
    context.messages.print("Its requests are repaired again." if off else "Its requests are no longer repaired.")


def _overlap(row: Afnemer, moment: datetime) -> datetime | None:
    """Return until when the previous klantcode is valid, if it still is."""
    return row.previous_until if row.previous_until is not None and row.previous_until > moment else None


def _as_json(row: Afnemer, moment: datetime) -> dict[str, Any]:
    return {
        "klantnaam": row.klantnaam,
        "added": moment_of(row.created_at),
        "enabled": row.is_enabled,
        "strict": row.strict,
        "previous_klantcode_until": moment_of(_overlap(row, moment)),
        "certificates": len(certificates.parse(row.certificates)),
        "certificates_until": moment_of(certificates.last_end(row.certificates)),
    }


@contextmanager
def _transaction(context: Context) -> Iterator[tuple[sa.Connection, ServerKeys]]:
    """Yield a write transaction and the server keys; a refusal rolls everything back."""
    with context.database() as database:
        server_keys = ServerKeys.from_settings(context.settings, database)
        with database.writing() as connection:
            yield connection, server_keys


def _show_once(context: Context, klantcode: str) -> None:
    """Print a klantcode alone on standard output, and the explanation on standard error."""
    click.echo(klantcode)
    context.messages.print(
        "This is the klantcode. Give it to the vendor now: it is shown only once and cannot be retrieved later."
    )
