"""Compose the application: settings, database, keys and catalogue become one WSGI application."""

from typing import TYPE_CHECKING

from uwlr_adapter.clock import Klok, now
from uwlr_adapter.db.database import Opslag
from uwlr_adapter.exchange.exchange import Dienst
from uwlr_adapter.keys.server_keys import Sleutelbos
from uwlr_adapter.koppelingen.access import Poort
from uwlr_adapter.koppelingen.catalogue import Catalogus
from uwlr_adapter.portal.app import make_portal
from uwlr_adapter.portal.paths import PREFIX
from uwlr_adapter.settings import Part, Settings
from uwlr_adapter.web.app import App
from uwlr_adapter.web.endpoint import Deur
from uwlr_adapter.web.health import HEALTHZ, METRICS, READYZ, Toezicht
from uwlr_adapter.web.metrics import Metingen
from uwlr_adapter.web.soap.protocol import Vervoer
from uwlr_adapter.web.soap.service import make_service
from uwlr_adapter.web.soap.wsdl import PATH, wsdl

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def make_app(settings: Settings | None = None, klok: Klok = now) -> App:
    """Give the application for these settings, or those of the environment.

    The database must be current (`db upgrade`).
    Raises OpslagFout, SleutelFout or CatalogusFout when it cannot serve: better not started than answering wrongly.
    """
    settings = settings or Settings()
    opslag = Opslag(settings.database_url)
    try:
        opslag.require_current()
        sleutels = Sleutelbos.from_settings(settings, opslag, klok)
        poort = Poort(Catalogus.load(settings.catalogus), sleutels)
    except BaseException:
        opslag.close()
        raise
    metingen = Metingen()
    opslag.on_failure = metingen.count_database_error
    toezicht = Toezicht(opslag, sleutels, metingen, klok)
    paths: dict[str, WSGIApplication] = {HEALTHZ: toezicht.healthz, READYZ: toezicht.readyz}
    if Part.METRICS in settings.parts:
        paths[METRICS] = toezicht.metrics
    dienst = None
    if Part.SOAP in settings.parts:
        dienst = Dienst(opslag, poort, klok, settings.strict, settings.key_naast_eckid)
        paths[PATH] = Deur(Vervoer(dienst, make_service(dienst)), wsdl(settings.base_url))
    portal = None
    if Part.PORTAL in settings.parts:
        portal = PREFIX, make_portal(opslag, poort.catalogus, poort.sleutels, klok, settings.base_url)
    return App(opslag, paths, metingen, portal, dienst)
