"""Vestigingen as whoever acts for many looks for them: by name or number, by verdict, by platform; paged by key.

`find` reads a scope once and returns the vestigingen that are found in their order; `Found.page` takes a page out of
them, and `judge` reads the verdicts of a page as they are now.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from uwlr_adapter.administratie.importing import questions
from uwlr_adapter.administratie.importing.naming import fold
from uwlr_adapter.administratie.tables import vestiging
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.koppelingen import store, verdict_counts
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.facts import verdicts_of
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.tables import koppeling
from uwlr_adapter.koppelingen.verdict import KoppelingVerdict, VerdictKind
from uwlr_adapter.koppelingen.verdict_counts import EVERYTHING, Matching, VerdictCounts, Within, asks_step

PER_PAGE = 50
"""Vestigingen of one page."""
AT_ONCE = 500
"""Schools that one statement names; of more, those of every school are read."""


@dataclass(frozen=True, slots=True)
class VestigingFilter:
    """A search and its order; an empty one finds every vestiging of the scope, by name."""

    text: str = ""
    """Each word is part of the name or of the brin6; case and diacritics do not matter."""
    needs_attention: bool = False
    """Only those with a verdict that asks a step of somebody, or with open questions."""
    matching: Matching = EVERYTHING
    by_attention: bool = False
    """Those that need the most attention first."""


class PageKey(NamedTuple):
    """The place of a vestiging in a list: how much attention it needed, when that orders the list, and its brin6."""

    rank: int
    brin6: str


class _SortKey(NamedTuple):
    rank: int
    """The lower the earlier: the number of matters, negated; 0 in a list by name."""
    folded: str
    brin6: str
    naam: str


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of a scope, whatever is looked for in it."""

    vestigingen: int
    attention: int
    """How many vestigingen need attention."""
    counts: VerdictCounts


@dataclass(frozen=True, slots=True)
class VestigingPage:
    """A page of a list: brin6 and name of each vestiging, and the keys from which the pages beside it begin, if any."""

    vestigingen: tuple[tuple[str, str], ...]
    before: PageKey | None
    after: PageKey | None


@dataclass(frozen=True, slots=True)
class Found:
    """The vestigingen that were found, in order, and the totals of the scope."""

    totals: Totals
    keys: Sequence[_SortKey]
    names: dict[str, str]
    """The folded name of each vestiging of the scope, by brin6: a key of a page may be of one that is not found now."""

    def page(
        self, *, after: PageKey | None = None, before: PageKey | None = None, size: int = PER_PAGE
    ) -> VestigingPage:
        """Return the page after a key, that before one, or the first; a key of another scope is that of no page."""
        first, last = 0, size
        if after is not None and after.brin6 in self.names:
            first = bisect_right(self.keys, self._place(after), key=lambda one: one[:3])
            last = first + size
        elif before is not None and before.brin6 in self.names:
            last = bisect_left(self.keys, self._place(before), key=lambda one: one[:3])
            first = max(0, last - size)
        shown = self.keys[first:last]
        return VestigingPage(
            tuple((one.brin6, one.naam) for one in shown),
            before=_page_key(shown[0]) if shown and first > 0 else None,
            after=_page_key(shown[-1]) if shown and last < len(self.keys) else None,
        )

    def nothing(self) -> "Found":
        """Return the same scope with nothing found in it."""
        return replace(self, keys=())

    def _place(self, key: PageKey) -> tuple[int, str, str]:
        return -key.rank, self.names[key.brin6], key.brin6


@dataclass(frozen=True, slots=True)
class JudgedVestiging:
    """A vestiging with its living koppelingen that carry data, and the verdict on each, as it is now."""

    brin6: str
    naam: str
    koppelingen: tuple[tuple[Koppeling, KoppelingVerdict], ...]
    questions: int

    @property
    def asking(self) -> tuple[tuple[Koppeling, KoppelingVerdict], ...]:
        """Those whose verdict asks for a step."""
        return tuple((one, verdict) for one, verdict in self.koppelingen if asks_step(verdict))


def find(
    connection: sa.Connection, catalogue: Catalogue, within: Within, wanted: VestigingFilter, moment: datetime
) -> Found:
    """Return the vestigingen of a scope that are looked for, at a moment, which is the present. Raises DBAPIError."""
    counts = verdict_counts.count(connection, catalogue, within, wanted.matching, moment)
    rows = [(brin6, naam, fold(naam)) for brin6, naam in _vestigingen(connection, within)]
    matters = counts.steps + _with_questions(connection, [brin6 for brin6, _, _ in rows])
    words = [folded for word in wanted.text.split() if (folded := fold(word))]
    found = [
        _SortKey(-matters[brin6] if wanted.by_attention else 0, folded, brin6, naam)
        for brin6, naam, folded in rows
        if (not wanted.needs_attention or brin6 in matters)
        and (counts.matching is None or brin6 in counts.matching)
        and all(word in folded or word in brin6.lower() for word in words)
    ]
    attention = sum(brin6 in matters for brin6, _, _ in rows)
    names = {brin6: folded for brin6, _, folded in rows}
    return Found(Totals(len(rows), attention, counts), sorted(found), names)


def judge(
    connection: sa.Connection, catalogue: Catalogue, vestigingen: Iterable[tuple[str, str]], moment: datetime
) -> list[JudgedVestiging]:
    """Return these vestigingen, each a brin6 and its name, judged at a moment, which is the present."""
    pairs = list(vestigingen)
    brin6s = [brin6 for brin6, _ in pairs]
    koppelingen = store.list_carrying(connection, koppeling.c.brin6.in_(brin6s)) if brin6s else []
    verdicts = verdicts_of(connection, catalogue, koppelingen, moment)
    numbers = _numbers(connection, brin6s)
    by_place: dict[str, list[tuple[Koppeling, KoppelingVerdict]]] = {brin6: [] for brin6 in brin6s}
    for one in koppelingen:
        by_place[one.brin6].append((one, verdicts[one.id]))
    return [JudgedVestiging(brin6, naam, tuple(by_place[brin6]), numbers[brin6]) for brin6, naam in pairs]


def kinds_in_order(counts: VerdictCounts) -> list[tuple[VerdictKind, int]]:
    """Return the kinds of verdict that occur, in the order of precedence, each with how often it does."""
    return [(kind, counts.kinds[kind]) for kind in VerdictKind if counts.kinds[kind]]


def _vestigingen(connection: sa.Connection, within: Within) -> Iterable[tuple[str, str]]:
    query = sa.select(vestiging.c.brin6, vestiging.c.naam)
    if within is not None:
        query = query.where(vestiging.c.brin6.in_(within))
    return ((brin6, naam) for brin6, naam in connection.execute(query))


def _with_questions(connection: sa.Connection, brin6s: Collection[str]) -> Counter[str]:
    """Return the vestigingen with open questions, each counted once: all questions together are one matter."""
    return Counter(_numbers(connection, brin6s).keys())


def _numbers(connection: sa.Connection, brin6s: Collection[str]) -> Counter[str]:
    """Return the number of open questions of each of these vestigingen that has any."""
    brincodes, wanted = {brincode_of(brin6) for brin6 in brin6s}, set(brin6s)
    found = questions.numbers_at(connection, brincodes if len(brincodes) <= AT_ONCE else None)
    return Counter({brin6: number for brin6, number in found.items() if brin6 in wanted})


def _page_key(key: _SortKey) -> PageKey:
    return PageKey(-key.rank, key.brin6)
