"""A model of the answers of a school: plain lists that hold what the last import of a year said.

Written from docs/reference/records.md alone; it knows nothing of the code of the records. Slow and simple on purpose:
each answer is made anew from the rows, one rule after the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

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


@dataclass
class Settings:
    """What a vestiging has set."""

    first_school_day: dict[int, date] = field(default_factory=dict)
    """By the year in which the schooljaar starts; 7 September where it is not set."""
    takes_under_four: bool = False
    past_until: tuple[int, int] = (9, 30)
    """Month and day, in the year in which the schooljaar ended."""


@dataclass(frozen=True)
class Stay:
    """The days on which a child counts at a vestiging: from `first` (inclusive) to `end` (exclusive)."""

    brin6: str
    first: date
    end: date
    period: Period


class Model:
    """A school as its last imports left it, and as it set its calendar."""

    def __init__(self) -> None:
        self.geheugen: dict[YearKey, Claim] = {}
        self.keys: dict[int, str] = {}
        self.eckids: dict[int, str] = {}
        self.source_keys: dict[int, set[str]] = {}
        self.settings: dict[str, Settings] = {}
        self.acts: dict[YearKey, list[tuple[date, str]]] = {}
        """The acts on the release of a year: the day, and `release` or `take back`."""

    def is_answered(self, year: YearKey, today: date) -> bool:
        """Return whether a year is answered on a day: the present one, the past one for a while, a released one."""
        brin6, start = year
        if today >= date(start + 1, 8, 1):
            return today <= date(start + 1, *self.settings.get(brin6, Settings()).past_until)
        if today >= date(start, 8, 1):
            return True
        day, act = self.acts.get(year, [(date.min, "none")])[-1]
        if act == "release":
            return True
        return today >= date(start, 7, 1) and not (act == "take back" and day >= date(start, 7, 1))

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
        if claim is None or not self.is_answered(year, today):
            return None
        brin6, start = year
        peildatum = max(date(start, 8, 1), min(today, date(start + 1, 7, 31)))
        groups = {group.key: group for group in claim.groups}
        visible = {group.key: group for group in claim.groups if group.available}
        leerlingen: dict[str, dict[str, object]] = {}
        for pupil, _periods, places in claim.pupils:
            if self._is_too_young(pupil, brin6, peildatum):
                continue
            for stay in self._stays(pupil.number, start, today):
                if stay.brin6 == brin6 and stay.first <= peildatum < stay.end:
                    assert self.keys[pupil.number] not in leerlingen
                    said = self._leerling(pupil, stay.period, places, groups, visible)
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

    def _is_too_young(self, pupil: Pupil, brin6: str, day: date) -> bool:
        born = pupil.details["geboortedatum"]
        return bool(born) and _age(born, day) < 4 and not self.settings.get(brin6, Settings()).takes_under_four

    def _stays(self, number: int, start: int, today: date) -> list[Stay]:
        """Return the days of a child at each vestiging in a schooljaar.

        First the days as they are enrolled. Then each stay that begins when the school does is drawn forward to 1
        August, and what ended before its own first day has no days left. At last the leavers of 31 July get that day.
        """
        first, end = date(start, 8, 1), date(start + 1, 8, 1)
        plain: list[tuple[Stay, bool]] = []
        for (brin6, of_year), claim in self.geheugen.items():
            for pupil, periods, places in claim.pupils:
                if of_year != start or pupil.number != number:
                    continue
                if today < first and claim.needs_place and not places:
                    continue
                groups = {group.key: group for group in claim.groups}
                for one in periods:
                    stay = Stay(brin6, one.van or date.min, one.tot or date.max, one)
                    plain.append((stay, self._counts_early(pupil, stay, places, groups, start)))
        early = [stay for stay, is_early in plain if is_early]
        found = []
        for stay, is_early in plain:
            if any(stay.end <= other.first for other in early):
                continue
            last_day = end - timedelta(days=1)
            goes_on = any(other.first == last_day < other.end for other, _ in plain)
            until = end if stay.end == last_day and stay.first < last_day and not goes_on else stay.end
            found.append(replace(stay, first=first if is_early else stay.first, end=until))
        return found

    def _counts_early(
        self, pupil: Pupil, stay: Stay, places: list[Place], groups: dict[str, SchoolGroup], start: int
    ) -> bool:
        """Return whether a stay that begins with the school counts from 1 August."""
        opening = self.settings.get(stay.brin6, Settings()).first_school_day.get(start, date(start, 9, 7))
        if not date(start, 8, 1) < stay.first <= opening or stay.end <= stay.first:
            return False
        if born := pupil.details["geboortedatum"]:
            return _age(born, date(start, 8, 1)) >= 4
        home_group = next((place for place in places if place.groep and groups[place.groep].soort == "groep"), None)
        return jaargroep_of(home_group, places, groups) not in (None, "0", "1")

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


def _age(born: str, day: date) -> int:
    """Return the age in whole years on a day."""
    birth = date.fromisoformat(born)
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


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
