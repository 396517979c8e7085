"""`uwlr-adapter maintenance`: when the service is away, told to vendors and schools beforehand."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click
import sqlalchemy as sa

from uwlr_adapter.cli.base import Context, local_time, make_table, own_actor
from uwlr_adapter.cli.json_output import json_option, moment_of, print_json
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.clock import AMSTERDAM
from uwlr_adapter.maintenance import announced
from uwlr_adapter.maintenance.announced import Maintenance

_MOMENT = click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"])
_MAX_LISTED = 1000


@click.group()
def maintenance() -> None:
    """Announce maintenance: vendors and schools read it in the portal.

    Example:  uwlr-adapter maintenance list
    """


@maintenance.command()
@click.argument("text")
@click.option("--from", "starts_at", type=_MOMENT, required=True, help="Begin, in Amsterdam: 2026-12-27T22:00.")
@click.option("--until", "ends_at", type=_MOMENT, required=True, help="End, in Amsterdam.")
@click.pass_obj
def announce(context: Context, text: str, starts_at: datetime, ends_at: datetime) -> None:
    """Announce maintenance, with a TEXT in Dutch of at most 500 characters, and print its id.

    \b
    Example:
      uwlr-adapter maintenance announce --from 2026-12-27T22:00 --until 2026-12-28T01:00 "Ophalen kan dan niet."
    """  # noqa: D301 - \b is click's mark for text that is not folded
    begin, end = (moment.replace(tzinfo=AMSTERDAM) for moment in (starts_at, ends_at))
    with _transaction(context) as connection:
        made = announced.announce(connection, begin, end, text, context.clock(), actor=own_actor())
    click.echo(str(made.id))
    context.messages.print("Announced. Vendors and schools read it in the portal from now on.")


@maintenance.command("list")
@json_option
@click.pass_obj
def list_(context: Context, *, as_json: bool) -> None:
    """List what was announced, the latest first; what ended goes after 30 days.

    Example:  uwlr-adapter maintenance list
    """
    with context.database() as database, database.reading() as connection:
        rows = announced.list_all(connection, _MAX_LISTED)
    if as_json:
        print_json([_as_json(row) for row in rows])
        return
    table = make_table("ID", "from", "until", "text", "announced", "by")
    for row in rows:
        moments = (local_time(row.starts_at), local_time(row.ends_at))
        cells = (str(row.id), *moments, row.text, local_time(row.announced_at), row.announced_by)
        table.add_row(*map(escape, cells))
    context.console.print(table)
    if not rows:
        context.messages.print("No maintenance is announced.")


@maintenance.command()
@click.argument("id", metavar="ID", type=click.IntRange(1, 2**31 - 1))
@click.pass_obj
def withdraw(context: Context, id: int) -> None:  # noqa: A002 - the name of the argument
    """Withdraw an announcement, by the ID that `list` shows.

    Example:  uwlr-adapter maintenance withdraw 3
    """
    with _transaction(context) as connection:
        announced.withdraw(connection, id, context.clock(), actor=own_actor())
    context.messages.print("Withdrawn. Nobody reads it any more.")


def _as_json(row: Maintenance) -> dict[str, Any]:
    return {
        "id": row.id,
        "from": moment_of(row.starts_at),
        "until": moment_of(row.ends_at),
        "text": row.text,
        "announced": moment_of(row.announced_at),
        "announced_by": row.announced_by,
    }


@contextmanager
def _transaction(context: Context) -> Iterator[sa.Connection]:
    """Yield a write transaction; a refusal rolls everything back."""
    with context.database() as database, database.writing() as connection:
        yield connection
