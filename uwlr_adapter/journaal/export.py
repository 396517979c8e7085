"""Export the journaal: the entries that match, oldest first, read piece by piece while others write.

Each piece is a range of ids, read in a transaction of its own: one statement is bounded whatever the filter, nothing is
held while a reader waits, and memory holds one piece. An entry is never changed, so that what was there at the start
comes out whole and once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from uwlr_adapter.db.database import Database
from uwlr_adapter.journaal.model import AFNEMER, CALLS, CLI, Entry, EntryKind
from uwlr_adapter.journaal.search import entry_of, stored_start_of
from uwlr_adapter.journaal.tables import journaal

PIECE = 10_000
"""Ids of one piece: some ten megabytes, and a few milliseconds of the database where nothing in it matches."""
_BRINCODE = 4


@dataclass(frozen=True, slots=True)
class ExportFilter:
    """What is exported; None, and an empty text, is everything. `first` and `last` are days in Amsterdam, inclusive.

    `place` is a brin6, or a brincode for all its vestigingen. `act` is an operation or an act. `actor` is a login,
    `cli:` and an account, also one that called sudo, `job:` and a job, or `afnemer:` for the calls of `afnemer_id`.
    """

    first: date | None = None
    last: date | None = None
    place: str | None = None
    act: str | None = None
    actor: str | None = None
    afnemer_id: int | None = None
    """Only the calls of this afnemer, the acts on it, and on `koppeling_ids`, which are its koppelingen."""
    koppeling_ids: frozenset[int] = frozenset()

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Return the condition in SQL, which takes the acts on every koppeling for those of an afnemer."""
        table = journaal.c
        where: list[sa.ColumnElement[bool]] = []
        if self.first is not None:
            where.append(table.moment >= stored_start_of(self.first))
        if self.last is not None:
            where.append(table.moment < stored_start_of(self.last + timedelta(days=1)))
        if self.place is not None:
            is_school = len(self.place) == _BRINCODE
            places = (f"{self.place}00", f"{self.place}99") if is_school else (self.place, self.place)
            where.append(table.brin6.between(*places))
        if self.act is not None:
            where.append(table.act == self.act)
        if self.actor is not None and self.actor.startswith(AFNEMER):
            where.append(table.kind.in_(CALLS))
        elif self.actor is not None:
            by_sudo = [table.actor.startswith(f"{self.actor}/", autoescape=True)] if self.actor.startswith(CLI) else []
            where.append(sa.or_(table.actor == self.actor, *by_sudo))
        if self.afnemer_id is not None:
            where.append(sa.or_(table.afnemer_id == self.afnemer_id, table.kind == EntryKind.KOPPELING))
        return where

    def takes(self, entry: Entry) -> bool:
        """Return whether an entry that the condition found is one of the afnemer that was asked for."""
        return (
            self.afnemer_id is None or entry.afnemer_id == self.afnemer_id or entry.koppeling_id in self.koppeling_ids
        )


@dataclass(frozen=True, slots=True)
class ExportPiece:
    """The entries of a range of ids that match, and how much of all ids is read with it, 0 to 1."""

    entries: list[Entry]
    share: float


def export(database: Database, chosen: ExportFilter) -> Iterator[ExportPiece]:
    """Yield the entries that match, oldest first. Raises DBAPIError.

    Every entry that is there at the start is among them; one that is written meanwhile may be.
    """
    table, where = journaal.c, chosen.conditions()
    with database.reading() as connection:
        first, last = connection.execute(sa.select(sa.func.min(table.id), sa.func.max(table.id))).one()
    begin: int | None = first
    while begin is not None:
        end = min(begin + PIECE - 1, last)
        with database.reading() as connection:
            query = sa.select(journaal).where(table.id.between(begin, end), *where).order_by(table.id)
            entries = [entry_of(row) for row in connection.execute(query)]
            following = sa.select(sa.func.min(table.id)).where(table.id > end, table.id <= last)
            begin = connection.scalar(following)  # where many were removed the next one is far away
        yield ExportPiece([entry for entry in entries if chosen.takes(entry)], (end - first + 1) / (last - first + 1))
