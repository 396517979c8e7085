"""The WSGI application: every path of the service."""

import logging
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from uwlr_adapter.db.database import Database
from uwlr_adapter.db.event_log import log_failure
from uwlr_adapter.journaal.request_id import new_id
from uwlr_adapter.web import bounds, logs
from uwlr_adapter.web.call_needs import CallNeeds
from uwlr_adapter.web.endpoint import Endpoint
from uwlr_adapter.web.metrics import Metrics
from uwlr_adapter.web.readiness import Readiness
from uwlr_adapter.web.request_path import is_plain
from uwlr_adapter.web.request_record import ID, RequestRecord, request_context
from uwlr_adapter.web.response import plain
from uwlr_adapter.web.source import ENVIRON, FORWARDED, SourceOf
from uwlr_adapter.web.wsgi import EndpointApp

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Result = TypeVar("Result")
logger = logging.getLogger("uwlr_adapter.web")

REQUEST_ID = "X-Request-ID"
HSTS = ("Strict-Transport-Security", "max-age=31536000")
"""For a year a browser uses https only (RFC 6797); without subdomains, which may be somebody else's."""


_FAILED = plain(HTTPStatus.INTERNAL_SERVER_ERROR, "Er ging iets mis. Dat ligt aan ons.")
_FAILED_STATUS = f"{_FAILED.status.value} {_FAILED.status.phrase}"
"""The answer of the last guard, made beforehand: no function of ours has to work for it."""


class App:
    """The service as a WSGI application; `close` closes its database connections.

    `services` are the paths of all SOAP services, those that other processes serve included. A driver other than WSGI
    (`rsgi`) uses the endpoints directly, with `begin` and `finish` around each request. `is_https` says that people and
    vendors reach the service by https only. `readiness` is what /readyz asks; a driver may do the tries in its own way
    (`needs`). `answer_path` is where browsers come back from a provider of OpenID Connect, if there is one.
    """

    def __init__(
        self,
        database: Database,
        paths: "Mapping[str, WSGIApplication]",
        metrics: Metrics,
        source_of: SourceOf,
        portal: "tuple[str, WSGIApplication] | None" = None,
        endpoints: Sequence[Endpoint] = (),
        services: Sequence[str] = (),
        *,
        is_https: bool = False,
        readiness: Readiness | None = None,
        needs: CallNeeds | None = None,
        answer_path: str | None = None,
    ) -> None:
        self._answer_path = answer_path
        self._database = database
        self.readiness = readiness
        self.needs = needs
        self.source_of = source_of
        self.endpoints = {endpoint.path: endpoint for endpoint in endpoints}
        """The SOAP services by path; none in a process without them."""
        self._paths: dict[str, WSGIApplication] = {
            **paths,
            **{path: EndpointApp(endpoint) for path, endpoint in self.endpoints.items()},
        }
        self.mounts: dict[str, WSGIApplication] = {} if portal is None else {portal[0]: portal[1]}
        """The applications that have every plain path below their own, by that path; the longest path counts."""
        self._services = services
        self._metrics = metrics
        self._hsts = [HSTS] if is_https else []
        self._in_progress: dict[int, RequestRecord] = {}
        """The record of each request in progress, by its `id()`."""
        self._working: dict[int, RequestRecord] = {}
        """A record of each work in a thread, by its `id()`."""
        self._finished: list[RequestRecord] = []
        """What `flush` is going to count and log; no other thread than that of the event loop touches it."""
        self.on_close: Callable[[], object] = lambda: None
        """Called before the database connections are closed."""
        self.draining = False
        """Whether a replacement has started: each response then asks its caller to make a new connection."""

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one HTTP request; no exception comes out, since a server would log its text."""
        try:
            return self._answer(environ, start_response)
        except Exception as error:  # noqa: BLE001 - the last guard
            log_failure(error, logger)
            start_response(_FAILED_STATUS, list(_FAILED.headers), sys.exc_info())
            return [_FAILED.body]

    def _answer(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one HTTP request; it is counted and logged once its answer is ready to be sent."""
        record = self.begin(environ.get("HTTP_X_REQUEST_ID", ""))
        extra = self.headers(record)
        forwarded_for = environ.get("HTTP_X_FORWARDED_FOR", "")
        environ[ENVIRON] = self.source_of(environ.get("REMOTE_ADDR", ""), forwarded_for[FORWARDED])

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:  # noqa: ANN401 - WSGI
            record.outcome = record.outcome or status[:3]
            return start_response(status, [*headers, *extra], exc_info)

        with request_context(record):
            try:
                return self._handler(environ)(environ, start)
            finally:
                self._end(record)
                self._report([record])

    def begin(self, proxy_id: str) -> RequestRecord:
        """Return the record of a request that starts now, with the id that a proxy gave it, if any."""
        record = RequestRecord(proxy_id if ID.fullmatch(proxy_id) else new_id())
        self._in_progress[id(record)] = record
        return record

    def headers(self, record: RequestRecord) -> list[tuple[str, str]]:
        """Return the headers that every response has besides its own."""
        return [(REQUEST_ID, record.id), *self._hsts, *([("Connection", "close")] if self.draining else [])]

    def working(self, work: Callable[[], Result]) -> Result:
        """Do work in this thread, watched as a request is: its caller may have been answered already."""
        record = RequestRecord("")
        self._working[id(record)] = record
        try:
            return work()
        finally:
            del self._working[id(record)]

    def finish(self, record: RequestRecord) -> bool:
        """End a request whose answer is ready to be sent; `flush` counts and logs it. For the event-loop thread only.

        Return whether it is the first one that ends since the last `flush`.
        """
        del self._in_progress[id(record)]
        record.seconds = time.monotonic() - record.started
        self._finished.append(record)
        return len(self._finished) == 1

    def flush(self) -> None:
        """Count and log the requests that `finish` ended since the last time. For the event-loop thread only."""
        finished, self._finished = self._finished, []
        self._report(finished)

    def _end(self, record: RequestRecord) -> None:
        del self._in_progress[id(record)]
        record.seconds = time.monotonic() - record.started

    def _report(self, records: Sequence[RequestRecord]) -> None:
        self._metrics.count(records)
        logs.log_requests(records)

    def _handler(self, environ: "WSGIEnvironment") -> "WSGIApplication":
        """Return the application for a request; each of `mounts` has every plain path below its own."""
        path = environ.get("PATH_INFO", "")
        if path not in self.endpoints and (refusal := bounds.refusal(environ, self._answer_path)) is not None:
            return lambda _environ, start_response: refusal.send(start_response)
        handler: WSGIApplication | None = self._paths.get(path)
        if handler is not None:
            return handler
        if not is_plain(path):
            return _bad_path
        below = [prefix for prefix in self.mounts if f"{path}/".startswith(f"{prefix}/")]
        return self.mounts[max(below, key=len)] if below else self._not_found

    @property
    def in_progress(self) -> int:
        """The number of requests in progress."""
        return len(self._in_progress)

    def oldest_seconds(self) -> float:
        """Return the age of the oldest request or work in progress, in seconds; 0 if there is none."""
        now = time.monotonic()
        all_ = [*self._in_progress.copy().values(), *self._working.copy().values()]
        return now - min((record.started for record in all_), default=now)

    def close(self) -> None:
        """Close every database connection; a later request opens new ones."""
        try:
            self.on_close()
        finally:
            self._database.close()

    def _not_found(self, _environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        where = ", ".join(self._services)
        return plain(HTTPStatus.NOT_FOUND, f"Hier is niets. UWLR staat op {where}.").send(start_response)


def _bad_path(_environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    return plain(HTTPStatus.BAD_REQUEST, "Dit adres is niet te lezen.").send(start_response)
