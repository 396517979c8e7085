"""`uwlr-adapter mail`: what was mailed, what waits, and whether mail works."""

from typing import Any

import click

from uwlr_adapter.cli.base import Context, make_table
from uwlr_adapter.cli.json_output import json_option, moment_of, print_json
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.clock import AMSTERDAM
from uwlr_adapter.mail import addresses, outbox
from uwlr_adapter.mail.address import AddressError, parse, shown
from uwlr_adapter.mail.message import build
from uwlr_adapter.mail.outbox import MailRecord
from uwlr_adapter.mail.smtp import MailOutcome, MailServer, MailServerError, MailSettingsError
from uwlr_adapter.mail.words import test_letter

_RESULTS = {
    MailOutcome.LATER: "asks to try again later",
    MailOutcome.FAILED: "refuses the mail",
    MailOutcome.UNSURE: "gave no answer to the whole mail: it may have been taken",
}


@click.group()
def mail() -> None:
    """List what schools were told by mail, and test the mail server.

    Example:  uwlr-adapter mail test beheer@example.nl
    """


@mail.command("list")
@click.option("--vestiging", "brin6", metavar="BRIN6", help="Only what is about this vestiging.")
@click.option("--failed", is_flag=True, help="Only what was given up, or waits after a failure.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many at most.")
@json_option
@click.pass_obj
def list_(context: Context, brin6: str | None, *, failed: bool, limit: int, as_json: bool) -> None:
    """List the newest mails: to whom, about what, and what became of them. Their text is not kept.

    \b
    Example:
      uwlr-adapter mail list --failed
      uwlr-adapter mail list --vestiging 21QW00 --json
    """  # noqa: D301 - \b is click's mark for text that is not folded
    with context.database() as database, database.reading() as connection:
        rows = outbox.list_mails(connection, brin6=brin6, limit=limit, failed_only=failed)
    if as_json:
        print_json([_as_json(row) for row in rows])
        return
    table = make_table("ID", "moment", "vestiging", "to", "subject", "state", "tries")
    for row in rows:
        moment = f"{row.created_at.astimezone(AMSTERDAM):%d-%m-%y %H:%M:%S}"
        cells = (str(row.id), moment, row.brin6 or "-", shown(row.address), row.subject, _state(row), str(row.tries))
        table.add_row(*map(escape, cells))
    context.console.print(table)
    if not rows:
        context.messages.print("No mails.")


@mail.command()
@click.argument("address")
@click.pass_obj
def test(context: Context, address: str) -> None:
    """Send one mail to ADDRESS now, and print what the mail server said. Nothing is stored.

    Example:  uwlr-adapter mail test beheer@example.nl
    """
    try:
        server, to = MailServer.of(context.settings), parse(address)
    except MailSettingsError as error:
        raise click.ClickException(str(error)) from None
    except AddressError:
        raise click.BadParameter("this is no address that mail can be sent to", param_hint="ADDRESS") from None
    if server is None:
        raise click.ClickException("there is no mail server: set UWLR_SMTP_HOST and UWLR_MAIL_FROM")
    message = build(test_letter(), server.sender, to, outbox.new_message_id(), context.clock())
    try:
        with server.connected() as connection:
            tried = connection.send(message, server.sender.address, to)
    except MailServerError as error:
        said = f" It said: {error.reply}" if error.reply else ""
        raise click.ClickException(f"{error}.{said}") from None
    if tried.delivery is MailOutcome.SENT:
        context.console.print(f"The mail server took it: {escape(tried.reply)}")
        return
    raise click.ClickException(f"the mail server {_RESULTS[tried.delivery]}. It said: {tried.reply or 'nothing'}")


@mail.command()
@click.argument("address")
@click.pass_obj
def bounced(context: Context, address: str) -> None:
    """Send nothing more to ADDRESS: mail to it came back to UWLR_MAIL_FROM. Its owner is told in the portal.

    Entering the address again, and confirming it, takes this back.

    Example:  uwlr-adapter mail bounced oud@school.nl
    """
    try:
        parsed = parse(address)
    except AddressError:
        raise click.BadParameter("this is no address of mail", param_hint="ADDRESS") from None
    with context.database() as database, database.writing() as connection:
        number = addresses.refuse(connection, parsed, context.clock())
    if not number:
        raise click.ClickException("nobody has this address, or nothing is sent to it already")
    context.messages.print("Nothing more is sent to it.")


def _state(row: MailRecord) -> str:
    if row.sent_at is not None:
        return "sent"
    return f"{'given up' if row.is_given_up else 'waits'}{'' if row.failure is None else f': {row.failure}'}"


def _as_json(row: MailRecord) -> dict[str, Any]:
    return {
        "id": row.id,
        "cause": row.cause.partition(":")[0],
        "vestiging": row.brin6,
        "address": row.address,
        "subject": row.subject,
        "created_at": moment_of(row.created_at),
        "sent_at": None if row.sent_at is None else moment_of(row.sent_at),
        "next_try_at": None if row.next_try_at is None else moment_of(row.next_try_at),
        "tries": row.tries,
        "failure": row.failure,
    }
