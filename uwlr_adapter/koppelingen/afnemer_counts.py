"""How the koppelingen of each afnemer stand: the verdicts on them, counted by catalogue entry, and their vestigingen.

As in `verdict_counts.py` they are judged as they are while they are few, and counted by their notes when they are many.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.clock import from_utc
from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.facts import verdicts_of
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.tables import koppeling, koppeling_calls, verdict_note
from uwlr_adapter.koppelingen.verdict import VerdictKind
from uwlr_adapter.koppelingen.verdict_counts import CARRYING, MAX_JUDGED, NOTED, asks_step, unnoted


@dataclass(slots=True)
class AfnemerCounts:
    """The counts of one afnemer, of living koppelingen."""

    kinds: Counter[tuple[str, VerdictKind]] = field(default_factory=Counter)
    """How often each verdict occurs, by entry id."""
    steps: int = 0
    """How many of the verdicts ask a step of somebody."""
    unjudged: int = 0
    """Koppelingen that were neither noted nor judged."""
    vestigingen: int = 0

    @property
    def koppelingen(self) -> int:
        """All of them."""
        return self.kinds.total() + self.unjudged

    def of_kind(self, kind: VerdictKind) -> int:
        """Return how many koppelingen have a verdict of a kind."""
        return sum(number for (_, one), number in self.kinds.items() if one is kind)


def by_afnemer(
    connection: sa.Connection, catalogue: Catalogue, moment: datetime, afnemer_id: int | None = None
) -> Mapping[int, AfnemerCounts]:
    """Return the counts of each afnemer that has a koppeling, or of one; at a moment, which is the present.

    Raises DBAPIError.
    """
    scope = [*CARRYING, *([] if afnemer_id is None else [koppeling.c.afnemer_id == afnemer_id])]
    found: dict[int, AfnemerCounts] = {}
    first = connection.scalars(sa.select(koppeling.c.id).where(*scope).limit(MAX_JUDGED + 1)).all()
    if len(first) <= MAX_JUDGED:
        _add_judged(connection, catalogue, store.list_carrying(connection, *scope), moment, found)
    else:
        _add_noted(connection, scope, found)
        if any(one.unjudged for one in found.values()):
            some = unnoted(connection, scope)
            for one in some:
                found[one.afnemer_id or 0].unjudged -= 1
            _add_judged(connection, catalogue, some, moment, found)
    owner = koppeling.c.afnemer_id
    places = sa.select(owner, sa.func.count(koppeling.c.brin6.distinct())).where(*scope).group_by(owner)
    for id_, vestigingen in connection.execute(places):
        found[id_].vestigingen = vestigingen
    return found


def reach(connection: sa.Connection, afnemer_id: int) -> tuple[int, int]:
    """Return the number of living koppelingen of an afnemer, and that of the vestigingen that have them."""
    numbers = sa.select(sa.func.count(), sa.func.count(koppeling.c.brin6.distinct()))
    koppelingen, vestigingen = connection.execute(numbers.where(*CARRYING, koppeling.c.afnemer_id == afnemer_id)).one()
    return koppelingen, vestigingen


def last_called(connection: sa.Connection, afnemer_id: int | None = None) -> dict[int, datetime]:
    """Return by afnemer its last call through a living koppeling, as noted each hour; of one afnemer, or of all."""
    owner = koppeling_calls.c.afnemer_id
    query = sa.select(owner, sa.func.max(koppeling_calls.c.called_at)).group_by(owner)
    if afnemer_id is not None:
        query = query.where(owner == afnemer_id)
    return {id_: from_utc(moment) for id_, moment in connection.execute(query) if moment is not None}


def _add_judged(
    connection: sa.Connection,
    catalogue: Catalogue,
    koppelingen: Iterable[Koppeling],
    moment: datetime,
    found: dict[int, AfnemerCounts],
) -> None:
    """Add koppelingen to the counts of their afnemers by the verdicts on them now."""
    all_ = list(koppelingen)
    verdicts = verdicts_of(connection, catalogue, all_, moment)
    for one in all_:
        counts = found.setdefault(one.afnemer_id or 0, AfnemerCounts())
        counts.kinds[one.entry_id, verdicts[one.id].kind] += 1
        counts.steps += asks_step(verdicts[one.id])


def _add_noted(
    connection: sa.Connection, scope: Sequence[sa.ColumnElement[bool]], found: dict[int, AfnemerCounts]
) -> None:
    """Add the koppelingen of a scope by their notes; those without a valid one are not judged yet."""
    group = (koppeling.c.afnemer_id, koppeling.c.entry_id, verdict_note.c.kind, verdict_note.c.who.is_not(None))
    query = sa.select(*group, sa.func.count()).select_from(koppeling).outerjoin(verdict_note, NOTED)
    for id_, entry_id, kind, has_who, number in connection.execute(query.where(*scope).group_by(*group)):
        counts = found.setdefault(id_, AfnemerCounts())
        if kind is None:
            counts.unjudged += number
        else:
            counts.kinds[entry_id, VerdictKind(kind)] += number
            counts.steps += number if has_who and kind != VerdictKind.HELD else 0
