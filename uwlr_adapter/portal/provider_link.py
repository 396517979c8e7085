"""Binding an account at the provider to a user: by its owner, or by the one-time link of an invitation.

Its owner is logged in with the own password, so that a session of the provider cannot bind another account. Both walk
to the provider first, and confirm after that in a form: nobody can be led to bind an account of somebody else.
"""

from datetime import datetime

from flask import flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue

from uwlr_adapter.gebruikers import accounts, identities
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.gebruikers.identities import BindOutcome
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.portal import known_browser, login_session, proof, provider_flow
from uwlr_adapter.portal.blueprints import OWN_PROVIDER, PROVIDER
from uwlr_adapter.portal.context import database, now
from uwlr_adapter.portal.provider_flow import Purpose, require_provider

ONLY_OWN_LOGIN = "Log in met uw gebruikersnaam en wachtwoord om dit te wijzigen."
TOO_LATE = "Dat duurde te lang. Begin opnieuw."
_REFUSALS = {
    BindOutcome.OF_ANOTHER: "Dit account bij {name} hoort al bij een andere gebruiker. Er is niets gewijzigd.",
    BindOutcome.HAS_ANOTHER: "Bij u hoort al een ander account van {name}. Verwijder dat eerst.",
}


@OWN_PROVIDER.get("/account/inlogdienst/toevoegen")
def begin_adding() -> ResponseReturnValue:
    """Send the browser to the provider, to show which account is to be bound."""
    return provider_flow.begin(Purpose.ADD) if _may_change() else redirect(url_for("account.show_account"), 303)


@OWN_PROVIDER.get("/account/inlogdienst/bevestigen")
def confirm_account() -> ResponseReturnValue:
    """Ask whether to bind the account that was shown."""
    found = provider_flow.pending(None)
    if found is None or not _may_change():
        return redirect(url_for("account.show_account"), 303)
    back = url_for("account.show_account")
    return render_template("provider_confirm.html", pending=found, owner=login_session.require_gebruiker(), back=back)


@OWN_PROVIDER.post("/account/inlogdienst/bevestigen")
def bind_account() -> ResponseReturnValue:
    """Bind the account that was shown to the logged-in user."""
    gebruiker, found = login_session.require_gebruiker(), provider_flow.pending(None)
    if not _may_change():
        return redirect(url_for("account.show_account"), 303)
    if found is None:
        flash(TOO_LATE, "let-op")
        return redirect(url_for("account.show_account"), 303)
    issuer = require_provider().settings.issuer
    with database().writing() as connection:
        outcome = identities.bind(connection, gebruiker.id, issuer, found.subject, now())
        if outcome is BindOutcome.BOUND:
            proof.record(connection, gebruiker, Act.PROVIDER_ADDED)
    provider_flow.forget_pending()
    if outcome in _REFUSALS:
        flash(_REFUSALS[outcome].format(name=_name()), "let-op")
    else:
        flash(f"Gelukt. U kunt voortaan ook inloggen met {_name()}.", "goed")
    return redirect(url_for("account.show_account"), 303)


@OWN_PROVIDER.post("/account/inlogdienst/verwijderen")
def unbind_account() -> ResponseReturnValue:
    """Remove the account at the provider, which ends the sessions that it opened."""
    gebruiker = login_session.require_gebruiker()
    if _may_change():
        with database().writing() as connection:
            if identities.unbind(connection, gebruiker.id, require_provider().settings.issuer):
                proof.record(connection, gebruiker, Act.PROVIDER_REMOVED)
        flash(f"Inloggen met {_name()} is verwijderd.", "goed")
    return redirect(url_for("account.show_account"), 303)


@PROVIDER.get("/wachtwoord/<token>/extern")
def begin_invitation(token: str) -> ResponseReturnValue:
    """Send somebody with a valid one-time link to the provider."""
    _find_owner(token)
    return provider_flow.begin(Purpose.INVITATION, token=token)


@PROVIDER.get("/wachtwoord/<token>/extern/bevestigen")
def confirm_invitation(token: str) -> ResponseReturnValue:
    """Ask whether to bind the account that was shown to the user of the link."""
    owner = _find_owner(token)
    found = provider_flow.pending(token)
    if found is None:
        return redirect(url_for("public.show_password", token=token), 303)
    back = url_for("public.show_password", token=token)
    return render_template("provider_confirm.html", pending=found, owner=owner, back=back)


@PROVIDER.post("/wachtwoord/<token>/extern/bevestigen")
def accept_invitation(token: str) -> ResponseReturnValue:
    """Bind the account that was shown, which uses up the link and ends every session of the user."""
    found = provider_flow.pending(token)
    if found is None:
        flash(TOO_LATE, "let-op")
        return redirect(url_for("public.show_password", token=token), 303)
    issuer = require_provider().settings.issuer
    with database().writing() as connection:
        owner, outcome = identities.accept_link(connection, token, issuer, found.subject, now())
        if outcome is BindOutcome.BOUND:
            proof.record(connection, owner, Act.PROVIDER_ADDED)
    if outcome in _REFUSALS:
        provider_flow.forget_pending()
        flash(_REFUSALS[outcome].format(name=_name()), "let-op")
        return redirect(url_for("public.show_password", token=token), 303)
    session.clear()
    flash(f"Gelukt. Log nu in met {_name()}.", "goed")
    response = redirect(url_for("public.show_login"), 303)
    known_browser.remember(response, owner.login)
    return response


def provider_account() -> datetime | None:
    """Return since when the logged-in user has an account at the provider; None without one. For a template."""
    issuer = require_provider().settings.issuer
    with database().reading() as connection:
        found = identities.of_gebruiker(connection, login_session.require_gebruiker().id, issuer)
    return None if found is None else found.since


def _may_change() -> bool:
    """Return whether the session may bind and remove accounts; say so when it may not."""
    if login_session.is_by_password():
        return True
    flash(ONLY_OWN_LOGIN, "let-op")
    return False


def _find_owner(token: str) -> Gebruiker:
    """Return the user of a link. Raises InvalidLinkError."""
    with database().reading() as connection:
        return accounts.by_link(connection, token, now())


def _name() -> str:
    return require_provider().settings.name
