"""Import: the deliveries of one school become its records in one transaction, kept as a batch that can be undone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing import batches, drop, harm, not_taken, school_year, source_moments
from uwlr_adapter.administratie.importing.diff import TableDiff, TableRow, compare
from uwlr_adapter.administratie.importing.harm import ACCEPT_DROP, NEW_KEYS, NEW_SCHOOL, OLDER, YearChange
from uwlr_adapter.administratie.importing.identify import Identified, ImportedSchool, identify
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.importing.table_rows import rows_of
from uwlr_adapter.administratie.model import Counts, Delivery, ImportRefusedError, ImportReport, Problem, Severity
from uwlr_adapter.administratie.tables import (
    PersonKind,
    aanstelling,
    deelname,
    groep,
    inschrijving,
    locatie,
    persoon,
    plaatsing,
    source_key,
    source_moment,
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
    `dry_run` does all the work and rolls it back. `max_drop` is the share of the drop rule, 0 to 1. `only_school` is
    the brincode of the one school in the database, where another one is a question. `accept_drop`, `older`, `new_keys`
    and `new_school` answer a question with yes (`importing/harm.py`).
    """

    moment: datetime
    source: str = "edexml"
    brin6: str | None = None
    naam: str | None = None
    dry_run: bool = False
    accept_drop: bool = False
    max_drop: float = MAX_DROP
    only_school: str | None = None
    older: bool = False
    new_keys: bool = False
    new_school: bool = False

    def answers(self, problem: Problem) -> bool:
        """Return whether a problem is a question that is answered with yes."""
        given = {ACCEPT_DROP: self.accept_drop, OLDER: self.older, NEW_KEYS: self.new_keys, NEW_SCHOOL: self.new_school}
        return given.get(problem.flag, False)


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
    is_new: bool
    """Whether nothing of the school was ever stored, so that there is nothing to look up."""
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

    def unanswered(self, problems: Iterable[Problem]) -> list[Problem]:
        """Return the problems without the questions that are answered."""
        return [problem for problem in problems if not self.options.answers(problem)]


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
    run = _Import(
        connection, options, ImportedSchool(brincode, frozenset(year.brin6 for year in years), is_new), is_new
    )
    reports = _import_years(run, years, deliveries)
    if not is_new:
        not_taken.clear(connection, [(year.brin6, year.schooljaar) for year in years])
    if any(step.table is not source_moment for step in run.steps):
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
    problems: list[Problem] = run.unanswered(harm.of_school(run.options.only_school, run.school.brincode))
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
        raise ImportRefusedError(list(dict.fromkeys(problems)), [(year.brin6, year.schooljaar) for year in years])
    return reports


def _import_year(run: _Import, year: SchoolYear, delivery: Delivery) -> ImportReport:
    """Make the records of one vestiging and schooljaar equal to its delivery. Raises ImportRefusedError."""
    warnings = _keep_vestiging(run, delivery, year.brin6)
    leerlingen, leerkrachten = identify(run.connection, delivery, run.school)
    problems = [delivery.locate(one) for one in (*warnings, *leerlingen.warnings, *leerkrachten.warnings)]
    if any(problem.severity is Severity.REFUSED for problem in problems):
        raise ImportRefusedError([*problems, *delivery.warnings])
    wanted = rows_of(year, delivery, leerlingen.ids, leerkrachten.ids)
    diffs = {
        table: TableDiff(table, rows) if year.brin6 in run.new else compare(run.connection, table, year.columns(), rows)
        for table, rows in wanted.items()
    }
    counts = _counts(delivery, wanted, diffs, leerlingen, leerkrachten)
    today = day_of(run.options.moment)
    takes_away = any(diff.changed or diff.removed for diff in diffs.values())
    before = drop.answered(run.connection, year, today) if takes_away else {}
    _write(run, diffs, leerlingen, leerkrachten)
    after = drop.answered(run.connection, year, today) if takes_away else {}
    ids = {PersonKind.LEERLING: leerlingen.ids, PersonKind.LEERKRACHT: leerkrachten.ids}
    change = YearChange(run.connection, year, delivery, before, after, ids, wanted, diffs)
    if takes_away:
        problems += run.unanswered(harm.of_year(change, run.options.max_drop))
    problems += run.unanswered(_judge_moment(run, change, counts))
    if any(problem.severity is Severity.REFUSED for problem in problems):
        raise ImportRefusedError([*problems, *delivery.warnings])
    return ImportReport(
        brin6=year.brin6,
        schooljaar=year.schooljaar,
        counts=counts,
        warnings=tuple(sorted([*delivery.warnings, *problems], key=lambda warning: warning.line)),
        dropped=dict(delivery.dropped),
    )


def _judge_moment(run: _Import, change: YearChange, counts: Mapping[str, Counts]) -> list[Problem]:
    """Store when the source of a year was made, and return the question or warning about that moment."""
    school = change.delivery.school
    if school.aanmaakdatum is None:
        return []
    aanmaakdatum = source_moments.made_at(school.aanmaakdatum)
    if aanmaakdatum > run.options.moment + source_moments.MARGIN:
        reason = "lies in the future: not kept, so a later import of an older source is not noticed"
        warning = Problem(school.line, "school/aanmaakdatum", reason, Severity.WARNING)
        return [change.delivery.locate(warning)]
    made = source_moments.stored(aanmaakdatum)
    known = None if run.is_new else source_moments.find(run.connection, change.year)
    is_older = known is not None and made < known
    if is_older and not any(one.added or one.changed or one.removed for one in counts.values()):
        return []  # the very same content: the newer moment stays
    if made != known:
        run.write(source_moments.change(change.year, known, made))
    had_records = any(one.unchanged or one.changed or one.removed for one in counts.values())
    return [harm.of_older(change, known or "", made)] if is_older and had_records else []


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


def _write(run: _Import, diffs: Mapping[sa.Table, TableDiff], leerlingen: Identified, leerkrachten: Identified) -> None:
    """Write the persons of a year, and the differences between its stored and its wanted rows."""
    run.school = replace(run.school, is_empty=False)
    run.write(
        leerlingen.eckids,
        leerkrachten.eckids,
        TableDiff(persoon, [*leerlingen.new, *leerkrachten.new]),
        TableDiff(source_key, [*leerlingen.source_keys, *leerkrachten.source_keys]),
        *diffs.values(),
    )


def _counts(
    delivery: Delivery,
    wanted: Mapping[sa.Table, Sequence[TableRow]],
    diffs: Mapping[sa.Table, TableDiff],
    leerlingen: Identified,
    leerkrachten: Identified,
) -> dict[str, Counts]:
    """Count what becomes of the records of a year, by kind; another groep is a change of the leerling too."""
    moved = diffs[plaatsing].values("persoon_id") | diffs[inschrijving].values("persoon_id")
    return {
        "locaties": _count(diffs[locatie], len(delivery.locaties)),
        "groepen": _count(diffs[groep], len(delivery.groepen)),
        "leerlingen": _count(diffs[deelname], len(delivery.leerlingen), leerlingen.changed | moved),
        "leerkrachten": _count(diffs[aanstelling], len(delivery.leerkrachten), leerkrachten.changed),
        "plaatsingen": _count(diffs[plaatsing], len(wanted[plaatsing])),
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
