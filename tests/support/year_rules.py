"""The rules of the records as an independent model: what imports and acts make of a school, and what is answered.

Written from docs/reference/records.md, not from the code, and slow and plain on purpose. It decides by keys, ECK-iDs
and names, as an import must (`year_identity`); which day has whom is `school_model`, which knows who everybody is.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import count

from support.school_model import Claim, Model, Period, Place, Pupil, SchoolGroup, Teacher, View, YearKey, jaargroep_of
from support.year_identity import (
    KINDS,
    LEERKRACHT,
    LEERLING,
    Asked,
    Identified,
    Known,
    Who,
    agrees,
    differing,
    identify,
    is_twin,
)

MAX_HELD = 3
"""Contested rows with which a source is still imported (inclusive), or 2% of its persons if that is more."""
PERSON_IDS = count(1)
GENERATED = "?"
"""What a key that the code makes begins with here: a model cannot know it, only that nobody else has it."""


Question = tuple[str, str, str | None, tuple[str, str, str], tuple[int, ...]]
"""What a question is about: the kind, key, ECK-iD and names of a row as they are written, and whom it may be."""


class NotDoneError(Exception):
    """The rules refuse an act."""


@dataclass(frozen=True)
class Record:
    """What a year says of one person: the claim of a leerling with periods and places, or of a leerkracht."""

    who: Who
    said: Pupil | Teacher
    periods: tuple[Period, ...] = ()
    places: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Contested:
    """A row that is held, whom it may be, and who is answered as last confirmed because of it."""

    record: Record
    known: tuple[int, ...]
    held: frozenset[int]
    is_doubted: bool
    """Whether somebody else has its names or its date."""


@dataclass(frozen=True)
class Source:
    """What a LAS delivers at once: an EDEXML file of one year, or a CSV set; `made` is the day that a file says."""

    claims: Mapping[YearKey, Claim]
    made: date | None = None
    pupils: tuple[Pupil, ...] = ()
    """Of a CSV set everybody in it, with every enrolment."""

    def records(self, kind: str) -> dict[YearKey, list[Record]]:
        """Return the records of each year."""
        if kind == LEERKRACHT:
            return {year: [_of_teacher(one) for one in claim.teachers] for year, claim in self.claims.items()}
        return {
            year: [Record(who_of(one), one, tuple(periods), tuple(places)) for one, periods, places in claim.pupils]
            for year, claim in self.claims.items()
        }

    def rows(self, kind: str) -> dict[str, Who]:
        """Return the persons by key."""
        return {one.who.key: one.who for records in self.records(kind).values() for one in records}


@dataclass(frozen=True)
class Year:
    """A year as its last import left it; records are by person. Of one who is held it is what was confirmed last."""

    made: date | None
    needs_place: bool
    groups: tuple[SchoolGroup, ...]
    records: Mapping[int, Record]
    contested: Mapping[tuple[str, str], Contested] = field(default_factory=dict)
    """By kind and key of the row."""


def who_of(pupil: Pupil) -> Who:
    """Return what a row of a leerling says of who it is."""
    said = pupil.details
    return Who(pupil.key, pupil.eckid, said["roepnaam"], said["achternaam"], said["geboortedatum"])


def _of_teacher(teacher: Teacher) -> Record:
    said = teacher.details
    return Record(Who(teacher.key, teacher.eckid, said["roepnaam"], said["achternaam"]), teacher)


@dataclass
class School:
    """The records of one brincode. Only its own fields change; `copy` is what an undo goes back to."""

    people: dict[int, Known] = field(default_factory=dict)
    years: dict[YearKey, Year] = field(default_factory=dict)
    forgotten: frozenset[tuple[str, str]] = frozenset()
    """The kind, and a key or ECK-iD."""
    merged: bool = False

    def copy(self) -> "School":
        """Return these records as they are now."""
        return School(dict(self.people), dict(self.years), self.forgotten, self.merged)

    def become(self, other: "School") -> None:
        """Make these records those of a copy."""
        self.people, self.years = dict(other.people), dict(other.years)
        self.forgotten, self.merged = other.forgotten, other.merged

    # An import.

    def refuses(self, source: Source) -> str:
        """Return why an import stops for good; empty: it does not."""
        if self.merged:
            return "merged"
        rows = {kind: source.rows(kind) for kind in KINDS}
        for kind, by_key in rows.items():
            known = {key for one in self.people.values() if one.kind == kind for key in one.keys}
            if any((kind, who.eckid) in self.forgotten for who in by_key.values()) or any(
                (kind, key) in self.forgotten for key in by_key.keys() - known
            ):
                return "forgotten"
        contested = sum(len(self._identify(kind, by_key).contested) for kind, by_key in rows.items())
        too_many = contested > max(MAX_HELD, sum(map(len, rows.values())) // 50)
        return "too many questions" if too_many else ""

    def is_older(self, source: Source) -> bool:
        """Return whether a source is older than the one whose records are here, and says something else."""
        for year in source.claims:
            known = self.years.get(year)
            if source.made is not None and known is not None and known.made is not None and source.made < known.made:
                after = self.copy()
                after.take(source)
                return after.content() != self.content()
        return False

    def content(self) -> object:
        """Return all but the moments of sources, to compare."""
        people = {id_: (one.sent, one.keys, one.eckid, one.said.parts) for id_, one in self.people.items()}
        records = {(year, id_): _plain(one) for year, said in self.years.items() for id_, one in said.records.items()}
        groups = {year: sorted(map(repr, said.groups)) for year, said in self.years.items()}
        contested = {
            (year, name): (_plain(one.record), one.known, one.held)
            for year, said in self.years.items()
            for name, one in said.contested.items()
        }
        return people, records, groups, contested

    def take(self, source: Source) -> None:
        """Make the years of a source what it says."""
        named = {kind: self._name(kind, source) for kind in KINDS}
        for year, claim in source.claims.items():
            earlier = self.years.get(year)
            confirmed = {} if earlier is None else earlier.records
            records: dict[int, Record] = {}
            rows: list[tuple[str, Record]] = []
            for kind in KINDS:
                for one in source.records(kind)[year]:
                    ids, contested, _ = named[kind]
                    if one.who.key in contested:
                        rows.append((kind, one))
                    else:
                        records[ids[one.who.key]] = one
            keys = {group.key for group in claim.groups}
            held: dict[tuple[str, str], Contested] = {}
            there = set(records)
            for kind, one in rows:
                known = named[kind][1][one.who.key]
                is_doubted = one.who.key in named[kind][2]
                kept = frozenset(id_ for id_ in known if id_ in confirmed and id_ not in there)
                held[kind, one.who.key] = Contested(one, known, kept, is_doubted)
                records |= {id_: _within(confirmed[id_], keys, earlier) for id_ in kept}
            made = source.made or (None if earlier is None else earlier.made)
            self.years[year] = Year(made, claim.needs_place, tuple(claim.groups), records, held)
        self._take_days(source)

    def _identify(self, kind: str, rows: Mapping[str, Who]) -> Identified:
        asked = [
            Asked(one.record.who, one.known, one.is_doubted)
            for year in self.years.values()
            for (of_kind, _), one in year.contested.items()
            if of_kind == kind
        ]
        return identify(kind, self.people, rows.values(), asked)

    def _name(self, kind: str, source: Source) -> tuple[dict[str, int], dict[str, tuple[int, ...]], frozenset[str]]:
        """Take what rows say of who somebody is; return the person of each key, and the contested and doubted rows.

        A row that says what it said of its year before renames nobody: two vestigingen that contradict each other do
        not take turns.
        """
        rows = source.rows(kind)
        found = self._identify(kind, rows)
        ids = dict(found.known) | {key: next(PERSON_IDS) for key in found.new}
        for key, id_ in ids.items():
            if id_ not in self.people:
                self.people[id_] = Known(kind, self._free_key(kind, key, id_), frozenset(), None, rows[key])
        fresh = {
            ids[one.who.key]
            for year, records in source.records(kind).items()
            for one in records
            if one.who.key in ids and not self._is_said(year, source.claims[year], ids[one.who.key], one)
        }
        self._assign(kind, [(id_, rows[key]) for key, id_ in ids.items()], fresh)
        return ids, found.contested, found.doubted

    def _is_said(self, year: YearKey, claim: Claim, id_: int, record: Record) -> bool:
        """Return whether a year says of a person what a new record says, days and groepen of a leerling left aside."""
        earlier = self.years.get(year)
        if earlier is None or id_ not in earlier.records:
            return False
        own = _row(record, claim.groups, needs_place=claim.needs_place)
        return own == _row(earlier.records[id_], earlier.groups, needs_place=earlier.needs_place)

    def _assign(self, kind: str, named: list[tuple[int, Who]], fresh: Collection[int]) -> None:
        """Give persons the key, ECK-iD and names of their rows, all at once; whoever had one of them has it no more."""
        keys, eckids = {who.key for _, who in named}, {who.eckid for _, who in named} - {None}
        for id_, one in self.people.items():
            if one.kind == kind:
                eckid = None if one.eckid in eckids else one.eckid
                self.people[id_] = replace(one, keys=one.keys - keys, eckid=eckid)
        for id_, who in named:
            one = self.people[id_]
            said = who if id_ in fresh else one.said
            self.people[id_] = replace(one, keys=one.keys | {who.key}, eckid=who.eckid or one.eckid, said=said)

    def _free_key(self, kind: str, key: str, id_: int) -> str:
        is_taken = any(key in {one.sent, *one.keys} for one in self.people.values() if one.kind == kind)
        return f"{GENERATED}{id_}" if is_taken or (kind, key) in self.forgotten else key

    def _take_days(self, source: Source) -> None:
        """Take the days of enrolment that a CSV set has for vestigingen that it does not lay out.

        A correction of an ECK-iD in the years of the set is taken by now.
        """
        for year, said in self.years.items():
            if year in source.claims or year[1] not in {start for _, start in source.claims}:
                continue
            records = dict(said.records)
            for pupil in source.pupils:
                periods = tuple(one for one in pupil.periods if one.brin6 == year[0] and one.touches(year[1]))
                id_ = _certain(self.people, who_of(pupil))
                if periods and id_ in records:
                    records[id_] = replace(records[id_], periods=periods)
            self.years[year] = replace(said, records=records)

    # What is done by hand.

    def questions(self) -> dict[Question, list[YearKey]]:
        """Return the open questions: what each asks, and the years in which the row is."""
        found: dict[Question, list[YearKey]] = {}
        for year, said in sorted(self.years.items()):
            for (kind, key), one in said.contested.items():
                who = one.record.who
                said_of = (who.roepnaam, who.geboortedatum, who.achternaam)
                found.setdefault((kind, key, who.eckid, said_of, one.known), []).append(year)
        return found

    def answer_question(self, question: Question, choice: str) -> None:
        """Say who a contested row is."""
        kind, key, _, _, known = question
        years = self.questions()[question]
        who = self.years[years[0]].contested[kind, key].record.who
        if choice == "new":
            chosen = next(PERSON_IDS)
            self.people[chosen] = Known(kind, self._free_key(kind, key, chosen), frozenset(), None, who)
        else:
            chosen = known[choice == "eckid"]
        for year in years:
            said = self.years[year]
            if chosen in said.records and chosen not in said.contested[kind, key].held:
                raise NotDoneError("another row is this person")
        self._assign(kind, [(chosen, who)], {chosen})
        for year in years:
            said = self.years[year]
            own = said.contested[kind, key]
            contested = {
                name: replace(one, held=one.held - {chosen})  # whom the answer put there is held for no row any more
                for name, one in said.contested.items()
                if name != (kind, key)
            }
            kept = frozenset(id_ for one in contested.values() for id_ in one.held)
            records = {id_: one for id_, one in said.records.items() if id_ not in own.held - kept}
            self.years[year] = replace(said, records={**records, chosen: own.record}, contested=contested)

    def correct_eckid(self, id_: int, eckid: str | None, *, swap: bool) -> None:
        """Correct the ECK-iD of a person."""
        one = self.people[id_]
        owner = next((other for other, known in self.people.items() if _has(known, one.kind, eckid)), None)
        if one.eckid == eckid or (owner is None) == swap or (one.kind, eckid) in self.forgotten:
            raise NotDoneError("there is nothing to correct, or somebody else has it")
        if owner is not None:
            self.people[owner] = replace(self.people[owner], eckid=one.eckid)
        self.people[id_] = replace(one, eckid=eckid)

    def join(self, keep: int, other: int, is_answered: Callable[[YearKey, int], bool]) -> None:
        """Make two persons one."""
        one, two = self.people[keep], self.people[other]
        if keep == other or None not in (one.eckid, two.eckid, *({None} if one.eckid == two.eckid else ())):
            raise NotDoneError("one person, or two ECK-iDs")
        for year, said in self.years.items():
            records = dict(said.records)
            both_held = {keep, other} <= {id_ for held in said.contested.values() for id_ in held.held}
            is_own = {keep, other} <= records.keys() and not both_held
            if (theirs := records.pop(other, None)) is not None:
                stays = keep in records and (is_answered(year, keep) or not is_answered(year, other))
                records[keep] = records[keep] if stays else theirs
            contested = {name: _with_other_id(held, other, keep) for name, held in said.contested.items()}
            if is_own:  # another row of the year is one of the two
                contested = {name: replace(one, held=one.held - {keep}) for name, one in contested.items()}
            both = {name for name, held in said.contested.items() if {keep, other} == {*held.known}}
            contested = {name: held for name, held in contested.items() if name not in both}
            self.years[year] = replace(said, records=records, contested=contested)
        del self.people[other]
        there = {key for known in self.people.values() if known.kind == one.kind for key in known.keys}
        keys = one.keys | two.keys | ({two.sent} - there)
        self.people[keep] = replace(one, keys=keys, eckid=one.eckid or two.eckid)

    def withdraw(self, year: YearKey) -> None:
        """Take the records of a year out."""
        del self.years[year]

    def merge(self, old: "School", brin6s: Mapping[str, str]) -> None:
        """Take the school `old` in (fusie)."""
        if old.questions():
            raise NotDoneError("open questions")
        become: dict[int, int] = {}
        for id_, one in old.people.items():
            here = next((i for i, other in self.people.items() if one.eckid and _has(other, one.kind, one.eckid)), None)
            if here is not None and not self._agree(old, id_, here):
                raise NotDoneError("one ECK-iD of two people, or of twins who are mixed up")
            if here is None:
                by_key = (i for i, other in self.people.items() if other.kind == one.kind and other.keys & one.keys)
                here = next((i for i in by_key if self._is_one(old, id_, i)), None)
            if here is not None:
                become[id_] = here
        for id_, one in old.people.items():
            there = frozenset(key for other in self.people.values() if other.kind == one.kind for key in other.keys)
            if id_ in become:
                known = self.people[become[id_]]
                self.people[become[id_]] = replace(
                    known, keys=known.keys | (one.keys - there), eckid=known.eckid or one.eckid
                )
            else:
                sent = self._free_key(one.kind, one.sent, next(PERSON_IDS))
                self.people[id_] = replace(one, sent=sent, keys=one.keys - there)
        for (brin6, start), said in old.years.items():
            records = {become.get(id_, id_): one for id_, one in said.records.items()}
            self.years[brin6s[brin6], start] = replace(said, records=records)
        keys = {(one.kind, key) for one in self.people.values() for key in (one.sent, *one.keys)}
        self.forgotten = (self.forgotten | old.forgotten) - keys
        old.people, old.years, old.merged = {}, {}, True

    def _agree(self, old: "School", id_: int, here: int) -> bool:
        """Return whether one of another school and one of this school may be one person."""
        one, other = old.people[id_], self.people[here]
        if not agrees(one.kind, one.said, other.said):
            return False
        elsewhere = [known.said for i, known in old.people.items() if i != id_ and known.kind == one.kind]
        elsewhere += [known.said for i, known in self.people.items() if i != here and known.kind == one.kind]
        is_other_name = one.said.parts[0] != other.said.parts[0] and all((one.said.parts[0], other.said.parts[0]))
        return not is_other_name or not any(
            is_twin(one.kind, said, each) for said in (one.said, other.said) for each in elsewhere
        )

    def _is_one(self, old: "School", id_: int, here: int) -> bool:
        """Return whether one of another school is one of this school who has one of its keys."""
        one, other = old.people[id_], self.people[here]
        alike = sum(bool(a) and a == b for a, b in zip(one.said.parts, other.said.parts, strict=True))
        is_alike = alike > 1 and not differing(one.said, other.said)
        return None in (one.eckid, other.eckid) and is_alike

    def names(self, id_: int) -> frozenset[str]:
        """Return every key and the ECK-iD of a person."""
        one = self.people[id_]
        return frozenset(filter(None, (one.sent, *one.keys, one.eckid)))

    def forget(self, kind: str, id_: int, names: Collection[str]) -> None:
        """Erase a person everywhere, and whoever once had one of the names by mistake has it no more."""
        self.people.pop(id_, None)
        self.forgotten |= {(kind, name) for name in names}
        for other, one in self.people.items():
            if one.kind == kind and one.eckid in names:
                self.people[other] = replace(one, eckid=None)
        for year, said in self.years.items():
            records = {known: record for known, record in said.records.items() if known != id_}
            contested = {
                name: held
                for name, held in said.contested.items()
                if id_ not in held.known and (name[0] != kind or not {name[1], held.record.who.eckid} & {*names})
            }
            self.years[year] = replace(said, records=records, contested=contested)

    # An answer.

    def answer(
        self, calendar: Model, year: YearKey, today: date, withheld: Collection[int] = (), *, is_narrow: bool = False
    ) -> View | None:
        """Return what is answered for a year on a day; None: no data. `calendar` has what the vestigingen set."""
        model = Model()
        model.settings, model.acts = calendar.settings, calendar.acts
        for id_, one in self.people.items():
            model.keys[id_] = one.sent
            if one.eckid is not None:
                model.eckids[id_] = one.eckid
        for where, said in self.years.items():
            if where[1] == year[1]:
                model.geheugen[where] = self._claim(said, withheld)
        return model.answer(year, today, is_narrow=is_narrow)

    def _claim(self, said: Year, withheld: Collection[int]) -> Claim:
        pupils, teachers = [], []
        for id_, one in said.records.items():
            if isinstance(one.said, Teacher):
                known = self.people[id_]
                teachers.append(replace(one.said, key=known.sent, eckid=known.eckid))
            elif id_ not in withheld:
                pupils.append((replace(one.said, number=id_), list(one.periods), list(one.places)))
        return Claim(said.needs_place, list(said.groups), pupils, teachers)


def _has(one: Known, kind: str, eckid: str | None) -> bool:
    return one.kind == kind and eckid is not None and one.eckid == eckid


def _plain(record: Record) -> object:
    """Return a record without what the school knows of the person."""
    if isinstance(record.said, Teacher):
        return record.said.details, record.said.rollen, record.said.groepen
    return record.said.details, record.periods, record.places


def _row(record: Record, groups: Iterable[SchoolGroup], *, needs_place: bool) -> object:
    """Return what a record says of a leerling without days and groepen, or of a leerkracht."""
    if isinstance(record.said, Teacher):
        return record.said.details, record.said.rollen, record.said.groepen
    by_key, places = {group.key: group for group in groups}, list(record.places)
    home = next((one for one in places if one.groep and by_key[one.groep].soort == "groep"), None)
    return record.said.details, jaargroep_of(home, places, by_key), bool(places) or not needs_place


def _certain(people: Mapping[int, Known], who: Who) -> int | None:
    """Return the known leerling of a row of a CSV set for a vestiging that it does not lay out, if it is certain."""
    found = [id_ for id_, one in people.items() if one.kind == LEERLING and _may_be(one, who)]
    return found[0] if len(found) == 1 else None


def _may_be(one: Known, who: Who) -> bool:
    """Return whether a row names a known leerling and differs from that one in at most one part."""
    if not (who.key in one.keys or (who.eckid and one.eckid == who.eckid)):
        return False
    if None not in (one.eckid, who.eckid) and one.eckid != who.eckid:
        return False
    is_both = who.key in one.keys and who.eckid is not None and one.eckid == who.eckid
    return is_both or sum(a != b for a, b in zip(one.said.parts, who.parts, strict=True)) <= 1


def _within(record: Record, keys: Collection[str], year: Year | None) -> Record:
    """Return the record of who is held without the groepen that the source no longer has; the jaargroep stays."""
    if isinstance(record.said, Teacher):
        groepen = [(key, rollen) for key, rollen in record.said.groepen if key in keys]
        return replace(record, said=replace(record.said, groepen=groepen))
    groups = {group.key: group for group in (() if year is None else year.groups)}
    home = next((one for one in record.places if one.groep and groups[one.groep].soort == "groep"), None)
    jaargroep = jaargroep_of(home, list(record.places), groups)
    places = tuple(Place(one.groep if one.groep in keys else None, jaargroep) for one in record.places)
    return replace(record, places=places)


def _with_other_id(held: Contested, id_: int, other: int) -> Contested:
    known = tuple(dict.fromkeys(other if one == id_ else one for one in held.known))
    return replace(held, known=known, held=frozenset(other if one == id_ else one for one in held.held))
