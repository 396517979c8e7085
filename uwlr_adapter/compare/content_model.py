"""Content models compared as languages: which orders of child elements one allows and the other does not.

Two schemas may write the same order of children in different ways (a choice of three sequences, or an optional choice
and one element after it). So a model is turned into an automaton over the names of the children, and two models are
equal when their automata accept the same sequences. XSD 1.0 guarantees that the models are small and deterministic.
"""

from collections import deque
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

MAX_COPIES = 64
"""A `maxOccurs` above this counts as unbounded; the standard has none but 1 and unbounded."""

Soort: TypeAlias = Literal["element", "sequence", "choice", "all"]


@dataclass(frozen=True, slots=True)
class Deel:
    """A part of a content model: an element by its name, or a group of parts; `hoogstens` None is unbounded."""

    soort: Soort
    naam: str = ""
    delen: tuple["Deel", ...] = ()
    minstens: int = 1
    hoogstens: int | None = 1

    def names(self) -> frozenset[str]:
        """Give the names of all elements in it."""
        if self.soort == "element":
            return frozenset({self.naam})
        return frozenset[str]().union(*(deel.names() for deel in self.delen))

    def occurs(self, naam: str) -> tuple[int, int | None]:
        """Give how often an element stands in it at least and at most; None is unbounded."""
        if self.soort == "element":
            least, most = (1, 1) if self.naam == naam else (0, 0)
            return _times((least, most), self)
        found = [deel.occurs(naam) for deel in self.delen] or [(0, 0)]
        most_each = [most for _, most in found]
        if self.soort == "choice":
            return _times((min(least for least, _ in found), _largest(most_each)), self)
        return _times((sum(least for least, _ in found), _sum(most_each)), self)


def _times(one: tuple[int, int | None], deel: Deel) -> tuple[int, int | None]:
    least, most = one
    if most == 0:
        return 0, 0
    return least * deel.minstens, None if most is None or deel.hoogstens is None else most * deel.hoogstens


def _largest(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return max(known) if len(known) == len(values) else None


def _sum(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


@dataclass(slots=True)
class _Automaat:
    """A Glushkov automaton: every mention of an element is a state, 0 is the start."""

    names: list[str] = field(default_factory=lambda: [""])
    follow: dict[int, set[int]] = field(default_factory=lambda: {0: set()})
    last: set[int] = field(default_factory=set)

    def step(self, states: frozenset[int], naam: str) -> frozenset[int]:
        return frozenset(one for state in states for one in self.follow[state] if self.names[one] == naam)

    def accepts(self, states: frozenset[int]) -> bool:
        return not self.last.isdisjoint(states)


@dataclass(frozen=True, slots=True)
class _Stuk:
    """A piece of an automaton under construction: may it be empty, where does it begin, where does it end."""

    leeg: bool = True
    first: frozenset[int] = frozenset()
    last: frozenset[int] = frozenset()


def _automaton(model: Deel, without: AbstractSet[str]) -> _Automaat:
    """Build the automaton of a model in which the elements `without` are passed over."""
    automaat = _Automaat()
    whole = _occurrences(automaat, model, without)
    automaat.follow[0] = set(whole.first)
    automaat.last = set(whole.last) | ({0} if whole.leeg else set())
    return automaat


def _occurrences(automaat: _Automaat, deel: Deel, without: AbstractSet[str]) -> _Stuk:
    """Give a part as often as it may stand there: the obliged copies, then the optional ones or a loop."""
    stuk = _Stuk()
    for _ in range(min(deel.minstens, MAX_COPIES)):
        stuk = _then(automaat, stuk, _once(automaat, deel, without))
    if deel.hoogstens is None or deel.hoogstens > MAX_COPIES:
        loop = _once(automaat, deel, without)
        _link(automaat, loop.last, loop.first)
        return _then(automaat, stuk, _Stuk(leeg=True, first=loop.first, last=loop.last))
    for _ in range(deel.hoogstens - deel.minstens):
        once = _once(automaat, deel, without)
        stuk = _then(automaat, stuk, _Stuk(leeg=True, first=once.first, last=once.last))
    return stuk


def _once(automaat: _Automaat, deel: Deel, without: AbstractSet[str]) -> _Stuk:
    if deel.soort == "element":
        if deel.naam in without:
            return _Stuk()
        automaat.names.append(deel.naam)
        state = len(automaat.names) - 1
        automaat.follow[state] = set()
        return _Stuk(leeg=False, first=frozenset({state}), last=frozenset({state}))
    parts = [_occurrences(automaat, one, without) for one in deel.delen]
    if deel.soort == "sequence" or not parts:
        stuk = _Stuk()
        for part in parts:
            stuk = _then(automaat, stuk, part)
        return stuk
    first = frozenset[int]().union(*(part.first for part in parts))
    last = frozenset[int]().union(*(part.last for part in parts))
    if deel.soort == "all":  # any order; that each comes once is left to the counts
        _link(automaat, last, first)
    return _Stuk(leeg=any(part.leeg for part in parts), first=first, last=last)


def _then(automaat: _Automaat, one: _Stuk, two: _Stuk) -> _Stuk:
    _link(automaat, one.last, two.first)
    return _Stuk(
        leeg=one.leeg and two.leeg,
        first=one.first | two.first if one.leeg else one.first,
        last=one.last | two.last if two.leeg else two.last,
    )


def _link(automaat: _Automaat, origins: frozenset[int], targets: frozenset[int]) -> None:
    for state in origins:
        automaat.follow[state] |= targets


@dataclass(frozen=True, slots=True)
class Volgorde:
    """A shortest sequence of children that exactly one of two models accepts; `eerste` says whether the first does."""

    namen: tuple[str, ...]
    eerste: bool


def difference(one: Deel, two: Deel) -> Volgorde | None:
    """Give a shortest sequence on which two models differ, or None when they accept the same.

    Elements that only one of them knows are passed over: that they are missing is another difference.
    """
    alleen = one.names() ^ two.names()
    left, right = _automaton(one, alleen), _automaton(two, alleen)
    alphabet = sorted(one.names() & two.names())
    start = (frozenset({0}), frozenset({0}))
    seen = {start}
    todo: deque[tuple[tuple[frozenset[int], frozenset[int]], tuple[str, ...]]] = deque([(start, ())])
    while todo:
        (here, there), path = todo.popleft()
        if left.accepts(here) != right.accepts(there):
            return Volgorde(path, left.accepts(here))
        for naam in alphabet:
            pair = (left.step(here, naam), right.step(there, naam))
            if pair not in seen:
                seen.add(pair)
                todo.append((pair, (*path, naam)))
    return None
