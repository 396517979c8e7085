"""Import: the deliveries of one school become its records in one transaction, kept as a batch that can be undone."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing import (
    batch_steps,
    batches,
    drop,
    elsewhere,
    harm,
    not_taken,
    school_year,
    source_moments,
    under_four,
)
from uwlr_adapter.administratie.importing.diff import TableDiff, TableRow, compare
from uwlr_adapter.administratie.importing.harm import ACCEPT_DROP, NEW_KEYS, NEW_SCHOOL, OLDER, YearChange
from uwlr_adapter.administratie.importing.identify import Identified, ImportedSchool, Persons, are_one, identify
from uwlr_adapter.administratie.importing.match import Doubt, Unmatched
from uwlr_adapter.administratie.importing.questions import OpenQuestions
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
    plaatsing,
    source_moment,
    vestiging,
)
from uwlr_adapter.clock import day_of
from uwlr_adapter.db.database import Database
from uwlr_adapter.settings import MAX_DROP, MAX_HELD, MAX_HELD_SHARE

_KINDS = ("locaties", "groepen", "leerlingen", "leerkrachten", "plaatsingen")
"""The kinds of record that a report counts."""
BY_NAME = "--by-name"
"""The option that answers too many questions about who is who: see `Unmatched`."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The options of an import.

    `moment` is the present; `source` is the kind of source, which the batch keeps. `brin6` is the vestiging that the
    operator expects in the source. `naam` is for a new vestiging that the source does not name (default: its brin6).
    `dry_run` does all the work and rolls it back. `max_drop` is the share of the drop rule, 0 to 1. `only_school` is
    the brincode of the one school in the database, where another one is a question. `accept_drop`, `older`, `new_keys`
    and `new_school` answer a question with yes (`importing/harm.py`). `unmatched` is what becomes of rows whose key or
    ECK-iD is somebody else's. At most `max_held` persons, or `max_held_share` of them if that is more, are held; both
    are inclusive.
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
    unmatched: Unmatched = Unmatched.ASK
    max_held: int = MAX_HELD
    max_held_share: float = MAX_HELD_SHARE

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
    questions: OpenQuestions
    is_new: bool
    """Whether nothing of the school was ever stored, so that there is nothing to look up."""
    new: set[str] = field(default_factory=set)
    """The vestigingen that this import made: they have no records to compare with."""
    steps: list[batch_steps.BatchStep] = field(default_factory=list)

    def write(self, *diffs: TableDiff) -> None:
        """Write differences, parents first, and then delete in the reverse order."""
        self.steps += batch_steps.write(self.connection, diffs)

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
    today = day_of(options.moment)
    questions = OpenQuestions(brincode, (), today) if is_new else OpenQuestions.load(connection, brincode, today)
    run = _Import(connection, options, ImportedSchool(brincode, is_new), questions, is_new)
    reports, problems = _import_years(run, years, deliveries)
    touched = {(year.brin6, year.schooljaar) for year in years}
    if not any(problem.severity is Severity.REFUSED and not problem.flag for problem in problems):
        found = _import_elsewhere(run, deliveries)
        problems += found.problems
        touched |= found.years
        reports = found.join(reports)
    if problems:
        told = [warning for report in reports for warning in report.warnings]
        raise ImportRefusedError(list(dict.fromkeys([*problems, *told])), touched)
    run.write(run.questions.diff(connection))
    if not is_new:
        not_taken.clear(connection, touched)
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


def _import_years(
    run: _Import, years: Sequence[SchoolYear], deliveries: Sequence[Delivery]
) -> tuple[list[ImportReport], list[Problem]]:
    """Import each year; return the reports, and the problems of the years that are refused or ask.

    A warning about a line is reported once, with the first year that has it. The persons of all years are matched
    together, unless the years say different things about one person.
    """
    pairs = list(zip(years, deliveries, strict=True))
    rounds = [pairs] if are_one(deliveries) else [[pair] for pair in pairs]
    reports: list[ImportReport] = []
    problems: list[Problem] = run.unanswered(harm.of_school(run.options.only_school, run.school.brincode))
    reported: set[Problem] = set()
    for together in rounds:
        try:
            persons = _identify(run, together)
        except ImportRefusedError as error:
            problems += error.problems
            continue
        fresh: set[int] | None = set() if any(one.renames for one in persons) else None
        for place, (year, delivery) in enumerate(together):
            leerlingen, leerkrachten = (one.deliveries[place] for one in persons)
            try:
                report = _import_year(run, year, delivery, leerlingen, leerkrachten, fresh)
            except ImportRefusedError as error:
                problems += error.problems
            else:
                reports.append(replace(report, warnings=tuple(one for one in report.warnings if one not in reported)))
                reported |= {one for one in report.warnings if one.line}
        if fresh is not None:
            run.write(*(one.namings(fresh) for one in persons))
    return reports, problems


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """The result of importing enrolments in years that the source is not the truth for."""

    reports: Sequence[ImportReport] = ()
    """A report of each year that changed."""
    unused: Sequence[Problem] = ()
    """The warnings about rows that are used nowhere."""
    years: AbstractSet[tuple[str, str]] = frozenset()
    """The brin6 and schooljaar of each year in which the source has somebody."""
    problems: Sequence[Problem] = ()
    """The questions that are not answered."""

    def join(self, reports: Sequence[ImportReport]) -> list[ImportReport]:
        """Return the reports of a source with these; the first one has the warnings and the sums of the whole set."""
        if not reports:
            return []
        first, *others = reports
        told = Counter(problem.file for problem in self.unused)
        rows = {file: replace(count, told=count.told + told[file]) for file, count in first.rows.items()}
        first = replace(first, warnings=(*first.warnings, *self.unused), rows=rows)
        return [first, *others, *self.reports]


def _import_elsewhere(run: _Import, deliveries: Sequence[Delivery]) -> _Elsewhere:
    """Import the enrolments in years that the source is not the truth for."""
    entries = [entry for delivery in deliveries for entry in delivery.elsewhere]
    if not entries:
        return _Elsewhere()
    matched = elsewhere.match(run.connection, entries, run.options.brin6)
    today = day_of(run.options.moment)
    changed: list[ImportReport] = []
    asked: list[Problem] = []
    for year, periods in matched.years.items():
        diff = elsewhere.difference(run.connection, year, periods)
        touched = diff.values("persoon_id")
        if not touched:
            continue
        before = drop.answered(run.connection, year, today)
        run.write(diff)
        after = drop.answered(run.connection, year, today)
        asked += run.unanswered(harm.of_answers(run.connection, year, before, after, run.options.max_drop))
        counts = dict.fromkeys(_KINDS, Counts()) | {"leerlingen": Counts(changed=len(touched))}
        changed.append(ImportReport(year.brin6, year.schooljaar, counts, warnings=(), dropped={}))
    years = frozenset((year.brin6, year.schooljaar) for year in matched.years)
    return _Elsewhere(changed, matched.problems, years, asked)


def _identify(run: _Import, together: Sequence[tuple[SchoolYear, Delivery]]) -> tuple[Persons, Persons]:
    """Match the persons of deliveries, and write what is new about them. Raises ImportRefusedError."""
    deliveries = [delivery for _, delivery in together]
    brin6s = {year.brin6 for year, _ in together}
    persons = identify(run.connection, deliveries, run.school, brin6s, run.options.unmatched)
    count, contested = (sum(counts) for counts in zip(*((one.count, one.contested) for one in persons), strict=True))
    allowed = max(run.options.max_held, int(run.options.max_held_share * count))
    problems = []
    for place, delivery in enumerate(deliveries):
        of_delivery = [one.deliveries[place] for one in persons]
        told = [one for found in of_delivery for one in found.warnings]
        if contested > allowed:
            told += [_stops(doubt, problem, run.options) for found in of_delivery for doubt, problem in found.questions]
        problems += [delivery.locate(one) for one in told]
    if any(problem.severity is Severity.REFUSED for problem in problems):
        if contested > allowed:
            problems.append(_too_many(contested, count, allowed, problems))
        raise ImportRefusedError([*problems, *(warning for delivery in deliveries for warning in delivery.warnings)])
    run.write(*(diff for one in persons for diff in one.diffs()))
    run.school = replace(run.school, is_empty=False)
    return persons


def _stops(doubt: Doubt, question: Problem, options: ImportOptions) -> Problem:
    """Return the question about a contested row of an import that has too many of them."""
    has_answer = options.unmatched is Unmatched.ASK and doubt in (Doubt.NAME, Doubt.TWIN)
    return replace(question, severity=Severity.REFUSED, flag=BY_NAME if has_answer else "")


def _too_many(contested: int, count: int, allowed: int, problems: Sequence[Problem]) -> Problem:
    """Return the problem that says what may be done about too many contested rows."""
    reason = f"of {contested} of the {count} persons it is not certain who they are, and more than {allowed} stop it. "
    asked = [problem for problem in problems if problem.severity is Severity.REFUSED]
    if all(problem.flag for problem in asked):
        reason += (
            "Another administration, with keys of its own? --by-name matches by name and date of birth, --new-persons "
            "takes each of these rows for a new person; see first with --dry-run"
        )
        return Problem(0, "", reason, flag=BY_NAME)
    return Problem(0, "", reason + "Is the source the right one?")


def _import_year(
    run: _Import,
    year: SchoolYear,
    delivery: Delivery,
    leerlingen: Identified,
    leerkrachten: Identified,
    fresh: set[int] | None,
) -> ImportReport:
    """Make the records of one vestiging and schooljaar equal to its delivery.

    The ids of persons with another row than before are added to `fresh`, unless it is None. Raises ImportRefusedError.
    """
    today = day_of(run.options.moment)
    warnings = _keep_vestiging(run, delivery, year.brin6)
    warnings += under_four.warnings(run.connection, year, delivery, today)
    people = (leerlingen, leerkrachten)
    told = [*warnings, *(one for found in people for one in found.warnings)]
    told += [_held_back(problem) for found in people for _, problem in found.questions]
    problems = [delivery.locate(one) for one in told]
    if any(problem.severity is Severity.REFUSED for problem in problems):
        raise ImportRefusedError([*problems, *delivery.warnings])
    run.questions.ask(year, delivery, [row for found in people for row in found.contested], _held(people))
    certain = _without_contested(delivery, *people)
    wanted, diffs = _diffs(run, year, certain, leerlingen, leerkrachten)
    counts = _counts(certain, wanted, diffs, leerlingen, leerkrachten)
    takes_away = any(diff.changed or diff.removed for diff in diffs.values())
    before = drop.answered(run.connection, year, today) if takes_away else {}
    run.write(*diffs.values())
    after = drop.answered(run.connection, year, today) if takes_away else {}
    if fresh is not None:
        for table in (deelname, aanstelling):
            fresh |= {row[_PERSON] for rows in (diffs[table].added, diffs[table].changed) for row in rows}
    ids = {PersonKind.LEERLING: leerlingen.ids, PersonKind.LEERKRACHT: leerkrachten.ids}
    change = YearChange(run.connection, year, certain, before, after, ids, wanted, diffs)
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
        held=sum(len(found.contested) for found in people),
        rows=dict(delivery.rows),
        is_source=True,
    )


def _held_back(question: Problem) -> Problem:
    return replace(question, reason=f"{question.reason}. Held: `import questions` shows who")


def _held(people: Sequence[Identified]) -> frozenset[int]:
    return frozenset(id_ for found in people for id_ in found.held)


def _without_contested(delivery: Delivery, leerlingen: Identified, leerkrachten: Identified) -> Delivery:
    """Return a delivery without the rows of which it is not certain who they are."""
    if not leerlingen.contested and not leerkrachten.contested:
        return delivery
    left_out = [{row.place for row in found.contested} for found in (leerlingen, leerkrachten)]
    return replace(
        delivery,
        leerlingen=tuple(one for place, one in enumerate(delivery.leerlingen) if place not in left_out[0]),
        leerkrachten=tuple(one for place, one in enumerate(delivery.leerkrachten) if place not in left_out[1]),
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
        run.steps.append(batch_steps.BatchStep(vestiging, batch_steps.StepKind.ADDED, [(brin6,)]))
        run.new.add(brin6)
    elif schoolkey is not None and schoolkey != known.schoolkey:
        before = tuple(connection.execute(sa.select(vestiging).where(vestiging.c.brin6 == brin6)).one())
        run.write(TableDiff(vestiging, changed=[(*before[:-1], schoolkey)], before=[before]))
        if known.schoolkey is not None:
            return [Problem(delivery.school.line, "school/schoolkey", "another one than before", Severity.WARNING)]
    return []


def _diffs(
    run: _Import, year: SchoolYear, delivery: Delivery, leerlingen: Identified, leerkrachten: Identified
) -> tuple[dict[sa.Table, list[TableRow]], dict[sa.Table, TableDiff]]:
    """Return the rows that a year is to have, those of persons who are held included, and what that changes."""
    wanted = rows_of(year, delivery, leerlingen.ids, leerkrachten.ids)
    diffs = {
        table: TableDiff(table, rows) if year.brin6 in run.new else compare(run.connection, table, year.columns(), rows)
        for table, rows in wanted.items()
    }
    if held := _held((leerlingen, leerkrachten)):
        kept = {table: _keep(diff, held, wanted) for table, diff in diffs.items()}
        for table, (diff, rows) in kept.items():
            diffs[table], wanted[table] = diff, [*wanted[table], *rows]
    return wanted, diffs


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


_PERSON = deelname.columns.keys().index("persoon_id")
"""The place of the person in a row of each table that has one: after the columns that name the year."""


def _keep(
    diff: TableDiff, held: frozenset[int], wanted: Mapping[sa.Table, Sequence[TableRow]]
) -> tuple[TableDiff, list[TableRow]]:
    """Return a difference that keeps the rows of those who are held, and these rows.

    A plaatsing in a groep that goes is not kept, and a locatie that goes is not named.
    """
    names = diff.table.columns.keys()
    if "persoon_id" not in names:
        return diff, []
    kept = [row for row in diff.removed if row[_PERSON] in held]
    changed, before = list(diff.changed), list(diff.before)
    if diff.table is plaatsing:
        groepen = {row[2] for row in wanted[groep]}
        kept = [row for row in kept if row[names.index("groep_key")] in groepen]
    elif diff.table is deelname:
        locaties, place = {None, *(row[2] for row in wanted[locatie])}, names.index("locatie_key")
        before += [row for row in kept if row[place] not in locaties]
        changed += [(*row[:place], None, *row[place + 1 :]) for row in kept if row[place] not in locaties]
        kept = [row if row[place] in locaties else (*row[:place], None, *row[place + 1 :]) for row in kept]
    stays = {row[: len(diff.table.primary_key)] for row in kept}
    removed = [row for row in diff.removed if row[: len(diff.table.primary_key)] not in stays]
    return replace(diff, removed=removed, changed=changed, before=before), kept


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
