"""The pages for everybody: log in, with the second factor, and set a password with a one-time link.

A wrong login and a wrong password look the same and cost the same. An attempt that comes too early is refused at once,
for this address only.
"""

from datetime import timedelta
from threading import BoundedSemaphore

from flask import Blueprint, flash, make_response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from uwlr_adapter.gebruikers import accounts as gebruikers
from uwlr_adapter.gebruikers import attempts, passwords, second_factor
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.gebruikers.attempts import Poging, TeVaak
from uwlr_adapter.gebruikers.errors import LinkOngeldig, WachtwoordFout
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.context import bron, huis, moment
from uwlr_adapter.portal.forms import InlogForm, TotpForm, WachtwoordForm
from uwlr_adapter.portal.guard import OPENBAAR
from uwlr_adapter.portal.paths import local_path
from uwlr_adapter.portal.wording import wachttijd

ONJUIST = "De gebruikersnaam of het wachtwoord is niet juist."
CODE_ONJUIST = "Deze code is niet juist, of al gebruikt. Wacht op de volgende code in uw app en vul die in."
GEHEIM_WEG = "Uw tweede stap kan niet worden gecontroleerd. Vraag de beheerder om uw account opnieuw in te stellen."
DRUK = "Er loggen op dit moment veel mensen tegelijk in. Probeer het over een paar seconden opnieuw."
DRUK_WACHT = timedelta(seconds=2)
TEGELIJK = 2
"""Passwords that a process checks at once: each takes 64 MB and a thread, and platforms fetch in the same process."""

_at_work = BoundedSemaphore(TEGELIJK)
pages = Blueprint(OPENBAAR, __name__)


@pages.get("/inloggen")
def inloggen() -> Response | str:
    """Show the form to log in."""
    if login_session.present() is not None:
        return redirect(url_for("account.start"), 303)
    return render_template("inloggen.html", form=InlogForm(), fout=None)


@pages.post("/inloggen")
def inloggen_post() -> Response | str | tuple[str, int]:
    """Log in, or go on to the second factor."""
    form = InlogForm(request.form)
    if not form.validate():
        return render_template("inloggen.html", form=form, fout=None), 422
    verder = local_path(request.args.get("verder"))
    login, geheim = str(form.login.data), str(form.wachtwoord.data)
    attempt = attempts.poging_of(huis().sleutels, login, bron())
    if not _at_work.acquire(blocking=False):
        return _too_often(render_template("inloggen.html", form=form, fout=DRUK), TeVaak(DRUK_WACHT))
    try:
        _begin(attempt)
        with huis().opslag.reading() as connection:
            found = gebruikers.authenticate(connection, login, geheim)
    except TeVaak as te_vaak:
        return _too_often(render_template("inloggen.html", form=form, fout=_sentence(te_vaak)), te_vaak)
    finally:
        _at_work.release()
    if found is None:
        return render_template("inloggen.html", form=form, fout=ONJUIST), 403
    with huis().opslag.writing() as connection:
        gebruikers.refresh_hash(connection, found.id, geheim)
        if found.heeft_totp:
            attempts.undo(connection, attempt)
        else:
            attempts.succeed(connection, attempt)
    if found.heeft_totp:
        login_session.start_half(found, verder)
        return redirect(url_for(".tweede_stap"), 303)
    return _enter(found, verder)


@pages.get("/inloggen/tweede-stap")
def tweede_stap() -> Response | str:
    """Ask for the code of the app."""
    if login_session.half() is None:
        return redirect(url_for(".inloggen"), 303)
    return render_template("tweede_stap.html", form=TotpForm(), fout=None)


@pages.post("/inloggen/tweede-stap")
def tweede_stap_post() -> Response | str | tuple[str, int]:
    """Check the code of the app; each one is good once."""
    half = login_session.half()
    if half is None:
        flash("Dat duurde te lang. Log opnieuw in.", "let-op")
        return redirect(url_for(".inloggen"), 303)
    form = TotpForm(request.form)
    if not form.validate():
        return render_template("tweede_stap.html", form=form, fout=None), 422
    attempt = attempts.poging_of(huis().sleutels, half.gebruiker.login, bron())
    try:
        _begin(attempt)
        good = _use_code(half.gebruiker, str(form.code.data))
    except TeVaak as te_vaak:
        return _too_often(render_template("tweede_stap.html", form=form, fout=_sentence(te_vaak)), te_vaak)
    except second_factor.GeheimOnleesbaar:
        return render_template("tweede_stap.html", form=form, fout=GEHEIM_WEG), 403
    if not good:
        return render_template("tweede_stap.html", form=form, fout=CODE_ONJUIST), 403
    with huis().opslag.writing() as connection:
        attempts.succeed(connection, attempt)
    return _enter(half.gebruiker, half.verder)


@pages.get("/wachtwoord/<token>")
def wachtwoord_kiezen(token: str) -> str | tuple[str, int]:
    """Show the form to set a password, when the link is good."""
    try:
        with huis().opslag.reading() as connection:
            found = gebruikers.by_link(connection, token, moment())
    except LinkOngeldig:
        return render_template("link_ongeldig.html"), 404
    return render_template("wachtwoord.html", form=WachtwoordForm(), eigenaar=found)


@pages.post("/wachtwoord/<token>")
def wachtwoord_kiezen_post(token: str) -> Response | tuple[str, int]:
    """Set the password; the link is used up, and every session of the user has ended."""
    form = WachtwoordForm(request.form)
    try:
        with huis().opslag.reading() as connection:
            found = gebruikers.by_link(connection, token, moment())
        if not (form.validate() and _is_good(form, found)):
            return render_template("wachtwoord.html", form=form, eigenaar=found), 422
        hash_ = passwords.make_hash(str(form.wachtwoord.data))
        with huis().opslag.writing() as connection:
            gebruikers.set_password(connection, token, hash_, moment())
    except LinkOngeldig:
        return render_template("link_ongeldig.html"), 404
    session.clear()
    flash("Uw wachtwoord is ingesteld. Log nu in.", "goed")
    return redirect(url_for(".inloggen"), 303)


def _begin(attempt: Poging) -> None:
    with huis().opslag.writing() as connection:
        attempts.begin(connection, attempt, moment())


def _use_code(gebruiker: Gebruiker, code: str) -> bool:
    """Use up a code of the app; the secret is sealed anew, so that an old server key may go one day."""
    sleutels = huis().sleutels
    with huis().opslag.writing() as connection:
        verzegeld, laatste = gebruikers.totp_of(connection, gebruiker.id)
        if verzegeld is None:
            return False
        geheim = second_factor.unseal(sleutels, verzegeld)
        stap = second_factor.find_step(geheim, code, moment(), laatste)
        return stap is not None and gebruikers.use_step(
            connection, gebruiker.id, stap, second_factor.seal(sleutels, geheim)
        )


def _enter(gebruiker: Gebruiker, verder: str | None) -> Response:
    login_session.start(gebruiker)
    return redirect(verder or url_for("account.start"), 303)


def _is_good(form: WachtwoordForm, eigenaar: Gebruiker) -> bool:
    try:
        passwords.require_good(str(form.wachtwoord.data), eigenaar.login, eigenaar.naam)
    except WachtwoordFout as fout:
        form.wachtwoord.errors = [str(fout)]
        return False
    return True


def _sentence(te_vaak: TeVaak) -> str:
    return f"U hebt te vaak iets onjuists ingevuld. Probeer het over {wachttijd(te_vaak.wacht)} opnieuw."


def _too_often(page: str, te_vaak: TeVaak) -> Response:
    response = make_response(page, 429)
    response.headers["Retry-After"] = str(-int(-te_vaak.wacht.total_seconds() // 1))
    return response
