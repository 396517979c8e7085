"""Setting a password by the one-time link that the operator hands out."""

from collections.abc import Collection

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from uwlr_adapter.administratie.schools import list_vestigingen
from uwlr_adapter.gebruikers import accounts, passwords
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.gebruikers.errors import WeakPasswordError
from uwlr_adapter.gebruikers.hash_queue import BusyError, Rank
from uwlr_adapter.portal import known_browser
from uwlr_adapter.portal.blueprints import PUBLIC
from uwlr_adapter.portal.context import database, hash_queue, now, request_source
from uwlr_adapter.portal.error_pages import BUSY, retry_later
from uwlr_adapter.portal.forms import PasswordForm


@PUBLIC.get("/wachtwoord/<token>")
def show_password(token: str) -> ResponseReturnValue:
    """Show the form to set a password, when the link is valid."""
    return _show(PasswordForm(), _find_owner(token))


@PUBLIC.post("/wachtwoord/<token>")
def set_password(token: str) -> ResponseReturnValue:
    """Set the password, which uses up the link and ends every session of the user."""
    form = PasswordForm(request.form)
    try:
        owner = _find_owner(token)
        if not (form.validate() and check_strength(form, owner.login, owner.naam, owner.places)):
            return _show(form, owner), 422
        with hash_queue().place(request_source(), Rank.KNOWN_BROWSER):  # the link is proof enough
            hash_ = passwords.make_hash(str(form.wachtwoord.data))
        with database().writing() as connection:
            accounts.set_password(connection, token, hash_, now())
    except BusyError as error:
        return retry_later(_show(form, owner, BUSY), 503, error.wait)
    session.clear()
    flash("Uw wachtwoord is ingesteld. Log nu in.", "goed")
    response = redirect(url_for(".show_login"), 303)
    known_browser.remember(response, owner.login)
    return response


def _find_owner(token: str) -> Gebruiker:
    """Return the user of a link. Raises InvalidLinkError."""
    with database().reading() as connection:
        return accounts.by_link(connection, token, now())


def check_strength(form: PasswordForm, login: str, naam: str, brin6s: Collection[str]) -> bool:
    """Return whether the password is strong enough for a user; set the error of its field when it is not."""
    try:
        passwords.require_good(str(form.wachtwoord.data), login, naam, _schools(brin6s))
    except WeakPasswordError as error:
        form.wachtwoord.errors = [str(error)]
        return False
    return True


def _schools(brin6s: Collection[str]) -> list[str]:
    """Return the names, brincodes and brin6s of some vestigingen."""
    with database().reading() as connection:
        own = [one for one in list_vestigingen(connection) if one.brin6 in brin6s]
    return [text for one in own for text in (one.naam, one.brincode, one.brin6)]


def _show(form: PasswordForm, owner: Gebruiker, error: str | None = None) -> str:
    return render_template("password.html", form=form, owner=owner, error=error)
