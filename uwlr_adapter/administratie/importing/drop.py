"""The drop rule: an import that would remove much of what is answered today stops, and asks the operator.

Leerlingen and groepen are compared as they are answered, before and after the import; leerkrachten and plaatsingen by
the rows that the import changes, which costs no query.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

import sqlalchemy as sa

from uwlr_adapter.administratie import enrolment
from uwlr_adapter.administratie.importing.diff import TableRow
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.tables import groep, plaatsing

WITHOUT_GROEP = "leerlingen with a stamgroep"
ALWAYS_ALLOWED = {"leerlingen": 5, "groepen": 1, "leerkrachten": 2, "plaatsingen": 10, WITHOUT_GROEP: 5}
"""The numbers that may always be lost, inclusive: in a small school a few leavers are a large share.

Five leerlingen leave a small school in a month, and five wait for a new stamgroep; one groep and two leerkrachten are
what a school of four groepen changes at once; ten plaatsingen are one samengestelde groep that ends.
"""

Answered: TypeAlias = Mapping[str, frozenset[object]]
"""The leerlingen and the groepen that are answered, by kind."""


def answered(connection: sa.Connection, year: SchoolYear, day: date) -> Answered:
    """Return the leerlingen and the groepen that are answered for a year on a day."""
    return enrolment.answered(connection, brin6=year.brin6, schooljaar=year.schooljaar, day=day)


@dataclass(frozen=True, slots=True)
class Loss:
    """What an import takes of one kind: of `known` records that are answered, those in `gone` would be no more.

    `gone` holds ids of persons, or keys of groepen; one id for each plaatsing.
    """

    kind: str
    known: int
    gone: Collection[object]

    def asks(self, max_drop: float) -> bool:
        """Return whether the loss is a question: more than the minimum, and more than the share `max_drop`.

        `max_drop` is 0 to 1, inclusive: a drop of exactly this share is allowed.
        """
        gone = len(self.gone)
        return gone > ALWAYS_ALLOWED[self.kind] and gone > max_drop * self.known

    def told(self, year: SchoolYear, max_drop: float) -> str:
        """Return the loss in words, with its share and the largest one that is no question."""
        share = f"{len(self.gone) / self.known:.0%}, and more than {max_drop:.0%} stops"
        lost = "have none" if self.kind == WITHOUT_GROEP else "be gone"
        return (
            f"{year.brin6}, {year.schooljaar}: {len(self.gone)} of the {self.known} {self.kind} that are answered "
            f"today would {lost} ({share})"
        )

    def reason(self, year: SchoolYear, max_drop: float) -> str:
        """Return the question of an import in words."""
        return f"{self.told(year, max_drop)}. Is the source whole? If it is, import it with --accept-drop"


@dataclass(frozen=True, slots=True)
class Placements:
    """The groepen of each leerling of a year, as far as they are in koppelingen beschikbaar."""

    number_of: Mapping[int, int]
    """The number of groepen by id of the leerling."""
    with_stamgroep: AbstractSet[int]
    """The ids of the leerlingen with a stamgroep."""


def placements(groepen: Iterable[TableRow], plaatsingen: Iterable[TableRow]) -> Placements:
    """Return the placements in these rows of the tables `groep` and `plaatsing`."""
    key, soort, beschikbaar = _places(groep, "key", "soort", "beschikbaar")
    persoon_id, groep_key = _places(plaatsing, "persoon_id", "groep_key")
    soort_of = {row[key]: row[soort] for row in groepen if row[beschikbaar]}
    number_of: dict[int, int] = {}
    with_stamgroep: set[int] = set()
    for row in plaatsingen:
        found = soort_of.get(row[groep_key])
        if found is not None:
            number_of[row[persoon_id]] = number_of.get(row[persoon_id], 0) + 1
            if found == "groep":
                with_stamgroep.add(row[persoon_id])
    return Placements(number_of, with_stamgroep)


def placement_losses(before: Placements, after: Placements, staying: AbstractSet[object]) -> list[Loss]:
    """Return what leerlingen who are answered before and after the import (`staying`) lose of their groepen.

    A leerling who moves to another groep loses none: the numbers are compared.
    """
    gone = [
        id_
        for id_, number in before.number_of.items()
        if id_ in staying
        for _ in range(number - after.number_of.get(id_, 0))
    ]
    known = sum(number for id_, number in before.number_of.items() if id_ in staying)
    had = before.with_stamgroep & staying
    return [
        Loss("plaatsingen", known, gone),
        Loss(WITHOUT_GROEP, len(had), sorted(id_ for id_ in had if id_ not in after.with_stamgroep)),
    ]


def _places(table: sa.Table, *names: str) -> Sequence[int]:
    columns = table.columns.keys()
    return [columns.index(name) for name in names]
