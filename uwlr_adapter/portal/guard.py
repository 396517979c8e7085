"""The guard before every page: who may see it. What is not let in by a rule here is closed.

A page of a vestiging that is not yours, and one of a vestiging that does not exist, are the same 404.
"""

from flask import Response, abort, current_app, flash, g, redirect, request, url_for
from flask_login import logout_user
from flask_wtf.csrf import CSRFProtect
from werkzeug.wrappers import Response as BaseResponse

from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.paths import local_path

PUBLIC, ACCOUNT, SCHOOL, OPERATOR = "openbaar", "account", "school", "beheer"
"""The groups of pages (blueprints): for everybody, for users, of a vestiging, for operators."""
EXPIRED = "Uw sessie is verlopen. Log opnieuw in."
EXPIRED_IN_FORM = (
    "Uw sessie is verlopen. Wat u had ingevuld, is niet verwerkt en niet bewaard. Log opnieuw in; daarna begint u het "
    "formulier opnieuw."
)
WITHOUT_TOTP = frozenset({"account.tweede_factor", "account.tweede_factor_post", "account.uitloggen"})

csrf = CSRFProtect()


def guard() -> BaseResponse | None:
    """Let a request in, or answer it: the one place where that is decided."""
    if request.endpoint is None or request.endpoint == "static":
        return None
    alive = login_session.touch()
    if not alive:
        logout_user()
    if request.blueprint != PUBLIC:
        gebruiker = login_session.present()
        if gebruiker is None:
            return _to_login(alive=alive)
        if not _may(gebruiker):
            abort(404)
        if gebruiker.must_set_up_totp and request.endpoint not in WITHOUT_TOTP:
            return redirect(url_for("account.tweede_factor"), 303)
    if request.method == "POST":
        csrf.protect()
    return None


def harden(response: Response) -> Response:
    """Give every answer the headers that keep it from being stored, framed or added to."""
    headers = response.headers
    headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    headers["X-Frame-Options"] = "DENY"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    static = request.endpoint == "static" and response.status_code in {200, 304}
    headers["Cache-Control"] = "public, max-age=3600" if static else "no-store"
    return response


def _to_login(*, alive: bool) -> BaseResponse:
    """Ask for a login; after it the person is where he or she was, at the start of a form."""
    if request.method == "POST":
        flash(EXPIRED_IN_FORM, "let-op")
    elif not alive:
        flash(EXPIRED, "let-op")
    here = page_here()
    next_path = local_path(here) if here != url_for("account.start") else None
    return redirect(url_for("openbaar.inloggen", verder=next_path), 303)


def page_here() -> str | None:
    """Give the path of this request when it can be looked at, and not only posted to."""
    adapter = current_app.url_map.bind("localhost")
    return request.path if adapter.test(request.path, "GET") else None


def _may(gebruiker: Gebruiker) -> bool:
    if request.blueprint == ACCOUNT:
        return True
    if request.blueprint == OPERATOR:
        return gebruiker.rol is GebruikerRol.OPERATOR
    if request.blueprint == SCHOOL:
        brin6 = (request.view_args or {}).get("brin6")
        if brin6 in gebruiker.vestigingen:
            g.brin6 = brin6
            return True
    return False
