"""The pages of every logged-in user: the start page, setting up the second factor, and logging out."""

from contextlib import suppress
from dataclasses import dataclass

import segno
import sqlalchemy as sa
from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from werkzeug.wrappers import Response

from uwlr_adapter.administratie.importing import questions
from uwlr_adapter.administratie.schools import list_vestigingen
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.gebruikers import accounts, second_factor
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.facts import verdicts_of
from uwlr_adapter.koppelingen.verdict import KoppelingVerdict, VerdictKind
from uwlr_adapter.koppelingen.verdict_words import words_of
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.blueprints import ACCOUNT
from uwlr_adapter.portal.context import catalogue, database, now, server_keys
from uwlr_adapter.portal.forms import TotpForm
from uwlr_adapter.portal.school import name_of

WRONG_CODE = "Deze code is niet juist. Controleer of de klok van uw telefoon goed staat en vul de nieuwe code in."
_TOTP = "totp"
"""The key in the session of the sealed secret of a second factor that is being set up."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The state of one vestiging, for users that act for several."""

    koppelingen: int
    """The number of living koppelingen that carry data."""
    attention: tuple[str, ...]
    """A Dutch phrase for each koppeling that needs attention, and for open questions."""


@ACCOUNT.get("/")
def start() -> ResponseReturnValue:
    """Go to the only page that the user needs, or show a choice of vestigingen."""
    gebruiker = login_session.require_gebruiker()
    if gebruiker.rol is GebruikerRol.OPERATOR and not gebruiker.vestigingen:
        return redirect(url_for("operator.show_start"), 303)
    if len(gebruiker.vestigingen) == 1 and gebruiker.rol is not GebruikerRol.OPERATOR:
        return redirect(url_for("school.show_overview", brin6=gebruiker.vestigingen[0]), 303)
    with database().reading() as connection:
        own = [one for one in list_vestigingen(connection) if one.brin6 in gebruiker.vestigingen]
        vestigingen = [(vestiging, _summarise(connection, vestiging.brin6)) for vestiging in own]
    return render_template("vestigingen.html", vestigingen=vestigingen)


@ACCOUNT.get("/tweede-factor")
def show_totp_setup() -> ResponseReturnValue:
    """Show the secret of a new second factor, as a QR code and as text."""
    if login_session.require_gebruiker().has_totp:
        return redirect(url_for(".start"), 303)
    return _show_totp_setup(TotpForm())


@ACCOUNT.post("/tweede-factor")
def set_up_totp() -> ResponseReturnValue:
    """Store the second factor when its first code is right."""
    gebruiker = login_session.require_gebruiker()
    form = TotpForm(request.form)
    if _TOTP not in session or gebruiker.has_totp:
        return redirect(url_for(".start"), 303)
    if not form.validate():
        return _show_totp_setup(form), 422
    secret = _pending_secret()
    step = second_factor.find_step(secret, str(form.code.data), now(), None)
    if step is None:
        form.code.errors = [WRONG_CODE]
        return _show_totp_setup(form), 422
    with database().writing() as connection:
        accounts.set_totp(connection, gebruiker.id, second_factor.seal(server_keys(), secret), step)
    session.pop(_TOTP)
    flash("De tweede stap is ingesteld. Voortaan vraagt het inloggen ook een code uit uw app.", "goed")
    return redirect(url_for(".start"), 303)


@ACCOUNT.get("/sessie")
def show_session() -> dict[str, int]:
    """Return how long the session lasts, in seconds; a page that is open asks, and does not extend it so."""
    return {"seconden": login_session.seconds_left()}


@ACCOUNT.get("/sessie/verder")
def extend_session() -> dict[str, int]:
    """Return how long the session lasts, in seconds, now that it was extended as every page does."""
    return {"seconden": login_session.seconds_left()}


@ACCOUNT.post("/uitloggen")
def log_out() -> Response:
    """End every session of the user, so that a copied cookie is void too."""
    with database().writing() as connection:
        accounts.end_sessions(connection, login_session.require_gebruiker().id)
    session.clear()
    flash("U bent uitgelogd.", "goed")
    return redirect(url_for("public.show_login"), 303)


def _summarise(connection: sa.Connection, brin6: str) -> Summary:
    """Return the state of a vestiging by the verdicts that its own pages show."""
    living = [koppeling for koppeling in store.list_living(connection, brin6) if koppeling.afnemer_id is not None]
    attention = []
    if number := questions.number_at(connection, brin6):
        attention.append(count_noun(number, "vraag", "vragen"))
    verdicts = verdicts_of(connection, catalogue(), living, now())
    for koppeling in living:
        verdict = verdicts[koppeling.id]
        if verdict.who is not None and verdict.kind is not VerdictKind.HELD:  # these are the questions
            attention.append(_badge(verdict, name_of(koppeling)))
    return Summary(len(living), tuple(dict.fromkeys(attention)))


def _badge(verdict: KoppelingVerdict, name: str) -> str:
    """Return a verdict in a few words among those of others; old records are of the vestiging, and named once."""
    badge = words_of(verdict, name).badge
    is_clear = verdict.kind is VerdictKind.STALE or name in badge
    return badge if is_clear else f"{name}: {badge[0].lower()}{badge[1:]}"


def _pending_secret() -> str:
    """Return the secret that this session is setting up, a new one when there is none, or its server key is gone."""
    if _TOTP in session:
        with suppress(second_factor.UnreadableSecretError):
            return second_factor.unseal(server_keys(), session[_TOTP])
    secret = second_factor.make_secret()
    session[_TOTP] = second_factor.seal(server_keys(), secret)
    return secret


def _show_totp_setup(form: TotpForm) -> str:
    """Show the form with the secret of this session, made when there is none yet; the cookie holds it sealed."""
    secret = _pending_secret()
    code = segno.make(second_factor.uri(secret, login_session.require_gebruiker().login))
    svg = code.svg_inline(scale=5, border=2, title="QR-code voor uw app", svgclass="qr", lineclass=None, omitsize=True)
    groups = " ".join(secret[begin : begin + 4] for begin in range(0, len(secret), 4))
    qr = Markup(svg)  # noqa: S704 - segno made it, from a login and a secret that it encodes
    return render_template("set_up_totp.html", form=form, qr=qr, secret=groups)
