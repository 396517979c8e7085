"""The jobs: each is one entry. `serve` runs them, and `uwlr-adapter jobs` lists them and runs one now."""

from datetime import time

from uwlr_adapter.jobs import calls, deliveries, mailing, purge, received, refusals, staleness, verdicts
from uwlr_adapter.jobs.schedule import Every, Nightly
from uwlr_adapter.jobs.work import Job

_ALL = (
    Job("purge", "Erase what is kept no longer than its term.", Nightly(time(3, 30)), purge.run_unattended, purge.due),
    Job("refusals", "Add old counts of refusals up by the day.", Nightly(time(3, 0)), refusals.run, refusals.due),
    Job("calls", "Note what the journaal says of each koppeling.", Every(60), calls.run, calls.due),
    Job("received", "Read from the journaal which koppeling got which person.", Every(5), received.run, received.due),
    Job("staleness", "Note how old the records of each vestiging are.", Every(60), staleness.run, staleness.due),
    Job("verdicts", "Note the verdict on each koppeling.", Every(10), verdicts.run, verdicts.due),
    Job(
        "mail",
        "Tell schools at once what was done, and send what waits.",
        Every(1),
        mailing.run,
        mailing.due,
        mailing.has_work,
    ),
    Job(
        "results",
        "Deliver results to the administration of the school.",
        Every(5),
        deliveries.run,
        deliveries.due,
        deliveries.has_work,
        is_apart=True,
    ),
    Job(
        "digest",
        "Tell each vestiging once a day what is open.",
        Nightly(time(5, 30)),
        mailing.run_of_day,
        mailing.due_of_day,
    ),
)
JOBS = {job.name: job for job in _ALL}
"""Every job by its name. The times are in Amsterdam; 03:00 is after the doubled hour of October."""
