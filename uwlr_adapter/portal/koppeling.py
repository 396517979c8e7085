"""The pages of one koppeling: its state and its verificatiecode, what it shares, and a printable confirmation.

The verificatiecode is never shown again. Its form carries the version of the koppeling that was shown: when somebody
else changed the koppeling in between, nothing is done and the page is shown again with its new state.
"""

from flask import abort, flash, render_template, request
from flask.typing import ResponseReturnValue

from uwlr_adapter.administratie import withholding
from uwlr_adapter.clock import day_of
from uwlr_adapter.koppelingen import actions, store, verificatiecode
from uwlr_adapter.koppelingen.errors import ChangedMeanwhileError, CodeInUseError, InvalidCodeError, KoppelingError
from uwlr_adapter.koppelingen.facts import verdicts_of
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.blueprints import SCHOOL
from uwlr_adapter.portal.context import catalogue, database, now, server_keys
from uwlr_adapter.portal.forms import GENERATE_CODE, CodeForm, add_error, check_code, seen_version
from uwlr_adapter.portal.school import (
    has_new_voorwaarden,
    name_of,
    read_koppeling,
    refuse,
    require_koppeling,
    to_koppeling,
)
from uwlr_adapter.portal.sentences import sentence_of
from uwlr_adapter.portal.sharing import sharing_of
from uwlr_adapter.portal.traffic import traffic_of
from uwlr_adapter.portal.verdicts import shown


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
    if seen.is_living and seen.afnemer_id is not None and not check_code(form.verificatiecode, brin6):
        return _show(brin6, koppeling_id, form), 422
    code = form.verificatiecode.data or ""
    try:
        with database().writing() as connection:
            actor = login_session.require_gebruiker().login
            actions.enter_code(connection, server_keys(), koppeling_id, seen_version(form), code, now(), actor=actor)
    except ChangedMeanwhileError as error:
        return _show(brin6, koppeling_id, form, error=str(error)), 409
    except (InvalidCodeError, CodeInUseError) as error:
        add_error(form.verificatiecode, str(error))
        return _show(brin6, koppeling_id, form), 422
    except KoppelingError as error:
        return refuse(brin6, koppeling_id, error)
    done = "De uitwisseling is hervat" if seen.status is Status.GEPAUZEERD else "De verificatiecode is gewijzigd"
    flash(f"{done}. Vul dezelfde verificatiecode ook in bij {name_of(seen)}.", "goed")
    return to_koppeling(brin6, koppeling_id)


@SCHOOL.get("/koppeling/<id:koppeling_id>/delen")
def show_sharing(brin6: str, koppeling_id: int) -> str:
    """Show which fields a koppeling shares and which it does not, with numbers of records and no personal data."""
    with database().reading() as connection:
        koppeling = require_koppeling(connection, brin6, koppeling_id)
        profiel = catalogue().profiel_by_entry.get(koppeling.entry_id)
        if profiel is None:
            abort(404)
        withheld = withholding.withheld_from(connection, koppeling.id)
        sharing = sharing_of(connection, brin6, profiel, now(), withheld)
    return render_template(
        "sharing.html", koppeling=koppeling, name=name_of(koppeling), sharing=sharing, today=day_of(now())
    )


@SCHOOL.get("/koppeling/<id:koppeling_id>/bevestiging")
def show_printout(brin6: str, koppeling_id: int) -> str:
    """Show the confirmation of the activation, for the school to print and file."""
    with database().reading() as connection:
        koppeling = require_koppeling(connection, brin6, koppeling_id)
        verdict = verdicts_of(connection, catalogue(), [koppeling], now())[koppeling_id]
    return render_template(
        "printout.html",
        koppeling=koppeling,
        name=name_of(koppeling),
        entry=catalogue().get(koppeling.entry_id),
        verdict=shown(verdict, name_of(koppeling), koppeling),
        now=now(),
    )


def _show(brin6: str, koppeling_id: int, form: CodeForm, *, error: str | None = None, generated: bool = False) -> str:
    with database().reading() as connection:
        koppeling = require_koppeling(connection, brin6, koppeling_id)
        verdict = verdicts_of(connection, catalogue(), [koppeling], now())[koppeling_id]
        traffic = traffic_of(connection, {koppeling.id: verdict}, now())[koppeling_id]
        earlier = store.earlier_akkoorden(connection, koppeling.id)
        withheld = len(withholding.withheld_from(connection, koppeling.id))
    name = name_of(koppeling)
    return render_template(
        "koppeling.html",
        koppeling=koppeling,
        name=name,
        entry=catalogue().get(koppeling.entry_id),
        verdict=shown(verdict, name, koppeling),
        has_new_voorwaarden=has_new_voorwaarden(koppeling),
        traffic=traffic,
        sentence=None if traffic.last_call is None else sentence_of(traffic.last_call, name),
        earlier=earlier,
        withheld=withheld,
        form=form,
        error=error,
        generated=generated,
    )
