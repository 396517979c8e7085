"""The records of one year as an import makes them: the wanted rows, what they change, and how many records that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from uwlr_adapter.administratie.importing import held
from uwlr_adapter.administratie.importing.diff import TableDiff, TableRow, compare
from uwlr_adapter.administratie.importing.identify import People
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.importing.table_rows import PERSON, rows_of
from uwlr_adapter.administratie.model import Counts, Delivery
from uwlr_adapter.administratie.tables import aanstelling, deelname, groep, inschrijving, locatie, plaatsing


@dataclass(frozen=True, slots=True)
class YearRecords:
    """The rows that a year is to have, those of persons who are held included, and what that changes, by table."""

    wanted: Mapping[sa.Table, Sequence[TableRow]]
    diffs: Mapping[sa.Table, TableDiff]

    @property
    def takes_away(self) -> bool:
        """Whether a row changes or goes."""
        return any(diff.changed or diff.removed for diff in self.diffs.values())

    @property
    def fresh(self) -> set[int]:
        """The ids of the persons with another row than before."""
        diffs = (self.diffs[table] for table in (deelname, aanstelling))
        return {row[PERSON] for diff in diffs for rows in (diff.added, diff.changed) for row in rows}

    @property
    def persons(self) -> set[int]:
        """The ids of the persons who are to have a record of the year."""
        return {row[PERSON] for table in (deelname, aanstelling) for row in self.wanted[table]}

    def counts(self, delivery: Delivery, people: People) -> dict[str, Counts]:
        """Count what becomes of the records, by kind; another groep is a change of the leerling too."""
        moved = self.diffs[plaatsing].values("persoon_id") | self.diffs[inschrijving].values("persoon_id")
        leerlingen, leerkrachten = people.leerlingen.changed | moved, people.leerkrachten.changed
        return {
            "locaties": _count(self.diffs[locatie], len(delivery.locaties)),
            "groepen": _count(self.diffs[groep], len(delivery.groepen)),
            "leerlingen": _count(self.diffs[deelname], len(delivery.leerlingen), leerlingen),
            "leerkrachten": _count(self.diffs[aanstelling], len(delivery.leerkrachten), leerkrachten),
            "plaatsingen": _count(self.diffs[plaatsing], len(self.wanted[plaatsing])),
        }


def compare_year(
    connection: sa.Connection, year: SchoolYear, delivery: Delivery, people: People, *, is_new: bool
) -> YearRecords:
    """Compare a year with its delivery, which has no contested rows; `is_new`: its vestiging has no records."""
    wanted = rows_of(year, delivery, people.leerlingen.ids, people.leerkrachten.ids)
    diffs = {
        table: TableDiff(table, rows) if is_new else compare(connection, table, year.columns(), rows)
        for table, rows in wanted.items()
    }
    if stay := people.held:
        kept = {table: held.keep(diff, stay, wanted) for table, diff in diffs.items()}
        for table, (diff, rows) in kept.items():
            diffs[table], wanted[table] = diff, [*wanted[table], *rows]
    return YearRecords(wanted, diffs)


def _count(diff: TableDiff, total: int, touched: frozenset[int] = frozenset()) -> Counts:
    """Return the counts of one kind; `touched` are persons with a change outside the rows of `diff`."""
    in_diff = diff.values("persoon_id") if touched else set()
    changed = len(diff.changed) + len(touched - in_diff)
    return Counts(
        added=len(diff.added),
        changed=changed,
        unchanged=total - len(diff.added) - changed,
        removed=len(diff.removed),
    )
