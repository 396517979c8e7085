"""The pages of the operator: the afnemers, and their klantcodes, which are shown once."""

import secrets
from collections.abc import Callable
from datetime import timedelta

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response
from wtforms import Form, IntegerField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, ValidationError

from uwlr_adapter.koppelingen import afnemers
from uwlr_adapter.koppelingen.afnemers import MAX_KLANTNAAM, Afnemer, AfnemerError
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.context import moment, portal_context
from uwlr_adapter.portal.forms import add_error, readable
from uwlr_adapter.portal.guard import OPERATOR

MAX_OVERLAP = 366
"""Days that two klantcodes may be good at once; a longer time is no rotation."""
USUAL_OVERLAP = 14
"""What the form proposes: a vendor plans such a change."""

pages = Blueprint(OPERATOR, __name__)
_Page = Response | str | tuple[str, int]


class AfnemerForm(Form):
    """A new afnemer."""

    klantnaam = StringField(
        "Klantnaam",
        [
            InputRequired("Vul een klantnaam in."),
            Length(max=MAX_KLANTNAAM, message=f"Een klantnaam heeft maximaal {MAX_KLANTNAAM} tekens."),
            readable,
        ],
    )

    def validate_klantnaam(self, field: StringField) -> None:
        """Refuse space around it, which clients leave out."""
        if field.data != (field.data or "").strip():
            raise ValidationError("Een klantnaam begint en eindigt niet met een spatie.")


class RotateForm(Form):
    """A new klantcode, and how long the old one stays good."""

    overlap = IntegerField(
        "Dagen dat de oude klantcode geldig blijft",
        [
            InputRequired("Vul een aantal dagen in; 0 is meteen ongeldig."),
            NumberRange(0, MAX_OVERLAP, f"Kies 0 tot en met {MAX_OVERLAP} dagen."),
        ],
    )


@pages.get("/afnemers", endpoint="afnemers")
def overzicht() -> str:
    """List the afnemers."""
    return _show(AfnemerForm())


@pages.post("/afnemers")
def toevoegen() -> _Page:
    """Add an afnemer, and show its klantcode once."""
    form = AfnemerForm(request.form)
    if not form.validate():
        return _show(form), 422
    klantnaam = form.klantnaam.data or ""
    try:
        with portal_context().database.writing() as connection:
            if afnemers.find(connection, klantnaam) is not None:
                add_error(form.klantnaam, "Er is al een afnemer met deze klantnaam.")
                return _show(form), 422
            made, klantcode = afnemers.add(
                connection,
                portal_context().server_keys,
                klantnaam,
                moment(),
                actor=login_session.require_present().login,
            )
    except AfnemerError:
        add_error(form.klantnaam, "Deze klantnaam kan niet.")
        return _show(form), 422
    return render_template("klantcode.html", afnemer=made, klantcode=klantcode, nieuw=True)


@pages.get("/afnemers/<nummer:afnemer_id>")
def afnemer(afnemer_id: int) -> str:
    """Show one afnemer, and what can be done with it."""
    form = RotateForm()
    form.overlap.data = USUAL_OVERLAP
    return _show_one(_find(afnemer_id), form)


@pages.post("/afnemers/<nummer:afnemer_id>")
def vernieuwen(afnemer_id: int) -> _Page:
    """Give an afnemer a new klantcode, and show it once."""
    found = _find(afnemer_id)
    form = RotateForm(request.form)
    if not form.validate():
        return _show_one(found, form), 422
    if request.form.get("bon") != session.pop("bon", ""):
        flash("Dit formulier was al verstuurd. Er is geen tweede klantcode gemaakt.", "let-op")
        return redirect(url_for(".afnemer", afnemer_id=afnemer_id), 303)
    overlap = timedelta(days=form.overlap.data or 0)
    try:
        with portal_context().database.writing() as connection:
            made, klantcode = afnemers.rotate(
                connection,
                portal_context().server_keys,
                found.klantnaam,
                moment(),
                overlap,
                actor=login_session.require_present().login,
            )
    except AfnemerError:
        flash("Deze afnemer is uitgeschakeld. Schakel hem eerst in.", "let-op")
        return redirect(url_for(".afnemer", afnemer_id=afnemer_id), 303)
    return render_template("klantcode.html", afnemer=made, klantcode=klantcode, nieuw=False)


@pages.post("/afnemers/<nummer:afnemer_id>/uitschakelen")
def uitschakelen(afnemer_id: int) -> Response:
    """Refuse every call of an afnemer from now on."""
    return _switch(afnemer_id, afnemers.disable, "{naam} is uitgeschakeld: alle verzoeken worden geweigerd.")


@pages.post("/afnemers/<nummer:afnemer_id>/inschakelen")
def inschakelen(afnemer_id: int) -> Response:
    """Let a disabled afnemer call again."""
    return _switch(afnemer_id, afnemers.enable, "{naam} is ingeschakeld, met de klantcode van voorheen.")


def _switch(afnemer_id: int, act: Callable[..., None], done: str) -> Response:
    found = _find(afnemer_id)
    with portal_context().database.writing() as connection:
        act(connection, found.klantnaam, moment(), actor=login_session.require_present().login)
    flash(done.format(naam=found.klantnaam), "goed")
    return redirect(url_for(".afnemer", afnemer_id=afnemer_id), 303)


def _find(afnemer_id: int) -> Afnemer:
    with portal_context().database.reading() as connection:
        return afnemers.by_id(connection, afnemer_id) or abort(404)


def _show_one(found: Afnemer, form: RotateForm) -> str:
    """Show an afnemer, with a ticket in its form: sent twice, it rotates once, and the code that was shown is good."""
    session["bon"] = secrets.token_urlsafe(12)
    return render_template("afnemer.html", afnemer=found, form=form, bon=session["bon"])


def _show(form: AfnemerForm) -> str:
    with portal_context().database.reading() as connection:
        found = afnemers.list_all(connection)
    offered = {
        one.id: [entry.naam for entry in portal_context().catalogue if entry.afnemer == one.klantnaam] for one in found
    }
    return render_template("afnemers.html", form=form, afnemers=found, aanbod=offered, nu=moment())
