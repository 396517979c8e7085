"""The klantcode of an afnemer, replaced by its own users: shown once, after a proof of who asks."""

from datetime import timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from uwlr_adapter.gebruikers import of_afnemer
from uwlr_adapter.gebruikers.errors import NoLongerAllowedError
from uwlr_adapter.koppelingen import afnemers
from uwlr_adapter.koppelingen.afnemers import Afnemer, AfnemerError
from uwlr_adapter.maintenance import announced
from uwlr_adapter.portal import kept_form, link_once, login_session, proof
from uwlr_adapter.portal.account_forms import OwnKlantcodeForm
from uwlr_adapter.portal.afnemer import require_own_afnemer
from uwlr_adapter.portal.blueprints import AFNEMER
from uwlr_adapter.portal.context import database, now, server_keys
from uwlr_adapter.portal.forms import add_error
from uwlr_adapter.portal.operator import USUAL_OVERLAP

ROTATED = "De klantcode is intussen al vernieuwd, door u of een collega. Er is nu niets gewijzigd."


@AFNEMER.get("/klantcode")
def show_klantcode() -> str:
    """Show since when the klantcode holds, with a form to replace it."""
    form = OwnKlantcodeForm()
    form.overlap.data = USUAL_OVERLAP
    kept_form.restore(form)
    return _show(form, None)


@AFNEMER.post("/klantcode")
def rotate_klantcode() -> ResponseReturnValue:
    """Replace the klantcode, and show the new one once."""
    gebruiker, form = login_session.require_gebruiker(), OwnKlantcodeForm(request.form)
    afnemer = _own()
    ticket = form.bon.data or ""
    if not link_once.is_offered(ticket):
        return _show(form, link_once.STALE), 409
    if form.stand.data != afnemer.rotation:  # before a code is used up
        return _shown_again(ticket) or _late()
    if not form.validate() or not _is_confirmed(form, afnemer):
        return _show(form, None), 422
    if (refused := proof.refusal_by_one(form, gebruiker, _show)) is not None:
        return _shown_again(ticket) or refused
    overlap = timedelta(days=form.overlap.data or 0)
    try:
        with database().writing() as connection:
            rotated, klantcode = of_afnemer.rotate(
                connection, server_keys(), gebruiker, now(), overlap, seen=form.stand.data, ticket=ticket
            )
    except (AfnemerError, NoLongerAllowedError):  # of the latter the session has ended, and the next page says that
        return _late()
    return render_template("eigen_klantcode_nieuw.html", afnemer=rotated, klantcode=klantcode)


def _shown_again(ticket: str) -> str | None:
    """Return the page with the new klantcode for a form that is sent a second time at once; None for another one."""
    with database().reading() as connection:
        present = require_own_afnemer(connection)
        klantcode = afnemers.shown_again(connection, server_keys(), present, ticket, now())
    if klantcode is None:
        return None
    return render_template("eigen_klantcode_nieuw.html", afnemer=present, klantcode=klantcode)


def _late() -> ResponseReturnValue:
    flash(ROTATED, "let-op")
    return redirect(url_for(".show_klantcode"), 303)


def _is_confirmed(form: OwnKlantcodeForm, afnemer: Afnemer) -> bool:
    """Return whether no klantcode becomes void at once, or the klantnaam was typed; else add the error."""
    if form.overlap.data and afnemer.overlap_until(now()) is None:
        return True
    if (form.klantnaam.data or "").strip() == afnemer.klantnaam:
        return True
    add_error(form.klantnaam, f"Typ ter bevestiging precies: {afnemer.klantnaam}")
    return False


def _own() -> Afnemer:
    with database().reading() as connection:
        return require_own_afnemer(connection)


def _show(form: OwnKlantcodeForm, error: str | None) -> str:
    gebruiker, afnemer = login_session.require_gebruiker(), _own()
    with database().reading() as connection:
        maintenance = announced.list_open(connection, now())
    overlap_until = afnemer.overlap_until(now())
    form.bon.data = link_once.offer()
    return render_template(
        "eigen_klantcode.html",
        afnemer=afnemer,
        form=form,
        error=error,
        overlap_until=overlap_until,
        asks_name=overlap_until is not None,
        maintenance=maintenance,
        present=now(),
        can_prove=gebruiker.has_totp or gebruiker.has_password,
    )
