"""Composition of the application from settings, database, server keys and catalogue."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from uwlr_adapter.clock import Clock, now
from uwlr_adapter.db.database import Database, unusable
from uwlr_adapter.errors import UnusableError
from uwlr_adapter.keys.holders import HolderReport
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import agreements
from uwlr_adapter.koppelingen.access import Gate
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.oidc.provider_settings import ProviderSettings
from uwlr_adapter.portal.app import make_portal
from uwlr_adapter.portal.context import Organisation
from uwlr_adapter.portal.paths import CALLBACK, PREFIX
from uwlr_adapter.settings import Part, Settings
from uwlr_adapter.web.app import App
from uwlr_adapter.web.call_needs import CallNeeds
from uwlr_adapter.web.health import HEALTHZ, METRICS, READYZ, HealthEndpoints
from uwlr_adapter.web.metrics import Metrics
from uwlr_adapter.web.readiness import Readiness
from uwlr_adapter.web.services import SERVICES, Service, make_endpoint
from uwlr_adapter.web.source import make_source_of
from uwlr_adapter.web.vendor_pages import make_paths

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from uwlr_adapter.oidc.provider import Provider


MIN_TOKEN = 16
"""Characters of the token of /metrics (inclusive): too many to be guessed."""


class MetricsTokenError(UnusableError):
    """The token of /metrics cannot be used; the text says why, and does not hold it."""


def require_startable(settings: Settings) -> None:
    """Read all that a worker process begins with: the database, the server keys, the catalogue and the secrets.

    Raises DBAPIError, DatabaseUnusableError, ServerKeyError, CatalogueError, MetricsTokenError or
    ProviderSettingsError.
    """
    metrics_token(settings)
    ProviderSettings.of(settings)
    catalogue = Catalogue.load(settings.catalogus)
    database = Database(settings.database_url, create=False)
    try:
        database.require_usable()
        with database.reading() as connection:
            agreements.require_same_texts(connection, catalogue)
        ServerKeys.from_settings(settings, database)
    finally:
        database.close()


def make_app(settings: Settings | None = None, clock: Clock | None = None) -> App:
    """Return the WSGI application for these settings; default: those of the environment, and the present moment.

    The database must exist and be current (`init`, `db upgrade`).
    Raises DatabaseUnusableError, ServerKeyError, CatalogueError, MetricsTokenError or ProviderSettingsError when the
    service could not answer.
    """
    app, _ = compose(settings or Settings(), clock or now)
    return app


def compose(
    settings: Settings, clock: Clock, services: Sequence[Service] = SERVICES, catalogue: Catalogue | None = None
) -> tuple[App, HolderReport]:
    """Return the application, and the report of the server keys that this process holds. Raises as `make_app` does.

    `services` are those that it serves, and `catalogue` the one by which calls are judged; the pages show that of the
    settings, which is also the default.
    """
    token, provider_settings = metrics_token(settings), ProviderSettings.of(settings)
    database, gate, shown = _open(settings, clock, catalogue)
    metrics = Metrics()
    database.on_failure = metrics.count_database_error
    served = services if Part.SOAP in settings.parts else ()
    source_of = make_source_of(settings.trusted_proxies)
    endpoints = [make_endpoint(service, database, gate, settings, clock, source_of) for service in served]
    needs = CallNeeds(database, gate.server_keys, clock, endpoints[0] if endpoints else None)
    readiness = Readiness(needs.checks())
    health = HealthEndpoints(database, readiness, metrics, clock, token)
    paths: dict[str, WSGIApplication] = {HEALTHZ: health.healthz, READYZ: health.readyz}
    if served:
        paths |= make_paths([service.path for service in served], settings.base_url)
    if Part.METRICS in settings.parts:
        paths[METRICS] = health.metrics
    provider = _provider(provider_settings, clock)
    portal = None
    if Part.PORTAL in settings.parts:
        portal = PREFIX, _pages(settings, clock, database, gate.server_keys, shown, provider)
    is_https = settings.base_url.startswith("https://")
    known = [service.path for service in SERVICES]
    app = App(
        database,
        paths,
        metrics,
        source_of,
        portal,
        endpoints,
        known,
        is_https=is_https,
        readiness=readiness,
        needs=needs,
        answer_path=None if provider is None else CALLBACK,
    )
    return app, HolderReport(database, gate.server_keys)


def _open(settings: Settings, clock: Clock, catalogue: Catalogue | None) -> tuple[Database, Gate, Catalogue]:
    """Return the database, the gate by `catalogue`, and the catalogue of the settings, its default."""
    database = Database(settings.database_url, create=False)
    try:
        database.require_usable()
        server_keys = ServerKeys.from_settings(settings, database, clock)
        shown = Catalogue.load(settings.catalogus)
        gate = Gate(catalogue or shown, server_keys)
        agreements.prepare(database, gate.catalogue, clock())
    except DBAPIError as error:
        database.close()
        raise unusable(error) from error
    except BaseException:
        database.close()
        raise
    return database, gate, shown


def _pages(
    settings: Settings,
    clock: Clock,
    database: Database,
    server_keys: ServerKeys,
    catalogue: Catalogue,
    provider: "Provider | None",
) -> "WSGIApplication":
    """Return the Koppelingenoverzicht."""
    return make_portal(
        database,
        catalogue,
        server_keys,
        clock,
        settings.base_url,
        settings.undo_days,
        journaal_months=settings.journaal_months,
        has_mail=settings.smtp_host is not None,
        provider=provider,
        organisation=Organisation(settings.organisation, settings.help_url, settings.contact_url, settings.privacy_url),
    )


def _provider(settings: ProviderSettings | None, clock: Clock) -> "Provider | None":
    """Return the provider of OpenID Connect; None without one."""
    if settings is None:
        return None
    from uwlr_adapter.oidc.provider import Provider  # noqa: PLC0415 - a tenth of the start, for services that have one

    return Provider(settings, clock)


def metrics_token(settings: Settings) -> bytes | None:
    """Return the token that /metrics asks for, if any. Raises MetricsTokenError."""
    if settings.metrics_token is not None and settings.metrics_token_file is not None:
        raise MetricsTokenError("UWLR_METRICS_TOKEN and UWLR_METRICS_TOKEN_FILE are two answers: give one of them")
    if settings.metrics_token is not None:
        text = settings.metrics_token.get_secret_value()
    elif settings.metrics_token_file is not None:
        try:
            text = settings.metrics_token_file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not plain text"
            raise MetricsTokenError(f"the file of UWLR_METRICS_TOKEN_FILE cannot be read: {reason}") from None
    else:
        return None
    token = text.strip()
    if len(token) < MIN_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise MetricsTokenError(
            f"the token of /metrics must have at least {MIN_TOKEN} printable ASCII characters without a space: make "
            "one with `openssl rand -hex 32`"
        )
    return token.encode()
