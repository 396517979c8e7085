"""The koppelingen that got a person, or may have: who must be told when the person is forgotten."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.koppelingen import received
from uwlr_adapter.koppelingen.received import Got
from uwlr_adapter.koppelingen.tables import Status


@dataclass(frozen=True, slots=True)
class Recipient:
    """A koppeling, living or ended, and when it first and last got a person, or persons of the vestiging."""

    klantnaam: str
    entry_id: str
    brin6: str
    status: Status
    first: datetime
    last: datetime
    is_known: bool
    """Whether it got this person; else nobody knows who was in what it fetched then."""


def recipients(
    connection: sa.Connection, had: Sequence[Mapping[str, Any]], brin6s: Collection[str], part: str
) -> list[Recipient]:
    """Return the koppelingen that got a person, and those of some vestigingen of which it is not known.

    `had` are the rows of `received` that the person had, of a journaal that was read to its end (`receipts.settle`).
    `part` is `leerlingen` or `leerkrachten`. By vestiging and afnemer, what is known first.
    """
    found = [*_by_koppeling(received.got_before(connection, had))]
    found += _by_koppeling(received.not_known(connection, brin6s, part))
    return sorted(found, key=lambda one: (one.brin6, one.klantnaam, not one.is_known, one.first))


def _by_koppeling(got: Iterable[Got]) -> Iterable[Recipient]:
    of_koppeling: dict[int, list[Got]] = {}
    for one in got:
        of_koppeling.setdefault(one.koppeling_id, []).append(one)
    for some in of_koppeling.values():
        about = some[0]
        yield Recipient(
            about.klantnaam,
            about.entry_id,
            about.brin6,
            about.status,
            min(one.first for one in some),
            max(one.last for one in some),
            about.is_known,
        )
