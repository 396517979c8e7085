"""`uwlr-adapter school set` and `school release`: the calendar of a vestiging, and releasing the next schooljaar."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import partial

import click
import sqlalchemy as sa

from uwlr_adapter.administratie import calendar_acts, schools
from uwlr_adapter.administratie.importing.effect import answers_of, effect
from uwlr_adapter.administratie.school_calendar import SchoolCalendar, Window
from uwlr_adapter.administratie.school_calendar import first_school_day as first_day_of
from uwlr_adapter.administratie.summer import Region
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.cli.base import Context, own_actor
from uwlr_adapter.cli.effect_report import print_effect
from uwlr_adapter.clock import FIRST_MONTH, day_of, next_schooljaar, schooljaar_start
from uwlr_adapter.db.database import Database

_dry_run = click.option("--dry-run", is_flag=True, help="Show what changes in the answers, and change nothing.")
NO_REGION = "none"
_yes = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")


@click.command("set")
@click.argument("brin6")
@click.option(
    "--first-school-day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="First school day of its schooljaar, 1 August to 30 September: who enrols up to it counts from 1 August. "
    "Without one: 7 September.",
)
@click.option(
    "--past-year-until",
    metavar="MM-DD",
    help="Last day on which the past schooljaar is answered, such as 10-31. Without one: 09-30.",
)
@click.option(
    "--under-four/--no-under-four",
    default=None,
    help="Answer leerlingen under four, as special education does. Default: not.",
)
@click.option(
    "--region",
    type=click.Choice([*map(str, Region), NO_REGION]),
    help="Region of the holidays: no mail about it in its summer holiday. Without one: when every region has it.",
)
@_dry_run
@_yes
@click.pass_obj
def set_(
    context: Context,
    brin6: str,
    first_school_day: datetime | None,
    past_year_until: str | None,
    *,
    under_four: bool | None,
    region: str | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Set what decides who is answered for the vestiging BRIN6, and when. `school show` shows it.

    Example:  uwlr-adapter school set 21QW00 --first-school-day 2026-08-24
    """
    if first_school_day is None and past_year_until is None and under_four is None and region is None:
        raise click.UsageError("name what to set, such as --first-school-day 2026-08-24")
    moment, actor = context.clock(), own_actor()

    def act(connection: sa.Connection) -> None:
        if first_school_day is not None:
            calendar_acts.set_first_school_day(connection, brin6, first_school_day.date(), moment, actor=actor)
        if past_year_until is not None:
            calendar_acts.set_past_year_until(connection, brin6, past_year_until, moment, actor=actor)
        if under_four is not None:
            calendar_acts.set_under_four(connection, brin6, moment, under_four=under_four, actor=actor)
        if region is not None:
            chosen = None if region == NO_REGION else Region(region)
            calendar_acts.set_region(connection, brin6, chosen, moment, actor=actor)

    with context.database() as database:
        if _confirmed(context, database, brin6, act, dry_run=dry_run, yes=yes):
            context.console.print(f"Set for {brin6}.")


@click.command()
@click.argument("brin6")
@click.option("--take-back", is_flag=True, help="Take the release back; possible until 1 August.")
@_dry_run
@_yes
@click.pass_obj
def release(context: Context, brin6: str, *, take_back: bool, dry_run: bool, yes: bool) -> None:
    """Release the next schooljaar of the vestiging BRIN6: from now on its koppelingen get it, too.

    Without this command or the page *Schooljaar* of the portal, it is released by itself on 1 July.

    Example:  uwlr-adapter school release 21QW00 --dry-run
    """
    moment = context.clock()
    schooljaar = next_schooljaar(day_of(moment))
    act = calendar_acts.take_back if take_back else calendar_acts.release
    do = partial(act, brin6=brin6, schooljaar=schooljaar, moment=moment, actor=own_actor())
    with context.database() as database:
        with database.reading() as connection:
            if schools.find_vestiging(connection, brin6) is None:
                raise click.ClickException(f"there is no vestiging {brin6}: `uwlr-adapter school list` lists them")
        if _confirmed(context, database, brin6, do, dry_run=dry_run, yes=yes):
            done = "is no longer released" if take_back else "is released"
            context.console.print(f"{brin6}: schooljaar {schooljaar} {done}.")


def _confirmed(
    context: Context,
    database: Database,
    brin6: str,
    act: Callable[[sa.Connection], None],
    *,
    dry_run: bool,
    yes: bool,
) -> bool:
    """Show what an act changes in the answers of today, and do it when confirmed; return whether it was done."""
    day = day_of(context.clock())
    with database.writing() as connection:
        before = answers_of(connection, brincode_of(brin6), day)
        act(connection)
        found = effect(before, answers_of(connection, brincode_of(brin6), day))
        connection.rollback()
    print_effect(context.console, found)
    if dry_run:
        return False
    if not yes:
        click.confirm("Do this?", abort=True)
    with database.writing() as connection:
        act(connection)
    return True


def calendar_lines(schooljaar: str, calendar: SchoolCalendar, window: Window, day: date) -> Iterator[str]:
    """Yield what `school show` says of the calendar of a vestiging for a year."""
    last = date.fromordinal(window.closes.toordinal() - 1)
    state = "answered" if window.holds(day) else "not answered"
    how = "by itself"
    if calendar.shared_from is not None:
        is_taken_back = calendar.shared_from == date(schooljaar_start(schooljaar) or 1, FIRST_MONTH, 1)
        how = "taken back until then" if is_taken_back else "released"
    yield f"Schooljaar {schooljaar} is {state} on that day: from {window.opens} ({how}) until {last}, inclusive."
    usual = "" if calendar.first_school_day is not None else " (usual)"
    yield f"First school day: {first_day_of(schooljaar, calendar)}{usual}."
    yield f"Leerlingen under four are {'' if calendar.under_four else 'not '}answered."
