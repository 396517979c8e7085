"""`uwlr-adapter afnemer certificate`: the client certificates without which an afnemer is not let in."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import click
import sqlalchemy as sa

from uwlr_adapter.cli.base import Context, local_time, make_table, own_actor
from uwlr_adapter.cli.json_output import json_option, moment_of, print_json
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.koppelingen import certificates
from uwlr_adapter.koppelingen.certificates import Certificate

SOON = timedelta(days=30)
"""A certificate that ends within this time is told: a vendor takes some weeks to renew one."""


@click.group()
def certificate() -> None:
    """Bind an afnemer to client certificates: its calls are refused without one of them.

    Works behind a proxy that asks for client certificates and passes them on, as the nginx files of
    `uwlr-adapter deploy files` do.

    Example:  uwlr-adapter afnemer certificate add Snappet snappet.pem
    """


@certificate.command()
@click.argument("klantnaam")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show the certificate, and change nothing.")
@click.pass_obj
def add(context: Context, klantnaam: str, file: Path, *, dry_run: bool) -> None:
    """Add the certificate in FILE (PEM or DER) to an afnemer.

    With its first one, its calls without a certificate are refused from the next one on. Add the next certificate
    before the present one ends; both are good until then.

    Example:  uwlr-adapter afnemer certificate add Snappet snappet.pem --dry-run
    """
    with _transaction(context, dry_run=dry_run) as connection:
        try:
            with file.open("rb") as opened:
                content = opened.read(certificates.MAX_FILE + 1)
        except OSError as error:
            raise click.ClickException(f"{file} cannot be read: {error.strerror}") from None
        present = certificates.add(connection, klantnaam, content, context.clock(), actor=own_actor())
    _print(context, present)
    if dry_run:
        context.messages.print("Nothing was changed.")
    elif len(present) == 1:
        context.messages.print("From now on its calls are refused without this certificate.")


@certificate.command("list")
@click.argument("klantnaam")
@json_option
@click.pass_obj
def list_(context: Context, klantnaam: str, *, as_json: bool) -> None:
    """List the certificates of an afnemer, with the moment at which each one ends.

    Example:  uwlr-adapter afnemer certificate list Snappet
    """
    with context.database() as database, database.reading() as connection:
        present = certificates.list_of(connection, klantnaam)
    if as_json:
        print_json(
            [
                {
                    "fingerprint": one.fingerprint,
                    "subject": one.subject,
                    "not_after": moment_of(one.not_after),
                    "added": moment_of(one.added_at),
                    "state": _state(one, context.clock()),
                }
                for one in present
            ]
        )
        return
    _print(context, present)
    if not present:
        context.messages.print("It has none: its klantnaam and klantcode are enough.")


@certificate.command()
@click.argument("klantnaam")
@click.argument("fingerprint")
@click.option("--last", is_flag=True, help="Also when it is the last one, so that none is asked for any more.")
@click.option("--dry-run", is_flag=True, help="Show what would be left, and change nothing.")
@click.pass_obj
def remove(context: Context, klantnaam: str, fingerprint: str, *, last: bool, dry_run: bool) -> None:
    """Remove the certificate with this FINGERPRINT (SHA-256, as `certificate list` shows it): it is refused at once.

    Example:  uwlr-adapter afnemer certificate remove Snappet 5e88...1542
    """
    with _transaction(context, dry_run=dry_run) as connection:
        left = certificates.remove(connection, klantnaam, fingerprint, context.clock(), last=last, actor=own_actor())
    _print(context, left)
    if dry_run:
        context.messages.print("Nothing was changed.")
    elif not left:
        context.messages.print("No certificate is asked for any more: its klantnaam and klantcode are enough.")


@contextmanager
def _transaction(context: Context, *, dry_run: bool) -> Iterator[sa.Connection]:
    """Yield a write transaction, which is rolled back for a dry run."""
    with context.database() as database, database.writing() as connection:
        yield connection
        if dry_run:
            connection.rollback()


def _print(context: Context, present: Sequence[Certificate]) -> None:
    if not present:
        return
    moment = context.clock()
    table = make_table("fingerprint (SHA-256)", "subject", "good until", "state")
    for one in present:
        table.add_row(one.fingerprint, escape(one.subject), local_time(one.not_after), _state(one, moment))
    context.console.print(table)
    if all(_state(one, moment) != "good" for one in present):
        context.messages.print("None of them is good for another 30 days: add the next one in time.")


def _state(one: Certificate, moment: datetime) -> str:
    if one.not_after <= moment:
        return "ended"
    return "ends soon" if one.not_after - moment <= SOON else "good"
