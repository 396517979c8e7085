"""Withdrawal: the records of a vestiging, or of one schooljaar of it, are taken out; geengegevens is the answer then.

Persons, keys and ECK-iDs stay, so that whoever is imported again leaves with the same key.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.importing.by_hand import KINDS, Operator, RecordsAct, report_of
from uwlr_adapter.administratie.importing.diff import TableDiff, rows_with
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.model import Counts
from uwlr_adapter.administratie.tables import (
    aanstelling,
    deelname,
    groep,
    import_question,
    inschrijving,
    locatie,
    plaatsing,
    source_moment,
)
from uwlr_adapter.errors import RefusedError
from uwlr_adapter.journaal.model import Act

YEAR_TABLES = (locatie, groep, deelname, aanstelling, inschrijving, plaatsing)
"""The tables that hold the records of a year, a table before those that refer to it; each begins with brin6."""


class WithdrawError(RefusedError):
    """There is nothing to withdraw; the text says so."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The years that were withdrawn, and the batch that takes it back."""

    years: tuple[SchoolYear, ...]
    batch: int


def withdraw(connection: sa.Connection, brin6: str, schooljaar: str | None, operator: Operator) -> Withdrawn:
    """Take the records of a vestiging out, of one schooljaar or of all. Raises WithdrawError.

    The transaction must hold the school.
    """
    years = [year for year in years_of(connection, brin6) if schooljaar in {None, year.schooljaar}]
    if not years:
        raise WithdrawError(f"{brin6} has no records{'' if schooljaar is None else f' of {schooljaar}'}")
    act = RecordsAct(connection, "school withdraw")
    act.write(_question_diff(connection, years))
    made = [row for year in years for row in rows_with(connection, source_moment, **year.columns())]
    act.write(TableDiff(source_moment, removed=made))
    reports = []
    for year in years:
        rows = rows_of_year(connection, year)
        act.write(*(TableDiff(table, removed=rows[table]) for table in YEAR_TABLES))
        removed = {kind: Counts(removed=len(rows[table])) for kind, table in KINDS.items()}
        reports.append(report_of(connection, year, removed))
    batch = act.keep(years[0].brincode, reports, Act.RECORDS_WITHDRAWN, operator)
    return Withdrawn(tuple(years), batch)


def _question_diff(connection: sa.Connection, years: Sequence[SchoolYear]) -> TableDiff:
    """Return the difference that takes these years out of the open questions: the next import asks about them again."""
    gone = {(year.brin6, year.schooljaar) for year in years}
    removed, changed, before = [], [], []
    for row in rows_with(connection, import_question, brincode=years[0].brincode):
        stay = [one for one in row[-1] if (one["brin6"], one["schooljaar"]) not in gone]
        if not stay:
            removed.append(row)
        elif stay != row[-1]:
            changed.append((*row[:-1], stay))
            before.append(row)
    return TableDiff(import_question, changed=changed, removed=removed, before=before)


def years_of(connection: sa.Connection, brin6: str) -> Iterator[SchoolYear]:
    """Yield the years of which a vestiging has a record, in their order."""
    query = sa.union(*(sa.select(table.c.schooljaar).where(table.c.brin6 == brin6) for table in YEAR_TABLES))
    for schooljaar in sorted(connection.scalars(query)):
        yield SchoolYear(brin6, schooljaar)


def rows_of_year(connection: sa.Connection, year: SchoolYear) -> dict[sa.Table, list[tuple[Any, ...]]]:
    """Return the whole rows of a year by table."""
    return {table: rows_with(connection, table, **year.columns()) for table in YEAR_TABLES}
