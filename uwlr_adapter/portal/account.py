"""The pages of every logged-in user: the start page, how long the session lasts, and logging out."""

from dataclasses import dataclass

import sqlalchemy as sa
from flask import flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from uwlr_adapter.administratie.importing import questions
from uwlr_adapter.administratie.schools import list_vestigingen
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.gebruikers import accounts
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.facts import verdicts_of
from uwlr_adapter.koppelingen.verdict import KoppelingVerdict, VerdictKind
from uwlr_adapter.koppelingen.verdict_words import words_of
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.blueprints import ACCOUNT
from uwlr_adapter.portal.context import catalogue, database, now
from uwlr_adapter.portal.school import name_of


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
        return redirect(url_for("operator.list_afnemers"), 303)
    if len(gebruiker.vestigingen) == 1 and gebruiker.rol is not GebruikerRol.OPERATOR:
        return redirect(url_for("school.show_overview", brin6=gebruiker.vestigingen[0]), 303)
    with database().reading() as connection:
        own = [one for one in list_vestigingen(connection) if one.brin6 in gebruiker.vestigingen]
        vestigingen = [(vestiging, _summarise(connection, vestiging.brin6)) for vestiging in own]
    return render_template("vestigingen.html", vestigingen=vestigingen)


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
