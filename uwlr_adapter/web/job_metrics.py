"""Prometheus metrics of the jobs, of mail and of how old the records are, read from the database at each scrape.

The database has one answer for all processes and machines: nothing here is added up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import DBAPIError

from uwlr_adapter.db.database import Database
from uwlr_adapter.jobs import lease, staleness
from uwlr_adapter.jobs.schedule import JobState, RunOutcome
from uwlr_adapter.jobs.staleness import StaleCounts
from uwlr_adapter.mail import outbox
from uwlr_adapter.mail.outbox import MailFailure, OutboxCounts


def render(database: Database, moment: datetime) -> bytes:
    """Return the metrics at a moment in the Prometheus text format; nothing when the database cannot be read."""
    try:
        with database.reading() as connection:
            states, stale = lease.states(connection), staleness.count_stale(connection, moment)
            mails = outbox.counts(connection)
    except DBAPIError:
        return b""
    registry = CollectorRegistry()
    registry.register(_JobsCollector(tuple(states.values()), stale, moment))
    registry.register(_MailCollector(mails, moment))
    return generate_latest(registry)


@dataclass(frozen=True, slots=True, eq=False)
class _JobsCollector(Collector):
    states: tuple[JobState, ...]
    stale: StaleCounts
    moment: datetime

    def collect(self) -> Iterator[Metric]:
        """Return the metrics."""
        age = GaugeMetricFamily(
            "uwlr_job_success_age_seconds",
            "Seconds since a job last ended well, or since it is known when it never did.",
            labels=["job"],
        )
        failures = CounterMetricFamily("uwlr_job_failures", "Runs of a job that failed.", labels=["job"])
        refused = GaugeMetricFamily(
            "uwlr_job_refused",
            "1 while a job does nothing because it does not trust the clock, else 0.",
            labels=["job"],
        )
        for state in sorted(self.states, key=lambda one: one.name):
            age.add_metric([state.name], (self.moment - (state.succeeded_at or state.known_since)).total_seconds())
            failures.add_metric([state.name], state.failures)
            refused.add_metric([state.name], float(state.outcome is RunOutcome.REFUSED))
        older = GaugeMetricFamily(
            "uwlr_vestigingen_older_than",
            "Vestigingen with a koppeling whose last import that was taken is older than so many days.",
            labels=["days"],
        )
        for days, number in self.stale.older_than.items():
            older.add_metric([str(days)], number)
        not_taken = GaugeMetricFamily(
            "uwlr_vestigingen_not_taken", "Vestigingen with a koppeling whose last import was refused or asks."
        )
        not_taken.add_metric([], self.stale.not_taken)
        yield from (age, failures, refused, older, not_taken)


@dataclass(frozen=True, slots=True, eq=False)
class _MailCollector(Collector):
    mails: OutboxCounts
    moment: datetime

    def collect(self) -> Iterator[Metric]:
        """Return the metrics."""
        waiting = GaugeMetricFamily("uwlr_mails_waiting", "Mails that wait to be sent.")
        waiting.add_metric([], self.mails.waiting)
        oldest = GaugeMetricFamily("uwlr_mails_oldest_seconds", "Seconds for which the oldest of them waits.")
        oldest.add_metric([], 0 if self.mails.oldest is None else (self.moment - self.mails.oldest).total_seconds())
        given_up = GaugeMetricFamily(
            "uwlr_mails_given_up", "Mails that were given up, of those that are kept, by the reason.", labels=["reason"]
        )
        for failure in MailFailure:
            given_up.add_metric([failure.name.lower()], self.mails.given_up.get(failure, 0))
        yield from (waiting, oldest, given_up)
