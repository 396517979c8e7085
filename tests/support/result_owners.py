"""Whom each key means, for life, and of whom each result is: what no act of the records may change.

A child is a number, and nobody else has its name. A platform knows a leerling by the key under which it got the
leerling, and goes on to mean that child whatever the source does with its numbers later.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

TWIN, ORIGINAL = 70, 0
"""One child, who is at two schools: TWIN is the one at the other school."""


@dataclass(frozen=True, slots=True)
class SaidResult:
    """What one message said of a result: of which child, the score, and the number of the message."""

    child: int
    score: int
    message_id: int


@dataclass
class ResultOwners:
    """The children behind the keys and the results, and what should stand of each result by what was acknowledged."""

    means: dict[tuple[str, str], int] = field(default_factory=dict)
    """The child whom a key of a school means."""
    of_score: dict[int, int] = field(default_factory=dict)
    """The child whom the platform meant with a score; no two results have the same score."""
    said: dict[int, list[SaidResult]] = field(default_factory=dict)
    """What was acknowledged, by the number of the result, in the order in which it came."""
    away: set[int] = field(default_factory=set)
    """Messages that were taken back."""
    pairs: list[tuple[int, int]] = field(default_factory=list)
    """Children who are one in the records at present."""

    def learn(self, school: str, key: str, child: int) -> None:
        """Note that a child left with a key, which must never have been that of another one."""
        known = self.means.setdefault((school, key), child)
        assert self.same(known, child), f"the key {key} was that of child {known} and is that of {child}"

    def same(self, one: int, other: int) -> bool:
        """Return whether two children are one, in truth or in the records at present."""
        return other in self.group(one)

    def group(self, child: int) -> set[int]:
        """Return the child with those who are one with it."""
        found, grows = {child}, True
        while grows:
            more = {one for pair in [*self.pairs, (TWIN, ORIGINAL)] if found & set(pair) for one in pair}
            grows, found = not more <= found, found | more
        return found

    def take(self, number: int, said: SaidResult) -> None:
        """Note that a result was taken, as a new one or as a version of one."""
        self.said.setdefault(number, []).append(said)

    def standing(self) -> dict[int, SaidResult]:
        """Return what stands of each result: the newest that was not taken back, unless a newer one is of another."""
        found = {}
        for number, said in self.said.items():
            for one in reversed(said):
                if not self.same(one.child, said[-1].child):
                    break
                if one.message_id not in self.away:
                    found[number] = one
                    break
        return found

    def erase(self, gone: Iterable[int]) -> None:
        """Drop the results of children who are not known any more, and what was said of them of other results."""
        without = set(gone)
        for number, said in list(self.said.items()):
            if said[-1].child in without:
                del self.said[number]
            else:
                self.said[number] = [one for one in said if one.child not in without]
