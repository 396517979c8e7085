"""Acts of an operator on records: written step by step, kept as one batch like an import, and journalled."""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing import batch_steps, batches, persons
from uwlr_adapter.administratie.importing.diff import TableDiff
from uwlr_adapter.administratie.importing.persons import Person
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.model import Counts, ImportReport
from uwlr_adapter.administratie.tables import PersonKind, aanstelling, deelname, groep, locatie, vestiging
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.clock import day_of, schooljaar_of
from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import Act

KINDS = {"locaties": locatie, "groepen": groep, "leerlingen": deelname, "leerkrachten": aanstelling}
"""The kinds of record that a report counts, each with its table."""


@dataclass(frozen=True, slots=True)
class Operator:
    """The person at the command, as the journaal names one, and the moment of the act."""

    actor: str
    moment: datetime


@dataclass(slots=True)
class RecordsAct:
    """An act inside a writing transaction that holds the schools which it changes; `command` names it in the batch."""

    connection: sa.Connection
    command: str
    steps: list[batch_steps.BatchStep] = field(default_factory=list)

    def write(self, *diffs: TableDiff) -> None:
        """Write differences, parents first, and then delete in the reverse order."""
        self.steps += batch_steps.write(self.connection, diffs)

    def keep(self, brincode: str, reports: Sequence[ImportReport], act: Act, operator: Operator) -> int:
        """Keep the act as a batch of a school, and write it in the journaal of each vestiging of the reports.

        Return the id of the batch.
        """
        for school in sorted({brincode, *(brincode_of(report.brin6) for report in reports)}):
            schools.touch_school(self.connection, school)
        batch = batches.record(
            self.connection,
            brincode=brincode,
            moment=operator.moment,
            source=self.command,
            reports=reports,
            steps=self.steps,
            actor=operator.actor,
        )
        record_acts(self.connection, act, {report.brin6 for report in reports}, operator, batch)
        return batch


def record_acts(
    connection: sa.Connection, act: Act, brin6s: AbstractSet[str], operator: Operator, batch: int | None = None
) -> None:
    """Write an act in the journaal of some vestigingen, all of which exist; `batch` is what it is kept as."""
    moment, actor = operator.moment, operator.actor
    for brin6 in sorted(brin6s):
        writer.record_records_act(connection, moment=moment, act=act, brin6=brin6, actor=actor, batch=batch)


def known_vestigingen(connection: sa.Connection, brin6s: AbstractSet[str], brincode: str) -> set[str]:
    """Return those of the vestigingen that exist; without any, the first one of the school, if it has one."""
    found = set(connection.scalars(sa.select(vestiging.c.brin6).where(vestiging.c.brin6.in_(sorted(brin6s)))))
    first = sa.select(sa.func.min(vestiging.c.brin6)).where(vestiging.c.brincode == brincode)
    return found or {brin6 for brin6 in connection.scalars(first) if brin6 is not None}


def report_of(connection: sa.Connection, year: SchoolYear, changes: Mapping[str, Counts]) -> ImportReport:
    """Return the report of a year after an act; `changes` is by kind, and every other record is unchanged."""
    counts = {}
    for kind, table in KINDS.items():
        where = [table.c[name] == value for name, value in year.columns().items()]
        total = connection.scalar(sa.select(sa.func.count()).select_from(table).where(*where)) or 0
        change = changes.get(kind, Counts())
        counts[kind] = replace(change, unchanged=max(0, total - change.added - change.changed))
    return ImportReport(year.brin6, year.schooljaar, counts, warnings=(), dropped={})


def reports_of_persons(
    connection: sa.Connection, touched: Sequence[Person], operator: Operator, removed: Sequence[SchoolYear] = ()
) -> list[ImportReport]:
    """Return the report of each year in which one of these persons, all of one kind, has a record.

    `removed` are years in which another record of them went. Persons without any record are reported with the first
    vestiging of their school and the present schooljaar.
    """
    number: Counter[SchoolYear] = Counter()
    for person in touched:
        number.update(persons.years_of(connection, person))
    if not number:
        present = schooljaar_of(day_of(operator.moment))
        number.update(
            {
                SchoolYear(one, present): len(touched)
                for one in known_vestigingen(connection, set(), touched[0].brincode)
            }
        )
    kind = {PersonKind.LEERLING: "leerlingen", PersonKind.LEERKRACHT: "leerkrachten"}[touched[0].kind]
    changes = {year: Counts(changed=count, removed=removed.count(year)) for year, count in number.items()}
    return [
        report_of(connection, year, {kind: change})
        for year, change in sorted(changes.items(), key=lambda one: (one[0].brin6, one[0].schooljaar))
    ]


def changed_row(table: sa.Table, row: Sequence[Any], **values: Any) -> tuple[Any, ...]:  # noqa: ANN401 - of any column
    """Return a whole row of a table with other values in some columns."""
    return tuple(values.get(name, value) for name, value in zip(table.columns.keys(), row, strict=True))
