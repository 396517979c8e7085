"""Days of enrolment in years that a source is not the truth for, such as those at a vestiging that closes.

A source without a groep of a vestiging in a schooljaar says nothing of that year, but for who is enrolled there: the
periods of a leerling who is known in that year become those of the source. Everything else of the year stays.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.importing.diff import TableDiff, TableRow
from uwlr_adapter.administratie.importing.naming import Naming, compare, naming_of
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.model import EnrolledElsewhere, Period, Problem, Severity
from uwlr_adapter.administratie.tables import PersonKind, deelname, inschrijving, persoon, source_key
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.contract.dataset import Leerling

NOT_KNOWN = "is at a vestiging without a group in this schooljaar, where this leerling is not known: not read"
"""The reason for a row that nobody is known for."""
SECOND_ROW = "is of a leerling who has another row in this set, with days of its own: not read"
"""The reason for a second row of one person."""
OTHER_VESTIGING = "is at another vestiging than --brin6 names: not read"
"""The reason for a row about a vestiging that the operator left out."""
_COLUMNS = inschrijving.columns.keys()


@dataclass(frozen=True, slots=True)
class Matched:
    """The leerlingen of a source who are known in the years that it is not the truth for."""

    years: dict[SchoolYear, dict[int, tuple[Period, ...]]]
    """The periods by year and id of the person."""
    problems: tuple[Problem, ...]
    """A warning for each row that is used nowhere."""


def match(connection: sa.Connection, entries: Sequence[EnrolledElsewhere], brin6: str | None) -> Matched:
    """Match the enrolments with the leerlingen who are known in their years; `brin6` is the only vestiging, if any."""
    years: dict[SchoolYear, list[EnrolledElsewhere]] = {}
    used: set[tuple[str, int]] = set()
    unused: dict[tuple[str, int], str] = {}
    for entry in entries:
        if brin6 in (None, entry.brin6):
            years.setdefault(SchoolYear(entry.brin6, entry.schooljaar), []).append(entry)
        else:
            unused |= dict.fromkeys(entry.rows, OTHER_VESTIGING)
    matched: dict[SchoolYear, dict[int, tuple[Period, ...]]] = {}
    for year, of_year in years.items():
        known = _known(connection, year)
        for entry in of_year:
            person = known.find(entry.leerling)
            periods = matched.setdefault(year, {})
            if person is None:
                unused |= dict.fromkeys(entry.rows, NOT_KNOWN)
            elif person in periods:
                unused |= dict.fromkeys(entry.rows, SECOND_ROW)
            else:
                used.update(entry.rows)
                periods[person] = entry.periods
    problems = (
        Problem(row[1], "", reason, Severity.WARNING, row[0])
        for row, reason in sorted(unused.items())
        if row not in used
    )
    return Matched({year: periods for year, periods in matched.items() if periods}, tuple(problems))


def difference(connection: sa.Connection, year: SchoolYear, periods: dict[int, tuple[Period, ...]]) -> TableDiff:
    """Return the difference between the stored periods of these persons in a year and the wanted ones.

    Of a period that stays only the days, and whether it is one of a guest, become another.
    """
    query = sa.select(inschrijving).where(*(inschrijving.c[name] == value for name, value in year.columns().items()))
    present: dict[tuple[int, int], dict[str, Any]] = {}
    for row in connection.execute(query).mappings():
        if row["persoon_id"] in periods:
            present[row["persoon_id"], row["volgorde"]] = dict(row)
    wanted = {
        (person, place): {**year.columns(), "persoon_id": person, "volgorde": place, **_days(period)}
        for person, of_person in periods.items()
        for place, period in enumerate(of_person)
    }
    new = {key: present.get(key, {}) | row for key, row in wanted.items()}
    changed = [key for key, row in new.items() if key in present and row != present[key]]
    return TableDiff(
        inschrijving,
        added=_rows(row for key, row in new.items() if key not in present),
        changed=_rows(new[key] for key in changed),
        removed=_rows(row for key, row in present.items() if key not in wanted),
        before=_rows(present[key] for key in changed),
    )


def _rows(rows: Iterable[dict[str, Any]]) -> list[TableRow]:
    return [tuple(row.get(name) for name in _COLUMNS) for row in rows]


def _days(period: Period) -> dict[str, object]:
    return {
        "van": period.first_day,
        "tot": period.end_day,
        "gast": period.gast,
        "instroomdatum": period.instroomdatum,
        "uitstroomdatum": period.uitstroomdatum,
    }


@dataclass(frozen=True, slots=True)
class _KnownInYear:
    """The leerlingen of a school by source key and by ECK-iD, and the ids of those who are known in a year."""

    by_key: dict[str, sa.Row[Any]]
    by_eckid: dict[str, sa.Row[Any]]
    ids: frozenset[int]

    def find(self, leerling: Leerling) -> int | None:
        """Return the id of a leerling, when it is certain that it is the same one; of a row that is two it is not."""
        named = (self.by_key.get(leerling.key), self.by_eckid.get(leerling.eckid or ""))
        same: set[int] = {found.id for found in named if found is not None and _is_same(found, leerling)}
        return next(iter(same & self.ids), None) if len(same) == 1 else None


def _known(connection: sa.Connection, year: SchoolYear) -> _KnownInYear:
    query = (
        sa.select(source_key.c.key, persoon.c.id, persoon.c.eckid, *(persoon.c[name] for name in Naming._fields))
        .join(persoon, persoon.c.id == source_key.c.persoon_id)
        .where(
            source_key.c.soort == PersonKind.LEERLING.value,
            source_key.c.brincode == brincode_of(year.brin6),
        )
    )
    rows = connection.execute(query).all()
    in_year = (deelname.c[name] == value for name, value in year.columns().items())
    return _KnownInYear(
        by_key={row.key: row for row in rows},
        by_eckid={row.eckid: row for row in rows if row.eckid is not None},
        ids=frozenset(connection.scalars(sa.select(deelname.c.persoon_id).where(*in_year))),
    )


def _is_same(known: sa.Row[Any], leerling: Leerling) -> bool:
    """Return whether a known leerling found by key or ECK-iD is the one of a row: by both, or by name as well.

    With another ECK-iD nobody is: whether it is a correction is decided in the years of the source.
    """
    if None not in (known.eckid, leerling.eckid):
        if known.eckid != leerling.eckid:
            return False
        if known.key == leerling.key:
            return True
    naming = Naming(known.roepnaam, known.achternaam, known.geboortedatum)
    return compare(naming_of(leerling), naming).is_same(PersonKind.LEERLING)
