"""The koppelingen that fetched persons of a vestiging: who must be told when a person is to be forgotten."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.clock import from_utc
from uwlr_adapter.contract.names import OPERATIONS
from uwlr_adapter.journaal.model import EntryKind
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.koppelingen.tables import Status, afnemer, koppeling


@dataclass(frozen=True, slots=True)
class Recipient:
    """A koppeling, living or ended, that got persons of a vestiging, and when first and last, by the journaal."""

    klantnaam: str
    entry_id: str
    brin6: str
    status: Status
    first: datetime
    last: datetime


def recipients(connection: sa.Connection, brin6s: Iterable[str], part: str) -> list[Recipient]:
    """Return the koppelingen of some vestigingen that were given a part of the records, by vestiging and afnemer.

    `part` is `leerlingen` or `leerkrachten`. The journaal has no names, so that everybody at the vestiging counts as
    given.
    """
    payloads = [operation.payload for operation in OPERATIONS.values() if part in operation.parts]
    query = (
        sa.select(
            *(afnemer.c.klantnaam, koppeling.c.entry_id, koppeling.c.brin6, koppeling.c.status),
            *(sa.func.min(journaal.c.moment).label("first"), sa.func.max(journaal.c.moment).label("last")),
        )
        .join(koppeling, koppeling.c.id == journaal.c.koppeling_id)
        .join(afnemer, afnemer.c.id == koppeling.c.afnemer_id)
        .where(
            koppeling.c.brin6.in_(sorted(brin6s)),
            journaal.c.kind == EntryKind.VERZOEK,
            journaal.c.outcome.in_(payloads),
        )
        .group_by(koppeling.c.id, afnemer.c.klantnaam, koppeling.c.entry_id, koppeling.c.brin6, koppeling.c.status)
    )
    found = [
        Recipient(row.klantnaam, row.entry_id, row.brin6, Status(row.status), from_utc(row.first), from_utc(row.last))
        for row in connection.execute(query)
    ]
    return sorted(found, key=lambda one: (one.brin6, one.klantnaam, one.first))
