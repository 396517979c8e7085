"""The Koppelingenoverzicht of a vestiging: what is activated, and what is available."""

from dataclasses import dataclass

import sqlalchemy as sa

from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.actions import is_available
from uwlr_adapter.koppelingen.catalogue import Catalogue, CatalogueEntry
from uwlr_adapter.koppelingen.lifecycle import Koppeling


@dataclass(frozen=True, slots=True)
class ActivatedEntry:
    """An activated koppeling; without a record (`koppeling` is None) it is one that every school has."""

    entry: CatalogueEntry
    koppeling: Koppeling | None


@dataclass(frozen=True, slots=True)
class AvailableEntry:
    """A koppeling of the catalogue that is not activated; `nu` is False while its afnemer is not there."""

    entry: CatalogueEntry
    now: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """Both lists, each in the order of the catalogue."""

    activated: tuple[ActivatedEntry, ...]
    available: tuple[AvailableEntry, ...]


def overview(connection: sa.Connection, catalogue: Catalogue, brin6: str) -> Overview:
    """Give the overview of one vestiging. A koppeling that left the catalogue is not in it."""
    living = {koppeling.entry_id: koppeling for koppeling in store.list_living(connection, brin6)}
    return Overview(
        tuple(
            ActivatedEntry(entry, living.get(entry.id)) for entry in catalogue if entry.standaard or entry.id in living
        ),
        tuple(
            AvailableEntry(entry, is_available(connection, entry))
            for entry in catalogue
            if not entry.standaard and entry.id not in living
        ),
    )
