"""Who got what: which koppeling got which person, when first and last, and with which fields.

No request does anything for it but name the answer in its entry of the journaal. A job reads these entries (`apply`),
and so does whoever needs to know at once (`settle`); `administratie/answered.py` has who was in the answer.

For an answer as a whole this is exact. Of an answer by groups (getrapt) everybody in all groups counts: an upper bound,
never less. An answer of which it is not known who was in it (of code from before it was kept) counts as one for itself.

Of each kind of answer (schooljaar, payload, profile) a koppeling has one row, `receipt`, and each person in it one,
`received`. While a person is in what the koppeling got last, the row is open and nothing is written when it is fetched
again: a fetch costs one row, a change of who is in it a row for each of these.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from uwlr_adapter.administratie import answered
from uwlr_adapter.administratie.answered import AnsweredKind
from uwlr_adapter.administratie.tables import receipt, received, received_until
from uwlr_adapter.clock import from_utc, to_utc
from uwlr_adapter.contract.names import OPERATIONS
from uwlr_adapter.db import bulk
from uwlr_adapter.db.locks import lock
from uwlr_adapter.journaal.model import EntryKind
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.koppelingen.received import BY_PAYLOAD, UNKNOWN

AT_ONCE = 500
"""Persons or answers that one statement names."""
GRACE = timedelta(minutes=5)
"""How long an entry may take from its id to its commit, at most: an entry with a lower id may become visible later. It
is far more than the limits in `db/limits.py` together."""
_HAS_IT = "geenwijzigingen"
_BY_NAME = {operation.name: operation for operation in OPERATIONS.values()}
PERSON_PARTS = frozenset({"leerlingen", "leerkrachten"})
WITH_PERSONS = frozenset(name for name, one in BY_PAYLOAD.items() if PERSON_PARTS.intersection(one.parts))
"""The payloads with persons in them."""


class Fetches(NamedTuple):
    """The fetches of one answer by one koppeling, of which the first and the last have these moments (stored, UTC)."""

    koppeling_id: int
    payload: str
    answer: str | None
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Position:
    """How far the journaal was read: every entry up to `final_id`; `seen_id` was the last one at `seen_at`."""

    final_id: int = 0
    seen_id: int = 0
    seen_at: datetime | None = None
    """Timezone-aware."""

    def at(self, highest: int, moment: datetime) -> "Position":
        """Return the position after everything up to now was read, at a timezone-aware moment. Pure.

        What was seen GRACE ago is final: no entry with a lower id can become visible any more.
        """
        if self.seen_at is None:
            return Position(self.final_id, highest, moment)
        if moment - self.seen_at < GRACE:
            return self
        return Position(self.seen_id, highest, moment)


def position(connection: sa.Connection) -> Position:
    """Return how far the journaal was read."""
    row = connection.execute(sa.select(received_until)).one_or_none()
    return Position() if row is None else Position(row.final_id, row.seen_id, from_utc(row.seen_at))


def store_position(connection: sa.Connection, reached: Position) -> None:
    """Store how far the journaal was read; it never goes back."""
    if reached.seen_at is None:
        return
    values = {"final_id": reached.final_id, "seen_id": reached.seen_id, "seen_at": to_utc(reached.seen_at)}
    lock(connection, "received")
    if connection.execute(received_until.update().values(values)).rowcount == 0:
        connection.execute(received_until.insert().values(id=1, **values))


def highest_entry(connection: sa.Connection) -> int:
    """Return the id of the last entry of the journaal that can be seen; 0 without any."""
    return connection.scalar(sa.select(sa.func.max(journaal.c.id))) or 0


def unread(connection: sa.Connection, since: Position, brin6s: Collection[str] | None = None) -> list[Fetches]:
    """Return what was fetched since a position, of some vestigingen or of all; the oldest first of each koppeling."""
    own = journaal.c
    query = (
        sa.select(
            *(own.koppeling_id, own.act, own.outcome, own.answer),
            *(sa.func.min(own.moment).label("first"), sa.func.max(own.moment).label("last")),
        )
        .where(
            own.id > since.final_id,
            own.kind == EntryKind.VERZOEK,
            own.koppeling_id.is_not(None),
            own.outcome.in_([*WITH_PERSONS, _HAS_IT]),
        )
        .group_by(own.koppeling_id, own.act, own.outcome, own.answer)
    )
    if brin6s is not None:
        query = query.where(own.brin6.in_(sorted(brin6s)))
    found: dict[tuple[int, str, str | None], Fetches] = {}
    for koppeling_id, act, outcome, answer, first, last in connection.execute(query):
        operation = _BY_NAME.get(act)
        payload = outcome if outcome in WITH_PERSONS else "" if operation is None else operation.payload
        if payload in WITH_PERSONS:
            key = (koppeling_id, payload, answer)
            known = found.get(key)
            moments = (first, last) if known is None else (min(first, known.first), max(last, known.last))
            found[key] = Fetches(*key, *moments)
    return sorted(found.values(), key=lambda one: (one.koppeling_id, one.last, one.first, one.answer or ""))


def settle(connection: sa.Connection, brin6s: Collection[str]) -> None:
    """Take in what was fetched of some vestigingen up to now, in a writing transaction; no later than the job would."""
    lock(connection, "received")
    apply(connection, unread(connection, position(connection), brin6s))


def apply(connection: sa.Connection, fetches: Sequence[Fetches]) -> int:
    """Take in fetches, in the order of `unread`, and return how many koppelingen and answers they are about.

    It may be done again with the same fetches, and with some that came later: nothing changes by that.
    """
    lock(connection, "received")
    kinds = answered.kinds(connection, {one.answer for one in fetches if one.answer is not None})
    receipts = _receipts(connection, {one.koppeling_id for one in fetches})
    for one in fetches:
        kind = kinds.get(one.answer or "") or AnsweredKind(UNKNOWN, one.payload, UNKNOWN, ())
        key = (one.koppeling_id, kind.schooljaar, kind.payload, kind.profiel)
        known = receipts.get(key)
        if known is None:
            known = receipts[key] = _insert(connection, key, kind, one)
        receipts[key] = _take_in(connection, known, one)
    return len(fetches)


class _Receipt(NamedTuple):
    id: int
    answer: str | None
    first: datetime
    last: datetime
    is_known: bool


_Key = tuple[int, str, str, str]


def _receipts(connection: sa.Connection, koppeling_ids: Collection[int]) -> dict[_Key, _Receipt]:
    found: dict[_Key, _Receipt] = {}
    for some in bulk.pieces(sorted(koppeling_ids), AT_ONCE):
        query = sa.select(receipt).where(receipt.c.koppeling_id.in_(some))
        for row in connection.execute(query):
            key = (row.koppeling_id, row.schooljaar, row.payload, row.profiel)
            found[key] = _Receipt(row.id, row.answer, row.first, row.last, row.profiel != UNKNOWN)
    return found


def _insert(connection: sa.Connection, key: _Key, kind: AnsweredKind, one: Fetches) -> _Receipt:
    koppeling_id, schooljaar, payload, profiel = key
    values = {"koppeling_id": koppeling_id, "schooljaar": schooljaar, "payload": payload, "profiel": profiel}
    made = connection.execute(
        receipt.insert().values(**values, fields=" ".join(kind.fields), first=one.first, last=one.last)
    ).inserted_primary_key
    return _Receipt(made[0] if made else 0, None, one.first, one.last, profiel != UNKNOWN)


def _take_in(connection: sa.Connection, known: _Receipt, one: Fetches) -> _Receipt:
    """Take in the fetches of one answer, and return its receipt after them.

    One that is older than what the koppeling got last says only who was in it until then.
    """
    new = known._replace(first=min(known.first, one.first), last=max(known.last, one.last))
    if known.is_known and known.answer != one.answer:
        persons = answered.persons_in(connection, one.answer or "")
        if known.answer is None or one.last >= known.last:
            _open(connection, known, one, persons)
            new = new._replace(answer=one.answer)
        else:
            _note(connection, known, one, persons)
    if new != known or known.answer is None:
        values = {"answer": new.answer, "first": new.first, "last": new.last}
        connection.execute(receipt.update().where(receipt.c.id == known.id).values(values))
    return new


def _open(connection: sa.Connection, known: _Receipt, one: Fetches, persons: frozenset[int]) -> None:
    """Make these persons those of what the koppeling got last: whoever is not among them got it last before."""
    rows = _rows(connection, known.id)
    there = {id_ for id_, (_, last) in rows.items() if last is None}
    _set(connection, known.id, there - persons, last=known.last)
    returning = (persons - there) & rows.keys()
    _set(connection, known.id, returning, last=None)
    _add(connection, known.id, persons - rows.keys(), one.first, None)
    _begin_earlier(connection, known.id, rows, persons, one.first)


def _note(connection: sa.Connection, known: _Receipt, one: Fetches, persons: frozenset[int]) -> None:
    """Note that these persons were in an answer before the last one."""
    rows = _rows(connection, known.id)
    later = {id_ for id_ in persons & rows.keys() if (last := rows[id_][1]) is not None and last < one.last}
    _set(connection, known.id, later, last=one.last)
    _add(connection, known.id, persons - rows.keys(), one.first, one.last)
    _begin_earlier(connection, known.id, rows, persons, one.first)


_Rows = Mapping[int, tuple[datetime, datetime | None]]


def _rows(connection: sa.Connection, receipt_id: int) -> _Rows:
    """Return the first and the last moment of each person of a receipt."""
    own = received.c
    query = sa.select(own.persoon_id, own.first, own.last).where(own.receipt_id == receipt_id)
    return {row.persoon_id: (row.first, row.last) for row in connection.execute(query)}


def _begin_earlier(
    connection: sa.Connection, receipt_id: int, rows: _Rows, persons: Iterable[int], first: datetime
) -> None:
    _set(connection, receipt_id, {id_ for id_ in persons if id_ in rows and rows[id_][0] > first}, first=first)


def _set(connection: sa.Connection, receipt_id: int, ids: Collection[int], **values: datetime | None) -> None:
    for some in bulk.pieces(sorted(ids), AT_ONCE):
        own = (received.c.receipt_id == receipt_id, received.c.persoon_id.in_(some))
        connection.execute(received.update().where(*own).values(values))


def _add(
    connection: sa.Connection, receipt_id: int, ids: Collection[int], first: datetime, last: datetime | None
) -> None:
    if ids:
        rows = [{"receipt_id": receipt_id, "persoon_id": id_, "first": first, "last": last} for id_ in sorted(ids)]
        bulk.insert_many(connection, received, rows)
