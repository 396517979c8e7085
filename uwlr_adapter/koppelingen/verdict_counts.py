"""Counts of the verdicts in a scope of vestigingen: judged as they are while they are few, else from the notes.

A scope with at most MAX_JUDGED koppelingen is judged as a whole: it is the present. In a larger one the notes count
(`verdict_notes.py`); the koppelingen without a valid note are judged, up to as many, and any more are counted apart.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.koppelingen import store, verdict_notes
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.facts import verdicts_of
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.tables import LIVING, koppeling, verdict_note
from uwlr_adapter.koppelingen.verdict import KoppelingVerdict, VerdictKind

MAX_JUDGED = 300
"""Koppelingen that one page judges to count them (inclusive): some thirty milliseconds."""
Within = sa.Select[tuple[str]] | None
"""The query for the brin6s of a scope; None is every vestiging."""
NOTED = sa.and_(verdict_note.c.koppeling_id == koppeling.c.id, verdict_note.c.version == koppeling.c.version)
"""The condition that a note holds for a koppeling."""
CARRYING = (koppeling.c.afnemer_id.is_not(None), LIVING)
"""The conditions of the living koppelingen that carry data."""


@dataclass(frozen=True, slots=True)
class Matching:
    """Which koppelingen count; None is all."""

    kind: VerdictKind | None = None
    entry_id: str | None = None

    def __bool__(self) -> bool:
        """Whether it leaves any out."""
        return self.kind is not None or self.entry_id is not None


EVERYTHING = Matching()


@dataclass(frozen=True, slots=True)
class VerdictCounts:
    """The counts of a scope."""

    koppelingen: int
    kinds: Counter[VerdictKind]
    unjudged: int
    """Koppelingen that are in no other count: they were neither noted nor judged."""
    steps: Counter[str]
    """By vestiging, how many verdicts of its koppelingen ask for a step; questions are counted elsewhere."""
    matching: frozenset[str] | None
    """The vestigingen with a koppeling that matches; None when all do."""
    noted_at: datetime | None
    """When the notes were looked at last; None when everything was judged now."""


def asks_step(verdict: KoppelingVerdict) -> bool:
    """Return whether a verdict asks a step of somebody; persons who are held are the open questions."""
    return verdict.who is not None and verdict.kind is not VerdictKind.HELD


def count(
    connection: sa.Connection, catalogue: Catalogue, within: Within, matching: Matching, moment: datetime
) -> VerdictCounts:
    """Return the counts of a scope at a moment, which is the present. Raises DBAPIError."""
    scope = [*CARRYING, *([] if within is None else [koppeling.c.brin6.in_(within)])]
    first = connection.scalars(sa.select(koppeling.c.id).where(*scope).limit(MAX_JUDGED + 1)).all()
    if len(first) <= MAX_JUDGED:
        return _judged(connection, catalogue, store.list_carrying(connection, *scope), matching, moment)
    return _noted(connection, catalogue, scope, matching, moment)


def vestigingen_with(
    connection: sa.Connection, catalogue: Catalogue, kind: VerdictKind, moment: datetime
) -> frozenset[str]:
    """Return all vestigingen with a verdict of a kind at a moment, which is the present: `matching` of `count`."""
    first = connection.scalars(sa.select(koppeling.c.id).where(*CARRYING).limit(MAX_JUDGED + 1)).all()
    if len(first) <= MAX_JUDGED:
        some, noted = store.list_carrying(connection), frozenset[str]()
    else:
        some, noted = unnoted(connection, CARRYING), _noted_matching(connection, CARRYING, Matching(kind))
    verdicts = verdicts_of(connection, catalogue, some, moment)
    return noted | {one.brin6 for one in some if verdicts[one.id].kind is kind}


def _judged(
    connection: sa.Connection,
    catalogue: Catalogue,
    koppelingen: Sequence[Koppeling],
    matching: Matching,
    moment: datetime,
) -> VerdictCounts:
    verdicts = verdicts_of(connection, catalogue, koppelingen, moment)
    pairs = [(one, verdicts[one.id]) for one in koppelingen]
    return VerdictCounts(
        koppelingen=len(pairs),
        kinds=Counter(verdict.kind for _, verdict in pairs),
        unjudged=0,
        steps=_steps(pairs),
        matching=frozenset(_matching(pairs, matching)) if matching else None,
        noted_at=None,
    )


def _noted(
    connection: sa.Connection,
    catalogue: Catalogue,
    scope: Sequence[sa.ColumnElement[bool]],
    matching: Matching,
    moment: datetime,
) -> VerdictCounts:
    number, kind = sa.func.count(), verdict_note.c.kind
    by_kind = sa.select(kind, number).select_from(koppeling).outerjoin(verdict_note, NOTED).where(*scope)
    noted = {row[0]: row[1] for row in connection.execute(by_kind.group_by(kind))}
    without = noted.pop(None, 0)
    live = _judged(connection, catalogue, unnoted(connection, scope) if without else (), matching, moment)
    join = koppeling.join(verdict_note, NOTED)
    asking = (verdict_note.c.who.is_not(None), kind != VerdictKind.HELD.value)
    by_place = sa.select(koppeling.c.brin6, number).select_from(join).where(*scope, *asking)
    steps = Counter({row[0]: row[1] for row in connection.execute(by_place.group_by(koppeling.c.brin6))})
    return VerdictCounts(
        koppelingen=sum(noted.values()) + without,
        kinds=Counter({VerdictKind(one): steps for one, steps in noted.items()}) + live.kinds,
        unjudged=max(0, without - live.koppelingen),
        steps=steps + live.steps,
        matching=None if live.matching is None else live.matching | _noted_matching(connection, scope, matching),
        noted_at=verdict_notes.noted_at(connection) or moment,
    )


def unnoted(connection: sa.Connection, scope: Sequence[sa.ColumnElement[bool]]) -> list[Koppeling]:
    """Return the koppelingen without a valid note, at most MAX_JUDGED of them."""
    query = sa.select(koppeling.c.id).outerjoin(verdict_note, NOTED)
    query = query.where(*scope, verdict_note.c.koppeling_id.is_(None)).order_by(koppeling.c.id).limit(MAX_JUDGED)
    return store.list_by_ids(connection, list(connection.scalars(query)))


def _noted_matching(
    connection: sa.Connection, scope: Sequence[sa.ColumnElement[bool]], matching: Matching
) -> frozenset[str]:
    """Return the vestigingen with a koppeling that matches by its note; for a platform alone notes do not matter."""
    query = sa.select(koppeling.c.brin6).where(*scope).distinct()
    if matching.entry_id is not None:
        query = query.where(koppeling.c.entry_id == matching.entry_id)
    if matching.kind is not None:
        query = query.join(verdict_note, NOTED).where(verdict_note.c.kind == matching.kind.value)
    return frozenset(connection.scalars(query))


def _steps(pairs: Iterable[tuple[Koppeling, KoppelingVerdict]]) -> Counter[str]:
    return Counter(one.brin6 for one, verdict in pairs if asks_step(verdict))


def _matching(pairs: Iterable[tuple[Koppeling, KoppelingVerdict]], matching: Matching) -> Iterable[str]:
    return (
        one.brin6
        for one, verdict in pairs
        if matching.entry_id in {None, one.entry_id} and matching.kind in {None, verdict.kind}
    )
