"""Prometheus metric of the client certificates, read from the database at each scrape. It names no afnemer."""

from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy.exc import DBAPIError

from uwlr_adapter.db.database import Database
from uwlr_adapter.koppelingen import certificates


def render(database: Database, moment: datetime) -> bytes:
    """Return the metric at a moment in the Prometheus text format; nothing without certificates or a database."""
    try:
        with database.reading() as connection:
            end = certificates.soonest_end(connection)
    except DBAPIError:
        return b""
    if end is None:
        return b""
    registry = CollectorRegistry()
    gauge = Gauge(
        "uwlr_client_certificate_seconds",
        "Seconds until the first afnemer has no client certificate left that is good.",
        registry=registry,
    )
    gauge.set((end - moment).total_seconds())
    return generate_latest(registry)
