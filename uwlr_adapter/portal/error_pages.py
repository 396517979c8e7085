"""The pages for requests that fail. A failure is logged by kind and place, without text that may quote a value."""

import logging
from datetime import timedelta

from flask import Flask, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from uwlr_adapter.db.event_log import log_failure
from uwlr_adapter.gebruikers.errors import InvalidLinkError
from uwlr_adapter.portal import kept_form, login_session
from uwlr_adapter.portal.guard import requested_page

logger = logging.getLogger("uwlr_adapter.portal")

BUSY = "Er loggen op dit moment veel mensen tegelijk in. Probeer het zo dadelijk opnieuw."
"""The sentence of a form whose password has no place in the queue (`gebruikers/hash_queue.py`)."""
_TEXTS = {
    400: ("Dit formulier is verouderd", "Er is niets gewijzigd. Begin het formulier opnieuw."),
    403: ("U kunt hier alleen lezen", "Er is niets gewijzigd. Een schoolbeheerder kan u een andere rol geven."),
    404: ("Deze pagina is er niet", "De pagina bestaat niet, of hoort niet bij uw gegevens."),
    405: ("Dit kan hier niet", "Ga terug en probeer het vanaf de pagina zelf."),
    413: ("Dat is te veel", "Het formulier is te groot. Er is niets gewijzigd."),
    500: ("Er ging iets mis", "Dat ligt aan ons; er is niets half gedaan. Probeer het later opnieuw."),
    503: ("Even niet beschikbaar", "Er is niets gewijzigd. Probeer het over een minuut opnieuw."),
}
"""Title and sentence by HTTP status."""


def register(app: Flask) -> None:
    """Register the error pages in the application."""
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(InvalidLinkError, _invalid_link)
    app.register_error_handler(DBAPIError, _database_failed)
    app.register_error_handler(Exception, _failed)


def retry_later(page: str, status: int, wait: timedelta) -> Response:
    """Return a page that refuses a request for so long, with Retry-After in whole seconds, rounded up."""
    response = make_response(page, status)
    response.headers["Retry-After"] = str(-int(-wait.total_seconds() // 1))
    return response


def _refused(error: HTTPException) -> tuple[str, int]:
    """Return the page of a refusal; a form of an earlier session, in another tab, is not lost."""
    retry = isinstance(error, CSRFError) and request.method == "POST"
    gebruiker = login_session.find_gebruiker() if retry else None
    if gebruiker is not None:
        kept_form.keep(gebruiker.id)
    return _page(error.code or 500, retry_url=requested_page() if retry else None)


def _invalid_link(_error: InvalidLinkError) -> tuple[str, int]:
    """Return the page of a one-time link or an invitation that is unknown, used or expired."""
    return render_template("invalid_link.html"), 404


def _database_failed(error: DBAPIError) -> tuple[str, int]:
    log_failure(error, logger)
    return _page(503)


def _failed(error: Exception) -> tuple[str, int]:
    log_failure(error, logger)
    return _page(500)


def _page(status: int, *, retry_url: str | None = None) -> tuple[str, int]:
    """Return the page of a status; one without a text has that of 400 or 500."""
    title, text = _TEXTS.get(status, _TEXTS[500 if status >= 500 else 400])  # noqa: PLR2004 - HTTP
    return render_template("error.html", title=title, text=text, retry_url=retry_url), status
