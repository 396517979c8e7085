"""The portal as a WSGI application: Flask, with everything under `/koppelingen`."""

import logging
from datetime import timedelta
from typing import Any

from flask import Flask, Response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter

from uwlr_adapter.clock import Clock
from uwlr_adapter.db.database import Database
from uwlr_adapter.errors import log_failure
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.keys.server_keys import KeyPurpose, ServerKeys
from uwlr_adapter.koppelingen import verificatiecode
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.portal import (
    account,
    activate,  # noqa: F401 - adds its pages to those of the school
    edit,  # noqa: F401 - idem
    guard,
    insight,  # noqa: F401 - idem
    login,
    login_session,
    operator,
    overview,
    wording,
)
from uwlr_adapter.portal.context import PortalContext, install
from uwlr_adapter.portal.paths import PREFIX

MAX_FORM = 64 * 1024
"""Octets of a form: the largest one of ours is a hundredth of that."""
MAX_SIGNATURE_AGE = timedelta(days=1)
"""How long a signature counts at all; the rules of `sessie` are shorter."""

logger = logging.getLogger("uwlr_adapter.portal")

_ERROR_PAGES = {
    400: ("Dit formulier is verouderd", "Er is niets gewijzigd. Begin het formulier opnieuw."),
    404: ("Deze pagina is er niet", "De pagina bestaat niet, of hoort niet bij uw gegevens."),
    405: ("Dit kan hier niet", "Ga terug en probeer het vanaf de pagina zelf."),
    413: ("Dat is te veel", "Het formulier is te groot. Er is niets gewijzigd."),
    500: ("Er ging iets mis", "Dat ligt aan ons; er is niets half gedaan. Probeer het later opnieuw."),
    503: ("Even niet beschikbaar", "Er is niets gewijzigd. Probeer het over een minuut opnieuw."),
}
"""What a page says when it cannot be given: a title and a sentence, by HTTP status."""


class Brin6Converter(BaseConverter):
    """A brin6 in a path; other text is no page."""

    regex = "[0-9]{2}[A-Z]{2}[0-9]{2}"


class IdConverter(BaseConverter):
    """An id in a path, as the database counts them; other text is no page."""

    regex = "[1-9][0-9]{0,8}"

    def to_python(self, value: str) -> int:
        """Give the id."""
        return int(value)


class Portal(Flask):
    """Flask, with failures logged as ours are: kinds and places, no text that may quote a value."""

    def log_exception(self, exc_info: Any) -> None:  # noqa: ANN401 - what Flask hands over
        """Log a failure."""
        log_failure(exc_info[1], logger)

    def handle_exception(self, e: Exception) -> Response:
        """Answer a failure, also when the page that says so fails itself."""
        try:
            return super().handle_exception(e)
        except Exception as error:  # noqa: BLE001 - the last guard
            log_failure(error, logger)
            return guard.harden(Response("Er ging iets mis.\n", 500, mimetype="text/plain"))


def make_portal(
    database: Database, catalogue: Catalogue, server_keys: ServerKeys, clock: Clock, base_url: str
) -> Flask:
    """Give the portal. `base_url` is what people reach it by; nothing is ever derived from a Host header."""
    app = Portal("uwlr_adapter.portal", static_url_path=f"{PREFIX}/static")
    https = base_url.startswith("https://")
    newest, *older = server_keys.derive(KeyPurpose.SESSION).values()
    app.config.update(
        SECRET_KEY=newest,
        SECRET_KEY_FALLBACKS=older,
        SESSION_COOKIE_NAME="__Host-koppelingen" if https else "koppelingen",
        SESSION_COOKIE_PATH="/" if https else PREFIX,  # the prefix __Host- asks for the root
        SESSION_COOKIE_SECURE=https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=MAX_SIGNATURE_AGE,
        MAX_CONTENT_LENGTH=MAX_FORM,
        MAX_FORM_MEMORY_SIZE=MAX_FORM,
        PROVIDE_AUTOMATIC_OPTIONS=False,
        WTF_CSRF_CHECK_DEFAULT=False,  # `guard.guard` checks, after it knows who asks
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
    )
    app.url_map.strict_slashes = False  # no redirect to an address made of the Host header
    app.url_map.merge_slashes = False
    app.url_map.converters.update(brin6=Brin6Converter, nummer=IdConverter)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(wording.FILTERS)
    app.jinja_env.globals["regel"] = verificatiecode
    install(app.extensions, PortalContext(database, catalogue, server_keys, clock, https))
    guard.csrf.init_app(app)
    login_session.make_login_manager().init_app(app)
    app.before_request(guard.guard)
    app.after_request(guard.harden)
    app.context_processor(_shared)
    for pages in (login.pages, account.pages):
        app.register_blueprint(pages, url_prefix=PREFIX)
    app.register_blueprint(overview.pages, url_prefix=f"{PREFIX}/<brin6:brin6>")
    app.register_blueprint(operator.pages, url_prefix=f"{PREFIX}/beheer")
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(DBAPIError, _unreachable)
    app.register_error_handler(Exception, _failed)
    return app


def _shared() -> dict[str, Gebruiker | None]:
    """Give what the frame around every page shows."""
    return {"gebruiker": login_session.present()}


def _refused(error: HTTPException) -> tuple[str, int]:
    return _page(error.code or 500, opnieuw=isinstance(error, CSRFError) and request.method == "POST")


def _unreachable(error: DBAPIError) -> tuple[str, int]:
    log_failure(error, logger)
    return _page(503)


def _failed(error: Exception) -> tuple[str, int]:
    log_failure(error, logger)
    return _page(500)


def _page(status: int, *, opnieuw: bool = False) -> tuple[str, int]:
    title, text = _ERROR_PAGES.get(status, _ERROR_PAGES[500 if status >= 500 else 400])  # noqa: PLR2004 - HTTP
    return render_template("fout.html", titel=title, tekst=text, opnieuw=guard.page_here() if opnieuw else None), status
