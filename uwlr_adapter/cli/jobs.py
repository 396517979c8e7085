"""`uwlr-adapter jobs`: the periodic work that `serve` does, and one job now."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from uwlr_adapter.cli.base import Context, local_time, make_table
from uwlr_adapter.cli.json_output import json_option, moment_of, print_json
from uwlr_adapter.db.database_clock import database_clock
from uwlr_adapter.jobs import clock_guard, lease
from uwlr_adapter.jobs.lease import Lease, holder_name
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.schedule import JobState, RunOutcome
from uwlr_adapter.jobs.work import Due, Job, run_now


@click.group()
def jobs() -> None:
    """List the periodic work of `serve`, and run one job now.

    Of all processes and machines on one database one runs a job at a time.

    Example:  uwlr-adapter jobs list
    """


@jobs.command("list")
@json_option
@click.pass_obj
def list_(context: Context, *, as_json: bool) -> None:
    """List the jobs: when each runs, when it last ran, and how that ended.

    Example:  uwlr-adapter jobs list
    """
    with context.database() as database, database.reading() as connection:
        states, now = lease.states(connection), database_clock(connection)
    if as_json:
        print_json([_as_json(job, states.get(job.name), now) for job in JOBS.values()])
        return
    table = make_table("job", "runs", "last began", "outcome", "handled", "seconds", "last done", "failures", "now")
    for job in JOBS.values():
        state = states.get(job.name)
        if state is None:
            table.add_row(job.name, str(job.schedule), *["-"] * 5, "0", "")
            continue
        table.add_row(
            job.name,
            str(job.schedule),
            local_time(state.started_at, seconds=True),
            state.outcome or "-",
            "-" if state.handled is None else str(state.handled),
            "-" if state.seconds is None else f"{state.seconds:.1f}",
            local_time(state.succeeded_at, seconds=True),
            str(state.failures),
            "running" if state.is_held(now) else "",
        )
    context.console.print(table)
    for state in states.values():
        if reason := _reason(state):
            context.messages.print(f"The job {state.name} was refused: {reason}.", soft_wrap=True)
    if not states:
        context.messages.print("No job ran yet: `uwlr-adapter serve` runs them, and `jobs run NAME` runs one now.")


@jobs.command("run")
@click.argument("name", type=click.Choice(sorted(JOBS)))
@click.option("--dry-run", is_flag=True, help="Show how much there is to do, without doing anything.")
@click.pass_obj
def run_(context: Context, name: str, *, dry_run: bool) -> None:
    """Run the job NAME now, whatever the time is.

    It is refused while another process runs it. Where `serve` does not run the jobs, as under another server, let a
    timer of the system run them: each night `purge` and `refusals`, each hour `staleness`.

    Example:  uwlr-adapter jobs run staleness
    """
    job = JOBS[name]
    if dry_run:
        print_due(context, due_of(context, job))
        context.console.print("Dry run, nothing changed.")
        return
    handled = run_job(context, job)
    context.messages.print(f"Job {name} is done: {handled}.")


def due_of(context: Context, job: Job) -> Sequence[Due]:
    """Return how much a job has to do now."""
    with context.database() as database, database.reading() as connection:
        return job.due(connection, context.settings, context.clock())


def print_due(context: Context, due: Sequence[Due]) -> None:
    """Print how much there is to do of each kind."""
    table = make_table("what", "due", "term")
    for one in due:
        table.add_row(one.what, str(one.number), one.note)
    context.console.print(table)


def run_job(context: Context, job: Job) -> int:
    """Run a job by its lease, with its progress on standard error; return how much it handled.

    What it did is told there too, also when it fails: each of its transactions stays. Raises ClickException when it
    refuses, or another process runs it or took it over.
    """
    counts: dict[str, int] = {}

    with context.database() as database, context.messages.status(f"{job.summary[:-1]} …") as status:

        def tell(what: str, number: int) -> None:
            counts[what] = counts.get(what, 0) + number
            status.update(f"{what}: {counts[what]} …")

        held = Lease(job.name, holder_name())
        try:
            done = run_now(job, database, context.settings, held, moment=context.clock(), tell=tell)
        finally:
            if done_so_far := ", ".join(f"{what}: {number}" for what, number in counts.items() if number):
                context.messages.print(f"Done: {done_so_far}.", soft_wrap=True)
    return 0 if done is None else done.handled


def _as_json(job: Job, state: JobState | None, now: datetime) -> dict[str, Any]:
    found: dict[str, Any] = {"name": job.name, "runs": str(job.schedule), "running": False, "failures": 0}
    names = ("started_at", "ended_at", "succeeded_at", "outcome", "seconds", "handled")
    found |= dict.fromkeys([*names, "reason"])
    if state is not None:
        found |= {name: _plain(getattr(state, name)) for name in names}
        found |= {"running": state.is_held(now), "failures": state.failures, "reason": _reason(state)}
    return found


def _reason(state: JobState) -> str | None:
    """Return why the last run of a job was refused, and what to do; None when it was not."""
    return clock_guard.IN_DOUBT if state.outcome is RunOutcome.REFUSED else None


def _plain(value: object) -> object:
    return moment_of(value) if isinstance(value, datetime) else value
