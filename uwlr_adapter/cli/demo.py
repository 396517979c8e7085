"""`uwlr-adapter demo`: serve the example school and fetch from it."""

import json
import sys
from dataclasses import asdict
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from uwlr_adapter.administratie.schools import list_vestigingen
from uwlr_adapter.cli.base import Context
from uwlr_adapter.client.pulling import PullRequest, pull
from uwlr_adapter.client.pushing import push
from uwlr_adapter.client.result import PullError
from uwlr_adapter.client.results_file import PushError, read_results
from uwlr_adapter.contract.autorisatie import Autorisatie
from uwlr_adapter.contract.nouns import count_noun, count_records
from uwlr_adapter.contract.versions import USUAL_VERSION
from uwlr_adapter.db.database import Database
from uwlr_adapter.demo import toets
from uwlr_adapter.demo.setup import BRIN6, PORTAL_LOGIN, PORTAL_PASSWORD, DemoSchool, prepare
from uwlr_adapter.gebruikers import accounts
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import afnemers
from uwlr_adapter.portal.paths import PREFIX
from uwlr_adapter.sandbox import state
from uwlr_adapter.sandbox.api import PREFIX as SANDBOX
from uwlr_adapter.sandbox.serving import load
from uwlr_adapter.sandbox.situations import PUBLISHED, places_of
from uwlr_adapter.server.port import ListenError, is_address
from uwlr_adapter.server.serve import run
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.logs import LOGGING
from uwlr_adapter.web.services import LEERLINGGEGEVENS, LEERRESULTATEN

MARKER = "this-is-a-demo"
"""Name of the file that marks a data folder as the demo's own."""
LOG = "demo.log"
"""Name of the log file in that folder."""
_WARNING = (
    "Warning: this sandbox listens to other machines, and its codes are published: whoever reaches it can fetch its "
    "invented records, change them, and move its clock."
)
REQUEST = """\
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>
 <autorisatie xmlns="http://www.edustandaard.nl/leerresultaten/2/autorisatie">
  <autorisatiesleutel>{autorisatiesleutel}</autorisatiesleutel>
  <klantcode>{klantcode}</klantcode><klantnaam>{klantnaam}</klantnaam>
 </autorisatie></s:Header><s:Body>
 <leerlinggegevens_verzoek xmlns="http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens">
  <schooljaar>{schooljaar}</schooljaar><brincode>{brincode}</brincode>
  <dependancecode>{dependancecode}</dependancecode><xsdversie>{xsdversie}</xsdversie>
 </leerlinggegevens_verzoek></s:Body></s:Envelope>"""
"""A message to the demo, shown for pasting; the fields are those of DemoSchool."""


@click.command()
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 picks a free one.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--public-url", help="URL at which others reach it, such as http://192.168.1.20:8080; the WSDL has it.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the demo's own database (default uwlr-demo).",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when ready to serve, and nothing else.")
@click.pass_obj
def demo(context: Context, port: int, host: str, public_url: str | None, data: Path | None, *, as_json: bool) -> None:
    """Serve an example school until interrupted, and fetch from it once.

    Under /sandbox it has a school for each situation that a vendor meets, which change on request.

    The requests are logged to demo.log in the data folder.

    Example:  uwlr-adapter demo --port 9000

    For other machines:  uwlr-adapter demo --host 0.0.0.0 --public-url http://192.168.1.20:8080
    """
    require_reachable(host, public_url)
    root_data = click.get_current_context().find_root().params.get("data")
    folder: Path = data or root_data or Path("uwlr-demo")
    settings = _demo_settings(folder, port, host, public_url)
    with (
        Context(settings, context.clock).database(create=True) as database,
        context.messages.status("Creating the example school …"),
    ):
        _require_demo_folder(folder, database)
        held = state.hold(folder)
        moment = context.clock() + timedelta(seconds=state.read(folder).ahead)
        example = prepare(database, ServerKeys.from_settings(settings, database), moment)
    if not ip_address(host).is_loopback:
        context.messages.print(_WARNING)
    try:
        run(
            settings,
            lambda taken: _report(context, taken, example, moment, as_json=as_json),
            load,
            log=_log_to(folder / LOG),
        )
    except ListenError as error:
        raise click.ClickException(str(error)) from error
    finally:
        held.close()


def require_reachable(host: str, public_url: str | None) -> None:
    """Raise UsageError when the address in the WSDL would not be the one that others call."""
    if not is_address(host):
        raise click.UsageError(f"--host is an IP address, such as 127.0.0.1 or 0.0.0.0, and no {host!r}")
    if public_url is None:
        if ip_address(host).is_unspecified:
            raise click.UsageError(
                f"listening on {host} needs --public-url http://…, the address at which others reach this machine"
            )
        return
    try:
        parts = urlsplit(public_url)
        is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        is_bare = not (parts.query or parts.fragment or "@" in parts.netloc) and parts.path in {"", "/"}
        is_safe = is_whole and is_bare and public_url.isascii() and not set(public_url) & set(" \"'<>\\^`{|}")
    except ValueError:
        is_safe = False
    if not is_safe or not public_url.isprintable():
        raise click.UsageError("--public-url is http:// or https:// with a host, and a port where it has one")


def _demo_settings(folder: Path, port: int, host: str, public_url: str | None) -> Settings:
    """Return the default settings with this folder and address; the environment is for a real service, and ignored."""
    values = {name: field.get_default() for name, field in Settings.model_fields.items()}
    given = {"data": folder, "port": port, "host": host, "public_url": public_url}
    return Settings.model_construct(**{**values, **given})


def _log_to(path: Path) -> dict[str, Any]:
    """Return the logging configuration for a file, so that the terminal shows only what the demo itself prints.

    Warnings and errors go to standard error too.
    """
    handlers = {
        "file": {"class": "logging.FileHandler", "formatter": "json", "filename": str(path), "encoding": "utf-8"},
        "stderr": {**LOGGING["handlers"]["stderr"], "level": "WARNING"},
    }
    return {**LOGGING, "handlers": handlers, "root": {**LOGGING["root"], "handlers": list(handlers)}}


def _require_demo_folder(folder: Path, database: Database) -> None:
    """Refuse a data folder of a real service, one without a school yet too: the codes of the demo are published."""
    marker = folder / MARKER
    with database.reading() as connection:
        is_used = list_vestigingen(connection) or afnemers.list_all(connection) or accounts.list_all(connection)
        if is_used and not marker.exists():
            raise click.ClickException(f"{folder} holds records that are not the demo's: give the demo its own folder")
    marker.touch()


def _report(context: Context, settings: Settings, example: DemoSchool, moment: datetime, *, as_json: bool) -> None:
    """Print what a vendor needs to call the demo, and fetch from it once to show that it works."""
    endpoint, results = f"{settings.base_url}{LEERLINGGEGEVENS.path}", f"{settings.base_url}{LEERRESULTATEN.path}"
    portal = {
        "portal": f"{settings.base_url}{PREFIX}",
        "portal_user": PORTAL_LOGIN,
        "portal_password": PORTAL_PASSWORD,
    }
    if as_json:
        own = {"endpoint": endpoint, "wsdl": f"{endpoint}?wsdl", "leerresultaten_endpoint": results}
        printed = {**own, **asdict(example), **portal}
        sys.stdout.write(json.dumps(printed) + "\n")
        sys.stdout.flush()
        return
    echo = context.console.out
    echo(f"address             {endpoint}\nWSDL                {endpoint}?wsdl")
    echo(f"results             {results}\nWSDL of results     {results}?wsdl")
    for name, value in asdict(example).items():
        echo(f"{name:<20}{value}")
    echo("\nThe school's page, the Koppelingenoverzicht:\n")
    for name, value in portal.items():
        echo(f"{name:<20}{value}")
    echo(f"\nA school for each situation, on {settings.base_url}{SANDBOX}, where they can be changed too:\n")
    places = list(places_of(PUBLISHED))
    width = max(len(place.situation.name) for place in places) + 2
    for place in places:
        echo(f"{place.brin6[:4]} {place.brin6[4:]}  {place.situation.name:<{width}}{place.code}")
    request = REQUEST.format(**asdict(example), xsdversie=USUAL_VERSION)
    echo(f"\nA request to paste (POST, Content-Type: text/xml):\n\n{request}\n")
    try:
        _fetch_and_send(context, settings.listen_url, example, moment)
    except (PullError, PushError) as error:
        context.messages.print(f"Calling it failed: {error}")
        return
    echo(f"The requests are logged to {settings.data / LOG}.\nCtrl-C stops the demo.")


def _fetch_and_send(context: Context, own: str, example: DemoSchool, moment: datetime) -> None:
    """Fetch the school, and send results of a groep back, as a platform does. Raises PullError or PushError.

    The same results are sent at each start, which changes nothing from the second time on.
    """
    echo = context.console.out
    request = PullRequest(**asdict(example))
    antwoord = pull(f"{own}{LEERLINGGEGEVENS.path}", request, allow_private=True, allow_http=True)  # our own
    counts = ", ".join(count_records(count, kind) for kind, count in antwoord.counts.items())
    verdict = "is not valid" if antwoord.findings else "is valid"
    echo(f"Fetched once with zeep: {counts}; the answer {verdict}.")
    results = read_results(toets.verzoek(BRIN6, moment))
    codes = Autorisatie(example.autorisatiesleutel, example.klantcode, example.klantnaam)
    sent = push(f"{own}{LEERRESULTATEN.path}", results, codes, allow_private=True, allow_http=True)
    told = "all taken, see Resultaten on the school's page" if sent.fault is None else f"refused: {sent.fault.code}"
    number, of = (
        count_noun(results.resultaten, "result", "results"),
        count_noun(results.leerlingen, "leerling", "leerlingen"),
    )
    echo(f"Sent back once: {number} of {of} for one toets; {told}.")
