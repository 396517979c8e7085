"""The rules of the records as an independent model: what an import makes of its rows, and what is answered.

Written from docs/reference/records.md, not from the code, and slow and plain on purpose. It knows nothing of
who a child really is: it decides by keys, ECK-iDs and names, as an import must.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date

from support.school_model import View, YearKey

FEATURES = frozenset({"calendar", "identity", "older", "undo"})
"""The rules that the code has by now: `identity`, `older`, `calendar`, `undo`. Without one of them the life of a school
has no event that needs it, or the model takes the rule from before."""
MAX_HELD = 3
"""Contested rows with which a file is still imported (inclusive), or 2% of its rows if that is more."""
PAST_UNTIL = (9, 30)
"""The last day (month and day, inclusive) on which the past year is answered."""
NEXT_FROM = (7, 1)
"""The first day on which the next year is answered, without a release before it."""
FIRST_SCHOOL_DAY = (9, 7)
"""The last day, inclusive, on which an enrolment that begins counts from 1 August."""


@dataclass(frozen=True)
class Row:
    """What a file says of one leerling."""

    key: str
    eckid: str | None
    roepnaam: str | None
    achternaam: str | None
    geboortedatum: date | None
    jaargroep: int
    groep: str | None
    van: date | None
    tot: date | None = None


@dataclass(frozen=True)
class File:
    """An EDEXML file: the whole truth for one year of a vestiging; `made` is when the LAS wrote it."""

    year: YearKey
    made: date
    rows: tuple[Row, ...]
    groepen: Mapping[str, int]
    """The jaargroep of each groep."""


@dataclass
class Known:
    """A person of a school: the key that leaves, for life, and what the last import said."""

    sent: str
    keys: set[str]
    eckid: str | None
    roepnaam: str | None
    achternaam: str | None
    geboortedatum: date | None


@dataclass
class Year:
    """A year as its last import left it."""

    made: date
    groepen: Mapping[str, int]
    rows: dict[int, Row]
    """By person. Of one who is held it is the row that was confirmed last."""
    held: set[int] = field(default_factory=set)


@dataclass
class School:
    """The records of one brincode; `copy` is what an undo goes back to."""

    persons: dict[int, Known] = field(default_factory=dict)
    years: dict[YearKey, Year] = field(default_factory=dict)

    def copy(self) -> "School":
        """Return these records as they are now."""
        return deepcopy(self)

    # An import.

    def has_too_many_questions(self, file: File) -> bool:
        """Return whether so many rows are contested that the import stops."""
        return len(self._match(file.rows)[1]) > max(MAX_HELD, len(file.rows) // 50)

    def is_older(self, file: File) -> bool:
        """Return whether the file is older than the one whose records are here, and says something else."""
        known = self.years.get(file.year)
        if "older" not in FEATURES or known is None or file.made >= known.made:
            return False
        after = self.copy()
        after.take(file)
        return after.years[file.year].rows != known.rows or after.persons != self.persons

    def take(self, file: File) -> None:
        """Make the year what the file says."""
        before = self.years.get(file.year, Year(file.made, {}, {}))
        after = Year(file.made, file.groepen, {})
        matched, contested = self._match(file.rows)
        freed = {id_: row for id_, row in matched.items() if row.eckid is not None}
        for id_, row in freed.items():  # all at once: a swap, a chain and a hand-over know no order
            self.persons[id_].eckid = row.eckid
        for id_, row in matched.items():
            person = self.persons[id_]
            for other in self.persons.values():  # a key of a source names one person: the one of its last row
                other.keys.discard(row.key)
            person.keys.add(row.key)
            person.roepnaam, person.achternaam, person.geboortedatum = row.roepnaam, row.achternaam, row.geboortedatum
            after.rows[id_] = row
        taken = {row.key for row in matched.values()} | {row.key for row, _ in contested}
        for row in file.rows:
            if row.key not in taken:
                id_ = max(self.persons, default=0) + 1
                names = (row.roepnaam, row.achternaam, row.geboortedatum)
                self.persons[id_] = Known(row.key, {row.key}, row.eckid, *names)
                after.rows[id_] = row
        for _, persons in contested:
            for id_ in persons:
                if id_ in before.rows and id_ not in after.rows:
                    after.rows[id_] = before.rows[id_]
                    after.held.add(id_)
        self.years[file.year] = after

    def _match(self, rows: Sequence[Row]) -> tuple[dict[int, Row], list[tuple[Row, set[int]]]]:
        """Return the rows of known persons, and the rows of which it is not certain who it is, with who it may be.

        Who is contested keeps its ECK-iD. So a row that counted on it may be contested too, until nothing changes.
        """
        uncertain: frozenset[str] = frozenset()
        while True:
            matched, contested = self._match_once(rows, uncertain)
            found = frozenset(row.key for row, _ in contested)
            if found <= uncertain:
                return matched, contested
            uncertain |= found

    def _match_once(
        self, rows: Sequence[Row], uncertain: frozenset[str]
    ) -> tuple[dict[int, Row], list[tuple[Row, set[int]]]]:
        matched: dict[int, Row] = {}
        contested: list[tuple[Row, set[int]]] = []
        for row in rows:
            by_key = next((id_ for id_, one in self.persons.items() if row.key in one.keys), None)
            by_eckid = next((i for i, one in self.persons.items() if row.eckid and one.eckid == row.eckid), None)
            if by_eckid not in (None, by_key) and self._lets_go(row, by_eckid, rows, uncertain):
                by_eckid = None
            who = {id_ for id_ in (by_key, by_eckid) if id_ is not None}
            if not who:
                continue
            if "identity" not in FEATURES or (by_key == by_eckid):
                matched[by_key if by_key is not None else next(iter(who))] = row
                continue
            fitting = [id_ for id_ in who if self._is_same(row, id_, rows)]
            if len(fitting) == 1 and by_eckid in (None, *fitting):
                matched[fitting[0]] = row
            else:
                contested.append((row, who))
        return matched, contested

    def _is_same(self, row: Row, id_: int, rows: Iterable[Row]) -> bool:
        """Return whether the names say that a row, of which the key or the ECK-iD agrees, is this person."""
        person = self.persons[id_]
        roepnaam, geboortedatum, achternaam = (
            None if None in pair else fold(pair[0]) == fold(pair[1])
            for pair in (
                (row.roepnaam, person.roepnaam),
                (row.geboortedatum, person.geboortedatum),
                (row.achternaam, person.achternaam),
            )
        )
        if roepnaam is False and self._is_somebody_else(row, id_, rows):
            return False
        agree = (roepnaam, geboortedatum, achternaam)
        if None not in agree:
            return agree.count(True) >= 2
        return bool(next((one for one in agree if one is not None), False))

    def _is_somebody_else(self, row: Row, id_: int, rows: Iterable[Row]) -> bool:
        """Return whether another person, known or in the file, has the roepnaam and the birth date of a row."""
        wanted = (fold(row.roepnaam), row.geboortedatum)
        known = ((fold(one.roepnaam), one.geboortedatum) for other, one in self.persons.items() if other != id_)
        return wanted in known or any(
            wanted == (fold(one.roepnaam), one.geboortedatum) for one in rows if one is not row
        )

    def _lets_go(self, row: Row, owner: int | None, rows: Iterable[Row], uncertain: frozenset[str]) -> bool:
        """Return whether who has the ECK-iD of a row is in the file with another one: a swap, a chain, a hand-over."""
        return (
            "identity" in FEATURES
            and owner is not None
            and any(
                one.key in self.persons[owner].keys
                and one.key not in uncertain
                and one.eckid not in (None, row.eckid)
                and self._is_same(one, owner, rows)
                for one in rows
            )
        )

    def forget(self, key: str) -> None:
        """Erase a person, named by a key, everywhere."""
        for id_ in [id_ for id_, one in self.persons.items() if key in one.keys]:
            del self.persons[id_]
            for year in self.years.values():
                year.rows.pop(id_, None)
                year.held.discard(id_)

    # An answer.

    def answer(self, year: YearKey, today: date) -> View | None:
        """Return what is answered for a year on a day; None: no data."""
        said, start = self.years.get(year), year[1]
        if said is None or not is_answered(start, today):
            return None
        first, last = date(start, 8, 1), date(start + 1, 7, 31)
        peildatum = max(first, min(today, last))
        leerlingen = {
            self.persons[id_].sent: _leerling(row, self.persons[id_], said.groepen)
            for id_, row in said.rows.items()
            if takes_part(row, start, peildatum)
        }
        if not leerlingen:
            return None
        groepen: dict[str, dict[str, object]] = {
            key: {"naam": f"Groep {key}", "jaargroep": str(jaargroep), "soort": "groep"}
            for key, jaargroep in said.groepen.items()
        }
        return {"leerlingen": leerlingen, "groepen": groepen, "leerkrachten": {}}


def is_answered(start: int, today: date) -> bool:
    """Return whether a year is answered on a day: the present one, the past one for a while, the next one from July."""
    present = today.year if today.month >= 8 else today.year - 1
    if start == present or "calendar" not in FEATURES:
        return True
    if start == present - 1:
        return today.month >= 8 and (today.month, today.day) <= PAST_UNTIL
    return start == present + 1 and NEXT_FROM <= (today.month, today.day) < (8, 1)


def takes_part(row: Row, start: int, peildatum: date) -> bool:
    """Return whether a leerling with a deelname is answered on a peildatum."""
    van, tot = row.van, row.tot
    if "calendar" not in FEATURES:
        return (van is None or van <= peildatum) and (tot is None or peildatum < tot)
    first, last = date(start, 8, 1), date(start + 1, 7, 31)
    if van is not None and first <= van <= date(start, *FIRST_SCHOOL_DAY) and _comes_with_the_year(row, first):
        van = first
    if tot == last == peildatum:
        tot = None
    under_four = row.geboortedatum is not None and fourth_birthday(row.geboortedatum) > peildatum
    return (van is None or van <= peildatum) and (tot is None or peildatum < tot) and not under_four


def _comes_with_the_year(row: Row, first: date) -> bool:
    if row.geboortedatum is None:
        return row.jaargroep > 1
    return fourth_birthday(row.geboortedatum) <= first


def fourth_birthday(born: date) -> date:
    """Return the day on which a child becomes four; one of 29 February becomes so on 1 March."""
    try:
        return born.replace(year=born.year + 4)
    except ValueError:
        return date(born.year + 4, 3, 1)


def fold(value: object) -> object:
    """Return a name without case, diacritics and hyphens; "." is unknown and equals nothing but itself."""
    if not isinstance(value, str):
        return value
    letters = unicodedata.normalize("NFD", value.casefold())
    return "".join(one for one in letters if one.isalnum())


def _leerling(row: Row, person: Known, groepen: Mapping[str, int]) -> dict[str, object]:
    said = {
        "eckid": person.eckid,
        "achternaam": row.achternaam,
        "roepnaam": row.roepnaam,
        "geboortedatum": row.geboortedatum and row.geboortedatum.isoformat(),
        "jaargroep": str(row.jaargroep),
        "groep": row.groep if row.groep in groepen else None,
        "instroomdatum": row.van and row.van.isoformat(),
        "uitstroomdatum": row.tot and row.tot.isoformat(),
    }
    return {name: value for name, value in said.items() if value is not None}


def with_key(row: Row, key: str) -> Row:
    """Return a row with another key."""
    return replace(row, key=key)
