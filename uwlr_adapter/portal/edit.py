"""Bewerken: one koppeling, its code entered and cleared, its terms agreed to again, and its end.

The code is never shown again. Every form carries the version of the koppeling as it was seen: who comes second after
somebody else's act reads that, sees the koppeling as it is now, and nothing is half done.
"""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from uwlr_adapter.clock import day_of
from uwlr_adapter.koppelingen import actions, store, verificatiecode
from uwlr_adapter.koppelingen.actions import KoppelingAct
from uwlr_adapter.koppelingen.errors import (
    AkkoordMissingError,
    ChangedMeanwhileError,
    CodeInUseError,
    InvalidCodeError,
    KoppelingError,
)
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.context import moment, portal_context
from uwlr_adapter.portal.forms import MAKE_CODE, CodeForm, NewAkkoordForm, VersionForm, add_error, check_code
from uwlr_adapter.portal.overview import has_new_terms, name_of, pages, require_koppeling
from uwlr_adapter.portal.traffic import sentence, standing_of, traffic_of

_Page = Response | str | tuple[str, int]
_UNSEEN = 0
"""The version of a form that names none: never the present one."""


@pages.get("/koppeling/<nummer:koppeling_id>")
def koppeling(brin6: str, koppeling_id: int) -> str:
    """Show a koppeling, living or ended."""
    return _show(brin6, koppeling_id, CodeForm())


@pages.post("/koppeling/<nummer:koppeling_id>")
def koppeling_post(brin6: str, koppeling_id: int) -> _Page:
    """Enter the verificatiecode, or make one up and show the form again."""
    form = CodeForm(request.form)
    seen = _find(brin6, koppeling_id)
    if request.form.get("actie") == MAKE_CODE:
        form.verificatiecode.data = verificatiecode.generate(brin6)
        return _show(brin6, koppeling_id, form, made=True)
    if seen.is_living and seen.afnemer_id is not None and not check_code(form.verificatiecode, brin6):
        return _show(brin6, koppeling_id, form), 422
    code = form.verificatiecode.data or ""
    try:
        with portal_context().database.writing() as connection:
            actions.enter_code(
                connection,
                portal_context().server_keys,
                koppeling_id,
                _version(form),
                code,
                moment(),
                actor=login_session.require_present().login,
            )
    except ChangedMeanwhileError as error:
        return _show(brin6, koppeling_id, form, error=str(error)), 409
    except (InvalidCodeError, CodeInUseError) as error:
        add_error(form.verificatiecode, str(error))
        return _show(brin6, koppeling_id, form), 422
    except KoppelingError as error:
        return _refused(brin6, koppeling_id, error)
    naam = name_of(seen)
    again = "De uitwisseling is hervat" if seen.status is Status.GEPAUZEERD else "De verificatiecode is gewijzigd"
    flash(f"{again}. Vul dezelfde verificatiecode ook in bij {naam}.", "goed")
    return redirect(url_for(".koppeling", brin6=brin6, koppeling_id=koppeling_id), 303)


@pages.get("/koppeling/<nummer:koppeling_id>/pauzeren")
def pauzeren(brin6: str, koppeling_id: int) -> _Page:
    """Ask whether the code must really be cleared."""
    found = _find(brin6, koppeling_id)
    if found.status is not Status.ACTIEF or found.afnemer_id is None:
        return redirect(url_for(".koppeling", brin6=brin6, koppeling_id=koppeling_id), 303)
    return render_template("pauzeren.html", koppeling=found, naam=name_of(found), fout=None)


@pages.post("/koppeling/<nummer:koppeling_id>/pauzeren")
def pauzeren_post(brin6: str, koppeling_id: int) -> _Page:
    """Clear the code, which pauses the exchange."""
    done = "De verificatiecode is verwijderd. {naam} kan nu niets meer ophalen, tot u weer een code invult."
    return _confirmed(brin6, koppeling_id, actions.clear_code, "pauzeren.html", done, ".koppeling")


@pages.get("/koppeling/<nummer:koppeling_id>/beeindigen")
def beeindigen(brin6: str, koppeling_id: int) -> _Page:
    """Ask whether the koppeling must really end."""
    found = _find(brin6, koppeling_id)
    if not found.is_living:
        return redirect(url_for(".koppeling", brin6=brin6, koppeling_id=koppeling_id), 303)
    return render_template("beeindigen.html", koppeling=found, naam=name_of(found), fout=None)


@pages.post("/koppeling/<nummer:koppeling_id>/beeindigen")
def beeindigen_post(brin6: str, koppeling_id: int) -> _Page:
    """End the koppeling for good."""
    done = "De koppeling met {naam} is beëindigd. U vindt haar terug onder Beëindigde koppelingen."
    return _confirmed(brin6, koppeling_id, actions.end, "beeindigen.html", done, ".overzicht")


@pages.get("/koppeling/<nummer:koppeling_id>/akkoord")
def akkoord(brin6: str, koppeling_id: int) -> _Page:
    """Show the newer terms, to agree to."""
    found = _find(brin6, koppeling_id)
    if not has_new_terms(found):
        return redirect(url_for(".koppeling", brin6=brin6, koppeling_id=koppeling_id), 303)
    form = NewAkkoordForm()
    form.naam.data = login_session.require_present().naam
    return _show_akkoord(form, found)


@pages.post("/koppeling/<nummer:koppeling_id>/akkoord")
def akkoord_post(brin6: str, koppeling_id: int) -> _Page:
    """Agree to the newer terms."""
    form = NewAkkoordForm(request.form)
    found = _find(brin6, koppeling_id)
    if not form.validate():
        return _show_akkoord(form, found), 422
    try:
        with portal_context().database.writing() as connection:
            actions.agree_again(
                connection,
                portal_context().catalogue,
                koppeling_id,
                _version(form),
                login=login_session.require_present().login,
                naam=form.naam.data or "",
                akkoord=bool(form.akkoord.data),
                moment=moment(),
                actor=login_session.require_present().login,
            )
    except ChangedMeanwhileError as error:
        return _show_akkoord(form, _find(brin6, koppeling_id), str(error)), 409
    except AkkoordMissingError as error:
        add_error(form.naam, str(error))
        return _show_akkoord(form, found), 422
    except KoppelingError as error:
        return _refused(brin6, koppeling_id, error)
    flash("Uw akkoord is vastgelegd.", "goed")
    return redirect(url_for(".koppeling", brin6=brin6, koppeling_id=koppeling_id), 303)


@pages.get("/koppeling/<nummer:koppeling_id>/bevestiging")
def bevestiging(brin6: str, koppeling_id: int) -> str:
    """Show the activation on a page to print, for the files of the school."""
    found = _find(brin6, koppeling_id)
    entry = portal_context().catalogue.get(found.entry_id)
    stand = standing_of(found, day_of(moment()))
    return render_template(
        "bevestiging.html", koppeling=found, naam=name_of(found), aanbod=entry, stand=stand, nu=moment()
    )


def _confirmed(
    brin6: str,
    koppeling_id: int,
    act: KoppelingAct,
    template: str,
    done: str,
    after: str,
) -> _Page:
    """Do an act that was confirmed, on the koppeling as it was seen."""
    naam = name_of(_find(brin6, koppeling_id))
    try:
        with portal_context().database.writing() as connection:
            actor = login_session.require_present().login
            act(connection, koppeling_id, _version(VersionForm(request.form)), moment(), actor=actor)
    except ChangedMeanwhileError as error:
        found = _find(brin6, koppeling_id)
        if found.is_living:
            return render_template(template, koppeling=found, naam=naam, fout=str(error)), 409
        return _refused(brin6, koppeling_id, error)
    except KoppelingError as error:
        return _refused(brin6, koppeling_id, error)
    flash(done.format(naam=naam), "goed")
    stays = koppeling_id if after == ".koppeling" else None
    return redirect(url_for(after, brin6=brin6, koppeling_id=stays), 303)


def _refused(brin6: str, koppeling_id: int, error: KoppelingError) -> Response:
    """Say why nothing was done, beside the koppeling as it is now."""
    flash(str(error), "let-op")
    return redirect(url_for(".koppeling", brin6=brin6, koppeling_id=koppeling_id), 303)


def _find(brin6: str, koppeling_id: int) -> Koppeling:
    with portal_context().database.reading() as connection:
        return require_koppeling(connection, brin6, koppeling_id)


def _version(form: CodeForm | VersionForm | NewAkkoordForm) -> int:
    version = form.versie.data
    return _UNSEEN if version is None else version


def _show(brin6: str, koppeling_id: int, form: CodeForm, *, error: str | None = None, made: bool = False) -> str:
    with portal_context().database.reading() as connection:
        found = require_koppeling(connection, brin6, koppeling_id)
        traffic = traffic_of(connection, [found.id], moment())[found.id]
        earlier = store.earlier_akkoorden(connection, found.id)
    naam = name_of(found)
    return render_template(
        "koppeling.html",
        koppeling=found,
        naam=naam,
        aanbod=portal_context().catalogue.get(found.entry_id),
        stand=standing_of(found, day_of(moment())),
        nieuwe_voorwaarden=has_new_terms(found),
        verloop=traffic,
        zin=None if traffic.last_call is None else sentence(traffic.last_call, naam),
        eerder=earlier,
        form=form,
        fout=error,
        gemaakt=made,
    )


def _show_akkoord(form: NewAkkoordForm, found: Koppeling, error: str | None = None) -> str:
    entry = portal_context().catalogue.get(found.entry_id)
    return render_template("akkoord.html", form=form, koppeling=found, naam=name_of(found), aanbod=entry, fout=error)
