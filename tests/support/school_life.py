"""A school of two vestigingen that lives: seeded events, day by day, in its own administration (the LAS)."""

from copy import deepcopy
from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING

from support.edexml_files import eckid
from support.school_model import Jaar, Kind, Klas, Leraar, Periode, Plek

if TYPE_CHECKING:
    from collections.abc import Callable

BRIN6S = ("21QW00", "21QW01")
START = 2026
"""The schooljaar that is lived through: from 1 August of this year on."""
NAMEN = "Zoë Bo Ole Ans Noor Daan Saar Finn Lotte Emre Ísak Amira".split()
ACHTER = ["Çelik", "Jansen", "Pietersen & Zn", "Ng", "El Amrani", 'O"Brien', "Ter; Horst", "Škoda"]


class Leven:
    """The administration of a school; `dag` is today."""

    def __init__(self, seed: int, number: int) -> None:
        self.kans = Random(seed)  # noqa: S311 - a seeded school is no secret
        self.dag = date(START, 8, 1)
        self.kinderen: list[Kind] = []
        self.klassen: dict[Jaar, dict[str, Klas]] = {}
        self.leraren: dict[Jaar, dict[str, Leraar]] = {}
        self._teller = 0
        for brin6 in BRIN6S:
            for start in (START - 1, START):
                self.lay_out((brin6, start))
        for _ in range(number):
            self.enrol(self.kans.choice(BRIN6S), self._eerder(), ago=True)

    def _eerder(self) -> date:
        return date(self.kans.randint(START - 4, START - 1), self.kans.choice([1, 3, 8, 10]), self.kans.randint(1, 28))

    def lay_out(self, year: Jaar) -> None:
        """Make the groups of a year and its leerkrachten: a group for 1/2, one a jaargroep, and two across."""
        brin6, start = year
        tag = f"{start % 100}{brin6[-1]}"
        klassen = [Klas(f"{tag}-C", "1/2", "C")] + [Klas(f"{tag}-{n}", f"Groep {n}", str(n)) for n in range(3, 9)]
        klassen += [Klas(f"{tag}-plus", "Plusklas", None), Klas(f"{tag}-taal", "Taalklas", None)]
        self.klassen[year] = {klas.key: klas for klas in klassen}
        self.leraren[year] = {}
        for n, klas in enumerate(klassen):
            self.appoint(year, f"M{n}" if n < 3 else f"M{brin6[-1]}{n}", klas.key)

    def appoint(self, year: Jaar, key: str, groep: str | None) -> None:
        """Give a year a leerkracht."""
        gegevens = {"achternaam": f"Leraar {key}", "emailadres": f"{key}@school.example".lower()}
        groepen = [] if groep is None else [(groep, self.kans.choice([(), ("LRK",), ("OWA", "STA")]))]
        number = int.from_bytes(f"leraar {key}".encode())
        rollen = self.kans.choice([(), ("IB",), ("DIR", "ICT")])
        self.leraren[year][key] = Leraar(key, eckid(number), gegevens, rollen, groepen)

    def enrol(self, brin6: str, van: date | None, *, ago: bool = False) -> Kind:
        """Enrol a new leerling, and give a place in this year (and in the last one to who is there already)."""
        self._teller += 1
        nr, kans = self._teller, self.kans
        kind = Kind(
            nr=nr,
            key=f"L{nr:04}",
            eckid=None if nr % 10 == 0 else eckid(nr),
            gegevens={
                "achternaam": kans.choice(ACHTER),
                "voorvoegsel": kans.choice(["", "", "van der"]),
                "roepnaam": kans.choice(NAMEN),
                "geboortedatum": date(kans.randint(2014, 2022), kans.randint(1, 12), kans.randint(1, 28)).isoformat(),
                "geslacht": kans.choice("12"),
            },
            periodes=[Periode(brin6, van)],
        )
        self.kinderen.append(kind)
        jaargroep = kans.randint(1, 8)
        if ago and jaargroep > 1:
            self.place(kind, (brin6, START - 1), jaargroep - 1)
        self.place(kind, (brin6, self.nu if van is None or van.year <= START else self.jaar_van(van)), jaargroep)
        return kind

    @property
    def nu(self) -> int:
        """The schooljaar of today."""
        return self.jaar_van(self.dag)

    @staticmethod
    def jaar_van(day: date) -> int:
        """Give the schooljaar of a day."""
        return day.year if day.month >= 8 else day.year - 1

    def place(self, kind: Kind, year: Jaar, jaargroep: int | None = None) -> None:
        """Give a leerling a place in a year that has groups: a stamgroep, and now and then a group across."""
        stam = [klas for klas in self.klassen.get(year, {}).values() if klas.jaargroep is not None]
        if not stam:
            return
        wanted = [klas for klas in stam if klas.jaargroep == str(jaargroep)]
        klas = self.kans.choice(wanted or stam)
        if jaargroep in (1, 2):
            klas = next((one for one in stam if one.jaargroep == "C"), klas)
        told = 0.8 if klas.jaargroep == "C" else 0.3  # of a combination group somebody's own jaargroep may be missing
        own = str(jaargroep or self.kans.randint(1, 8)) if self.kans.random() < told else None
        plekken = [Plek(klas.key, own)]
        extra = [one for one in self.klassen[year].values() if one.jaargroep is None]
        self.kans.shuffle(extra)
        plekken += [Plek(one.key, self.kans.choice([None, "5"])) for one in extra if self.kans.random() < 0.15]
        if self.kans.random() < 0.1:
            plekken.reverse()
        if self.kans.random() < 0.05:
            plekken = [Plek(None, str(jaargroep or 4))]
        kind.plekken[year] = plekken

    def here(self, brin6: str | None = None) -> list[tuple[Kind, Periode]]:
        """Give who is enrolled today with an open end."""
        return [
            (kind, periode)
            for kind in self.kinderen
            for periode in kind.periodes
            if periode.covers(self.dag) and periode.tot is None and brin6 in (None, periode.brin6)
        ]

    def copy(self) -> "Leven":
        """Give the administration as it is at this moment."""
        return deepcopy(self)

    # The events: each does one thing that happens at a school, when there is something to do it to.

    def arrive(self) -> None:
        """Somebody new comes, today or soon, and now and then only in the next year."""
        van = self.dag + timedelta(self.kans.choice([0, 0, 1, 7, 30]))
        self.enrol(self.kans.choice(BRIN6S), van)

    def leave(self) -> None:
        """Somebody leaves, today or soon; the place in the group stays as it was."""
        if found := self._iemand():
            found[1].tot = self.dag + timedelta(self.kans.choice([0, 1, 7])) if found[1].van != self.dag else None

    def _iemand(self) -> tuple[Kind, Periode] | None:
        here = self.here()
        return self.kans.choice(here) if here else None

    def move_group(self) -> None:
        """Somebody goes to another group."""
        if found := self._iemand():
            self.place(found[0], (found[1].brin6, self.nu))

    def move_vestiging(self) -> None:
        """Somebody goes to the other vestiging; the place at the old one stays in the administration."""
        found = self._iemand()
        if found is None or found[0].nr % 7 == 0 or found[1].van == self.dag:
            return
        kind, periode = found
        other = BRIN6S[periode.brin6 == BRIN6S[0]]
        if any(one.brin6 == other and (one.tot is None or one.tot > self.dag) for one in kind.periodes):
            return
        periode.tot = self.dag
        kind.periodes.append(Periode(other, self.dag))
        self.place(kind, (other, self.nu))

    def also_there(self) -> None:
        """Somebody is at two vestigingen at once, as a guest or not."""
        found = self._iemand()
        if found is None or found[0].nr % 7 == 0:
            return
        kind, periode = found
        other = BRIN6S[periode.brin6 == BRIN6S[0]]
        if all(one.brin6 != other for one in kind.periodes):
            until = self.kans.choice([None, self.dag + timedelta(20)])
            kind.periodes.append(Periode(other, self.dag, until, gast=self.kans.random() < 0.5))
            self.place(kind, (other, self.nu))

    def rename(self) -> None:
        """Somebody has another name."""
        if found := self._iemand():
            found[0].gegevens["roepnaam"] = self.kans.choice(NAMEN)
            found[0].gegevens["voorvoegsel"] = self.kans.choice(["", "de"])

    def correct(self) -> None:
        """Correct a date of birth, or a day of enrolment."""
        if not (found := self._iemand()):
            return
        found[0].gegevens["geboortedatum"] = date(2018, 2, self.kans.randint(1, 28)).isoformat()
        if len(found[0].periodes) == 1:
            found[1].van = self.kans.choice([None, self.dag - timedelta(self.kans.randint(0, 400))])

    def come_back(self) -> None:
        """Who left is enrolled again; who has an ECK-iD may come with another key."""
        gone = [
            kind for kind in self.kinderen if all(one.tot is not None and one.tot <= self.dag for one in kind.periodes)
        ]
        if gone:
            kind = self.kans.choice(gone)
            same = kind.nr % 7 == 0 or self.kans.random() < 0.5
            brin6 = kind.periodes[-1].brin6 if same else self.kans.choice(BRIN6S)
            kind.periodes.append(Periode(brin6, self.dag))
            self.place(kind, (brin6, self.nu))
            self._rekey(kind)

    def _rekey(self, kind: Kind) -> None:
        if kind.eckid is not None and kind.nr % 7 and kind.nr % 10 and self.kans.random() < 0.7:
            self._teller += 1
            kind.key = f"N{self._teller:04}"

    def rekey(self) -> None:
        """Give somebody another key in the LAS."""
        if found := self._iemand():
            self._rekey(found[0])

    def change_eckid(self) -> None:
        """Somebody gets an ECK-iD at last, a corrected one or none any more, while key and vestiging stay."""
        late = [kind for kind, _ in self.here() if kind.nr % 10 == 0 or kind.nr % 7 == 0]
        if late:
            kind = self.kans.choice(late)
            self._teller += 1
            if kind.eckid is None or kind.nr % 7 == 0:
                lost = kind.nr % 7 == 0 and self.kans.random() < 0.3
                kind.eckid = None if lost else eckid(500_000 + self._teller)

    def close_group(self) -> None:
        """End a stamgroep: its leerlingen go to another one and its leerkrachten lose it."""
        year = (self.kans.choice(BRIN6S), self.nu)
        stam = [klas for klas in self.klassen.get(year, {}).values() if klas.jaargroep not in (None, "C")]
        if len(stam) < 5:
            return
        gone = self.kans.choice(stam)
        del self.klassen[year][gone.key]
        for kind in self.kinderen:
            if any(plek.groep == gone.key for plek in kind.plekken.get(year, [])):
                self.place(kind, year)
        for leraar in self.leraren[year].values():
            leraar.groepen = [one for one in leraar.groepen if one[0] != gone.key]

    def toggle(self) -> None:
        """Make a group available to koppelingen, or no longer."""
        year = self.kans.choice(list(self.klassen))
        klas = self.kans.choice(list(self.klassen[year].values()))
        klas.beschikbaar = not klas.beschikbaar

    def change_staff(self) -> None:
        """Let a leerkracht come, go, get another group or another address."""
        year = self.kans.choice(list(self.klassen))
        leraren = self.leraren[year]
        groep = self.kans.choice(list(self.klassen[year]))
        what = self.kans.randint(0, 3)
        if what == 0 or not leraren:
            self._teller += 1
            self.appoint(year, f"X{self._teller}", self.kans.choice([groep, None]))
        elif what == 1:
            del leraren[self.kans.choice(list(leraren))]
        elif what == 2:
            leraar = self.kans.choice(list(leraren.values()))
            leraar.groepen = [*[one for one in leraar.groepen if one[0] != groep], (groep, ("LRK",))]
        else:
            leraar = self.kans.choice(list(leraren.values()))
            leraar.gegevens["emailadres"] = f"n{self.dag.toordinal()}@school.example"

    def plan(self) -> None:
        """Next year: its groups, and step by step who sits where; of group 8 nobody."""
        brin6 = self.kans.choice(BRIN6S)
        year = (brin6, START + 1)
        if year not in self.klassen:
            self.lay_out(year)
        for kind, _periode in self.here(brin6):
            if year not in kind.plekken and self.kans.random() < 0.35:
                now = self._jaargroep(kind, (brin6, START))
                if now is not None and now < 8:
                    self.place(kind, year, now + 1)
        if self.kans.random() < 0.5:
            first = self.kans.choice([date(START + 1, 8, 1), date(START + 1, 8, 9)])
            new = self.enrol(brin6, first)
            new.plekken.clear()
            if self.kans.random() < 0.8:
                self.place(new, year, 1)

    def _jaargroep(self, kind: Kind, year: Jaar) -> int | None:
        for plek in kind.plekken.get(year, []):
            if plek.jaargroep:
                return int(plek.jaargroep)
            klas = self.klassen[year].get(plek.groep or "")
            if klas is not None and klas.jaargroep not in (None, "C"):
                return int(klas.jaargroep or 0)
        return None

    def let_go(self) -> None:
        """Group 8 leaves: the last day is 31 July or 1 August, and of a few it is forgotten."""
        for kind, periode in self.here():
            if self._jaargroep(kind, (periode.brin6, START)) == 8:
                periode.tot = self.kans.choice([date(START + 1, 7, 31), date(START + 1, 8, 1), periode.tot])

    def switch(self) -> None:
        """Switch to the next year: who stays and has no place yet gets one, a jaargroep up."""
        for brin6 in BRIN6S:
            year = (brin6, START + 1)
            if year not in self.klassen:
                self.lay_out(year)
            for kind, periode in self.here(brin6):
                now = self._jaargroep(kind, (brin6, START))
                if year not in kind.plekken and periode.tot is None and now is not None and now < 8:
                    self.place(kind, year, now + 1)

    def live(self) -> None:
        """Let today happen."""
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
            if self.kans.random() < chance:
                event()
        if date(START + 1, 5, 1) <= self.dag < date(START + 1, 8, 1) and self.kans.random() < 0.15:
            self.plan()
        if self.dag in (date(START + 1, 6, 20), date(START + 1, 7, 20)):
            self.let_go()
        if self.dag == date(START + 1, 8, 3):
            self.switch()
