"""Asking the user of a session for the own password or second factor again, before an act on the own account.

Wrong ones are counted as those of a login are, so that a session that was left open helps nobody to guess.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import sqlalchemy as sa
from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from wtforms import Form

from uwlr_adapter.gebruikers import accounts, attempts, recovery, second_factor
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.gebruikers.attempts import Attempt, Factor, TooManyAttemptsError
from uwlr_adapter.gebruikers.hash_queue import BusyError
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.journaal.writer import record_gebruiker_act
from uwlr_adapter.mail.telling import tell_owner
from uwlr_adapter.mail.words import account_letter
from uwlr_adapter.portal import login, login_session
from uwlr_adapter.portal.account_forms import ChangePasswordForm, OwnKlantcodeForm, OwnPasswordForm, RenewForm
from uwlr_adapter.portal.context import database, has_mail, now, server_keys
from uwlr_adapter.portal.error_pages import BUSY, retry_later
from uwlr_adapter.portal.forms import add_error

P = ParamSpec("P")
WRONG_PASSWORD = "Dit is niet uw wachtwoord."  # noqa: S105 - a sentence
WRONG_CODE = "Deze code is niet juist, of al gebruikt."


def with_password(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Return a view that leads a user without a password to the own account, which says what to do instead."""

    @wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if login_session.require_gebruiker().has_password:
            return view(*args, **kwargs)
        return redirect(url_for("account.show_account"), 303)

    return checked


def refusal(
    form: OwnPasswordForm | ChangePasswordForm | RenewForm,
    gebruiker: Gebruiker,
    show: Callable[[Any, str | None], str],
) -> ResponseReturnValue | None:
    """Return the page that refuses a form which proves who its user is; None when all that it asks for is right.

    `show` returns the page of the form, with a sentence above it.
    """
    if not form.validate():
        return show(form, None), 422

    def check() -> None:
        if not has_password(gebruiker, str(form.huidig.data)):
            add_error(form.huidig, WRONG_PASSWORD)
        elif isinstance(form, RenewForm) and not has_second_factor(gebruiker, str(form.code.data)):
            add_error(form.code, WRONG_CODE)

    return _refusal_of(form, check, show)


def refusal_by_one(
    form: OwnKlantcodeForm, gebruiker: Gebruiker, show: Callable[[Any, str | None], str]
) -> ResponseReturnValue | None:
    """Return the page that refuses a valid form which brings one proof of who its user is; None when that is right.

    The proof is a code of the second factor, or the password of a user without one.
    """

    def check() -> None:
        if gebruiker.has_totp:
            if not has_second_factor(gebruiker, form.code.data or ""):
                add_error(form.code, WRONG_CODE)
        elif not has_password(gebruiker, form.huidig.data or ""):
            add_error(form.huidig, WRONG_PASSWORD)

    return _refusal_of(form, check, show)


def _refusal_of(
    form: Form, check: Callable[[], None], show: Callable[[Any, str | None], str]
) -> ResponseReturnValue | None:
    """Return the page that refuses a form after a check, which adds an error to it; None when it adds none."""
    try:
        check()
    except TooManyAttemptsError as error:
        return retry_later(show(form, login.too_often(error)), 429, error.wait)
    except BusyError as error:
        return retry_later(show(form, BUSY), 503, error.wait)
    except second_factor.UnreadableSecretError:
        return show(form, login.SECRET_LOST), 403
    return (show(form, None), 422) if form.errors else None


def has_password(gebruiker: Gebruiker, password: str) -> bool:
    """Return whether this is the password of a user. Raises TooManyAttemptsError or BusyError."""
    attempt = login.attempt_of(gebruiker.login)
    if login.check_password(attempt, password) is None:
        return False
    _undo(attempt, Factor.PASSWORD)
    return True


def has_second_factor(gebruiker: Gebruiker, typed: str) -> bool:
    """Use up a code of the app or a recovery code; return whether it was good.

    Raises TooManyAttemptsError or UnreadableSecretError.
    """
    attempt = login.attempt_of(gebruiker.login)
    login.begin(attempt, Factor.CODE)
    use = use_recovery_code if recovery.looks_like_one(typed) else login.use_code
    if use(gebruiker, typed):
        _undo(attempt, Factor.CODE)
        return True
    with database().writing() as connection:
        attempts.fail(connection, attempt, Factor.CODE)
    return False


def use_recovery_code(gebruiker: Gebruiker, typed: str) -> bool:
    """Use up a recovery code and tell its owner; return whether it was good. Raises UnreadableSecretError."""
    with database().writing() as connection:
        sealed, _ = accounts.totp_of(connection, gebruiker.id)
        if sealed is None:
            return False
        if not recovery.use(connection, gebruiker.id, second_factor.unseal(server_keys(), sealed), typed):
            return False
        left = recovery.count(connection, gebruiker.id)
        sentence = f"Met uw account is een herstelcode gebruikt. Herstelcodes die nog goed zijn: {left}."
        tell(connection, gebruiker, Act.RECOVERY_CODE_USED, "Een herstelcode is gebruikt", sentence)
    return True


def tell(connection: sa.Connection, gebruiker: Gebruiker, act: Act, subject: str, sentence: str) -> None:
    """Record an act of a user on the own account, and tell it to that user by mail."""
    record(connection, gebruiker, act)
    if has_mail():
        cause = f"{act.name.lower()}:{int(now().timestamp())}"
        tell_owner(connection, gebruiker.id, cause, account_letter(subject, sentence), now())


def record(connection: sa.Connection, gebruiker: Gebruiker, act: Act) -> None:
    """Record an act of a user on the own account at every vestiging of it, also when the session is narrowed."""
    login = gebruiker.login
    every = accounts.get(connection, login).places
    record_gebruiker_act(connection, moment=now(), act=act, login=login, brin6s=every, actor=login)


def _undo(attempt: Attempt, factor: Factor) -> None:
    with database().writing() as connection:
        attempts.undo(connection, attempt, factor)
