"""The pages for everybody: log in, with the second factor, and set a password with a one-time link.

A wrong login and a wrong password look the same and cost the same. An attempt that comes too early is refused at once,
for this address only.
"""

from datetime import timedelta
from threading import BoundedSemaphore

from flask import Blueprint, flash, make_response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from uwlr_adapter.gebruikers import accounts as gebruikers
from uwlr_adapter.gebruikers import attempts, passwords, second_factor
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.gebruikers.attempts import Attempt, TooManyAttemptsError
from uwlr_adapter.gebruikers.errors import InvalidLinkError, WeakPasswordError
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.context import moment, portal_context, source_of_request
from uwlr_adapter.portal.forms import LoginForm, PasswordForm, TotpForm
from uwlr_adapter.portal.guard import PUBLIC
from uwlr_adapter.portal.paths import local_path
from uwlr_adapter.portal.wording import wachttijd

WRONG = "De gebruikersnaam of het wachtwoord is niet juist."
WRONG_CODE = "Deze code is niet juist, of al gebruikt. Wacht op de volgende code in uw app en vul die in."
SECRET_LOST = "Uw tweede stap kan niet worden gecontroleerd. Vraag de beheerder om uw account opnieuw in te stellen."  # noqa: S105 - a sentence
BUSY = "Er loggen op dit moment veel mensen tegelijk in. Probeer het over een paar seconden opnieuw."
BUSY_WAIT = timedelta(seconds=2)
MAX_HASHES = 2
"""Passwords that a process checks at once: each takes 64 MB and a thread, and platforms fetch in the same process."""

_at_work = BoundedSemaphore(MAX_HASHES)
pages = Blueprint(PUBLIC, __name__)


@pages.get("/inloggen")
def inloggen() -> Response | str:
    """Show the form to log in."""
    if login_session.present() is not None:
        return redirect(url_for("account.start"), 303)
    return render_template("inloggen.html", form=LoginForm(), fout=None)


@pages.post("/inloggen")
def inloggen_post() -> Response | str | tuple[str, int]:
    """Log in, or go on to the second factor."""
    form = LoginForm(request.form)
    if not form.validate():
        return render_template("inloggen.html", form=form, fout=None), 422
    next_path = local_path(request.args.get("verder"))
    login, secret = str(form.login.data), str(form.wachtwoord.data)
    attempt = attempts.attempt_of(portal_context().server_keys, login, source_of_request())
    if not _at_work.acquire(blocking=False):
        return _too_often(render_template("inloggen.html", form=form, fout=BUSY), TooManyAttemptsError(BUSY_WAIT))
    try:
        _begin(attempt)
        with portal_context().database.reading() as connection:
            found = gebruikers.authenticate(connection, login, secret)
    except TooManyAttemptsError as error:
        return _too_often(render_template("inloggen.html", form=form, fout=_sentence(error)), error)
    finally:
        _at_work.release()
    if found is None:
        return render_template("inloggen.html", form=form, fout=WRONG), 403
    with portal_context().database.writing() as connection:
        gebruikers.refresh_hash(connection, found.id, secret)
        if found.has_totp:
            attempts.undo(connection, attempt)
        else:
            attempts.succeed(connection, attempt)
    if found.has_totp:
        login_session.start_half(found, next_path)
        return redirect(url_for(".tweede_stap"), 303)
    return _enter(found, next_path)


@pages.get("/inloggen/tweede-stap")
def tweede_stap() -> Response | str:
    """Ask for the code of the app."""
    if login_session.half() is None:
        return redirect(url_for(".inloggen"), 303)
    return render_template("tweede_stap.html", form=TotpForm(), fout=None)


@pages.post("/inloggen/tweede-stap")
def tweede_stap_post() -> Response | str | tuple[str, int]:
    """Check the code of the app; each one is good once."""
    half = login_session.half()
    if half is None:
        flash("Dat duurde te lang. Log opnieuw in.", "let-op")
        return redirect(url_for(".inloggen"), 303)
    form = TotpForm(request.form)
    if not form.validate():
        return render_template("tweede_stap.html", form=form, fout=None), 422
    attempt = attempts.attempt_of(portal_context().server_keys, half.gebruiker.login, source_of_request())
    try:
        _begin(attempt)
        good = _use_code(half.gebruiker, str(form.code.data))
    except TooManyAttemptsError as error:
        return _too_often(render_template("tweede_stap.html", form=form, fout=_sentence(error)), error)
    except second_factor.UnreadableSecretError:
        return render_template("tweede_stap.html", form=form, fout=SECRET_LOST), 403
    if not good:
        return render_template("tweede_stap.html", form=form, fout=WRONG_CODE), 403
    with portal_context().database.writing() as connection:
        attempts.succeed(connection, attempt)
    return _enter(half.gebruiker, half.next_path)


@pages.get("/wachtwoord/<token>")
def wachtwoord_kiezen(token: str) -> str | tuple[str, int]:
    """Show the form to set a password, when the link is good."""
    try:
        with portal_context().database.reading() as connection:
            found = gebruikers.by_link(connection, token, moment())
    except InvalidLinkError:
        return render_template("link_ongeldig.html"), 404
    return render_template("wachtwoord.html", form=PasswordForm(), eigenaar=found)


@pages.post("/wachtwoord/<token>")
def wachtwoord_kiezen_post(token: str) -> Response | tuple[str, int]:
    """Set the password; the link is used up, and every session of the user has ended."""
    form = PasswordForm(request.form)
    try:
        with portal_context().database.reading() as connection:
            found = gebruikers.by_link(connection, token, moment())
        if not (form.validate() and _is_good(form, found)):
            return render_template("wachtwoord.html", form=form, eigenaar=found), 422
        hash_ = passwords.make_hash(str(form.wachtwoord.data))
        with portal_context().database.writing() as connection:
            gebruikers.set_password(connection, token, hash_, moment())
    except InvalidLinkError:
        return render_template("link_ongeldig.html"), 404
    session.clear()
    flash("Uw wachtwoord is ingesteld. Log nu in.", "goed")
    return redirect(url_for(".inloggen"), 303)


def _begin(attempt: Attempt) -> None:
    with portal_context().database.writing() as connection:
        attempts.begin(connection, attempt, moment())


def _use_code(gebruiker: Gebruiker, code: str) -> bool:
    """Use up a code of the app; the secret is sealed anew, so that an old server key may go one day."""
    server_keys = portal_context().server_keys
    with portal_context().database.writing() as connection:
        sealed, last = gebruikers.totp_of(connection, gebruiker.id)
        if sealed is None:
            return False
        secret = second_factor.unseal(server_keys, sealed)
        step = second_factor.find_step(secret, code, moment(), last)
        return step is not None and gebruikers.use_step(
            connection, gebruiker.id, step, second_factor.seal(server_keys, secret)
        )


def _enter(gebruiker: Gebruiker, next_path: str | None) -> Response:
    login_session.start(gebruiker)
    return redirect(next_path or url_for("account.start"), 303)


def _is_good(form: PasswordForm, owner: Gebruiker) -> bool:
    try:
        passwords.require_good(str(form.wachtwoord.data), owner.login, owner.naam)
    except WeakPasswordError as error:
        form.wachtwoord.errors = [str(error)]
        return False
    return True


def _sentence(error: TooManyAttemptsError) -> str:
    return f"U hebt te vaak iets onjuists ingevuld. Probeer het over {wachttijd(error.wait)} opnieuw."


def _too_often(page: str, error: TooManyAttemptsError) -> Response:
    response = make_response(page, 429)
    response.headers["Retry-After"] = str(-int(-error.wait.total_seconds() // 1))
    return response
