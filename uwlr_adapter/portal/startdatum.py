"""Changing the Startdatum of a koppeling, until it comes."""

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue

from uwlr_adapter.clock import day_of, long_date
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.koppelingen import actions
from uwlr_adapter.koppelingen.errors import (
    ChangedMeanwhileError,
    InvalidStartdatumError,
    KoppelingError,
    SameStartdatumError,
)
from uwlr_adapter.koppelingen.lifecycle import Koppeling, last_startdatum
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.acts import was_done
from uwlr_adapter.portal.blueprints import SCHOOL
from uwlr_adapter.portal.context import database, now
from uwlr_adapter.portal.forms import StartdatumForm, add_error, seen_version
from uwlr_adapter.portal.school import is_to_come, name_of, read_koppeling, refuse, to_koppeling


@SCHOOL.get("/koppeling/<id:koppeling_id>/startdatum")
def show_startdatum(brin6: str, koppeling_id: int) -> ResponseReturnValue:
    """Show the form, as long as the Startdatum is to come."""
    koppeling = read_koppeling(brin6, koppeling_id)
    if not is_to_come(koppeling):
        return to_koppeling(brin6, koppeling_id)
    form = StartdatumForm()
    form.startdatum.data = koppeling.startdatum
    return _show(form, koppeling)


@SCHOOL.post("/koppeling/<id:koppeling_id>/startdatum")
def change_startdatum(brin6: str, koppeling_id: int) -> ResponseReturnValue:
    """Change the Startdatum."""
    form, koppeling = StartdatumForm(request.form), read_koppeling(brin6, koppeling_id)
    if not form.validate() or form.startdatum.data is None:
        return _show(form, koppeling), 422
    chosen, version = form.startdatum.data, seen_version(form)
    try:
        with database().writing() as connection:
            actions.change_startdatum(connection, koppeling_id, version, chosen, now(), actor=login_session.actor())
    except ChangedMeanwhileError as error:
        koppeling = read_koppeling(brin6, koppeling_id)
        if not was_done(koppeling, version, Act.STARTDATUM_CHANGED) or koppeling.startdatum != chosen:
            if not is_to_come(koppeling):
                return refuse(brin6, koppeling_id, error)
            return _show(form, koppeling, str(error)), 409
    except (InvalidStartdatumError, SameStartdatumError) as error:
        add_error(form.startdatum, str(error))
        return _show(form, koppeling), 422
    except KoppelingError as error:
        return refuse(brin6, koppeling_id, error)
    flash(f"De startdatum is nu {long_date(chosen)}.", "goed")
    return to_koppeling(brin6, koppeling_id)


def _show(form: StartdatumForm, koppeling: Koppeling, error: str | None = None) -> str:
    today = day_of(now())
    return render_template(
        "startdatum.html",
        form=form,
        koppeling=koppeling,
        name=name_of(koppeling),
        first_day=today,
        last_day=last_startdatum(today),
        error=error,
    )
