"""Import: the deliveries of one school become its records in one transaction, kept as a batch that can be undone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing import batches, drop, elsewhere, school_year
from uwlr_adapter.administratie.importing.diff import TableDiff, compare
from uwlr_adapter.administratie.importing.identify import Identified, ImportedSchool, identify
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.importing.table_rows import rows_of
from uwlr_adapter.administratie.model import Counts, Delivery, ImportRefusedError, ImportReport, Problem, Severity
from uwlr_adapter.administratie.tables import (
    aanstelling,
    deelname,
    groep,
    inschrijving,
    locatie,
    persoon,
    plaatsing,
    source_key,
    vestiging,
)
from uwlr_adapter.clock import day_of
from uwlr_adapter.db.database import Database
from uwlr_adapter.settings import MAX_DROP


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The options of an import.

    `moment` is the present; `source` is the kind of source, which the batch keeps. `brin6` is the vestiging that the
    operator expects in the source. `naam` is for a new vestiging that the source does not name (default: its brin6).
    `dry_run` does all the work and rolls it back. `accept_drop` skips the drop rule; `max_drop` is its share, 0 to 1.
    """

    moment: datetime
    source: str = "edexml"
    brin6: str | None = None
    naam: str | None = None
    dry_run: bool = False
    accept_drop: bool = False
    max_drop: float = MAX_DROP


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of an import or a dry run: the id of its batch, and a report for each vestiging and schooljaar."""

    batch: int
    reports: tuple[ImportReport, ...]


@dataclass(slots=True)
class _Import:
    """The state of one import: the transaction, the school of its source, and the steps that it has written."""

    connection: sa.Connection
    options: ImportOptions
    school: ImportedSchool
    new: set[str] = field(default_factory=set)
    """The vestigingen that this import made: they have no records to compare with."""
    steps: list[batches.BatchStep] = field(default_factory=list)

    def write(self, *diffs: TableDiff) -> None:
        """Write differences, parents first, and then delete in the reverse order."""
        for diff in diffs:
            diff.write(self.connection)
        for diff in reversed(diffs):
            diff.delete(self.connection)
        self.steps += batches.steps(diffs)


def import_deliveries(database: Database, deliveries: Sequence[Delivery], options: ImportOptions) -> Imported:
    """Import the deliveries of one source in one writing transaction.

    Raises ImportRefusedError, with every reason; then nothing has changed.
    """
    with database.writing() as connection:
        done = apply(connection, deliveries, options)
        if options.dry_run:
            connection.rollback()
    return done


def apply(connection: sa.Connection, deliveries: Sequence[Delivery], options: ImportOptions) -> Imported:
    """Import inside the caller's writing transaction, which the caller must roll back on ImportRefusedError."""
    years = [school_year.resolve(connection, delivery, options.brin6) for delivery in deliveries]
    brincode = school_year.require_one_school(years, deliveries)
    is_new = schools.lock_school(connection, brincode)
    run = _Import(connection, options, ImportedSchool(brincode, frozenset(year.brin6 for year in years), is_new))
    reports = _import_years(run, years, deliveries)
    reports += _import_elsewhere(run, deliveries, reports)
    if run.steps:
        schools.touch_school(connection, brincode)
    batch = batches.record(
        connection,
        brincode=brincode,
        moment=options.moment,
        source=options.source,
        reports=reports,
        steps=run.steps,
    )
    return Imported(batch, tuple(reports))


def _import_years(run: _Import, years: Sequence[SchoolYear], deliveries: Sequence[Delivery]) -> list[ImportReport]:
    """Import each year; a warning about a line is reported once, with the first year that has it.

    Raises ImportRefusedError with the problems of all years.
    """
    reports: list[ImportReport] = []
    problems: list[Problem] = []
    reported: set[Problem] = set()
    for year, delivery in zip(years, deliveries, strict=True):
        try:
            report = _import_year(run, year, delivery)
        except ImportRefusedError as error:
            problems += error.problems
        else:
            reports.append(replace(report, warnings=tuple(one for one in report.warnings if one not in reported)))
            reported |= {one for one in report.warnings if one.line}
    if problems:
        raise ImportRefusedError(list(dict.fromkeys(problems)))
    return reports


def _import_elsewhere(run: _Import, deliveries: Sequence[Delivery], reports: list[ImportReport]) -> list[ImportReport]:
    """Import the enrolments in years that the source is not the truth for; return a report of each year that changed.

    The warning about a row that is used nowhere joins the first of `reports`. Raises ImportRefusedError.
    """
    entries = [entry for delivery in deliveries for entry in delivery.elsewhere]
    if not entries:
        return []
    matched = elsewhere.match(run.connection, entries, run.options.brin6)
    told = Counter(problem.file for problem in matched.problems)
    rows = {file: replace(count, told=count.told + told[file]) for file, count in reports[0].rows.items()}
    reports[0] = replace(reports[0], warnings=(*reports[0].warnings, *matched.problems), rows=rows)
    today = day_of(run.options.moment)
    changed: list[ImportReport] = []
    for year, periods in matched.years.items():
        diff = elsewhere.difference(run.connection, year, periods)
        touched = diff.values("persoon_id")
        if not touched:
            continue
        before = drop.answered(run.connection, year, today)
        run.write(diff)
        if not run.options.accept_drop:
            drop.require_no_drop(year, before, drop.answered(run.connection, year, today), run.options.max_drop)
        counts = dict.fromkeys(reports[0].counts, Counts()) | {"leerlingen": Counts(changed=len(touched))}
        changed.append(ImportReport(year.brin6, year.schooljaar, counts, warnings=(), dropped={}))
    return changed


def _import_year(run: _Import, year: SchoolYear, delivery: Delivery) -> ImportReport:
    """Make the records of one vestiging and schooljaar equal to its delivery. Raises ImportRefusedError."""
    warnings = _keep_vestiging(run, delivery, year.brin6)
    today = day_of(run.options.moment)
    before = {} if year.brin6 in run.new else drop.answered(run.connection, year, today)
    leerlingen, leerkrachten = identify(run.connection, delivery, run.school)
    problems = [delivery.locate(one) for one in (*warnings, *leerlingen.warnings, *leerkrachten.warnings)]
    if any(problem.severity is Severity.REFUSED for problem in problems):
        raise ImportRefusedError([*problems, *delivery.warnings])
    counts = _write(run, year, delivery, leerlingen, leerkrachten)
    if not run.options.accept_drop and any(before.values()):
        drop.require_no_drop(year, before, drop.answered(run.connection, year, today), run.options.max_drop)
    return ImportReport(
        brin6=year.brin6,
        schooljaar=year.schooljaar,
        counts=counts,
        warnings=tuple(sorted([*delivery.warnings, *problems], key=lambda warning: warning.line)),
        dropped=dict(delivery.dropped),
        rows=dict(delivery.rows),
    )


def _keep_vestiging(run: _Import, delivery: Delivery, brin6: str) -> list[Problem]:
    """Add the vestiging when it is new, store its schoolkey, and return the problems with these."""
    connection, schoolkey = run.connection, delivery.school.schoolkey
    known = schools.find_vestiging(connection, brin6)
    owner = None if schoolkey is None else schools.find_by_schoolkey(connection, schoolkey)
    if owner is not None and owner.brin6 != brin6:  # an earlier year of the same source stored it
        return [Problem(delivery.school.line, "school/schoolkey", f"its schoolkey belongs to {owner.brin6}")]
    if known is None:
        naam = delivery.school.naam or run.options.naam or brin6
        try:
            schools.insert_vestiging(connection, brin6, naam, schoolkey)
        except schools.VestigingError as error:  # the naam, of the source or of the operator, is not valid
            raise ImportRefusedError([delivery.locate(Problem(delivery.school.line, "school", str(error)))]) from None
        run.steps.append(batches.BatchStep(vestiging, batches.StepKind.ADDED, [(brin6,)]))
        run.new.add(brin6)
    elif schoolkey is not None and schoolkey != known.schoolkey:
        before = tuple(connection.execute(sa.select(vestiging).where(vestiging.c.brin6 == brin6)).one())
        run.write(TableDiff(vestiging, changed=[(*before[:-1], schoolkey)], before=[before]))
        if known.schoolkey is not None:
            return [Problem(delivery.school.line, "school/schoolkey", "another one than before", Severity.WARNING)]
    return []


def _write(
    run: _Import, year: SchoolYear, delivery: Delivery, leerlingen: Identified, leerkrachten: Identified
) -> dict[str, Counts]:
    """Write the differences between the stored and the delivered records of a year, and count them."""
    wanted = rows_of(year, delivery, leerlingen.ids, leerkrachten.ids)
    diffs = {
        table: TableDiff(table, rows) if year.brin6 in run.new else compare(run.connection, table, year.columns(), rows)
        for table, rows in wanted.items()
    }
    run.school = replace(run.school, is_empty=False)
    run.write(
        leerlingen.eckids,
        leerkrachten.eckids,
        TableDiff(persoon, [*leerlingen.new, *leerkrachten.new]),
        TableDiff(source_key, [*leerlingen.source_keys, *leerkrachten.source_keys]),
        *diffs.values(),
    )
    moved = diffs[plaatsing].values("persoon_id") | diffs[inschrijving].values("persoon_id")
    return {
        "locaties": _count(diffs[locatie], len(delivery.locaties)),
        "groepen": _count(diffs[groep], len(delivery.groepen)),
        "leerlingen": _count(diffs[deelname], len(delivery.leerlingen), leerlingen.changed | moved),
        "leerkrachten": _count(diffs[aanstelling], len(delivery.leerkrachten), leerkrachten.changed),
    }


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
