"""The questions of an import: what it would take away, asked before it does. Each has an option that answers it.

A question names who it is about, for the terminal of the operator. All questions of a source are asked at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace

import sqlalchemy as sa

from uwlr_adapter.administratie.importing import drop, new_keys, source_moments
from uwlr_adapter.administratie.importing.diff import TableDiff, TableRow
from uwlr_adapter.administratie.importing.drop import Answered, Loss
from uwlr_adapter.administratie.importing.naming import NAMES, full_name
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.importing.table_rows import PERSON
from uwlr_adapter.administratie.model import MAX_SUBJECTS, Delivery, Problem, Severity, SourceRecord, Subject
from uwlr_adapter.administratie.tables import PersonKind, aanstelling, deelname, groep, persoon, plaatsing
from uwlr_adapter.contract.dataset import Leerkracht, Leerling

ACCEPT_DROP, OLDER, NEW_KEYS, NEW_SCHOOL = "--accept-drop", "--older", "--new-keys", "--new-school"
"""The options that answer a question."""
_RECORDS = {PersonKind.LEERLING: deelname, PersonKind.LEERKRACHT: aanstelling}
_KINDS = {PersonKind.LEERLING: "leerlingen", PersonKind.LEERKRACHT: "leerkrachten"}


@dataclass(frozen=True, slots=True)
class YearChange:
    """What an import did to one year, inside its transaction.

    `before` and `after` are what is answered today; `ids` are those of the persons in the order of the delivery, which
    has no rows that are not written; `wanted` and `diffs` are the rows by table. A person whose rows stay as they were
    without being in the source is in no diff, and counts as present.
    """

    connection: sa.Connection
    year: SchoolYear
    delivery: Delivery
    before: Answered
    after: Answered
    ids: Mapping[PersonKind, Sequence[int]]
    wanted: Mapping[sa.Table, Sequence[TableRow]]
    diffs: Mapping[sa.Table, TableDiff]

    def persons(self, kind: PersonKind) -> dict[int, SourceRecord[Leerling] | SourceRecord[Leerkracht]]:
        """Return the records of the delivery by the ids of their persons."""
        sources = self.delivery.leerlingen if kind is PersonKind.LEERLING else self.delivery.leerkrachten
        return dict(zip(self.ids[kind], sources, strict=True))

    def known(self, table: sa.Table) -> int:
        """Return how many rows the year had."""
        diff = self.diffs[table]
        return len(self.wanted[table]) - len(diff.added) + len(diff.removed)


def of_year(change: YearChange, max_drop: float) -> list[Problem]:
    """Return the questions that the change of a year asks, and its warnings about keys."""
    found: list[Problem] = []
    new_of = {kind: _same_persons(change, kind) for kind in PersonKind}
    asked = {}
    for kind, pairs in new_of.items():
        loss = Loss(_KINDS[kind], change.known(_RECORDS[kind]), pairs)
        asked[kind] = frozenset(pairs) if loss.asks(max_drop) else frozenset()
        if asked[kind]:
            found.append(_keys_question(change, kind, loss, pairs))
        found += _keys_warnings(change, kind, pairs)
    for loss in _losses(change, asked):
        if loss.asks(max_drop):
            subjects, more = _subjects(change, loss)
            reason = loss.reason(change.year, max_drop)
            found.append(Problem(0, loss.kind, reason, flag=ACCEPT_DROP, subjects=subjects, more=more))
    return found


def of_answers(
    connection: sa.Connection, year: SchoolYear, before: Answered, after: Answered, max_drop: float
) -> list[Problem]:
    """Return the question about the leerlingen of a year who are answered no more, with who they are."""
    loss = Loss("leerlingen", len(before["leerlingen"]), before["leerlingen"] - after["leerlingen"])
    if not loss.asks(max_drop):
        return []
    gone = sorted(id_ for id_ in loss.gone if isinstance(id_, int))
    query = (
        sa.select(persoon.c.key, *(deelname.c[name] for name in NAMES))
        .join(persoon, persoon.c.id == deelname.c.persoon_id)
        .where(
            *(deelname.c[name] == value for name, value in year.columns().items()),
            deelname.c.persoon_id.in_(gone[:MAX_SUBJECTS]),
        )
        .order_by(deelname.c.persoon_id)
    )
    subjects = tuple(
        Subject(PersonKind.LEERLING.value, row.key, full_name(row), 0) for row in connection.execute(query)
    )
    more = len(gone) - len(subjects)
    return [Problem(0, loss.kind, loss.reason(year, max_drop), flag=ACCEPT_DROP, subjects=subjects, more=more)]


def of_older(change: YearChange, known: str, made: str) -> Problem:
    """Return the question whether a source of an older moment replaces the records; the moments as they are stored."""
    gone, came = change.diffs[deelname].removed, change.diffs[deelname].added
    ids = [row[PERSON] for row in (*gone, *came)]
    subjects, more = _persons(change, PersonKind.LEERLING, ids)
    reason = (
        f"{change.year.brin6}, {change.year.schooljaar}: this file was made on {source_moments.shown(made)}, the one "
        f"whose records are here on {source_moments.shown(known)}. To go back to the older one, import it with {OLDER}"
    )
    problem = Problem(change.delivery.school.line, "school/aanmaakdatum", reason, flag=OLDER)
    return change.delivery.locate(replace(problem, subjects=subjects, more=more))


def of_school(only: str | None, brincode: str) -> list[Problem]:
    """Return the question whether a school belongs in this database, which has `only` one other school."""
    if only is None or only == brincode:
        return []
    reason = (
        f"the database holds {only} only, and this is {brincode}. If the database is that of both, import it with "
        f"{NEW_SCHOOL}, or add its vestiging first (`uwlr-adapter school add`)"
    )
    return [Problem(0, "school", reason, flag=NEW_SCHOOL)]


def _same_persons(change: YearChange, kind: PersonKind) -> dict[int, int]:
    """Return the new persons by the ones who go under the same name and birth date."""
    diff = change.diffs[_RECORDS[kind]]
    return dict(new_keys.same_persons(diff.table, diff.removed, diff.added)) if diff.removed and diff.added else {}


def _keys_question(change: YearChange, kind: PersonKind, loss: Loss, pairs: Mapping[int, int]) -> Problem:
    subjects, more = _persons(change, kind, pairs.values())
    reason = (
        f"{change.year.brin6}, {change.year.schooljaar}: {len(pairs)} of the {loss.known} {loss.kind} go while others "
        f"with the same name and birth date come: their keys changed, and platforms would remove them and add new "
        f"ones. Have the source keep its keys or give ECK-iDs; if they are new persons, import it with {NEW_KEYS}"
    )
    return Problem(0, loss.kind, reason, flag=NEW_KEYS, subjects=subjects, more=more)


def _keys_warnings(change: YearChange, kind: PersonKind, pairs: Mapping[int, int]) -> list[Problem]:
    reason = f"has the name and birth date of a {kind.value} who goes: the key changed? Platforms see another person"
    persons = change.persons(kind) if pairs else {}
    return [
        change.delivery.locate(Problem(persons[id_].line, f"{kind.value}/@key", reason, Severity.WARNING))
        for id_ in pairs.values()
        if id_ in persons
    ]


def _losses(change: YearChange, asked: Mapping[PersonKind, frozenset[int]]) -> list[Loss]:
    """Return what the year loses of each kind; a person whose key is a question is not counted a second time."""
    leerkrachten = change.diffs[aanstelling]
    gone = {kind: known - change.after[kind] for kind, known in change.before.items()}
    found = [
        Loss("leerlingen", len(change.before["leerlingen"]), gone["leerlingen"] - asked[PersonKind.LEERLING]),
        Loss("groepen", len(change.before["groepen"]), gone["groepen"]),
        Loss(
            "leerkrachten",
            change.known(aanstelling),
            [row[PERSON] for row in leerkrachten.removed if row[PERSON] not in asked[PersonKind.LEERKRACHT]],
        ),
    ]
    if any(change.diffs[table].changed or change.diffs[table].removed for table in (groep, plaatsing)):
        staying = change.before["leerlingen"] & change.after["leerlingen"]
        rows = [change.wanted[table] for table in (groep, plaatsing)]
        rows_before = [change.diffs[table].rows_before(change.wanted[table]) for table in (groep, plaatsing)]
        found += drop.placement_losses(drop.placements(*rows_before), drop.placements(*rows), staying)
    return found


def _subjects(change: YearChange, loss: Loss) -> tuple[tuple[Subject, ...], int]:
    """Return the first records that are lost, and the number of the others."""
    gone = list(dict.fromkeys(loss.gone))
    if loss.kind != "groepen":
        kind = PersonKind.LEERKRACHT if loss.kind == "leerkrachten" else PersonKind.LEERLING
        return _persons(change, kind, gone)
    key, naam = (groep.columns.keys().index(name) for name in ("key", "naam"))
    rows = {row[key]: row[naam] for row in change.diffs[groep].rows_before(change.wanted[groep])}
    line_of = {source.record.key: source.line for source in change.delivery.groepen}
    keys = sorted(map(str, gone))
    subjects = [Subject("groep", one, rows.get(one, ""), line_of.get(one, 0)) for one in keys[:MAX_SUBJECTS]]
    return tuple(subjects), len(keys) - len(subjects)


def _persons(change: YearChange, kind: PersonKind, ids: Iterable[object]) -> tuple[tuple[Subject, ...], int]:
    """Return the first persons, and the number of the others: in the order of the source, before them who is not in it.

    Only a question needs the query for the keys of those who are in the source no more.
    """
    in_source = change.persons(kind)
    wanted = sorted(set(ids), key=lambda id_: (in_source[id_].line if id_ in in_source else 0, id_))
    shown = wanted[:MAX_SUBJECTS]
    absent = [id_ for id_ in shown if id_ not in in_source]
    query = sa.select(persoon.c.id, persoon.c.key).where(persoon.c.id.in_(absent))
    key_of = {row.id: row.key for row in change.connection.execute(query)} if absent else {}
    table = _RECORDS[kind]
    columns = table.columns.keys()
    removed = {
        row[PERSON]: SimpleNamespace(**dict(zip(columns, row, strict=True))) for row in change.diffs[table].removed
    }
    subjects = []
    for id_ in shown:
        if id_ in in_source:
            line, record = in_source[id_].line, in_source[id_].record
            key, naam = record.key, full_name(record)
        else:
            line, key = 0, key_of.get(id_, "")
            naam = full_name(removed[id_]) if id_ in removed else ""
        subjects.append(Subject(kind.value, key, naam, line))
    return tuple(subjects), len(wanted) - len(shown)
