"""The next school year: whether the koppelingen get it, what goes then, and the school's act to release it.

Each act names the school year that was shown, so that a page of before 1 August does nothing after it.
"""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from uwlr_adapter.administratie import calendar_acts, school_calendar
from uwlr_adapter.administratie.calendar_acts import ReleaseError
from uwlr_adapter.administratie.selection import select
from uwlr_adapter.clock import day_of, next_schooljaar, peildatum_in
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.toestemming import Toestemming
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.acts import ON_THE_NEXT_YEAR, last_at
from uwlr_adapter.portal.blueprints import SCHOOL
from uwlr_adapter.portal.context import database, now
from uwlr_adapter.portal.school import name_of


@dataclass(frozen=True, slots=True)
class NextYear:
    """The next school year of a vestiging; `counts` are the records that go once it is released, by their name."""

    schooljaar: str
    begins: date
    opens: date
    """The first day on which it is answered, as things stand."""
    is_released: bool
    counts: tuple[tuple[str, int], ...]
    koppelingen: tuple[str, ...]
    """The names of the koppelingen that get it."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to send."""
        return not self.counts


@SCHOOL.get("/schooljaar")
def show_schooljaar(brin6: str) -> str:
    """Show whether the koppelingen get the next school year."""
    return _show("schooljaar.html", brin6)


@SCHOOL.get("/schooljaar/vrijgeven")
def confirm_release(brin6: str) -> ResponseReturnValue:
    """Ask whether to release the next school year."""
    year = _read(brin6)
    return _to_schooljaar(brin6) if year.is_released or year.is_empty else _show("schooljaar_vrijgeven.html", brin6)


@SCHOOL.post("/schooljaar/vrijgeven")
def release(brin6: str) -> ResponseReturnValue:
    """Release it."""
    done = "Het schooljaar {schooljaar} is vrijgegeven. De koppelingen krijgen het vanaf nu."
    return _act(brin6, take_back=False, done=done)


@SCHOOL.get("/schooljaar/terugnemen")
def confirm_take_back(brin6: str) -> ResponseReturnValue:
    """Ask whether to take the release back."""
    return _show("schooljaar_terugnemen.html", brin6) if _read(brin6).is_released else _to_schooljaar(brin6)


@SCHOOL.post("/schooljaar/terugnemen")
def take_back(brin6: str) -> ResponseReturnValue:
    """Take it back."""
    done = "Het schooljaar {schooljaar} is niet meer vrijgegeven. De koppelingen krijgen het vanaf nu niet."
    return _act(brin6, take_back=True, done=done)


def _act(brin6: str, *, take_back: bool, done: str) -> Response:
    """Perform a confirmed act, and return to the page with what became of it."""
    schooljaar = request.form.get("schooljaar", "")
    act = calendar_acts.take_back if take_back else calendar_acts.release
    wanted = Act.YEAR_TAKEN_BACK if take_back else Act.YEAR_RELEASED
    try:
        with database().writing() as connection:
            act(connection, brin6, schooljaar, now(), actor=login_session.actor())
    except ReleaseError as error:
        with database().reading() as connection:
            last = last_at(connection, brin6, ON_THE_NEXT_YEAR)
        if last is None or schooljaar != next_schooljaar(day_of(now())) or schooljaar not in last.sentence:
            flash(str(error), "let-op")
        elif (last.act, last.actor) == (wanted, login_session.actor()):  # the form was sent twice
            flash(done.format(schooljaar=schooljaar), "goed")
        else:
            flash(f"{error} {last.told}", "let-op")
    else:
        flash(done.format(schooljaar=schooljaar), "goed")
    return _to_schooljaar(brin6)


def _to_schooljaar(brin6: str) -> Response:
    return redirect(url_for("school.show_schooljaar", brin6=brin6), 303)


def _show(template: str, brin6: str) -> str:
    return render_template(template, year=_read(brin6), today=day_of(now()))


def _read(brin6: str) -> NextYear:
    today = day_of(now())
    schooljaar = next_schooljaar(today)
    begins = peildatum_in(schooljaar, today) or today
    with database().reading() as connection:
        window = school_calendar.window_of(schooljaar, school_calendar.find(connection, brin6, schooljaar))
        opens = begins if window is None else window.opens
        return NextYear(
            schooljaar=schooljaar,
            begins=begins,
            opens=opens,
            is_released=opens <= today,
            counts=_counts(connection, brin6, schooljaar, today),
            koppelingen=tuple(
                sorted(
                    name_of(one)
                    for one in store.list_living(connection, brin6)
                    if one.is_on(Toestemming.LEERLINGGEGEVENS)
                )
            ),
        )


def _counts(connection: sa.Connection, brin6: str, schooljaar: str, today: date) -> tuple[tuple[str, int], ...]:
    """Return the numbers of records of the year, released or not; none when there are no leerlingen."""
    dataset = select(connection, brin6=brin6, schooljaar=schooljaar, day=today, aanmaakdatum="", any_year=True)
    if dataset is None:
        return ()
    return (
        ("leerlingen", len(dataset.leerlingen)),
        ("groepen", len(dataset.groepen)),
        ("leerkrachten", len(dataset.leerkrachten)),
    )
