"""The periodic work as operators see it, and running a job now: asked for here, done by the next process that looks."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from uwlr_adapter.clock import date_time
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.db.database_clock import database_clock
from uwlr_adapter.db.event_log import log_event
from uwlr_adapter.jobs import lease
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.schedule import RETRY, Every, JobState, Nightly, RunOutcome, Schedule
from uwlr_adapter.jobs.work import Job
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.blueprints import OPERATOR
from uwlr_adapter.portal.context import database
from uwlr_adapter.portal.operator_words import JOBS as WORDS
from uwlr_adapter.portal.operator_words import OUTCOMES, seconds_in_words

UNANSWERED = timedelta(minutes=2)
"""How long after somebody asked for a job that waits the page says that nobody runs jobs: a process looks each half
minute."""
_FAILED = frozenset({RunOutcome.FAILED, RunOutcome.REFUSED})


@dataclass(frozen=True, slots=True)
class JobInWords:
    """One job as an operator sees it; moments are timezone-aware."""

    name: str
    naam: str
    what: str
    runs: str
    state: JobState | None
    is_running: bool
    asked_at: datetime | None
    """When somebody asked to run it, while that is not done."""
    is_unanswered: bool
    """Whether that was so long ago that no process seems to run jobs."""
    outcome: str
    is_failed: bool
    took: str
    next: datetime | None
    """When it runs next; None: at once."""


@OPERATOR.get("/taken")
def list_jobs() -> str:
    """List the jobs: the last run of each, and the next."""
    with database().reading() as connection:
        found = jobs_in_words(connection)
    return render_template("beheer_taken.html", jobs=found)


@OPERATOR.get("/taken/<name>")
def confirm_job(name: str) -> ResponseReturnValue:
    """Ask whether to run a job now."""
    with database().reading() as connection:
        found = _require(connection, name)
    return render_template("beheer_taak.html", job=found)


@OPERATOR.post("/taken/<name>")
def run_job(name: str) -> Response:
    """Ask for a job; when another operator asked already, or it began since the page was shown, it is not run twice."""
    with database().writing() as connection:
        found = _require(connection, name)
        now = database_clock(connection)
        if found.asked_at is None and request.form.get("begonnen", "") == begun_of(found.state):
            lease.ask(connection, name, login_session.actor(), now)
            log_event("job asked for", job=name)
            flash(f"{found.naam} is gevraagd, en begint binnen een minuut.", "goed")
        elif found.asked_at is not None:
            flash(f"{found.naam} was al gevraagd, op {date_time(found.asked_at)}. Er is niets meer nodig.", "let-op")
        else:
            flash(f"{found.naam} is intussen begonnen. Er is nu niets gevraagd.", "let-op")
    return redirect(url_for(".list_jobs"), 303)


def begun_of(state: JobState | None) -> str:
    """Return the last begin of a job as a form carries it: what was seen when the form was shown."""
    return "" if state is None or state.started_at is None else state.started_at.isoformat()


def jobs_in_words(connection: sa.Connection) -> list[JobInWords]:
    """Return every job."""
    states, now = lease.states(connection), database_clock(connection)
    return [_in_words(job, states.get(job.name), now) for job in JOBS.values()]


def _require(connection: sa.Connection, name: str) -> JobInWords:
    """Return one job. Raises NotFound."""
    job = JOBS.get(name) or abort(404)
    return _in_words(job, lease.states(connection).get(name), database_clock(connection))


def _in_words(job: Job, state: JobState | None, now: datetime) -> JobInWords:
    naam, what = WORDS[job.name]
    outcome = None if state is None else state.outcome
    asked = None if state is None else state.asked_at
    return JobInWords(
        name=job.name,
        naam=naam,
        what=what,
        runs=_schedule_in_words(job.schedule),
        state=state,
        is_running=state is not None and state.is_held(now),
        asked_at=asked,
        is_unanswered=asked is not None and state is not None and not state.is_held(now) and now - asked > UNANSWERED,
        outcome="" if outcome is None else OUTCOMES[outcome],
        is_failed=outcome in _FAILED,
        took="" if state is None or state.seconds is None else seconds_in_words(state.seconds),
        next=_next(job.schedule, state, now),
    )


def _next(schedule: Schedule, state: JobState | None, now: datetime) -> datetime | None:
    """Return when a job runs next; None when that is at once."""
    moment = schedule.next_after(None if state is None else state.started_at, now)
    if state is not None and state.outcome is RunOutcome.FAILED and state.ended_at is not None:
        moment = min(moment, state.ended_at + RETRY)
    is_asked = state is not None and state.is_asked(now)
    return moment if moment > now and not is_asked else None


def _schedule_in_words(schedule: Schedule) -> str:
    if isinstance(schedule, Nightly):
        return f"elke nacht om {schedule.at:%H:%M} uur"
    if isinstance(schedule, Every):
        return f"elke {count_noun(schedule.minutes, 'minuut', 'minuten')}".replace("elke 1 ", "elke ")
    return str(schedule)
