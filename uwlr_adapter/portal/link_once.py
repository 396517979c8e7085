"""One-time links that a page hands out: the token comes with the form, so a form that is sent twice makes one link.

The page with the form holds the token, and the session a digest of it: only a form that this session was given can make
a link. The token opens nothing until then.
"""

from hashlib import sha256

from flask import render_template, session

from uwlr_adapter.gebruikers.accounts import new_token
from uwlr_adapter.portal.context import public_url

FIELD = "bon"
"""The name of the hidden field."""
STALE = "Dit formulier was verouderd. Er is niets gedaan; vul het opnieuw in."
MAX_OFFERED = 4
"""Tokens that a session is waiting for (inclusive): a few tabs with a form."""
_OFFERED = "links"


def offer() -> str:
    """Return a new token for a form of this page."""
    token = new_token()
    session[_OFFERED] = [*session.get(_OFFERED, ()), _digest(token)][-MAX_OFFERED:]
    return token


def is_offered(token: str) -> bool:
    """Return whether a token stood in a form that this session was given lately."""
    return _digest(token) in session.get(_OFFERED, ())


def show(prefix: str, token: str, *, naam: str, login: str, hours: int, back: str, kind: str) -> str:
    """Return the page that shows a link, this once; `back` is the page that comes after it."""
    return render_template(
        "link.html", link=public_url(f"{prefix}/{token}"), naam=naam, login=login, hours=hours, back=back, kind=kind
    )


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()[:32]
