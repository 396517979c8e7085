"""One WSGI application: every path of the service."""

import time
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from uwlr_adapter import logboek, verslag
from uwlr_adapter.koppelingen.catalogus import Catalogus
from uwlr_adapter.koppelingen.sleutels import Sleutelbos
from uwlr_adapter.koppelingen.toegang import Poort
from uwlr_adapter.metingen import Metingen
from uwlr_adapter.opslag import Opslag
from uwlr_adapter.portal.app import make_portal
from uwlr_adapter.portal.paden import PREFIX
from uwlr_adapter.settings import Part, Settings
from uwlr_adapter.soap.dienst import Dienst
from uwlr_adapter.soap.http import Deur, plain
from uwlr_adapter.soap.protocol import Vervoer
from uwlr_adapter.soap.service import make_service
from uwlr_adapter.soap.wsdl import PATH, wsdl
from uwlr_adapter.tijd import Klok, now
from uwlr_adapter.toezicht import HEALTHZ, METRICS, READYZ, Toezicht
from uwlr_adapter.verslag import Verslag

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REQUEST_ID = "X-Request-ID"


class App:
    """The service as a WSGI application; `close` lets go of the database.

    What serves it by other means than WSGI (`rsgi`) uses its parts, with `begin` and `done` around each request.
    """

    def __init__(
        self,
        opslag: Opslag,
        paths: "Mapping[str, WSGIApplication]",
        metingen: Metingen,
        portal: "WSGIApplication | None" = None,
        dienst: Dienst | None = None,
    ) -> None:
        self._opslag = opslag
        self._paths = paths
        self._portal = portal
        self._metingen = metingen
        self._busy: dict[int, float] = {}
        self.dienst = dienst
        """What answers messages, where this process does."""
        self.draining = False
        """Whether another process takes over: each answer asks its caller to make a new connection."""

    @property
    def deur(self) -> Deur | None:
        """The door of the SOAP service, where this process has one."""
        found = self._paths.get(PATH)
        return found if isinstance(found, Deur) else None

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one HTTP request; it is counted and logged when its answer is at hand."""
        found = self.begin(environ)
        headers = self.headers(found)

        def start(status: str, given: list[tuple[str, str]], exc_info: Any = None) -> Any:  # noqa: ANN401 - WSGI
            found.uitkomst = found.uitkomst or status[:3]
            return start_response(status, [*given, *headers], exc_info)

        with verslag.about(found):
            try:
                return self._handler(environ.get("PATH_INFO", ""))(environ, start)
            finally:
                self.done(found)

    def begin(self, environ: "WSGIEnvironment") -> Verslag:
        """Begin the report of a request."""
        found = verslag.make(environ.get("HTTP_X_REQUEST_ID", ""))
        self._busy[id(found)] = found.begin
        return found

    def headers(self, found: Verslag) -> list[tuple[str, str]]:
        """Give what each answer has beside its own headers."""
        return [(REQUEST_ID, found.id), *([("Connection", "close")] if self.draining else [])]

    def done(self, found: Verslag) -> None:
        """Count and log a request whose answer is at hand."""
        del self._busy[id(found)]
        self._metingen.count(found)
        logboek.log_request(found)

    def _handler(self, path: str) -> "WSGIApplication":
        """Give what answers a path: the portal has every path below its own."""
        handler = self._paths.get(path)
        if handler is None and self._portal is not None and f"{path}/".startswith(f"{PREFIX}/"):
            return self._portal
        return handler or _nothing

    def longest(self) -> float:
        """Give how long the oldest request that is being answered takes already, in seconds."""
        return time.monotonic() - min(self._busy.copy().values(), default=time.monotonic())

    def close(self) -> None:
        """Close every connection; a later request opens new ones."""
        self._opslag.close()


def _nothing(_environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    return plain(HTTPStatus.NOT_FOUND, f"Hier is niets. UWLR staat op {PATH}.").send(start_response)


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
        portal = make_portal(opslag, poort.catalogus, poort.sleutels, klok, settings.base_url)
    return App(opslag, paths, metingen, portal, dienst)
