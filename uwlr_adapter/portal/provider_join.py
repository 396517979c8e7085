"""Accepting the invitation of a colleague with an account at the provider, in place of a password.

It walks to the provider first, and confirms after that in a form, as `provider_link` does.
"""

from flask import flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from uwlr_adapter.gebruikers import invitations
from uwlr_adapter.gebruikers.errors import ColleagueError
from uwlr_adapter.gebruikers.invitations import Invitation
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.portal import known_browser, proof, provider_flow
from uwlr_adapter.portal.blueprints import PROVIDER
from uwlr_adapter.portal.context import database, now
from uwlr_adapter.portal.provider_flow import Purpose, require_provider
from uwlr_adapter.portal.provider_link import TOO_LATE


@PROVIDER.get("/uitnodiging/<token>/extern")
def begin_join(token: str) -> ResponseReturnValue:
    """Send somebody with an open invitation to the provider."""
    _find(token)
    return provider_flow.begin(Purpose.JOIN, token=token)


@PROVIDER.get("/uitnodiging/<token>/extern/bevestigen")
def confirm_join(token: str) -> ResponseReturnValue:
    """Ask whether to make the account of an invitation with the account that was shown."""
    owner = _find(token)
    found = provider_flow.pending(token)
    if found is None:
        return _to_invitation(token)
    back = url_for("public.show_invitation", token=token)
    return render_template("provider_confirm.html", pending=found, owner=owner, back=back)


@PROVIDER.post("/uitnodiging/<token>/extern/bevestigen")
def join_at_provider(token: str) -> ResponseReturnValue:
    """Make the account of an invitation, which uses up the link."""
    found, issuer = provider_flow.pending(token), require_provider().settings.issuer
    if found is None:
        flash(TOO_LATE, "let-op")
        return _to_invitation(token)
    try:
        with database().writing() as connection:
            joined = invitations.join_at_provider(connection, token, issuer, found.subject, now())
            proof.record(connection, joined, Act.PROVIDER_ADDED)
    except ColleagueError as error:
        provider_flow.forget_pending()
        flash(str(error), "let-op")
        return _to_invitation(token)
    session.clear()
    flash(f"Uw account is gemaakt. Log nu in met {require_provider().settings.name}.", "goed")
    response = redirect(url_for("public.show_login"), 303)
    known_browser.remember(response, joined.login)
    return response


def _find(token: str) -> Invitation:
    """Return the invitation of a link. Raises InvalidLinkError."""
    with database().reading() as connection:
        return invitations.by_token(connection, token, now())


def _to_invitation(token: str) -> Response:
    return redirect(url_for("public.show_invitation", token=token), 303)
