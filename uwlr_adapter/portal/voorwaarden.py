"""The gebruikersvoorwaarden of a koppeling: download them, and agree to a newer version and to fields that wait."""

from flask import Response, abort, flash, render_template, request
from flask.typing import ResponseReturnValue

from uwlr_adapter.koppelingen import agreeing, agreements, terms_text
from uwlr_adapter.koppelingen.errors import (
    AkkoordMissingError,
    AlreadyAgreedError,
    ChangedMeanwhileError,
    KoppelingError,
    OtherTermsError,
)
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.toestemming import Toestemming
from uwlr_adapter.portal import kept_form, login_session
from uwlr_adapter.portal.acts import missed
from uwlr_adapter.portal.blueprints import SCHOOL
from uwlr_adapter.portal.context import catalogue, database, now
from uwlr_adapter.portal.download import download
from uwlr_adapter.portal.forms import NewAkkoordForm, add_error, seen_version
from uwlr_adapter.portal.school import (
    name_of,
    read_koppeling,
    refuse,
    require_entry,
    require_koppeling,
    to_koppeling,
    waiting_of,
)
from uwlr_adapter.portal.sharing import grouped_words
from uwlr_adapter.portal.toestemmingen import akkoord_of, slug_of, toestemming_of


@SCHOOL.get("/voorwaarden/<entry_id>")
def download_voorwaarden(brin6: str, entry_id: str) -> Response:  # noqa: ARG001 - the path names the vestiging
    """Return the voorwaarden of a catalogue entry as a text file."""
    entry = require_entry(entry_id)
    voorwaarden = entry.voorwaarden_of(_asked())
    return _file(entry.naam, voorwaarden.versie, terms_text.unwrapped(voorwaarden.tekst))


@SCHOOL.get("/koppeling/<id:koppeling_id>/voorwaarden")
def download_agreed_voorwaarden(brin6: str, koppeling_id: int) -> Response:
    """Return the voorwaarden that a school agreed to, as a text file. Raises NotFound when the text was not kept."""
    with database().reading() as connection:
        koppeling = require_koppeling(connection, brin6, koppeling_id)
        akkoord = akkoord_of(koppeling, _asked()) or abort(404)
        kept = agreements.text_of(connection, akkoord) or abort(404)
    return _file(name_of(koppeling), kept.versie, kept.tekst)


def _asked() -> Toestemming:
    """Return the toestemming whose terms are asked for; by default the first one. Raises NotFound."""
    return toestemming_of(request.args.get("soort", slug_of(Toestemming.LEERLINGGEGEVENS)))


def _file(naam: str, versie: str, text: str) -> Response:
    """Return terms as a text file, a paragraph on each line."""
    content = f"Gebruikersvoorwaarden {naam}\n\nVersie {versie}\n\n{text}\n"
    return download(content, "text/plain", f"gebruikersvoorwaarden-{versie}.txt")


@SCHOOL.get("/koppeling/<id:koppeling_id>/akkoord")
def show_new_voorwaarden(brin6: str, koppeling_id: int) -> ResponseReturnValue:
    """Show the newer voorwaarden and the fields that wait, with a form to agree to them."""
    koppeling = read_koppeling(brin6, koppeling_id)
    if not waiting_of(koppeling):
        return to_koppeling(brin6, koppeling_id)
    form = NewAkkoordForm()
    form.naam.data = login_session.require_gebruiker().naam
    kept_form.restore(form)
    return _show(form, koppeling)


@SCHOOL.post("/koppeling/<id:koppeling_id>/akkoord")
def agree(brin6: str, koppeling_id: int) -> ResponseReturnValue:
    """Record the akkoord with the newer voorwaarden and fields."""
    form = NewAkkoordForm(request.form)
    koppeling = read_koppeling(brin6, koppeling_id)
    if not waiting_of(koppeling):
        return refuse(brin6, koppeling_id, AlreadyAgreedError())
    if not form.validate():
        return _show(form, koppeling), 422
    try:
        with database().writing() as connection:
            agreeing.agree_again(
                connection,
                catalogue(),
                koppeling_id,
                seen_version(form),
                login=login_session.actor(),
                naam=form.naam.data or "",
                akkoord=bool(form.akkoord.data),
                moment=now(),
                actor=login_session.actor(),
                shown=form.gezien.data,
            )
    except (ChangedMeanwhileError, OtherTermsError) as error:
        return _show_changed(form, brin6, koppeling_id, str(error))
    except AkkoordMissingError as error:
        add_error(form.naam, str(error))
        return _show(form, koppeling), 422
    except KoppelingError as error:
        return refuse(brin6, koppeling_id, error)
    flash("Uw akkoord is vastgelegd.", "goed")
    return to_koppeling(brin6, koppeling_id)


def _show_changed(form: NewAkkoordForm, brin6: str, koppeling_id: int, error: str) -> ResponseReturnValue:
    """Show what there is to agree to now; when that is nothing any more, the koppeling with the reason."""
    koppeling = read_koppeling(brin6, koppeling_id)
    if waiting_of(koppeling):
        return _show(form, koppeling, error, seen_version(form)), 409
    flash(error, "let-op")
    return to_koppeling(brin6, koppeling_id)


def _show(form: NewAkkoordForm, koppeling: Koppeling, error: str | None = None, seen: int = 0) -> str:
    """Show the page; with an error also what was done since the version `seen`."""
    waiting, entry = waiting_of(koppeling), require_entry(koppeling.entry_id)
    with database().reading() as connection:
        kept = agreements.text_of(connection, koppeling.akkoord)
        others = missed(connection, koppeling, name_of(koppeling), seen) if error else ()
        of_results = koppeling.akkoord_resultaten
        kept_results = None if of_results is None else agreements.text_of(connection, of_results)
    changes = terms_text.difference(kept.tekst, entry.voorwaarden.tekst) if waiting.voorwaarden and kept else ()
    results = entry.voorwaarden_resultaten if waiting.resultaten else None
    results_changes = terms_text.difference(kept_results.tekst, results.tekst) if results and kept_results else ()
    return render_template(
        "new_voorwaarden.html",
        form=form,
        koppeling=koppeling,
        name=name_of(koppeling),
        entry=entry,
        waiting=waiting,
        fields=grouped_words(waiting.velden),
        kept=kept,
        changes=changes,
        kept_results=kept_results,
        results_changes=results_changes,
        offer=agreements.offer_of(catalogue(), entry),
        error=error,
        missed=others,
    )
