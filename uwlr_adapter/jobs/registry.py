"""The jobs: each is one entry. `serve` runs them, and `uwlr-adapter jobs` lists them and runs one now."""

from datetime import time

from uwlr_adapter.jobs import purge, refusals, staleness
from uwlr_adapter.jobs.schedule import Every, Nightly
from uwlr_adapter.jobs.work import Job

_ALL = (
    Job("purge", "Erase what is kept no longer than its term.", Nightly(time(3, 30)), purge.run_unattended, purge.due),
    Job("refusals", "Add old counts of refusals up by the day.", Nightly(time(3, 0)), refusals.run, refusals.due),
    Job("staleness", "Note how old the records of each vestiging are.", Every(60), staleness.run, staleness.due),
)
JOBS = {job.name: job for job in _ALL}
"""Every job by its name. The times are in Amsterdam; 03:00 is after the doubled hour of October."""
