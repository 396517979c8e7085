"""Logging in without the phone: by a recovery code after the password, else who can help."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.gebruikers import attempts, recovery
from uwlr_adapter.gebruikers.attempts import Factor, TooManyAttemptsError
from uwlr_adapter.gebruikers.second_factor import UnreadableSecretError
from uwlr_adapter.portal import login, login_session, proof
from uwlr_adapter.portal.account_forms import RecoveryForm
from uwlr_adapter.portal.blueprints import PUBLIC
from uwlr_adapter.portal.context import database
from uwlr_adapter.portal.error_pages import retry_later

TOO_LATE = "Vul eerst uw gebruikersnaam en wachtwoord in; daarna kunt u verder zonder telefoon."
WRONG = "Deze herstelcode is niet juist, of al gebruikt."


@PUBLIC.get("/inloggen/telefoon-kwijt")
def show_lost_phone() -> ResponseReturnValue:
    """Show the form for a recovery code, and who can help without one."""
    if login_session.find_half() is None:
        flash(TOO_LATE, "let-op")
        return redirect(url_for(".show_login"), 303)
    return _show(RecoveryForm())


@PUBLIC.post("/inloggen/telefoon-kwijt")
def log_in_by_recovery_code() -> ResponseReturnValue:
    """Use up a recovery code and log in; wrong ones are counted with those of the app."""
    half = login_session.find_half()
    if half is None:
        flash(TOO_LATE, "let-op")
        return redirect(url_for(".show_login"), 303)
    form = RecoveryForm(request.form)
    if not form.validate():
        return _show(form), 422
    attempt = login.attempt_of(half.gebruiker.login)
    try:
        login.begin(attempt, Factor.CODE)
        is_right = proof.use_recovery_code(half.gebruiker, str(form.code.data))
    except TooManyAttemptsError as error:
        return retry_later(_show(form, login.too_often(error)), 429, error.wait)
    except UnreadableSecretError:
        return _show(form, login.SECRET_LOST), 403
    if not is_right:
        with database().writing() as connection:
            attempts.fail(connection, attempt, Factor.CODE)
        return _show(form, WRONG), 403
    response = login.enter(half.gebruiker, half.next_path, attempt, Factor.CODE, half.opened)
    with database().reading() as connection:
        left = recovery.count(connection, half.gebruiker.id)
    flash(
        f"U bent ingelogd met een herstelcode. U hebt er nog {count_noun(left, 'over', 'over')}. Komt uw telefoon niet "
        "terug, klik dan op uw naam en vernieuw de tweede stap.",
        "let-op",
    )
    return response


def _show(form: RecoveryForm, error: str | None = None) -> str:
    return render_template("lost_phone.html", form=form, error=error)
