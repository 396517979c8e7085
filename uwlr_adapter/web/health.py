"""Health endpoints: liveness, readiness and Prometheus metrics.

- `/healthz`: the process answers. Nothing else is checked, so that a database failure gets no process restarted.
- `/readyz`: the database can be reached and is current, and it was used with these server keys.
- `/metrics`: the metrics, for a client on this machine; any other client gets 404.
"""

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
from uwlr_adapter.db.database import Database, DatabaseUnusableError
from uwlr_adapter.keys.server_keys import ServerKeyError, ServerKeys
from uwlr_adapter.web import certificate_metrics, job_metrics
from uwlr_adapter.web.metrics import CONTENT_TYPE, Metrics
from uwlr_adapter.web.request_record import annotate
from uwlr_adapter.web.response import plain, respond
from uwlr_adapter.web.source import ENVIRON, LOOPBACK

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HEALTHZ, READYZ, METRICS = "/healthz", "/readyz", "/metrics"
IMPORT_MOMENTS_SECONDS = 60
"""Seconds that the moments of the last imports are cached: there may be millions of imports, and many scrapes."""


@dataclass(slots=True)
class HealthEndpoints:
    """The WSGI applications of the health endpoints. Safe to share between threads."""

    database: Database
    server_keys: ServerKeys
    counters: Metrics
    clock: Clock
    _moments: tuple[datetime, datetime] | None = None
    _queried_at: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def healthz(self, _environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer 200."""
        annotate(operation="healthz")
        return plain(HTTPStatus.OK, "ok").send(start_response)

    def readyz(self, _environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer 200 if a request could be answered now, else 503 with the cause in one word: database or keys."""
        annotate(operation="readyz")
        reason = self._unready_reason()
        if reason is None:
            return plain(HTTPStatus.OK, "ready").send(start_response)
        return plain(HTTPStatus.SERVICE_UNAVAILABLE, reason).send(start_response)

    def metrics(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer with the metrics; 404 for a client that is not on this machine."""
        annotate(operation="metrics")
        if environ[ENVIRON] not in LOOPBACK:
            return plain(HTTPStatus.NOT_FOUND, "Hier is niets.").send(start_response)
        content = self.counters.render(self._ages()) + job_metrics.render(self.database, self.clock())
        content += certificate_metrics.render(self.database, self.clock())
        return respond(HTTPStatus.OK, CONTENT_TYPE, content).send(start_response)

    def _unready_reason(self) -> str | None:
        try:
            self.database.require_usable()
            with self.database.reading() as connection:
                self.server_keys.unknown(connection, self.clock())
        except (DatabaseUnusableError, DBAPIError):
            return "database"
        except ServerKeyError:
            return "keys"
        return None

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
