"""The life of a school in its LAS, with the mistakes that a LAS has: what each export says on a day."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random

from support.edexml_files import eckid
from support.las_files import CSV_STYLES, csv_set, edexml_file
from support.school_model import Period, Place, Pupil, SchoolGroup, Teacher, YearKey, csv_says, edexml_says
from support.year_rules import Source
from uwlr_adapter.administratie.model import Delivery
from uwlr_adapter.administratie.sources.csv_set import csv_set as csv_source
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.clock import AMSTERDAM

START = 2026
"""The schooljaar that is lived through."""
FIRST, LAST = date(START, 8, 1), date(START + 1, 10, 15)
NAMES = "Zoë Bo Ole Ans Noor Daan Saar Finn Lotte Emre Ísak Amira Jan-Willem Fatima Kees Mila Sem Yara Tuur Liv".split()
ACHTERNAMEN = "Çelik Jansen Specht Ng El-Amrani Raaf Škoda Valk Mus Merel Putter Sijs Vink Kraai Reiger Uil".split()


@dataclass
class Child(Pupil):
    """A child as the LAS has it; `own` is the ECK-iD that it really has."""

    own: str = ""
    is_corrected: bool = False
    """Whether its achternaam or birth date was changed: with both of them it could be another child."""

    def is_here(self, brin6: str) -> bool:
        """Return whether it is enrolled without an end."""
        return any(one.brin6 == brin6 and one.tot is None for one in self.periods)

    def copy(self) -> "Child":
        """Return what the LAS says now."""
        periods = [replace(one) for one in self.periods]
        return replace(self, details=dict(self.details), periods=periods, places=dict(self.places))


@dataclass
class Colleague:
    """A leerkracht as the LAS has it."""

    key: str
    eckid: str | None
    roepnaam: str
    achternaam: str
    brin6: str
    number: int
    """Of the groep, in every year."""
    is_married: bool = False

    def in_year(self, year: YearKey, groups: dict[str, SchoolGroup]) -> Teacher:
        """Return the leerkracht in a year."""
        details = {
            "roepnaam": self.roepnaam,
            "achternaam": self.achternaam,
            "emailadres": f"{self.key}@school.example".lower(),
        }
        groep = group_key(year, self.number)
        return Teacher(self.key, self.eckid, details, ("IB",), [(groep, ("LRK",))] if groep in groups else [])


@dataclass(frozen=True)
class Export:
    """What a LAS delivers: for the rules, and for the importer."""

    source: Source
    deliveries: tuple[Delivery, ...] = field(repr=False)


def group_key(year: YearKey, number: int) -> str:
    """Return the key of the groep of a jaargroep in a year; 9 is the samengestelde groep."""
    return f"{year[1] % 100}-{number}"


class Life:
    """A school of one or two vestigingen; `day` is today, `door` is `edexml` or `csv`."""

    def __init__(self, brincode: str, seed: int, letter: str = "L", size: tuple[int, int] = (8, 16)) -> None:
        self.rng = Random(f"{brincode} {seed}")  # noqa: S311 - a seeded school is no secret
        self.brincode, self.letter = brincode, letter
        self.door = self.rng.choice(["edexml", "edexml", "csv"])
        self.day = FIRST
        self.brin6s = [f"{brincode}0{at}" for at in range(self.rng.choice([1, 1, 2]))]
        self.closed: list[str] = []
        self.pupils: list[Child] = []
        self.staff: list[Colleague] = []
        self.groups: dict[YearKey, dict[str, SchoolGroup]] = {}
        self._count = 0
        self._base = int.from_bytes(brincode.encode()) * 100_000
        for brin6 in self.brin6s:
            self.lay_out((brin6, START))
            for _ in range(self.rng.randint(*size)):
                self._enrol(brin6, self.rng.randint(1, 8), date(self.rng.randint(2019, 2025), 8, 1))
            for _ in range(self.rng.randint(2, 4)):
                self._appoint(brin6)
        self.twins()

    # What an export says.

    @property
    def teachers(self) -> dict[YearKey, dict[str, Teacher]]:
        """The leerkrachten of each year."""
        return {
            year: {one.key: one.in_year(year, groups) for one in self.staff if one.brin6 == year[0]}
            for year, groups in self.groups.items()
        }

    def years(self) -> list[YearKey]:
        """Return the years that the LAS exports: of each vestiging the present one, and the next once it is there."""
        return sorted(year for year in self.groups if year[1] >= self.current)

    def exports(self) -> Iterator[Export]:
        """Yield what the LAS delivers today: a file of a year, or a set, now and then of one vestiging only."""
        years = self.years()
        if self.door == "edexml":
            years = self.rng.sample(years, min(len(years), self.rng.choice([1, 1, 2])))
            yield from filter(None, map(self.edexml, years))
        elif self.rng.random() < 0.15:
            yield self.csv([self.rng.choice(years)])
        else:
            yield self.csv(years)

    def edexml(self, year: YearKey) -> Export | None:
        """Return the file of a year; None when it would hold nobody."""
        claim = edexml_says(self._copies(), *self._staffing(year), year, self.day)
        self.rng.shuffle(claim.pupils)
        made = datetime(self.day.year, self.day.month, self.day.day, 9, tzinfo=AMSTERDAM)
        data = edexml_file(year, claim, aanmaakdatum=made.isoformat())
        return Export(Source({year: claim}, self.day), (edexml.read(data),)) if claim.pupils else None

    def csv(self, years: Iterable[YearKey]) -> Export:
        """Return a set that lays out these years."""
        years, pupils = list(years), self._copies()
        for child in pupils:  # an enrolment of no day is in no record
            child.periods = [one for one in child.periods if one.tot is None or one.van is None or one.van < one.tot]
        claims = {year: csv_says(pupils, *self._staffing(year), year) for year in years}
        deliveries = csv_source.read(csv_set(self, years, self.rng.choice(CSV_STYLES)))
        return Export(Source(claims, None, tuple(pupils)), tuple(deliveries))

    def _copies(self) -> list[Child]:
        return [child.copy() for child in self.pupils]

    def _staffing(self, year: YearKey) -> tuple[list[SchoolGroup], list[Teacher]]:
        return list(self.groups[year].values()), list(self.teachers[year].values())

    # What happens to vestigingen.

    def lay_out(self, year: YearKey) -> None:
        """Make the groups of a year."""
        groups = [SchoolGroup(group_key(year, at), f"Groep {at}", str(at)) for at in range(1, 9)]
        groups.append(SchoolGroup(group_key(year, 9), "Plusklas", None))
        groups.append(SchoolGroup(group_key(year, 0), "Intern", "5", available=False))
        self.groups[year] = {group.key: group for group in groups}

    def close_vestiging(self) -> None:
        """Close the second vestiging: everybody goes to the first one, and a CSV set has no groups of it any more."""
        stays, goes = self.brin6s[0], self.brin6s[-1]
        if stays == goes or self.closed or self.day.month == 8:
            return
        self.closed.append(goes)
        for child in self.pupils:
            if child.is_here(goes):
                self._move(child, goes, stays)
        for one in self.staff:
            one.brin6 = stays if one.brin6 == goes else one.brin6
        for year in [year for year in self.groups if year[0] == goes]:
            if self.door == "csv" or year[1] > self.current:
                del self.groups[year]

    def renumber(self, brin6s: dict[str, str], *, new_keys: bool) -> None:
        """Go into another brincode, with keys of the LAS there or with those of before."""
        self.brincode = next(iter(brin6s.values()))[:4]
        self.brin6s = [brin6s[one] for one in self.brin6s]
        self.closed = [brin6s[one] for one in self.closed]
        self.groups = {(brin6s[brin6], start): groups for (brin6, start), groups in self.groups.items()}
        for child in self.pupils:
            child.places = {(brin6s[brin6], start): one for (brin6, start), one in child.places.items()}
            for period in child.periods:
                period.brin6 = brin6s[period.brin6]
            child.key = f"F{child.key}" if new_keys else child.key
        for colleague in self.staff:
            colleague.brin6 = brin6s[colleague.brin6]
            colleague.key = f"F{colleague.key}" if new_keys else colleague.key

    def receive(self, child: Child, *, key: str | None) -> None:
        """Enrol a child that comes from another school; with a key it has that one, and no ECK-iD."""
        new = self._enrol(self._open(), 4, self.day)
        new.details, new.own = dict(child.details), child.own
        new.eckid = child.own if key is None else None
        new.key = new.key if key is None or any(one.key == key for one in self.pupils) else key

    def _open(self) -> str:
        return self.rng.choice([one for one in self.brin6s if one not in self.closed])

    # The children.

    def _enrol(self, brin6: str, jaargroep: int, van: date, start: int = START) -> Child:
        self._count += 1
        number, rng = self._count, self.rng
        own = eckid(self._base + number)
        known = {(one.details["roepnaam"], one.details["geboortedatum"]) for one in self.pupils}
        while True:  # nobody else has both by chance: a twin is an event of its own
            roepnaam = rng.choice(NAMES)
            born = date(start - 3 - jaargroep, rng.randint(1, 12), rng.randint(1, 28)).isoformat()
            if (roepnaam, born) not in known:
                break
        child = Child(
            number=number,
            key=f"{self.letter}{number}",
            eckid=own if rng.random() < 0.8 else None,
            details={
                "achternaam": rng.choice(ACHTERNAMEN),
                "voorvoegsel": rng.choice(["", "", "van der"]),
                "roepnaam": roepnaam,
                "geboortedatum": born if rng.random() < 0.95 else "",
                "geslacht": rng.choice("12"),
            },
            periods=[Period(brin6, van)],
            own=own,
        )
        self._place(child, (brin6, start), jaargroep)
        self.pupils.append(child)
        return child

    def _place(self, child: Child, year: YearKey, jaargroep: int) -> None:
        if year not in self.groups:
            self.lay_out(year)
        places = [Place(group_key(year, jaargroep), self.rng.choice([None, str(jaargroep)]))]
        if self.rng.random() < 0.1:
            places.append(Place(group_key(year, 9)))
        if self.rng.random() < 0.05:
            places = [Place(group_key(year, 0))]
        child.places[year] = places

    def _appoint(self, brin6: str) -> Colleague:
        self._count += 1
        number, rng = self._count, self.rng
        key = f"{self.letter}M{number}"
        known = eckid(self._base + 90_000 + number) if rng.random() < 0.5 else None
        one = Colleague(key, known, rng.choice(NAMES), rng.choice(ACHTERNAMEN), brin6, rng.randint(1, 9))
        self.staff.append(one)
        return one

    @property
    def current(self) -> int:
        """The schooljaar of today."""
        return self.day.year if self.day.month >= 8 else self.day.year - 1

    def here(self) -> list[tuple[Child, YearKey]]:
        """Return the children of this year who have not left."""
        return [
            (child, year)
            for child in self.pupils
            for year in child.places
            if year[1] == self.current and child.is_here(year[0])
        ]

    def _somebody(self) -> tuple[Child, YearKey] | None:
        here = self.here()
        return self.rng.choice(here) if here else None

    def _end(self, child: Child, brin6: str, day: date) -> None:
        for one in child.periods:
            if one.brin6 == brin6 and one.tot is None:
                one.tot = day

    def _move(self, child: Child, brin6: str, other: str) -> None:
        year = (brin6, self.current)
        self._end(child, brin6, self.day)
        child.periods.append(Period(other, self.day))
        jaargroep = int(next((one.groep or "4" for one in child.places.get(year, [])), "4")[-1])
        self._place(child, (other, self.current), jaargroep if 0 < jaargroep < 9 else 5)

    # The events.

    def live(self) -> None:
        """Live one day: some things happen."""
        events: list[tuple[float, Callable[[], object]]] = [
            (0.3, self.arrive),
            (0.2, self.leave),
            (0.2, self.move_group),
            (0.2, self.respell),
            (0.1, self.correct_date),
            (0.2, self.eckid_arrives),
            (0.1, self.eckid_left_out),
            (0.1, self.eckid_mistaken),
            (0.2, self.eckid_corrected),
            (0.1, self.rekey),
            (0.05, self.twins),
            (0.1, self.swap_eckids),
            (0.2, self.swap_back),
            (0.1, self.move_vestiging),
            (0.02, self.close_vestiging),
            (0.1, self.reuse_key),
            (0.05, self.pass_key),
            (0.3, self.mend_key),
            (0.05, self.register_twice),
            (0.1, self.drop_double),
            (0.1, self.staff_changes),
            (0.01, self.new_door),
        ]
        for chance, event in events:
            if self.rng.random() < chance:
                event()
        if self.day >= date(START + 1, 5, 1):
            self.plan()

    def arrive(self) -> None:
        """Enrol a child, today or soon; many are just four, some not yet."""
        van = self.day + timedelta(self.rng.choice([0, 0, 3, 20]))
        start = van.year if van.month >= 8 else van.year - 1
        if start <= self.current or (self._open(), start) in self.groups:
            self._enrol(self._open(), self.rng.choice([1, 1, 1, 2, 5]), van, start)

    def leave(self) -> None:
        """End an enrolment, today or soon."""
        if found := self._somebody():
            child, year = found
            self._end(child, year[0], self.day + timedelta(self.rng.choice([0, 1, 9])))

    def move_group(self) -> None:
        """Move a child to another groep."""
        if found := self._somebody():
            self._place(*found, self.rng.randint(1, 8))

    def respell(self) -> None:
        """Write a name otherwise, or change the achternaam."""
        if found := self._somebody():
            child, said = found[0], found[0].details
            if self.rng.random() < 0.5 or child.is_corrected:
                roepnaam = said["roepnaam"]
                said["roepnaam"] = self.rng.choice([roepnaam.upper(), roepnaam.replace("-", " "), roepnaam.title()])
            else:
                said["achternaam"] = self.rng.choice([said["achternaam"].lower(), self.rng.choice(ACHTERNAMEN)])
                child.is_corrected = True

    def correct_date(self) -> None:
        """Correct a birth date."""
        if found := self._somebody():
            child, said = found[0], found[0].details
            if said["geboortedatum"] and not child.is_corrected:
                said["geboortedatum"] = f"{said['geboortedatum'][:8]}{self.rng.randint(1, 28):02}"
                child.is_corrected = True

    def eckid_arrives(self) -> None:
        """Set the ECK-iD of a child that had none."""
        taken = {child.eckid for child in self.pupils}
        without = [child for child, _ in self.here() if child.eckid is None and child.own not in taken]
        if without:
            child = self.rng.choice(without)
            child.eckid = child.own

    def eckid_left_out(self) -> None:
        """Export a child without the ECK-iD that it had."""
        if found := self._somebody():
            found[0].eckid = None

    def eckid_mistaken(self) -> None:
        """Set an ECK-iD that is nobody's."""
        if found := self._somebody():
            self._count += 1
            found[0].eckid = eckid(self._base + 50_000 + self._count)

    def eckid_corrected(self) -> None:
        """Correct one."""
        taken = {child.eckid for child in self.pupils}
        wrong = [child for child in self.pupils if child.eckid not in (None, child.own) and child.own not in taken]
        if wrong:
            child = self.rng.choice(wrong)
            child.eckid = child.own

    def rekey(self) -> None:
        """Change the key of a child with an ECK-iD of its own."""
        found = self._somebody()
        if found and found[0].eckid == found[0].own:
            self._count += 1
            found[0].key = f"N{self.letter}{self._count}"

    def twins(self) -> None:
        """Enrol the twin of a child: the same achternaam and birth date."""
        if found := self._somebody():
            child, year = found
            twin = self._enrol(year[0], 4, self.day if self._count > 40 else date(START - 1, 8, 1), year[1])
            born = child.details["geboortedatum"]
            same = [one.details["roepnaam"] for one in self.pupils if one.details["geboortedatum"] == born]
            others = [name for name in NAMES if name not in same]
            twin.details |= {
                "achternaam": child.details["achternaam"],
                "geboortedatum": born,
                "roepnaam": self.rng.choice(others),
            }

    def swap_eckids(self) -> None:
        """Swap, for two children of one vestiging, each other's ECK-iD."""
        found = self._somebody()
        if found is None:
            return
        child, year = found
        with_own = [one for one in self.pupils if year in one.places and one.eckid == one.own and one is not child]
        if child.eckid == child.own and with_own:
            other = self.rng.choice(with_own)
            child.eckid, other.eckid = other.eckid, child.eckid

    def swap_back(self) -> None:
        """Swap them back."""
        for child in self.pupils:
            for other in self.pupils:
                if child is not other and (child.eckid, other.eckid) == (other.own, child.own):
                    child.eckid, other.eckid = child.own, other.own
                    return

    def move_vestiging(self) -> None:
        """Move a child to the other vestiging, as of today."""
        found = self._somebody()
        if found is None or len(self.brin6s) == 1 or self.closed:
            return
        child, year = found
        other = self.brin6s[year[0] == self.brin6s[0]]
        if (other, year[1]) not in child.places:
            self._move(child, year[0], other)

    def _gone(self) -> list[Child]:
        return [child for child in self.pupils if all(one.tot and one.tot < self.day for one in child.periods)]

    def reuse_key(self) -> None:
        """Give the key of a child who left, and is in the LAS no more, to a new one."""
        if (left := self._gone()) and self.current == START:
            gone = self.rng.choice(left)
            self.pupils.remove(gone)
            new = self._enrol(self._open(), 3, self.day)
            new.key, new.eckid = gone.key, self.rng.choice([new.own, None])

    def pass_key(self) -> None:
        """Give the key of a child who is still there, and gets another one, to a new child."""
        found = self._somebody()
        if found and found[0].eckid == found[0].own and self.current == START:
            child, year = found
            new = self._enrol(year[0], 3, self.day)
            new.key, child.key = child.key, f"N{self.letter}{new.number}"

    def mend_key(self) -> None:
        """Give a child with a key of somebody else a key of its own."""
        for child in self.pupils:
            if child.key.startswith(self.letter) and child.key != f"{self.letter}{child.number}":
                child.key = f"M{child.number}"
                return

    def register_twice(self) -> None:
        """Enter a child of this school again, under a new key and without ECK-iD."""
        found = self._somebody()
        if found and self.current == START:
            child, year = found
            new = self._enrol(year[0], 4, self.day)
            new.details, new.own, new.eckid = dict(child.details), child.own, None

    def drop_double(self) -> None:
        """Take one of two records of a child out."""
        owners: dict[str, Child] = {}
        for child in self.pupils:
            if child.own in owners:
                self.pupils.remove(self.rng.choice([child, owners[child.own]]))
                return
            owners[child.own] = child

    def staff_changes(self) -> None:
        """Change a leerkracht: marry, come, go, get another key, or have the key of one who went."""
        one = self.rng.choice(self.staff)
        chosen = self.rng.random()
        if chosen < 0.3:
            one.achternaam = self.rng.choice(ACHTERNAMEN)
        elif chosen < 0.4:
            one.roepnaam = one.roepnaam.upper()
        elif chosen < 0.55:
            self._appoint(self._open())
        elif chosen < 0.7 and one.eckid:
            self._count += 1
            one.key = f"N{self.letter}M{self._count}"
        elif chosen < 0.85 and len(self.staff) > 2:
            self.staff.remove(one)
        elif len(self.staff) > 2:
            self.staff.remove(one)
            self._appoint(self._open()).key = one.key
        else:
            one.number = self.rng.randint(1, 9)

    def new_door(self) -> None:
        """Get another LAS, which exports in the other form, with the same keys."""
        self.door = "csv" if self.door == "edexml" else "edexml"

    def plan(self) -> None:
        """Place each child in the next year, a jaargroep up; groep 8 leaves on the last day of July or the next one."""
        for child, year in self.here():
            following = (year[0], year[1] + 1)
            if year[1] != START or following in child.places or self.rng.random() < 0.5 or year[0] in self.closed:
                continue
            jaargroep = int((child.places[year][0].groep or "4")[-1])
            if jaargroep == 8:
                self._end(child, year[0], date(START + 1, *self.rng.choice([(7, 31), (8, 1)])))
            else:
                self._place(child, following, min(jaargroep + 1, 8))
        if self.rng.random() < 0.3 and self.day < date(START + 1, 8, 1):
            self._enrol(self._open(), 1, date(START + 1, 8, self.rng.randint(1, 30)), START + 1)
