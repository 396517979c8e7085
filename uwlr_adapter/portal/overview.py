"""The Koppelingenoverzicht of a vestiging: what is activated, what is available, and what has ended."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

import sqlalchemy as sa
from flask import Blueprint, Response, abort, g, render_template

from uwlr_adapter.administratie.schools import Vestiging, find_vestiging
from uwlr_adapter.clock import day_of
from uwlr_adapter.koppelingen import overview as overzichten
from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.actions import is_available
from uwlr_adapter.koppelingen.catalogue import CatalogueEntry
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.overview import ActivatedEntry, AvailableEntry
from uwlr_adapter.portal.context import moment, portal_context
from uwlr_adapter.portal.guard import SCHOOL
from uwlr_adapter.portal.traffic import Standing, Traffic, sentence, standing_of, traffic_of

pages = Blueprint(SCHOOL, __name__)


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """One activated koppeling as the overview shows it."""

    name: str
    entry: CatalogueEntry | None
    """None: it left the catalogue. Nothing can be fetched through it any more; the school can still end it."""
    koppeling: Koppeling | None
    standing: Standing
    connected: bool
    """False while its learning platform is shut out by the operator."""
    new_terms: bool
    traffic: Traffic | None
    sentence: str | None
    """The last call, in a sentence."""


@pages.context_processor
def _vestiging() -> dict[str, Vestiging | None]:
    """Give the vestiging that every page here is about; none when the guard did not let the person in."""
    if "brin6" not in g:
        return {}
    with portal_context().database.reading() as connection:
        return {"vestiging": find_vestiging(connection, g.brin6)}


@pages.get("/", endpoint="overzicht")
def overzicht(brin6: str) -> str:
    """Show the Koppelingenoverzicht."""
    with portal_context().database.reading() as connection:
        found = overzichten.overview(connection, portal_context().catalogue, brin6)
        rows = [*_rows(connection, found.activated), *_orphans(connection, brin6)]
        ended = store.list_ended(connection, brin6)
    groepen = groupby(_by_type(found.available), lambda one: one.entry.type)
    return render_template(
        "overzicht.html",
        rijen=rows,
        groepen=[(kind, list(group)) for kind, group in groepen],
        beeindigd=[(one, portal_context().catalogue.get(one.entry_id)) for one in ended],
    )


@pages.get("/voorwaarden/<aanbod_id>")
def voorwaarden(brin6: str, aanbod_id: str) -> Response:  # noqa: ARG001 - the path names the vestiging
    """Give the terms of use of a koppeling as a file."""
    entry = require_entry(aanbod_id)
    terms = entry.voorwaarden
    text = f"Gebruikersvoorwaarden {entry.naam}\nVersie {terms.versie}\n\n{terms.tekst.strip()}\n"
    response = Response(text, mimetype="text/plain")
    response.headers["Content-Disposition"] = f'attachment; filename="gebruikersvoorwaarden-{terms.versie}.txt"'
    return response


def require_entry(aanbod_id: str) -> CatalogueEntry:
    """Give an entry of the catalogue, or answer that there is no such page."""
    entry = portal_context().catalogue.get(aanbod_id)
    return entry if entry is not None else abort(404)


def require_koppeling(connection: sa.Connection, brin6: str, koppeling_id: int) -> Koppeling:
    """Give a koppeling of this vestiging, or answer that there is no such page."""
    return store.find(connection, koppeling_id, brin6) or abort(404)


def name_of(koppeling: Koppeling) -> str:
    """Give the name of a koppeling; one that left the catalogue has its id only."""
    entry = portal_context().catalogue.get(koppeling.entry_id)
    return koppeling.entry_id if entry is None else entry.naam


def has_new_terms(koppeling: Koppeling) -> bool:
    """Tell whether a living koppeling was agreed to with another version of the terms than the present one."""
    entry = portal_context().catalogue.get(koppeling.entry_id)
    return koppeling.is_living and entry is not None and koppeling.akkoord.voorwaarden != entry.voorwaarden.versie


def _rows(connection: sa.Connection, activated: Iterable[ActivatedEntry]) -> list[OverviewRow]:
    ones = list(activated)
    with_data = [one.koppeling.id for one in ones if one.koppeling is not None and one.entry.has_code]
    traffic = traffic_of(connection, with_data, moment())
    today = day_of(moment())
    rows = []
    for one in ones:
        verloop = None if one.koppeling is None else traffic.get(one.koppeling.id)
        attempt = None if verloop is None else verloop.last_call
        rows.append(
            OverviewRow(
                name=one.entry.naam,
                entry=one.entry,
                koppeling=one.koppeling,
                standing=standing_of(one.koppeling, today),
                connected=is_available(connection, one.entry),
                new_terms=one.koppeling is not None and has_new_terms(one.koppeling),
                traffic=verloop,
                sentence=None if attempt is None else sentence(attempt, one.entry.naam),
            )
        )
    return rows


def _orphans(connection: sa.Connection, brin6: str) -> list[OverviewRow]:
    """Give the living koppelingen that left the catalogue."""
    ones = [one for one in store.list_living(connection, brin6) if portal_context().catalogue.get(one.entry_id) is None]
    today = day_of(moment())
    return [
        OverviewRow(
            name=one.entry_id,
            entry=None,
            koppeling=one,
            standing=standing_of(one, today),
            connected=True,
            new_terms=False,
            traffic=None,
            sentence=None,
        )
        for one in ones
    ]


def _by_type(available: Iterable[AvailableEntry]) -> list[AvailableEntry]:
    """Give them with those of one type together, the types in the order of the catalogue."""
    ones = list(available)
    order = list(dict.fromkeys(one.entry.type for one in ones))
    return sorted(ones, key=lambda one: order.index(one.entry.type))
