"""The writing of outcomes: many in one durable commit, each at the moment that it is decided.

An outcome with access is written only while its koppeling still has the version at which access was decided: the
statement that inserts its entry checks that, and PostgreSQL holds the koppeling until the commit. So nothing is decided
after an acknowledged pause, end or change of code, and an act that waits for an entry is next.
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from uwlr_adapter.db.backend import LoopDatabase
from uwlr_adapter.db.statements import Command, Insert, InsertStatement, Row
from uwlr_adapter.exchange.outcome import Outcome
from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import Refusal, VerzoekEntry
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.koppelingen import failures, given, renewal
from uwlr_adapter.koppelingen.failures import Failures
from uwlr_adapter.koppelingen.given import OPEN_AS_DECIDED

if TYPE_CHECKING:
    from datetime import datetime

MAX_ROWS = 32
"""The maximum number of rows of one statement (inclusive): each number of rows is a prepared statement of its own."""
_GRANTED = InsertStatement(journaal, writer.COLUMNS, guard=OPEN_AS_DECIDED, returning=["koppeling_id"])
_REFUSED = InsertStatement(journaal, writer.COLUMNS)


async def write(database: LoopDatabase, known: Failures, outcomes: Sequence[Outcome]) -> list[bool]:
    """Write outcomes in one commit and in their order, as `Exchange.write` does; return whether each was written."""
    made = commands(outcomes)
    return are_written(outcomes, zip(made, await database.write(made), strict=True), known)


def commands(outcomes: Sequence[Outcome]) -> list[Command]:  # noqa: C901 - one pass over them; each more function costs a request
    """Return the statements that write outcomes, for one transaction; first those of outcomes with access.

    Their order is that of the locks: koppelingen, what was given, afnemers, the rows that many requests share.
    """
    granted: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    refusals: list[Refusal] = []
    places: dict[tuple[int, int], Mapping[str, Any]] = {}
    """What is given, once for each place: an INSERT cannot replace a row twice."""
    failed: list[tuple[str, datetime]] = []
    forgotten: set[tuple[int, int]] = set()
    renewals: list[renewal.Renewal] = []
    for entry, _, given_, _, guess, undelivered, _, renewed in outcomes:
        if entry is not None and guess is not None:
            failed.append((guess, entry.moment))
        if isinstance(entry, Refusal):
            refusals.append(entry)
            continue
        if entry is None:
            continue
        if undelivered is not None and entry.koppeling_id is not None:
            forgotten.add((entry.koppeling_id, undelivered.slot))
        if entry.koppeling_version is None:
            refused.append(writer.entry_row(entry))
            continue
        granted.append(writer.entry_row(entry))
        renewals += renewed
        if given_ is not None and entry.koppeling_id is not None:
            place, row = (entry.koppeling_id, given_.slot), given.row(entry, given_)
            if place not in places or places[place]["koppeling_version"] <= entry.koppeling_version:
                places[place] = row
    if len(granted) > 1:
        granted.sort(key=itemgetter("koppeling_id"))
    parts: list[tuple[InsertStatement | None, Sequence[Any]]] = [
        (_GRANTED, granted),
        (given.INSERT, [places[place] for place in sorted(places)]),
        (None, [given.forgetting(*place) for place in sorted(forgotten)]),
        (None, renewal.commands(renewals) if renewals else []),
        (_REFUSED, refused),
        (writer.COUNT_REFUSALS, writer.refusal_rows(refusals) if refusals else []),
        (failures.COUNT, failures.rows_of(failed) if failed else []),
    ]
    found: list[Command] = []
    for statement, rows in parts:
        if statement is None:
            found += rows
        else:
            found += [Insert(statement, rows[begin : begin + MAX_ROWS]) for begin in range(0, len(rows), MAX_ROWS)]
    return found + [failures.removal(moment) for _, moment in failed[:1]]


def are_written(
    outcomes: Sequence[Outcome], done: Iterable[tuple[Command, Sequence[Row]]], known: Failures | None
) -> list[bool]:
    """Return for each outcome whether it was written; `known`, if given, learns the failures of other processes.

    `done` has each of their `commands` with the rows that it returned: the entries with access return their koppeling,
    the counts of failures themselves.

    The version of a koppeling only grows, and an entry holds one that was committed when it was read. So where any
    entry of a koppeling was written, those with the newest version among them were, and the others were not.
    """
    open_now: set[int] = set()
    for command, rows in done:
        if command.statement is _GRANTED:
            open_now.update(koppeling_id for (koppeling_id,) in rows)
        elif command.statement is failures.COUNT and known is not None:
            known.learn(rows)
    newest: dict[int | None, int] = {}
    for entry, *_ in outcomes:
        if isinstance(entry, VerzoekEntry) and entry.koppeling_version is not None:
            newest[entry.koppeling_id] = max(newest.get(entry.koppeling_id, 0), entry.koppeling_version)
    return [
        not isinstance(entry, VerzoekEntry)
        or entry.koppeling_version is None
        or (entry.koppeling_id in open_now and entry.koppeling_version == newest[entry.koppeling_id])
        for entry, *_ in outcomes
    ]
