"""The figures of a service for Prometheus. No school, no afnemer and no person is in a label.

Workers of one server add up their figures through files in the folder that PROMETHEUS_MULTIPROC_DIR names; `serve`
makes one. Without it the figures are those of this process.
"""

import functools
import os
from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, Metric, generate_latest, values
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from uwlr_adapter.web.request_record import RequestRecord

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Bounds of the durations: from an answer at hand to the patience of the least patient client."""


_pid = functools.cache(os.getpid)
"""Which process this is. The library wants to know at each figure; to ask the system takes longer than to count."""
os.register_at_fork(after_in_child=_pid.cache_clear)


class Metrics:
    """The figures of one application."""

    def __init__(self) -> None:
        # Chosen now, not at import.
        shared = os.environ.get(FOLDER)
        values.ValueClass = values.MultiProcessValue(_pid) if shared else values.MutexValue  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "uwlr_requests",
            "HTTP requests by operation and outcome.",
            ["operation", "outcome"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "uwlr_request_seconds",
            "Seconds from the whole request to the whole answer.",
            ["operation"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._unknown = Counter(
            "uwlr_refused_unknown", "Requests refused before the afnemer was known.", registry=self._registry
        )
        self._database_errors = Counter(
            "uwlr_database_errors", "Failures of the database, those that a retry mended too.", registry=self._registry
        )

        self._at_hand: dict[tuple[str, str], tuple[Counter, Histogram]] = {}

    def count(self, record: RequestRecord) -> None:
        """Count a request that is done."""
        key = (record.operation, record.outcome)
        found = self._at_hand.get(key)
        if found is None:
            found = self._at_hand[key] = (self._requests.labels(*key), self._seconds.labels(record.operation))
        found[0].inc()
        found[1].observe(record.seconds)
        if record.unknown:
            self._unknown.inc()

    def count_database_error(self, _failure: object) -> None:
        """Count a failure of the database (`Database.on_failure`)."""
        self._database_errors.inc()

    def render(self, ages: tuple[float, float] | None) -> bytes:
        """Give all figures in the text form of Prometheus.

        `ages` are the seconds since the last import of the school that was imported last, and of the one that waits
        longest; None leaves them out.
        """
        if os.environ.get(FOLDER):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        else:
            registry = self._registry
        return generate_latest(registry) + generate_latest(_age_gauges(ages))


def _age_gauges(found: tuple[float, float] | None) -> CollectorRegistry:
    """Give the ages as figures of this moment, which no process adds up."""
    registry = CollectorRegistry()
    if found is not None:
        registry.register(_AgesCollector(*found))
    return registry


@dataclass(frozen=True, slots=True)
class _AgesCollector(Collector):
    newest: float
    oldest: float

    def collect(self) -> Iterator[Metric]:
        """Give the two ages."""
        gauge = GaugeMetricFamily("uwlr_records_age_seconds", "Seconds since the last import.", labels=["which"])
        gauge.add_metric(["newest"], self.newest)
        gauge.add_metric(["oldest"], self.oldest)
        yield gauge
