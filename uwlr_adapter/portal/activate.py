"""Activating a koppeling: its form, with a verificatiecode that the school types or has generated."""

from flask import abort, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from werkzeug.wrappers import Response
from wtforms import Field

from uwlr_adapter.clock import day_of
from uwlr_adapter.koppelingen import actions, agreements, store, verificatiecode
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
    OtherTermsError,
)
from uwlr_adapter.koppelingen.lifecycle import FIRST_VERSION, Koppeling, last_startdatum, require_startdatum
from uwlr_adapter.portal import akkoord_choice, kept_form, login_session
from uwlr_adapter.portal.blueprints import SCHOOL
from uwlr_adapter.portal.context import catalogue, database, now, server_keys
from uwlr_adapter.portal.forms import GENERATE_CODE, ActivationForm, DutchDateField, add_error, check_code
from uwlr_adapter.portal.overview import overview_page
from uwlr_adapter.portal.school import code_once, require_entry, to_overview

_FIELDS: dict[type[KoppelingError], str] = {
    InvalidCodeError: "verificatiecode",
    CodeInUseError: "verificatiecode",
    InvalidStartdatumError: "startdatum",
    AkkoordMissingError: "naam",
    OtherTermsError: "akkoord",
}
"""The field beside which a refusal stands."""


@SCHOOL.get("/activeren/<entry_id>")
def show_activation(brin6: str, entry_id: str) -> ResponseReturnValue:
    """Show the form, unless the koppeling cannot be activated now."""
    entry = _require_activatable(entry_id)
    if refusal := _refusal(brin6, entry):
        return _back(brin6, str(refusal), "let-op")
    form = ActivationForm()
    akkoord_choice.prepare(form, entry)
    form.startdatum.data = day_of(now())
    form.naam.data = login_session.require_gebruiker().naam
    kept_form.restore(form)
    return _show(form, entry)


@SCHOOL.post("/activeren/<entry_id>")
def activate(brin6: str, entry_id: str) -> ResponseReturnValue:
    """Activate the koppeling, or generate a verificatiecode and show the form again."""
    entry = _require_activatable(entry_id)
    form = ActivationForm(request.form)
    akkoord_choice.prepare(form, entry)
    if request.form.get("actie") == GENERATE_CODE and entry.has_code:
        form.verificatiecode.data = verificatiecode.generate(brin6)
        return _show(form, entry, generated=True)
    if not _validate(form, entry, brin6):
        return _show(form, entry), 422
    try:
        return _show_done(brin6, entry, _activate(brin6, entry, form), form)
    except AlreadyActivatedError:
        return _already(brin6, entry, form)
    except tuple(_FIELDS) as error:
        add_error(_field_of(form, error), str(error))
    except KoppelingError as error:
        return _back(brin6, str(error), "fout")
    return _show(form, entry), 422


def _validate(form: ActivationForm, entry: CatalogueEntry, brin6: str) -> bool:
    """Return whether every field is valid; each error is added to its field, so that all are shown at once."""
    valid = form.validate()
    valid = akkoord_choice.check(form) and valid
    valid = check_startdatum(form.startdatum) and valid
    if entry.has_code:
        valid = check_code(form.verificatiecode, brin6) and valid
    return valid


def check_startdatum(field: DutchDateField) -> bool:
    """Return whether the startdatum may be chosen; add the error to its field when it may not."""
    try:
        if field.data is not None:
            require_startdatum(field.data, day_of(now()))
    except InvalidStartdatumError as error:
        add_error(field, str(error))
        return False
    return True


def _field_of(form: ActivationForm, error: KoppelingError) -> Field:
    """Return the field beside which a refusal stands; without a tick for leerlinggegevens it is that for results."""
    name = _FIELDS[type(error)]
    return form[name if name in form else "akkoord_resultaten"]


def _activate(brin6: str, entry: CatalogueEntry, form: ActivationForm) -> Koppeling:
    activation = ActivationRequest(
        brin6=brin6,
        entry_id=entry.id,
        login=login_session.actor(),
        naam=form.naam.data or "",
        akkoord=akkoord_choice.ticked(form, "akkoord"),
        akkoord_resultaten=akkoord_choice.ticked(form, "akkoord_resultaten"),
        startdatum=form.startdatum.data,
        verificatiecode=form.verificatiecode.data if entry.has_code else None,
        shown=form.gezien.data,
    )
    with database().writing() as connection:
        return actions.activate(connection, catalogue(), server_keys(), activation, now(), actor=activation.login)


def _already(brin6: str, entry: CatalogueEntry, form: ActivationForm) -> ResponseReturnValue:
    """Return what is shown of a koppeling that is activated already: as the first time, when its form is sent again."""
    if (done := _done_before(brin6, entry, form)) is not None:
        return _show_done(brin6, entry, done, form)
    return _back(brin6, f"{entry.naam} is al geactiveerd. Er is niets dubbel gedaan.", "let-op")


def _done_before(brin6: str, entry: CatalogueEntry, form: ActivationForm) -> Koppeling | None:
    """Return the koppeling that this user activated with this very form; None for any other."""
    with database().reading() as connection:
        found = store.find_living(connection, brin6, entry.id)
    if found is None or found.version != FIRST_VERSION:
        return None
    is_own = found.akkoord.login == login_session.actor()
    same = not entry.has_code or actions.is_code_of(found, server_keys(), form.verificatiecode.data or "")
    return found if is_own and same else None


def _show_done(brin6: str, entry: CatalogueEntry, koppeling: Koppeling, form: ActivationForm) -> ResponseReturnValue:
    """Return the overview, with the verificatiecode of a koppeling that has one: it is shown this once."""
    done = f"{entry.naam} is geactiveerd."
    if entry.has_code:
        return overview_page(brin6, code_once(koppeling, done, form.verificatiecode.data or "", is_new=True))
    printout = url_for(".show_printout", brin6=brin6, koppeling_id=koppeling.id)
    flash(Markup('{} <a href="{}">Bevestiging om af te drukken</a>').format(done, printout), "goed")
    return to_overview(brin6)


def _require_activatable(entry_id: str) -> CatalogueEntry:
    """Return an entry that a school activates itself. Raises NotFound, also for one that every school has."""
    entry = require_entry(entry_id)
    return abort(404) if entry.standaard else entry


def _refusal(brin6: str, entry: CatalogueEntry) -> KoppelingError | None:
    """Return why the koppeling cannot be activated now, or None."""
    with database().reading() as connection:
        if store.find_living(connection, brin6, entry.id) is not None:
            return AlreadyActivatedError()
        if not actions.is_available(connection, entry):
            return NotYetAvailableError()
    return None


def _show(form: ActivationForm, entry: CatalogueEntry, *, generated: bool = False) -> str:
    today = day_of(now())
    return render_template(
        "activate.html",
        form=form,
        entry=entry,
        offer=agreements.offer_of(catalogue(), entry),
        generated=generated,
        first_day=today,
        last_day=last_startdatum(today),
    )


def _back(brin6: str, text: str, category: str) -> Response:
    flash(text, category)
    return to_overview(brin6)
