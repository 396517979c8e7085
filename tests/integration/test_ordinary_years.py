"""An ordinary year of a school asks hardly anything: what offices correct is no other child, and no drop.

Schools of 100 to 500 leerlingen with brothers and sisters, twins and namesakes. Their files come in as in service:
every question of an import counts, about persons and about harm.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import count, product
from random import Random

import pytest
from support.edexml_files import eckid, make_dataset, to_edexml
from support.imports import options
from support.oracle import amount

from uwlr_adapter.administratie.importing import importer, questions
from uwlr_adapter.administratie.importing.importer import ImportOptions
from uwlr_adapter.administratie.importing.questions import Choice, ImportQuestion
from uwlr_adapter.administratie.model import Delivery, ImportRefusedError, Severity
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.clock import AMSTERDAM
from uwlr_adapter.contract.dataset import Groep, GroepVerwijzing, Leerkracht, Leerling
from uwlr_adapter.db.database import Database

LEERLINGEN_PER_QUESTION = 500
SCHOOLS = 25
"""How many schools share a database: their year is lived through at once."""
FIRST = date(2026, 6, 15)
"""The day of the first import: that of the past year, when all are new."""
DAYS = (
    date(2026, 8, 24),
    date(2026, 10, 12),
    date(2026, 12, 7),
    date(2027, 2, 15),
    date(2027, 4, 12),
    date(2027, 6, 14),
)
"""The days of the imports of the year: what changes in two months comes at once, which is the hardest."""
ROEPNAMEN = (
    "Noah Emma Luca Julia Mees Mila Sem Olivia Finn Sara Mohammed Nora Levi Yara Adam Lotte Daan Zoë Bram Saar Ömer"
    " Fatima Ravi Anaïs Jan-Willem Siem Eva Guus Liv Boaz Tess Thijs Lina Jayden Noor Ali Amira Stijn Roos Björn"
).split()
ACHTERNAMEN = [
    *("de Jong", "Jansen", "de Vries", "van den Berg", "Bakker", "van Dijk", "Visser", "Smit", "Meijer", "Mulder"),
    *("Yılmaz", "El Amrani", "Nguyen", "Çelik", "Ali", "Kaya", "Bos", "Vos", "Peters", "Hendriks"),
    *(f"{first}{last}" for first, last in product("Berg Veld Wijk Dam Hof Meer Steen Bosch".split(), ("stra", "sma"))),
    *(f"van der {first}{last}" for first, last in product("Ber Vel Wij Da Ho Mee Stee Hei".split(), "gkmn")),
    *(f"{first}{middle}{last}" for first, middle, last in product("BDHKLMRVW", ("oe", "ij", "aa"), ("ker", "nink"))),
]
VOORVOEGSELS = ("van den ", "van der ", "de ", "van ")


def popular(names: list[str]) -> list[float]:
    """Return the weights of names of which the first are the most popular, so that there are namesakes."""
    return [1 / (place + 10) for place in range(len(names))]


@dataclass(frozen=True)
class Person:
    """A leerling or a leerkracht as the office has it."""

    number: int
    key: str
    eckid: str | None
    roepnaam: str | None
    achternaam: str
    geboortedatum: date | None = None
    jaargroep: int = 0
    """0: a leerkracht."""
    van: date | None = None
    tot: date | None = None

    @property
    def is_leerling(self) -> bool:
        """Whether it is a leerling."""
        return self.jaargroep > 0


@dataclass
class Office:
    """The administration of an ordinary school, from one summer to the next."""

    brin6: str
    rng: Random
    figures: Counter[str]
    day: date = FIRST
    persons: dict[int, Person] = field(default_factory=dict)
    is_apart: bool = True
    """Whether the export has the voorvoegsel apart, and not in the achternaam."""
    number_of: dict[str, int] = field(default_factory=dict)
    """The person of each key."""
    counter: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        """Fill it with leerlingen of each jaargroep, and a leerkracht for each twelve."""
        self.size = self.rng.randint(100, 500)
        self.is_apart = self.rng.random() < 0.7
        while len(self.persons) < self.size:
            self.family([self.rng.randint(1, 8) for _ in range(self.rng.choice((1, 1, 2, 2, 3)))])
        for _ in range(self.size // 12):
            self.appoint()

    def family(self, jaargroepen: Iterable[int]) -> None:
        """Enrol the children of a family; of one in seventy births there are two."""
        achternaam = self.rng.choices(ACHTERNAMEN, popular(ACHTERNAMEN))[0]
        for jaargroep in jaargroepen:
            first = date(2022 - jaargroep, 1, 1) if self.day == FIRST else date(2023 - jaargroep, 1, 1)
            born = min(first + timedelta(self.rng.randrange(365)), self.day - timedelta(4 * 366))
            for _ in range(2 if self.rng.random() < 1 / 70 else 1):
                roepnaam = self.rng.choices(ROEPNAMEN, popular(ROEPNAMEN))[0]
                self._add(roepnaam, achternaam, 0.8, geboortedatum=born, jaargroep=jaargroep)

    def appoint(self) -> None:
        """Add a leerkracht, of some of whom only an initial or no roepnaam at all is known."""
        roepnaam = self.rng.choices(ROEPNAMEN, popular(ROEPNAMEN))[0]
        self._add(
            self.rng.choices([roepnaam, f"{roepnaam[0]}.", None], (7, 2, 1))[0], self.rng.choice(ACHTERNAMEN), 0.5
        )

    def _add(
        self,
        roepnaam: str | None,
        achternaam: str,
        with_eckid: float,
        *,
        geboortedatum: date | None = None,
        jaargroep: int = 0,
    ) -> None:
        number = next(self.counter)
        person = Person(number, "", self._eckid() if self.rng.random() < with_eckid else None, roepnaam, achternaam)
        van = None if self.day == FIRST else self.day - timedelta(self.rng.randrange(30))
        self.persons[number] = replace(person, geboortedatum=geboortedatum, jaargroep=jaargroep, van=van)
        self._rekey(number)

    def _rekey(self, number: int) -> None:
        key = f"{number}" if f"{number}" not in self.number_of else f"{number}-{next(self.counter)}"
        self.number_of[key] = number
        self._change(number, key=key)

    def _eckid(self) -> str:
        return eckid(int(self.brin6[:2]) * 10**6 + next(self.counter))

    def _change(self, number: int, **values: object) -> None:
        self.persons[number] = replace(self.persons[number], **values)  # type: ignore[arg-type] # by name

    def switch(self) -> None:
        """Begin the next year: groep 8 and leavers go, the others go on, and the youngest come."""
        for number, person in list(self.persons.items()):
            if person.tot is not None or person.jaargroep == 8:
                del self.persons[number]
            elif person.is_leerling:
                self._change(number, jaargroep=person.jaargroep + 1)

    def live(self) -> None:
        """Live through two months; the shares are those of two months too."""
        for number in list(self.persons):
            if self._stays(number):
                self._change_identifiers(number)
                self._correct(number)
        here = [one for one in self.persons.values() if one.tot is None]
        for _ in range(self.size - sum(one.is_leerling for one in here)):
            self._did("family comes")
            self.family([self.rng.choice((1, 1, 1, 1, self.rng.randint(2, 8)))])
        for _ in range(self.size // 12 - sum(not one.is_leerling for one in here)):
            self.appoint()

    def _stays(self, number: int) -> bool:
        """Let somebody leave or come back, or neither; return whether somebody was there and stays."""
        person, chance = self.persons[number], self.rng.random
        if person.tot is not None:
            if chance() < 0.05:
                self._did("comes back")
                self._change(number, tot=None)
            return False
        if chance() >= 0.01:
            return True
        self._did("leaves")
        if person.is_leerling:
            self._change(number, tot=self.day - timedelta(self.rng.randrange(20)))
        else:
            del self.persons[number]
        return False

    def _change_identifiers(self, number: int) -> None:
        chance = self.rng.random
        if self.persons[number].eckid is None:
            if chance() < 0.1:
                self._did("ECK-iD arrives")
                self._change(number, eckid=self._eckid())
        elif chance() < 0.002:
            self._did("key changes")
            self._rekey(number)
        elif chance() < 0.0005:
            self._did("ECK-iD corrected")
            self._change(number, eckid=self._eckid())

    def _correct(self, number: int) -> None:
        person, chance = self.persons[number], self.rng.random
        if not person.is_leerling:
            if chance() < 0.03:
                self._did("leerkracht marries")
                self._change(number, achternaam=self.rng.choice(ACHTERNAMEN))
            if chance() < 0.03 and person.roepnaam is not None:
                self._did("roepnaam of a leerkracht")
                roepnaam = self.rng.choice([one for one in ROEPNAMEN if one[0] == person.roepnaam[0]])
                self._change(number, roepnaam=roepnaam if person.roepnaam.endswith(".") else f"{person.roepnaam[0]}.")
            return
        if chance() < 0.004 and person.geboortedatum is not None:
            self._did("date corrected")
            self._change(number, geboortedatum=self._other_day(person.geboortedatum))
        if chance() < 0.006 and person.roepnaam is not None:
            self._did("roepnaam corrected")
            other = self.rng.choices(ROEPNAMEN, popular(ROEPNAMEN))[0]
            self._change(number, roepnaam=other if chance() < 0.2 else self._spell(person.roepnaam))
        if chance() < 0.004:
            self._did("achternaam corrected")
            other = self.rng.choices(ACHTERNAMEN, popular(ACHTERNAMEN))[0]
            self._change(number, achternaam=other if chance() < 0.2 else self._spell(person.achternaam))

    def _other_day(self, day: date) -> date:
        other = day + timedelta(self.rng.choice([-1, 1, 9, -10, 30, -365]))
        return day.replace(day=day.month, month=day.day) if day.day <= 12 and self.rng.random() < 0.3 else other

    def _spell(self, name: str) -> str:
        kind = self.rng.randrange(5)
        place = self.rng.randrange(len(name))
        if kind == 0:
            return name.upper()
        if kind == 1:
            return name + "e"
        if kind == 2:
            return name[:place] + name[place] + name[place:]
        if kind == 3 and len(name) > 3:
            return name[:place] + name[place + 1 :]
        return f"{name}-{self.rng.choice(ROEPNAMEN)}"

    def _did(self, what: str) -> None:
        self.figures[what] += 1

    def read(self, schooljaar: str) -> Delivery:
        """Read the export of today. At times a new version of the LAS writes the voorvoegsel in another place."""
        if self.rng.random() < 0.05:
            self.is_apart = not self.is_apart
        leerlingen, leerkrachten = [], []
        for number, person in self.persons.items():
            emailadres = f"{number}@school.example"
            voorvoegsel, achternaam = _split(person.achternaam) if self.is_apart else (None, person.achternaam)
            if not person.is_leerling:
                groepen = (GroepVerwijzing("groep", f"g{number % 8 + 1}"),)
                leerkrachten.append(
                    Leerkracht(
                        person.key,
                        person.eckid,
                        roepnaam=person.roepnaam,
                        voorvoegsel=voorvoegsel,
                        achternaam=achternaam,
                        emailadres=emailadres,
                        groepen=groepen,
                    )
                )
                continue
            leerlingen.append(
                Leerling(
                    person.key,
                    person.eckid,
                    roepnaam=person.roepnaam,
                    voorvoegsel=voorvoegsel,
                    achternaam=achternaam,
                    emailadres=emailadres,
                    geboortedatum=_iso(person.geboortedatum),
                    jaargroep=str(person.jaargroep),
                    groep=f"g{person.jaargroep}",
                    instroomdatum=_iso(person.van),
                    uitstroomdatum=_iso(person.tot),
                )
            )
        dataset = make_dataset(
            leerlingen,
            leerkrachten=leerkrachten,
            groepen=[Groep("groep", f"g{place}", f"Groep {place}", str(place)) for place in range(1, 9)],
            brin6=self.brin6,
            schooljaar=schooljaar,
            aanmaakdatum=self.moment.isoformat(),
        )
        return edexml.read(to_edexml(dataset))

    @property
    def moment(self) -> datetime:
        """Nine o'clock today."""
        return datetime(self.day.year, self.day.month, self.day.day, 9, tzinfo=AMSTERDAM)

    def bring(self, database: Database, schooljaar: str) -> None:
        """Import the export of today as in service, count what it asks, and answer that rightly."""
        delivery = self.read(schooljaar)
        self.figures["imports"] += 1
        try:
            importer.import_deliveries(database, [delivery], ImportOptions(self.moment))
        except ImportRefusedError as error:
            asked = [one for one in error.problems if one.severity is Severity.REFUSED]
            if not error.asks:
                pytest.fail(f"an ordinary file is refused: {[one.reason for one in asked]}")
            self.figures["questions of harm"] += len(asked)
            importer.import_deliveries(database, [delivery], options(self.moment, max_held=10**6))
        with database.reading() as connection:
            found = questions.of_school(connection, self.brin6[:4])
        for question in found:
            self.figures[f"question about a {question.kind}: {question.doubt}"] += 1
            self.figures["questions about persons"] += 1
            self._answer(database, question)

    def _answer(self, database: Database, question: ImportQuestion) -> None:
        number = int(question.years[0].values["emailadres"].split("@")[0])
        places = [place for place, one in enumerate(question.known) if self.number_of.get(one.key) == number]
        choice = Choice.NEW
        if places:
            choice = Choice.SAME if len(question.known) == 1 else (Choice.KEY, Choice.ECKID)[places[0]]
        with database.writing() as connection:
            questions.answer(connection, question.id, choice, self.moment, "cli:proef")


def _split(achternaam: str) -> tuple[str | None, str]:
    """Return the voorvoegsel in front of an achternaam, or None, and the rest."""
    found = next((one for one in VOORVOEGSELS if achternaam.startswith(one)), "")
    return found.strip() or None, achternaam.removeprefix(found)


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


@pytest.mark.parametrize("seed", range(amount(1, 1000 // SCHOOLS)))
def test_ordinary_years_ask_hardly_anything(database: Database, seed: int, figures: Counter[str]) -> None:
    """At most one question a year for each 500 leerlingen: dates, spellings, marriages, ECK-iDs that arrive later."""
    done: Counter[str] = Counter()
    rng = Random(seed)  # noqa: S311 - a seeded school is no secret
    offices = [Office(f"{place:02}AB00", Random(rng.random()), done) for place in range(10, 10 + amount(6, SCHOOLS))]  # noqa: S311 - idem
    for office in offices:
        office.bring(database, "2025-2026")
        office.switch()
        for day in DAYS:
            office.day = day
            office.live()
            office.bring(database, "2026-2027")
        done += Counter(leerlingen=sum(one.is_leerling and one.tot is None for one in office.persons.values()), years=1)
    figures += done
    asked = done["questions about persons"] + done["questions of harm"]
    assert done["roepnaam corrected"] > done["years"], "an ordinary office corrects"
    assert asked * LEERLINGEN_PER_QUESTION <= done["leerlingen"], done
