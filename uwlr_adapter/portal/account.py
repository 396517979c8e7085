"""The pages of every logged-in user: the start page, how long the session lasts, and logging out."""

from flask import flash, redirect, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from uwlr_adapter.gebruikers import accounts
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.portal import login_session, provider_session
from uwlr_adapter.portal.blueprints import ACCOUNT
from uwlr_adapter.portal.context import database
from uwlr_adapter.portal.vestigingen import overview_of_vestigingen


@ACCOUNT.get("/")
def start() -> ResponseReturnValue:
    """Go to the only page that the user needs, or show the vestigingen of the user."""
    gebruiker = login_session.require_gebruiker()
    if gebruiker.rol is GebruikerRol.OPERATOR and not gebruiker.vestigingen:
        return redirect(url_for("operator.show_start"), 303)
    if gebruiker.rol is GebruikerRol.AFNEMER:
        return redirect(url_for("afnemer.show_koppelingen"), 303)
    if not gebruiker.vestigingen and gebruiker.groepen:
        return redirect(url_for("leerkracht.show_groepen"), 303)
    if len(gebruiker.vestigingen) == 1 and gebruiker.rol is not GebruikerRol.OPERATOR:
        return redirect(url_for("school.show_overview", brin6=gebruiker.vestigingen[0]), 303)
    return overview_of_vestigingen()


@ACCOUNT.get("/sessie")
def show_session() -> dict[str, int]:
    """Return how long the session lasts, in seconds; a page that is open asks, and does not extend it so."""
    return {"seconden": login_session.seconds_left()}


@ACCOUNT.get("/sessie/verder")
def extend_session() -> dict[str, int]:
    """Return how long the session lasts, in seconds, now that it was extended as every page does."""
    return {"seconden": login_session.seconds_left()}


@ACCOUNT.post("/uitloggen")
def log_out() -> Response:
    """End every session of the user, so that a copied cookie is void too; who came by a provider leaves there next."""
    by_password = login_session.is_by_password()
    with database().writing() as connection:
        accounts.end_sessions(connection, login_session.require_gebruiker().id)
    session.clear()
    if not by_password:
        return provider_session.leave()
    flash("U bent uitgelogd.", "goed")
    return redirect(url_for("public.show_login"), 303)
