"""Access control: one check before every page, and the security headers of every response.

A request that no rule here allows is refused. A page of another school's vestiging and a page of a vestiging that does
not exist are the same 404.
"""

from collections.abc import Sequence

from flask import Response, abort, current_app, flash, g, redirect, request, url_for
from flask_login import logout_user
from flask_wtf.csrf import CSRFProtect
from werkzeug.wrappers import Response as BaseResponse

from uwlr_adapter.administratie import groepen
from uwlr_adapter.clock import day_of
from uwlr_adapter.gebruikers import accounts
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.gebruikers.groep_access import GroepAccess
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.portal import kept_form, login_session
from uwlr_adapter.portal.blueprints import (
    ACCOUNT,
    AFNEMER,
    INSIGHT,
    LEERKRACHT,
    OPERATOR,
    OWN_PROVIDER,
    PROVIDER,
    PUBLIC,
    SCHOOL,
    VESTIGINGEN,
)
from uwlr_adapter.portal.context import database, now
from uwlr_adapter.portal.paths import local_path
from uwlr_adapter.resultaten.standing import GroepScope
from uwlr_adapter.web.bounds import MAX_FIELDS

EXPIRED = "Uw sessie is verlopen. Log opnieuw in."
EXPIRED_IN_FORM = (
    "Uw sessie is verlopen. Wat u had ingevuld, is niet verwerkt en niet bewaard. Log opnieuw in; daarna begint u het "
    "formulier opnieuw."
)
EXPIRED_AND_KEPT = (
    "Uw sessie is verlopen. Er is nog niets verwerkt. Log opnieuw in: dan staat wat u had ingevuld weer klaar. Een "
    "code en een akkoord worden niet bewaard."
)
NOT_IN_USE = frozenset({"account.show_session"})
"""The endpoints that a page asks by itself: they do not extend the session."""
YEAR_ENDED = (
    "Uw toegang als leerkracht liep tot en met 31 juli. Vraag een schoolbeheerder van uw school om toegang voor het "
    "nieuwe schooljaar."
)
DISABLED = (
    "U kunt niet meer inloggen met dit account: uw toegang is beëindigd. Vraag een collega of de beheerder ernaar."
)
NOT_FOR_LEZERS = frozenset(
    {
        "school.show_activation",
        "school.show_new_voorwaarden",
        "school.confirm_pause",
        "school.confirm_end",
        "school.show_startdatum",
        "school.confirm_withhold",
        "school.confirm_release",
        "school.confirm_take_back",
        "school.confirm_answer",
        "school.show_colleagues",
        "school.show_colleague",
        "school.show_leerkrachten",
        "school.show_new_leerkracht",
        "school.show_leerkracht",
        "school.show_groepen_of",
    }
)
"""The endpoints of a vestiging that only lead to an act. A lezer reads every other one, and sends no form at all."""
FOR_LEERKRACHTEN = frozenset(
    {
        "insight.show_toetsen_of_groep",
        "insight.show_toets_of_groep",
        "insight.show_toetsen",
        "insight.show_toets_of_leerling",
        "insight.show_versions",
    }
)
"""The endpoints of a vestiging that a leerkracht opens too, for the own groepen alone (`g.groep_scope`)."""
WITHOUT_TOTP = frozenset(
    {
        "account.show_totp_setup",
        "account.set_up_totp",
        "account.log_out",
        "account.show_session",
        "account.extend_session",
    }
)
"""The endpoints for a user that still has to set up the required second factor."""

FOR_EVERYBODY = frozenset({PUBLIC.name, PROVIDER.name})
"""The groups of pages that need no login."""
_ONE_ROLE = {OPERATOR.name: GebruikerRol.OPERATOR, AFNEMER.name: GebruikerRol.AFNEMER}
"""The groups of pages for the users in one role; no session that is narrowed to vestigingen sees them."""
WITHOUT_TOKEN = frozenset({"provider.end_sessions"})
"""The endpoints that no form of ours is sent to: a program calls, and what it sends is signed."""

csrf = CSRFProtect()


def guard() -> BaseResponse | None:
    """Return None when the request is allowed, else a redirect. Raises NotFound, or CSRFError for a POST.

    The one place where access is decided.
    """
    if request.endpoint is None or request.endpoint == "static":
        return None
    _require_text()
    owner = login_session.owner()
    alive = login_session.touch(extend=request.endpoint not in NOT_IN_USE)
    if not alive:
        logout_user()
    if request.blueprint not in FOR_EVERYBODY:
        gebruiker = login_session.find_gebruiker()
        if gebruiker is None:
            return _to_login(None if alive else owner)
        if not _is_allowed(gebruiker):
            abort(404)
        if g.get("rol") is GebruikerRol.LEZER and (request.method == "POST" or request.endpoint in NOT_FOR_LEZERS):
            abort(403)
        if gebruiker.must_set_up_totp and request.endpoint not in WITHOUT_TOTP:
            return redirect(url_for("account.show_totp_setup"), 303)
    if request.method == "POST":
        _require_small_form()
        if request.endpoint not in WITHOUT_TOKEN:
            csrf.protect()
    return None


def _require_text() -> None:
    """Refuse an address with a NUL: no page has one, and PostgreSQL refuses it in any query. Raises NotFound."""
    if any("\0" in value for _, values in request.args.lists() for value in values):
        abort(404)


def _require_small_form() -> None:
    """Refuse a body that is no form of ours, before it is parsed. Raises UnsupportedMediaType or RequestEntityTooLarge.

    No form of the portal has files, so that none comes in parts.
    """
    if request.mimetype not in {"", "application/x-www-form-urlencoded"}:
        abort(415)
    if request.get_data().count(b"&") >= MAX_FIELDS:
        abort(413)


def harden(response: Response) -> Response:
    """Add the headers that keep a response from being stored, framed or extended with foreign content."""
    headers = response.headers
    headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    headers["X-Frame-Options"] = "DENY"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"  # the path of a one-time link is a secret
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    static = request.endpoint == "static" and response.status_code in {200, 304}
    headers["Cache-Control"] = "public, max-age=3600" if static else "no-store"
    return response


def requested_page() -> str | None:
    """Return the path of this request, or None when it answers POST only."""
    adapter = current_app.url_map.bind("localhost")
    return request.path if adapter.test(request.path, "GET") else None


def _to_login(ended: int | None) -> BaseResponse:
    """Redirect to the login page, which returns to the requested page afterwards.

    `ended` is the user whose session has just ended, if any. Another site cannot have something kept: its form comes
    without the session (SameSite).
    """
    if request.method == "POST":
        kept, disabled = False, False
        if ended is not None:
            _require_small_form()
            disabled = _is_disabled(ended)
            kept = not disabled and kept_form.keep(ended)
        flash(DISABLED if disabled else EXPIRED_AND_KEPT if kept else EXPIRED_IN_FORM, "let-op")
    elif ended is not None:
        flash(_why_ended(ended), "let-op")
    page = requested_page()
    next_path = local_path(page) if page != url_for("account.start") else None
    return redirect(url_for("public.show_login", verder=next_path), 303)


def _is_allowed(gebruiker: Gebruiker) -> bool:
    """Return whether a user may see the requested page.

    Store its vestiging, if any, as `g.brin6`, and the role of the user there as `g.rol`; for a leerkracht also
    the groepen that the page is bounded to, as `g.groep_scope`.
    """
    if request.blueprint in {ACCOUNT.name, OWN_PROVIDER.name}:
        return True
    if request.blueprint in _ONE_ROLE:
        return gebruiker.rol is _ONE_ROLE[request.blueprint] and not login_session.is_narrowed()
    if request.blueprint == VESTIGINGEN.name:
        return len(gebruiker.acts_for) > 1
    if request.blueprint == LEERKRACHT.name:
        return bool(gebruiker.groepen)
    return request.blueprint in {SCHOOL.name, INSIGHT.name} and _is_of_vestiging(gebruiker)


def _is_of_vestiging(gebruiker: Gebruiker) -> bool:
    """Return whether a user may see the requested page of a vestiging, by the role there or as its leerkracht."""
    brin6 = str((request.view_args or {}).get("brin6"))
    if brin6 in gebruiker.vestigingen:
        rol = gebruiker.rol_at(brin6)
        if request.blueprint != INSIGHT.name or rol is GebruikerRol.SCHOOLBEHEERDER:
            g.brin6, g.rol = brin6, rol
            return True
    own = gebruiker.groepen_at(now(), brin6)
    if request.endpoint not in FOR_LEERKRACHTEN or request.method == "POST" or not own:
        return False
    g.brin6, g.rol, g.groep_scope = brin6, GebruikerRol.LEERKRACHT, _scope_of(own)
    return True


def _scope_of(own: Sequence[GroepAccess]) -> GroepScope:
    """Return the leerlingen whom a leerkracht sees: those who take part today in the own groepen of one vestiging."""
    brin6, schooljaar, keys = own[0].brin6, own[0].schooljaar, frozenset(one.groep_key for one in own)
    with database().reading() as connection:
        present = groepen.present_in(connection, brin6, schooljaar, keys, day_of(now()))
    return GroepScope(brin6, schooljaar, keys, frozenset[int]().union(*present.values()))


def _why_ended(gebruiker_id: int) -> str:
    """Return why the session of a user ended: the account is disabled, a schooljaar ended, or it was not in use."""
    with database().reading() as connection:
        found = accounts.by_id(connection, gebruiker_id)
    if found is None or found.is_enabled:
        is_over = found is not None and found.groepen and not found.vestigingen and not found.groepen_at(now())
        return YEAR_ENDED if is_over else EXPIRED
    return DISABLED


def _is_disabled(gebruiker_id: int) -> bool:
    """Return whether the owner of a session that ended cannot log in any more."""
    with database().reading() as connection:
        found = accounts.by_id(connection, gebruiker_id)
    return found is not None and not found.is_enabled
