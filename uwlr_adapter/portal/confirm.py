"""Pausing and ending a koppeling: each asks for confirmation, and acts on the version of the koppeling that was shown.

When somebody else changed the koppeling in between, nothing is done and the question is shown again with its new state.
"""

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from uwlr_adapter.clock import day_of
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.koppelingen import actions, what_if
from uwlr_adapter.koppelingen.actions import KoppelingAct
from uwlr_adapter.koppelingen.errors import ChangedMeanwhileError, KoppelingError
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.acts import missed, was_done
from uwlr_adapter.portal.blueprints import SCHOOL
from uwlr_adapter.portal.context import database, now
from uwlr_adapter.portal.forms import VersionForm, seen_version
from uwlr_adapter.portal.school import name_of, read_koppeling, refuse, to_koppeling, to_overview


@SCHOOL.get("/koppeling/<id:koppeling_id>/pauzeren")
def confirm_pause(brin6: str, koppeling_id: int) -> ResponseReturnValue:
    """Ask whether to clear the verificatiecode."""
    koppeling = read_koppeling(brin6, koppeling_id)
    if koppeling.status is not Status.ACTIEF or koppeling.afnemer_id is None:
        return to_koppeling(brin6, koppeling_id)
    return _ask("pause.html", koppeling)


@SCHOOL.post("/koppeling/<id:koppeling_id>/pauzeren")
def pause(brin6: str, koppeling_id: int) -> ResponseReturnValue:
    """Clear the verificatiecode, which pauses the koppeling."""
    done = (
        "De verificatiecode is verwijderd. {name} kan nu niets meer ophalen, tot u weer een code invult. "
        "{name} houdt wat het al heeft; vraag zelf om verwijdering."
    )
    after = to_koppeling(brin6, koppeling_id)
    return _act(brin6, koppeling_id, actions.clear_code, Act.PAUSED, "pause.html", done, after)


@SCHOOL.get("/koppeling/<id:koppeling_id>/beeindigen")
def confirm_end(brin6: str, koppeling_id: int) -> ResponseReturnValue:
    """Ask whether to end the koppeling."""
    koppeling = read_koppeling(brin6, koppeling_id)
    if not koppeling.is_living:
        return to_koppeling(brin6, koppeling_id)
    return _ask("end.html", koppeling)


@SCHOOL.post("/koppeling/<id:koppeling_id>/beeindigen")
def end(brin6: str, koppeling_id: int) -> ResponseReturnValue:
    """End the koppeling for good."""
    done = (
        "De koppeling met {name} is beëindigd. U vindt haar terug onder Beëindigde koppelingen, met een verklaring van "
        "het einde (PDF)."
    )
    if read_koppeling(brin6, koppeling_id).afnemer_id is not None:
        done = f"{done} {{name}} houdt wat het al heeft; vraag zelf om verwijdering."
    return _act(brin6, koppeling_id, actions.end, Act.ENDED, "end.html", done, to_overview(brin6))


def _ask(template: str, koppeling: Koppeling, error: str | None = None, seen: int = 0) -> str:
    """Show a question; with an error also what was done since the version `seen`."""
    name = name_of(koppeling)
    with database().reading() as connection:
        years = what_if.if_stopped(connection, koppeling, day_of(now()))
        others = missed(connection, koppeling, name, seen) if error else ()
    return render_template(template, koppeling=koppeling, name=name, years=years, error=error, missed=others)


def _act(
    brin6: str, koppeling_id: int, act: KoppelingAct, kind: Act, template: str, done: str, after: Response
) -> ResponseReturnValue:
    """Perform a confirmed act; return `after` with the message `done`, or the page that says why it was refused."""
    name, seen = name_of(read_koppeling(brin6, koppeling_id)), seen_version(VersionForm(request.form))
    try:
        with database().writing() as connection:
            act(connection, koppeling_id, seen, now(), actor=login_session.actor())
    except ChangedMeanwhileError as error:
        changed = read_koppeling(brin6, koppeling_id)
        if not was_done(changed, seen, kind):
            if changed.is_living:
                return _ask(template, changed, str(error), seen), 409
            return refuse(brin6, koppeling_id, error)
    except KoppelingError as error:
        return refuse(brin6, koppeling_id, error)
    flash(done.format(name=name), "goed")
    return after
