"""The life of a school in its LAS, with the mistakes that a LAS has: what each export says on a day."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING

from support import year_rules
from support.edexml_files import eckid
from support.school_model import YearKey
from support.year_rules import File, Row

if TYPE_CHECKING:
    from collections.abc import Callable

START = 2026
"""The schooljaar that is lived through."""
FIRST, LAST = date(START, 8, 1), date(START + 1, 10, 15)
NAMES = "Zoë Bo Ole Ans Noor Daan Saar Finn Lotte Emre Ísak Amira Jan-Willem Fatima Kees Mila Sem Yara Tuur Liv".split()
ACHTERNAMEN = "Çelik Jansen Specht Ng El-Amrani Raaf Škoda Valk Mus Merel Putter Sijs Vink Kraai Reiger Uil".split()


@dataclass
class Child:
    """A child as the LAS has it; `own` is the ECK-iD that it really has."""

    number: int
    key: str
    own: str
    eckid: str | None
    roepnaam: str
    achternaam: str
    born: date
    places: dict[YearKey, Row] = field(default_factory=dict)
    """What the LAS says of it in each year; keys and names in these rows are not used."""
    corrected: bool = False
    """Whether its achternaam or birth date was changed: with both of them it could be another child."""


class Life:
    """A school of one or two vestigingen; `day` is today."""

    def __init__(self, brincode: str, seed: int) -> None:
        self.rng = Random(f"{brincode} {seed}")  # noqa: S311 - a seeded school is no secret
        self.day = FIRST
        self.brin6s = [f"{brincode}0{at}" for at in range(self.rng.choice([1, 1, 2]))]
        self.children: list[Child] = []
        self._count = 0
        self._base = int.from_bytes(brincode.encode()) * 100_000
        for brin6 in self.brin6s:
            for _ in range(self.rng.randint(8, 16)):
                self._enrol(brin6, self.rng.randint(1, 8), date(self.rng.randint(2019, 2025), 8, 1))
        self.twins()

    # What an export says.

    def file(self, year: YearKey) -> File:
        """Return the export of a year."""
        rows = [
            replace(
                child.places[year],
                key=child.key,
                eckid=child.eckid,
                roepnaam=child.roepnaam,
                achternaam=child.achternaam,
                geboortedatum=child.born,
            )
            for child in self.children
            if year in child.places
        ]
        self.rng.shuffle(rows)
        return File(year, self.day, tuple(rows), {f"{year[1] % 100}-{at}": at for at in range(1, 9)})

    def years(self) -> list[YearKey]:
        """Return the years that have somebody."""
        return sorted({year for child in self.children for year in child.places})

    # The children.

    def _enrol(self, brin6: str, jaargroep: int, van: date, start: int = START) -> Child:
        self._count += 1
        number, rng = self._count, self.rng
        own = eckid(self._base + number)
        known = {(one.roepnaam, one.born) for one in self.children}
        while True:  # nobody else has both by chance: a twin is an event of its own
            roepnaam = rng.choice(NAMES)
            born = date(start - 3 - jaargroep, rng.randint(1, 12), rng.randint(1, 28))
            if (roepnaam, born) not in known:
                break
        child = Child(
            number, f"L{number}", own, own if rng.random() < 0.8 else None, roepnaam, rng.choice(ACHTERNAMEN), born
        )
        self._place(child, (brin6, start), jaargroep, van)
        self.children.append(child)
        return child

    @staticmethod
    def _place(child: Child, year: YearKey, jaargroep: int, van: date | None, tot: date | None = None) -> None:
        groep = f"{year[1] % 100}-{jaargroep}"
        child.places[year] = Row("", None, None, None, None, jaargroep, groep, van, tot)

    @property
    def current(self) -> int:
        """The schooljaar of today."""
        return self.day.year if self.day.month >= 8 else self.day.year - 1

    def _here(self) -> list[tuple[Child, YearKey]]:
        """Return the children of this year who have not left."""
        return [
            (child, year)
            for child in self.children
            for year, row in child.places.items()
            if year[1] == self.current and row.tot is None
        ]

    def _somebody(self) -> tuple[Child, YearKey] | None:
        here = self._here()
        return self.rng.choice(here) if here else None

    # The events.

    def live(self) -> None:
        """Let some things happen today."""
        events: list[tuple[float, Callable[[], None], str | None]] = [
            (0.3, self.arrive, None),
            (0.2, self.leave, None),
            (0.2, self.move_group, None),
            (0.2, self.respell, None),
            (0.1, self.correct_date, None),
            (0.2, self.eckid_arrives, None),
            (0.1, self.eckid_mistaken, None),
            (0.2, self.eckid_corrected, None),
            (0.1, self.rekey, None),
            (0.05, self.twins, None),
            (0.1, self.swap_eckids, "identity"),
            (0.2, self.swap_back, "identity"),
            (0.1, self.move_vestiging, "identity"),
            (0.1, self.reuse_key, "identity"),
            (0.3, self.mend_key, "identity"),
        ]
        for chance, event, needs in events:
            if self.rng.random() < chance and (needs is None or needs in year_rules.FEATURES):
                event()
        if self.day >= date(START + 1, 5, 1):
            self.plan()

    def arrive(self) -> None:
        """Enrol a child, today or soon; many are just four, some not yet."""
        van = self.day + timedelta(self.rng.choice([0, 0, 3, 20]))
        if van.year <= START + 1 and (van < date(START + 1, 8, 1) or self.current > START):
            start = van.year if van.month >= 8 else van.year - 1
            self._enrol(self.rng.choice(self.brin6s), self.rng.choice([1, 1, 1, 2, 5]), van, start)

    def leave(self) -> None:
        """End an enrolment, today or soon."""
        if found := self._somebody():
            child, year = found
            child.places[year] = replace(child.places[year], tot=self.day + timedelta(self.rng.choice([0, 1, 9])))

    def move_group(self) -> None:
        """Move a child to another groep."""
        if found := self._somebody():
            child, year = found
            groep = f"{year[1] % 100}-{self.rng.randint(1, 8)}"
            child.places[year] = replace(child.places[year], groep=groep)

    def respell(self) -> None:
        """Write a name otherwise, or change the achternaam."""
        if found := self._somebody():
            child = found[0]
            if self.rng.random() < 0.5 or child.corrected:
                child.roepnaam = self.rng.choice([child.roepnaam.upper(), child.roepnaam.replace("-", " ")])
            else:
                child.achternaam = self.rng.choice([child.achternaam.lower(), self.rng.choice(ACHTERNAMEN)])
                child.corrected = True

    def correct_date(self) -> None:
        """Correct a birth date, of nobody who has a namesake born on the new day."""
        if found := self._somebody():
            child = found[0]
            born = child.born.replace(day=self.rng.randint(1, 28))
            if not child.corrected and all((one.roepnaam, one.born) != (child.roepnaam, born) for one in self.children):
                child.born, child.corrected = born, True

    def eckid_arrives(self) -> None:
        """Give a child its ECK-iD."""
        without = [child for child, _ in self._here() if child.eckid is None]
        if without:
            child = self.rng.choice(without)
            if all(one.eckid != child.own for one in self.children):
                child.eckid = child.own

    def eckid_mistaken(self) -> None:
        """Give a child an ECK-iD that is nobody's."""
        if found := self._somebody():
            self._count += 1
            found[0].eckid = eckid(self._base + 50_000 + self._count)

    def eckid_corrected(self) -> None:
        """Correct one."""
        taken = {child.eckid for child in self.children}
        wrong = [child for child in self.children if child.eckid not in (None, child.own) and child.own not in taken]
        if wrong:
            child = self.rng.choice(wrong)
            child.eckid = child.own

    def rekey(self) -> None:
        """Change the key of a child with an ECK-iD of its own."""
        found = self._somebody()
        if found and found[0].eckid == found[0].own:
            self._count += 1
            found[0].key = f"N{self._count}"

    def twins(self) -> None:
        """Enrol the twin of a child: the same achternaam and birth date."""
        if found := self._somebody():
            child, year = found
            row = child.places[year]
            twin = self._enrol(year[0], row.jaargroep, self.day, year[1])
            same = [one.roepnaam for one in self.children if one.born == child.born]
            others = [name for name in NAMES if name not in same]
            twin.achternaam, twin.born, twin.roepnaam = child.achternaam, child.born, self.rng.choice(others)

    def swap_eckids(self) -> None:
        """Give two children of one vestiging each other's ECK-iD."""
        found = self._somebody()
        if found is None:
            return
        child, year = found
        with_own = [one for one in self.children if year in one.places and one.eckid == one.own and one is not child]
        if child.eckid == child.own and with_own:
            other = self.rng.choice(with_own)
            child.eckid, other.eckid = other.eckid, child.eckid

    def swap_back(self) -> None:
        """Give each its own again."""
        for child in self.children:
            for other in self.children:
                if child is not other and (child.eckid, other.eckid) == (other.own, child.own):
                    child.eckid, other.eckid = child.own, other.own
                    return

    def move_vestiging(self) -> None:
        """Move a child to the other vestiging."""
        found = self._somebody()
        if found is None or len(self.brin6s) == 1:
            return
        child, year = found
        other = self.brin6s[year[0] == self.brin6s[0]]
        if (other, year[1]) not in child.places and child.eckid == child.own:
            row = child.places[year]
            child.places[year] = replace(row, tot=self.day)
            self._place(child, (other, year[1]), row.jaargroep, self.day)

    def reuse_key(self) -> None:
        """Give the key of a child who left, and is in the LAS no more, to a new one."""
        left = [
            child for child in self.children if all(row.tot and row.tot < self.day for row in child.places.values())
        ]
        if left and self.current == START:
            gone = self.rng.choice(left)
            self.children.remove(gone)
            new = self._enrol(self.rng.choice(self.brin6s), 3, self.day)
            new.key = gone.key
            new.eckid = new.own

    def mend_key(self) -> None:
        """Give a child with a key of somebody else a key of its own."""
        for child in self.children:
            if child.key.startswith("L") and child.key != f"L{child.number}":
                child.key = f"M{child.number}"
                return

    def plan(self) -> None:
        """Place each child in the next year, a jaargroep up; groep 8 leaves on the last day of July."""
        for child, year in self._here():
            following = (year[0], year[1] + 1)
            row = child.places[year]
            if year[1] != START or following in child.places or self.rng.random() < 0.5:
                continue
            if row.jaargroep == 8:
                child.places[year] = replace(row, tot=date(START + 1, 7, 31))
            else:
                self._place(child, following, row.jaargroep + 1, row.van)
        if self.rng.random() < 0.3 and self.day < date(START + 1, 8, 1):
            self._enrol(self.rng.choice(self.brin6s), 1, date(START + 1, 8, self.rng.randint(1, 30)), START + 1)
