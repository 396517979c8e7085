"""The page Leerkrachten of a vestiging: who sees the results of which groepen, and giving that to somebody.

The leerkrachten of the records stand ready with their groepen. Somebody whom the school knows already gets the groepen
at once; anybody else an invitation, by the same link as a colleague. A form that is sent twice does its act once.
"""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from uwlr_adapter.administratie import groepen
from uwlr_adapter.administratie import leerkrachten as records
from uwlr_adapter.administratie.importing.naming import fold
from uwlr_adapter.administratie.leerkrachten import KnownLeerkracht
from uwlr_adapter.clock import date_time
from uwlr_adapter.gebruikers import invitations, leerkrachten
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.gebruikers.errors import ColleagueError, NoLongerAllowedError
from uwlr_adapter.gebruikers.groep_access import Taught
from uwlr_adapter.gebruikers.invitations import Invitation
from uwlr_adapter.gebruikers.tables import leerkracht_invitation
from uwlr_adapter.portal import link_once, login_session
from uwlr_adapter.portal.account_forms import LeerkrachtForm
from uwlr_adapter.portal.blueprints import SCHOOL
from uwlr_adapter.portal.colleagues import state_of
from uwlr_adapter.portal.context import database, now
from uwlr_adapter.portal.forms import add_error
from uwlr_adapter.portal.groep_ticks import (
    MAX_TICKED,
    PAST,
    GroepTick,
    asked_schooljaar,
    is_past,
    schooljaren,
    ticked,
    ticks,
)
from uwlr_adapter.portal.paths import INVITATION_PREFIX

PER_PAGE = 50
"""Leerkrachten on one page."""
MAX_USERS = 1000
"""Users with access to groepen of one vestiging and schooljaar that the page looks at: more than any school has."""
AGAIN, WITHDRAW = "opnieuw", "intrekken"
"""The values of the buttons of an invitation."""


@dataclass(frozen=True, slots=True)
class LeerkrachtRow:
    """A leerkracht in the list: of the records, with access, or both."""

    naam: str
    in_records: tuple[str, ...] | None
    """Names of the groepen that the records say; None for somebody who is no leerkracht there."""
    sees: tuple[str, ...]
    state: str
    is_well: bool
    url: str
    has_access: bool


@SCHOOL.get("/leerkrachten")
def show_leerkrachten(brin6: str) -> str:
    """Show the leerkrachten of a schooljaar, with what each sees."""
    schooljaar = asked_schooljaar(brin6)
    with database().reading() as connection:
        rows = _rows(connection, brin6, schooljaar)
        waiting = [one for one in leerkrachten.list_invitations(connection, brin6) if one.taught is not None]
        years = schooljaren(connection, brin6)
    skipped = _skipped()
    return render_template(
        "leerkrachten.html",
        schooljaar=schooljaar,
        years=years,
        rows=rows[skipped : skipped + PER_PAGE],
        after=skipped + PER_PAGE if len(rows) > skipped + PER_PAGE else None,
        is_continued=skipped > 0,
        links=[(one, _state_of_link(one)) for one in waiting],
        bon=link_once.offer(),
    )


@SCHOOL.get("/leerkrachten/nieuw")
def show_new_leerkracht(brin6: str) -> str:
    """Show the form for somebody who is no leerkracht in the records."""
    return _show_form(brin6, LeerkrachtForm(), None, frozenset())


@SCHOOL.post("/leerkrachten/nieuw")
def give_new_leerkracht(brin6: str) -> ResponseReturnValue:
    """Store groepen for somebody who is no leerkracht in the records."""
    return _give(brin6, None)


@SCHOOL.get("/leerkrachten/<id:persoon_id>")
def show_leerkracht(brin6: str, persoon_id: int) -> ResponseReturnValue:
    """Show the form for a leerkracht of the records, with the groepen of the records ticked."""
    schooljaar = asked_schooljaar(brin6)
    with database().reading() as connection:
        person = _find(connection, brin6, schooljaar, persoon_id) or abort(404)
        known = leerkrachten.of_persons(connection, brin6).get(persoon_id)
    if known is not None:
        return redirect(url_for(".show_groepen_of", brin6=brin6, gebruiker_id=known.id, schooljaar=schooljaar), 303)
    form = LeerkrachtForm(naam=person.naam, login=(person.emailadres or "").strip().lower())
    return _show_form(brin6, form, person, frozenset(person.groepen))


@SCHOOL.post("/leerkrachten/<id:persoon_id>")
def give_leerkracht(brin6: str, persoon_id: int) -> ResponseReturnValue:
    """Store groepen for a leerkracht of the records."""
    return _give(brin6, persoon_id)


@SCHOOL.post("/leerkrachten/uitnodiging/<id:invitation_id>")
def change_leerkracht_invitation(brin6: str, invitation_id: int) -> ResponseReturnValue:
    """Make another link for the invitation of a leerkracht, or withdraw it."""
    pressed, token, who = request.form.get("actie"), request.form.get("bon", ""), login_session.actor()
    back = redirect(url_for(".show_leerkrachten", brin6=brin6), 303)
    if pressed not in {AGAIN, WITHDRAW}:
        return back
    if pressed == AGAIN and not link_once.is_offered(token):
        flash(link_once.STALE, "let-op")
        return back
    table = leerkracht_invitation
    try:
        with database().writing() as connection:
            if pressed == AGAIN:
                made = invitations.renew(connection, brin6, invitation_id, token, now(), actor=who, table=table)
            else:
                gone = invitations.withdraw(connection, brin6, invitation_id, now(), actor=who, table=table)
    except ColleagueError as error:
        return refuse(brin6, error)
    if pressed == AGAIN:
        return _show_link(brin6, made, token)
    flash(f"De uitnodiging voor {gone.naam} is ingetrokken; de link werkt niet meer.", "goed")
    return back


def refuse(brin6: str, error: ColleagueError) -> Response:
    """Redirect to the nearest page that the user still has, with the reason why nothing was done."""
    flash(str(error), "let-op")
    endpoint = "show_overview" if isinstance(error, NoLongerAllowedError) else "show_leerkrachten"
    return redirect(url_for(f"school.{endpoint}", brin6=brin6), 303)


def _give(brin6: str, persoon_id: int | None) -> ResponseReturnValue:
    """Store the ticked groepen for whom the form names: at once, or by an invitation whose link is shown once."""
    if is_past(brin6):
        flash(PAST, "let-op")
        return redirect(url_for(".show_leerkrachten", brin6=brin6), 303)
    form, schooljaar = LeerkrachtForm(request.form), asked_schooljaar(brin6)
    with database().reading() as connection:
        person = None if persoon_id is None else _find(connection, brin6, schooljaar, persoon_id) or abort(404)
        chosen = ticked(connection, brin6, schooljaar)
    keys = frozenset(key for key, _ in chosen)
    error = None if chosen else "Vink minstens één groep aan."
    if not form.validate() or error:
        return _show_form(brin6, form, person, keys, error), 422
    if not link_once.is_offered(str(form.bon.data)):
        return _show_form(brin6, form, person, keys, link_once.STALE), 409
    return _carry_out(brin6, form, Taught(schooljaar, chosen, persoon_id), person)


def _carry_out(brin6: str, form: LeerkrachtForm, taught: Taught, person: KnownLeerkracht | None) -> ResponseReturnValue:
    """Store the groepen, and say what was done, or why not."""
    token, schooljaar, keys = str(form.bon.data), taught.schooljaar, taught.keys
    new = leerkrachten.new_invitation(brin6, str(form.login.data), str(form.naam.data), taught)
    try:
        with database().writing() as connection:
            made = leerkrachten.give(connection, new, taught, token, now(), actor=login_session.actor())
    except NoLongerAllowedError as lost:
        return refuse(brin6, lost)
    except ColleagueError as refused:
        add_error(form.login, str(refused))
        return _show_form(brin6, form, person, keys), 422
    if isinstance(made, Invitation):
        return _show_link(brin6, made, token)
    flash(f"{made.naam} ziet nu de resultaten van deze groepen, tot en met 31 juli {schooljaar[-4:]}.", "goed")
    return redirect(url_for(".show_leerkrachten", brin6=brin6, schooljaar=schooljaar), 303)


def _find(connection: sa.Connection, brin6: str, schooljaar: str, persoon_id: int) -> KnownLeerkracht | None:
    found = records.list_of_year(connection, brin6, schooljaar)
    return next((one for one in found if one.persoon_id == persoon_id), None)


def _show_form(
    brin6: str,
    form: LeerkrachtForm,
    person: KnownLeerkracht | None,
    chosen: Collection[str],
    error: str | None = None,
) -> str:
    schooljaar = asked_schooljaar(brin6)
    with database().reading() as connection:
        shown: list[GroepTick] = ticks(connection, brin6, schooljaar, chosen)
    form.bon.data = link_once.offer()
    return render_template(
        "leerkracht_new.html",
        form=form,
        error=error,
        person=person,
        schooljaar=schooljaar,
        ticks=shown,
        max_ticked=MAX_TICKED,
    )


def _show_link(brin6: str, made: Invitation, token: str) -> str:
    back = url_for("school.show_leerkrachten", brin6=brin6)
    hours = int(invitations.LIFETIME.total_seconds() // 3600)
    return link_once.show(
        INVITATION_PREFIX, token, naam=made.naam, login=made.login, hours=hours, back=back, kind="uitnodiging"
    )


def _rows(connection: sa.Connection, brin6: str, schooljaar: str) -> list[LeerkrachtRow]:
    """Return the leerkrachten of a schooljaar by name: those of the records, and who else sees groepen of it."""
    names = {one.key: one.naam for one in groepen.groepen_in(connection, brin6, schooljaar)}
    persons = leerkrachten.of_persons(connection, brin6)
    invited = {
        one.taught.persoon_id: one
        for one in leerkrachten.list_invitations(connection, brin6)
        if one.taught is not None and one.taught.schooljaar == schooljaar
    }
    rows, seen = [], set()
    for person in records.list_of_year(connection, brin6, schooljaar):
        in_records = tuple(names[key] for key in person.groepen if key in names)
        known = persons.get(person.persoon_id)
        if known is None:
            url = url_for(".show_leerkracht", brin6=brin6, persoon_id=person.persoon_id, schooljaar=schooljaar)
            link = invited.get(person.persoon_id)
            state = "Geen toegang" if link is None else "Uitge\u00adnodigd"
            rows.append(LeerkrachtRow(person.naam, in_records, (), state, link is not None, url, has_access=False))
        else:
            seen.add(known.id)
            rows.append(_row_of(known, brin6, schooljaar, names, person.naam or known.naam, in_records))
    others = leerkrachten.list_of_year(connection, brin6, schooljaar, "", MAX_USERS)
    rows += [_row_of(one, brin6, schooljaar, names, one.naam, None) for one in others if one.id not in seen]
    return sorted(rows, key=lambda one: fold(one.naam))


def _row_of(
    known: Gebruiker,
    brin6: str,
    schooljaar: str,
    names: dict[str, str],
    naam: str,
    in_records: tuple[str, ...] | None,
) -> LeerkrachtRow:
    """Return the row of somebody with an account."""
    own = [one for one in known.groepen if (one.brin6, one.schooljaar) == (brin6, schooljaar)]
    sees = tuple(names.get(one.groep_key, f"{one.groep_naam} (niet in de gegevens)") for one in own)
    state, is_well = state_of(known) if own else ("Geen toegang", False)
    url = url_for(".show_groepen_of", brin6=brin6, gebruiker_id=known.id, schooljaar=schooljaar)
    return LeerkrachtRow(naam, in_records, sees, state, is_well, url, has_access=bool(own))


def _state_of_link(one: Invitation) -> str:
    return f"{'Geldig tot' if one.is_open(now()) else 'Verlopen op'} {date_time(one.until)}"


def _skipped() -> int:
    """Return how many rows stand on the pages before."""
    text = request.args.get("na", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0  # noqa: PLR2004 - digits of a number
