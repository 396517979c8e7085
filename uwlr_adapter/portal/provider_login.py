"""Logging in and out at a provider of OpenID Connect, such as Entree or the directory of a board.

The provider says who somebody is. What that person may do is granted here: only an account there that its owner bound
to a user of ours opens a session, and its claims can only narrow that. Each failure leads back to the own login.
"""

import sqlalchemy as sa
from flask import Response as FlaskResponse
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from uwlr_adapter.administratie.schools import known_places
from uwlr_adapter.db.event_log import log_event
from uwlr_adapter.gebruikers import accounts, identities
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.oidc.claims import narrowed
from uwlr_adapter.oidc.errors import ProviderError
from uwlr_adapter.oidc.login import ProviderLogin
from uwlr_adapter.portal import login_session, provider_flow, provider_session
from uwlr_adapter.portal.blueprints import PROVIDER
from uwlr_adapter.portal.context import database, public_url
from uwlr_adapter.portal.login import enter_by_provider
from uwlr_adapter.portal.paths import CALLBACK, SIGNED_OUT, local_path
from uwlr_adapter.portal.provider_flow import Purpose, Walk, require_provider
from uwlr_adapter.portal.provider_session import MAX_NARROWED, ProviderSession

_CONFIRM = {
    Purpose.ADD: "own_provider.confirm_account",
    Purpose.INVITATION: "provider.confirm_invitation",
    Purpose.JOIN: "provider.confirm_join",
}
"""The endpoint that asks for a confirmation, by the purpose of a walk that binds an account."""


@PROVIDER.get("/inloggen/extern")
def begin_login() -> ResponseReturnValue:
    """Send the browser to the provider."""
    if login_session.find_gebruiker() is not None:
        return redirect(url_for("account.start"), 303)
    return provider_flow.begin(Purpose.LOG_IN, local_path(request.args.get("verder")))


@PROVIDER.get("/inloggen/extern/terug")
def come_back() -> ResponseReturnValue:
    """Take the answer of the provider, once: log in, or go on to bind an account."""
    walk = provider_flow.take(request.args.get("state"))
    if walk is None:
        if login_session.find_gebruiker() is None:
            flash("Het inloggen duurde te lang, of begon in een ander venster. Begin opnieuw.", "let-op")
        return redirect(url_for("account.start"), 303)
    if "error" in request.args:
        return provider_flow.stop(walk)
    try:
        found = require_provider().redeem(
            request.args.get("code", ""), request.args.get("iss"), public_url(CALLBACK), walk.secrets
        )
    except ProviderError as error:
        return provider_flow.give_up(walk, error)
    if walk.purpose is Purpose.LOG_IN:
        return _log_in(walk, found)
    provider_flow.keep_pending(found.subject, found.shown_name, walk.token)
    return redirect(url_for(_CONFIRM[walk.purpose], token=walk.token), 303)


@PROVIDER.get("/inloggen/extern/uit")
def leave() -> ResponseReturnValue:
    """Lead on to the provider, to log out there too; the session here has ended already.

    A page does so, and no redirect: the form of before may lead to our own pages only.
    """
    if not provider_session.is_leaving():
        return redirect(url_for("public.show_login"), 303)
    try:
        url = require_provider().end_session_url(public_url(SIGNED_OUT))
    except ProviderError as error:
        log_event("logout at the provider failed", reason=str(error.fault))
        url = None
    return render_template("provider_leave.html", url=url)


@PROVIDER.get("/inloggen/extern/uitgelogd")
def arrive_signed_out() -> Response:
    """Take somebody back who logged out at the provider."""
    flash("U bent uitgelogd.", "goed")
    return redirect(url_for("public.show_login"), 303)


@PROVIDER.post("/inloggen/extern/afmelden")
def end_sessions() -> FlaskResponse:
    """End every session of the user whom the provider logs out (Back-Channel Logout 1.0, 2.5 to 2.8)."""
    try:
        subject = require_provider().read_logout(request.form.get("logout_token", ""))
    except ProviderError as error:
        log_event("logout by the provider refused", reason=str(error.fault))
        return FlaskResponse("", 503 if error.is_away else 400, mimetype="text/plain")
    with database().writing() as connection:
        found = identities.find(connection, require_provider().settings.issuer, subject)
        if found is not None:
            accounts.end_sessions(connection, found.gebruiker_id)
    return FlaskResponse("", 200, mimetype="text/plain")


def _log_in(walk: Walk, found: ProviderLogin) -> ResponseReturnValue:
    """Log the user in to whom this account at the provider is bound, for what the claims leave."""
    with database().reading() as connection:
        identity = identities.find(connection, require_provider().settings.issuer, found.subject)
        gebruiker = None if identity is None else accounts.by_id(connection, identity.gebruiker_id)
        if found.named is not None:
            _log_absent(connection, found.named)
    if identity is None or gebruiker is None or not gebruiker.is_enabled:
        return render_template("provider_unknown.html"), 403
    vestigingen = None if found.named is None else narrowed(gebruiker.places, found.named)
    if vestigingen is not None and not 0 < len(vestigingen) <= MAX_NARROWED:
        return _refuse(gebruiker, too_many=bool(vestigingen))
    opened = ProviderSession(identity.id, vestigingen, found.has_second_factor)
    return enter_by_provider(gebruiker, walk.next_path, opened)


def _refuse(gebruiker: Gebruiker, *, too_many: bool) -> ResponseReturnValue:
    """Return the page for a user whom the claims leave nothing, or more than a session can hold."""
    log_event("login at the provider refused", reason="too many vestigingen" if too_many else "no vestiging is left")
    return render_template("provider_no_school.html", has_own=bool(gebruiker.places), too_many=too_many), 403


def _log_absent(connection: sa.Connection, named: frozenset[str]) -> None:
    """Log how many of the named brin6s and brincodes are not here."""
    absent = len(named) - len(known_places(connection, named))
    if absent:
        log_event("the provider names schools that are not here", count=absent)
