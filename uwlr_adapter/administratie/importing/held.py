"""Rows of which it is not certain who they are, in an import.

A few of them are held: they stay out of the records, and those who they may be stay as they were last confirmed. Too
many of them stop the import (docs/reference/records.md, Identity).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa

from uwlr_adapter.administratie.importing.diff import TableDiff, TableRow
from uwlr_adapter.administratie.importing.identify import People, PeopleOfSource
from uwlr_adapter.administratie.importing.match import Doubt
from uwlr_adapter.administratie.importing.naming import full_name
from uwlr_adapter.administratie.importing.table_rows import PERSON
from uwlr_adapter.administratie.model import (
    MAX_SUBJECTS,
    Delivery,
    ImportRefusedError,
    Problem,
    Severity,
    Subject,
)
from uwlr_adapter.administratie.tables import PersonKind, deelname, groep, locatie, plaatsing

BY_NAME = "--by-name"
"""The option that answers too many questions about who is who: see `Unmatched`."""


def require_few(people: PeopleOfSource, deliveries: Sequence[Delivery], allowed: int, *, can_choose: bool) -> None:
    """Raise ImportRefusedError when a row is refused, or more than `allowed` persons are contested.

    `can_choose` says that the operator has not yet chosen what becomes of contested rows (`Unmatched`).
    """
    too_many = people.contested > allowed
    problems = []
    for delivery, found in zip(deliveries, people.deliveries, strict=True):
        told = list(found.warnings)
        if too_many:
            told += [_stops(doubt, problem, can_choose=can_choose) for doubt, problem in found.questions]
        problems += [delivery.locate(one) for one in told]
    if not any(problem.severity is Severity.REFUSED for problem in problems):
        return
    if too_many:
        problems.append(_too_many(people, deliveries, allowed, problems))
    raise ImportRefusedError([*problems, *(warning for delivery in deliveries for warning in delivery.warnings)])


def _stops(doubt: Doubt, question: Problem, *, can_choose: bool) -> Problem:
    """Return the question about a contested row of an import that has too many of them."""
    has_answer = can_choose and doubt in (Doubt.NAME, Doubt.TWIN)
    return replace(question, severity=Severity.REFUSED, flag=BY_NAME if has_answer else "")


def _too_many(
    people: PeopleOfSource, deliveries: Sequence[Delivery], allowed: int, problems: Sequence[Problem]
) -> Problem:
    """Return the problem that says what may be done about too many contested rows, and who they are."""
    reason = (
        f"of {people.contested} of the {people.count} persons it is not certain who they are, and more than {allowed} "
        f"stop it. "
    )
    flag = ""
    if all(problem.flag for problem in problems if problem.severity is Severity.REFUSED):
        flag = BY_NAME
        reason += (
            "Another administration, with keys of its own? --by-name matches by name and date of birth, --new-persons "
            "takes each of these rows for a new person; see first with --dry-run"
        )
    else:
        reason += "Is the source the right one?"
    subjects = _subjects(people, deliveries)
    shown = tuple(subjects[:MAX_SUBJECTS])
    return Problem(0, _kinds(subjects), reason, flag=flag, subjects=shown, more=len(subjects) - len(shown))


def _subjects(people: PeopleOfSource, deliveries: Sequence[Delivery]) -> list[Subject]:
    """Return the persons in contested rows as the source has them; one in several deliveries once."""
    found: dict[tuple[PersonKind, str, str | None], Subject] = {}
    for delivery, own in zip(deliveries, people.deliveries, strict=True):
        for one in own.contested:
            sources = delivery.leerlingen if one.kind is PersonKind.LEERLING else delivery.leerkrachten
            naam = full_name(sources[one.place].record)
            subject = Subject(one.kind.value, one.row.key, naam, one.row.line)
            found.setdefault((one.kind, "" if one.row.is_dummy else one.row.key, one.row.eckid), subject)
    return list(found.values())


def _kinds(subjects: Sequence[Subject]) -> str:
    kinds = {PersonKind.LEERLING.value: "leerlingen", PersonKind.LEERKRACHT.value: "leerkrachten"}
    return " and ".join(dict.fromkeys(kinds[subject.kind] for subject in subjects))


def warning(question: Problem) -> Problem:
    """Return the warning about a row that is held."""
    return replace(question, reason=f"{question.reason}. Held: `import questions` shows who")


def without_contested(delivery: Delivery, people: People) -> Delivery:
    """Return a delivery without the rows of which it is not certain who they are."""
    if not people.contested:
        return delivery
    leerlingen, leerkrachten = ({row.place for row in found.contested} for found in people.both)
    return replace(
        delivery,
        leerlingen=tuple(one for place, one in enumerate(delivery.leerlingen) if place not in leerlingen),
        leerkrachten=tuple(one for place, one in enumerate(delivery.leerkrachten) if place not in leerkrachten),
    )


def keep(
    diff: TableDiff, held: frozenset[int], wanted: Mapping[sa.Table, Sequence[TableRow]]
) -> tuple[TableDiff, list[TableRow]]:
    """Return a difference that keeps the rows of those who are held, and these rows.

    `wanted` are the rows of the year that the source has. A plaatsing in a groep that goes is not kept, and a locatie
    that goes is not named.
    """
    names = diff.table.columns.keys()
    if "persoon_id" not in names:
        return diff, []
    kept = [row for row in diff.removed if row[PERSON] in held]
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
