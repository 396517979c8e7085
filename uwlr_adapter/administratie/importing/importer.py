"""Import: what a source delivers of one school becomes its records, whole or not at all, and is kept as a batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.administratie import schools, selection
from uwlr_adapter.administratie.importing import batches
from uwlr_adapter.administratie.importing.diff import TableDiff, compare
from uwlr_adapter.administratie.importing.identify import Identified, ImportedSchool, identify
from uwlr_adapter.administratie.importing.table_rows import SchoolYear, rows_of
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

ALWAYS_ALLOWED = {"leerlingen": 5, "groepen": 1}
"""So many may always go: in a small school a few leavers are a large share."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to import: `moment` is now, `bron` the kind of source.

    `brin6` is what the operator expects the source to be about; `naam` names a vestiging that is new, when the source
    does not (default: its brin6). A dry run does it all and takes it back.
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
    """What an import did, or with a dry run would do, per vestiging and schooljaar; `batch` is its id."""

    batch: int
    reports: tuple[ImportReport, ...]


@dataclass(slots=True)
class _Import:
    """One import on its way: what it wrote, and the school that its source is about."""

    connection: sa.Connection
    options: ImportOptions
    school: ImportedSchool
    new: set[str] = field(default_factory=set)
    """The vestigingen that it made: there is nothing of theirs yet to compare with."""
    steps: list[batches.BatchStep] = field(default_factory=list)

    def write(self, *diffs: TableDiff) -> None:
        """Write differences, parents first; rows that are no longer wanted go in the reverse order."""
        for diff in diffs:
            diff.write(self.connection)
        for diff in reversed(diffs):
            diff.delete(self.connection)
        self.steps += batches.steps(diffs)


def import_deliveries(database: Database, deliveries: Sequence[Delivery], options: ImportOptions) -> Imported:
    """Import in one writing transaction.

    Raises ImportRefusedError, with every reason, when refused: nothing has changed.
    """
    with database.writing() as connection:
        done = apply(connection, deliveries, options)
        if options.dry_run:
            connection.rollback()
    return done


def apply(connection: sa.Connection, deliveries: Sequence[Delivery], options: ImportOptions) -> Imported:
    """Import inside the caller's writing transaction, which the caller rolls back on ImportRefusedError."""
    years = [
        SchoolYear(_resolve(connection, delivery, options.brin6), delivery.school.schooljaar) for delivery in deliveries
    ]
    brincode = _one_school(years, deliveries)
    is_leeg = schools.lock_school(connection, brincode)
    run = _Import(connection, options, ImportedSchool(brincode, frozenset(year.brin6 for year in years), is_leeg))
    reports = _import_years(run, years, deliveries)
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


def _one_school(years: Sequence[SchoolYear], deliveries: Sequence[Delivery]) -> str:
    """Give the brincode of a source, which must be about one school and name each year once."""
    if not years:
        raise ImportRefusedError([Problem(0, "", "has no vestiging and schooljaar to import")])
    seen: set[SchoolYear] = set()
    schoolkeys: dict[str | None, str] = {}
    for year, delivery in zip(years, deliveries, strict=True):
        reason = None
        owner = schoolkeys.setdefault(delivery.school.schoolkey, year.brin6)
        if year.brincode != years[0].brincode:
            reason = f"two schools in one source: {years[0].brincode} and {year.brincode}"
        elif year in seen:
            reason = f"{year.brin6}, {year.schooljaar} stands there twice"
        elif delivery.school.schoolkey is not None and owner != year.brin6:
            reason = f"its schoolkey belongs to {owner}"
        if reason is not None:
            raise ImportRefusedError([delivery.locate(Problem(delivery.school.line, "school", reason))])
        seen.add(year)
    return years[0].brincode


def _import_years(run: _Import, years: Sequence[SchoolYear], deliveries: Sequence[Delivery]) -> list[ImportReport]:
    """Import each year.

    A warning at a line stands with the first year that has it. Raises ImportRefusedError for them all.
    """
    reports: list[ImportReport] = []
    problems: list[Problem] = []
    said: set[Problem] = set()
    for year, delivery in zip(years, deliveries, strict=True):
        try:
            report = _import_year(run, year, delivery)
        except ImportRefusedError as error:
            problems += error.problems
        else:
            reports.append(replace(report, warnings=tuple(one for one in report.warnings if one not in said)))
            said |= {one for one in report.warnings if one.line}
    if problems:
        raise ImportRefusedError(list(dict.fromkeys(problems)))
    return reports


def _import_year(run: _Import, year: SchoolYear, delivery: Delivery) -> ImportReport:
    """Bring one vestiging and schooljaar to what its delivery says."""
    warnings = _keep_vestiging(run, delivery, year.brin6)
    before = {} if year.brin6 in run.new else _answered(run, year)
    leerlingen, leerkrachten = identify(run.connection, delivery, run.school)
    problems = [delivery.locate(one) for one in (*warnings, *leerlingen.warnings, *leerkrachten.warnings)]
    if any(problem.severity is Severity.REFUSED for problem in problems):
        raise ImportRefusedError([*problems, *delivery.warnings])
    counts = _write(run, year, delivery, leerlingen, leerkrachten)
    if not run.options.accept_drop and any(before.values()):
        _require_no_drop(year, before, _answered(run, year), run.options.max_drop)
    return ImportReport(
        brin6=year.brin6,
        schooljaar=year.schooljaar,
        counts=counts,
        warnings=tuple(sorted([*delivery.warnings, *problems], key=lambda warning: warning.line)),
        dropped=dict(delivery.dropped),
    )


def _answered(run: _Import, year: SchoolYear) -> Mapping[str, frozenset[object]]:
    """Give who and what is answered today for this year."""
    day = day_of(run.options.moment)
    return selection.answered(run.connection, brin6=year.brin6, schooljaar=year.schooljaar, day=day)


def _require_no_drop(
    year: SchoolYear, before: Mapping[str, frozenset[object]], after: Mapping[str, frozenset[object]], max_drop: float
) -> None:
    """Raise ImportRefusedError, with the question, when more than a share of what is answered today would be gone."""
    problems = []
    for kind, known in before.items():
        gone = len(known - after[kind])
        if gone > ALWAYS_ALLOWED[kind] and gone > max_drop * len(known):
            share = f"{gone / len(known):.0%}, and more than {max_drop:.0%} stops"
            reason = (
                f"{year.brin6}, {year.schooljaar}: {gone} of the {len(known)} {kind} that are answered today would be "
                f"gone ({share}). Is the source whole? If it is, import it with --accept-drop"
            )
            problems.append(Problem(0, kind, reason))
    if problems:
        raise ImportRefusedError(problems)


def _resolve(connection: sa.Connection, delivery: Delivery, expected: str | None) -> str:
    """Give the brin6 that a delivery is about; a schoolkey alone must be a known one."""
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
    return brin6


def _keep_vestiging(run: _Import, delivery: Delivery, brin6: str) -> list[Problem]:
    """Make the vestiging on first sight, and keep its schoolkey."""
    connection, schoolkey = run.connection, delivery.school.schoolkey
    known = schools.find_vestiging(connection, brin6)
    owner = None if schoolkey is None else schools.find_by_schoolkey(connection, schoolkey)
    if owner is not None and owner.brin6 != brin6:  # a year before this one in the same source brought it
        return [Problem(delivery.school.line, "school/schoolkey", f"its schoolkey belongs to {owner.brin6}")]
    if known is None:
        naam = delivery.school.naam or run.options.naam or brin6
        try:
            schools.insert_vestiging(connection, brin6, naam, schoolkey)
        except schools.VestigingError as error:  # its name, of the source or of the operator
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
    """Bring the records of the year to what the delivery says; what is referred to comes first and goes last."""
    wanted = rows_of(year, delivery, leerlingen.ids, leerkrachten.ids)
    found = {
        table: TableDiff(table, rows) if year.brin6 in run.new else compare(run.connection, table, year.columns(), rows)
        for table, rows in wanted.items()
    }
    run.school = replace(run.school, is_empty=False)
    run.write(
        leerlingen.eckids,
        leerkrachten.eckids,
        TableDiff(persoon, [*leerlingen.new, *leerkrachten.new]),
        TableDiff(source_key, [*leerlingen.source_keys, *leerkrachten.source_keys]),
        *found.values(),
    )
    verplaatst = found[plaatsing].values("persoon_id") | found[inschrijving].values("persoon_id")
    return {
        "locaties": _count(found[locatie], len(delivery.locaties)),
        "groepen": _count(found[groep], len(delivery.groepen)),
        "leerlingen": _count(found[deelname], len(delivery.leerlingen), leerlingen.changed | verplaatst),
        "leerkrachten": _count(found[aanstelling], len(delivery.leerkrachten), leerkrachten.changed),
    }


def _count(diff: TableDiff, total: int, touched: frozenset[int] = frozenset()) -> Counts:
    """Count one kind; `touched` are persons who changed without their own row changing."""
    own = diff.values("persoon_id") if touched else set()
    gewijzigd = len(diff.changed) + len(touched - own)
    return Counts(
        added=len(diff.added),
        changed=gewijzigd,
        unchanged=total - len(diff.added) - gewijzigd,
        removed=len(diff.removed),
    )
