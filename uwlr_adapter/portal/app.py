"""The portal as a WSGI application: Flask, with every page under `/koppelingen`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Flask, Response
from werkzeug.routing import BaseConverter

from uwlr_adapter.clock import Clock
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.event_log import log_failure
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.keys.rotation import SESSION
from uwlr_adapter.keys.server_keys import KeyPurpose, ServerKeys
from uwlr_adapter.koppelingen import verificatiecode
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.portal import (
    account,  # noqa: F401 - importing a module of views adds them to their blueprint
    activate,  # noqa: F401 - as above
    activate_many,  # noqa: F401 - as above
    afnemer,  # noqa: F401 - as above
    afnemer_calls,  # noqa: F401 - as above
    afnemer_klantcode,  # noqa: F401 - as above
    agree_many,  # noqa: F401 - as above
    blueprints,
    colleagues,  # noqa: F401 - as above
    confirm,  # noqa: F401 - as above
    error_pages,
    guard,
    invitation,  # noqa: F401 - as above
    inzage,  # noqa: F401 - as above
    journaal,  # noqa: F401 - as above
    koppeling,  # noqa: F401 - as above
    leerkracht_access,  # noqa: F401 - as above
    leerkrachten,  # noqa: F401 - as above
    login,  # noqa: F401 - as above
    login_session,
    lost_phone,  # noqa: F401 - as above
    meldingen,  # noqa: F401 - as above
    missing,  # noqa: F401 - as above
    operator,  # noqa: F401 - as above
    operator_imports,  # noqa: F401 - as above
    operator_jobs,  # noqa: F401 - as above
    operator_mail,  # noqa: F401 - as above
    operator_maintenance,  # noqa: F401 - as above
    operator_school,  # noqa: F401 - as above
    operator_schools,  # noqa: F401 - as above
    operator_start,  # noqa: F401 - as above
    overview,  # noqa: F401 - as above
    own_address,  # noqa: F401 - as above
    own_groepen,  # noqa: F401 - as above
    own_password,  # noqa: F401 - as above
    own_second_factor,  # noqa: F401 - as above
    password_link,  # noqa: F401 - as above
    provider_join,  # noqa: F401 - as above
    provider_link,
    provider_login,  # noqa: F401 - as above
    questions,  # noqa: F401 - as above
    results,  # noqa: F401 - as above
    results_groep,  # noqa: F401 - as above
    results_leerling,  # noqa: F401 - as above
    results_message,  # noqa: F401 - as above
    schooljaar,  # noqa: F401 - as above
    startdatum,  # noqa: F401 - as above
    statement,  # noqa: F401 - as above
    stop_many,  # noqa: F401 - as above
    user,  # noqa: F401 - as above
    users,  # noqa: F401 - as above
    vestigingen,  # noqa: F401 - as above
    voorwaarden,  # noqa: F401 - as above
    withhold,  # noqa: F401 - as above
    wording,
)
from uwlr_adapter.portal.context import Organisation, PortalContext, install
from uwlr_adapter.portal.paths import PREFIX
from uwlr_adapter.settings import JOURNAAL_MONTHS, NOT_PROCESSED_DAYS, UNDO_DAYS

if TYPE_CHECKING:
    from uwlr_adapter.oidc.provider import Provider

MAX_FORM = 4 * 1024
"""The maximum size of a request body in bytes (inclusive): the largest form, a new password typed twice, has 3,300."""
MAX_SIGNATURE_AGE = SESSION
"""The age at which the signature of a session is no longer accepted; `login_session` ends sessions before that."""


NO_ORGANISATION = Organisation()


class Brin6Converter(BaseConverter):
    """A brin6 in a path; other text is 404."""

    regex = "[0-9]{2}[A-Z]{2}[0-9]{2}"


class IdConverter(BaseConverter):
    """An id of the database in a path; other text is 404."""

    regex = "[1-9][0-9]{0,8}"

    def to_python(self, value: str) -> int:
        """Return the id."""
        return int(value)


class BigIdConverter(IdConverter):
    """An id of which a nation has more than of others in a path, such as that of a message; other text is 404."""

    regex = "[1-9][0-9]{0,17}"


class DigestConverter(BaseConverter):
    """The id of a definition of a toets in a path; other text is 404."""

    regex = "[0-9a-f]{64}"


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """The keys of sessions and forms, one of each server key: the last one signs, each reads what it signed.

    Another server key may come in use while we serve, so they are asked for at each request.
    """

    server_keys: ServerKeys

    def __iter__(self) -> Iterator[bytes]:
        """Return the keys, that of the server key in use last."""
        return iter(list(self.server_keys.derive(KeyPurpose.SESSION).values())[::-1])


class Portal(Flask):
    """Flask, with failures logged by kind and place, without text that may quote a value."""

    keys: SessionKeys

    @property
    def secret_key(self) -> bytes:  # type: ignore[override] # Flask has a fixed one
        """The key that signs sessions; `SECRET_KEY_FALLBACKS` are all that read them."""
        return list(self.keys)[-1]

    def log_exception(self, exc_info: Any) -> None:  # noqa: ANN401 - the type of Flask
        """Log a failure."""
        log_failure(exc_info[1], error_pages.logger)

    def handle_exception(self, e: Exception) -> Response:
        """Return the error page of a failure, or a plain text when that page fails too."""
        try:
            return super().handle_exception(e)
        except Exception as error:  # noqa: BLE001 - nothing else answers after this
            log_failure(error, error_pages.logger)
            return guard.harden(Response("Er ging iets mis.\n", 500, mimetype="text/plain"))


def make_portal(
    database: Database,
    catalogue: Catalogue,
    server_keys: ServerKeys,
    clock: Clock,
    base_url: str,
    undo_days: int = UNDO_DAYS,
    *,
    journaal_months: int = JOURNAAL_MONTHS,
    not_processed_days: int = NOT_PROCESSED_DAYS,
    has_mail: bool = False,
    organisation: Organisation = NO_ORGANISATION,
    provider: "Provider | None" = None,
) -> Flask:
    """Return the portal.

    `base_url` is the address of the service for people; whether it is https decides the cookie. `has_mail` is whether
    there is a mail server; `organisation` is named on every page. `provider` is where people may log in too: without it
    there is no page for that. Nothing is ever derived from a Host header.
    """
    app = Portal("uwlr_adapter.portal", static_url_path=f"{PREFIX}/static")
    app.keys = SessionKeys(server_keys)
    _configure(app, https=base_url.startswith("https://"))
    app.url_map.strict_slashes = False  # no redirect to an address made of the Host header
    app.url_map.merge_slashes = False
    app.url_map.converters.update(brin6=Brin6Converter, id=IdConverter, big_id=BigIdConverter, digest=DigestConverter)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(wording.FILTERS)
    app.jinja_env.globals["code_rules"] = verificatiecode
    app.jinja_env.globals["organisation"] = organisation
    app.jinja_env.globals["seconds_left"] = login_session.seconds_left
    app.jinja_env.globals["session_warning"] = int(login_session.WARNING.total_seconds())
    app.jinja_env.globals["provider_name"] = None if provider is None else provider.settings.name
    app.jinja_env.globals["provider_account"] = provider_link.provider_account
    app.jinja_env.globals["provider_narrows"] = provider is not None and provider.settings.vestigingen_claim is not None
    app.jinja_env.globals["is_narrowed"] = login_session.is_narrowed
    install(
        app,
        PortalContext(
            database,
            catalogue,
            server_keys,
            clock,
            undo_days,
            journaal_months,
            not_processed_days,
            has_mail,
            base_url,
            provider,
        ),
    )
    guard.csrf.init_app(app)
    login_session.make_login_manager().init_app(app)
    app.before_request(guard.guard)
    app.after_request(guard.harden)
    app.context_processor(_gebruiker)
    app.register_blueprint(blueprints.PUBLIC, url_prefix=PREFIX)
    app.register_blueprint(blueprints.ACCOUNT, url_prefix=PREFIX)
    app.register_blueprint(blueprints.VESTIGINGEN, url_prefix=f"{PREFIX}/vestigingen")
    app.register_blueprint(blueprints.SCHOOL, url_prefix=f"{PREFIX}/<brin6:brin6>")
    app.register_blueprint(blueprints.INSIGHT, url_prefix=f"{PREFIX}/<brin6:brin6>")
    app.register_blueprint(blueprints.LEERKRACHT, url_prefix=f"{PREFIX}/groepen")
    app.register_blueprint(blueprints.OPERATOR, url_prefix=f"{PREFIX}/beheer")
    app.register_blueprint(blueprints.AFNEMER, url_prefix=f"{PREFIX}/afnemer")
    if provider is not None:
        app.register_blueprint(blueprints.PROVIDER, url_prefix=PREFIX)
        app.register_blueprint(blueprints.OWN_PROVIDER, url_prefix=PREFIX)
    error_pages.register(app)
    return app


def _configure(app: Portal, *, https: bool) -> None:
    app.config.update(
        SECRET_KEY_FALLBACKS=app.keys,
        WTF_CSRF_SECRET_KEY=app.keys,
        SESSION_COOKIE_NAME="__Host-koppelingen" if https else "koppelingen",
        SESSION_COOKIE_PATH="/" if https else PREFIX,  # the prefix __Host- requires the root
        SESSION_COOKIE_SECURE=https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=MAX_SIGNATURE_AGE,
        MAX_CONTENT_LENGTH=MAX_FORM,
        MAX_FORM_MEMORY_SIZE=MAX_FORM,
        PROVIDE_AUTOMATIC_OPTIONS=False,
        WTF_CSRF_CHECK_DEFAULT=False,  # `guard.guard` checks, once it knows the user
        WTF_CSRF_SSL_STRICT=False,  # no page sends a Referer (`guard.harden`); the token and SameSite are the check
        WTF_CSRF_TIME_LIMIT=None,  # valid as long as the session
    )


def _gebruiker() -> dict[str, Gebruiker | None]:
    """Return the logged-in user for the templates."""
    return {"gebruiker": login_session.find_gebruiker()}
