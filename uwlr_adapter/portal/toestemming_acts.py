"""Pausing, resuming and agreeing to one toestemming of a koppeling: each on a page of its own that says what it does.

As in `confirm.py` nothing is done when somebody else changed the koppeling in between.
"""

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from flask import abort, flash, render_template, request
from flask.typing import ResponseReturnValue

from uwlr_adapter.clock import day_of
from uwlr_adapter.contract.fields import FIELDS
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.koppelingen import agreeing, agreements, pausing, what_if
from uwlr_adapter.koppelingen.errors import (
    AkkoordMissingError,
    AlreadyAgreedError,
    ChangedMeanwhileError,
    KoppelingError,
    OtherTermsError,
)
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.saving import GIVEN_BY, PAUSED_BY, RESUMED_BY
from uwlr_adapter.koppelingen.toestemming import Toestemming, ToestemmingStatus
from uwlr_adapter.portal import kept_form, login_session
from uwlr_adapter.portal.acts import missed, was_done
from uwlr_adapter.portal.blueprints import SCHOOL
from uwlr_adapter.portal.context import catalogue, database, now
from uwlr_adapter.portal.forms import NewAkkoordForm, VersionForm, add_error, seen_version
from uwlr_adapter.portal.school import name_of, read_koppeling, refuse, require_entry, to_koppeling
from uwlr_adapter.portal.sharing import grouped_words
from uwlr_adapter.portal.toestemmingen import meaning_of, slug_of, title_of, toestemming_of

_PATH = "/koppeling/<id:koppeling_id>/toestemming/<soort>"


@dataclass(frozen=True, slots=True)
class _Switch:
    """Pausing or resuming: what it needs, what does it, and what is said of it."""

    wanted: ToestemmingStatus
    act: Callable[..., Koppeling]
    acts: dict[Toestemming, Act]
    done: str


_PAUSE = _Switch(
    ToestemmingStatus.ON, pausing.pause, PAUSED_BY, "{title}: gepauzeerd. Hervatten doet u op deze pagina."
)
_RESUME = _Switch(ToestemmingStatus.PAUSED, pausing.resume, RESUMED_BY, "{title}: hervat.")


@SCHOOL.get(f"{_PATH}/pauzeren")
def confirm_pause_of_one(brin6: str, koppeling_id: int, soort: str) -> ResponseReturnValue:
    """Ask whether to pause a toestemming."""
    return _ask_first(brin6, koppeling_id, toestemming_of(soort), _PAUSE)


@SCHOOL.post(f"{_PATH}/pauzeren")
def pause_one(brin6: str, koppeling_id: int, soort: str) -> ResponseReturnValue:
    """Pause a toestemming."""
    return _switch(brin6, koppeling_id, toestemming_of(soort), _PAUSE)


@SCHOOL.get(f"{_PATH}/hervatten")
def confirm_resumption_of_one(brin6: str, koppeling_id: int, soort: str) -> ResponseReturnValue:
    """Ask whether to resume a toestemming."""
    return _ask_first(brin6, koppeling_id, toestemming_of(soort), _RESUME)


@SCHOOL.post(f"{_PATH}/hervatten")
def resume_one(brin6: str, koppeling_id: int, soort: str) -> ResponseReturnValue:
    """Resume a toestemming."""
    return _switch(brin6, koppeling_id, toestemming_of(soort), _RESUME)


def _ask_first(brin6: str, koppeling_id: int, toestemming: Toestemming, switch: _Switch) -> ResponseReturnValue:
    koppeling = read_koppeling(brin6, koppeling_id)
    if not _is_possible(koppeling, toestemming, switch):
        return to_koppeling(brin6, koppeling_id)
    return _ask(koppeling, toestemming, switch)


def _is_possible(koppeling: Koppeling, toestemming: Toestemming, switch: _Switch) -> bool:
    is_wanted = koppeling.state(toestemming).status is switch.wanted
    return koppeling.is_living and koppeling.afnemer_id is not None and is_wanted


def _ask(
    koppeling: Koppeling, toestemming: Toestemming, switch: _Switch, error: str | None = None, seen: int = 0
) -> str:
    """Show the question; with an error also what was done since the version `seen`."""
    name, other = name_of(koppeling), next(one for one in Toestemming if one is not toestemming)
    pauses = switch is _PAUSE
    with database().reading() as connection:
        counts = pauses and toestemming is Toestemming.LEERLINGGEGEVENS
        years = what_if.if_stopped(connection, koppeling, day_of(now())) if counts else []
        others = missed(connection, koppeling, name, seen) if error else ()
    return render_template(
        "toestemming_switch.html",
        koppeling=koppeling,
        name=name,
        soort=slug_of(toestemming),
        title=title_of(toestemming, name),
        other_is_on=koppeling.is_on(other),
        has_code=koppeling.code_digest is not None,
        pauses=pauses,
        years=years,
        error=error,
        missed=others,
    )


def _switch(brin6: str, koppeling_id: int, toestemming: Toestemming, switch: _Switch) -> ResponseReturnValue:
    """Pause or resume a toestemming at the version that was shown; sent twice, it is done once."""
    name, seen = name_of(read_koppeling(brin6, koppeling_id)), seen_version(VersionForm(request.form))
    try:
        with database().writing() as connection:
            switch.act(connection, koppeling_id, seen, toestemming, now(), actor=login_session.actor())
    except ChangedMeanwhileError as error:
        changed = read_koppeling(brin6, koppeling_id)
        if not was_done(changed, seen, switch.acts[toestemming]):
            if _is_possible(changed, toestemming, switch):
                return _ask(changed, toestemming, switch, str(error), seen), 409
            return refuse(brin6, koppeling_id, error)
    except KoppelingError as error:
        return refuse(brin6, koppeling_id, error)
    flash(switch.done.format(title=title_of(toestemming, name)), "goed")
    return to_koppeling(brin6, koppeling_id)


@SCHOOL.get(f"{_PATH}/akkoord")
def show_toestemming(brin6: str, koppeling_id: int, soort: str) -> ResponseReturnValue:
    """Show the voorwaarden of a toestemming that was not given, with a form to agree to them."""
    toestemming, koppeling = toestemming_of(soort), read_koppeling(brin6, koppeling_id)
    if not _can_agree(koppeling, toestemming):
        return to_koppeling(brin6, koppeling_id)
    form = NewAkkoordForm()
    form.naam.data = login_session.require_gebruiker().naam
    kept_form.restore(form)
    return _show(form, koppeling, toestemming)


@SCHOOL.post(f"{_PATH}/akkoord")
def give_toestemming(brin6: str, koppeling_id: int, soort: str) -> ResponseReturnValue:
    """Record the akkoord with a toestemming, which is on from then."""
    toestemming, form = toestemming_of(soort), NewAkkoordForm(request.form)
    koppeling = read_koppeling(brin6, koppeling_id)
    name, act = name_of(koppeling), GIVEN_BY[toestemming]
    done = f"Uw akkoord is vastgelegd. {title_of(toestemming, name)}: aan."
    if not _can_agree(koppeling, toestemming):
        if not was_done(koppeling, seen_version(form), act):
            return refuse(brin6, koppeling_id, AlreadyAgreedError())
    elif not form.validate():
        return _show(form, koppeling, toestemming), 422
    else:
        try:
            with database().writing() as connection:
                _give(connection, koppeling_id, toestemming, form)
        except KoppelingError as error:
            return _refused(form, koppeling, toestemming, error)
    flash(done, "goed")
    return to_koppeling(brin6, koppeling_id)


def _refused(
    form: NewAkkoordForm, koppeling: Koppeling, toestemming: Toestemming, error: KoppelingError
) -> ResponseReturnValue:
    """Return what is shown when an akkoord was refused: the form where it can still be given, else the koppeling."""
    if isinstance(error, AkkoordMissingError):
        add_error(form.naam, str(error))
        return _show(form, koppeling, toestemming), 422
    changed = read_koppeling(koppeling.brin6, koppeling.id)
    if isinstance(error, ChangedMeanwhileError | OtherTermsError) and _can_agree(changed, toestemming):
        return _show(form, changed, toestemming, str(error), seen_version(form)), 409
    return refuse(koppeling.brin6, koppeling.id, error)


def _give(connection: sa.Connection, koppeling_id: int, toestemming: Toestemming, form: NewAkkoordForm) -> None:
    login = login_session.actor()
    agreeing.give(
        connection,
        catalogue(),
        koppeling_id,
        seen_version(form),
        toestemming,
        login=login,
        naam=form.naam.data or "",
        akkoord=bool(form.akkoord.data),
        moment=now(),
        actor=login,
        shown=form.gezien.data,
    )


def _can_agree(koppeling: Koppeling, toestemming: Toestemming) -> bool:
    entry = catalogue().get(koppeling.entry_id)
    is_open = koppeling.is_living and koppeling.state(toestemming).status is ToestemmingStatus.NOT_GIVEN
    return is_open and koppeling.afnemer_id is not None and entry is not None and entry.offers(toestemming)


def _show(
    form: NewAkkoordForm, koppeling: Koppeling, toestemming: Toestemming, error: str | None = None, seen: int = 0
) -> str:
    """Show the page; with an error also what was done since the version `seen`."""
    entry, name = require_entry(koppeling.entry_id), name_of(koppeling)
    profiel = catalogue().profiel_by_entry.get(entry.id)
    if toestemming is Toestemming.LEERLINGGEGEVENS and profiel is None:
        abort(404)
    paths = profiel.paths if profiel is not None and toestemming is Toestemming.LEERLINGGEGEVENS else frozenset()
    with database().reading() as connection:
        others = missed(connection, koppeling, name, seen) if error else ()
    return render_template(
        "toestemming_akkoord.html",
        form=form,
        koppeling=koppeling,
        name=name,
        entry=entry,
        soort=slug_of(toestemming),
        title=title_of(toestemming, name),
        meaning=meaning_of(toestemming, name),
        voorwaarden=entry.voorwaarden_of(toestemming),
        fields=grouped_words([one for one in FIELDS if one.path in paths]),
        has_code=koppeling.code_digest is not None,
        offer=agreements.offer_of(catalogue(), entry),
        error=error,
        missed=others,
    )
