"""A model of the answers of a school: plain lists that hold what the last import of a year said.

Written from docs/reference/records.md alone; it knows nothing of the code of the records. Slow and simple on purpose:
each answer is made anew from the rows, one rule after the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date

YearKey = tuple[str, int]
"""A brin6, and the year in which the schooljaar starts."""
View = dict[str, dict[str, dict[str, object]]]
"""The content of an answer: by kind of record and key, the value of each field; the order of records is left out."""
NARROW = {
    "leerlingen": "eckid achternaam voorvoegsel roepnaam geboortedatum jaargroep groep samengestelde_groepen".split(),
    "leerkrachten": "eckid achternaam roepnaam emailadres groepen".split(),
    "groepen": ["naam", "jaargroep", "soort"],
}
"""The fields of the smalle set of UWLR 2.2 among those of this school."""


@dataclass
class Period:
    """A period of enrolment at a vestiging; without an end it is open."""

    brin6: str
    van: date | None
    tot: date | None = None
    gast: bool = False

    def covers(self, day: date) -> bool:
        """Return whether a day lies in the period; the first day is inclusive, the last day exclusive."""
        return (self.van is None or self.van <= day) and (self.tot is None or day < self.tot)

    def touches(self, start: int) -> bool:
        """Whether one day of a schooljaar lies in it."""
        last, first = date(start + 1, 7, 31), date(start, 8, 1)
        return (self.van is None or self.van <= last) and (self.tot is None or self.tot > first)


@dataclass
class Place:
    """A place in a group, or without one the jaargroep alone."""

    groep: str | None
    jaargroep: str | None = None


@dataclass
class SchoolGroup:
    """A group of a year."""

    key: str
    naam: str
    jaargroep: str | None
    """None: a samengestelde groep."""
    available: bool = True

    @property
    def soort(self) -> str:
        """The name of the kind in UWLR."""
        return "samengestelde_groep" if self.jaargroep is None else "groep"


@dataclass
class Pupil:
    """A leerling in the school's own administration; `number` identifies the person, whatever the keys."""

    number: int
    key: str
    eckid: str | None
    details: dict[str, str]
    periods: list[Period]
    places: dict[YearKey, list[Place]] = field(default_factory=dict)


@dataclass
class Teacher:
    """A leerkracht in a year, with groups and the roles in them."""

    key: str
    eckid: str | None
    details: dict[str, str]
    rollen: tuple[str, ...] = ()
    groepen: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)


@dataclass
class Claim:
    """The content of one import for one year."""

    needs_place: bool
    """Whether a leerling without a place is left out while the year is a coming one, as in a CSV set."""
    groups: list[SchoolGroup]
    pupils: list[tuple[Pupil, list[Period], list[Place]]]
    teachers: list[Teacher]


class Model:
    """A school as its last imports left it."""

    def __init__(self) -> None:
        self.geheugen: dict[YearKey, Claim] = {}
        self.keys: dict[int, str] = {}
        self.eckids: dict[int, str] = {}
        self.source_keys: dict[int, set[str]] = {}

    def remember(self, year: YearKey, claim: Claim) -> None:
        """Take what an import says of a year in place of what was said before; keys are those at first sight."""
        self.geheugen[year] = claim
        for pupil, _periods, _places in claim.pupils:
            self.keys.setdefault(pupil.number, pupil.key)
            self.source_keys.setdefault(pupil.number, set()).add(pupil.key)
            if pupil.eckid is not None:
                self.eckids[pupil.number] = pupil.eckid

    def take_days(self, laid_out: Iterable[YearKey], pupils: Iterable[Pupil]) -> None:
        """Take the days of enrolment that a CSV set has for other vestigingen, in the schooljaren that it lays out."""
        laid_out = list(laid_out)
        now = {pupil.number: pupil for pupil in pupils}
        for year, claim in self.geheugen.items():
            if year in laid_out or year[1] not in {start for _, start in laid_out}:
                continue
            for place, (known, _, places) in enumerate(claim.pupils):
                pupil = now.get(known.number)
                periods = [] if pupil is None else periods_in(pupil, year)
                if pupil is not None and periods and self._is_certain(known, pupil):
                    claim.pupils[place] = (known, periods, places)

    def _is_certain(self, known: Pupil, pupil: Pupil) -> bool:
        has_key = pupil.key in self.source_keys[known.number]
        eckid = self.eckids.get(known.number)
        if None not in (eckid, pupil.eckid) and eckid != pupil.eckid:
            return False
        has_eckid = eckid is not None and eckid == pupil.eckid
        if has_key and has_eckid:
            return True
        parts = ("achternaam", "roepnaam", "geboortedatum")
        differ = sum(known.details[part] != pupil.details[part] for part in parts)
        return (has_key or has_eckid) and differ <= 1

    def answer(self, year: YearKey, today: date, *, is_narrow: bool = False) -> View | None:
        """Return what is answered for a year on a day; None: no data."""
        claim = self.geheugen.get(year)
        if claim is None:
            return None
        start = year[1]
        peildatum = max(date(start, 8, 1), min(today, date(start + 1, 7, 31)))
        is_to_come = today < date(start, 8, 1)
        groups = {group.key: group for group in claim.groups}
        visible = {group.key: group for group in claim.groups if group.available}
        leerlingen: dict[str, dict[str, object]] = {}
        for pupil, periods, places in claim.pupils:
            if is_to_come and claim.needs_place and not places:
                continue
            for period in periods:
                if period.covers(peildatum):
                    said = self._leerling(pupil, period, places, groups, visible)
                    leerlingen[self.keys[pupil.number]] = said
        if not leerlingen:
            return None
        view: View = {
            "leerlingen": leerlingen,
            "groepen": {
                group.key: _filled({"naam": group.naam, "jaargroep": group.jaargroep, "soort": group.soort})
                for group in visible.values()
            },
            "leerkrachten": {teacher.key: _leerkracht(teacher, visible) for teacher in claim.teachers},
        }
        return narrow(view) if is_narrow else view

    def _leerling(
        self,
        pupil: Pupil,
        period: Period,
        places: list[Place],
        groups: dict[str, SchoolGroup],
        visible: dict[str, SchoolGroup],
    ) -> dict[str, object]:
        home_group = next((place for place in places if place.groep and groups[place.groep].soort == "groep"), None)
        extra = [place.groep for place in places if place.groep in visible and place is not home_group]
        return _filled(
            {
                **pupil.details,
                "eckid": self.eckids.get(pupil.number),
                "jaargroep": jaargroep_of(home_group, places, groups),
                "groep": home_group.groep if home_group is not None and home_group.groep in visible else None,
                "samengestelde_groepen": tuple(extra),
                "instroomdatum": period.van and period.van.isoformat(),
                "uitstroomdatum": period.tot and period.tot.isoformat(),
            }
        )


def jaargroep_of(home_group: Place | None, places: list[Place], groups: dict[str, SchoolGroup]) -> str | None:
    """Return the own jaargroep: of the place in the stamgroep, else of the first place, else of a group but C."""
    if home_group is not None and home_group.jaargroep:
        return home_group.jaargroep
    for place in places:
        if place.jaargroep:
            return place.jaargroep
    if home_group is not None and home_group.groep and groups[home_group.groep].jaargroep != "C":
        return groups[home_group.groep].jaargroep
    return None


def _leerkracht(teacher: Teacher, visible: dict[str, SchoolGroup]) -> dict[str, object]:
    groepen = tuple((visible[key].soort, key, rollen) for key, rollen in teacher.groepen if key in visible)
    return _filled({**teacher.details, "eckid": teacher.eckid, "rollen": teacher.rollen, "groepen": groepen})


def narrow(view: View) -> View:
    """Leave out what the smalle set does not carry."""
    return {
        kind: {
            key: {naam: value for naam, value in record.items() if naam in NARROW[kind]}
            for key, record in records.items()
        }
        for kind, records in view.items()
    }


def _filled(record: dict[str, object]) -> dict[str, object]:
    return {naam: value for naam, value in record.items() if value not in (None, (), "")}


def csv_says(children: Iterable[Pupil], groups: list[SchoolGroup], teachers: list[Teacher], year: YearKey) -> Claim:
    """Return the claim of a CSV set about a year that it lays out: everybody enrolled there on one of its days.

    The order of its rows means nothing: groepen are in the order of their keys, after a place without one.
    """
    found = []
    for pupil in children:
        if periods := periods_in(pupil, year):
            places = sorted(pupil.places.get(year, []), key=lambda place: place.groep or "")
            found.append((pupil, periods, places))
    ordered = [replace(teacher, groepen=sorted(teacher.groepen)) for teacher in teachers]
    return Claim(needs_place=True, groups=groups, pupils=found, teachers=ordered)


def periods_in(pupil: Pupil, year: YearKey) -> list[Period]:
    """Return the enrolments of a leerling that have a day in a year."""
    return [one for one in pupil.periods if one.brin6 == year[0] and one.touches(year[1])]


def edexml_says(
    children: Iterable[Pupil], groups: list[SchoolGroup], teachers: list[Teacher], year: YearKey, day: date
) -> Claim:
    """Return the claim of an EDEXML export of a LAS: everybody in the layout of that year, with one period each.

    Of somebody with two periods in a year it is the last one that has begun. Every group is available; a guest is
    nothing special.
    """
    brin6, start = year
    found = []
    for pupil in children:
        periods = [one for one in pupil.periods if one.brin6 == brin6 and one.touches(start)]
        places = pupil.places.get(year, [])
        if periods and places:
            begun = [one for one in periods if one.van is None or one.van <= day]
            found.append((pupil, [begun[-1] if begun else periods[0]], places))
    everywhere = [SchoolGroup(group.key, group.naam, group.jaargroep) for group in groups]
    return Claim(needs_place=False, groups=everywhere, pupils=found, teachers=teachers)
