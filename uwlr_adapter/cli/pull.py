"""`uwlr-adapter pull`: fetch a school from any UWLR endpoint."""

from pathlib import Path

import click

from uwlr_adapter.brin import brincode_of, dependancecode_of
from uwlr_adapter.cli.base import Context, make_table
from uwlr_adapter.cli.files import why_unwritable, write_private
from uwlr_adapter.cli.secrets import secret_option
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.client import PullError, PullRequest, PullResult
from uwlr_adapter.client import pull as fetch
from uwlr_adapter.clock import day_of, schooljaar_of
from uwlr_adapter.contract.versions import USUAL_VERSION

_BRIN6 = 6
"""Characters of a brincode and a dependancecode together."""


@click.command()
@click.argument("endpoint")
@click.option("--klantnaam", required=True, help="Your klantnaam at the student administration.")
@secret_option("--klantcode", "The klantcode that belongs to the klantnaam.")
@secret_option("--autorisatiesleutel", "The verificatiecode that the school entered.")
@click.option("--brin6", required=True, help="Brincode and dependancecode, such as 21QW00.")
@click.option("--schooljaar", help="Such as 2026-2027; default: the current one.")
@click.option("--xsdversie", default=USUAL_VERSION, show_default=True, help="UWLR version of the request.")
@click.option("--allow-private", is_flag=True, help="Call this machine, or an address on a private network.")
@click.option("--allow-http", is_flag=True, help="Send the codes to another machine without encryption.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to save the answer in, as XML.")
@click.pass_obj
def pull(
    context: Context,
    endpoint: str,
    klantnaam: str,
    klantcode: str,
    autorisatiesleutel: str,
    brin6: str,
    schooljaar: str | None,
    xsdversie: str,
    *,
    allow_private: bool,
    allow_http: bool,
    out: Path | None,
) -> None:
    """Fetch a school from a UWLR ENDPOINT with zeep, print a summary, and save the XML if asked.

    \b
    Example:
      uwlr-adapter pull http://127.0.0.1:8080/uwlr/leerlinggegevens \\
        --allow-private --klantnaam Snappet --klantcode @klantcode.txt --brin6 21QW00 --out school.xml

    No proxy of the environment is used. The certificate of the endpoint is verified; to trust a CA of your own, name
    its PEM file in the environment variable SSL_CERT_FILE.
    """  # noqa: D301 - \b is click's mark for text that is not folded
    if len(brin6) != _BRIN6:
        raise click.UsageError("--brin6 must have six characters: brincode and dependancecode, such as 21QW00")
    if out is not None and (why := why_unwritable(out)):
        raise click.ClickException(f"nothing was fetched: {why}")
    request = PullRequest(
        klantnaam=klantnaam,
        klantcode=klantcode,
        autorisatiesleutel=autorisatiesleutel,
        brincode=brincode_of(brin6),
        dependancecode=dependancecode_of(brin6),
        schooljaar=schooljaar or schooljaar_of(day_of(context.clock())),
        xsdversie=xsdversie,
    )
    try:
        with context.messages.status(f"Fetching {escape(brin6)} …"):
            antwoord = fetch(endpoint, request, allow_private=allow_private, allow_http=allow_http)
        if out is not None:
            write_private(out, antwoord.xml)
    except (PullError, OSError) as error:
        raise click.ClickException(str(error)) from None
    _show(context, antwoord, out)


def _show(context: Context, antwoord: PullResult, out: Path | None) -> None:
    table = make_table("outcome", *antwoord.counts, "validation")
    verdict = "not valid" if antwoord.findings else "valid"
    table.add_row(antwoord.outcome, *map(str, antwoord.counts.values()), verdict)
    context.console.print(table)
    for finding in antwoord.findings[:10]:
        context.messages.print(f"{escape(finding.path)}: {escape(finding.rule)}")
    if out is not None:
        context.messages.print(f"Saved as {escape(str(out))}, readable only by you.")
