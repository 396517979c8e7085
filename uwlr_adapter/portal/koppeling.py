"""The pages of one koppeling: its state and its verificatiecode, what it shares, and a printable confirmation.

The verificatiecode is shown in the answer to its form, and never again. The form carries the version of the koppeling
that was shown: when somebody else changed the koppeling in between, nothing is done and the page is shown again with
its new state.
"""

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from uwlr_adapter.administratie import withholding
from uwlr_adapter.clock import day_of, start_of
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.koppelingen import actions, afnemers, agreements, store, verificatiecode
from uwlr_adapter.koppelingen.errors import ChangedMeanwhileError, CodeInUseError, InvalidCodeError, KoppelingError
from uwlr_adapter.koppelingen.facts import verdicts_of
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.acts import acts_of, led_to, missed, was_done
from uwlr_adapter.portal.blueprints import SCHOOL
from uwlr_adapter.portal.context import catalogue, database, now, server_keys
from uwlr_adapter.portal.forms import GENERATE_CODE, CodeForm, add_error, check_code, seen_version
from uwlr_adapter.portal.school import (
    CodeOnce,
    code_once,
    is_to_come,
    name_of,
    read_koppeling,
    refuse,
    require_koppeling,
    shared_profiel,
    waiting_of,
)
from uwlr_adapter.portal.sentences import BELOW
from uwlr_adapter.portal.sharing import sharing_of
from uwlr_adapter.portal.toestemmingen import shown_of
from uwlr_adapter.portal.traffic import fetches, last_call_in_words, traffic_of
from uwlr_adapter.portal.verdicts import shown

MAX_ACTS, SHOWN_ACTS = 50, 10
"""Acts in which the one that led to the present status is looked for, and those of them that the page lists."""


@SCHOOL.get("/koppeling/<id:koppeling_id>")
def show_koppeling(brin6: str, koppeling_id: int) -> str:
    """Show a koppeling, living or ended."""
    return _show(brin6, koppeling_id, CodeForm())


@SCHOOL.post("/koppeling/<id:koppeling_id>")
def enter_code(brin6: str, koppeling_id: int) -> ResponseReturnValue:
    """Store the verificatiecode, or generate one and show the form again."""
    form = CodeForm(request.form)
    seen = read_koppeling(brin6, koppeling_id)
    if request.form.get("actie") == GENERATE_CODE:
        form.verificatiecode.data = verificatiecode.generate(brin6)
        return _show(brin6, koppeling_id, form, generated=True)
    if not form.verificatiecode.data and seen.status is Status.ACTIEF and seen.afnemer_id is not None:
        return redirect(url_for(".confirm_pause", brin6=brin6, koppeling_id=koppeling_id, leeg="ja"), 303)
    if seen.is_living and seen.afnemer_id is not None and not check_code(form.verificatiecode, brin6):
        return _show(brin6, koppeling_id, form), 422
    return _enter_code(brin6, koppeling_id, seen, form)


def _enter_code(brin6: str, koppeling_id: int, seen: Koppeling, form: CodeForm) -> ResponseReturnValue:
    """Store the verificatiecode, and show it once with the page of the koppeling."""
    code = form.verificatiecode.data or ""
    act = Act.RESUMED if seen.status is Status.GEPAUZEERD else Act.CODE_CHANGED
    try:
        with database().writing() as connection:
            actions.enter_code(
                connection, server_keys(), koppeling_id, seen_version(form), code, now(), actor=login_session.actor()
            )
    except ChangedMeanwhileError as error:
        if (repeated := _done_before(brin6, koppeling_id, form)) is None:
            return _show(brin6, koppeling_id, form, error=str(error), seen=seen_version(form)), 409
        act = repeated
    except (InvalidCodeError, CodeInUseError) as error:
        add_error(form.verificatiecode, str(error))
        return _show(brin6, koppeling_id, form), 422
    except KoppelingError as error:
        return refuse(brin6, koppeling_id, error)
    done = "De uitwisseling is hervat." if act is Act.RESUMED else "De verificatiecode is gewijzigd."
    return _show(brin6, koppeling_id, CodeForm(), once=code_once(seen, done, code))


def _done_before(brin6: str, koppeling_id: int, form: CodeForm) -> Act | None:
    """Return how this user entered this very code with this form, which is sent again; None when that is not so."""
    koppeling, version = read_koppeling(brin6, koppeling_id), seen_version(form)
    if not actions.is_code_of(koppeling, server_keys(), form.verificatiecode.data or ""):
        return None
    return next((act for act in (Act.CODE_CHANGED, Act.RESUMED) if was_done(koppeling, version, act)), None)


@SCHOOL.get("/koppeling/<id:koppeling_id>/delen")
def show_sharing(brin6: str, koppeling_id: int) -> str:
    """Show which fields a koppeling shares and which it does not, with numbers of records and no personal data."""
    with database().reading() as connection:
        koppeling = require_koppeling(connection, brin6, koppeling_id)
        profiel = shared_profiel(koppeling)
        if profiel is None:
            abort(404)
        withheld = withholding.withheld_from(connection, koppeling.id)
        platform = None if koppeling.afnemer_id is None else afnemers.by_id(connection, koppeling.afnemer_id)
        moment = start_of(koppeling.startdatum) if is_to_come(koppeling) else now()
        sharing = sharing_of(connection, brin6, profiel, moment, withheld)
    return render_template(
        "sharing.html",
        koppeling=koppeling,
        name=name_of(koppeling),
        sharing=sharing,
        waiting=waiting_of(koppeling),
        day=day_of(moment),
        is_blocked=platform is not None and not platform.is_enabled,
        is_to_come=is_to_come(koppeling),
    )


@SCHOOL.get("/koppeling/<id:koppeling_id>/bevestiging")
def show_printout(brin6: str, koppeling_id: int) -> str:
    """Show the confirmation of the activation, for the school to print and file."""
    with database().reading() as connection:
        koppeling = require_koppeling(connection, brin6, koppeling_id)
        verdict = verdicts_of(connection, catalogue(), [koppeling], now())[koppeling_id]
        kept = agreements.text_of(connection, koppeling.akkoord)
        toestemmingen = shown_of(connection, koppeling)
    return render_template(
        "printout.html",
        koppeling=koppeling,
        name=name_of(koppeling),
        entry=catalogue().get(koppeling.entry_id),
        verdict=shown(verdict, name_of(koppeling), koppeling),
        kept=kept,
        toestemmingen=toestemmingen,
        now=now(),
    )


def _show(
    brin6: str,
    koppeling_id: int,
    form: CodeForm,
    *,
    error: str | None = None,
    seen: int = 0,
    generated: bool = False,
    once: CodeOnce | None = None,
) -> str:
    """Show the page; with an error also what was done since the version `seen`."""
    with database().reading() as connection:
        koppeling = require_koppeling(connection, brin6, koppeling_id)
        name = name_of(koppeling)
        verdict = verdicts_of(connection, catalogue(), [koppeling], now())[koppeling_id]
        traffic = traffic_of(connection, {koppeling.id: verdict}, now())[koppeling_id]
        earlier = store.earlier_akkoorden(connection, koppeling.id)
        kept = agreements.text_of(connection, koppeling.akkoord)
        acts = acts_of(connection, koppeling, name, MAX_ACTS)
        others = missed(connection, koppeling, name, seen) if error else ()
        withheld = len(withholding.withheld_from(connection, koppeling.id))
        toestemmingen = shown_of(connection, koppeling)
    return render_template(
        "koppeling.html",
        koppeling=koppeling,
        name=name,
        entry=catalogue().get(koppeling.entry_id),
        verdict=shown(verdict, name, koppeling),
        waiting=waiting_of(koppeling),
        acts=acts[:SHOWN_ACTS],
        led_to=led_to(koppeling.status, acts),
        traffic=traffic,
        sentence=last_call_in_words(traffic, name, BELOW),
        earlier=earlier,
        kept=kept,
        withheld=withheld,
        toestemmingen=toestemmingen,
        last_results=verdict.last_results,
        fetches=fetches(verdict),
        form=form,
        error=error,
        missed=others,
        generated=generated,
        code=once,
        is_to_come=is_to_come(koppeling),
    )
