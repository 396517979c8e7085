"""One WSGI application: every path of the service."""

import time
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from uwlr_adapter.db.database import Database
from uwlr_adapter.exchange.exchange import Exchange
from uwlr_adapter.web import logs, request_record
from uwlr_adapter.web.endpoint import Endpoint, plain
from uwlr_adapter.web.metrics import Metrics
from uwlr_adapter.web.request_record import RequestRecord
from uwlr_adapter.web.soap.wsdl import PATH

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REQUEST_ID = "X-Request-ID"


class App:
    """The service as a WSGI application; `close` lets go of the database.

    What serves it by other means than WSGI (`rsgi`) uses its parts, with `begin` and `done` around each request.
    """

    def __init__(
        self,
        database: Database,
        paths: "Mapping[str, WSGIApplication]",
        metrics: Metrics,
        portal: "tuple[str, WSGIApplication] | None" = None,
        exchange: Exchange | None = None,
    ) -> None:
        self._database = database
        self._paths = paths
        self._portal = portal
        self._metrics = metrics
        self._busy: dict[int, float] = {}
        self.exchange = exchange
        """What answers messages, where this process does."""
        self.draining = False
        """Whether another process takes over: each answer asks its caller to make a new connection."""

    @property
    def endpoint(self) -> Endpoint | None:
        """The door of the SOAP service, where this process has one."""
        found = self._paths.get(PATH)
        return found if isinstance(found, Endpoint) else None

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one HTTP request; it is counted and logged when its answer is at hand."""
        found = self.begin(environ)
        headers = self.headers(found)

        def start(status: str, given: list[tuple[str, str]], exc_info: Any = None) -> Any:  # noqa: ANN401 - WSGI
            found.outcome = found.outcome or status[:3]
            return start_response(status, [*given, *headers], exc_info)

        with request_record.about(found):
            try:
                return self._handler(environ.get("PATH_INFO", ""))(environ, start)
            finally:
                self.done(found)

    def begin(self, environ: "WSGIEnvironment") -> RequestRecord:
        """Begin the report of a request."""
        found = request_record.make(environ.get("HTTP_X_REQUEST_ID", ""))
        self._busy[id(found)] = found.started
        return found

    def headers(self, found: RequestRecord) -> list[tuple[str, str]]:
        """Give what each answer has beside its own headers."""
        return [(REQUEST_ID, found.id), *([("Connection", "close")] if self.draining else [])]

    def done(self, found: RequestRecord) -> None:
        """Count and log a request whose answer is at hand."""
        del self._busy[id(found)]
        self._metrics.count(found)
        logs.log_request(found)

    def _handler(self, path: str) -> "WSGIApplication":
        """Give what answers a path: the portal has every path below its own."""
        handler = self._paths.get(path)
        if handler is None and self._portal is not None and f"{path}/".startswith(f"{self._portal[0]}/"):
            return self._portal[1]
        return handler or _nothing

    def longest(self) -> float:
        """Give how long the oldest request that is being answered takes already, in seconds."""
        return time.monotonic() - min(self._busy.copy().values(), default=time.monotonic())

    def close(self) -> None:
        """Close every connection; a later request opens new ones."""
        self._database.close()


def _nothing(_environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    return plain(HTTPStatus.NOT_FOUND, f"Hier is niets. UWLR staat op {PATH}.").send(start_response)
