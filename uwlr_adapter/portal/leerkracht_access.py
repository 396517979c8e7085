"""The page of one leerkracht with an account: the groepen of a schooljaar, no access any more, and a new link.

Each act is on the version of the account that was shown; a form that is sent twice does its act once.
"""

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from uwlr_adapter.administratie import leerkrachten as records
from uwlr_adapter.gebruikers import access, accounts, leerkrachten
from uwlr_adapter.gebruikers.accounts import LINK_LIFETIME, Gebruiker
from uwlr_adapter.gebruikers.errors import ColleagueError, NoColleagueError, NoLongerAllowedError
from uwlr_adapter.gebruikers.groep_access import GroepAccess, Taught
from uwlr_adapter.mail.words import user_in_words
from uwlr_adapter.portal import link_once, login_session
from uwlr_adapter.portal.account_forms import IdentityForm
from uwlr_adapter.portal.blueprints import SCHOOL
from uwlr_adapter.portal.colleagues import state_of, tell_reset
from uwlr_adapter.portal.context import database, has_mail, now
from uwlr_adapter.portal.forms import UNSEEN_VERSION
from uwlr_adapter.portal.groep_ticks import MAX_TICKED, PAST, asked_schooljaar, is_past, schooljaren, ticked, ticks
from uwlr_adapter.portal.leerkrachten import refuse
from uwlr_adapter.portal.paths import PASSWORD_PREFIX

SAVE, TAKE, RESET = "bewaren", "verwijderen", "herstellen"
"""The values of the buttons."""


@SCHOOL.get("/leerkrachten/toegang/<id:gebruiker_id>")
def show_groepen_of(brin6: str, gebruiker_id: int) -> ResponseReturnValue:
    """Show the groepen of a user, with what can be done."""
    return _show(brin6, gebruiker_id, IdentityForm())


@SCHOOL.post("/leerkrachten/toegang/<id:gebruiker_id>")
def change_groepen_of(brin6: str, gebruiker_id: int) -> ResponseReturnValue:
    """Do what a button of the page asks: other groepen, no access any more, or a new link to log in with."""
    pressed, form = request.form.get("actie"), IdentityForm(request.form)
    seen = UNSEEN_VERSION if form.versie.data is None else form.versie.data
    try:
        if pressed == SAVE:
            return _save(brin6, gebruiker_id, seen)
        if pressed == TAKE:
            return _take(brin6, gebruiker_id, seen)
        if pressed == RESET:
            return _reset(brin6, gebruiker_id, form, seen)
    except (NoColleagueError, NoLongerAllowedError) as error:
        return refuse(brin6, error)
    except ColleagueError as error:
        flash(str(error), "let-op")
    return _to(brin6, gebruiker_id)


def _save(brin6: str, gebruiker_id: int, seen: int) -> Response:
    """Store the ticked groepen."""
    if is_past(brin6):
        flash(PAST, "let-op")
        return _to(brin6, gebruiker_id)
    schooljaar = asked_schooljaar(brin6)
    with database().writing() as connection:
        known = _require(connection, brin6, gebruiker_id)
        given = _of_year(known, brin6, schooljaar)
        chosen = ticked(connection, brin6, schooljaar, given)
        taught = Taught(schooljaar, chosen, _person_of(known, brin6))
        after = leerkrachten.set_groepen(
            connection, brin6, gebruiker_id, taught, seen, now(), actor=login_session.actor()
        )
    flash(_said(after) if not chosen else f"Bewaard: wat {after.naam} ziet in schooljaar {schooljaar}.", "goed")
    return redirect(url_for(".show_leerkrachten", brin6=brin6, schooljaar=schooljaar), 303)


def _take(brin6: str, gebruiker_id: int, seen: int) -> Response:
    """Take the access to every groep away; a second time says the same."""
    with database().writing() as connection:
        known = accounts.by_id(connection, gebruiker_id)
        if known is None:
            raise NoColleagueError
        if any(one.brin6 == brin6 for one in known.groepen):
            known = leerkrachten.take(connection, brin6, gebruiker_id, seen, now(), actor=login_session.actor())
        elif not access.is_known(known, brin6):
            raise NoColleagueError
    flash(_said(known), "goed")
    return redirect(url_for(".show_leerkrachten", brin6=brin6), 303)


def _said(after: Gebruiker) -> str:
    """Return what is left of the access of a user, as a sentence."""
    ended = "" if after.is_enabled else " Het account is afgesloten, en is overal uitgelogd."
    return f"{after.naam} ziet geen resultaten van groepen van deze school meer.{ended}"


def _reset(brin6: str, gebruiker_id: int, form: IdentityForm, seen: int) -> ResponseReturnValue:
    """Make a new link for a leerkracht, who lost the phone or the password, and show it once."""
    if not form.validate():
        return _show(brin6, gebruiker_id, form, 422)
    token, actor = str(form.bon.data), login_session.require_gebruiker()
    if not link_once.is_offered(token):
        flash(link_once.STALE, "let-op")
        return _to(brin6, gebruiker_id)
    with database().writing() as connection:
        found = access.reset(connection, brin6, gebruiker_id, seen, token, now(), actor=actor)
        if has_mail():
            tell_reset(connection, found, user_in_words(actor.login, actor.naam), token)
    back = url_for(".show_leerkrachten", brin6=brin6)
    hours = int(LINK_LIFETIME.total_seconds() // 3600)
    return link_once.show(
        PASSWORD_PREFIX, token, naam=found.naam, login=found.login, hours=hours, back=back, kind=RESET
    )


def _show(brin6: str, gebruiker_id: int, form: IdentityForm, status: int = 200) -> ResponseReturnValue:
    schooljaar = asked_schooljaar(brin6)
    with database().reading() as connection:
        try:
            known = _require(connection, brin6, gebruiker_id)
        except NoColleagueError as error:
            return refuse(brin6, error)
        given = _of_year(known, brin6, schooljaar)
        in_records = _in_records(connection, known, brin6, schooljaar)
        chosen = {one.groep_key for one in given} or in_records
        shown = ticks(connection, brin6, schooljaar, chosen, given)
        named = ticks(connection, brin6, schooljaar, in_records)
        years = schooljaren(connection, brin6)
    form.bon.data = link_once.offer()
    state, is_well = state_of(known)
    manager = login_session.require_gebruiker()
    page = render_template(
        "leerkracht.html",
        form=form,
        one=known,
        state=state,
        is_well=is_well,
        given=given,
        ticks=shown,
        in_records=[one.naam for one in named if one.is_ticked],
        schooljaar=schooljaar,
        years=years,
        max_ticked=MAX_TICKED,
        has_any=any(one.brin6 == brin6 for one in known.groepen),
        can_reset=known.is_enabled and known.id != manager.id and access.can_reset(manager, known),
    )
    return page, status


def _require(connection: sa.Connection, brin6: str, gebruiker_id: int) -> Gebruiker:
    """Return a user whom the school knows, and who does not act for it. Raises NoColleagueError."""
    found = accounts.by_id(connection, gebruiker_id)
    if found is None or not access.is_known(found, brin6) or brin6 in found.acts_for:
        raise NoColleagueError
    return found


def _of_year(known: Gebruiker, brin6: str, schooljaar: str) -> list[GroepAccess]:
    return [one for one in known.groepen if (one.brin6, one.schooljaar) == (brin6, schooljaar)]


def _person_of(known: Gebruiker, brin6: str) -> int | None:
    """Return the leerkracht of the records that a user was last given groepen as."""
    own = [one for one in known.groepen if one.brin6 == brin6 and one.persoon_id is not None]
    return max(own, key=lambda one: one.given_at).persoon_id if own else None


def _in_records(connection: sa.Connection, known: Gebruiker, brin6: str, schooljaar: str) -> set[str]:
    """Return the keys of the groepen that the records say of a user."""
    person = _person_of(known, brin6)
    if person is None:
        return set()
    present = records.now_of(connection, [person])[person]
    found = records.list_of_year(connection, brin6, schooljaar)
    return {key for one in found if one.persoon_id == present for key in one.groepen}


def _to(brin6: str, gebruiker_id: int) -> Response:
    return redirect(url_for("school.show_groepen_of", brin6=brin6, gebruiker_id=gebruiker_id), 303)
