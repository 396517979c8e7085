"""Who a row of a source is, as an independent model of docs/reference/records.md (Identity): slow and plain on purpose.

It knows nothing of the code of the records, and nothing of who somebody really is.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LEERLING, LEERKRACHT = "leerling", "leerkracht"
KINDS = (LEERLING, LEERKRACHT)


@dataclass(frozen=True)
class Who:
    """What a row says of who it is; an empty part is unknown."""

    key: str
    eckid: str | None
    roepnaam: str
    achternaam: str
    geboortedatum: str = ""

    @property
    def parts(self) -> tuple[str, str, str]:
        """The names and the date as they are compared: the roepnaam, the date, the achternaam."""
        return fold(self.roepnaam), self.geboortedatum, fold(self.achternaam)


@dataclass(frozen=True)
class Known:
    """A person of a school: the key that leaves, the keys of sources that name it, and what was imported last."""

    kind: str
    sent: str
    keys: frozenset[str]
    eckid: str | None
    said: Who


@dataclass(frozen=True)
class Identified:
    """The rows of a source by key: of known persons, of new ones, and those of which it is a question who they are."""

    known: dict[str, int]
    new: list[str]
    contested: dict[str, tuple[int, ...]]
    """With whom each may be: whom its key names, and then whom its ECK-iD names, if that is another."""
    doubted: frozenset[str]
    """Those of which somebody else has the names or the date."""


@dataclass(frozen=True)
class Asked:
    """A row about which a question is open, and whom it may be."""

    who: Who
    known: tuple[int, ...]
    is_doubted: bool
    """Whether somebody else has its names or its date."""


def fold(name: str) -> str:
    """Return a name without case, diacritics, hyphens and spaces; of one without a letter or digit nothing is left."""
    letters = unicodedata.normalize("NFD", name.casefold())
    return "".join(one for one in letters if one.isalnum())


def identify(kind: str, people: Mapping[int, Known], rows: Iterable[Who], asked: Iterable[Asked] = ()) -> Identified:
    """Say who each row is; all rows of a source together, so that their order means nothing.

    Who a row is may depend on who another one is. At first each is believed; one that turns out to be a question is
    believed no more, until no other one becomes a question by it. `asked` are the open questions about one kind.
    """
    matching = _Matching(kind, people, rows, asked)
    contested: dict[str, tuple[int, ...]] = {}
    while True:
        found = {row.key: matching.person_of(row, contested) for row in matching.rows if row.key not in contested}
        more = {key: matching.named(key) for key, person in found.items() if person == QUESTION}
        if not more:
            known = {key: int(person) for key, person in found.items() if isinstance(person, int)}
            new = [key for key, person in found.items() if person == NEW]
            return Identified(known, new, contested, frozenset(filter(matching.is_doubted, contested)))
        contested |= more


NEW, QUESTION = "new", "question"
SAME, OTHER, DOUBT = "same", "other", "doubt"


def agrees(kind: str, one: Who, other: Who) -> bool:
    """Return whether enough parts agree for two to be one person, of whom the key or the ECK-iD says so."""
    roepnaam, born, achternaam = (a == b if a and b else None for a, b in zip(one.parts, other.parts, strict=True))
    agree = (roepnaam, born, achternaam)
    if kind == LEERKRACHT:
        return True in agree
    if None not in agree:
        return agree.count(True) >= 2
    return bool(next((part for part in agree if part is not None), False))


def differing(one: Who, other: Who) -> int:
    """Return how many parts are known of both and differ."""
    return sum(bool(a and b and a != b) for a, b in zip(one.parts, other.parts, strict=True))


def is_twin(kind: str, one: Who, other: Who) -> bool:
    """Return whether two have one roepnaam and birth date; of leerkrachten, who have none, one achternaam."""
    roepnaam, born, achternaam = one.parts
    told_by = achternaam if kind == LEERKRACHT else born
    return bool(roepnaam and told_by) and (roepnaam, told_by) == (other.parts[0], other.parts[1 + (kind == LEERKRACHT)])


def has_all(one: Who, other: Who) -> bool:
    """Return whether one has all that another one says."""
    return all(not theirs or own == theirs for own, theirs in zip(one.parts, other.parts, strict=True))


def has_two(one: Who, other: Who) -> bool:
    """Return whether one has two parts of another one."""
    return sum(bool(theirs) and own == theirs for own, theirs in zip(one.parts, other.parts, strict=True)) > 1


class _Matching:
    def __init__(self, kind: str, people: Mapping[int, Known], rows: Iterable[Who], asked: Iterable[Asked]) -> None:
        self.kind, self.rows = kind, list(rows)
        self._people = {id_: one for id_, one in people.items() if one.kind == kind}
        self._by_key = {key: id_ for id_, one in self._people.items() for key in one.keys}
        self._by_eckid: dict[str | None, int] = {
            one.eckid: id_ for id_, one in self._people.items() if one.eckid is not None
        }
        self._row = {row.key: row for row in self.rows}
        self._asked = list(asked)

    def named(self, key: str) -> tuple[int, ...]:
        """Return whom the key and the ECK-iD of a row name."""
        return tuple(dict.fromkeys(id_ for id_ in self._both(self._row[key]) if id_ is not None))

    def is_doubted(self, key: str) -> bool:
        """Return whether somebody else has the names or the date of a row, or of a person whom it may be."""
        return any(self._seems(self._row[key], id_) == DOUBT for id_ in self.named(key))

    def _both(self, row: Who) -> tuple[int | None, int | None]:
        """Return whom the key and the ECK-iD of a row name; of one that is asked about, whoever had the ECK-iD then."""
        by_key, by_eckid = self._by_key.get(row.key), self._by_eckid.get(row.eckid)
        if by_eckid is None and row.eckid is not None and (asked := self._open(row)) is not None:
            by_eckid = next((id_ for id_ in asked.known if id_ != by_key), None)
        return by_key, by_eckid

    def _open(self, row: Who) -> Asked | None:
        """Return the open question about a row, whose key and ECK-iD name nobody else by now."""
        named = {self._by_key.get(row.key), self._by_eckid.get(row.eckid)} - {None}
        same = (
            one
            for one in self._asked
            if (one.who.key, one.who.eckid, one.who.parts) == (row.key, row.eckid, row.parts) and named <= {*one.known}
        )
        return next(same, None)

    def person_of(self, row: Who, contested: Mapping[str, object]) -> int | str:
        """Return the known person whom a row is, NEW or QUESTION."""
        by_key, by_eckid = self._both(row)
        if by_key == by_eckid:
            return NEW if by_key is None else QUESTION if self._seems(row, by_key) == DOUBT else by_key
        others = [other for other in self.rows if other is not row and other.key not in contested]
        doubts = [self._seems(row, id_) == DOUBT for id_ in (by_key, by_eckid) if id_ is not None]
        if by_eckid is not None:
            seems, theirs = self._seems(row, by_eckid), [one for one in others if self._is_row_of(one, by_eckid)]
            if not any(one.eckid is not None for one in theirs):
                is_first = not any(self._is_surer(one, row, by_eckid) for one in theirs)
                is_only = by_key is None or self._seems(row, by_key) != SAME or self._is_only(row, by_eckid, by_key)
                return by_eckid if seems == SAME and is_first and is_only else QUESTION
            if seems == SAME:
                return QUESTION
        if by_key is None:
            return QUESTION if any(doubts) else NEW
        theirs = [one for one in others if self._is_row_of(one, by_key)]
        if self._seems(row, by_key) == SAME:
            return QUESTION if any(self._is_surer(one, row, by_key) for one in theirs) else by_key
        return NEW if theirs and not any(doubts) else QUESTION

    def _is_only(self, row: Who, id_: int, other: int) -> bool:
        """Return whether a row differs in nothing from one person and in something from another one."""
        return not differing(row, self._people[id_].said) and bool(differing(row, self._people[other].said))

    def _is_surer(self, one: Who, other: Who, id_: int) -> bool:
        """Return whether of two rows of one person the first is surer: both name it, it differs least, by its key."""

        def rank(row: Who) -> tuple[bool, int, bool, str]:
            person = self._people[id_]
            return not self._is_certain(row, id_), differing(row, person.said), row.key != person.sent, row.key

        return rank(one) < rank(other)

    def _is_row_of(self, row: Who, id_: int) -> bool:
        """Return whether a row is a person, as far as its own key, ECK-iD and names say."""
        is_named = id_ in (self._by_key.get(row.key), self._by_eckid.get(row.eckid))
        return is_named and (self._is_certain(row, id_) or self._seems(row, id_) == SAME)

    def _seems(self, row: Who, id_: int) -> str:
        """Return what the names say of a row and a person whom its key or ECK-iD names."""
        person = self._people[id_].said
        may_be = SAME if agrees(self.kind, row, person) else OTHER
        if not differing(row, person):
            return may_be
        asked = self._open(row)
        if asked is not None and asked.is_doubted:
            return DOUBT
        known = [one.said for other, one in self._people.items() if other != id_]
        rows = [other for other in self.rows if other is not row]
        if self._stand_in(row, person, known + rows):
            return DOUBT
        if self._is_certain(row, id_) and may_be == OTHER and any(has_two(one, person) for one in rows):
            return DOUBT
        if self._stand_in(person, row, [one for one in rows if not self._was_there(one, person)]):
            return DOUBT if self._is_certain(row, id_) or may_be == SAME else OTHER
        return may_be

    def _was_there(self, row: Who, person: Who) -> bool:
        """Return whether a row is one known person of whom nothing changes, and who differs from another one."""
        named = {self._by_key.get(row.key), self._by_eckid.get(row.eckid)} - {None}
        as_before = [id_ for id_ in named if id_ is not None and self._people[id_].said.parts == row.parts]
        return len(named) == 1 == len(as_before) and differing(row, person) > 0

    def _stand_in(self, one: Who, other: Who, elsewhere: Iterable[Who]) -> bool:
        """Return whether somebody elsewhere is what one says who differs from another: a twin, or a namesake."""
        is_other_name = bool(one.parts[0] and other.parts[0] and one.parts[0] != other.parts[0])
        return any(
            (is_other_name and is_twin(self.kind, one, each)) or (self.kind == LEERLING and has_all(each, one))
            for each in elsewhere
        )

    def _is_certain(self, row: Who, id_: int) -> bool:
        return self._by_key.get(row.key) == id_ == self._by_eckid.get(row.eckid)
