"""What a koppeling was given: the content that its platform has, so that it can hear geenwijzigingen.

Per koppeling, school year, version, effective profile, kind of answer and set of groups the `gewijzigd` given last is
stored, in the commit of the journaal entry of that fetch. A koppeling has SLOTS places, chosen by a checksum of what is
asked: one that is taken over by another answer only means that data are given again.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from uwlr_adapter.db.statements import Delete, DeleteStatement, Guard, InsertStatement
from uwlr_adapter.journaal.model import VerzoekEntry
from uwlr_adapter.koppelingen import tables

SLOTS = 4096
"""Places per koppeling. A platform that asks each group by itself asks some thirty answers; each place holds one."""
NOTHING = ""
"""The digest of geengegevens: what was given before in this place, the platform no longer has."""
OPEN_AS_DECIDED = Guard(tables.koppeling, {"id": "koppeling_id", "version": "koppeling_version"})
"""Lets a row through when its koppeling is still as it was when access was decided: no act came in between."""
INSERT = InsertStatement(tables.given, [column.name for column in tables.given.c], replaces=True, guard=OPEN_AS_DECIDED)


_FORGET = DeleteStatement(
    tables.given.delete().where(
        tables.given.c.koppeling_id == sa.bindparam("koppeling_id"), tables.given.c.slot == sa.bindparam("slot")
    )
)


class Given(NamedTuple):
    """An answer with data for one koppeling: its place, the digest of what was asked and under which profile."""

    slot: int
    answer: str
    gewijzigd: datetime
    """In UTC."""


def row(entry: VerzoekEntry, given: Given) -> Mapping[str, Any]:
    """Return the row of `INSERT` for an answer with this entry."""
    return {
        "koppeling_id": entry.koppeling_id,
        "slot": given.slot,
        "answer": given.answer,
        "gewijzigd": given.gewijzigd.replace(tzinfo=None),
        "koppeling_version": entry.koppeling_version,
    }


def forgetting(koppeling_id: int, slot: int) -> Delete:
    """Return the statement that forgets one answer of a koppeling: the next call for it gets data."""
    return Delete(_FORGET, {"koppeling_id": koppeling_id, "slot": slot})


def forget(connection: sa.Connection, koppeling_id: int) -> None:
    """Forget what a koppeling was given: its next fetch gets data."""
    connection.execute(tables.given.delete().where(tables.given.c.koppeling_id == koppeling_id))
