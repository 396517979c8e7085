"""Pausing and ending one koppeling at many vestigingen: what changes comes first, then what was done at each."""

from collections.abc import Sequence

from flask import render_template, request
from flask.typing import ResponseReturnValue

from uwlr_adapter.clock import day_of
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.koppelingen import actions, store, what_if
from uwlr_adapter.koppelingen.catalogue import CatalogueEntry
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.blueprints import VESTIGINGEN
from uwlr_adapter.portal.chosen import (
    CHANGED_CHOICE,
    ActOutcome,
    ChosenVestigingen,
    act_on_each,
    as_seen,
    back,
    chosen_entry,
    names_of,
    read_choice,
    read_seen,
)
from uwlr_adapter.portal.context import database, now
from uwlr_adapter.portal.forms import ManyEndForm, add_error


@VESTIGINGEN.get("/pauzeren")
def confirm_pause() -> ResponseReturnValue:
    """Ask whether to pause the koppeling at the vestigingen that were chosen."""
    chosen = read_choice()
    if chosen is None:
        return back()
    if not chosen.entry.has_code:
        return back(f"{chosen.entry.naam} heeft geen verificatiecode; u kunt deze koppeling alleen beëindigen.")
    return _ask_about(chosen, Act.PAUSED)


@VESTIGINGEN.post("/pauzeren")
def pause() -> ResponseReturnValue:
    """Pause the koppeling at each vestiging."""
    entry, seen = chosen_entry(), read_seen()
    if entry is None or seen is None:
        return back(CHANGED_CHOICE)
    actor, moment = login_session.actor(), now()
    outcomes = act_on_each(
        seen,
        Act.PAUSED,
        lambda connection, one, version: actions.clear_code(connection, one.id, version, moment, actor=actor),
    )
    return _show_done(entry, outcomes, Act.PAUSED)


@VESTIGINGEN.get("/beeindigen")
def confirm_end() -> ResponseReturnValue:
    """Ask whether to end the koppeling at the vestigingen that were chosen."""
    chosen = read_choice()
    return back() if chosen is None else _ask_about(chosen, Act.ENDED)


@VESTIGINGEN.post("/beeindigen")
def end() -> ResponseReturnValue:
    """End the koppeling at each vestiging, when its name was typed."""
    entry, seen = chosen_entry(), read_seen()
    if entry is None or seen is None:
        return back(CHANGED_CHOICE)
    form = ManyEndForm(request.form)
    if (form.bevestiging.data or "").strip().casefold() != entry.naam.casefold():
        add_error(form.bevestiging, f"Typ ter bevestiging: {entry.naam}")
        return _ask(entry, [one for one, _ in seen], (), Act.ENDED, form), 422
    actor, moment = login_session.actor(), now()
    outcomes = act_on_each(
        seen,
        Act.ENDED,
        lambda connection, one, version: actions.end(connection, one.id, version, moment, actor=actor),
    )
    return _show_done(entry, outcomes, Act.ENDED)


def _ask_about(chosen: ChosenVestigingen, act: Act) -> str:
    """Ask about the koppelingen of the chosen vestigingen; those without one, or paused already, are named."""
    with database().reading() as connection:
        brin6s = [one.brin6 for one in chosen.vestigingen]
        living = {one.brin6: one for one in store.list_living_at(connection, brin6s, chosen.entry.id)}
    concerned, others = [], []
    for place in chosen.vestigingen:
        koppeling = living.get(place.brin6)
        if koppeling is None:
            others.append(ActOutcome(place, "Heeft deze koppeling niet."))
        elif act is Act.PAUSED and koppeling.status is Status.GEPAUZEERD:
            others.append(ActOutcome(place, "Is al gepauzeerd."))
        else:
            concerned.append(koppeling)
    return _ask(chosen.entry, concerned, others, act, ManyEndForm(), chosen.left_out)


def _ask(
    entry: CatalogueEntry,
    koppelingen: Sequence[Koppeling],
    others: Sequence[ActOutcome],
    act: Act,
    form: ManyEndForm,
    left_out: int = 0,
) -> str:
    with database().reading() as connection:
        flow = what_if.count_now(connection, koppelingen, day_of(now()))
    return render_template(
        "stop_many.html",
        entry=entry,
        places=list(names_of(koppelingen).values()),
        others=others,
        flow=flow,
        form=form,
        ends=act is Act.ENDED,
        keuze=as_seen(koppelingen),
        left_out=left_out,
    )


def _show_done(entry: CatalogueEntry, outcomes: Sequence[ActOutcome], act: Act) -> str:
    return render_template(
        "done_many.html",
        entry=entry,
        what={Act.PAUSED: "gepauzeerd", Act.ENDED: "beëindigd"}[act],
        keeps=entry.has_code,
        done=[one for one in outcomes if one.reason is None],
        others=[one for one in outcomes if one.reason is not None],
    )
