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
from uwlr_adapter.koppelingen.catalogue import Aanbod
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.overview import Beschikbaar, Geactiveerd
from uwlr_adapter.portal.context import huis, moment
from uwlr_adapter.portal.guard import SCHOOL
from uwlr_adapter.portal.traffic import Stand, Verloop, sentence, stand_of, verlopen

pages = Blueprint(SCHOOL, __name__)


@dataclass(frozen=True, slots=True)
class Rij:
    """One activated koppeling as the overview shows it."""

    naam: str
    aanbod: Aanbod | None
    """None: it left the catalogue. Nothing can be fetched through it any more; the school can still end it."""
    koppeling: Koppeling | None
    stand: Stand
    aangesloten: bool
    """False while its learning platform is shut out by the operator."""
    nieuwe_voorwaarden: bool
    verloop: Verloop | None
    zin: str | None
    """The last call, in a sentence."""


@pages.context_processor
def _vestiging() -> dict[str, Vestiging | None]:
    """Give the vestiging that every page here is about; none when the guard did not let the person in."""
    if "brin6" not in g:
        return {}
    with huis().opslag.reading() as connection:
        return {"vestiging": find_vestiging(connection, g.brin6)}


@pages.get("/", endpoint="overzicht")
def overzicht(brin6: str) -> str:
    """Show the Koppelingenoverzicht."""
    with huis().opslag.reading() as connection:
        found = overzichten.overzicht(connection, huis().catalogus, brin6)
        rijen = [*_rijen(connection, found.geactiveerd), *_verweesd(connection, brin6)]
        ended = store.list_ended(connection, brin6)
    groepen = groupby(_by_type(found.beschikbaar), lambda one: one.aanbod.type)
    return render_template(
        "overzicht.html",
        rijen=rijen,
        groepen=[(soort, list(group)) for soort, group in groepen],
        beeindigd=[(one, huis().catalogus.get(one.aanbod)) for one in ended],
    )


@pages.get("/voorwaarden/<aanbod_id>")
def voorwaarden(brin6: str, aanbod_id: str) -> Response:  # noqa: ARG001 - the path names the vestiging
    """Give the terms of use of a koppeling as a file."""
    aanbod = require_aanbod(aanbod_id)
    terms = aanbod.voorwaarden
    text = f"Gebruikersvoorwaarden {aanbod.naam}\nVersie {terms.versie}\n\n{terms.tekst.strip()}\n"
    response = Response(text, mimetype="text/plain")
    response.headers["Content-Disposition"] = f'attachment; filename="gebruikersvoorwaarden-{terms.versie}.txt"'
    return response


def require_aanbod(aanbod_id: str) -> Aanbod:
    """Give an entry of the catalogue, or answer that there is no such page."""
    aanbod = huis().catalogus.get(aanbod_id)
    return aanbod if aanbod is not None else abort(404)


def require_koppeling(connection: sa.Connection, brin6: str, koppeling_id: int) -> Koppeling:
    """Give a koppeling of this vestiging, or answer that there is no such page."""
    return store.find(connection, koppeling_id, brin6) or abort(404)


def naam_of(koppeling: Koppeling) -> str:
    """Give the name of a koppeling; one that left the catalogue has its id only."""
    aanbod = huis().catalogus.get(koppeling.aanbod)
    return koppeling.aanbod if aanbod is None else aanbod.naam


def has_new_terms(koppeling: Koppeling) -> bool:
    """Tell whether a living koppeling was agreed to with another version of the terms than the present one."""
    aanbod = huis().catalogus.get(koppeling.aanbod)
    return koppeling.leeft and aanbod is not None and koppeling.akkoord.voorwaarden != aanbod.voorwaarden.versie


def _rijen(connection: sa.Connection, activated: Iterable[Geactiveerd]) -> list[Rij]:
    ones = list(activated)
    with_data = [one.koppeling.id for one in ones if one.koppeling is not None and one.aanbod.heeft_code]
    traffic = verlopen(connection, with_data, moment())
    today = day_of(moment())
    rijen = []
    for one in ones:
        verloop = None if one.koppeling is None else traffic.get(one.koppeling.id)
        poging = None if verloop is None else verloop.poging
        rijen.append(
            Rij(
                naam=one.aanbod.naam,
                aanbod=one.aanbod,
                koppeling=one.koppeling,
                stand=stand_of(one.koppeling, today),
                aangesloten=is_available(connection, one.aanbod),
                nieuwe_voorwaarden=one.koppeling is not None and has_new_terms(one.koppeling),
                verloop=verloop,
                zin=None if poging is None else sentence(poging, one.aanbod.naam),
            )
        )
    return rijen


def _verweesd(connection: sa.Connection, brin6: str) -> list[Rij]:
    """Give the living koppelingen that left the catalogue."""
    ones = [one for one in store.list_living(connection, brin6) if huis().catalogus.get(one.aanbod) is None]
    today = day_of(moment())
    return [
        Rij(
            naam=one.aanbod,
            aanbod=None,
            koppeling=one,
            stand=stand_of(one, today),
            aangesloten=True,
            nieuwe_voorwaarden=False,
            verloop=None,
            zin=None,
        )
        for one in ones
    ]


def _by_type(available: Iterable[Beschikbaar]) -> list[Beschikbaar]:
    """Give them with those of one type together, the types in the order of the catalogue."""
    ones = list(available)
    order = list(dict.fromkeys(one.aanbod.type for one in ones))
    return sorted(ones, key=lambda one: order.index(one.aanbod.type))
