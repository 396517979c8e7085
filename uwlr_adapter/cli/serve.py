"""`uwlr-adapter serve`: run the service until it is interrupted."""

import click

from uwlr_adapter.cli.base import Context
from uwlr_adapter.db.database import DatabaseUnusableError, has_one_writer
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.oidc.errors import ProviderSettingsError
from uwlr_adapter.oidc.provider_settings import ProviderSettings
from uwlr_adapter.portal.paths import PREFIX
from uwlr_adapter.server.application import MetricsTokenError, metrics_token
from uwlr_adapter.server.port import ListenError
from uwlr_adapter.server.serve import run
from uwlr_adapter.settings import Part, Settings
from uwlr_adapter.web.services import LEERLINGGEGEVENS
from uwlr_adapter.web.source import LOOPBACK


@click.command()
@click.option("--host", help="Address to listen on (UWLR_HOST; default 127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (UWLR_PORT; default 8080).")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="Number of worker processes; more than 1 needs PostgreSQL (UWLR_WORKERS; default 1).",
)
@click.option("--public-url", help="URL that vendors call, such as https://uwlr.example.nl (UWLR_PUBLIC_URL).")
@click.pass_obj
def serve(context: Context, host: str | None, port: int | None, workers: int | None, public_url: str | None) -> None:
    """Serve until interrupted.

    SIGHUP replaces the workers one by one; SIGTERM stops the service after the requests in progress are answered.

    Example:  uwlr-adapter serve --port 8080 --public-url https://uwlr.example.nl
    """
    options = {"host": host, "port": port, "workers": workers, "public_url": public_url}
    settings = context.settings.model_copy(update={name: value for name, value in options.items() if value is not None})
    if settings.host not in LOOPBACK and not (settings.public_url or "").startswith("https://"):
        raise click.UsageError(
            f"listening on {settings.host} needs --public-url https://…: codes may only travel over TLS"
        )
    if settings.workers > 1 and has_one_writer(settings.database_url):
        raise click.UsageError(
            f"{settings.workers} workers need PostgreSQL (UWLR_DATABASE): SQLite has one writer, so one worker"
        )
    context.catalogue()
    try:
        metrics_token(settings)
        ProviderSettings.of(settings)
    except (MetricsTokenError, ProviderSettingsError) as error:
        raise click.ClickException(str(error)) from error
    with context.database() as database:
        ServerKeys.from_settings(settings, database)
    try:
        run(settings, lambda taken: context.messages.print(_addresses(taken)))
    except (ListenError, DatabaseUnusableError) as error:
        raise click.ClickException(str(error)) from error


def _addresses(settings: Settings) -> str:
    """Return the lines that name the address of each part that this process serves."""
    lines = {
        Part.SOAP: f"Serving UWLR on {settings.base_url}{LEERLINGGEGEVENS.path} (WSDL: ?wsdl)",
        Part.PORTAL: f"The portal for schools is on {settings.base_url}{PREFIX}",
    }
    return "\n".join(line for part, line in lines.items() if part in settings.parts) or "Serving"
