"""Composition of the application from settings, database, server keys and catalogue."""

from typing import TYPE_CHECKING

from uwlr_adapter.clock import Clock, now
from uwlr_adapter.db.database import Database
from uwlr_adapter.exchange.exchange import Exchange
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen.access import Gate
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.portal.app import make_portal
from uwlr_adapter.portal.paths import PREFIX
from uwlr_adapter.settings import Part, Settings
from uwlr_adapter.web.app import App
from uwlr_adapter.web.endpoint import Endpoint
from uwlr_adapter.web.health import HEALTHZ, METRICS, READYZ, HealthEndpoints
from uwlr_adapter.web.metrics import Metrics
from uwlr_adapter.web.soap.protocol import SpyneTransport
from uwlr_adapter.web.soap.service import make_service
from uwlr_adapter.web.soap.wsdl import PATH, wsdl

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def make_app(settings: Settings | None = None, clock: Clock = now) -> App:
    """Return the WSGI application for these settings; default: those of the environment.

    The database must exist and be current (`init`, `db upgrade`).
    Raises DatabaseUnusableError, ServerKeyError or CatalogueError when the service could not answer.
    """
    settings = settings or Settings()
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
    exchange = None
    if Part.SOAP in settings.parts:
        exchange = Exchange(database, gate, clock, settings.strict, settings.key_naast_eckid)
        paths[PATH] = Endpoint(SpyneTransport(exchange, make_service(exchange)), wsdl(settings.base_url))
    portal = None
    if Part.PORTAL in settings.parts:
        portal = PREFIX, make_portal(database, gate.catalogue, gate.server_keys, clock, settings.base_url)
    return App(database, paths, metrics, portal, exchange)
