"""The gebruikersvoorwaarden of a koppeling: download them, and agree to a newer version."""

from flask import Response, flash, render_template, request
from flask.typing import ResponseReturnValue

from uwlr_adapter.koppelingen import actions
from uwlr_adapter.koppelingen.errors import AkkoordMissingError, ChangedMeanwhileError, KoppelingError
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.blueprints import SCHOOL
from uwlr_adapter.portal.context import catalogue, database, now
from uwlr_adapter.portal.forms import NewAkkoordForm, add_error, seen_version
from uwlr_adapter.portal.school import (
    has_new_voorwaarden,
    name_of,
    read_koppeling,
    refuse,
    require_entry,
    to_koppeling,
)


@SCHOOL.get("/voorwaarden/<entry_id>")
def download_voorwaarden(brin6: str, entry_id: str) -> Response:  # noqa: ARG001 - the path names the vestiging
    """Return the voorwaarden of a catalogue entry as a text file."""
    entry = require_entry(entry_id)
    voorwaarden = entry.voorwaarden
    text = f"Gebruikersvoorwaarden {entry.naam}\nVersie {voorwaarden.versie}\n\n{voorwaarden.tekst.strip()}\n"
    response = Response(text, mimetype="text/plain")
    file_name = f"gebruikersvoorwaarden-{voorwaarden.versie}.txt"
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response


@SCHOOL.get("/koppeling/<id:koppeling_id>/akkoord")
def show_new_voorwaarden(brin6: str, koppeling_id: int) -> ResponseReturnValue:
    """Show the newer voorwaarden with a form to agree to them."""
    koppeling = read_koppeling(brin6, koppeling_id)
    if not has_new_voorwaarden(koppeling):
        return to_koppeling(brin6, koppeling_id)
    form = NewAkkoordForm()
    form.naam.data = login_session.require_gebruiker().naam
    return _show(form, koppeling)


@SCHOOL.post("/koppeling/<id:koppeling_id>/akkoord")
def agree(brin6: str, koppeling_id: int) -> ResponseReturnValue:
    """Record the akkoord with the newer voorwaarden."""
    form = NewAkkoordForm(request.form)
    koppeling = read_koppeling(brin6, koppeling_id)
    if not form.validate():
        return _show(form, koppeling), 422
    try:
        with database().writing() as connection:
            actions.agree_again(
                connection,
                catalogue(),
                koppeling_id,
                seen_version(form),
                login=login_session.require_gebruiker().login,
                naam=form.naam.data or "",
                akkoord=bool(form.akkoord.data),
                moment=now(),
                actor=login_session.require_gebruiker().login,
            )
    except ChangedMeanwhileError as error:
        return _show(form, read_koppeling(brin6, koppeling_id), str(error)), 409
    except AkkoordMissingError as error:
        add_error(form.naam, str(error))
        return _show(form, koppeling), 422
    except KoppelingError as error:
        return refuse(brin6, koppeling_id, error)
    flash("Uw akkoord is vastgelegd.", "goed")
    return to_koppeling(brin6, koppeling_id)


def _show(form: NewAkkoordForm, koppeling: Koppeling, error: str | None = None) -> str:
    return render_template(
        "new_voorwaarden.html",
        form=form,
        koppeling=koppeling,
        name=name_of(koppeling),
        entry=catalogue().get(koppeling.entry_id),
        error=error,
    )
