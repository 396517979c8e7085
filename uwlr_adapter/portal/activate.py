"""Activeren: the form of the step plan, with the code that a school makes up or lets us make."""

from flask import abort, flash, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from uwlr_adapter.clock import day_of
from uwlr_adapter.koppelingen import actions, store, verificatiecode
from uwlr_adapter.koppelingen.actions import ActivationRequest
from uwlr_adapter.koppelingen.catalogue import CatalogueEntry
from uwlr_adapter.koppelingen.errors import (
    AkkoordMissingError,
    AlreadyActivatedError,
    CodeInUseError,
    InvalidCodeError,
    InvalidStartdatumError,
    KoppelingError,
    NotYetAvailableError,
)
from uwlr_adapter.koppelingen.lifecycle import Koppeling, last_startdatum, require_startdatum
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.context import moment, portal_context
from uwlr_adapter.portal.forms import MAKE_CODE, ActivationForm, DutchDateField, add_error, check_code
from uwlr_adapter.portal.overview import pages, require_entry


@pages.get("/activeren/<aanbod_id>")
def activeren(brin6: str, aanbod_id: str) -> Response | str:
    """Show the form."""
    entry = _require_free(aanbod_id)
    if refusal := _refusal(brin6, entry):
        return _back(brin6, str(refusal), "let-op")
    form = ActivationForm()
    form.startdatum.data = day_of(moment())
    form.naam.data = login_session.require_present().naam
    return _show(form, entry)


@pages.post("/activeren/<aanbod_id>")
def activeren_post(brin6: str, aanbod_id: str) -> Response | str | tuple[str, int]:
    """Activate, or make up a code and show the form again."""
    entry = _require_free(aanbod_id)
    form = ActivationForm(request.form)
    if request.form.get("actie") == MAKE_CODE and entry.has_code:
        form.verificatiecode.data = verificatiecode.generate(brin6)
        return _show(form, entry, made=True)
    good = form.validate()
    good = _check_startdatum(form.startdatum) and good
    if entry.has_code:
        good = check_code(form.verificatiecode, brin6) and good
    if not good:
        return _show(form, entry), 422
    try:
        made = _activate(brin6, entry, form)
    except AlreadyActivatedError:
        return _back(brin6, f"{entry.naam} is al geactiveerd. Er is niets dubbel gedaan.", "let-op")
    except (InvalidCodeError, CodeInUseError) as error:
        add_error(form.verificatiecode, str(error))
    except InvalidStartdatumError as error:
        add_error(form.startdatum, str(error))
    except AkkoordMissingError as error:
        add_error(form.naam, str(error))
    except KoppelingError as error:
        return _back(brin6, str(error), "fout")
    else:
        paper = url_for(".bevestiging", brin6=brin6, koppeling_id=made.id)
        flash(Markup('{} <a href="{}">Bevestiging om af te drukken</a>').format(_done(entry), paper), "goed")
        return redirect(url_for(".overzicht", brin6=brin6), 303)
    return _show(form, entry), 422


def _check_startdatum(field: DutchDateField) -> bool:
    """Put beside its field that a Startdatum lies too early or too late; True when it does not."""
    try:
        if field.data is not None:
            require_startdatum(field.data, day_of(moment()))
    except InvalidStartdatumError as error:
        add_error(field, str(error))
        return False
    return True


def _activate(brin6: str, entry: CatalogueEntry, form: ActivationForm) -> Koppeling:
    request = ActivationRequest(
        brin6=brin6,
        entry_id=entry.id,
        login=login_session.require_present().login,
        naam=form.naam.data or "",
        akkoord=bool(form.akkoord.data),
        startdatum=form.startdatum.data,
        verificatiecode=form.verificatiecode.data if entry.has_code else None,
    )
    with portal_context().database.writing() as connection:
        return actions.activate(
            connection,
            portal_context().catalogue,
            portal_context().server_keys,
            request,
            moment(),
            actor=request.login,
        )


def _require_free(aanbod_id: str) -> CatalogueEntry:
    """Give an entry that a school can activate, or answer that there is no such page."""
    entry = require_entry(aanbod_id)
    return abort(404) if entry.standaard else entry


def _refusal(brin6: str, entry: CatalogueEntry) -> KoppelingError | None:
    """Give why the form would be of no use, if so."""
    with portal_context().database.reading() as connection:
        if store.find_living(connection, brin6, entry.id) is not None:
            return AlreadyActivatedError()
        if not actions.is_available(connection, entry):
            return NotYetAvailableError()
    return None


def _show(form: ActivationForm, entry: CatalogueEntry, *, made: bool = False) -> str:
    today = day_of(moment())
    return render_template(
        "activeren.html", form=form, aanbod=entry, gemaakt=made, eerste=today, laatste=last_startdatum(today)
    )


def _back(brin6: str, text: str, kind: str) -> Response:
    flash(text, kind)
    return redirect(url_for(".overzicht", brin6=brin6), 303)


def _done(entry: CatalogueEntry) -> str:
    if not entry.has_code:
        return f"{entry.naam} is geactiveerd."
    return f"{entry.naam} is geactiveerd. Vul dezelfde verificatiecode nu ook in bij {entry.naam}."
