"""The answers of a school at one moment, compared before and after an act: whom it concerns, and what is lost."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from uwlr_adapter.administratie.importing import drop, effect
from uwlr_adapter.administratie.importing.drop import Loss
from uwlr_adapter.administratie.importing.effect import Answers, YearEffect
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.tables import PersonKind
from uwlr_adapter.contract.dataset import Leerling


@dataclass(frozen=True, slots=True)
class SchoolState:
    """The answers for every year of some schools on a day: the persons, and the keys of the groepen."""

    answers: Answers
    groepen: Mapping[SchoolYear, frozenset[object]]

    def effects(self, after: "SchoolState") -> tuple[YearEffect, ...]:
        """Return what is answered otherwise in another state, for each year that differs."""
        return effect.effect(self.answers, after.answers)

    def losses(self, after: "SchoolState") -> Iterator[tuple[SchoolYear, Loss]]:
        """Yield what another state has no more, of each year and kind of which it lacks something."""
        for year in self.answers:
            before_persons, after_persons = self.answers[year], after.answers.get(year, {})
            for kind, name in ((PersonKind.LEERLING, "leerlingen"), (PersonKind.LEERKRACHT, "leerkrachten")):
                known = {key for person, key in before_persons if person is kind}
                yield from _loss(year, name, known, {key for key in known if (kind, key) not in after_persons})
            if self.answers[year]:
                groepen = self.groepen[year]
                yield from _loss(year, "groepen", groepen, groepen - after.groepen.get(year, frozenset()))
            pairs = [
                (one, now)
                for person, one in before_persons.items()
                if isinstance(one, Leerling) and isinstance(now := after_persons.get(person), Leerling)
            ]
            gone = [one.key for one, now in pairs for _ in range(_places(one) - _places(now))]
            yield from _loss(year, "plaatsingen", [one.key for one, _ in pairs for _ in range(_places(one))], gone)
            had = [(one.key, now.groep) for one, now in pairs if one.groep is not None]
            yield from _loss(year, drop.WITHOUT_GROEP, had, [key for key, groep in had if groep is None])


def state_of(connection: sa.Connection, brincodes: Collection[str], day: date) -> SchoolState:
    """Return what some schools answer on a day."""
    answers = {
        year: persons
        for brincode in brincodes
        for year, persons in effect.answers_of(connection, brincode, day).items()
    }
    return SchoolState(answers, {year: drop.answered(connection, year, day)["groepen"] for year in answers})


def _places(leerling: Leerling) -> int:
    return (leerling.groep is not None) + len(leerling.samengestelde_groepen)


def _loss(
    year: SchoolYear, kind: str, known: Collection[object], gone: Collection[object]
) -> Iterator[tuple[SchoolYear, Loss]]:
    if gone:
        yield year, Loss(kind, len(known), gone)
