"""Leavers: persons of whom no year is needed any more, and what is erased of them once their term passed.

A leaver has no record in the present school year or a later one, none in a year that is still answered, and is in no
open question. The term counts from the last year or, when a source or an act took the person out of a year after that,
from the day on which it did. docs/explanation/privacy.md has the rules and their reasons.
"""

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

import sqlalchemy as sa

from uwlr_adapter.administratie import answered, person_results, schools
from uwlr_adapter.administratie.importing import batches, closed_years, used_keys
from uwlr_adapter.administratie.importing.diff import AT_ONCE
from uwlr_adapter.administratie.importing.persons import RECORDS
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.tables import (
    PersonKind,
    import_question,
    inschrijving,
    joined,
    person_columns,
    persoon,
    plaatsing,
    record_removed,
    source_key,
    used_key,
)
from uwlr_adapter.clock import FIRST_MONTH, schooljaar_of, schooljaar_start
from uwlr_adapter.db import bulk


@dataclass(frozen=True, slots=True)
class LeaverTerm:
    """When leavers are erased: the month and the day of that, and for how long an import can be undone."""

    month: int
    day: int
    undo: timedelta


@dataclass(frozen=True, slots=True)
class Leaver:
    """What tells when a person is erased: the years, by when they close, and the day of being taken out of one."""

    id: int
    kind: PersonKind
    brincode: str
    years: tuple[SchoolYear, ...] = ()
    closes: date | None = None
    """The first day on which none of the years is answered; None without any year."""
    removed: date | None = None
    is_told: bool = True
    """Whether a vestiging of the last year has records of a later one, so that its source told who left."""


def erased_on(leaver: Leaver, term: LeaverTerm) -> date:
    """Return the first day on which a leaver may be erased. Pure.

    Never while the import that took the person out can be undone. A year later when no source told that the person
    left: the vestiging was not imported since, as when it closed.
    """
    left = max((_end_of(one.schooljaar) for one in leaver.years), default=date.min)
    first = _next(max(left, leaver.removed or date.min), term)
    if leaver.years and not leaver.is_told:
        first = _next(first, term)
    undone = date.min if leaver.removed is None else leaver.removed + term.undo
    return max(first, undone, leaver.closes or date.min)


def _end_of(schooljaar: str) -> date:
    """Return the first day after a school year."""
    return date((schooljaar_start(schooljaar) or date.min.year) + 1, FIRST_MONTH, 1)


def _next(day: date, term: LeaverTerm) -> date:
    """Return the first day of the term after a day (exclusive)."""
    found = date(day.year, term.month, term.day)
    return found if found > day else found.replace(year=day.year + 1)


def find_due(
    connection: sa.Connection, term: LeaverTerm, today: date, kind: PersonKind, among: Collection[int] | None = None
) -> list[Leaver]:
    """Return the leavers of a kind whose term passed, by school; `among` narrows it to some persons, by id."""
    return [one for one in _candidates(connection, today, kind, among) if erased_on(one, term) <= today]


def _candidates(
    connection: sa.Connection, today: date, kind: PersonKind, among: Collection[int] | None
) -> Iterator[Leaver]:
    """Yield the persons without a record from the present school year on, and in no open question, by school."""
    records = RECORDS[kind]
    present = sa.exists().where(records.c.persoon_id == persoon.c.id, records.c.schooljaar >= schooljaar_of(today))
    query = sa.select(persoon.c.brincode, persoon.c.id).where(persoon.c.soort == kind.value, ~present)
    if among is not None:
        query = query.where(persoon.c.id.in_(among))
    rows = connection.execute(query.order_by(persoon.c.brincode, persoon.c.id)).all()
    for brincode, of_school in groupby(rows, key=lambda row: str(row.brincode)):
        ids = sorted({row.id for row in of_school} - _asked(connection, brincode))
        for some in bulk.pieces(ids, AT_ONCE):
            yield from _of_school(connection, brincode, kind, some)


def _of_school(connection: sa.Connection, brincode: str, kind: PersonKind, ids: Sequence[int]) -> Iterator[Leaver]:
    """Yield these persons of a school with what tells when they are erased."""
    records = RECORDS[kind]
    columns = (records.c.persoon_id, records.c.brin6, records.c.schooljaar)
    years: dict[int, list[SchoolYear]] = defaultdict(list)
    for id_, brin6, schooljaar in connection.execute(sa.select(*columns).where(records.c.persoon_id.in_(ids))):
        years[id_].append(SchoolYear(brin6, schooljaar))
    noted = sa.select(record_removed.c.persoon_id, record_removed.c.day).where(record_removed.c.persoon_id.in_(ids))
    removed = {row.persoon_id: row.day for row in connection.execute(noted)}
    brin6s = sorted({one.brin6 for own in years.values() for one in own})
    last_years = {brin6: _last_year(connection, brin6) for brin6 in brin6s}
    until = closed_years.past_year_until(connection, brin6s)
    for id_ in ids:
        own = tuple(years.get(id_, ()))
        closes = max((closed_years.closes(one, until) for one in own), default=None)
        yield Leaver(id_, kind, brincode, own, closes, removed.get(id_), _is_told(own, last_years))


def _is_told(years: Sequence[SchoolYear], last_years: Mapping[str, str]) -> bool:
    last = max((one.schooljaar for one in years), default="")
    return any(last_years.get(one.brin6, "") > last for one in years if one.schooljaar == last)


def _last_year(connection: sa.Connection, brin6: str) -> str:
    """Return the last school year of which a vestiging has records; empty without any."""
    found = [
        connection.scalar(sa.select(sa.func.max(table.c.schooljaar)).where(table.c.brin6 == brin6))
        for table in RECORDS.values()
    ]
    return max(one or "" for one in found)


def _asked(connection: sa.Connection, brincode: str) -> set[int]:
    """Return the persons in open questions of a school: a source may be naming them."""
    found: set[int] = set()
    own = import_question.c
    query = sa.select(own.persoon_id, own.other_id, own.years).where(own.brincode == brincode)
    for by_key, by_eckid, years in connection.execute(query):
        found.update(id_ for id_ in (by_key, by_eckid) if id_ is not None)
        found.update(id_ for year in years for id_ in year["held"])
    return found


def erase(
    connection: sa.Connection,
    brincode: str,
    kind: PersonKind,
    ids: Collection[int],
    term: LeaverTerm,
    today: date,
    moment: datetime,
) -> int:
    """Erase those of these persons of a school whose term passed by now; return how many.

    Their digests stay (`used_keys`). The transaction must be a writing one that holds nothing. The version of the
    school's records rises: no process sends an answer again that it has in memory.
    """
    schools.lock_school(connection, brincode)
    due = [one.id for one in find_due(connection, term, today, kind, ids) if one.brincode == brincode]
    if not due:
        return 0
    schools.touch_school(connection, brincode)
    of_schools = (brincode, *schools.merged_from(connection, brincode))
    people = _identifiers(connection, due)
    owners = {id_: id_ for id_ in due}
    earlier = sa.select(joined).where(joined.c.persoon_id.in_(due))
    owners |= {row.id: row.persoon_id for row in connection.execute(earlier)}
    salts = {id_: secrets.token_hex(used_keys.SALT_BYTES) for id_ in due}
    for school in of_schools:
        batches.drop_persons(connection, school, kind, owners, frozenset().union(*people.values()))
        rows = [
            row
            for id_, identifiers in people.items()
            for row in used_keys.rows_of(school, kind, salts[id_], identifiers, moment)
        ]
        bulk.insert_many(connection, used_key, rows)
    answered.erase(connection, of_schools, owners)
    person_results.erase(connection, of_schools, kind, owners, frozenset().union(*people.values()))
    _delete(connection, due)
    return len(due)


def _identifiers(connection: sa.Connection, ids: Sequence[int]) -> dict[int, set[str]]:
    """Return the keys and the ECK-iD of each person."""
    found: dict[int, set[str]] = {id_: set() for id_ in ids}
    for id_, key, eckid in connection.execute(
        sa.select(persoon.c.id, persoon.c.key, persoon.c.eckid).where(persoon.c.id.in_(ids))
    ):
        found[id_] |= {key} if eckid is None else {key, eckid}
    for id_, key in connection.execute(
        sa.select(source_key.c.persoon_id, source_key.c.key).where(source_key.c.persoon_id.in_(ids))
    ):
        found[id_].add(key)
    return found


def _delete(connection: sa.Connection, ids: Iterable[int]) -> None:
    """Delete persons, and every row that is about them."""
    some = list(ids)
    for column in [plaatsing.c.persoon_id, inschrijving.c.persoon_id, *person_columns()]:
        connection.execute(column.table.delete().where(column.in_(some)))
    connection.execute(persoon.delete().where(persoon.c.id.in_(some)))
