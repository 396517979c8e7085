"""`uwlr-adapter serve`: the service, until it is interrupted."""

import click

from uwlr_adapter.cli.base import Context
from uwlr_adapter.db.database import DatabaseUnusableError
from uwlr_adapter.keys.server_keys import ServerKeyError, ServerKeys
from uwlr_adapter.portal.paths import PREFIX
from uwlr_adapter.server.serve import ListenError, run
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.soap.wsdl import PATH

LOOPBACK = ("127.0.0.1", "::1")


@click.command()
@click.option("--host", help="Address to listen on (UWLR_HOST; default 127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (UWLR_PORT; default 8080).")
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Worker processes, with PostgreSQL (UWLR_WORKERS; default 1)."
)
@click.option("--public-url", help="What vendors call, such as https://uwlr.example.nl (UWLR_PUBLIC_URL).")
@click.pass_obj
def serve(context: Context, host: str | None, port: int | None, workers: int | None, public_url: str | None) -> None:
    """Serve until interrupted. SIGHUP replaces the workers one by one; SIGTERM stops when every request is answered.

    Example:  uwlr-adapter serve --port 8080 --public-url https://uwlr.example.nl
    """
    chosen = {"host": host, "port": port, "workers": workers, "public_url": public_url}
    settings = context.settings.model_copy(update={name: value for name, value in chosen.items() if value is not None})
    if settings.host not in LOOPBACK and not (settings.public_url or "").startswith("https://"):
        raise click.UsageError(
            f"listening on {settings.host} needs --public-url https://…: the codes must travel in TLS"
        )
    if settings.workers > 1 and settings.database_url.startswith("sqlite"):
        raise click.UsageError(
            f"{settings.workers} workers need PostgreSQL (UWLR_DATABASE): SQLite has one writer, so one worker"
        )
    context.catalogue()
    with context.database() as database:
        try:
            ServerKeys.from_settings(settings, database)
        except ServerKeyError as error:
            raise click.ClickException(str(error)) from error
    try:
        run(settings, lambda: context.messages.print(_shown(settings)))
    except (ListenError, DatabaseUnusableError) as error:
        raise click.ClickException(str(error)) from error


def _shown(settings: Settings) -> str:
    """Give where the parts of this process stand."""
    places = {
        "soap": f"Serving UWLR on {settings.base_url}{PATH} (WSDL: ?wsdl)",
        "portal": f"The portal of the schools is on {settings.base_url}{PREFIX}",
    }
    return "\n".join(text for part, text in places.items() if part in settings.parts) or "Serving"
