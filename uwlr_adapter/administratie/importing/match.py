"""Matching of the rows of a source with the known persons of a school. Pure.

A person keeps for life the key of the first import, and is sent with it. The source key and the ECK-iD of a row each
name a known person, or nobody. When both name one person, that is who it is; when they do not, the person must have the
name and the date of birth of the row as well, since keys are used again and ECK-iDs get mixed up. What is then not
certain is contested: a question for a person (docs/reference/records.md, Identity).

All rows of a source are matched together, so that swaps, chains and hand-overs within it work in any order of rows. A
contested row stays so in a later source, of another year too, whatever the first one changed about other persons.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

from uwlr_adapter.administratie.importing.naming import (
    NAMELESS,
    Comparison,
    Naming,
    Pair,
    compare,
    folded,
    pairs_of,
    traces_of,
    whole,
)
from uwlr_adapter.administratie.model import Problem, Severity
from uwlr_adapter.administratie.tables import PersonKind

DUMMY = "#"
"""The first character of a key that identifies nobody (EDEXML 2.1, keys)."""
GENERATED_LENGTH = 24
"""The number of characters of a generated key: within the 30 that every afnemer takes."""


class SourceRow(NamedTuple):
    """The identifiers of the person in one row of a source, with its line, and what the person is recognised by."""

    line: int
    key: str
    eckid: str | None
    naming: Naming = NAMELESS

    @property
    def is_dummy(self) -> bool:
        """Whether its key identifies nobody."""
        return self.key.startswith(DUMMY)


class KnownPerson(NamedTuple):
    """A known person: the key that is sent, the ECK-iD, and the names and date of birth that were imported last."""

    key: str
    eckid: str | None
    naming: Naming = NAMELESS


@dataclass(frozen=True, slots=True)
class KnownPersons:
    """The known persons of one kind and brincode by id, and their ids by source key and by ECK-iD."""

    persons: Mapping[int, KnownPerson]
    by_source_key: Mapping[str, int]
    by_eckid: Mapping[str, int]
    is_forgotten: Callable[[str | None, str | None], bool] | None = None
    """Returns whether a key or an ECK-iD is that of a forgotten person; None when nobody was forgotten."""
    is_used: Callable[[str, str | None], bool] | None = None
    """Returns whether a key was that of a leaver, erased since, other than the person with an ECK-iD; None for none."""
    asked: Mapping["AskedRow", "Contested"] = field(default_factory=dict)
    """The open questions, of rows of any year."""


class Doubt(StrEnum):
    """The reason why a row is contested."""

    NAME = "other name"
    """Its key or its ECK-iD is that of a person with another name or date of birth."""
    TWIN = "name of another"
    """As NAME, or both are, or its names differ, and somebody else has those, or those that the person had.

    A twin, a namesake, or the key of a sibling.
    """
    ECKID = "ECK-iD of another"
    """Its ECK-iD is that of a person who keeps it."""
    TWO = "two persons"
    """Its key and its ECK-iD are those of two persons, each with its name."""
    DOUBLE = "twice"
    """Another row is the same person."""
    NAMESAKES = "several of this name"
    """Matched by name: more than one person has its names and date of birth."""
    NAMELESS = "no name"
    """It has neither a name nor a nameless person whom it matches."""


class AskedRow(NamedTuple):
    """What makes the row of a later source the one that an open question is about."""

    key: str
    """Empty for a dummy."""
    eckid: str | None
    parts: tuple[str, str, str]
    """Its names and date of birth, folded: another spelling is the same row."""

    @classmethod
    def of(cls, key: str, eckid: str | None, naming: Naming) -> "AskedRow":
        """Return what makes a row with this key, ECK-iD and naming the same one."""
        return cls("" if key.startswith(DUMMY) else key, eckid, folded(naming))


class Unmatched(StrEnum):
    """What becomes of the rows that are contested because of a name: an answer to all of them at once."""

    ASK = "ask"
    NEW = "new"
    """Each is a new person."""
    BY_NAME = "by name"
    """Each is the known person with its name and date of birth; without one it is new. So is a row with a new key."""


class NewPerson(NamedTuple):
    """A person who is not known yet: the key to send, and the source's own key (None for a dummy)."""

    key: str
    eckid: str | None
    source_key: str | None
    naming: Naming = NAMELESS


class Contested(NamedTuple):
    """A row of which it is not certain who it is: the ids of the persons whom its key and its ECK-iD name."""

    doubt: Doubt
    by_key: int | None
    by_eckid: int | None

    @property
    def candidates(self) -> tuple[int, ...]:
        """The persons that it may be, without doubles."""
        return _candidates(self.by_key, self.by_eckid)


@dataclass(slots=True)
class MatchResult:
    """The persons of the rows, and what changes about the known ones."""

    persons: list[int | NewPerson | Contested] = field(default_factory=list)
    """One for each row, in the order of the rows, unless a row is refused."""
    source_keys: dict[str, int] = field(default_factory=dict)
    """Source keys that from now on name these known persons."""
    eckids: dict[int, str | None] = field(default_factory=dict)
    """New or changed ECK-iDs of known persons."""
    namings: dict[int, Naming] = field(default_factory=dict)
    """New or changed names and dates of birth of known persons."""
    corrected: dict[int, int] = field(default_factory=dict)
    """The line of each known person who had another ECK-iD."""
    held: set[int] = field(default_factory=set)
    """Known persons whom a contested row may be, and no other row is: they stay as last confirmed."""
    questions: list[tuple[Doubt, Problem]] = field(default_factory=list)
    """A warning for each contested row, with its doubt."""
    problems: list[Problem] = field(default_factory=list)


def make_key(row: SourceRow, attempt: int) -> str:
    """Return a generated key: GENERATED_LENGTH hexadecimal digits.

    It is derived from the identifiers of the row, so that a person who is imported again after an undo has the same.
    """
    digest = sha256(f"{row.eckid or row.key} {attempt}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:GENERATED_LENGTH]


def match(
    kind: PersonKind,
    rows: Iterable[SourceRow],
    known: KnownPersons,
    new_key: Callable[[SourceRow, int], str] = make_key,
    unmatched: Unmatched = Unmatched.ASK,
) -> MatchResult:
    """Match the rows of one source, whose keys and ECK-iDs are each unique among them.

    A row that cannot be matched at all becomes a problem of severity REFUSED in the result; a contested one is held.
    """
    rows = list(rows)
    is_first = not known.persons and known.is_forgotten is None and known.is_used is None
    if is_first and not any(map(_is_special, rows)):
        return MatchResult([NewPerson(key, eckid, key, naming) for _, key, eckid, naming in rows])
    return _Matching(kind, rows, known, unmatched).result(new_key)


def _is_special(row: SourceRow) -> bool:
    return row.key[:1] == DUMMY or row.naming.is_nameless


_NEW = -1
"""The mark of a new person among the ids of known ones."""


class _Matching:
    """One match: which known person each row is (or `_NEW`), and which rows are contested, by place of the row."""

    def __init__(self, kind: PersonKind, rows: Sequence[SourceRow], known: KnownPersons, unmatched: Unmatched) -> None:
        self.kind, self.rows, self.known, self.unmatched = kind, rows, known, unmatched
        self.person: list[int] = []
        self.contested: dict[int, Contested] = {}
        self.refused: list[Problem] = []
        self.found = _Namesakes(kind, rows, known)
        for place, row in enumerate(rows):
            self.person.append(self._identify(place, row))
        self.taken = self._settle_doubles()
        self._settle_unmatched()
        self._settle_eckids()

    def _by_key(self, row: SourceRow) -> int | None:
        return self.known.by_source_key.get(row.key) if row.key[:1] != DUMMY else None

    def _by_eckid(self, row: SourceRow) -> int | None:
        return None if row.eckid is None else self.known.by_eckid.get(row.eckid)

    def _asked(self, row: SourceRow) -> Contested | None:
        """Return the open question about a row, unless its key or its ECK-iD names somebody else by now."""
        if not self.known.asked:
            return None
        asked = self.known.asked.get(AskedRow.of(row.key, row.eckid, row.naming))
        named = {self._by_key(row), self._by_eckid(row)} - {None}
        return asked if asked is not None and named.issubset(asked.candidates) else None

    def _named(self, row: SourceRow) -> tuple[int | None, int | None]:
        """Return whom the key and the ECK-iD of a row name.

        While a question about the row is open, an ECK-iD that is nobody's by now names whoever had it then.
        """
        by_key, by_eckid = self._by_key(row), self._by_eckid(row)
        if by_eckid is None and row.eckid is not None and (asked := self._asked(row)) is not None:
            by_eckid = next((one for one in asked.candidates if one != by_key), None)
        return by_key, by_eckid

    def _identify(self, place: int, row: SourceRow) -> int:
        """Return who a row is by itself: the id of a known person, or _NEW, also for a contested one."""
        by_key, by_eckid = self._named(row)
        own_key = row.key if by_key is None else None  # one that was used again is somebody else's by now
        if self.known.is_forgotten is not None and self.known.is_forgotten(own_key, row.eckid):
            reason = f"was forgotten here: take this {self.kind} out of the source (or `{self.kind} allow`)"
            self.refused.append(Problem(row.line, f"{self.kind}/@key", reason))
        elif row.eckid is None and row.is_dummy:
            reason = f"a key that starts with {DUMMY} identifies nobody, and there is no ECK-iD"
            self.refused.append(Problem(row.line, f"{self.kind}/@key", reason))
        elif by_key is None and by_eckid is None:
            if not row.naming.is_nameless:
                return _NEW
            self._contest(place, Doubt.NAMELESS)
        elif by_key is not None and by_key == by_eckid and self._is_unchanged(row, by_key):  # nearly always
            return by_key
        return self._recognise(place, row, by_key, by_eckid)

    def _is_unchanged(self, row: SourceRow, person: int) -> bool:
        return row.naming == self.known.persons[person].naming and not row.naming.is_nameless

    def _recognise(self, place: int, row: SourceRow, by_key: int | None, by_eckid: int | None) -> int:
        """Return which of the named persons a row is; _NEW when that is contested."""
        candidates = _candidates(by_key, by_eckid)
        if not candidates:
            return _NEW
        certain = by_key == by_eckid
        if row.naming.is_nameless:
            same = [one for one in candidates if self._is_same_nameless(row, one)]
            doubt = Doubt.NAMELESS
        else:
            twins = [one for one in candidates if self.found.is_somebody_else(place, one)]
            same = [one for one in candidates if one not in twins and (certain or self._is_same(row, one))]
            twins += [one for one in same if self.found.is_on_another_row(place, one)]
            same = self._surest(row, [one for one in same if one not in twins])
            doubt = Doubt.TWIN if twins else Doubt.NAME
            if (asked := self._asked(row)) is not None and asked.doubt is Doubt.TWIN:  # who was seen then still counts
                same, doubt = [one for one in same if not self._difference(row, one)], Doubt.TWIN
        if len(same) == 1:
            return same[0]
        self._contest(place, Doubt.TWO if same else doubt)
        return _NEW

    def _is_same(self, row: SourceRow, person: int) -> bool:
        naming = self.known.persons[person].naming
        return naming == row.naming or compare(row.naming, naming).is_same(self.kind)

    def _surest(self, row: SourceRow, same: list[int]) -> list[int]:
        """Return whom of `same` a row may be: the owner of its key and then that of its ECK-iD, or one of the two.

        The owner of the ECK-iD alone when that one differs in nothing and the other one does: an administration with
        keys of its own gave the key to somebody else.
        """
        if len(same) > 1 and self._difference(row, same[0]) and not self._difference(row, same[-1]):
            return same[-1:]
        return same

    def _is_same_nameless(self, row: SourceRow, person: int) -> bool:
        naming = self.known.persons[person].naming
        return naming.is_nameless and compare(row.naming, naming).geboortedatum is not False

    def _contest(self, place: int, doubt: Doubt) -> None:
        self.contested[place] = Contested(doubt, *self._named(self.rows[place]))
        if place < len(self.person):
            self.person[place] = _NEW

    def _settle_doubles(self) -> dict[int, int]:
        """Contest all but one of the rows that are one person; return the place of the row of each person."""
        places: dict[int, list[int]] = defaultdict(list)
        taken: dict[int, int] = {}
        for place, person in enumerate(self.person):
            if person != _NEW and taken.setdefault(person, place) != place:
                places[person].append(place)
        for person, more in places.items():
            best, *others = sorted([taken[person], *more], key=lambda place: self._preference(place, person))
            taken[person] = best
            for place in others:
                self._contest(place, Doubt.DOUBLE)
        return taken

    def _preference(self, place: int, person: int) -> tuple[bool, int, bool, str]:
        """Return what sorts the surest row of a person first.

        That is the one that key and ECK-iD name, then the one that differs least, then the one with the key that is
        sent, then any.
        """
        row = self.rows[place]
        is_half = self._by_key(row) != self._by_eckid(row)
        return is_half, self._difference(row, person), row.key != self.known.persons[person].key, row.key

    def _difference(self, row: SourceRow, person: int) -> int:
        """Return the number of parts in which the names and the date of a row differ from those of a person."""
        return len(compare(row.naming, self.known.persons[person].naming).differing)

    def _settle_unmatched(self) -> None:
        """Decide what the rows are whose key or ECK-iD is somebody else's, where that is certain or was said.

        A row is a new person when every person that it was taken for is another row of the source: a key or an ECK-iD
        that was handed over.
        """
        if self.unmatched is Unmatched.BY_NAME:
            self._match_by_name()
        for place, contested in list(self.contested.items()):
            is_by_name = contested.doubt in (Doubt.NAME, Doubt.TWIN)
            if self.unmatched is not Unmatched.ASK and is_by_name:
                del self.contested[place]
        self.handed_over = {
            place: contested
            for place, contested in self.contested.items()
            if contested.doubt is Doubt.NAME and all(one in self.taken for one in contested.candidates)
        }
        for place in self.handed_over:
            del self.contested[place]

    def _match_by_name(self) -> None:
        """Match what is not matched with the one person, not yet taken, who has its names and date of birth."""
        wanted: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        for place, person in enumerate(self.person):
            is_open = place not in self.contested or self.contested[place].doubt in (Doubt.NAME, Doubt.TWIN)
            if person == _NEW and is_open and (whole_ := whole(self.rows[place].naming)):
                wanted[whole_].append(place)
        there: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        for id_, known in self.known.persons.items():
            if id_ not in self.taken and (whole_ := whole(known.naming)):
                there[whole_].append(id_)
        for whole_, places in wanted.items():
            ids = [one for one in there.get(whole_, []) if self._may_have(one, places)]
            if len(places) == 1 == len(ids):
                self.person[places[0]] = ids[0]
                self.taken[ids[0]] = places[0]
                self.contested.pop(places[0], None)
            elif ids:
                for place in places:
                    self._contest(place, Doubt.NAMESAKES)

    def _may_have(self, person: int, places: Iterable[int]) -> bool:
        """Return whether no ECK-iD says that a person is none of these rows."""
        eckid = self.known.persons[person].eckid
        return eckid is None or any(self.rows[place].eckid in (None, eckid) for place in places)

    def _settle_eckids(self) -> None:
        """Contest each row whose ECK-iD is somebody else's who does not get another one in this source.

        A row that is contested may keep an ECK-iD, or leave the person, on which another row depends: so until nothing
        changes. Rows only become contested, in any order the same ones.
        """
        if not self.known.by_eckid:
            return
        owners = {
            place: owner for place, row in enumerate(self.rows) if (owner := self._other_owner(place, row)) is not None
        }
        while True:
            stuck = [place for place, owner in owners.items() if not self._lets_go(owner)]
            lost = [
                place for place, one in self.handed_over.items() if not all(c in self.taken for c in one.candidates)
            ]
            for place in {*stuck, *lost}:
                self._release(place, Doubt.NAME if place in lost else Doubt.ECKID)
                owners.pop(place, None)
                self.handed_over.pop(place, None)
            if not stuck and not lost:
                return

    def _other_owner(self, place: int, row: SourceRow) -> int | None:
        """Return the known person who has the ECK-iD of a row that is taken as somebody else."""
        if place in self.contested:
            return None
        owner = self._by_eckid(row)
        return None if owner == self.person[place] else owner

    def _lets_go(self, owner: int) -> bool:
        """Return whether another row gives the owner of an ECK-iD another one."""
        place = self.taken.get(owner)
        return place is not None and self.rows[place].eckid not in (None, self.known.persons[owner].eckid)

    def _release(self, place: int, doubt: Doubt) -> None:
        person = self.person[place]
        if person != _NEW:
            del self.taken[person]
        self._contest(place, doubt)

    def result(self, new_key: Callable[[SourceRow, int], str]) -> MatchResult:
        """Return what the rows are and change."""
        result = MatchResult(problems=self.refused)
        taken_keys = {*(person.key for person in self.known.persons.values()), *self.known.by_source_key}
        for place, (row, person) in enumerate(zip(self.rows, self.person, strict=True)):
            if contested := self.contested.get(place):
                result.persons.append(contested)
                result.held.update(one for one in contested.candidates if one not in self.taken)
                problem = _warning(row, f"{self.kind}/@{_identifier(contested)}", REASONS[contested.doubt])
                result.questions.append((contested.doubt, problem))
            elif person == _NEW:
                result.persons.append(_new(row, taken_keys, new_key, self.known.is_used))
                if self._is_used(row):
                    reason = f"its key was that of a {self.kind} who left: sent with a generated one"
                    result.problems.append(_warning(row, f"{self.kind}/@key", reason))
                if place in self.handed_over:
                    reason = f"its key or ECK-iD was that of a {self.kind} who has another one now: taken as a new one"
                    result.problems.append(_warning(row, f"{self.kind}/@key", reason))
            else:
                result.persons.append(person)
                self._update(result, row, person)
        return result

    def _is_used(self, row: SourceRow) -> bool:
        return self.known.is_used is not None and not row.is_dummy and self.known.is_used(row.key, row.eckid)

    def _update(self, result: MatchResult, row: SourceRow, person: int) -> None:
        """Add what a row changes about a known person."""
        known, kind = self.known.persons[person], self.kind
        named = self._by_key(row)
        if named != person and not row.is_dummy:
            result.source_keys[row.key] = person
            whose = f"for a {kind} known by ECK-iD" if named is None else f"that was another {kind}'s before"
            if self._by_eckid(row) != person:
                whose = f"for a {kind} known by name and date of birth"
            result.problems.append(_warning(row, f"{kind}/@key", f"a new key {whose}, who keeps the first key"))
        if row.eckid is None and known.eckid is not None:
            result.problems.append(_warning(row, f"{kind}/@eckid", "has no ECK-iD any more: keeps the known one"))
        elif row.eckid is not None and row.eckid != known.eckid:
            result.eckids[person] = row.eckid
            if known.eckid is not None:
                result.corrected[person] = row.line
        if row.naming != known.naming:
            result.namings[person] = row.naming
            for part in compare(row.naming, known.naming).differing:
                reason = "another one than before: taken as a correction"
                result.problems.append(_warning(row, f"{kind}/{part}", reason))


class _Namesakes:
    """The known persons and the rows by name and date of birth; made when first asked."""

    def __init__(self, kind: PersonKind, rows: Sequence[SourceRow], known: KnownPersons) -> None:
        self._kind, self._rows, self._known = kind, rows, known

    @cached_property
    def _persons(self) -> dict[Pair, set[int]]:
        return _index(traces_of, ((id_, one.naming) for id_, one in self._known.persons.items()))

    @cached_property
    def _places(self) -> dict[Pair, set[int]]:
        return _index(traces_of, ((place, row.naming) for place, row in enumerate(self._rows)))

    @cached_property
    def _persons_by_pair(self) -> dict[Pair, set[int]]:
        return _index(pairs_of, ((id_, one.naming) for id_, one in self._known.persons.items()))

    @cached_property
    def _places_by_pair(self) -> dict[Pair, set[int]]:
        return _index(pairs_of, ((place, row.naming) for place, row in enumerate(self._rows)))

    def is_somebody_else(self, place: int, person: int) -> bool:
        """Return whether a row differs from a person, and somebody else, known or in the source, has what it says.

        Of another roepnaam that is a namesake of the row; else, of a leerling, one with all that the row says.
        """
        naming, before = self._rows[place].naming, self._known.persons[person].naming
        if naming == before:
            return False
        compared = compare(naming, before)
        if compared.roepnaam is False:
            others = (self._known.persons[id_].naming for id_ in _found(self._persons, naming) - {person})
            if self._is_namesake_of_row(naming, place) or any(self._are_namesakes(naming, one) for one in others):
                return True
        whole = self._whole(naming, compared)
        known, rows = _having(self._persons_by_pair, whole), _having(self._places_by_pair, whole)
        return bool(known - {person} or rows - {place})

    def is_on_another_row(self, place: int, person: int) -> bool:
        """Return whether a row differs from a person, and another row has what the person had.

        Of another roepnaam that is a namesake of the person, unless it is a known one who was so before; else, of a
        leerling, one with all that the person had, or with any two parts when the row has fewer than two of them.
        """
        naming, before = self._rows[place].naming, self._known.persons[person].naming
        if naming == before:
            return False
        compared = compare(naming, before)
        if compared.roepnaam is False and self._is_namesake_of_row(before, place):
            return True
        if not compared.is_same(self._kind):
            return any(self._places_by_pair.get(pair, set()) - {place} for pair in pairs_of(before))
        return bool(_having(self._places_by_pair, self._whole(before, compared)) - {place})

    def _is_namesake_of_row(self, naming: Naming, place: int) -> bool:
        """Return whether another row than that at a place is a namesake, and not of somebody who was so before."""
        for at in _found(self._places, naming) - {place}:
            if self._are_namesakes(naming, self._rows[at].naming) and not self._was_another(at, naming):
                return True
        return False

    def _was_another(self, place: int, naming: Naming) -> bool:
        """Return whether a row is a known person of whom nothing changes, and who differs from a naming.

        Whether that person is in the source says nothing about keys that changed.
        """
        row = self._rows[place]
        named = {self._known.by_source_key.get(row.key), self._known.by_eckid.get(row.eckid or "")}
        persons = [self._known.persons[id_] for id_ in named if id_ is not None]
        is_as_before = len(persons) == 1 and whole(row.naming) == whole(persons[0].naming)
        return is_as_before and bool(compare(row.naming, naming).differing)

    def _are_namesakes(self, one: Naming, other: Naming) -> bool:
        return compare(one, other).is_namesake(self._kind)

    def _whole(self, naming: Naming, compared: Comparison) -> list[Pair]:
        """Return all pairs of a naming of a leerling who differs from another one, by which a namesake is known."""
        return pairs_of(naming) if compared.differing and self._kind is PersonKind.LEERLING else []


def _having(index: Mapping[Pair, set[int]], pairs: Sequence[Pair]) -> set[int]:
    """Return those who have each of these pairs; nobody for none."""
    return set.intersection(*(index.get(pair, set()) for pair in pairs)) if pairs else set()


def _index(parts_of: Callable[[Naming], list[Pair]], namings: Iterable[tuple[int, Naming]]) -> dict[Pair, set[int]]:
    found: dict[Pair, set[int]] = defaultdict(set)
    for number, naming in namings:
        for pair in parts_of(naming):
            found[pair].add(number)
    return found


def _found(index: Mapping[Pair, set[int]], naming: Naming) -> set[int]:
    return {number for pair in traces_of(naming) for number in index.get(pair, ())}


REASONS = {
    Doubt.NAME: "its key or ECK-iD is that of somebody with another name or date of birth",
    Doubt.TWIN: "its name or date of birth differs from the known person's, and somebody else has just those of either",
    Doubt.ECKID: "its ECK-iD is that of somebody else, who has no other one in this source",
    Doubt.TWO: "its key and its ECK-iD are those of two persons with this name: if they are one, `leerling join`",
    Doubt.DOUBLE: "another row of the source is the same person: one of the two has to go from the source",
    Doubt.NAMESAKES: "more than one person has this name and date of birth",
    Doubt.NAMELESS: "it has no name",
}
"""Why it is not certain who a row is."""


def _identifier(contested: Contested) -> str:
    """Return the attribute that the question is about."""
    is_eckid = contested.doubt is Doubt.ECKID or (contested.by_key is None and contested.by_eckid is not None)
    return "eckid" if is_eckid else "key"


def _candidates(by_key: int | None, by_eckid: int | None) -> tuple[int, ...]:
    if by_key is None or by_key == by_eckid:
        return () if by_eckid is None else (by_eckid,)
    return (by_key,) if by_eckid is None else (by_key, by_eckid)


def _new(
    row: SourceRow,
    taken: set[str],
    new_key: Callable[[SourceRow, int], str],
    is_used: Callable[[str, str | None], bool] | None,
) -> NewPerson:
    is_dummy = row.is_dummy
    key, attempt = row.key, 0
    # Taken is also a key by which somebody else was sent before a join, or that has been generated.
    while is_dummy or key in taken or (is_used is not None and is_used(key, row.eckid)):
        key, is_dummy, attempt = new_key(row, attempt), False, attempt + 1
    taken.add(key)
    return NewPerson(key=key, eckid=row.eckid, source_key=None if row.is_dummy else row.key, naming=row.naming)


def _warning(row: SourceRow, element: str, reason: str) -> Problem:
    return Problem(row.line, element, reason, Severity.WARNING)
