"""The Koppelingenoverzicht of a vestiging: what is activated, and what is available."""

from dataclasses import dataclass

import sqlalchemy as sa

from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.actions import is_available
from uwlr_adapter.koppelingen.catalogue import Aanbod, Catalogus
from uwlr_adapter.koppelingen.lifecycle import Koppeling


@dataclass(frozen=True, slots=True)
class Geactiveerd:
    """An activated koppeling; without a record (`koppeling` is None) it is one that every school has."""

    aanbod: Aanbod
    koppeling: Koppeling | None


@dataclass(frozen=True, slots=True)
class Beschikbaar:
    """A koppeling of the catalogue that is not activated; `nu` is False while its afnemer is not there."""

    aanbod: Aanbod
    nu: bool


@dataclass(frozen=True, slots=True)
class Overzicht:
    """Both lists, each in the order of the catalogue."""

    geactiveerd: tuple[Geactiveerd, ...]
    beschikbaar: tuple[Beschikbaar, ...]


def overzicht(connection: sa.Connection, catalogus: Catalogus, brin6: str) -> Overzicht:
    """Give the overview of one vestiging. A koppeling that left the catalogue is not in it."""
    levend = {koppeling.aanbod: koppeling for koppeling in store.list_living(connection, brin6)}
    return Overzicht(
        tuple(
            Geactiveerd(aanbod, levend.get(aanbod.id))
            for aanbod in catalogus
            if aanbod.standaard or aanbod.id in levend
        ),
        tuple(
            Beschikbaar(aanbod, is_available(connection, aanbod))
            for aanbod in catalogus
            if not aanbod.standaard and aanbod.id not in levend
        ),
    )
