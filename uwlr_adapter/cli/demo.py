"""`uwlr-adapter demo`: the example school, served and fetched."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from uwlr_adapter.administratie.schools import list_vestigingen
from uwlr_adapter.cli.base import Context
from uwlr_adapter.client import PullError, PullRequest, pull
from uwlr_adapter.db.database import Database
from uwlr_adapter.demo.setup import PORTAL_LOGIN, PORTAL_PASSWORD, DemoSchool, prepare
from uwlr_adapter.keys.server_keys import ServerKeyError, ServerKeys
from uwlr_adapter.portal.paths import PREFIX
from uwlr_adapter.server.serve import ListenError, free_port, run
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.logs import LOGGING
from uwlr_adapter.web.soap.wsdl import PATH

MARKER = "this-is-a-demo"
"""The file by which the demo knows a folder as its own."""
LOG = "demo.log"
"""The file of the log, in the same folder."""
REQUEST = """\
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>
 <autorisatie xmlns="http://www.edustandaard.nl/leerresultaten/2/autorisatie">
  <autorisatiesleutel>{autorisatiesleutel}</autorisatiesleutel>
  <klantcode>{klantcode}</klantcode><klantnaam>{klantnaam}</klantnaam>
 </autorisatie></s:Header><s:Body>
 <leerlinggegevens_verzoek xmlns="http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens">
  <schooljaar>{schooljaar}</schooljaar><brincode>{brincode}</brincode>
  <dependancecode>{dependancecode}</dependancecode><xsdversie>2.2</xsdversie>
 </leerlinggegevens_verzoek></s:Body></s:Envelope>"""


@click.command()
@click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes a free one."
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the example's own database (default uwlr-demo).",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when ready to serve, and nothing else.")
@click.pass_obj
def demo(context: Context, port: int, data: Path | None, *, as_json: bool) -> None:
    """Serve an example school on 127.0.0.1, until interrupted, and fetch from it once.

    Writes the log of the requests to demo.log in the folder.

    Example:  uwlr-adapter demo --port 9000
    """
    given = click.get_current_context().find_root().params.get("data")
    folder: Path = data or given or Path("uwlr-demo")
    settings = _own_settings(folder, port or free_port())
    with (
        Context(settings, context.clock).database(create=True) as database,
        context.messages.status("Making the example school …"),
    ):
        _require_own(folder, database)
        try:
            example = prepare(database, ServerKeys.from_settings(settings, database), context.clock())
        except ServerKeyError as error:
            raise click.ClickException(str(error)) from error
    try:
        run(settings, lambda: _tell(context, settings, example, as_json=as_json), log=_log_to(folder / LOG))
    except ListenError as error:
        raise click.ClickException(str(error)) from error


def _own_settings(folder: Path, port: int) -> Settings:
    """Give settings of the demo's own: what the environment says is about a real service."""
    values = {naam: field.get_default() for naam, field in Settings.model_fields.items()}
    return Settings.model_construct(**{**values, "data": folder, "port": port})


def _log_to(path: Path) -> dict[str, Any]:
    """Return the set-up of a log in a file, so that the terminal shows only what the demo itself prints.

    Warnings and errors go to standard error too.
    """
    handlers = {
        "file": {"class": "logging.FileHandler", "formatter": "json", "filename": str(path), "encoding": "utf-8"},
        "stderr": {**LOGGING["handlers"]["stderr"], "level": "WARNING"},
    }
    return {**LOGGING, "handlers": handlers, "root": {**LOGGING["root"], "handlers": list(handlers)}}


def _require_own(folder: Path, database: Database) -> None:
    """Refuse a folder with somebody's records: the demo opens its school with codes that everybody knows."""
    marker = folder / MARKER
    with database.reading() as connection:
        if list_vestigingen(connection) and not marker.exists():
            raise click.ClickException(f"{folder} holds records that are not the demo's: give it a folder of its own")
    marker.touch()


def _tell(context: Context, settings: Settings, example: DemoSchool, *, as_json: bool) -> None:
    """Print what a vendor needs, and show that it works."""
    endpoint = f"{settings.base_url}{PATH}"
    portal = {
        "portal": f"{settings.base_url}{PREFIX}",
        "portal_user": PORTAL_LOGIN,
        "portal_password": PORTAL_PASSWORD,
    }
    if as_json:
        printed = {"endpoint": endpoint, "wsdl": f"{endpoint}?wsdl", **asdict(example), **portal}
        sys.stdout.write(json.dumps(printed) + "\n")
        sys.stdout.flush()
        return
    echo = context.console.out
    echo(f"address             {endpoint}\nWSDL                {endpoint}?wsdl")
    for naam, value in asdict(example).items():
        echo(f"{naam:<20}{value}")
    echo("\nThe page of the school, the Koppelingenoverzicht:\n")
    for naam, value in portal.items():
        echo(f"{naam:<20}{value}")
    echo(f"\nA request to paste (POST, Content-Type: text/xml):\n\n{REQUEST.format(**asdict(example))}\n")
    try:
        antwoord = pull(endpoint, PullRequest(**asdict(example)))
    except PullError as error:
        context.messages.print(f"The fetch with zeep failed: {error}")
        return
    counts = ", ".join(f"{number} {naam}" for naam, number in antwoord.counts.items())
    verdict = "is not valid" if antwoord.findings else "is valid"
    echo(f"Fetched once with zeep: {counts}; the answer {verdict}.")
    echo(f"The log of the requests is in {settings.data / LOG}.\nCtrl-C stops the demo.")
