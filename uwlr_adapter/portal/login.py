"""Logging in: login and password, then the code of the second factor.

An unknown login and a wrong password look the same and take the same time. After failed attempts, further ones are
refused until a waiting time has passed; see `gebruikers.attempts`. Hashing waits in `gebruikers.hash_queue`.
"""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.gebruikers import accounts, attempts, new_browsers, passwords, second_factor
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.gebruikers.attempts import Attempt, Factor, TooManyAttemptsError, UntoldFailures
from uwlr_adapter.gebruikers.hash_queue import BusyError, Rank
from uwlr_adapter.portal import known_browser, login_session
from uwlr_adapter.portal.blueprints import PUBLIC
from uwlr_adapter.portal.context import database, hash_queue, now, request_source, server_keys
from uwlr_adapter.portal.error_pages import BUSY, retry_later
from uwlr_adapter.portal.forms import LoginForm, TotpForm
from uwlr_adapter.portal.paths import local_path
from uwlr_adapter.portal.provider_session import ProviderSession
from uwlr_adapter.portal.wording import duration

WRONG = "De gebruikersnaam of het wachtwoord is niet juist."
WRONG_CODE = "Deze code is niet juist, of al gebruikt. Wacht op de volgende code in uw app en vul die in."
SECRET_LOST = "Uw tweede stap kan niet worden gecontroleerd. Vraag de beheerder om uw account opnieuw in te stellen."  # noqa: S105 - a sentence


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
    attempt = attempt_of(login)
    try:
        gebruiker = check_password(attempt, password)
    except TooManyAttemptsError as error:
        return retry_later(_show(form, too_often(error)), 429, error.wait)
    except BusyError as error:
        return retry_later(_show(form, BUSY), 503, error.wait)
    if gebruiker is None:
        return _show(form, WRONG), 403
    if gebruiker.has_totp:
        with database().writing() as connection:
            attempts.undo(connection, attempt, Factor.PASSWORD)
        login_session.start_half(gebruiker, next_path)
        return redirect(url_for(".show_totp"), 303)
    return enter(gebruiker, next_path, attempt, Factor.PASSWORD)


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
    attempt = attempt_of(half.gebruiker.login)
    try:
        begin(attempt, Factor.CODE)
        accepted = use_code(half.gebruiker, str(form.code.data))
    except TooManyAttemptsError as error:
        return retry_later(_show_totp(form, too_often(error)), 429, error.wait)
    except second_factor.UnreadableSecretError:
        return _show_totp(form, SECRET_LOST), 403
    if not accepted:
        with database().writing() as connection:
            attempts.fail(connection, attempt, Factor.CODE)
        return _show_totp(form, WRONG_CODE), 403
    return enter(half.gebruiker, half.next_path, attempt, Factor.CODE, half.opened)


def _show(form: LoginForm, error: str | None = None) -> str:
    return render_template("login.html", form=form, error=error)


def _show_totp(form: TotpForm, error: str | None = None) -> str:
    return render_template("login_totp.html", form=form, error=error)


def attempt_of(login: str) -> Attempt:
    """Return the attempt of this request."""
    return Attempt.of(server_keys(), login, request_source(), known_browser.find_browser(login))


def begin(attempt: Attempt, factor: Factor) -> None:
    """Count an attempt before it is checked. Raises TooManyAttemptsError."""
    with database().writing() as connection:
        attempts.begin(connection, attempt, factor, now())


def check_password(attempt: Attempt, password: str) -> Gebruiker | None:
    """Return the user when the password is right, else None. Raises TooManyAttemptsError or BusyError.

    An attempt that comes too early takes no place in the queue, and one that finds no place is not counted.
    """
    with database().reading() as connection:
        failures = attempts.failures_of(connection, attempt, Factor.PASSWORD, now())
    unknown = Rank.FAILED if failures else Rank.NO_FAILURE
    rank = unknown if attempt.browser is None else Rank.KNOWN_BROWSER
    with hash_queue().place(attempt.share, rank):
        begin(attempt, Factor.PASSWORD)
        with database().reading() as connection:
            gebruiker = accounts.authenticate(connection, attempt.login, password)
            stored = accounts.password_hash_of(connection, attempt.login)
        if gebruiker is None:
            with database().writing() as connection:
                attempts.fail(connection, attempt, Factor.PASSWORD)
        elif stored is not None and (renewed := passwords.renewed(stored, password)) is not None:
            with database().writing() as connection:
                accounts.replace_hash(connection, gebruiker.id, stored, renewed)
    return gebruiker


def use_code(gebruiker: Gebruiker, code: str) -> bool:
    """Use up a code of the authenticator app; return whether it was valid. Raises UnreadableSecretError.

    A secret that is sealed under an older server key is sealed anew, so that older keys can be retired.
    """
    with database().writing() as connection:
        sealed, last_step = accounts.totp_of(connection, gebruiker.id)
        if sealed is None:
            return False
        secret = second_factor.unseal(server_keys(), sealed)
        step = second_factor.find_step(secret, code, now(), last_step)
        return step is not None and accounts.use_step(
            connection, gebruiker.id, step, sealed, second_factor.renewed(server_keys(), sealed, secret)
        )


def enter_by_provider(gebruiker: Gebruiker, next_path: str | None, opened: ProviderSession) -> Response:
    """Log a user in whom the provider knows, or go on to the second factor where that is still to come."""
    if gebruiker.has_totp and not opened.has_second_factor:
        login_session.start_half(gebruiker, next_path, opened)
        return redirect(url_for("public.show_totp"), 303)
    return enter(gebruiker, next_path, None, Factor.PASSWORD, opened)


def enter(
    gebruiker: Gebruiker,
    next_path: str | None,
    attempt: Attempt | None,
    factor: Factor,
    opened: ProviderSession | None = None,
) -> Response:
    """Log a user in, in a browser that is known from now on, and tell of the failures since the login before.

    A login from a browser that was not known is noted: a job tells its user by mail. One at the provider is no attempt,
    `attempt` is None, and opens no lane: the failures at the password are told at the next login with it.
    """
    is_known = known_browser.find_browser(gebruiker.login) is not None
    with database().writing() as connection:
        failures = UntoldFailures(0, 0) if attempt is None else attempts.succeed(connection, attempt, factor)
        accounts.note_login(connection, gebruiker.id, now())
        if not is_known:
            new_browsers.note(connection, gebruiker.id, now())
    login_session.start(gebruiker, opened)
    if any(failures):
        flash(_told(failures), "let-op")
    response = redirect(next_path or url_for("account.start"), 303)
    known_browser.remember(response, gebruiker.login)
    return response


def too_often(error: TooManyAttemptsError) -> str:
    """Return what somebody reads whose attempt came too early."""
    return f"U hebt te vaak iets onjuists ingevuld. Probeer het over {duration(error.wait)} opnieuw."


def _told(failures: UntoldFailures) -> str:
    """Return what the owner of an account reads of failures; a wrong code follows a right password."""
    counts = ((failures.passwords, "een verkeerd wachtwoord"), (failures.codes, "een verkeerde code"))
    told = " en ".join(f"{count_noun(number, 'keer', 'keer')} {what}" for number, what in counts if number)
    sentence = f"Sinds uw vorige bezoek is er {told} ingevuld."
    if failures.codes:
        return (
            f"{sentence} Wie een verkeerde code invulde, kende uw wachtwoord. Was u dat niet zelf, vraag de beheerder "
            "dan om een nieuw wachtwoord."
        )
    return f"{sentence} Was u dat niet zelf, dan probeert iemand op uw naam in te loggen."
