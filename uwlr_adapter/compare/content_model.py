"""Compare two content models by the sequences of child elements that they accept.

Two schemas may write the same order of children in different ways (a choice of three sequences, or an optional choice
and one element after it). So a model is turned into an automaton over the names of the children, and two models are
equal when their automata accept the same sequences. XSD 1.0 requires deterministic models, and those of UWLR are small.
"""

from collections import deque
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

MAX_COPIES = 64
"""A `maxOccurs` above this counts as unbounded; the standard uses only 1 and unbounded."""

ParticleKind: TypeAlias = Literal["element", "sequence", "choice", "all"]


@dataclass(frozen=True, slots=True)
class Particle:
    """A part of a content model: an element by its name, or a group of parts; `max_occurs` None is unbounded."""

    kind: ParticleKind
    name: str = ""
    parts: tuple["Particle", ...] = ()
    min_occurs: int = 1
    max_occurs: int | None = 1

    def names(self) -> frozenset[str]:
        """Return the names of all elements in this particle."""
        if self.kind == "element":
            return frozenset({self.name})
        return frozenset[str]().union(*(part.names() for part in self.parts))

    def occurs(self, name: str) -> tuple[int, int | None]:
        """Return the minimum and the maximum number of times that an element occurs in it; None is unbounded."""
        if self.kind == "element":
            least, most = (1, 1) if self.name == name else (0, 0)
            return _times((least, most), self)
        found = [part.occurs(name) for part in self.parts] or [(0, 0)]
        most_each = [most for _, most in found]
        if self.kind == "choice":
            return _times((min(least for least, _ in found), _largest(most_each)), self)
        return _times((sum(least for least, _ in found), _sum(most_each)), self)


def _times(one: tuple[int, int | None], part: Particle) -> tuple[int, int | None]:
    least, most = one
    if most == 0:
        return 0, 0
    return least * part.min_occurs, None if most is None or part.max_occurs is None else most * part.max_occurs


def _largest(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return max(known) if len(known) == len(values) else None


def _sum(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


@dataclass(slots=True)
class _Automaton:
    """A Glushkov automaton: each place where the model names an element is a state; 0 is the start."""

    names: list[str] = field(default_factory=lambda: [""])
    follow: dict[int, set[int]] = field(default_factory=lambda: {0: set()})
    last: set[int] = field(default_factory=set)

    def step(self, states: frozenset[int], name: str) -> frozenset[int]:
        return frozenset(one for state in states for one in self.follow[state] if self.names[one] == name)

    def accepts(self, states: frozenset[int]) -> bool:
        return not self.last.isdisjoint(states)


@dataclass(frozen=True, slots=True)
class _Fragment:
    """A piece of an automaton under construction: whether it accepts the empty sequence, first and last states."""

    nullable: bool = True
    first: frozenset[int] = frozenset()
    last: frozenset[int] = frozenset()


def _automaton(model: Particle, without: AbstractSet[str]) -> _Automaton:
    """Build the automaton of a model, leaving out the elements named in `without`."""
    automaton = _Automaton()
    whole = _occurrences(automaton, model, without)
    automaton.follow[0] = set(whole.first)
    automaton.last = set(whole.last) | ({0} if whole.nullable else set())
    return automaton


def _occurrences(automaton: _Automaton, part: Particle, without: AbstractSet[str]) -> _Fragment:
    """Build a part as often as it may occur: the required copies, then the optional ones or a loop."""
    fragment = _Fragment()
    for _ in range(min(part.min_occurs, MAX_COPIES)):
        fragment = _then(automaton, fragment, _once(automaton, part, without))
    if part.max_occurs is None or part.max_occurs > MAX_COPIES:
        loop = _once(automaton, part, without)
        _link(automaton, loop.last, loop.first)
        return _then(automaton, fragment, _Fragment(nullable=True, first=loop.first, last=loop.last))
    for _ in range(part.max_occurs - part.min_occurs):
        once = _once(automaton, part, without)
        fragment = _then(automaton, fragment, _Fragment(nullable=True, first=once.first, last=once.last))
    return fragment


def _once(automaton: _Automaton, part: Particle, without: AbstractSet[str]) -> _Fragment:
    if part.kind == "element":
        if part.name in without:
            return _Fragment()
        automaton.names.append(part.name)
        state = len(automaton.names) - 1
        automaton.follow[state] = set()
        return _Fragment(nullable=False, first=frozenset({state}), last=frozenset({state}))
    parts = [_occurrences(automaton, one, without) for one in part.parts]
    if part.kind == "sequence" or not parts:
        fragment = _Fragment()
        for one in parts:
            fragment = _then(automaton, fragment, one)
        return fragment
    first = frozenset[int]().union(*(one.first for one in parts))
    last = frozenset[int]().union(*(one.last for one in parts))
    if part.kind == "all":  # any order; `Particle.occurs` covers how often each occurs
        _link(automaton, last, first)
    return _Fragment(nullable=any(one.nullable for one in parts), first=first, last=last)


def _then(automaton: _Automaton, one: _Fragment, two: _Fragment) -> _Fragment:
    _link(automaton, one.last, two.first)
    return _Fragment(
        nullable=one.nullable and two.nullable,
        first=one.first | two.first if one.nullable else one.first,
        last=one.last | two.last if two.nullable else two.last,
    )


def _link(automaton: _Automaton, origins: frozenset[int], targets: frozenset[int]) -> None:
    for state in origins:
        automaton.follow[state] |= targets


@dataclass(frozen=True, slots=True)
class Witness:
    """A shortest sequence of children that one of two models accepts; `first_accepts`: whether that is the first."""

    names: tuple[str, ...]
    first_accepts: bool


def difference(one: Particle, two: Particle) -> Witness | None:
    """Return a shortest sequence on which two models differ, or None when they accept the same.

    Elements that only one of them has are ignored: a missing element is a difference of its own.
    """
    unshared = one.names() ^ two.names()
    left, right = _automaton(one, unshared), _automaton(two, unshared)
    alphabet = sorted(one.names() & two.names())
    start = (frozenset({0}), frozenset({0}))
    seen = {start}
    todo: deque[tuple[tuple[frozenset[int], frozenset[int]], tuple[str, ...]]] = deque([(start, ())])
    while todo:
        (here, there), path = todo.popleft()
        if left.accepts(here) != right.accepts(there):
            return Witness(path, left.accepts(here))
        for name in alphabet:
            pair = (left.step(here, name), right.step(there, name))
            if pair not in seen:
                seen.add(pair)
                todo.append((pair, (*path, name)))
    return None
