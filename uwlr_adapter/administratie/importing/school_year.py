"""The vestiging and schooljaar of each delivery, resolved from the names in the source and checked together."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.model import Delivery, ImportRefusedError, Problem
from uwlr_adapter.brin import brincode_of


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """One schooljaar of one vestiging: what a delivery is the whole truth for."""

    brin6: str
    schooljaar: str

    @property
    def brincode(self) -> str:
        """The school: the first four characters of the brin6."""
        return brincode_of(self.brin6)

    def columns(self) -> dict[str, str]:
        """Return the columns that identify the year, by name."""
        return {"brin6": self.brin6, "schooljaar": self.schooljaar}


def resolve(connection: sa.Connection, delivery: Delivery, expected: str | None) -> SchoolYear:
    """Return the year of a delivery; a schoolkey without a brincode must be a known one.

    `expected` is the brin6 that the operator named, if any. Raises ImportRefusedError.
    """
    school, path = delivery.school, "school"
    owner = None if school.schoolkey is None else schools.find_by_schoolkey(connection, school.schoolkey)
    brin6 = school.brin6 or (None if owner is None else owner.brin6)
    reason = None
    if brin6 is None:
        reason = "names no brincode, and its schoolkey belongs to no vestiging"
    elif owner is not None and owner.brin6 != brin6:
        path, reason = "school/schoolkey", f"its schoolkey belongs to {owner.brin6}"
    elif expected is not None and expected != brin6:
        reason = f"is about {brin6}, not about {expected}"
    if brin6 is None or reason is not None:
        raise ImportRefusedError([delivery.locate(Problem(school.line, path, reason or "")), *delivery.warnings])
    return SchoolYear(brin6, school.schooljaar)


def require_one_school(years: Sequence[SchoolYear], deliveries: Sequence[Delivery]) -> str:
    """Return the brincode of a source.

    Raises ImportRefusedError unless the source has a year, is about one school, has each year once and gives each
    schoolkey to one vestiging.
    """
    if not years:
        raise ImportRefusedError([Problem(0, "", "has no vestiging and schooljaar to import")])
    earlier: set[SchoolYear] = set()
    schoolkeys: dict[str | None, str] = {}
    for year, delivery in zip(years, deliveries, strict=True):
        reason = None
        owner = schoolkeys.setdefault(delivery.school.schoolkey, year.brin6)
        if year.brincode != years[0].brincode:
            reason = f"two schools in one source: {years[0].brincode} and {year.brincode}"
        elif year in earlier:
            reason = f"{year.brin6}, {year.schooljaar} occurs twice"
        elif delivery.school.schoolkey is not None and owner != year.brin6:
            reason = f"its schoolkey belongs to {owner}"
        if reason is not None:
            raise ImportRefusedError([delivery.locate(Problem(delivery.school.line, "school", reason))])
        earlier.add(year)
    return years[0].brincode


def require_not_merged(connection: sa.Connection, years: Sequence[SchoolYear], deliveries: Sequence[Delivery]) -> None:
    """Raise ImportRefusedError when the school of a source was merged into another one (fusie).

    The transaction must hold the school: an import that waited for a fusie must not bring the school back.
    """
    merged = schools.merged_into(connection, years[0].brincode)
    if not merged:
        return
    problems = []
    for year, delivery in zip(years, deliveries, strict=True):
        reason = f"{year.brincode} was merged into {brincode_of(next(iter(merged.values())))}"
        reason += f": {year.brin6} is {merged[year.brin6]} now" if year.brin6 in merged else ""
        problems += [delivery.locate(Problem(delivery.school.line, "school", reason)), *delivery.warnings]
    raise ImportRefusedError(problems)
