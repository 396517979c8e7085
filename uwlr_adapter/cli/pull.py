"""`uwlr-adapter pull`: fetch a school from any UWLR endpoint."""

from pathlib import Path

import click

from uwlr_adapter.brin import brincode_of, dependancecode_of
from uwlr_adapter.cli.base import Context, make_table
from uwlr_adapter.cli.files import why_unwritable, write_private
from uwlr_adapter.cli.json_output import json_option, print_json
from uwlr_adapter.cli.saved_answer import read_answer
from uwlr_adapter.cli.secrets import secret_option
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.client.getrapt import pull_getrapt
from uwlr_adapter.client.pulling import PullRequest
from uwlr_adapter.client.pulling import pull as fetch
from uwlr_adapter.client.result import PullError, PullResult, is_moment, moment_in, saved
from uwlr_adapter.clock import day_of, schooljaar_of
from uwlr_adapter.contract.names import HAAL_LEERLINGGEGEVENS
from uwlr_adapter.contract.versions import USUAL_VERSION

_BRIN6 = 6
"""Characters of a brincode and a dependancecode together."""


def _moment(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Return a moment as it was given; `@FILE` stands for the aanmaakdatum in that saved answer."""
    if value is None or not value.startswith("@"):
        if value is not None and not is_moment(value):
            raise click.BadParameter("it is no moment such as 2026-11-23T20:15:00+01:00, nor @FILE")
        return value
    path = Path(value[1:])
    try:
        moment = moment_in(saved(read_answer(path)))
    except PullError as error:
        raise click.BadParameter(f"{path}: {error}") from None
    if moment is None:
        raise click.BadParameter(f"{path}: it has no aanmaakdatum")
    return moment


@click.command()
@click.argument("endpoint")
@click.option("--klantnaam", required=True, help="Your klantnaam at the student administration.")
@secret_option("--klantcode", "The klantcode that belongs to the klantnaam.")
@secret_option("--autorisatiesleutel", "The verificatiecode that the school entered.")
@click.option("--brin6", required=True, help="Brincode and dependancecode, such as 21QW00.")
@click.option("--schooljaar", help="Such as 2026-2027; default: the current one.")
@click.option("--xsdversie", default=USUAL_VERSION, show_default=True, help="UWLR version of the request.")
@click.option(
    "--sinds",
    metavar="MOMENT|@FILE",
    callback=_moment,
    help="The laatstontvangengegevens: a moment, or the aanmaakdatum of the answer in FILE.",
)
@click.option("--getrapt", is_flag=True, help="Fetch in three steps, and put them together as one answer.")
@click.option("--per-groep", is_flag=True, help="With --getrapt: ask for each groep by itself.")
@click.option("--allow-private", is_flag=True, help="Call this machine, or an address on a private network.")
@click.option("--allow-http", is_flag=True, help="Send the codes to another machine without encryption.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to save the answer in, as XML.")
@json_option
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
    sinds: str | None,
    *,
    getrapt: bool,
    per_groep: bool,
    allow_private: bool,
    allow_http: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Fetch a school from a UWLR ENDPOINT with zeep, print a summary, and save the XML if asked.

    \b
    Example:
      uwlr-adapter pull http://127.0.0.1:8080/uwlr/leerlinggegevens \\
        --allow-private --klantnaam Snappet --klantcode @klantcode.txt --brin6 21QW00 --out school.xml

    `--sinds @school.xml` asks whether anything changed since that answer; `uwlr-adapter diff` shows what did.

    No proxy of the environment is used. The certificate of the endpoint is verified; to trust a CA of your own, name
    its PEM file in the environment variable SSL_CERT_FILE.
    """  # noqa: D301 - \b is click's mark for text that is not folded
    _require_sense(brin6, sinds, getrapt=getrapt, per_groep=per_groep)
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
        laatstontvangengegevens=sinds,
    )
    try:
        with context.messages.status(f"Fetching {escape(brin6)} …"):
            if getrapt:
                antwoord = pull_getrapt(
                    endpoint, request, per_groep=per_groep, allow_private=allow_private, allow_http=allow_http
                )
            else:
                antwoord = fetch(endpoint, request, allow_private=allow_private, allow_http=allow_http)
        told = "" if out is None else _save(out, antwoord)
    except (PullError, OSError) as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        print_json(_members(antwoord))
    else:
        _show(context, antwoord)
    if told:
        context.messages.print(told)


def _require_sense(brin6: str, sinds: str | None, *, getrapt: bool, per_groep: bool) -> None:
    """Raise UsageError for options that do not go together, and for a brin6 of another length."""
    if len(brin6) != _BRIN6:
        raise click.UsageError("--brin6 must have six characters: brincode and dependancecode, such as 21QW00")
    if per_groep and not getrapt:
        raise click.UsageError("--per-groep is a way of --getrapt: give both")
    if sinds is not None and getrapt:
        raise click.UsageError("--sinds is about one operation, and --getrapt calls three: give one of both")


def _save(out: Path, antwoord: PullResult) -> str:
    """Save an answer; return what to say of it. One without data takes the place of no file. Raises OSError."""
    if antwoord.outcome != HAAL_LEERLINGGEGEVENS.payload and out.exists():
        return f"{escape(str(out))} stays as it is: {antwoord.outcome} has no data to save."
    write_private(out, antwoord.xml)
    return f"Saved as {escape(str(out))}, readable only by you."


def _members(antwoord: PullResult) -> dict[str, object]:
    return {
        "outcome": antwoord.outcome,
        "aanmaakdatum": antwoord.aanmaakdatum,
        "counts": {kind.replace(" ", "_"): number for kind, number in antwoord.counts.items()},
        "valid": not antwoord.findings,
        "findings": [{"path": one.path, "rule": one.rule} for one in antwoord.findings],
        "repairs": list(antwoord.repairs),
        "request_id": antwoord.request_id or None,
    }


def _show(context: Context, antwoord: PullResult) -> None:
    table = make_table("outcome", *antwoord.counts, "aanmaakdatum", "validation")
    verdict = "not valid" if antwoord.findings else "valid"
    table.add_row(antwoord.outcome, *map(str, antwoord.counts.values()), antwoord.aanmaakdatum or "-", verdict)
    context.console.print(table)
    for finding in antwoord.findings[:10]:
        context.messages.print(f"{escape(finding.path)}: {escape(finding.rule)}")
    if antwoord.repairs:
        context.messages.print(f"The request needed repairs: {', '.join(antwoord.repairs)}")
    if antwoord.request_id:
        context.messages.print(f"X-Request-ID {antwoord.request_id}")
