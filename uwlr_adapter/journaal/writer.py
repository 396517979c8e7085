"""Write the journaal: each call with its outcome, and each act on a koppeling or an afnemer. Append-only.

It holds ids, counts, fixed words, and the login of whoever acted: no text of a caller, no code, nothing about a pupil.
An act and its row are stored in one transaction. Calls that are refused before their afnemer is known are counted per
minute and source.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.clock import to_utc
from uwlr_adapter.db.blocking import before_blocking
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.group_commit import GroupCommit
from uwlr_adapter.db.libpq import Step
from uwlr_adapter.db.statements import InsertStatement
from uwlr_adapter.journaal.model import Act, EntryKind, Refusal, VerzoekEntry
from uwlr_adapter.journaal.tables import journaal, refusal


class JournaalWriter:
    """Stores calls, many in one durable commit."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._group = GroupCommit(self.write_all)

    def write(self, entry: VerzoekEntry | Refusal) -> None:
        """Store a call; return when it is durable. Raises what the database raised for the commit of its group."""
        self._group.add(entry)

    def write_all(self, entries: Sequence[VerzoekEntry | Refusal]) -> None:
        """Store calls in one commit, in one statement when it can be. Raises DBAPIError or WouldBlock."""
        verzoeken, refusals = _rows(entries)
        if not refusals and len(verzoeken) <= MAX_ROWS:
            self._database.put(_ENTRIES, verzoeken)
        elif not verzoeken and len(refusals) <= MAX_ROWS:
            self._database.put(_REFUSALS, refusals)
        else:
            before_blocking()
            with self._database.writing() as connection:
                _execute(connection, _ENTRIES, verzoeken)
                _execute(connection, _REFUSALS, refusals)


def insert_steps(entries: Sequence[VerzoekEntry | Refusal], dialect: sa.Dialect) -> list[Step]:
    """Return the statements that store calls, for a pipeline to PostgreSQL."""
    verzoeken, refusals = _rows(entries)
    return [
        *(_ENTRIES.step(dialect, part) for part in _parts(verzoeken)),
        *(_REFUSALS.step(dialect, part) for part in _parts(refusals)),
    ]


def _rows(entries: Sequence[VerzoekEntry | Refusal]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rows of `journaal` and of `refusal` for some calls."""
    counted = Counter(_minute(entry) for entry in entries if isinstance(entry, Refusal))
    # Sorted, so that two processes lock rows in one order and never deadlock.
    refusals = [dict(zip(_COUNTED, (*key, counted[key]), strict=True)) for key in sorted(counted)]
    return [_row(entry) for entry in entries if isinstance(entry, VerzoekEntry)], refusals


def record_verzoeken(connection: sa.Connection, entries: Sequence[VerzoekEntry]) -> None:
    """Store calls of known afnemers, in the transaction of the caller."""
    _execute(connection, _ENTRIES, [_row(entry) for entry in entries])


def _execute(connection: sa.Connection, insert: InsertStatement, rows: Sequence[dict[str, Any]]) -> None:
    for part in _parts(rows):
        insert.execute(connection, part)


def _parts(rows: Sequence[dict[str, Any]]) -> list[Sequence[dict[str, Any]]]:
    return [rows[begin : begin + MAX_ROWS] for begin in range(0, len(rows), MAX_ROWS)]


_COUNTED = ("minute", "source", "outcome", "occurrences")
_ENTRIES = InsertStatement(journaal, [column.name for column in journaal.c if column.name != "id"])
_REFUSALS = InsertStatement(refusal, _COUNTED, adds="occurrences")
MAX_ROWS = 32
"""The maximum number of rows of one statement (inclusive): each number of rows is a prepared statement of its own."""


def _row(entry: VerzoekEntry) -> dict[str, Any]:
    return {
        "moment": to_utc(entry.moment),
        "kind": EntryKind.VERZOEK.value,
        "act": entry.operation,
        "afnemer_id": entry.afnemer_id,
        "koppeling_id": entry.koppeling_id,
        "brin6": entry.brin6,
        "outcome": entry.outcome,
        "reason": entry.reason,
        "leerlingen": entry.leerlingen,
        "repairs": " ".join(entry.repairs) or None,
        "remarks": " ".join(entry.remarks) or None,
        "actor": None,  # its afnemer
        "request_id": entry.request_id,
    }


def _minute(entry: Refusal) -> tuple[datetime, str, str]:
    return to_utc(entry.moment).replace(second=0, microsecond=0), entry.source, entry.outcome


MAX_ACTOR = 100
"""Characters of an actor: the width of its column."""


def record_act(
    connection: sa.Connection, *, moment: datetime, act: Act, koppeling_id: int, brin6: str, actor: str
) -> None:
    """Store an act on a koppeling, in the transaction of the act itself.

    `actor` is the login of the portal user, or `cli:` and the user of the machine.
    """
    connection.execute(
        journaal.insert().values(
            moment=to_utc(moment),
            kind=EntryKind.KOPPELING,
            act=act,
            koppeling_id=koppeling_id,
            brin6=brin6,
            outcome="gedaan",
            actor=actor,
        )
    )


def record_afnemer(connection: sa.Connection, *, moment: datetime, act: Act, afnemer_id: int, actor: str) -> None:
    """Store an act on an afnemer, in the transaction of the act itself; no school sees it."""
    connection.execute(
        journaal.insert().values(
            moment=to_utc(moment),
            kind=EntryKind.AFNEMER,
            act=act,
            afnemer_id=afnemer_id,
            outcome="gedaan",
            actor=actor,
        )
    )
