"""The WSGI application: every path of the service."""

import time
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from uwlr_adapter.db.database import Database
from uwlr_adapter.exchange.exchange import Exchange
from uwlr_adapter.web import logs
from uwlr_adapter.web.endpoint import Endpoint
from uwlr_adapter.web.metrics import Metrics
from uwlr_adapter.web.request_record import RequestRecord, new_record, request_context
from uwlr_adapter.web.response import plain
from uwlr_adapter.web.soap.wsdl import PATH

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REQUEST_ID = "X-Request-ID"


class App:
    """The service as a WSGI application; `close` closes its database connections.

    A driver other than WSGI (`rsgi`) uses the endpoint directly, with `begin` and `finish` around each request.
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
        self._in_progress: dict[int, float] = {}
        """The start of each request in progress, on the monotonic clock, by the `id()` of its record."""
        self.exchange = exchange
        """The Exchange that answers messages; None in a process without the SOAP service."""
        self.draining = False
        """Whether a replacement has started: each response then asks its caller to make a new connection."""

    @property
    def endpoint(self) -> Endpoint | None:
        """The endpoint of the SOAP service; None in a process without it."""
        found = self._paths.get(PATH)
        return found if isinstance(found, Endpoint) else None

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one HTTP request; it is counted and logged once its answer is ready to be sent."""
        record = self.begin(environ)
        extra = self.headers(record)

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:  # noqa: ANN401 - WSGI
            record.outcome = record.outcome or status[:3]
            return start_response(status, [*headers, *extra], exc_info)

        with request_context(record):
            try:
                return self._handler(environ.get("PATH_INFO", ""))(environ, start)
            finally:
                self.finish(record)

    def begin(self, environ: "WSGIEnvironment") -> RequestRecord:
        """Return the record of a request that starts now."""
        record = new_record(environ.get("HTTP_X_REQUEST_ID", ""))
        self._in_progress[id(record)] = record.started
        return record

    def headers(self, record: RequestRecord) -> list[tuple[str, str]]:
        """Return the headers that every response has besides its own."""
        return [(REQUEST_ID, record.id), *([("Connection", "close")] if self.draining else [])]

    def finish(self, record: RequestRecord) -> None:
        """Count and log a request whose answer is ready to be sent."""
        del self._in_progress[id(record)]
        self._metrics.count(record)
        logs.log_request(record)

    def _handler(self, path: str) -> "WSGIApplication":
        """Return the application for a path; the portal has every path below its own."""
        handler = self._paths.get(path)
        if handler is None and self._portal is not None and f"{path}/".startswith(f"{self._portal[0]}/"):
            return self._portal[1]
        return handler or _not_found

    def oldest_seconds(self) -> float:
        """Return the age of the oldest request in progress, in seconds; 0 if there is none."""
        now = time.monotonic()
        return now - min(self._in_progress.copy().values(), default=now)

    def close(self) -> None:
        """Close every database connection; a later request opens new ones."""
        self._database.close()


def _not_found(_environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    return plain(HTTPStatus.NOT_FOUND, f"Hier is niets. UWLR staat op {PATH}.").send(start_response)
