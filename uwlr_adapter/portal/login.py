"""Logging in: login and password, then the code of the second factor.

An unknown login and a wrong password look the same and take the same time. After failed attempts, further ones are
refused until a waiting time has passed; see `gebruikers.attempts`.
"""

from datetime import timedelta
from threading import BoundedSemaphore

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from uwlr_adapter.gebruikers import accounts, attempts, second_factor
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.gebruikers.attempts import Attempt, TooManyAttemptsError
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.blueprints import PUBLIC
from uwlr_adapter.portal.context import database, now, request_address, server_keys
from uwlr_adapter.portal.forms import LoginForm, TotpForm
from uwlr_adapter.portal.paths import local_path
from uwlr_adapter.portal.wording import duration

WRONG = "De gebruikersnaam of het wachtwoord is niet juist."
WRONG_CODE = "Deze code is niet juist, of al gebruikt. Wacht op de volgende code in uw app en vul die in."
SECRET_LOST = "Uw tweede stap kan niet worden gecontroleerd. Vraag de beheerder om uw account opnieuw in te stellen."  # noqa: S105 - a sentence
BUSY = "Er loggen op dit moment veel mensen tegelijk in. Probeer het over een paar seconden opnieuw."
BUSY_WAIT = timedelta(seconds=2)
MAX_HASHES = 2
"""Passwords hashed at once in a process: each takes 64 MB and a thread of the process that also serves platforms."""

_hash_slots = BoundedSemaphore(MAX_HASHES)


@PUBLIC.get("/inloggen")
def show_login() -> ResponseReturnValue:
    """Show the login form."""
    if login_session.find_gebruiker() is not None:
        return redirect(url_for("account.start"), 303)
    return _show(LoginForm())


@PUBLIC.post("/inloggen")
def log_in() -> ResponseReturnValue:
    """Check login and password; log in, or go on to the second factor."""
    form = LoginForm(request.form)
    if not form.validate():
        return _show(form), 422
    next_path = local_path(request.args.get("verder"))
    login, password = str(form.login.data), str(form.wachtwoord.data)
    attempt = attempts.attempt_of(server_keys(), login, request_address())
    if not _hash_slots.acquire(blocking=False):
        return _too_many(_show(form, BUSY), TooManyAttemptsError(BUSY_WAIT))
    try:
        _begin(attempt)
        with database().reading() as connection:
            gebruiker = accounts.authenticate(connection, login, password)
    except TooManyAttemptsError as error:
        return _too_many(_show(form, _sentence(error)), error)
    finally:
        _hash_slots.release()
    if gebruiker is None:
        return _show(form, WRONG), 403
    with database().writing() as connection:
        accounts.refresh_hash(connection, gebruiker.id, password)
        if gebruiker.has_totp:
            attempts.undo(connection, attempt)
        else:
            attempts.succeed(connection, attempt)
    if gebruiker.has_totp:
        login_session.start_half(gebruiker, next_path)
        return redirect(url_for(".show_totp"), 303)
    return _enter(gebruiker, next_path)


@PUBLIC.get("/inloggen/tweede-stap")
def show_totp() -> ResponseReturnValue:
    """Show the form for the code of the second factor."""
    if login_session.find_half() is None:
        return redirect(url_for(".show_login"), 303)
    return _show_totp(TotpForm())


@PUBLIC.post("/inloggen/tweede-stap")
def check_totp() -> ResponseReturnValue:
    """Check the code of the second factor and log in; each code is accepted once."""
    half = login_session.find_half()
    if half is None:
        flash("Dat duurde te lang. Log opnieuw in.", "let-op")
        return redirect(url_for(".show_login"), 303)
    form = TotpForm(request.form)
    if not form.validate():
        return _show_totp(form), 422
    attempt = attempts.attempt_of(server_keys(), half.gebruiker.login, request_address())
    try:
        _begin(attempt)
        accepted = _use_code(half.gebruiker, str(form.code.data))
    except TooManyAttemptsError as error:
        return _too_many(_show_totp(form, _sentence(error)), error)
    except second_factor.UnreadableSecretError:
        return _show_totp(form, SECRET_LOST), 403
    if not accepted:
        return _show_totp(form, WRONG_CODE), 403
    with database().writing() as connection:
        attempts.succeed(connection, attempt)
    return _enter(half.gebruiker, half.next_path)


def _show(form: LoginForm, error: str | None = None) -> str:
    return render_template("login.html", form=form, error=error)


def _show_totp(form: TotpForm, error: str | None = None) -> str:
    return render_template("login_totp.html", form=form, error=error)


def _begin(attempt: Attempt) -> None:
    """Count an attempt before it is checked. Raises TooManyAttemptsError."""
    with database().writing() as connection:
        attempts.begin(connection, attempt, now())


def _use_code(gebruiker: Gebruiker, code: str) -> bool:
    """Use up a code of the authenticator app; return whether it was valid. Raises UnreadableSecretError.

    The secret is sealed again with the newest server key, so that older keys can be retired.
    """
    with database().writing() as connection:
        sealed, last_step = accounts.totp_of(connection, gebruiker.id)
        if sealed is None:
            return False
        secret = second_factor.unseal(server_keys(), sealed)
        step = second_factor.find_step(secret, code, now(), last_step)
        return step is not None and accounts.use_step(
            connection, gebruiker.id, step, second_factor.seal(server_keys(), secret)
        )


def _enter(gebruiker: Gebruiker, next_path: str | None) -> Response:
    login_session.start(gebruiker)
    return redirect(next_path or url_for("account.start"), 303)


def _sentence(error: TooManyAttemptsError) -> str:
    return f"U hebt te vaak iets onjuists ingevuld. Probeer het over {duration(error.wait)} opnieuw."


def _too_many(page: str, error: TooManyAttemptsError) -> Response:
    response = make_response(page, 429)
    response.headers["Retry-After"] = str(-int(-error.wait.total_seconds() // 1))
    return response
