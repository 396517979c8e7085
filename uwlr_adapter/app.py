"""One WSGI application: every path of the service."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from uwlr_adapter.contract import names
from uwlr_adapter.koppelingen.catalogus import Catalogus
from uwlr_adapter.koppelingen.sleutels import Sleutelbos
from uwlr_adapter.koppelingen.toegang import Poort
from uwlr_adapter.opslag import Opslag
from uwlr_adapter.settings import Settings
from uwlr_adapter.soap.http import Deur, plain
from uwlr_adapter.soap.protocol import wsgi_application
from uwlr_adapter.soap.service import Dienst, make_service
from uwlr_adapter.soap.wsdl import PATH, wsdl
from uwlr_adapter.tijd import Klok, now

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def make_app(settings: Settings, klok: Klok = now) -> "WSGIApplication":
    """Give the application for these settings; the database must be current (`db upgrade`).

    Raises OpslagFout, SleutelFout or CatalogusFout when it cannot serve: better not started than answering wrongly.
    """
    opslag = Opslag(settings.database_url)
    opslag.require_current()
    poort = Poort(Catalogus.load(settings.catalogus), Sleutelbos.from_settings(settings, opslag))
    dienst = Dienst(opslag, poort, klok)
    soap = wsgi_application(make_service(dienst), dienst.refused, "LeerlinggegevensService", names.LEERLINGGEGEVENS)
    paths = {PATH: Deur(soap, wsdl(settings.base_url))}

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        handler = paths.get(environ.get("PATH_INFO", ""))
        if handler is None:
            return plain(start_response, HTTPStatus.NOT_FOUND, f"Hier is niets. UWLR staat op {PATH}.")
        return handler(environ, start_response)

    return app
