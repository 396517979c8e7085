"""Health endpoints: liveness, readiness and Prometheus metrics.

- `/healthz`: the process answers. Nothing else is checked, so that a database failure gets no process restarted.
- `/readyz`: a call would be answered now (`readiness.py`); else what is not right, in one word.
- `/metrics`: the metrics, for a client that has the token; without a token for one on this machine.
"""

import hmac
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from uwlr_adapter.administratie.tables import import_batch
from uwlr_adapter.clock import Clock, from_utc
from uwlr_adapter.db.database import Database
from uwlr_adapter.web.metrics import CONTENT_TYPE, Metrics
from uwlr_adapter.web.readiness import Readiness
from uwlr_adapter.web.request_record import annotate
from uwlr_adapter.web.response import plain, respond
from uwlr_adapter.web.source import ENVIRON, LOOPBACK

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ATTEMPT = "uwlr.readiness"
"""Where the environ of a request for READYZ holds the attempt whose end the driver awaited."""
HEALTHZ, READYZ, METRICS = "/healthz", "/readyz", "/metrics"
IMPORT_MOMENTS_SECONDS = 60
"""Seconds that the moments of the last imports are cached: there may be millions of imports, and many scrapes."""


@dataclass(slots=True)
class HealthEndpoints:
    """The WSGI applications of the health endpoints. Safe to share between threads."""

    database: Database
    readiness: Readiness
    counters: Metrics
    clock: Clock
    token: bytes | None = None
    """What a client of the metrics has to show."""
    _moments: tuple[datetime, datetime] | None = None
    _queried_at: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def healthz(self, _environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer 200."""
        annotate(operation="healthz")
        return plain(HTTPStatus.OK, "ok").send(start_response)

    def readyz(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer 200 if a call would be answered now, else 503 with a word of `Unready`."""
        annotate(operation="readyz")
        attempt = environ.get(ATTEMPT) or self.readiness.ask()
        reason = attempt.reason(self.readiness.now())
        if reason is None:
            return plain(HTTPStatus.OK, "ready").send(start_response)
        return plain(HTTPStatus.SERVICE_UNAVAILABLE, reason.value).send(start_response)

    def metrics(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer with the metrics; 401 without the right token, or where there is none 404 for another machine."""
        annotate(operation="metrics")
        if self.token is not None and not _shows(environ, self.token):
            headers = [("WWW-Authenticate", "Bearer")]
            return plain(HTTPStatus.UNAUTHORIZED, "Hier is een token nodig.", headers).send(start_response)
        if self.token is None and environ[ENVIRON] not in LOOPBACK:
            return plain(HTTPStatus.NOT_FOUND, "Hier is niets.").send(start_response)
        return respond(HTTPStatus.OK, CONTENT_TYPE, self.counters.render(self._ages())).send(start_response)

    def _ages(self) -> tuple[float, float] | None:
        """Return the seconds since the last import of the school imported last, and of the one imported longest ago."""
        with self._lock:
            if self._queried_at is None or time.monotonic() - self._queried_at > IMPORT_MOMENTS_SECONDS:
                self._query_moments()
            moments = self._moments
        if moments is None:
            return None
        newest, oldest = ((self.clock() - moment).total_seconds() for moment in moments)
        return newest, oldest

    def _query_moments(self) -> None:
        per_school = (
            sa.select(sa.func.max(import_batch.c.moment).label("moment"))
            .where(import_batch.c.undone_at.is_(None))
            .group_by(import_batch.c.brincode)
            .subquery()
        )
        try:
            with self.database.reading() as connection:
                query = sa.select(sa.func.max(per_school.c.moment), sa.func.min(per_school.c.moment))
                newest, oldest = connection.execute(query).one()
        except DBAPIError:
            self._moments = None
            return
        self._moments = None if newest is None else (from_utc(newest), from_utc(oldest))
        self._queried_at = time.monotonic()


def _shows(environ: "WSGIEnvironment", token: bytes) -> bool:
    """Return, in constant time, whether a request has the token in its Authorization header (RFC 6750, 2.1)."""
    scheme, _, given = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    shown = given.strip().encode("utf-8", "surrogateescape")
    return hmac.compare_digest(shown, token) and scheme.lower() == "bearer"
