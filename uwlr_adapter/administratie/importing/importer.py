"""Import: the deliveries of one school become its records in one transaction, kept as a batch that can be undone.

`apply` is one import from begin to end. The persons of all years are identified together (`identify.py`), those of whom
it is not certain who they are, are held (`held.py`), each year becomes what its delivery says (`year_records.py`), and
what that would take away is asked (`harm.py`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import sqlalchemy as sa

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing import (
    batch_steps,
    batches,
    drop,
    elsewhere,
    harm,
    held,
    not_taken,
    school_year,
    source_moments,
    under_four,
)
from uwlr_adapter.administratie.importing.diff import TableDiff
from uwlr_adapter.administratie.importing.harm import ACCEPT_DROP, NEW_KEYS, NEW_SCHOOL, OLDER, YearChange
from uwlr_adapter.administratie.importing.identify import ImportedSchool, People, PeopleOfSource, are_one, identify
from uwlr_adapter.administratie.importing.match import Unmatched
from uwlr_adapter.administratie.importing.questions import OpenQuestions
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.importing.year_records import compare_year
from uwlr_adapter.administratie.model import Counts, Delivery, ImportRefusedError, ImportReport, Problem, Severity
from uwlr_adapter.administratie.tables import source_moment, vestiging
from uwlr_adapter.clock import day_of
from uwlr_adapter.db.database import Database
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.journaal.writer import record_records_act
from uwlr_adapter.settings import MAX_DROP, MAX_HELD, MAX_HELD_SHARE

_KINDS = ("locaties", "groepen", "leerlingen", "leerkrachten", "plaatsingen")
"""The kinds of record that a report counts."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The options of an import.

    `moment` is the present; `source` is the kind of source, and `actor` who imports (`journaal/writer.py`): the batch
    keeps both, and what an actor imports stands in the journaal of each vestiging whose records it changes. `brin6` is
    the vestiging that the operator expects in the source. `naam` is for a new vestiging that the source does not name
    (default: its brin6). `dry_run` does all the work and rolls it back. `max_drop` is the share of the drop rule, 0 to
    1. `only_school` is the brincode of the one school in the database, where another one is a question. `accept_drop`,
    `older`, `new_keys` and `new_school` answer a question with yes (`importing/harm.py`). `unmatched` is what becomes
    of rows whose key or ECK-iD is somebody else's. At most `max_held` persons, or `max_held_share` of them if that is
    more, are held; both are inclusive.
    """

    moment: datetime
    source: str = "edexml"
    actor: str | None = None
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

    def allowed_held(self, count: int) -> int:
        """Return how many of `count` persons may be held, inclusive."""
        return max(self.max_held, int(self.max_held_share * count))


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

    @property
    def today(self) -> date:
        """The day of the import."""
        return day_of(self.options.moment)

    def write(self, *diffs: TableDiff) -> None:
        """Write differences, parents first, and then delete in the reverse order."""
        self.steps += batch_steps.write(self.connection, diffs)

    def unanswered(self, problems: Iterable[Problem]) -> list[Problem]:
        """Return the problems without the questions that are answered."""
        return [problem for problem in problems if not self.options.answers(problem)]


_Part = tuple[SchoolYear, Delivery]
"""A delivery with its year."""


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
    run = _begin(connection, years, deliveries, options)
    reports, problems = _import_years(run, list(zip(years, deliveries, strict=True)))
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
    return _finish(run, touched, reports)


def _begin(
    connection: sa.Connection, years: Sequence[SchoolYear], deliveries: Sequence[Delivery], options: ImportOptions
) -> _Import:
    """Hold the school until the transaction ends, and read what is asked about it. Raises ImportRefusedError."""
    brincode = school_year.require_one_school(years, deliveries)
    is_new = schools.lock_school(connection, brincode)
    school_year.require_not_merged(connection, years, deliveries)
    today = day_of(options.moment)
    questions = OpenQuestions(brincode, (), today) if is_new else OpenQuestions.load(connection, brincode, today)
    return _Import(connection, options, ImportedSchool(brincode, is_new), questions, is_new)


def _import_years(run: _Import, parts: Sequence[_Part]) -> tuple[list[ImportReport], list[Problem]]:
    """Import each year; return the reports, and the problems of the years that are refused or ask.

    A warning about a line is reported once, with the first year that has it. The persons of all years are matched
    together, unless the years say different things about one person.
    """
    rounds = [parts] if are_one([delivery for _, delivery in parts]) else [[part] for part in parts]
    reports: list[ImportReport] = []
    problems = run.unanswered(harm.of_school(run.options.only_school, run.school.brincode))
    for together in rounds:
        try:
            people = _identify(run, together)
        except ImportRefusedError as error:
            problems += error.problems
        else:
            problems += _import_together(run, together, people, reports)
    reported: set[Problem] = set()
    for place, report in enumerate(reports):
        reports[place] = replace(report, warnings=tuple(one for one in report.warnings if one not in reported))
        reported |= {one for one in report.warnings if one.line}
    return reports, problems


def _identify(run: _Import, together: Sequence[_Part]) -> PeopleOfSource:
    """Match the persons of deliveries, and write what is new about them. Raises ImportRefusedError."""
    deliveries = [delivery for _, delivery in together]
    brin6s = {year.brin6 for year, _ in together}
    unmatched = run.options.unmatched
    people = identify(run.connection, deliveries, run.school, brin6s, run.questions.about, unmatched)
    allowed = run.options.allowed_held(people.count)
    held.require_few(people, deliveries, allowed, can_choose=unmatched is Unmatched.ASK)
    run.write(*people.diffs())
    run.school = replace(run.school, is_empty=False)
    return people


def _import_together(
    run: _Import, together: Sequence[_Part], people: PeopleOfSource, reports: list[ImportReport]
) -> list[Problem]:
    """Import the years whose persons were matched together; add their reports, and return the problems of the others.

    The names by which a person is recognised follow the records: they change with a row of the person.
    """
    problems: list[Problem] = []
    fresh: set[int] | None = set() if people.renames else None
    for (year, delivery), own in zip(together, people.deliveries, strict=True):
        try:
            reports.append(_import_year(run, year, delivery, own, fresh))
        except ImportRefusedError as error:
            problems += error.problems
    if fresh is not None:
        run.write(*people.namings(fresh))
    return problems


def _import_year(
    run: _Import, year: SchoolYear, delivery: Delivery, people: People, fresh: set[int] | None
) -> ImportReport:
    """Make the records of one vestiging and schooljaar equal to its delivery.

    The ids of persons with another row than before are added to `fresh`, unless it is None. Raises ImportRefusedError.
    """
    told = [
        *_keep_vestiging(run, delivery, year.brin6),
        *under_four.warnings(run.connection, year, delivery, run.today),
        *people.warnings,
        *(held.warning(problem) for _, problem in people.questions),
    ]
    problems = [delivery.locate(one) for one in told]
    _require_accepted(problems, delivery)
    certain = held.without_contested(delivery, people)
    records = compare_year(run.connection, year, certain, people, is_new=year.brin6 in run.new)
    run.questions.ask(year, delivery, people.contested, people.held and people.held & records.persons)
    counts = records.counts(certain, people)
    before = drop.answered(run.connection, year, run.today) if records.takes_away else {}
    run.write(*records.diffs.values())
    after = drop.answered(run.connection, year, run.today) if records.takes_away else {}
    if fresh is not None:
        fresh |= records.fresh
    change = YearChange(run.connection, year, certain, before, after, people.ids, records.wanted, records.diffs)
    if records.takes_away:
        problems += run.unanswered(harm.of_year(change, run.options.max_drop))
    problems += run.unanswered(_judge_moment(run, change, counts))
    _require_accepted(problems, delivery)
    return ImportReport(
        brin6=year.brin6,
        schooljaar=year.schooljaar,
        counts=counts,
        warnings=tuple(sorted([*delivery.warnings, *problems], key=lambda warning: warning.line)),
        dropped=dict(delivery.dropped),
        held=len(people.contested),
        rows=dict(delivery.rows),
        is_source=True,
    )


def _require_accepted(problems: Sequence[Problem], delivery: Delivery) -> None:
    """Raise ImportRefusedError, with the warnings of the delivery as well, when one of the problems is no warning."""
    if any(problem.severity is Severity.REFUSED for problem in problems):
        raise ImportRefusedError([*problems, *delivery.warnings])


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
    changed: list[ImportReport] = []
    asked: list[Problem] = []
    for year, periods in matched.years.items():
        diff = elsewhere.difference(run.connection, year, periods)
        touched = diff.values("persoon_id")
        if not touched:
            continue
        before = drop.answered(run.connection, year, run.today)
        run.write(diff)
        after = drop.answered(run.connection, year, run.today)
        asked += run.unanswered(harm.of_answers(run.connection, year, before, after, run.options.max_drop))
        counts = dict.fromkeys(_KINDS, Counts()) | {"leerlingen": Counts(changed=len(touched))}
        changed.append(ImportReport(year.brin6, year.schooljaar, counts, warnings=(), dropped={}))
    years = frozenset((year.brin6, year.schooljaar) for year in matched.years)
    return _Elsewhere(changed, matched.problems, years, asked)


def _finish(run: _Import, years: AbstractSet[tuple[str, str]], reports: Sequence[ImportReport]) -> Imported:
    """Make the new records count, and keep the import as a batch."""
    if not run.is_new:
        not_taken.clear(run.connection, years)
    if any(step.table is not source_moment for step in run.steps):
        schools.touch_school(run.connection, run.school.brincode)
    batch = batches.record(
        run.connection,
        brincode=run.school.brincode,
        moment=run.options.moment,
        source=run.options.source,
        reports=reports,
        steps=run.steps,
        actor=run.options.actor,
    )
    if run.options.actor is not None and batch_steps.changes_records(run.steps):
        moment, actor = run.options.moment, run.options.actor
        for brin6 in batches.vestigingen_changed(run.connection, batches.get(run.connection, batch)):
            record_records_act(run.connection, moment=moment, act=Act.IMPORTED, brin6=brin6, actor=actor, batch=batch)
    return Imported(batch, tuple(reports))
