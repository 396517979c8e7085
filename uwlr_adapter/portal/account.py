"""The pages of every user: where to begin, the second factor, and logging out."""

from dataclasses import dataclass

import segno
import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from uwlr_adapter.administratie.schools import list_vestigingen
from uwlr_adapter.gebruikers import accounts as gebruikers
from uwlr_adapter.gebruikers import second_factor
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.journaal import search
from uwlr_adapter.journaal.model import OutcomeKind
from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.context import moment, portal_context
from uwlr_adapter.portal.forms import TotpForm
from uwlr_adapter.portal.guard import ACCOUNT
from uwlr_adapter.portal.overview import name_of

WRONG_CODE = "Deze code is niet juist. Controleer of de klok van uw telefoon goed staat en vul de nieuwe code in."


@dataclass(frozen=True, slots=True)
class Summary:
    """How one vestiging stands, for who looks after several."""

    koppelingen: int
    attention: tuple[str, ...]


pages = Blueprint(ACCOUNT, __name__)


@pages.get("/", endpoint="start")
def start() -> Response | str:
    """Go to the one vestiging of the user, or let a user with several choose."""
    gebruiker = login_session.require_present()
    if gebruiker.rol is GebruikerRol.OPERATOR and not gebruiker.vestigingen:
        return redirect(url_for("beheer.afnemers"), 303)
    if len(gebruiker.vestigingen) == 1 and gebruiker.rol is not GebruikerRol.OPERATOR:
        return redirect(url_for("school.overzicht", brin6=gebruiker.vestigingen[0]), 303)
    with portal_context().database.reading() as connection:
        own = [one for one in list_vestigingen(connection) if one.brin6 in gebruiker.vestigingen]
        together = [(one, _summary(connection, one.brin6)) for one in own]
    return render_template("vestigingen.html", vestigingen=together)


@pages.get("/tweede-factor")
def tweede_factor() -> Response | str:
    """Show the secret of a new second factor, as a QR code and as text."""
    if login_session.require_present().has_totp:
        return redirect(url_for(".start"), 303)
    return _show_secret(TotpForm())


@pages.post("/tweede-factor")
def tweede_factor_post() -> Response | str | tuple[str, int]:
    """Store the second factor, when its first code is right."""
    gebruiker = login_session.require_present()
    sealed = session.get("totp")
    form = TotpForm(request.form)
    if sealed is None or gebruiker.has_totp:
        return redirect(url_for(".start"), 303)
    if not form.validate():
        return _show_secret(form), 422
    secret = second_factor.unseal(portal_context().server_keys, sealed)
    step = second_factor.find_step(secret, str(form.code.data), moment(), None)
    if step is None:
        form.code.errors = [WRONG_CODE]
        return _show_secret(form), 422
    with portal_context().database.writing() as connection:
        gebruikers.set_totp(connection, gebruiker.id, sealed, step)
    session.pop("totp")
    flash("De tweede stap is ingesteld. Voortaan vraagt het inloggen ook een code uit uw app.", "goed")
    return redirect(url_for(".start"), 303)


@pages.post("/uitloggen")
def uitloggen() -> Response:
    """End every session of the user, so that a copy of the cookie is worth nothing."""
    with portal_context().database.writing() as connection:
        gebruikers.end_sessions(connection, login_session.require_present().id)
    session.clear()
    flash("U bent uitgelogd.", "goed")
    return redirect(url_for("openbaar.inloggen"), 303)


def _summary(connection: sa.Connection, brin6: str) -> Summary:
    """Give how the koppelingen of a vestiging stand: how many carry data, and which need a look."""
    living = [one for one in store.list_living(connection, brin6) if one.afnemer_id is not None]
    attention = []
    for one in living:
        last = search.last_call(connection, one.id)
        if one.status is Status.GEPAUZEERD:
            attention.append(f"{name_of(one)}: gepauzeerd")
        elif last is not None and last.outcome_kind is OutcomeKind.REFUSED:
            attention.append(f"{name_of(one)}: laatste poging geweigerd")
    return Summary(len(living), tuple(attention))


def _show_secret(form: TotpForm) -> str:
    """Show the form with the secret of this session, made now when there is none; the cookie holds it sealed."""
    server_keys = portal_context().server_keys
    if "totp" not in session:
        session["totp"] = second_factor.seal(server_keys, second_factor.make_secret())
    secret = second_factor.unseal(server_keys, session["totp"])
    code = segno.make(second_factor.uri(secret, login_session.require_present().login))
    qr = code.svg_inline(scale=5, border=2, title="QR-code voor uw app", svgclass="qr", lineclass=None, omitsize=True)
    groups = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    return render_template("tweede_factor.html", form=form, qr=Markup(qr), geheim=groups)  # noqa: S704 - made here
