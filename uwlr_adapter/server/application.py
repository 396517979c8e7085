"""Composition of the application from settings, database, server keys and catalogue."""

from typing import TYPE_CHECKING

from uwlr_adapter.clock import Clock, now
from uwlr_adapter.db.database import Database
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen.access import Gate
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.portal.app import make_portal
from uwlr_adapter.portal.paths import PREFIX
from uwlr_adapter.settings import Part, Settings
from uwlr_adapter.web.app import App
from uwlr_adapter.web.health import HEALTHZ, METRICS, READYZ, HealthEndpoints
from uwlr_adapter.web.metrics import Metrics
from uwlr_adapter.web.services import SERVICES, make_endpoint
from uwlr_adapter.web.source import make_source_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def make_app(settings: Settings | None = None, clock: Clock | None = None) -> App:
    """Return the WSGI application for these settings; default: those of the environment, and the present moment.

    The database must exist and be current (`init`, `db upgrade`).
    Raises DatabaseUnusableError, ServerKeyError or CatalogueError when the service could not answer.
    """
    settings, clock = settings or Settings(), clock or now
    database = Database(settings.database_url, create=False)
    try:
        database.require_usable()
        server_keys = ServerKeys.from_settings(settings, database, clock)
        gate = Gate(Catalogue.load(settings.catalogus), server_keys)
    except BaseException:
        database.close()
        raise
    metrics = Metrics()
    database.on_failure = metrics.count_database_error
    health = HealthEndpoints(database, server_keys, metrics, clock)
    paths: dict[str, WSGIApplication] = {HEALTHZ: health.healthz, READYZ: health.readyz}
    if Part.METRICS in settings.parts:
        paths[METRICS] = health.metrics
    services = SERVICES if Part.SOAP in settings.parts else ()
    source_of = make_source_of(settings.trusted_proxies)
    endpoints = [make_endpoint(service, database, gate, settings, clock, source_of) for service in services]
    portal = None
    if Part.PORTAL in settings.parts:
        base_url, undo_days = settings.base_url, settings.undo_days
        portal = PREFIX, make_portal(database, gate.catalogue, gate.server_keys, clock, base_url, undo_days)
    is_https = settings.base_url.startswith("https://")
    known = [service.path for service in SERVICES]
    return App(database, paths, metrics, source_of, portal, endpoints, known, is_https=is_https)
