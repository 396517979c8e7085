"""Questions: rows of a source of which it is not certain who they are, and the answers of a person to them.

A question keeps what it takes to show both sides and to answer: the row as it stands in each year that has it. It is
erased when it is answered, when the source no longer has the row or says something else, and with a person whom it is
about; until then the same row is that question in every year. An answer changes who the key and the ECK-iD of the row
name, so that the same source asks no more.
docs/reference/records.md has the rules.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing import batch_steps, batches
from uwlr_adapter.administratie.importing.diff import TableDiff, TableRow, compare
from uwlr_adapter.administratie.importing.identify import ContestedRow, change_persons, source_key_diff
from uwlr_adapter.administratie.importing.match import DUMMY, AskedRow, Contested, Doubt, SourceRow, make_key
from uwlr_adapter.administratie.importing.naming import Naming, naming_of
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.importing.table_rows import rows_of
from uwlr_adapter.administratie.importing.used_keys import used_keys_of
from uwlr_adapter.administratie.model import Counts, Delivery, ImportReport
from uwlr_adapter.administratie.tables import (
    PersonKind,
    aanstelling,
    deelname,
    groep,
    import_question,
    inschrijving,
    locatie,
    persoon,
    plaatsing,
    source_key,
)
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.contract.dataset import Leerkracht, Leerling
from uwlr_adapter.db import bulk
from uwlr_adapter.errors import RefusedError
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.journaal.writer import record_records_act

SOURCE = "answer"
"""The kind of source of the batch of an answer."""
_IDS = 10**9 - 1
"""The highest id of a question."""
_TABLES = {PersonKind.LEERLING: (deelname, inschrijving, plaatsing), PersonKind.LEERKRACHT: (aanstelling,)}
"""The tables with rows of one person, in the order in which they are written."""


class QuestionError(RefusedError):
    """There is no such question, or it cannot be answered in that way; the text says what to do."""


class PersonPresentError(QuestionError):
    """The chosen person is in that year already, by another row of the source; `kind` is what the person is."""

    def __init__(self, kind: PersonKind) -> None:
        super().__init__(f"another row of the source is this {kind}: take one of the two out of the source")
        self.kind = kind


class Choice(StrEnum):
    """An answer to a question."""

    SAME = "same"
    """The row is the known person."""
    KEY = "key"
    """The row is the person whom its key names, and its ECK-iD is his."""
    ECKID = "eckid"
    """The row is the person whom its ECK-iD names, and its key is his."""
    NEW = "new"
    """The row is somebody who is not known yet; its key and its ECK-iD are his."""


@dataclass(frozen=True, slots=True)
class KnownSide:
    """A known person whom a row may be, as imported last."""

    id: int
    key: str
    eckid: str | None
    naming: Naming


@dataclass(frozen=True, slots=True)
class RowOfYear:
    """A contested row in one year: its line, the columns of the record, and the ids of those who are held for it."""

    year: SchoolYear
    line: int
    held: tuple[int, ...]
    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    """By name of a table; without the columns that name the year and the person, and without empty ones."""

    @property
    def values(self) -> Mapping[str, Any]:
        """The columns of the deelname or the aanstelling, such as `roepnaam`."""
        return next(rows[0] for name, rows in self.rows.items() if name in (deelname.name, aanstelling.name))

    @property
    def groepen(self) -> tuple[str, ...]:
        """The keys of the groepen of a leerling."""
        return tuple(row["groep_key"] for row in self.rows.get(plaatsing.name, ()))


@dataclass(frozen=True, slots=True)
class ImportQuestion:
    """A row of which it is not certain who it is, beside the known persons whom it may be."""

    id: int
    kind: PersonKind
    brincode: str
    key: str
    eckid: str | None
    doubt: Doubt
    since: date
    known: tuple[KnownSide, ...]
    """Whom its key names, and then whom its ECK-iD names, if that is another."""
    years: tuple[RowOfYear, ...]

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The answers that it can have."""
        if self.doubt is Doubt.DOUBLE or not self.known:
            return (Choice.NEW,)
        return (Choice.SAME, Choice.NEW) if len(self.known) == 1 else (Choice.KEY, Choice.ECKID, Choice.NEW)

    @property
    def naming(self) -> Naming:
        """The names and date of birth in the row."""
        return _naming(self.kind, self.years[0])

    @property
    def held(self) -> frozenset[int]:
        """The ids of the known persons who are answered as last confirmed until it is answered."""
        return frozenset(id_ for year in self.years for id_ in year.held)

    def years_at(self, brin6: str) -> tuple[RowOfYear, ...]:
        """Return the rows at one vestiging."""
        return tuple(one for one in self.years if one.year.brin6 == brin6)


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that was given: the batch that takes it back, and the key by which the person is sent."""

    batch: int
    key: str


class OpenQuestions:
    """The open questions of a school during an import, which answers and asks them."""

    def __init__(self, brincode: str, rows: Sequence[TableRow], today: date) -> None:
        self._brincode, self._before, self._today = brincode, {row[0]: row for row in rows}, today
        self._years: dict[_Name, list[dict[str, Any]]] = {_name_of(row): list(row[-1]) for row in rows}
        self._rows = {_name_of(row): row for row in rows}

    @classmethod
    def load(cls, connection: sa.Connection, brincode: str, today: date) -> "OpenQuestions":
        """Return the open questions of a school."""
        query = sa.select(import_question).where(import_question.c.brincode == brincode)
        return cls(brincode, [tuple(row) for row in connection.execute(query)], today)

    def about(self, kind: PersonKind) -> dict[AskedRow, Contested]:
        """Return the rows of one kind that the open questions are about, with why and whom each may be.

        Of two questions about one row, as in two spellings, that is the one with more persons, and then the one of
        which somebody else has the name.
        """
        found: dict[AskedRow, Contested] = {}
        asked = [(name, Doubt(self._rows[name][7])) for name, years in self._years.items() if years and name[0] is kind]
        for name, doubt in sorted(asked, key=lambda one: (_number_of_persons(one[0]), one[1] is Doubt.TWIN)):
            _, key, eckid, naming, persons = name
            found[AskedRow.of(key, eckid, naming)] = Contested(doubt, *persons)
        return found

    def ask(self, year: SchoolYear, delivery: Delivery, contested: Iterable[ContestedRow], held: Iterable[int]) -> None:
        """Take what a delivery says of a year: its contested rows, in place of the earlier ones of that year.

        `held` are the ids of those who keep a record of the year because a row may be theirs.
        """
        self.withdraw(year)
        there = frozenset(held)
        for one in contested:
            stays = [id_ for id_ in one.contested.candidates if id_ in there]
            first, other, *_ = (*one.contested.candidates, None, None)
            row = (
                0,
                first,
                other,
                one.kind.value,
                self._brincode,
                one.row.key,
                one.row.eckid,
                one.contested.doubt.value,
            )
            name = _name(one.kind, one.row.key, one.row.eckid, one.row.naming, (first, other))
            since = self._rows[name][8] if name in self._rows else self._today
            self._rows[name] = (*row, since)
            self._years.setdefault(name, []).append(_stored_year(year, delivery, one, stays))

    def withdraw(self, year: SchoolYear) -> None:
        """Take back what was asked about a year."""
        for years in self._years.values():
            years[:] = [one for one in years if (one["brin6"], one["schooljaar"]) != (year.brin6, year.schooljaar)]

    def diff(self, connection: sa.Connection) -> TableDiff:
        """Return the difference between the questions that are stored and those that are open now."""
        ids = {_name_of(row): id_ for id_, row in self._before.items()}
        open_ = {
            name: (*self._rows[name][1:9], sorted(years, key=lambda one: (one["schooljaar"], one["brin6"])))
            for name, years in self._years.items()
            if years
        }
        ids |= _new_ids(connection, self._brincode, [name for name in open_ if name not in ids])
        rows = [(ids[name], *row) for name, row in open_.items()]
        changed = [row for row in rows if row[0] in self._before and row != self._before[row[0]]]
        return TableDiff(
            import_question,
            added=[row for row in rows if row[0] not in self._before],
            changed=changed,
            removed=[row for row in self._before.values() if _name_of(row) not in open_],
            before=[self._before[row[0]] for row in changed],
        )


def of_school(connection: sa.Connection, brincode: str | None = None) -> list[ImportQuestion]:
    """Return the open questions of a school, or of all, the oldest first."""
    query = sa.select(import_question).order_by(import_question.c.id)
    if brincode is not None:
        query = query.where(import_question.c.brincode == brincode)
    return _questions(connection, query)


def of_vestiging(connection: sa.Connection, brin6: str) -> list[ImportQuestion]:
    """Return the open questions about rows of one vestiging, the oldest first."""
    found = sorted(of_school(connection, brincode_of(brin6)), key=lambda one: (one.since, one.id))
    return [one for one in found if one.years_at(brin6)]


def number_at(connection: sa.Connection, brin6: str) -> int:
    """Return the number of open questions about rows of one vestiging."""
    query = sa.select(import_question.c.years).where(import_question.c.brincode == brincode_of(brin6))
    return sum(any(year["brin6"] == brin6 for year in years) for years in connection.scalars(query))


def numbers_at(connection: sa.Connection, brincodes: Collection[str] | None = None) -> Counter[str]:
    """Return the number of open questions by vestiging, of the schools of these brincodes, or of all."""
    query = sa.select(import_question.c.years)
    if brincodes is not None:
        query = query.where(import_question.c.brincode.in_(brincodes))
    return Counter(brin6 for years in connection.scalars(query) for brin6 in {year["brin6"] for year in years})


def find(connection: sa.Connection, brin6: str, question_id: int) -> ImportQuestion | None:
    """Return one open question about a row of a vestiging; None when there is none with this id."""
    return next((one for one in of_vestiging(connection, brin6) if one.id == question_id), None)


def get(connection: sa.Connection, question_id: int) -> ImportQuestion:
    """Return one open question. Raises QuestionError."""
    found = _questions(connection, sa.select(import_question).where(import_question.c.id == question_id))
    if not found:
        raise QuestionError(f"there is no open question {question_id}: `uwlr-adapter import questions` shows them")
    return found[0]


def answer(connection: sa.Connection, question_id: int, choice: Choice, moment: datetime, actor: str) -> Answered:
    """Answer a question in the caller's writing transaction; it is a batch that can be undone, and is journalled.

    `actor` is the login of the portal user, or `cli:` and the user of the machine. Raises QuestionError.
    """
    brincode = get(connection, question_id).brincode
    schools.lock_school(connection, brincode)
    question = get(connection, question_id)
    if choice not in question.choices:
        raise QuestionError(f"question {question_id} is answered with one of: {', '.join(question.choices)}")
    chosen = None if choice is Choice.NEW else question.known[1 if choice is Choice.ECKID else 0]
    others = [one for one in of_school(connection, brincode) if one.id != question_id and one.kind is question.kind]
    diffs, person, key = _identity_diffs(connection, question, chosen)
    reports = []
    for year in question.years:
        if chosen is not None and chosen.id not in year.held and _is_there(connection, question.kind, year, chosen.id):
            raise PersonPresentError(question.kind)
        kept = {id_ for one in others for there in one.years if there.year == year.year for id_ in there.held}
        gone = set(year.held) - kept - {person}
        found = _year_diffs(connection, question.kind, year, person, gone)
        diffs += found
        reports.append(_report(question.kind, year, found[0]))
    diffs.append(_question_diff(connection, question, person))
    steps = batch_steps.write(connection, diffs)
    schools.touch_school(connection, brincode)
    batch = batches.record(
        connection,
        brincode=brincode,
        moment=moment,
        source=SOURCE,
        reports=reports,
        steps=steps,
        actor=actor,
    )
    for brin6 in batches.vestigingen_changed(connection, batches.get(connection, batch)):
        record_records_act(connection, moment=moment, act=Act.QUESTION_ANSWERED, brin6=brin6, actor=actor, batch=batch)
    return Answered(batch, key)


def _question_diff(connection: sa.Connection, question: ImportQuestion, person: int) -> TableDiff:
    """Return the difference that erases a question, and lets no other one hold the person whom its rows are now."""
    answered = {year.year for year in question.years}
    before, changed, removed = [], [], []
    query = sa.select(import_question).where(import_question.c.brincode == question.brincode)
    for row in map(tuple, connection.execute(query)):
        years = [_without_held(year, person) if _year_of(year).year in answered else year for year in row[-1]]
        if row[0] == question.id:
            removed.append(row)
        elif years != row[-1]:
            before.append(row)
            changed.append((*row[:-1], years))
    return TableDiff(import_question, changed=changed, removed=removed, before=before)


def _without_held(year: Mapping[str, Any], person: int) -> Mapping[str, Any]:
    return {**year, "held": [id_ for id_ in year["held"] if id_ != person]}


def _identity_diffs(
    connection: sa.Connection, question: ImportQuestion, chosen: KnownSide | None
) -> tuple[list[TableDiff], int, str]:
    """Return the differences that make the row of a question a person, the id of that person, and the key to send."""
    kind, brincode, naming = question.kind, question.brincode, question.naming
    owner = None
    if question.eckid is not None:
        of_kind = (persoon.c.soort == kind, persoon.c.brincode == brincode)
        owner = connection.scalar(sa.select(persoon.c.id).where(*of_kind, persoon.c.eckid == question.eckid))
    row = SourceRow(0, question.key, question.eckid, naming)
    if chosen is None:
        eckids: dict[int, str | None] = {} if owner is None else {owner: None}
        key = _free_key(connection, question, row)
        (person,) = bulk.take_ids(connection, persoon, 1)
        new = [(person, kind.value, brincode, key, question.eckid, *naming)]
        diffs = [*change_persons(connection, eckids, eckids, {}), TableDiff(persoon, new)]
    else:
        person, key = chosen.id, chosen.key
        eckids = {}
        if question.eckid is not None and owner != person:
            eckids = {person: question.eckid} | ({} if owner is None else {owner: None})
        diffs = [*change_persons(connection, {person, *eckids}, eckids, {person: naming})]
    if not row.is_dummy:
        same_key = (source_key.c.soort == kind, source_key.c.brincode == brincode, source_key.c.key == question.key)
        before = connection.scalar(sa.select(source_key.c.persoon_id).where(*same_key))
        known = {} if before is None else {question.key: before}
        diffs.append(source_key_diff(kind, brincode, {question.key: person}, known))
    return diffs, person, key


def _free_key(connection: sa.Connection, question: ImportQuestion, row: SourceRow) -> str:
    """Return the key by which a new person is sent: that of the row, unless it is or was the key of another one.

    An erased leaver is another one too (`used_keys`).
    """
    is_used = used_keys_of(connection, question.brincode, question.kind).is_of_another

    def is_taken(key: str) -> bool:
        same = (
            sa.select(table.c.key).where(
                table.c.soort == question.kind, table.c.brincode == question.brincode, table.c.key == key
            )
            for table in (persoon, source_key)
        )
        return connection.scalar(sa.union(*same)) is not None or is_used(key, question.eckid)

    key, attempt = row.key, 0
    while key.startswith(DUMMY) or is_taken(key):
        key, attempt = make_key(row, attempt), attempt + 1
    return key


def _is_there(connection: sa.Connection, kind: PersonKind, year: RowOfYear, person: int) -> bool:
    table = _TABLES[kind][0]
    where = [table.c[name] == value for name, value in year.year.columns().items()]
    return connection.scalar(sa.select(table.c.persoon_id).where(*where, table.c.persoon_id == person)) is not None


def _year_diffs(
    connection: sa.Connection, kind: PersonKind, year: RowOfYear, person: int, gone: set[int]
) -> list[TableDiff]:
    """Return the differences that make a row of a year that of a person, and take those who are gone out of it."""
    diffs = []
    for table in _TABLES[kind]:
        wanted = [_table_row(connection, table, year, person, row) for row in year.rows.get(table.name, ())]
        where = {**year.year.columns(), "persoon_id": person}
        diff = compare(connection, table, where, [row for row in wanted if row is not None])
        if gone:
            query = sa.select(table).where(
                *(table.c[name] == value for name, value in year.year.columns().items()), table.c.persoon_id.in_(gone)
            )
            leaves = [tuple(row) for row in connection.execute(query)]
            diff = replace(diff, removed=[*diff.removed, *leaves])
        diffs.append(diff)
    return diffs


def _table_row(
    connection: sa.Connection, table: sa.Table, year: RowOfYear, person: int, values: Mapping[str, Any]
) -> TableRow | None:
    """Return a row of a table as it is stored; None for a place in a groep that is no longer there."""
    own = {**values, **year.year.columns(), "persoon_id": person}
    if table is plaatsing and not _exists(connection, groep, year.year, own["groep_key"]):
        return None
    if own.get("locatie_key") is not None and not _exists(connection, locatie, year.year, own["locatie_key"]):
        own["locatie_key"] = None
    row = []
    for column in table.columns:
        value = own.get(column.name)
        row.append(date.fromisoformat(value) if value is not None and isinstance(column.type, sa.Date) else value)
    return tuple(row)


def _exists(connection: sa.Connection, table: sa.Table, year: SchoolYear, key: str) -> bool:
    where = [table.c[name] == value for name, value in year.columns().items()]
    return connection.scalar(sa.select(table.c.key).where(*where, table.c.key == key)) is not None


def _report(kind: PersonKind, year: RowOfYear, diff: TableDiff) -> ImportReport:
    counts = {name: Counts() for name in ("locaties", "groepen", "leerlingen", "leerkrachten")}
    counts["leerlingen" if kind is PersonKind.LEERLING else "leerkrachten"] = Counts(
        added=len(diff.added), changed=len(diff.changed), removed=len(diff.removed)
    )
    return ImportReport(year.year.brin6, year.year.schooljaar, counts, (), {})


def _stored_year(year: SchoolYear, delivery: Delivery, contested: ContestedRow, held: Sequence[int]) -> dict[str, Any]:
    """Return the row of a delivery as it is kept until it is known who it is."""
    is_leerling = contested.kind is PersonKind.LEERLING
    alone = replace(
        delivery,
        locaties=(),
        groepen=(),
        leerlingen=(delivery.leerlingen[contested.place],) if is_leerling else (),
        leerkrachten=() if is_leerling else (delivery.leerkrachten[contested.place],),
    )
    rows = rows_of(year, alone, [0] * len(alone.leerlingen), [0] * len(alone.leerkrachten))
    left_out = {*year.columns(), "persoon_id"}
    return {
        **year.columns(),
        "line": contested.row.line,
        "held": list(held),
        "rows": {
            table.name: [
                {
                    name: value.isoformat() if isinstance(value, date) else value
                    for name, value in zip(table.columns.keys(), row, strict=True)
                    if name not in left_out and value is not None
                }
                for row in rows[table]
            ]
            for table in _TABLES[contested.kind]
        },
    }


_Name = tuple[PersonKind, str, str | None, Naming, tuple[int | None, int | None]]


def _name(
    kind: PersonKind, key: str, eckid: str | None, naming: Naming, persons: tuple[int | None, int | None]
) -> _Name:
    """Return what makes a question the same one in a later import; a dummy key is not part of it."""
    return kind, "" if key.startswith(DUMMY) else key, eckid, naming, persons


def _number_of_persons(name: _Name) -> int:
    return sum(id_ is not None for id_ in name[-1])


def _name_of(row: TableRow) -> _Name:
    kind = PersonKind(row[3])
    return _name(kind, row[5], row[6], _naming(kind, _year_of(row[-1][0])), (row[1], row[2]))


def _new_ids(connection: sa.Connection, brincode: str, names: Sequence[_Name]) -> dict[_Name, int]:
    """Return ids for new questions, of at most nine digits.

    An id follows from what is asked, so that one that is noted down never names another question later.
    """
    ids: dict[_Name, int] = {}
    for name in names:
        digest = sha256(repr((brincode, name)).encode("utf-8", "surrogatepass"))
        id_ = int(digest.hexdigest(), 16) % _IDS or 1
        query = sa.select(import_question.c.id)
        while id_ in ids.values() or connection.scalar(query.where(import_question.c.id == id_)) is not None:
            id_ = id_ % _IDS + 1
        ids[name] = id_
    return ids


def _naming(kind: PersonKind, year: RowOfYear) -> Naming:
    names = ("roepnaam", "voornamen", "voorletters_1", "achternaam", "geboortedatum")
    values = {name: year.values[name] for name in names if name in year.values}
    return naming_of(Leerling("", **values) if kind is PersonKind.LEERLING else Leerkracht("", **values))


def _year_of(stored: Mapping[str, Any]) -> RowOfYear:
    year = SchoolYear(stored["brin6"], stored["schooljaar"])
    return RowOfYear(year, stored["line"], tuple(stored["held"]), stored["rows"])


def _questions(connection: sa.Connection, query: sa.Select[Any]) -> list[ImportQuestion]:
    rows = connection.execute(query).all()
    ids = {id_ for row in rows for id_ in (row.persoon_id, row.other_id) if id_ is not None}
    known = {}
    if ids:
        persons = connection.execute(sa.select(persoon).where(persoon.c.id.in_(ids)))
        known = {
            row.id: KnownSide(row.id, row.key, row.eckid, Naming(row.roepnaam, row.achternaam, row.geboortedatum))
            for row in persons
        }
    return [
        ImportQuestion(
            id=row.id,
            kind=PersonKind(row.soort),
            brincode=row.brincode,
            key=row.source_key,
            eckid=row.eckid,
            doubt=Doubt(row.doubt),
            since=row.since,
            known=tuple(known[id_] for id_ in (row.persoon_id, row.other_id) if id_ is not None),
            years=tuple(map(_year_of, row.years)),
        )
        for row in rows
    ]
