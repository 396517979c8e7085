"""Inzage: a parent asks who got what about a child, and a schoolbeheerder answers.

A leerling is searched by POST, as in `withhold.py`. Before anything is shown, the user confirms that whoever asks may
know it, and each look and each file stands in the journaal with the number of the leerling, never the name or the key.
The ECK-iD is masked on a page, that is open in a room, and whole in the file, which is for the parent.
"""

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue

from uwlr_adapter.administratie.leerlingen import KnownLeerling
from uwlr_adapter.clock import day_of
from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.koppelingen import receipts
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.blueprints import INSIGHT
from uwlr_adapter.portal.context import database, now
from uwlr_adapter.portal.download import download
from uwlr_adapter.portal.forms import InsightForm
from uwlr_adapter.portal.insight import Insight, find_leerling, insight_of, vestigingen_of
from uwlr_adapter.portal.leerling_search import search_leerlingen


@INSIGHT.get("/inzage")
@INSIGHT.post("/inzage")
def show_search(brin6: str) -> ResponseReturnValue:
    """Show the form to search for a leerling; once it is sent, those with a name, in a groep, or both."""
    asked = search_leerlingen(brin6)
    return render_template("inzage.html", form=asked.form, search=asked.found), asked.status


@INSIGHT.get("/inzage/<id:persoon_id>")
def confirm_insight(brin6: str, persoon_id: int) -> str:
    """Ask whether whoever wants to know it may know it."""
    return _ask(_require(brin6, persoon_id), InsightForm())


@INSIGHT.post("/inzage/<id:persoon_id>")
def show_insight(brin6: str, persoon_id: int) -> ResponseReturnValue:
    """Show who got what of a leerling, and what goes now."""
    form, leerling = InsightForm(request.form), _require(brin6, persoon_id)
    if not form.validate():
        return _ask(leerling, form), 422
    insight = _look(brin6, leerling, Act.LEERLING_VIEWED)
    return render_template("inzage_leerling.html", insight=insight, leerling=leerling, today=day_of(now()))


@INSIGHT.post("/inzage/<id:persoon_id>/bestand")
def download_insight(brin6: str, persoon_id: int) -> ResponseReturnValue:
    """Return the same as a file for the parent, with the whole ECK-iD.

    A page: a parent reads and prints it with what every computer has, and it says in words what a table of values
    does not.
    """
    form, leerling = InsightForm(request.form), _require(brin6, persoon_id)
    if not form.validate():
        return _ask(leerling, form), 422
    insight = _look(brin6, leerling, Act.LEERLING_DOWNLOADED, whole_eckid=True)
    page = render_template("inzage_bestand.html", insight=insight, leerling=leerling, now=now())
    return download(page, "text/html", f"inzage-leerling-{persoon_id}-{day_of(now()):%Y-%m-%d}.html")


def _look(brin6: str, leerling: KnownLeerling, act: Act, *, whole_eckid: bool = False) -> Insight:
    """Return what is known up to now, with an entry of the journaal that it was looked at."""
    moment = now()
    with database().writing() as connection:
        receipts.settle(connection, vestigingen_of(connection, brin6))
        writer.record_records_act(
            connection,
            moment=moment,
            act=act,
            brin6=brin6,
            actor=login_session.actor(),
            persoon_id=leerling.persoon_id,
        )
    with database().reading() as connection:
        return insight_of(connection, brin6, leerling, day_of(moment), whole_eckid=whole_eckid)


def _require(brin6: str, persoon_id: int) -> KnownLeerling:
    """Return a leerling of this vestiging. Raises NotFound."""
    with database().reading() as connection:
        return find_leerling(connection, brin6, day_of(now()), persoon_id) or abort(404)


def _ask(leerling: KnownLeerling, form: InsightForm) -> str:
    return render_template("inzage_bevestigen.html", leerling=leerling, form=form)
