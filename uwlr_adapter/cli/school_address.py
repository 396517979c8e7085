"""`uwlr-adapter school address`: where a vestiging is told things by mail."""

from datetime import datetime

import click
import sqlalchemy as sa

from uwlr_adapter.administratie import schools
from uwlr_adapter.cli.base import Context, own_actor
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.journaal.writer import record_act
from uwlr_adapter.mail import addresses
from uwlr_adapter.mail.address import AddressError, shown
from uwlr_adapter.mail.addresses import ConfirmationError, MailAddress, Owner


@click.command()
@click.argument("brin6")
@click.argument("address", required=False)
@click.option("--remove", is_flag=True, help="Remove the address.")
@click.pass_obj
def address(context: Context, brin6: str, address: str | None, *, remove: bool) -> None:
    """Show or enter the ADDRESS for mail about the vestiging BRIN6. A schoolbeheerder confirms it in the portal.

    A code is mailed to it, to be typed on the page Meldingen; until then nothing else is sent there.

    \b
    Example:
      uwlr-adapter school address 21QW00 administratie@deregenboog.example
      uwlr-adapter school address 21QW00
    """  # noqa: D301 - \b is click's mark for text that is not folded
    if remove and address is not None:
        raise click.UsageError("give an address, or --remove")
    owner = Owner(brin6=brin6)
    with context.database() as database:
        with database.reading() as connection:
            if schools.find_vestiging(connection, brin6) is None:
                raise click.ClickException(f"there is no vestiging {brin6}: `uwlr-adapter school list` lists them")
            found = addresses.find(connection, owner)
        if remove:
            with database.writing() as connection:
                if not addresses.remove(connection, owner, context.clock()):
                    raise click.ClickException(f"{brin6} has no address")
                _record_removed(connection, brin6, context.clock())
            context.messages.print("Removed.")
            return
        if address is not None:
            if context.settings.smtp_host is None:
                raise click.ClickException("there is no mail server to confirm it with: set UWLR_SMTP_HOST")
            try:
                with database.writing() as connection:
                    before = addresses.find(connection, owner)
                    found = addresses.enter(connection, owner, address, context.clock())
                    if before is not None and before.is_usable and not found.is_usable:
                        _record_removed(connection, brin6, context.clock())
            except AddressError:
                raise click.BadParameter("this is no address that mail can be sent to", param_hint="ADDRESS") from None
            except ConfirmationError:
                raise click.ClickException(f"too many codes were sent for {brin6}: wait a day") from None
    context.console.print(f"{brin6} has no address." if found is None else _line(brin6, found))


def _record_removed(connection: sa.Connection, brin6: str, moment: datetime) -> None:
    """Record that an address in use is so no more: it was removed, or replaced by one that is not confirmed yet."""
    act = Act.ADDRESS_REMOVED
    record_act(connection, moment=moment, act=act, koppeling_id=None, brin6=brin6, actor=own_actor())


def _line(brin6: str, found: MailAddress) -> str:
    state = "refused by its mail server" if found.refused_at else "confirmed" if found.confirmed_at else "not confirmed"
    return escape(f"{brin6}: {shown(found.address)} ({state})")
