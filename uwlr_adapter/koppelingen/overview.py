"""The Koppelingenoverzicht of a vestiging: the activated and the available koppelingen."""

from dataclasses import dataclass

import sqlalchemy as sa

from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.actions import is_available
from uwlr_adapter.koppelingen.catalogue import Catalogue, CatalogueEntry
from uwlr_adapter.koppelingen.lifecycle import Koppeling


@dataclass(frozen=True, slots=True)
class ActivatedEntry:
    """An activated catalogue entry; `koppeling` is None for one that every school has."""

    entry: CatalogueEntry
    koppeling: Koppeling | None


@dataclass(frozen=True, slots=True)
class AvailableEntry:
    """A catalogue entry that is not activated; `now` is whether it can be activated now (`actions.is_available`)."""

    entry: CatalogueEntry
    now: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """The activated and the available entries, each in the order of the catalogue, and what has no entry any more."""

    activated: tuple[ActivatedEntry, ...]
    available: tuple[AvailableEntry, ...]
    left: tuple[Koppeling, ...]
    """The living koppelingen whose entry left the catalogue."""

    @property
    def living(self) -> list[Koppeling]:
        """The living koppelingen of the vestiging."""
        return [*(one.koppeling for one in self.activated if one.koppeling is not None), *self.left]


def overview(connection: sa.Connection, catalogue: Catalogue, brin6: str) -> Overview:
    """Return the overview of one vestiging."""
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
        tuple(koppeling for koppeling in living.values() if catalogue.get(koppeling.entry_id) is None),
    )
