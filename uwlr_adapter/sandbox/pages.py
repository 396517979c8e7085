"""The pages of the sandbox under `/sandbox`, in English, for engineers: the situations, and the calls of an account."""

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Response, current_app, flash, redirect, render_template, request, session, url_for
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException

from uwlr_adapter.db.event_log import log_failure
from uwlr_adapter.demo.setup import KLANTCODE
from uwlr_adapter.errors import RefusedError
from uwlr_adapter.koppelingen.verificatiecode import random_text
from uwlr_adapter.portal.guard import harden
from uwlr_adapter.portal.paths import PREFIX as PORTAL
from uwlr_adapter.sandbox import api, sandbox_clock, sent_results
from uwlr_adapter.sandbox.accounts import THE_PUBLISHED, Account
from uwlr_adapter.sandbox.acts import ACTS
from uwlr_adapter.sandbox.api import PREFIX, Pages, english, pages, written
from uwlr_adapter.sandbox.call_log import CallLog
from uwlr_adapter.sandbox.situations import places_of
from uwlr_adapter.sandbox.world import World
from uwlr_adapter.web.request_record import ID

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as BaseResponse

MAX_FORM = 4 * 1024
"""The maximum size of a form in bytes (inclusive)."""
SHOWN = 200
"""Leerlingen of a school that its page lists (inclusive)."""
_CODE_LENGTH = 32
VIEWS = Blueprint("views", __name__)
csrf = CSRFProtect()


def make_pages(world: World, calls: CallLog, base_url: str) -> Flask:
    """Return the pages and the API of a sandbox; `base_url` is the address at which vendors reach it."""
    app = Flask("uwlr_adapter.sandbox", static_folder=None)
    is_https = base_url.startswith("https://")
    app.config.update(
        SECRET_KEY=secrets.token_bytes(),
        SESSION_COOKIE_NAME="sandbox",
        SESSION_COOKIE_PATH=PREFIX,
        SESSION_COOKIE_SECURE=is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        MAX_CONTENT_LENGTH=MAX_FORM,
        MAX_FORM_MEMORY_SIZE=MAX_FORM,
        PROVIDE_AUTOMATIC_OPTIONS=False,
        WTF_CSRF_SSL_STRICT=False,  # no page sends a Referer (`harden`); the token and SameSite are the check
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.url_map.strict_slashes = app.url_map.merge_slashes = False
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["shown"] = sandbox_clock.shown
    app.jinja_env.globals.update(style=f"{PORTAL}/static/portaal.css", icon=f"{PORTAL}/static/icoon.svg", acts=ACTS)
    app.extensions["sandbox"] = Pages(world, calls, base_url)
    csrf.init_app(app)
    csrf.exempt(api.API)
    app.after_request(harden)
    app.context_processor(lambda: {"clock": world.clock, "account": own_account()})
    app.register_blueprint(VIEWS, url_prefix=PREFIX)
    app.register_blueprint(api.API, url_prefix=f"{PREFIX}/api")
    app.register_error_handler(RefusedError, _refused)
    app.register_error_handler(HTTPException, _failed)
    app.register_error_handler(Exception, _failed)
    return app


def own_account() -> Account:
    """Return the account of this browser: that which logged in, else the published one."""
    klantnaam = session.get("klantnaam")
    account = None if klantnaam is None else pages().account_of_session(klantnaam)
    return account or THE_PUBLISHED


def _refused(error: RefusedError) -> "BaseResponse":
    return _error(english(error), 409)


def _failed(error: Exception) -> "BaseResponse":
    """Return the page of a failure; only one of ours is logged."""
    if isinstance(error, CSRFError):
        return _error("This form is of an earlier session: open its page again.", 400)
    if isinstance(error, HTTPException):
        reply = _error(error.description or error.name, error.code or 500)
        reply.headers.extend((name, value) for name, value in error.get_headers() if name != "Content-Type")
        return reply
    log_failure(error, current_app.logger)
    return _error("Something went wrong here; the log of the sandbox says what.", 500)


def _error(text: str, status: int) -> "BaseResponse":
    if request.path.startswith(f"{PREFIX}/api"):
        return Response(api.error(text), status, content_type=api.JSON_TYPE)
    return Response(render_template("sandbox_error.html", text=text), status)


@VIEWS.get("/")
def show_situations() -> str:
    """Show the account, the clock and the situations."""
    account = own_account()
    return render_template(
        "situations.html",
        places=list(places_of(account.letters)),
        klantcode=KLANTCODE if account.is_published else None,
        new_klantcode=random_text(_CODE_LENGTH),
        base_url=pages().base_url,
    )


@VIEWS.post("/account")
def take_account() -> str:
    """Make an account of the klantnaam in the form; sent twice, it is the same account."""
    klantnaam, klantcode = request.form.get("klantnaam", "").strip(), request.form.get("klantcode", "")
    account = pages().world.take_account(klantnaam, klantcode)[0]
    session["klantnaam"] = account.klantnaam
    return render_template("account.html", taken=account, klantcode=klantcode)


@VIEWS.post("/log-in")
def log_in() -> "BaseResponse":
    """Use the account of the codes in the form."""
    klantnaam, klantcode = request.form.get("klantnaam", "").strip(), request.form.get("klantcode", "").strip()
    account = pages().world.account_of(klantnaam, klantcode)
    if account is None:
        flash("No account of this sandbox has this klantnaam and klantcode.", "fout")
    else:
        session["klantnaam"] = account.klantnaam
        flash(f"These are the schools of {account.klantnaam}.", "goed")
    return redirect(url_for("views.show_situations"), 303)


@VIEWS.post("/log-out")
def log_out() -> "BaseResponse":
    """Use the published account again."""
    session.clear()
    return redirect(url_for("views.show_situations"), 303)


@VIEWS.post("/clock")
def move_clock() -> "BaseResponse":
    """Move the clock, for everybody."""
    world = pages().world
    world.move_clock(sandbox_clock.parse(request.form.get("to", ""), world.clock))
    flash(f"The clock of this sandbox says {sandbox_clock.shown(world.clock())}.", "goed")
    return redirect(url_for("views.show_situations"), 303)


@VIEWS.get("/schools/<brin6>")
def show_school(brin6: str) -> str:
    """Show a school of the account, which is made if it was not yet, and what can be done to it."""
    account, world = own_account(), pages().world
    place, present, leerlingen = world.school(account, brin6)
    return render_template(
        "school.html",
        place=place,
        present=present,
        koppeling=pages().koppeling_state(place),
        resultaten=pages().results_state(place),
        sent=sent_results.written(world.database, account, place),
        leerlingen=leerlingen[:SHOWN],
        number=len(leerlingen),
    )


@VIEWS.post("/schools/<brin6>/<act>")
def do_act(brin6: str, act: str) -> "BaseResponse":
    """Do an act on a school, of the version that its page showed."""
    version = request.form.get("version", "")
    number = int(version) if version.isdecimal() and len(version) < api.MAX_DIGITS else 0
    told = pages().world.act(own_account(), brin6, api.act_of(act), request.form, number)
    flash(f"Done: {told}.", "goed")
    return redirect(url_for("views.show_school", brin6=brin6), 303)


@VIEWS.get("/calls")
def show_calls() -> str:
    """Show the last calls of the account."""
    found = pages().calls.calls_of(own_account().klantnaam)
    return render_template("calls.html", calls=found)


@VIEWS.get("/calls/by-id")
def find_call() -> "BaseResponse":
    """Go to the call with an X-Request-ID."""
    asked = request.args.get("id", "").strip().lower()
    return redirect(url_for("views.show_call", request_id=asked if ID.fullmatch(asked) else "none"), 303)


@VIEWS.get("/calls/<request_id>")
def show_call(request_id: str) -> str:
    """Show one call of the account, or of nobody."""
    return render_template("call.html", call=written(pages().call(own_account(), request_id)))
