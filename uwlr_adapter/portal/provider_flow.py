"""A walk to the provider and back: what for, and what ties the answer to the browser that left.

It stands in the session cookie for MAX_FLOW, and is taken out by the first answer, so that each counts once. One walk
waits at a time. A walk changes nothing by itself: binding an account is a form with a token, after it.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from flask import flash, redirect, session, url_for
from werkzeug.wrappers import Response

from uwlr_adapter.db.event_log import log_event
from uwlr_adapter.oidc.errors import ProviderError
from uwlr_adapter.oidc.login import FlowSecrets
from uwlr_adapter.portal.context import now, provider, public_url
from uwlr_adapter.portal.paths import CALLBACK

if TYPE_CHECKING:
    from uwlr_adapter.oidc.provider import Provider

MAX_FLOW = timedelta(minutes=10)
"""How long a walk may take, and how long an account at the provider waits to be bound."""
# Keys of the cookie.
_FLOW, _PENDING = "heen", "gekoppeld"


class Purpose(StrEnum):
    """The purpose of going to the provider."""

    LOG_IN = "inloggen"
    ADD = "toevoegen"
    INVITATION = "uitnodiging"
    """To bind an account in place of the password of a one-time link."""
    JOIN = "meedoen"
    """To make the account of an invitation of a colleague."""


@dataclass(frozen=True, slots=True)
class Walk:
    """One walk to the provider."""

    purpose: Purpose
    secrets: FlowSecrets
    next_path: str | None = None
    """The page that was asked for before the login."""
    token: str | None = None
    """That of the one-time link, of an invitation."""

    @property
    def origin(self) -> str:
        """The page that the walk began at, to return to when it fails."""
        if self.purpose is Purpose.INVITATION:
            return url_for("public.show_password", token=self.token)
        if self.purpose is Purpose.JOIN:
            return url_for("public.show_invitation", token=self.token)
        if self.purpose is Purpose.ADD:
            return url_for("account.show_account")
        return url_for("public.show_login", verder=self.next_path)


@dataclass(frozen=True, slots=True)
class PendingAccount:
    """An account at the provider that somebody has shown to have, and has not bound yet."""

    subject: str
    shown_name: str
    token: str | None = None


def require_provider() -> "Provider":
    """Return the provider, on a page that is there with one only. Raises RuntimeError."""
    found = provider()
    if found is None:
        raise RuntimeError("a page of a provider was reached without one")
    return found


def begin(purpose: Purpose, next_path: str | None = None, token: str | None = None) -> Response:
    """Return the redirect to the provider, or back with a sentence when it cannot be reached."""
    walk = Walk(purpose, FlowSecrets.make(), next_path, token)
    try:
        url = require_provider().authorization_url(public_url(CALLBACK), walk.secrets)
    except ProviderError as error:
        return give_up(walk, error)
    session[_FLOW] = [walk.purpose, *walk.secrets, next_path, token, int(now().timestamp())]
    return redirect(url, 303)


def take(state: str | None) -> Walk | None:
    """Return the walk of this session that an answer belongs to, once; None for any other answer, and too late."""
    stored = session.pop(_FLOW, None)
    if stored is None:
        return None
    purpose, state_sent, nonce, verifier, next_path, token, since = stored
    walk = Walk(Purpose(purpose), FlowSecrets(state_sent, nonce, verifier), next_path, token)
    return walk if _is_recent(since) and walk.secrets.is_state(state) else None


def keep_pending(subject: str, shown_name: str, token: str | None) -> None:
    """Keep the account at the provider until its owner has confirmed."""
    session[_PENDING] = [subject, shown_name, token, int(now().timestamp())]


def pending(token: str | None) -> PendingAccount | None:
    """Return the account that waits to be bound, by the link with this token or without one; None when too late."""
    stored = session.get(_PENDING)
    if stored is None:
        return None
    subject, shown_name, own_token, since = stored
    return PendingAccount(subject, shown_name, own_token) if own_token == token and _is_recent(since) else None


def forget_pending() -> None:
    """Forget the account that waits."""
    session.pop(_PENDING, None)


def give_up(walk: Walk, error: ProviderError) -> Response:
    """Return to where a walk began, with a sentence; log why, in a word of ours."""
    log_event("login at the provider failed", reason=str(error.fault))
    name = require_provider().settings.name
    if error.is_away:
        flash(f"Inloggen via {name} lukt nu niet: er komt geen antwoord. {_OTHERWISE[walk.purpose]}", "let-op")
    else:
        flash(
            f"Het antwoord van {name} klopt niet en is niet gebruikt. {_OTHERWISE[walk.purpose]} Blijft dit zo, vraag "
            "dan de beheerder om hulp.",
            "let-op",
        )
    return redirect(walk.origin, 303)


def stop(walk: Walk) -> Response:
    """Return to where a walk began, since nobody logged in at the provider."""
    name = require_provider().settings.name
    flash(f"U bent bij {name} niet ingelogd. {_OTHERWISE[walk.purpose]}", "let-op")
    return redirect(walk.origin, 303)


_OTHERWISE = {
    Purpose.LOG_IN: "Log in met uw gebruikersnaam en wachtwoord, of probeer het straks opnieuw.",
    Purpose.ADD: "Er is niets gewijzigd. Probeer het straks opnieuw.",
    Purpose.JOIN: "Kies een wachtwoord, of probeer het straks opnieuw.",
    Purpose.INVITATION: "Kies een wachtwoord, of probeer het straks opnieuw.",
}


def _is_recent(since: int) -> bool:
    return 0 <= now().timestamp() - since < MAX_FLOW.total_seconds()
