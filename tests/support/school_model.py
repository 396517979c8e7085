"""What a school should be answered, told once more: plain lists that remember what the last import of a year said.

Written from docs/records.md alone; it knows nothing of the code of the records. Slow and simple on purpose: each answer
is made anew from the rows, one rule after the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

Jaar = tuple[str, int]
"""A brin6, and the year in which the schooljaar starts."""
Beeld = dict[str, dict[str, dict[str, object]]]
"""What an answer says: by kind of record and key, the value of each field; the order of records says nothing."""
SMAL = {
    "leerlingen": "eckid achternaam voorvoegsel roepnaam geboortedatum jaargroep groep samengestelde_groepen".split(),
    "leerkrachten": "eckid achternaam roepnaam emailadres groepen".split(),
    "groepen": ["naam", "jaargroep", "soort"],
}
"""The fields of the smalle set of UWLR 2.2 among those of this school."""


@dataclass
class Periode:
    """A period of enrolment at a vestiging; without an end it is open."""

    brin6: str
    van: date | None
    tot: date | None = None
    gast: bool = False

    def covers(self, day: date) -> bool:
        """From the first day on, and from the last day no longer."""
        return (self.van is None or self.van <= day) and (self.tot is None or day < self.tot)

    def touches(self, start: int) -> bool:
        """Whether one day of a schooljaar lies in it."""
        last, first = date(start + 1, 7, 31), date(start, 8, 1)
        return (self.van is None or self.van <= last) and (self.tot is None or self.tot > first)


@dataclass
class Plek:
    """A place in a group, or without one the jaargroep alone."""

    groep: str | None
    jaargroep: str | None = None


@dataclass
class Klas:
    """A group of a year."""

    key: str
    naam: str
    jaargroep: str | None
    """None: a samengestelde groep."""
    beschikbaar: bool = True

    @property
    def soort(self) -> str:
        """What UWLR calls it."""
        return "samengestelde_groep" if self.jaargroep is None else "groep"


@dataclass
class Kind:
    """A leerling in the school's own administration; `nr` is who it is, whatever the keys say."""

    nr: int
    key: str
    eckid: str | None
    gegevens: dict[str, str]
    periodes: list[Periode]
    plekken: dict[Jaar, list[Plek]] = field(default_factory=dict)


@dataclass
class Leraar:
    """A leerkracht in a year, with groups and the roles in them."""

    key: str
    eckid: str | None
    gegevens: dict[str, str]
    rollen: tuple[str, ...] = ()
    groepen: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)


@dataclass
class Bewering:
    """What one import said of one year."""

    ingedeeld_nodig: bool
    """Whether who has no place does not take part while the year is a coming one: so in a CSV set."""
    klassen: list[Klas]
    kinderen: list[tuple[Kind, list[Periode], list[Plek]]]
    leraren: list[Leraar]


class Model:
    """A school as its last imports left it."""

    def __init__(self) -> None:
        self.geheugen: dict[Jaar, Bewering] = {}
        self.keys: dict[int, str] = {}
        self.eckids: dict[int, str] = {}

    def remember(self, year: Jaar, bewering: Bewering) -> None:
        """Take what an import says of a year in place of what was said before; keys are those at first sight."""
        self.geheugen[year] = bewering
        for kind, _periodes, _plekken in bewering.kinderen:
            self.keys.setdefault(kind.nr, kind.key)
            if kind.eckid is not None:
                self.eckids[kind.nr] = kind.eckid

    def answer(self, year: Jaar, today: date, *, smal: bool = False) -> Beeld | None:
        """Give what is answered for a year on a day; None: no data."""
        bewering = self.geheugen.get(year)
        if bewering is None:
            return None
        start = year[1]
        peildatum = max(date(start, 8, 1), min(today, date(start + 1, 7, 31)))
        komt_nog = today < date(start, 8, 1)
        klassen = {klas.key: klas for klas in bewering.klassen}
        zichtbaar = {klas.key: klas for klas in bewering.klassen if klas.beschikbaar}
        leerlingen: dict[str, dict[str, object]] = {}
        for kind, periodes, plekken in bewering.kinderen:
            if komt_nog and bewering.ingedeeld_nodig and not plekken:
                continue
            for periode in periodes:
                if periode.covers(peildatum):
                    said = self._leerling(kind, periode, plekken, klassen, zichtbaar)
                    leerlingen[self.keys[kind.nr]] = said
        if not leerlingen:
            return None
        beeld: Beeld = {
            "leerlingen": leerlingen,
            "groepen": {
                klas.key: _filled({"naam": klas.naam, "jaargroep": klas.jaargroep, "soort": klas.soort})
                for klas in zichtbaar.values()
            },
            "leerkrachten": {leraar.key: _leerkracht(leraar, zichtbaar) for leraar in bewering.leraren},
        }
        return narrow(beeld) if smal else beeld

    def _leerling(
        self, kind: Kind, periode: Periode, plekken: list[Plek], klassen: dict[str, Klas], zichtbaar: dict[str, Klas]
    ) -> dict[str, object]:
        stam = next((plek for plek in plekken if plek.groep and klassen[plek.groep].soort == "groep"), None)
        extra = [plek.groep for plek in plekken if plek.groep in zichtbaar and plek is not stam]
        return _filled(
            {
                **kind.gegevens,
                "eckid": self.eckids.get(kind.nr),
                "jaargroep": jaargroep_of(stam, plekken, klassen),
                "groep": stam.groep if stam is not None and stam.groep in zichtbaar else None,
                "samengestelde_groepen": tuple(extra),
                "instroomdatum": periode.van and periode.van.isoformat(),
                "uitstroomdatum": periode.tot and periode.tot.isoformat(),
            }
        )


def jaargroep_of(stam: Plek | None, plekken: list[Plek], klassen: dict[str, Klas]) -> str | None:
    """Give the own jaargroep: of the place in the stamgroep, else of the first place, else of a group that is no C."""
    if stam is not None and stam.jaargroep:
        return stam.jaargroep
    for plek in plekken:
        if plek.jaargroep:
            return plek.jaargroep
    if stam is not None and stam.groep and klassen[stam.groep].jaargroep != "C":
        return klassen[stam.groep].jaargroep
    return None


def _leerkracht(leraar: Leraar, zichtbaar: dict[str, Klas]) -> dict[str, object]:
    groepen = tuple((zichtbaar[key].soort, key, rollen) for key, rollen in leraar.groepen if key in zichtbaar)
    return _filled({**leraar.gegevens, "eckid": leraar.eckid, "rollen": leraar.rollen, "groepen": groepen})


def narrow(beeld: Beeld) -> Beeld:
    """Leave out what the smalle set does not carry."""
    return {
        kind: {
            key: {naam: value for naam, value in record.items() if naam in SMAL[kind]}
            for key, record in records.items()
        }
        for kind, records in beeld.items()
    }


def _filled(record: dict[str, object]) -> dict[str, object]:
    return {naam: value for naam, value in record.items() if value not in (None, (), "")}


def csv_says(children: Iterable[Kind], klassen: list[Klas], leraren: list[Leraar], year: Jaar) -> Bewering:
    """Give what a CSV set says of a year that it lays out: everybody who is enrolled there on one of its days."""
    brin6, start = year
    found = []
    for kind in children:
        periodes = [one for one in kind.periodes if one.brin6 == brin6 and one.touches(start)]
        if periodes:
            found.append((kind, periodes, kind.plekken.get(year, [])))
    return Bewering(ingedeeld_nodig=True, klassen=klassen, kinderen=found, leraren=leraren)


def edexml_says(
    children: Iterable[Kind], klassen: list[Klas], leraren: list[Leraar], year: Jaar, day: date
) -> Bewering:
    """Give what the export of a LAS to EDEXML says: who is in the layout of that year, with one period each.

    Of somebody with two periods in a year it is the last one that has begun. Every group is available; a guest is
    nothing special.
    """
    brin6, start = year
    found = []
    for kind in children:
        periodes = [one for one in kind.periodes if one.brin6 == brin6 and one.touches(start)]
        plekken = kind.plekken.get(year, [])
        if periodes and plekken:
            begun = [one for one in periodes if one.van is None or one.van <= day]
            found.append((kind, [begun[-1] if begun else periodes[0]], plekken))
    everywhere = [Klas(klas.key, klas.naam, klas.jaargroep) for klas in klassen]
    return Bewering(ingedeeld_nodig=False, klassen=everywhere, kinderen=found, leraren=leraren)
