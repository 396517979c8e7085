"""One WSGI application: every path of the service."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from uwlr_adapter.contract import names
from uwlr_adapter.koppelingen.catalogus import Catalogus
from uwlr_adapter.koppelingen.sleutels import Sleutelbos
from uwlr_adapter.koppelingen.toegang import Poort
from uwlr_adapter.opslag import Opslag
from uwlr_adapter.portal.app import make_portal
from uwlr_adapter.portal.paden import PREFIX
from uwlr_adapter.settings import Settings
from uwlr_adapter.soap.dienst import Dienst
from uwlr_adapter.soap.http import Deur, plain
from uwlr_adapter.soap.protocol import wsgi_application
from uwlr_adapter.soap.service import make_service
from uwlr_adapter.soap.wsdl import PATH, wsdl
from uwlr_adapter.tijd import Klok, now

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class App:
    """The service as a WSGI application; `close` lets go of the database."""

    def __init__(
        self, opslag: Opslag, paths: "Mapping[str, WSGIApplication]", portal: "WSGIApplication | None" = None
    ) -> None:
        self._opslag = opslag
        self._paths = paths
        self._portal = portal

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one HTTP request."""
        path = environ.get("PATH_INFO", "")
        handler = self._paths.get(path)
        if handler is None and self._portal is not None and f"{path}/".startswith(f"{PREFIX}/"):
            handler = self._portal
        if handler is None:
            return plain(start_response, HTTPStatus.NOT_FOUND, f"Hier is niets. UWLR staat op {PATH}.")
        return handler(environ, start_response)

    def close(self) -> None:
        """Close every connection; a later request opens new ones."""
        self._opslag.close()


def make_app(settings: Settings, klok: Klok = now) -> App:
    """Give the application for these settings; the database must be current (`db upgrade`).

    Raises OpslagFout, SleutelFout or CatalogusFout when it cannot serve: better not started than answering wrongly.
    """
    opslag = Opslag(settings.database_url)
    try:
        opslag.require_current()
        poort = Poort(Catalogus.load(settings.catalogus), Sleutelbos.from_settings(settings, opslag, klok))
    except BaseException:
        opslag.close()
        raise
    paths: dict[str, WSGIApplication] = {}
    if "soap" in settings.parts:
        dienst = Dienst(opslag, poort, klok, settings.strict, settings.key_naast_eckid)
        soap = wsgi_application(make_service(dienst), dienst.refused, "LeerlinggegevensService", names.LEERLINGGEGEVENS)
        paths[PATH] = Deur(soap, wsdl(settings.base_url))
    portal = None
    if "portal" in settings.parts:
        portal = make_portal(opslag, poort.catalogus, poort.sleutels, klok, settings.base_url)
    return App(opslag, paths, portal)
