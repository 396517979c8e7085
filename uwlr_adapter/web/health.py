"""What a watcher of the service asks: does the process live, can it answer, and how does it go.

- `/healthz`: the process lives; nothing else is looked at, so that a database that is away gets no process restarted.
- `/readyz`: the database can be reached and is current, and the server keys are those that it was used with.
- `/metrics`: the figures, for a caller on this machine or one for whom the proxy vouches; for others there is nothing.
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
from uwlr_adapter.web import request_record
from uwlr_adapter.web.endpoint import plain, respond
from uwlr_adapter.web.metrics import CONTENT_TYPE, Metrics
from uwlr_adapter.web.source import LOOPBACK, source_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HEALTHZ, READYZ, METRICS = "/healthz", "/readyz", "/metrics"
LOOK_SECONDS = 60
"""How long the moments of the last imports are kept: a nation has millions of imports, and a scrape comes often."""


@dataclass(slots=True)
class HealthEndpoints:
    """Answers a watcher."""

    database: Database
    server_keys: ServerKeys
    figures: Metrics
    clock: Clock
    _moments: tuple[datetime, datetime] | None = None
    _looked: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def healthz(self, _environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Say that the process lives."""
        request_record.note(operation="healthz")
        return plain(HTTPStatus.OK, "ok").send(start_response)

    def readyz(self, _environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Say whether a request could be answered now, and if not, in one word why."""
        request_record.note(operation="readyz")
        reason = self._hindrance()
        if reason is None:
            return plain(HTTPStatus.OK, "ready").send(start_response)
        return plain(HTTPStatus.SERVICE_UNAVAILABLE, reason).send(start_response)

    def metrics(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Give the figures to a caller on this machine."""
        request_record.note(operation="metrics")
        if source_of(environ) not in LOOPBACK:
            return plain(HTTPStatus.NOT_FOUND, "Hier is niets.").send(start_response)
        return respond(HTTPStatus.OK, CONTENT_TYPE, self.figures.render(self._ages())).send(start_response)

    def _hindrance(self) -> str | None:
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
        """Give the seconds since the last import, of the school imported last and of the one that waits longest."""
        with self._lock:
            if self._looked is None or time.monotonic() - self._looked > LOOK_SECONDS:
                self._look()
            moments = self._moments
        if moments is None:
            return None
        newest, oldest = ((self.clock() - moment).total_seconds() for moment in moments)
        return newest, oldest

    def _look(self) -> None:
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
        self._looked = time.monotonic()
