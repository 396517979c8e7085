"""Changing the own password: asks for the present one, ends every other session, and keeps this one."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from uwlr_adapter.gebruikers import accounts, passwords
from uwlr_adapter.gebruikers.hash_queue import BusyError, Rank
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.portal import known_browser, login_session, proof
from uwlr_adapter.portal.account_forms import ChangePasswordForm
from uwlr_adapter.portal.blueprints import ACCOUNT
from uwlr_adapter.portal.context import database, hash_queue, request_source
from uwlr_adapter.portal.error_pages import BUSY, retry_later
from uwlr_adapter.portal.password_link import check_strength

DONE = "Uw wachtwoord is gewijzigd. Andere apparaten zijn uitgelogd."


@ACCOUNT.get("/account/wachtwoord")
@proof.with_password
def show_password() -> ResponseReturnValue:
    """Show the form for another password."""
    return _show(ChangePasswordForm())


@ACCOUNT.post("/account/wachtwoord")
@proof.with_password
def change_password() -> ResponseReturnValue:
    """Store another password, and go on in a new session."""
    gebruiker, form = login_session.require_gebruiker(), ChangePasswordForm(request.form)
    if (refused := proof.refusal(form, gebruiker, _show)) is not None:
        return refused
    if not check_strength(form, gebruiker.login, gebruiker.naam, gebruiker.places):
        return _show(form), 422
    try:
        with hash_queue().place(request_source(), Rank.KNOWN_BROWSER):
            hash_ = passwords.make_hash(str(form.wachtwoord.data))
    except BusyError as error:
        return retry_later(_show(form, BUSY), 503, error.wait)
    with database().writing() as connection:
        if not accounts.change_password(connection, gebruiker.id, gebruiker.session_version, hash_):
            return redirect(url_for("account.start"), 303)  # this session has ended meanwhile
        sentence = "Het wachtwoord van uw account is gewijzigd, door wie ermee ingelogd was."
        proof.tell(connection, gebruiker, Act.PASSWORD_CHANGED, "Uw wachtwoord is gewijzigd", sentence)
        changed = accounts.get(connection, gebruiker.login)
    login_session.renew(changed)
    flash(DONE, "goed")
    response = redirect(url_for("account.show_account"), 303)
    known_browser.remember(response, gebruiker.login)
    return response


def _show(form: ChangePasswordForm, error: str | None = None) -> str:
    return render_template("own_password.html", form=form, error=error)
