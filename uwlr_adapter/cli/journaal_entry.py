"""An entry of the journaal for a program, with the names of what its ids stand for."""

from typing import Any, NamedTuple

import sqlalchemy as sa

from uwlr_adapter.cli.json_output import moment_of
from uwlr_adapter.journaal.model import AFNEMER, CALLS, Entry
from uwlr_adapter.koppelingen import afnemers, store
from uwlr_adapter.koppelingen.store import KoppelingName


class Names(NamedTuple):
    """What the ids of entries stand for."""

    afnemers: dict[int, str]
    koppelingen: dict[int, KoppelingName]

    @classmethod
    def read(cls, connection: sa.Connection) -> "Names":
        """Return the klantnaam of each afnemer, and of each koppeling its id in the catalogue and its afnemer."""
        klantnamen = {one.id: one.klantnaam for one in afnemers.list_all(connection)}
        return cls(klantnamen, store.names(connection))

    def afnemer_of(self, entry: Entry) -> str | None:
        """Return the klantnaam of the afnemer that an entry is about, also through its koppeling."""
        koppeling = self.koppelingen.get(entry.koppeling_id or 0)
        through = None if koppeling is None else koppeling.afnemer_id
        return self.afnemers.get(entry.afnemer_id or through or 0)

    def as_json(self, entry: Entry) -> dict[str, Any]:
        """Return an entry as a program reads it; its members, which are CSV columns too, are those of COLUMNS."""
        koppeling, klantnaam = self.koppelingen.get(entry.koppeling_id or 0), self.afnemer_of(entry)
        actor = entry.actor
        if entry.kind in CALLS and klantnaam is not None:
            actor = f"{AFNEMER}{klantnaam}"
        return {
            "id": entry.id,
            "moment": moment_of(entry.moment),
            "kind": entry.kind,
            "act": entry.act,
            "brin6": entry.brin6,
            "koppeling_id": entry.koppeling_id,
            "koppeling": None if koppeling is None else koppeling.entry_id,
            "afnemer": klantnaam,
            "outcome": entry.outcome,
            "reason": entry.reason,
            "leerlingen": entry.leerlingen,
            "repairs": list(entry.repairs),
            "remarks": list(entry.remarks),
            "actor": actor,
            "request_id": entry.request_id,
        }


COLUMNS = (
    *("id", "moment", "kind", "act", "brin6", "koppeling_id", "koppeling", "afnemer", "outcome", "reason"),
    *("leerlingen", "repairs", "remarks", "actor", "request_id"),
)
"""The columns of a CSV file, which are the members of the objects."""
