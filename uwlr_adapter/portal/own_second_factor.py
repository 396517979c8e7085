"""The own second factor: setting it up, renewing it, and the recovery codes for who has no phone at hand."""

from contextlib import suppress

import segno
from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from uwlr_adapter.gebruikers import accounts, recovery, second_factor
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.portal import login_session, proof
from uwlr_adapter.portal.account_forms import OwnPasswordForm, RenewForm
from uwlr_adapter.portal.blueprints import ACCOUNT
from uwlr_adapter.portal.context import database, now, server_keys
from uwlr_adapter.portal.forms import TotpForm
from uwlr_adapter.portal.login import SECRET_LOST

WRONG_CODE = "Deze code is niet juist. Controleer of de klok van uw telefoon goed staat en vul de nieuwe code in."
SET_UP = Markup(
    "De tweede stap is ingesteld. Voortaan vraagt het inloggen ook een code uit uw app. "
    '<a href="{}">Maak nu ook herstelcodes</a>, voor als u uw telefoon kwijtraakt.'
)
RENEWED = "De tweede stap is vernieuwd. Andere apparaten zijn uitgelogd. Maak nu ook nieuwe herstelcodes."
MAX_RENEWAL = 600
"""Seconds within which a second factor is renewed after password and code were given (exclusive)."""
_TOTP = "totp"
"""The key in the session of the sealed secret of a second factor that is being set up."""
_RENEWS = "vernieuwt"
"""The key in the session of the moment at which password and code were given, in seconds since 1970."""


@ACCOUNT.get("/tweede-factor")
def show_totp_setup() -> ResponseReturnValue:
    """Show the secret of a new second factor, as a QR code, as a link for this phone, and as text."""
    gebruiker = login_session.require_gebruiker()
    if gebruiker.has_totp and not _may_renew():
        return redirect(url_for(".start"), 303)
    return _show_setup(TotpForm())


@ACCOUNT.post("/tweede-factor")
def set_up_totp() -> ResponseReturnValue:
    """Store the second factor when its first code is right; one that is renewed takes the place of the old one."""
    gebruiker = login_session.require_gebruiker()
    form = TotpForm(request.form)
    if _TOTP not in session or (gebruiker.has_totp and not _may_renew()):
        return redirect(url_for(".start"), 303)
    if not form.validate():
        return _show_setup(form), 422
    secret = _pending_secret()
    step = second_factor.find_step(secret, str(form.code.data), now(), None)
    if step is None:
        form.code.errors = [WRONG_CODE]
        return _show_setup(form), 422
    sealed = second_factor.seal(server_keys(), secret)
    if gebruiker.has_totp:
        return _renew(gebruiker, sealed, step)
    with database().writing() as connection:
        accounts.set_totp(connection, gebruiker.id, sealed, step)
    session.pop(_TOTP)
    flash(SET_UP.format(url_for(".show_recovery")), "goed")
    return redirect(url_for(".start"), 303)


@ACCOUNT.get("/account/tweede-stap")
@proof.with_password
def show_renewal() -> ResponseReturnValue:
    """Ask for the password and the present second factor, before it is renewed."""
    if not login_session.require_gebruiker().has_totp:
        return redirect(url_for(".show_totp_setup"), 303)
    return _show_renewal(RenewForm())


@ACCOUNT.post("/account/tweede-stap")
@proof.with_password
def allow_renewal() -> ResponseReturnValue:
    """Go on to a new second factor when password and code are right."""
    gebruiker, form = login_session.require_gebruiker(), RenewForm(request.form)
    if not gebruiker.has_totp:
        return redirect(url_for(".show_totp_setup"), 303)
    if (refused := proof.refusal(form, gebruiker, _show_renewal)) is not None:
        return refused
    session.pop(_TOTP, None)
    session[_RENEWS] = int(now().timestamp())
    return redirect(url_for(".show_totp_setup"), 303)


@ACCOUNT.get("/account/herstelcodes")
@proof.with_password
def show_recovery() -> ResponseReturnValue:
    """Say how many recovery codes are left, with a form to make new ones."""
    if not login_session.require_gebruiker().has_totp:
        return redirect(url_for(".show_account"), 303)
    return _show_recovery(OwnPasswordForm())


@ACCOUNT.post("/account/herstelcodes")
@proof.with_password
def make_recovery() -> ResponseReturnValue:
    """Make new recovery codes and show them, this once; those of before are void."""
    gebruiker, form = login_session.require_gebruiker(), OwnPasswordForm(request.form)
    if not gebruiker.has_totp:
        return redirect(url_for(".show_account"), 303)
    if (refused := proof.refusal(form, gebruiker, _show_recovery)) is not None:
        return refused
    try:
        with database().writing() as connection:
            sealed, _ = accounts.totp_of(connection, gebruiker.id)
            secret = second_factor.unseal(server_keys(), sealed or "")
            codes = recovery.make(connection, gebruiker.id, secret)
            sentence = "Voor uw account zijn nieuwe herstelcodes gemaakt. Eerdere herstelcodes werken niet meer."
            proof.tell(connection, gebruiker, Act.RECOVERY_CODES_MADE, "Nieuwe herstelcodes", sentence)
    except second_factor.UnreadableSecretError:
        return _show_recovery(form, SECRET_LOST), 403
    return render_template("recovery_codes.html", codes=codes, today=now())


def _renew(gebruiker: Gebruiker, sealed: str, step: int) -> ResponseReturnValue:
    """Store another second factor, and go on in a new session."""
    with database().writing() as connection:
        if not accounts.replace_totp(connection, gebruiker.id, gebruiker.session_version, sealed, step):
            return redirect(url_for(".start"), 303)  # this session has ended meanwhile
        sentence = "De tweede stap van uw account is vernieuwd. De oude, en de herstelcodes daarvan, werken niet meer."
        proof.tell(connection, gebruiker, Act.SECOND_FACTOR_RENEWED, "Uw tweede stap is vernieuwd", sentence)
        changed = accounts.get(connection, gebruiker.login)
    login_session.renew(changed)
    flash(RENEWED, "goed")
    return redirect(url_for(".show_recovery"), 303)


def _may_renew() -> bool:
    """Return whether password and code were given in this session, lately."""
    since: int = session.get(_RENEWS, 0)
    return 0 <= now().timestamp() - since < MAX_RENEWAL


def _pending_secret() -> str:
    """Return the secret that this session is setting up, a new one when there is none, or its server key is gone."""
    if _TOTP in session:
        with suppress(second_factor.UnreadableSecretError):
            return second_factor.unseal(server_keys(), session[_TOTP])
    secret = second_factor.make_secret()
    session[_TOTP] = second_factor.seal(server_keys(), secret)
    return secret


def _show_setup(form: TotpForm) -> str:
    """Show the form with the secret of this session, made when there is none yet; the cookie holds it sealed."""
    secret = _pending_secret()
    uri = second_factor.uri(secret, login_session.require_gebruiker().login)
    code = segno.make(uri)
    svg = code.svg_inline(scale=5, border=2, title="QR-code voor uw app", svgclass="qr", lineclass=None, omitsize=True)
    groups = " ".join(secret[begin : begin + 4] for begin in range(0, len(secret), 4))
    qr = Markup(svg)  # noqa: S704 - segno made it, from a login and a secret that it encodes
    return render_template("set_up_totp.html", form=form, qr=qr, uri=uri, secret=groups)


def _show_renewal(form: RenewForm, error: str | None = None) -> str:
    return render_template("renew_totp.html", form=form, error=error)


def _show_recovery(form: OwnPasswordForm, error: str | None = None) -> str:
    with database().reading() as connection:
        left = recovery.count(connection, login_session.require_gebruiker().id)
    return render_template("recovery.html", form=form, error=error, left=left)
