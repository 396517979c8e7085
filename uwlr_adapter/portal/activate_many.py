"""Activating one koppeling at many vestigingen: one akkoord, and a verificatiecode made for each, shown once."""

from dataclasses import dataclass

import sqlalchemy as sa
from flask import render_template, request
from flask.typing import ResponseReturnValue

from uwlr_adapter.administratie.schools import Vestiging
from uwlr_adapter.clock import day_of
from uwlr_adapter.koppelingen import actions, agreements, store, verificatiecode
from uwlr_adapter.koppelingen.actions import ActivationRequest
from uwlr_adapter.koppelingen.catalogue import CatalogueEntry
from uwlr_adapter.koppelingen.errors import AlreadyActivatedError, KoppelingError, NotYetAvailableError, OtherTermsError
from uwlr_adapter.koppelingen.lifecycle import FIRST_VERSION, last_startdatum
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.portal import akkoord_choice, login_session
from uwlr_adapter.portal.activate import check_startdatum
from uwlr_adapter.portal.blueprints import VESTIGINGEN
from uwlr_adapter.portal.chosen import (
    CHANGED_CHOICE,
    ActOutcome,
    ChosenVestigingen,
    as_places,
    back,
    read_choice,
    read_places,
    with_status,
)
from uwlr_adapter.portal.context import catalogue, database, now, server_keys
from uwlr_adapter.portal.forms import ManyActivationForm, add_error


@dataclass(frozen=True, slots=True)
class Possible:
    """The chosen vestigingen at which a koppeling can be activated, and the others, each with the reason."""

    vestigingen: tuple[Vestiging, ...]
    others: tuple[ActOutcome, ...]


@VESTIGINGEN.get("/activeren")
def show_activation() -> ResponseReturnValue:
    """Show the form for the vestigingen that were chosen, and those that are left out, with the reason."""
    chosen = read_choice()
    if chosen is None:
        return back()
    form = ManyActivationForm()
    akkoord_choice.prepare(form, chosen.entry)
    form.startdatum.data = day_of(now())
    form.naam.data = login_session.require_gebruiker().naam
    form.zaad.data = verificatiecode.make_seed()
    return _show(form, chosen)


@VESTIGINGEN.post("/activeren")
def activate() -> ResponseReturnValue:
    """Activate the koppeling at each vestiging, and show the codes; each is an act of its own."""
    chosen, form = read_places(), ManyActivationForm(request.form)
    if chosen is None or not verificatiecode.is_seed(form.zaad.data or ""):
        return back(CHANGED_CHOICE)
    akkoord_choice.prepare(form, chosen.entry)
    valid = form.validate()
    valid = akkoord_choice.check(form) and valid
    if not (check_startdatum(form.startdatum) and valid):
        return with_status(_show(form, chosen), 422)
    try:
        agreements.require_shown(catalogue(), chosen.entry, form.gezien.data or "")
    except OtherTermsError as error:
        add_error(form["akkoord" if "akkoord" in form else "akkoord_resultaten"], str(error))
        return with_status(_show(form, chosen), 422)
    outcomes = [_activate(chosen.entry, one, form) for one in chosen.vestigingen]
    return render_template(
        "activated_many.html",
        entry=chosen.entry,
        startdatum=form.startdatum.data,
        done=[one for one in outcomes if one.reason is None],
        others=[one for one in outcomes if one.reason is not None],
        now=now(),
    )


def _activate(entry: CatalogueEntry, place: Vestiging, form: ManyActivationForm) -> ActOutcome:
    """Activate the koppeling at one vestiging; what the same user did with the same form before counts as done."""
    login = login_session.actor()
    code = verificatiecode.derive(place.brin6, form.zaad.data or "") if entry.has_code else None
    activation = ActivationRequest(
        brin6=place.brin6,
        entry_id=entry.id,
        login=login,
        naam=form.naam.data or "",
        akkoord=akkoord_choice.ticked(form, "akkoord"),
        akkoord_resultaten=akkoord_choice.ticked(form, "akkoord_resultaten"),
        startdatum=form.startdatum.data,
        verificatiecode=code,
        shown=form.gezien.data,
    )
    try:
        with database().writing() as connection:
            actions.activate(connection, catalogue(), server_keys(), activation, now(), actor=login)
    except AlreadyActivatedError as error:
        if not _did_before(entry, place, login, code):
            return ActOutcome(place, str(error))
    except KoppelingError as error:
        return ActOutcome(place, str(error))
    return ActOutcome(place, code=code)


def _did_before(entry: CatalogueEntry, place: Vestiging, login: str, code: str | None) -> bool:
    """Return whether this user activated the koppeling of a vestiging with this very form."""
    with database().reading() as connection:
        found = store.find_living(connection, place.brin6, entry.id)
    if found is None or found.version != FIRST_VERSION or found.akkoord.login != login:
        return False
    return code is None or actions.is_code_of(found, server_keys(), code)


def _possible(connection: sa.Connection, chosen: ChosenVestigingen) -> Possible:
    brin6s = [one.brin6 for one in chosen.vestigingen]
    living = {one.brin6: one for one in store.list_living_at(connection, brin6s, chosen.entry.id)}
    others = [
        ActOutcome(one, "Is gepauzeerd." if living[one.brin6].status is Status.GEPAUZEERD else "Is al geactiveerd.")
        for one in chosen.vestigingen
        if one.brin6 in living
    ]
    return Possible(tuple(one for one in chosen.vestigingen if one.brin6 not in living), tuple(others))


def _show(form: ManyActivationForm, chosen: ChosenVestigingen) -> ResponseReturnValue:
    today, entry = day_of(now()), chosen.entry
    with database().reading() as connection:
        if not actions.is_available(connection, entry):
            return back(str(NotYetAvailableError()))
        possible = _possible(connection, chosen)
    return render_template(
        "activate_many.html",
        form=form,
        entry=entry,
        chosen=chosen,
        possible=possible,
        keuze=as_places(possible.vestigingen),
        offer=agreements.offer_of(catalogue(), entry),
        first_day=today,
        last_day=last_startdatum(today),
    )
