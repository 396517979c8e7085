"""The operator's page of one user: its vestigingen, blocking and unblocking, and a new link."""

from collections.abc import Callable

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.gebruikers import accounts, by_operator, directory
from uwlr_adapter.gebruikers.accounts import LINK_LIFETIME, Gebruiker
from uwlr_adapter.gebruikers.errors import ColleagueError
from uwlr_adapter.gebruikers.tables import SCHOOL_ACCOUNTS, GebruikerRol
from uwlr_adapter.portal import link_once, login_session
from uwlr_adapter.portal.account_forms import ROLES, OwnerForm, PlacesForm
from uwlr_adapter.portal.blueprints import OPERATOR
from uwlr_adapter.portal.colleagues import state_of, tell_reset
from uwlr_adapter.portal.context import database, has_mail, now
from uwlr_adapter.portal.forms import UNSEEN_VERSION, VersionForm, add_error
from uwlr_adapter.portal.paths import PASSWORD_PREFIX
from uwlr_adapter.portal.users import NO_PLACES, places_of

PER_PAGE = 100
"""Vestigingen of a user on one page."""


@OPERATOR.get("/gebruikers/<id:gebruiker_id>")
def show_user(gebruiker_id: int) -> str:
    """Show one user."""
    return _show(_require(gebruiker_id), PlacesForm())


@OPERATOR.post("/gebruikers/<id:gebruiker_id>")
def change_places(gebruiker_id: int) -> ResponseReturnValue:
    """Give a user access to more vestigingen, or take it away."""
    found, form = _require(gebruiker_id), PlacesForm(request.form)
    new, gone = places_of(form.erbij.data), places_of(form.eraf.data)
    if not form.validate() or new is None or gone is None or not (new or gone):
        if new is None or not (new or gone):
            add_error(form.erbij, NO_PLACES)
        if gone is None:
            add_error(form.eraf, NO_PLACES)
        return _show(found, form), 422
    rol, seen = GebruikerRol(form.rol.data), _seen(form.versie.data)

    def act(connection: sa.Connection) -> str:
        more, less = by_operator.change_places(
            connection, gebruiker_id, seen, new, gone, rol, now(), actor=login_session.actor()
        )
        return (
            f"{found.naam}: {count_noun(len(more), 'vestiging', 'vestigingen')} erbij, "
            f"{count_noun(len(less), 'vestiging', 'vestigingen')} eraf."
        )

    return _act(gebruiker_id, act)


@OPERATOR.get("/gebruikers/<id:gebruiker_id>/blokkeren")
def confirm_block(gebruiker_id: int) -> ResponseReturnValue:
    """Ask whether to block a user."""
    found = _require(gebruiker_id)
    return render_template("user_block.html", one=found) if not found.is_blocked else _to(gebruiker_id)


@OPERATOR.post("/gebruikers/<id:gebruiker_id>/blokkeren")
def block_user(gebruiker_id: int) -> Response:
    """Block a user, whose sessions end."""
    found, seen = _require(gebruiker_id), _seen(VersionForm(request.form).versie.data)
    if found.is_blocked:
        flash(f"{found.naam} was al geblokkeerd. Er is nu niets gewijzigd.", "let-op")
        return _to(gebruiker_id)

    def act(connection: sa.Connection) -> str:
        by_operator.disable(connection, gebruiker_id, seen, now(), actor=login_session.actor())
        return f"{found.naam} is geblokkeerd, en overal uitgelogd."

    return _act(gebruiker_id, act)


@OPERATOR.post("/gebruikers/<id:gebruiker_id>/toelaten")
def allow_user(gebruiker_id: int) -> Response:
    """Allow a blocked user again."""
    found, seen = _require(gebruiker_id), _seen(VersionForm(request.form).versie.data)
    if not found.is_blocked:
        flash(f"{found.naam} is niet geblokkeerd. Er is nu niets gewijzigd.", "let-op")
        return _to(gebruiker_id)

    def act(connection: sa.Connection) -> str:
        by_operator.enable(connection, gebruiker_id, seen, now(), actor=login_session.actor())
        return f"{found.naam} kan weer inloggen, met het wachtwoord van voorheen."

    return _act(gebruiker_id, act)


@OPERATOR.get("/gebruikers/<id:gebruiker_id>/nieuwe-link")
def confirm_reset(gebruiker_id: int) -> ResponseReturnValue:
    """Ask whether a user needs a new link, and who asks for it."""
    found = _require(gebruiker_id)
    if not found.is_enabled or found.id == login_session.require_gebruiker().id:
        flash("Voor dit account kan nu geen nieuwe link worden gemaakt.", "let-op")
        return _to(gebruiker_id)
    return _ask_reset(found, OwnerForm())


@OPERATOR.post("/gebruikers/<id:gebruiker_id>/nieuwe-link")
def reset_user(gebruiker_id: int) -> ResponseReturnValue:
    """Erase password and second factor of a user, and show the new link once."""
    found, form = _require(gebruiker_id), OwnerForm(request.form)
    if not form.validate():
        return _ask_reset(found, form), 422
    token = str(form.bon.data)
    if not link_once.is_offered(token):
        flash(link_once.STALE, "let-op")
        return _to(gebruiker_id)
    try:
        with database().writing() as connection:
            actor = login_session.actor()
            by_operator.reset(connection, gebruiker_id, _seen(form.versie.data), token, now(), actor=actor)
            if has_mail():
                tell_reset(connection, found, "De beheerder van de koppelingen", token)
    except ColleagueError as error:
        flash(str(error), "let-op")
        return _to(gebruiker_id)
    back, hours = url_for(".show_user", gebruiker_id=gebruiker_id), int(LINK_LIFETIME.total_seconds() // 3600)
    return link_once.show(
        PASSWORD_PREFIX, token, naam=found.naam, login=found.login, hours=hours, back=back, kind="herstellen"
    )


def _act(gebruiker_id: int, act: Callable[[sa.Connection], str]) -> Response:
    """Do an act in a transaction, and say what was done, or why not."""
    try:
        with database().writing() as connection:
            done = act(connection)
    except ColleagueError as error:
        flash(str(error), "let-op")
    else:
        flash(done, "goed")
    return _to(gebruiker_id)


def _seen(version: int | None) -> int:
    return UNSEEN_VERSION if version is None else version


def _require(gebruiker_id: int) -> Gebruiker:
    """Return a user. Raises NotFound."""
    with database().reading() as connection:
        return accounts.by_id(connection, gebruiker_id) or abort(404)


def _to(gebruiker_id: int) -> Response:
    return redirect(url_for("operator.show_user", gebruiker_id=gebruiker_id), 303)


def _ask_reset(found: Gebruiker, form: OwnerForm) -> str:
    form.bon.data = link_once.offer()
    return render_template("user_reset.html", one=found, form=form)


def _show(found: Gebruiker, form: PlacesForm) -> str:
    after = request.args.get("na", "")[:6]
    with database().reading() as connection:
        places = directory.vestigingen_of(connection, found.id, after, PER_PAGE + 1)
    shown = places[:PER_PAGE]
    state, is_well = state_of(found)
    return render_template(
        "user.html",
        one=found,
        form=form,
        rol=ROLES[found.rol],
        state=state,
        is_well=is_well,
        places=shown,
        after=shown[-1][0] if len(places) > PER_PAGE else None,
        is_continued=bool(after),
        is_of_school=found.rol in SCHOOL_ACCOUNTS,
        is_self=found.id == login_session.require_gebruiker().id,
    )
