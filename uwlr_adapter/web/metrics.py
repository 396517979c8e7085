"""Prometheus metrics of the service. No label names a school, an afnemer or a person.

The workers of one server add up their metrics through files in the folder named by PROMETHEUS_MULTIPROC_DIR, which
`serve` creates. Without it the metrics are those of this process.
"""

import functools
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, Metric, generate_latest, values
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from uwlr_adapter.journaal.model import ResultCounts
from uwlr_adapter.web import metrics_files
from uwlr_adapter.web.metrics_files import FOLDER
from uwlr_adapter.web.request_record import RequestRecord

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Histogram bounds in seconds: from a stored answer to the shortest client timeout seen."""


_pid = functools.cache(os.getpid)
"""The process id, cached: the library asks for it at each count, and the system call takes longer than counting."""
os.register_at_fork(after_in_child=_pid.cache_clear)


class Metrics:
    """The metrics of one application."""

    def __init__(self) -> None:
        # prometheus_client chooses at import; `serve` sets the variable later.
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
        self._slowed = Counter(
            "uwlr_slowed", "Requests refused because too many with a wrong code came before.", registry=self._registry
        )
        self._database_errors = Counter(
            "uwlr_database_errors", "Failures of the database, those that a retry mended too.", registry=self._registry
        )

        self._results = Counter(
            "uwlr_results",
            "Results of messages that were taken, by what became of them.",
            ["effect"],
            registry=self._registry,
        )
        for effect in fields(ResultCounts):
            self._results.labels(effect.name)

        # `labels()` takes a lock and a search: the counters of each operation and outcome are kept.
        self._children: dict[tuple[str, str], tuple[Counter, Histogram]] = {}

    def count(self, records: Sequence[RequestRecord]) -> None:
        """Count answered requests."""
        for record in records:
            key = record.operation, record.outcome
            children = self._children.get(key)
            if children is None:
                children = self._children[key] = (self._requests.labels(*key), self._seconds.labels(key[0]))
            children[0].inc()
            children[1].observe(record.seconds)
            if record.unknown:
                self._unknown.inc()
            if record.slowed:
                self._slowed.inc()
            if record.results is not None:
                for effect, number in asdict(record.results).items():
                    self._results.labels(effect).inc(number)

    def count_database_error(self, _failure: object) -> None:
        """Count a failure of the database (`Database.on_failure`)."""
        self._database_errors.inc()

    def render(self, ages: tuple[float, float] | None) -> bytes:
        """Return all metrics in the Prometheus text format.

        `ages` are the seconds since the last import of the school imported last, and of the one imported longest ago;
        None leaves them out.
        """
        return self._counted() + generate_latest(_age_gauges(ages))

    def _counted(self) -> bytes:
        folder = os.environ.get(FOLDER)
        if not folder:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        with metrics_files.reading(Path(folder)):
            return generate_latest(registry)


def _age_gauges(ages: tuple[float, float] | None) -> CollectorRegistry:
    """Return the ages in a registry of their own: they are computed per scrape and not added up over processes."""
    registry = CollectorRegistry()
    if ages is not None:
        registry.register(_AgesCollector(*ages))
    return registry


@dataclass(frozen=True, slots=True)
class _AgesCollector(Collector):
    newest: float
    oldest: float

    def collect(self) -> Iterator[Metric]:
        """Return the gauge with both ages."""
        gauge = GaugeMetricFamily("uwlr_records_age_seconds", "Seconds since the last import.", labels=["which"])
        gauge.add_metric(["newest"], self.newest)
        gauge.add_metric(["oldest"], self.oldest)
        yield gauge
