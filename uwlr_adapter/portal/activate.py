"""Activeren: the form of the step plan, with the code that a school makes up or lets us make."""

from flask import abort, flash, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from uwlr_adapter.clock import day_of
from uwlr_adapter.koppelingen import actions, store, verificatiecode
from uwlr_adapter.koppelingen.actions import Aanvraag
from uwlr_adapter.koppelingen.catalogue import Aanbod
from uwlr_adapter.koppelingen.errors import (
    AkkoordOntbreekt,
    AlGeactiveerd,
    CodeBezet,
    CodeOngeldig,
    KoppelingFout,
    NogNietBeschikbaar,
    StartdatumOngeldig,
)
from uwlr_adapter.koppelingen.lifecycle import Koppeling, last_startdatum, require_startdatum
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.context import huis, moment
from uwlr_adapter.portal.forms import MAAK, ActiverenForm, DatumVeld, add_error, check_code
from uwlr_adapter.portal.overview import pages, require_aanbod


@pages.get("/activeren/<aanbod_id>")
def activeren(brin6: str, aanbod_id: str) -> Response | str:
    """Show the form."""
    aanbod = _require_free(aanbod_id)
    if refusal := _refusal(brin6, aanbod):
        return _back(brin6, str(refusal), "let-op")
    form = ActiverenForm()
    form.startdatum.data = day_of(moment())
    form.naam.data = login_session.require_present().naam
    return _show(form, aanbod)


@pages.post("/activeren/<aanbod_id>")
def activeren_post(brin6: str, aanbod_id: str) -> Response | str | tuple[str, int]:
    """Activate, or make up a code and show the form again."""
    aanbod = _require_free(aanbod_id)
    form = ActiverenForm(request.form)
    if request.form.get("actie") == MAAK and aanbod.heeft_code:
        form.verificatiecode.data = verificatiecode.generate(brin6)
        return _show(form, aanbod, gemaakt=True)
    good = form.validate()
    good = _check_startdatum(form.startdatum) and good
    if aanbod.heeft_code:
        good = check_code(form.verificatiecode, brin6) and good
    if not good:
        return _show(form, aanbod), 422
    try:
        made = _activate(brin6, aanbod, form)
    except AlGeactiveerd:
        return _back(brin6, f"{aanbod.naam} is al geactiveerd. Er is niets dubbel gedaan.", "let-op")
    except (CodeOngeldig, CodeBezet) as fout:
        add_error(form.verificatiecode, str(fout))
    except StartdatumOngeldig as fout:
        add_error(form.startdatum, str(fout))
    except AkkoordOntbreekt as fout:
        add_error(form.naam, str(fout))
    except KoppelingFout as fout:
        return _back(brin6, str(fout), "fout")
    else:
        paper = url_for(".bevestiging", brin6=brin6, koppeling_id=made.id)
        flash(Markup('{} <a href="{}">Bevestiging om af te drukken</a>').format(_done(aanbod), paper), "goed")
        return redirect(url_for(".overzicht", brin6=brin6), 303)
    return _show(form, aanbod), 422


def _check_startdatum(field: DatumVeld) -> bool:
    """Put beside its field that a Startdatum lies too early or too late; True when it does not."""
    try:
        if field.data is not None:
            require_startdatum(field.data, day_of(moment()))
    except StartdatumOngeldig as fout:
        add_error(field, str(fout))
        return False
    return True


def _activate(brin6: str, aanbod: Aanbod, form: ActiverenForm) -> Koppeling:
    aanvraag = Aanvraag(
        brin6=brin6,
        aanbod=aanbod.id,
        login=login_session.require_present().login,
        naam=form.naam.data or "",
        akkoord=bool(form.akkoord.data),
        startdatum=form.startdatum.data,
        verificatiecode=form.verificatiecode.data if aanbod.heeft_code else None,
    )
    with huis().opslag.writing() as connection:
        return actions.activate(connection, huis().catalogus, huis().sleutels, aanvraag, moment())


def _require_free(aanbod_id: str) -> Aanbod:
    """Give an entry that a school can activate, or answer that there is no such page."""
    aanbod = require_aanbod(aanbod_id)
    return abort(404) if aanbod.standaard else aanbod


def _refusal(brin6: str, aanbod: Aanbod) -> KoppelingFout | None:
    """Give why the form would be of no use, if so."""
    with huis().opslag.reading() as connection:
        if store.living(connection, brin6, aanbod.id) is not None:
            return AlGeactiveerd()
        if not actions.is_available(connection, aanbod):
            return NogNietBeschikbaar()
    return None


def _show(form: ActiverenForm, aanbod: Aanbod, *, gemaakt: bool = False) -> str:
    today = day_of(moment())
    return render_template(
        "activeren.html", form=form, aanbod=aanbod, gemaakt=gemaakt, eerste=today, laatste=last_startdatum(today)
    )


def _back(brin6: str, text: str, soort: str) -> Response:
    flash(text, soort)
    return redirect(url_for(".overzicht", brin6=brin6), 303)


def _done(aanbod: Aanbod) -> str:
    if not aanbod.heeft_code:
        return f"{aanbod.naam} is geactiveerd."
    return f"{aanbod.naam} is geactiveerd. Vul dezelfde verificatiecode nu ook in bij {aanbod.naam}."
