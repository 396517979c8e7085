"""The stored answers: each is made once, judged by our XSD, kept in the database, and sent many times.

Nothing stale is ever sent, because nothing is sent that was not compared in the same request with the database:

1. What an answer says depends on the records of the school, the day, and the house that renders it (its version and
   settings); on nothing else. Every transaction that changes records raises `school.versie` (`touch_school`).
2. The gate reads `school.versie` and the stand in the statement that decides access. A stand is at hand only when it
   was made from that version or a later one, for a day from `van` until `tot`, by this house. Else it is made anew.
3. Making reads the records and their version in one snapshot, and keeps the result only while it holds the school's row
   and the version is still that one. Else the whole request starts again (`StaleAnswerError`). What our XSD rejects is
   not kept: over PostgreSQL it judges while the transaction is open, and undoes it.
4. The bytes are found by the content hash in that stand, in the database as in a process: other content has another
   hash, so a process that kept an answer from before an import cannot find it any more.

So whoever asks after an import, a pause or midnight gets what holds then, whichever process does the work. A request
that overlaps a change is answered as of before it or as of after it, never with a part of each.

Bytes do not outlive their records: `touch_school` erases them in the transaction of the change.
"""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import NamedTuple
from weakref import WeakValueDictionary

import sqlalchemy as sa

from uwlr_adapter import __version__
from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.selection import Selection
from uwlr_adapter.administratie.tables import stand_inhoud
from uwlr_adapter.answers import freshness
from uwlr_adapter.answers.freshness import NO_DATA_HASH, AnswerKey
from uwlr_adapter.answers.memory import ByteLruCache
from uwlr_adapter.brin import brincode_of, dependancecode_of
from uwlr_adapter.clock import AMSTERDAM, day_of, from_utc
from uwlr_adapter.contract import answer, gzip_stream, rendered
from uwlr_adapter.contract.answer import AnswerFormat
from uwlr_adapter.contract.dataset import Dataset, School
from uwlr_adapter.contract.rendered import PersonIndex, RenderedRecords
from uwlr_adapter.db.blocking import before_blocking
from uwlr_adapter.db.database import Database, fetch_queries, insert_rows
from uwlr_adapter.db.libpq import Row
from uwlr_adapter.db.statements import InsertStatement, Query, SelectStatement
from uwlr_adapter.errors import UwlrAdapterError
from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.access import JoinedRows

OCTETS = 64 * 1024 * 1024
"""What a process keeps at hand: some six hundred schools of the usual size. More only saves a look at the database."""
_KEY_COLUMNS = AnswerKey._fields
_WORKERS = ThreadPoolExecutor(4, "uwlr-aside")
"""Threads of this process, in which an answer is judged and compressed: both work outside the interpreter, so that the
rest goes on meanwhile."""


class StaleAnswerError(UwlrAdapterError):
    """The records changed, or an answer went away, while a request was at work: it begins again."""


class InvalidAnswerError(UwlrAdapterError):
    """An answer of our own does not keep to our own schema; the text holds a path and a rule, no value."""


@dataclass(frozen=True, slots=True)
class AnswerContent:
    """The rendered records of an answer, the school that they are of (without days), and the records compressed."""

    school: School
    rendered: RenderedRecords
    part: bytes

    @property
    def octets(self) -> int:
        """What it takes in memory, about: an index entry takes more than its text."""
        index = self.rendered.index
        return len(self.rendered.records) + len(self.part) + (0 if index is None else 100 * len(index.bounds))


class AnswerState(NamedTuple):
    """What an answer says, and since when; its records too when they were made just now."""

    content_hash: str
    gewijzigd: datetime
    leerlingen: int
    incomplete: int
    content: AnswerContent | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there are no data."""
        return self.content_hash == NO_DATA_HASH


@dataclass(frozen=True, slots=True)
class _Rendered:
    """An answer that was made just now, and what ends when it has been judged, if it has not been yet."""

    content_hash: str
    content: AnswerContent | None
    validation: Future[None] | None


_NOTHING = _Rendered(NO_DATA_HASH, None, None)
"""What there is when there are no data."""


class AnswerStore:
    """The stored answers of one database, and those that this process has at hand. Safe to share between threads."""

    def __init__(self, database: Database, octets: int = OCTETS) -> None:
        self._database = database
        self._answers: ByteLruCache[bytes] = ByteLruCache(octets)
        self._contents: ByteLruCache[AnswerContent] = ByteLruCache(octets // 4)
        self._lock = threading.Lock()
        self._render_locks: WeakValueDictionary[AnswerKey, _RenderLock] = WeakValueDictionary()

    def state(
        self,
        answer_key: AnswerKey,
        answer_format: AnswerFormat,
        rows_seen: Sequence[Row],
        *,
        school_version: int,
        moment: datetime,
        opened: datetime,
    ) -> AnswerState:
        """Give how an answer stands at this moment, made anew when it is not at hand.

        `gezien` and `schoolversie` are what the gate read (ERBIJ); `opened`, since when the koppeling has been open.
        Raises StaleAnswerError, InvalidAnswerError or DBAPIError.
        """
        day = day_of(moment)
        found = _usable(rows_seen, answer_key, answer_format, school_version, day)
        if found is not None:
            return found
        before_blocking()
        with self._one_renderer(answer_key) as waited:
            if waited or not any(
                row[: len(answer_key)] == answer_key for row in rows_seen
            ):  # else it is known to be of before
                found = _usable(
                    self._database.look(Query(_STATE, answer_key._asdict())),
                    answer_key,
                    answer_format,
                    school_version,
                    day,
                )
            return found or self._render(answer_key, answer_format, moment, opened)

    def content(self, answer_key: AnswerKey, state: AnswerState) -> AnswerContent:
        """Give the records of a stand. Raises StaleAnswerError when they are gone."""
        found = state.content or self._contents.get(state.content_hash)
        if found is None:
            found = self._load(answer_key, state)
            if found.rendered.index is not None:
                self._contents.put(state.content_hash, found, found.octets)
        return found

    def answer(
        self,
        answer_key: AnswerKey,
        answer_format: AnswerFormat,
        state: AnswerState,
        gewijzigd: datetime,
        *,
        gzip: bool = False,
    ) -> bytes:
        """Give the whole answer of a stand, as of `gewijzigd`. Raises StaleAnswerError when its records are gone."""
        key = (state.content_hash, gewijzigd, gzip)
        found = self._answers.get(key)
        if found is None:
            content = self.content(answer_key, state)
            found = assemble(answer_format, content, content.rendered.records, gewijzigd, gzip=gzip, part=content.part)
            self._answers.put(key, found, len(found))
        return found

    def _load(self, answer_key: AnswerKey, state: AnswerState) -> AnswerContent:
        rows = self._database.look(Query(_CONTENT, {**answer_key._asdict(), "inhoud_hash": state.content_hash}))
        if not rows:
            before_blocking()
            with self._database.writing() as connection:  # so that it is not taken for at hand again
                freshness.drop_validity(connection, answer_key, state.content_hash)
            raise StaleAnswerError
        schoolkey, part, index = rows[0]
        return AnswerContent(
            school=_school(answer_key, schoolkey),
            rendered=RenderedRecords(
                records=gzip_stream.decompress(part),
                leerlingen=state.leerlingen,
                incomplete=state.incomplete,
                index=None if index is None else PersonIndex.from_json(gzip_stream.decompress(index)),
            ),
            part=bytes(part),
        )

    def _render(
        self, answer_key: AnswerKey, answer_format: AnswerFormat, moment: datetime, opened: datetime
    ) -> AnswerState:
        """Render an answer, judge it, and keep it (rule 3); or give what another process kept just now."""
        day = day_of(moment)
        selectie = Selection(answer_key.brin6, answer_key.schooljaar, day, answer_format.profiel)
        states, versions, *found = self._database.snapshot(
            [Query(_STATE, answer_key._asdict()), schools.version_query(brincode_of(answer_key.brin6)), *selectie.ask()]
        )
        version = schools.version_of(versions)
        if (usable := _usable(states, answer_key, answer_format, version, day)) is not None:
            return usable
        dataset = selectie.read(found, format_moment(moment))
        if dataset is None and not states:
            return AnswerState(
                NO_DATA_HASH, freshness.whole_second(moment), 0, 0
            )  # nothing to write: it leaves no trace
        aside = not self._database.is_sqlite  # whose only writer would be held while an answer is judged
        state = _NOTHING if dataset is None else _render(answer_key, answer_format, dataset, aside=aside)
        content_hash, content = state.content_hash, state.content
        validity = freshness.Validity(
            schoolversie=version,
            van=day,
            tot=selectie.next_change(found),
            vorm=_renderer(answer_format),
            leerlingen=0 if content is None else content.rendered.leerlingen,
            onvolledig=0 if content is None else content.rendered.incomplete,
        )
        # On the disk with the line of the journaal, before the answer leaves.
        with self._database.writing(later=True) as connection:
            gewijzigd = _keep(connection, answer_key, content_hash, content, validity, moment, opened)
            if state.validation is not None:
                state.validation.result()  # else nothing is kept
        if content is not None and content.rendered.index is not None:
            self._contents.put(content_hash, content, content.octets)
        return AnswerState(content_hash, gewijzigd, validity.leerlingen, validity.onvolledig, content)

    @contextmanager
    def _one_renderer(self, answer_key: AnswerKey) -> Iterator[bool]:
        """Let one thread at a time make an answer: who waited, as this tells, finds it at hand."""
        with self._lock:
            maker = self._render_locks.get(answer_key)
            if maker is None:
                maker = self._render_locks[answer_key] = _RenderLock()
        waited = not maker.lock.acquire(blocking=False)
        if waited:
            maker.lock.acquire()
        try:
            yield waited
        finally:
            maker.lock.release()


class _RenderLock:
    """What the threads that want one answer hold in turn."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


def assemble(
    answer_format: AnswerFormat,
    content: AnswerContent,
    records: bytes,
    gewijzigd: datetime,
    *,
    gzip: bool = False,
    part: bytes | None = None,
) -> bytes:
    """Give the answer around some of the records, as of a moment; `part` is these records as they are compressed."""
    day = day_of(gewijzigd).isoformat()
    school = replace(content.school, peildatum=day, aanmaakdatum=format_moment(gewijzigd))
    head, tail = answer.around(answer_format, school)
    return gzip_stream.join(head, records, tail, part) if gzip else b"".join([head, records, tail])


def format_moment(moment: datetime) -> str:
    """Give a moment as an answer has it: in Amsterdam, with its offset, since toolkits send a bare one back as UTC."""
    return moment.astimezone(AMSTERDAM).isoformat(timespec="seconds")


def _usable(
    states: Sequence[Row], answer_key: AnswerKey, answer_format: AnswerFormat, school_version: int, day: date
) -> AnswerState | None:
    """Give the stand of this answer among some, when it holds now (rule 2)."""
    for row in states:
        if row[: len(answer_key)] == answer_key:
            content_hash, gewijzigd, version, van, tot, gemaakt_als, leerlingen, incomplete = row[len(answer_key) :]
            is_made = version is not None and version >= school_version and gemaakt_als == _renderer(answer_format)
            if is_made and van <= day and (tot is None or day < tot):
                return AnswerState(content_hash, from_utc(gewijzigd), leerlingen, incomplete)
    return None


def _school(answer_key: AnswerKey, schoolkey: str | None) -> School:
    return School(
        schooljaar=answer_key.schooljaar,
        peildatum="",
        brincode=brincode_of(answer_key.brin6),
        dependancecode=dependancecode_of(answer_key.brin6),
        schoolkey=schoolkey,
        aanmaakdatum="",
    )


def _renderer(answer_format: AnswerFormat) -> str:
    """Give what decides how records are written, beside the key of a stand."""
    return f"{__version__} {'key+eckid' if answer_format.key_naast_eckid else ''}".strip()


def _render(answer_key: AnswerKey, answer_format: AnswerFormat, dataset: Dataset, *, aside: bool) -> "_Rendered":
    """Give the records of an answer, judged; or still being judged, `aside`. Raises InvalidAnswerError."""
    made = rendered.make(answer_format, dataset)
    judge = partial(_judge, answer_format, dataset.school, made.records)
    validation = _WORKERS.submit(judge) if aside else None
    part = _WORKERS.submit(gzip_stream.compress, made.records)
    content_hash = answer.content_hash(answer_format, dataset.school, made.records)
    if not aside:
        judge()
    return _Rendered(
        content_hash, AnswerContent(_school(answer_key, dataset.school.schoolkey), made, part.result()), validation
    )


def _judge(answer_format: AnswerFormat, school: School, records: bytes) -> None:
    """Judge an answer by our XSD. Raises InvalidAnswerError."""
    if findings := answer.check(answer.wrap(answer_format, school, records), answer_format.xsdversie, own=True):
        raise InvalidAnswerError(f"{findings[0].path}: {findings[0].rule}")


def _keep(
    connection: sa.Connection,
    answer_key: AnswerKey,
    content_hash: str,
    content: AnswerContent | None,
    validity: freshness.Validity,
    moment: datetime,
    opened: datetime,
) -> datetime:
    """Replace the stored answer and return since when it holds, in UTC. Raises StaleAnswerError (rule 3)."""
    held, geopend, last_seen = fetch_queries(
        connection,
        [
            schools.version_query(brincode_of(answer_key.brin6), hold=True),
            store.last_opened_query(answer_key.brin6),
            freshness.last_seen_query(answer_key),
        ],
    )
    if schools.version_of(held) != validity.schoolversie:
        raise StaleAnswerError
    latest = freshness.whole_second(max(opened, store.last_opened_of(geopend) or opened))
    gewijzigd = freshness.changed_since(last_seen, content_hash, moment, latest)
    noted = freshness.validity_row(answer_key, content_hash, gewijzigd, validity)
    if content is None:
        connection.execute(stand_inhoud.delete().where(*_by_key(stand_inhoud)), answer_key._asdict())
        insert_rows(connection, [noted])
        return gewijzigd
    index = content.rendered.index
    kept = {
        **answer_key._asdict(),
        "inhoud_hash": content_hash,
        "schoolkey": content.school.schoolkey,
        "inhoud": content.part,
        "wijzer": None if index is None else gzip_stream.compress(index.to_json()),
    }
    insert_rows(connection, [noted, (_CONTENT_INSERT, kept)])
    return gewijzigd


def _by_key(table: sa.Table) -> list[sa.ColumnElement[bool]]:
    return [table.c[naam] == sa.bindparam(naam, type_=sa.String) for naam in _KEY_COLUMNS]


_COLUMNS = (*_KEY_COLUMNS, "inhoud_hash", "gewijzigd", "schoolversie", "van", "tot", "vorm", "leerlingen", "onvolledig")
ANSWER_ROWS = JoinedRows(freshness.stand, _COLUMNS, on=("schooljaar", "xsdversie", "soort"))
"""What the gate looks up with access: the stand under each profile."""
_STATE = SelectStatement(sa.select(*(freshness.stand.c[naam] for naam in _COLUMNS)).where(*_by_key(freshness.stand)))
_CONTENT_INSERT = InsertStatement(stand_inhoud, [column.name for column in stand_inhoud.c], replaces=True)
_CONTENT = SelectStatement(
    sa.select(stand_inhoud.c.schoolkey, stand_inhoud.c.inhoud, stand_inhoud.c.wijzer).where(
        *_by_key(stand_inhoud), stand_inhoud.c.inhoud_hash == sa.bindparam("inhoud_hash", type_=sa.String)
    )
)
