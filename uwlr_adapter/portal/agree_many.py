"""Agreeing to newer voorwaarden, and to fields that wait, once for all vestigingen of a user."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import render_template, request
from flask.typing import ResponseReturnValue

from uwlr_adapter.contract.fields import FIELDS
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.koppelingen import agreeing, agreements, terms_text
from uwlr_adapter.koppelingen.agreements import KeptText
from uwlr_adapter.koppelingen.catalogue import CatalogueEntry
from uwlr_adapter.koppelingen.errors import OtherTermsError
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.terms_text import TermsChange
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.blueprints import VESTIGINGEN
from uwlr_adapter.portal.chosen import (
    CHANGED_CHOICE,
    act_on_each,
    as_seen,
    back,
    chosen_entry,
    names_of,
    read_seen,
    with_status,
)
from uwlr_adapter.portal.context import catalogue, database, now
from uwlr_adapter.portal.forms import AkkoordForm, add_error
from uwlr_adapter.portal.sharing import grouped_words
from uwlr_adapter.portal.vestigingen import MAX_CHOSEN, within_acting

MAX_VERSIONS = 3
"""Earlier versions of terms whose difference with the present one is shown; of others the whole text is read."""


@dataclass(frozen=True, slots=True)
class FromVersion:
    """The vestigingen that agreed to one earlier version of the terms, and what changed since."""

    versie: str
    number: int
    kept: KeptText | None
    changes: Sequence[TermsChange]


@VESTIGINGEN.get("/akkoord")
def show_agreement() -> ResponseReturnValue:
    """Show what waits for an akkoord at all vestigingen, with a form to agree to it once."""
    entry = chosen_entry()
    if entry is None:
        return back("Kies een koppeling waarvoor iets op akkoord wacht.")
    form = AkkoordForm()
    form.naam.data = login_session.require_gebruiker().naam
    return _show(form, entry)


@VESTIGINGEN.post("/akkoord")
def agree() -> ResponseReturnValue:
    """Record the akkoord at each vestiging that was shown."""
    entry, seen, form = chosen_entry(), read_seen(), AkkoordForm(request.form)
    if entry is None or seen is None:
        return back(CHANGED_CHOICE)
    if not form.validate():
        return with_status(_show(form, entry), 422)
    try:
        agreements.require_shown(catalogue(), entry, form.gezien.data or "")
    except OtherTermsError as error:
        add_error(form.akkoord, str(error))
        return with_status(_show(form, entry), 409)
    login, moment = login_session.actor(), now()

    def agree_to(connection: sa.Connection, koppeling: Koppeling, version: int) -> object:
        return agreeing.agree_again(
            connection,
            catalogue(),
            koppeling.id,
            version,
            login=login,
            naam=form.naam.data or "",
            akkoord=bool(form.akkoord.data),
            moment=moment,
            actor=login,
            shown=form.gezien.data,
        )

    outcomes = act_on_each(seen, Act.AKKOORD_RENEWED, agree_to)
    return render_template(
        "done_many.html",
        entry=entry,
        what="opnieuw akkoord",
        keeps=False,
        done=[one for one in outcomes if one.reason is None],
        others=[one for one in outcomes if one.reason is not None],
    )


def _show(form: AkkoordForm, entry: CatalogueEntry) -> ResponseReturnValue:
    with database().reading() as connection:
        waiting = agreements.waiting_of_entry(connection, catalogue(), within_acting(), entry)
        shown = waiting[:MAX_CHOSEN]
        versions = _from_versions(connection, entry, shown)
    if not shown:
        return back(f"Voor {entry.naam} wacht er niets op akkoord.")
    what = [agreements.waiting(catalogue(), koppeling) for koppeling in shown]
    added = {one.path for waits in what for one in waits.velden}
    return render_template(
        "agree_many.html",
        form=form,
        entry=entry,
        places=list(names_of(shown).values()),
        left_out=len(waiting) - len(shown),
        versions=versions,
        of_results=sum(waits.resultaten for waits in what),
        fields=grouped_words([one for one in FIELDS if one.path in added]),
        keuze=as_seen(shown),
        offer=agreements.offer_of(catalogue(), entry),
    )


def _from_versions(
    connection: sa.Connection, entry: CatalogueEntry, koppelingen: Sequence[Koppeling]
) -> list[FromVersion]:
    """Return the earlier versions of terms that were agreed to, the most frequent ones first."""
    by_version: dict[tuple[str, str | None], list[Koppeling]] = {}
    for one in koppelingen:
        if agreements.waiting(catalogue(), one).voorwaarden:
            by_version.setdefault((one.akkoord.voorwaarden, one.akkoord.tekst), []).append(one)
    found: list[FromVersion] = []
    for same in sorted(by_version.values(), key=len, reverse=True):
        kept = agreements.text_of(connection, same[0].akkoord) if len(found) < MAX_VERSIONS else None
        changes = terms_text.difference(kept.tekst, entry.voorwaarden.tekst) if kept else ()
        found.append(FromVersion(same[0].akkoord.voorwaarden, len(same), kept, changes))
    return found
