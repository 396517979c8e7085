"""A school of two vestigingen that lives: seeded events, day by day, in its own administration (the LAS)."""

from copy import deepcopy
from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING

from support.edexml_files import eckid
from support.school_model import Period, Place, Pupil, SchoolGroup, Teacher, YearKey

if TYPE_CHECKING:
    from collections.abc import Callable

BRIN6S = ("21QW00", "21QW01")
START = 2026
"""The schooljaar that is lived through: from 1 August of this year on."""
NAMES = "Zoë Bo Ole Ans Noor Daan Saar Finn Lotte Emre Ísak Amira".split()
ACHTERNAMEN = ["Çelik", "Jansen", "Pietersen & Zn", "Ng", "El Amrani", 'O"Brien', "Ter; Horst", "Škoda"]


class SchoolLife:
    """The administration of a school; `day` is today."""

    def __init__(self, seed: int, number: int) -> None:
        self.rng = Random(seed)  # noqa: S311 - a seeded school is no secret
        self.day = date(START, 8, 1)
        self.pupils: list[Pupil] = []
        self.groups: dict[YearKey, dict[str, SchoolGroup]] = {}
        self.teachers: dict[YearKey, dict[str, Teacher]] = {}
        self._counter = 0
        for brin6 in BRIN6S:
            for start in (START - 1, START):
                self.lay_out((brin6, start))
        for _ in range(number):
            self.enrol(self.rng.choice(BRIN6S), self._earlier(), ago=True)

    def _earlier(self) -> date:
        return date(self.rng.randint(START - 4, START - 1), self.rng.choice([1, 3, 8, 10]), self.rng.randint(1, 28))

    def lay_out(self, year: YearKey) -> None:
        """Make the groups of a year and its leerkrachten: a group for 1/2, one a jaargroep, and two across."""
        brin6, start = year
        tag = f"{start % 100}{brin6[-1]}"
        groups = [SchoolGroup(f"{tag}-C", "1/2", "C")] + [
            SchoolGroup(f"{tag}-{n}", f"Groep {n}", str(n)) for n in range(3, 9)
        ]
        groups += [SchoolGroup(f"{tag}-plus", "Plusklas", None), SchoolGroup(f"{tag}-taal", "Taalklas", None)]
        self.groups[year] = {group.key: group for group in groups}
        self.teachers[year] = {}
        for n, group in enumerate(groups):
            self.appoint(year, f"M{n}" if n < 3 else f"M{brin6[-1]}{n}", group.key)

    def appoint(self, year: YearKey, key: str, groep: str | None) -> None:
        """Add a leerkracht to a year."""
        details = {"achternaam": f"Leraar {key}", "emailadres": f"{key}@school.example".lower()}
        groepen = [] if groep is None else [(groep, self.rng.choice([(), ("LRK",), ("OWA", "STA")]))]
        number = int.from_bytes(f"leraar {key}".encode())
        rollen = self.rng.choice([(), ("IB",), ("DIR", "ICT")])
        self.teachers[year][key] = Teacher(key, eckid(number), details, rollen, groepen)

    def enrol(self, brin6: str, van: date | None, *, ago: bool = False) -> Pupil:
        """Enrol a new leerling with a place in this year, and with `ago` in the last one too."""
        self._counter += 1
        number, rng = self._counter, self.rng
        pupil = Pupil(
            number=number,
            key=f"L{number:04}",
            eckid=None if number % 10 == 0 else eckid(number),
            details={
                "achternaam": rng.choice(ACHTERNAMEN),
                "voorvoegsel": rng.choice(["", "", "van der"]),
                "roepnaam": rng.choice(NAMES),
                "geboortedatum": self._born(number),
                "geslacht": rng.choice("12"),
            },
            periods=[Period(brin6, van)],
        )
        self.pupils.append(pupil)
        jaargroep = rng.randint(1, 8)
        if ago and jaargroep > 1:
            self.place(pupil, (brin6, START - 1), jaargroep - 1)
        self.place(
            pupil, (brin6, self.current_year if van is None or van.year <= START else self.year_of(van)), jaargroep
        )
        return pupil

    def _born(self, number: int) -> str:
        """Return a birth date; of some it is not known, and some become four in the course of this year or the next."""
        born = date(self.rng.randint(2014, 2022), self.rng.randint(1, 12), self.rng.randint(1, 28))
        if number % 13 == 0:
            return ""
        return (born.replace(year=self.rng.choice([2022, 2023])) if number % 5 == 0 else born).isoformat()

    @property
    def current_year(self) -> int:
        """The schooljaar of today."""
        return self.year_of(self.day)

    @staticmethod
    def year_of(day: date) -> int:
        """Return the schooljaar of a day."""
        return day.year if day.month >= 8 else day.year - 1

    def place(self, pupil: Pupil, year: YearKey, jaargroep: int | None = None) -> None:
        """Place a leerling in a year that has groups: in a stamgroep, and at times in a samengestelde groep too."""
        home_group = [group for group in self.groups.get(year, {}).values() if group.jaargroep is not None]
        if not home_group:
            return
        wanted = [group for group in home_group if group.jaargroep == str(jaargroep)]
        group = self.rng.choice(wanted or home_group)
        if jaargroep in (1, 2):
            group = next((one for one in home_group if one.jaargroep == "C"), group)
        told = 0.8 if group.jaargroep == "C" else 0.3  # of a combination group somebody's own jaargroep may be missing
        own = str(jaargroep or self.rng.randint(1, 8)) if self.rng.random() < told else None
        places = [Place(group.key, own)]
        extra = [one for one in self.groups[year].values() if one.jaargroep is None]
        self.rng.shuffle(extra)
        places += [Place(one.key, self.rng.choice([None, "5"])) for one in extra if self.rng.random() < 0.15]
        if self.rng.random() < 0.1:
            places.reverse()
        if self.rng.random() < 0.05:
            places = [Place(None, str(jaargroep or 4))]
        pupil.places[year] = places

    def here(self, brin6: str | None = None) -> list[tuple[Pupil, Period]]:
        """Return the leerlingen who are enrolled today with an open end."""
        return [
            (pupil, period)
            for pupil in self.pupils
            for period in pupil.periods
            if period.covers(self.day) and period.tot is None and brin6 in (None, period.brin6)
        ]

    def copy(self) -> "SchoolLife":
        """Return the administration as it is at this moment."""
        return deepcopy(self)

    # The events: each does one thing that happens at a school, when there is something to do it to.

    def arrive(self) -> None:
        """Enrol a new leerling, today or soon."""
        van = self.day + timedelta(self.rng.choice([0, 0, 1, 7, 30]))
        self.enrol(self.rng.choice(BRIN6S), van)

    def leave(self) -> None:
        """End an enrolment, today or soon; the place in the group stays as it was."""
        if found := self._somebody():
            found[1].tot = self.day + timedelta(self.rng.choice([0, 1, 7])) if found[1].van != self.day else None

    def _somebody(self) -> tuple[Pupil, Period] | None:
        here = self.here()
        return self.rng.choice(here) if here else None

    def move_group(self) -> None:
        """Move a leerling to another group."""
        if found := self._somebody():
            self.place(found[0], (found[1].brin6, self.current_year))

    def move_vestiging(self) -> None:
        """Move a leerling to the other vestiging; the place at the old one stays in the administration."""
        found = self._somebody()
        if found is None or found[0].number % 7 == 0 or found[1].van == self.day:
            return
        pupil, period = found
        other = BRIN6S[period.brin6 == BRIN6S[0]]
        if any(one.brin6 == other and (one.tot is None or one.tot > self.day) for one in pupil.periods):
            return
        period.tot = self.day
        pupil.periods.append(Period(other, self.day))
        self.place(pupil, (other, self.current_year))

    def also_there(self) -> None:
        """Enrol a leerling at a second vestiging too, as a guest or not."""
        found = self._somebody()
        if found is None or found[0].number % 7 == 0:
            return
        pupil, period = found
        other = BRIN6S[period.brin6 == BRIN6S[0]]
        if all(one.brin6 != other for one in pupil.periods):
            until = self.rng.choice([None, self.day + timedelta(20)])
            pupil.periods.append(Period(other, self.day, until, gast=self.rng.random() < 0.5))
            self.place(pupil, (other, self.current_year))

    def rename(self) -> None:
        """Change the name of a leerling, of whom nobody corrects the date: so it stays certain who it is.

        Without a date of birth (`_born`) only the roepnaam says who a leerling with a new key is: it stays.
        """
        found = self._somebody()
        if found and found[0].number % 2:
            if found[0].details["geboortedatum"]:
                self._tell(found[0], roepnaam=self.rng.choice(NAMES))
            found[0].details["voorvoegsel"] = self.rng.choice(["", "de"])

    def _tell(self, pupil: Pupil, **details: str) -> None:
        """Change details of a leerling, unless somebody else has that roepnaam and that date of birth."""
        names = ("roepnaam", "geboortedatum")
        wanted = {**pupil.details, **details}
        if all(any(one.details[name] != wanted[name] for name in names) for one in self.pupils if one is not pupil):
            pupil.details.update(details)

    def correct(self) -> None:
        """Correct a date of birth, or a day of enrolment."""
        if not (found := self._somebody()):
            return
        if found[0].number % 2 == 0:
            self._tell(found[0], geboortedatum=date(2018, 2, self.rng.randint(1, 28)).isoformat())
        if len(found[0].periods) == 1:
            found[1].van = self.rng.choice([None, self.day - timedelta(self.rng.randint(0, 400))])

    def come_back(self) -> None:
        """Enrol a leerling who left again, with an ECK-iD perhaps under another key."""
        gone = [
            pupil for pupil in self.pupils if all(one.tot is not None and one.tot <= self.day for one in pupil.periods)
        ]
        if gone:
            pupil = self.rng.choice(gone)
            same = pupil.number % 7 == 0 or self.rng.random() < 0.5
            brin6 = pupil.periods[-1].brin6 if same else self.rng.choice(BRIN6S)
            pupil.periods.append(Period(brin6, self.day))
            self.place(pupil, (brin6, self.current_year))
            self._rekey(pupil)

    def _rekey(self, pupil: Pupil) -> None:
        if pupil.eckid is not None and pupil.number % 7 and pupil.number % 10 and self.rng.random() < 0.7:
            self._counter += 1
            pupil.key = f"N{self._counter:04}"

    def rekey(self) -> None:
        """Change the key of a leerling in the LAS."""
        if found := self._somebody():
            self._rekey(found[0])

    def change_eckid(self) -> None:
        """Add, correct or remove the ECK-iD of a leerling, while key and vestiging stay."""
        late = [pupil for pupil, _ in self.here() if pupil.number % 10 == 0 or pupil.number % 7 == 0]
        if late:
            pupil = self.rng.choice(late)
            self._counter += 1
            if pupil.eckid is None or pupil.number % 7 == 0:
                lost = pupil.number % 7 == 0 and self.rng.random() < 0.3
                pupil.eckid = None if lost else eckid(500_000 + self._counter)

    def close_group(self) -> None:
        """End a stamgroep: its leerlingen go to another one and its leerkrachten lose it."""
        year = (self.rng.choice(BRIN6S), self.current_year)
        home_group = [group for group in self.groups.get(year, {}).values() if group.jaargroep not in (None, "C")]
        if len(home_group) < 5:
            return
        gone = self.rng.choice(home_group)
        del self.groups[year][gone.key]
        for pupil in self.pupils:
            if any(place.groep == gone.key for place in pupil.places.get(year, [])):
                self.place(pupil, year)
        for teacher in self.teachers[year].values():
            teacher.groepen = [one for one in teacher.groepen if one[0] != gone.key]

    def toggle(self) -> None:
        """Make a group available to koppelingen, or no longer."""
        year = self.rng.choice(list(self.groups))
        group = self.rng.choice(list(self.groups[year].values()))
        group.available = not group.available

    def change_staff(self) -> None:
        """Add or remove a leerkracht, or change the group or the address of one."""
        year = self.rng.choice(list(self.groups))
        teachers = self.teachers[year]
        groep = self.rng.choice(list(self.groups[year]))
        what = self.rng.randint(0, 3)
        if what == 0 or not teachers:
            self._counter += 1
            self.appoint(year, f"X{self._counter}", self.rng.choice([groep, None]))
        elif what == 1:
            del teachers[self.rng.choice(list(teachers))]
        elif what == 2:
            teacher = self.rng.choice(list(teachers.values()))
            teacher.groepen = [*[one for one in teacher.groepen if one[0] != groep], (groep, ("LRK",))]
        else:
            teacher = self.rng.choice(list(teachers.values()))
            teacher.details["emailadres"] = f"n{self.day.toordinal()}@school.example"

    def plan(self) -> None:
        """Plan next year: its groups, and step by step the places of leerlingen, but of group 8."""
        brin6 = self.rng.choice(BRIN6S)
        year = (brin6, START + 1)
        if year not in self.groups:
            self.lay_out(year)
        for pupil, _period in self.here(brin6):
            if year not in pupil.places and self.rng.random() < 0.35:
                now = self._jaargroep(pupil, (brin6, START))
                if now is not None and now < 8:
                    self.place(pupil, year, now + 1)
        if self.rng.random() < 0.5:
            days = [(8, 1), (8, 9), (8, 23), (9, 6), (9, 7), (9, 8)]
            new = self.enrol(brin6, date(START + 1, *self.rng.choice(days)))
            new.places.clear()
            if self.rng.random() < 0.8:
                self.place(new, year, 1)

    def _jaargroep(self, pupil: Pupil, year: YearKey) -> int | None:
        for place in pupil.places.get(year, []):
            if place.jaargroep:
                return int(place.jaargroep)
            group = self.groups[year].get(place.groep or "")
            if group is not None and group.jaargroep not in (None, "C"):
                return int(group.jaargroep or 0)
        return None

    def move_in_summer(self) -> None:
        """Move a leerling to the other vestiging for the next year: out at the one, in at the other."""
        found = self._somebody()
        year = (BRIN6S[0], START + 1)
        if found is None or found[0].number % 7 == 0 or year not in self.groups or self.current_year != START:
            return
        pupil, period = found
        other = BRIN6S[period.brin6 == BRIN6S[0]]
        if (other, START + 1) not in self.groups or any(one.brin6 == other for one in pupil.periods):
            return
        days = [(7, 31), (8, 1), (8, 20), (8, 23), (8, 30)]
        period.tot = date(START + 1, *self.rng.choice(days))
        pupil.periods.append(Period(other, period.tot + timedelta(self.rng.choice([0, 0, 3]))))
        now = self._jaargroep(pupil, (period.brin6, START))
        pupil.places.pop((period.brin6, START + 1), None)
        self.place(pupil, (other, START + 1), min((now or 3) + 1, 8))

    def let_go(self) -> None:
        """End the enrolments of group 8 on 31 July or 1 August, and leave a few as they are."""
        for pupil, period in self.here():
            if self._jaargroep(pupil, (period.brin6, START)) == 8:
                period.tot = self.rng.choice([date(START + 1, 7, 31), date(START + 1, 8, 1), period.tot])

    def switch(self) -> None:
        """Switch to the next year: place every leerling who stays and has no place yet, a jaargroep up."""
        for brin6 in BRIN6S:
            year = (brin6, START + 1)
            if year not in self.groups:
                self.lay_out(year)
            for pupil, period in self.here(brin6):
                now = self._jaargroep(pupil, (brin6, START))
                if year not in pupil.places and period.tot is None and now is not None and now < 8:
                    self.place(pupil, year, now + 1)

    def live(self) -> None:
        """Apply the events of today."""
        events: list[tuple[float, Callable[[], None]]] = [
            (0.35, self.arrive),
            (0.25, self.leave),
            (0.35, self.move_group),
            (0.2, self.move_vestiging),
            (0.1, self.also_there),
            (0.2, self.rename),
            (0.15, self.correct),
            (0.25, self.come_back),
            (0.1, self.rekey),
            (0.1, self.change_eckid),
            (0.02, self.close_group),
            (0.1, self.toggle),
            (0.1, self.change_staff),
        ]
        for chance, event in events:
            if self.rng.random() < chance:
                event()
        if date(START + 1, 5, 1) <= self.day < date(START + 1, 8, 1) and self.rng.random() < 0.15:
            self.plan()
        if date(START + 1, 6, 1) <= self.day < date(START + 1, 7, 31) and self.rng.random() < 0.15:
            self.move_in_summer()
        if self.day in (date(START + 1, 6, 20), date(START + 1, 7, 20)):
            self.let_go()
        if self.day == date(START + 1, 8, 3):
            self.switch()
