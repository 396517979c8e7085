"""The stored answers: each is rendered once, validated against our XSD, stored in the database, and sent many times.

No stale answer is ever sent, because each is compared with the database in the request that sends it:

1. An answer depends on the records of the school, the day, and the renderer (its number and settings); on nothing
   else.
   Every transaction that changes records increments `school.version` (`touch_school`).
2. The access query reads `school.version` and the answer's state in the statement that decides access. A state is
   usable only when it was rendered from that version or a later one, for a day from `valid_from` (inclusive) to
   `valid_until` (exclusive), by this renderer. Else the answer is rendered again.
3. Rendering reads the records and their version in one snapshot, and stores the result only while it holds the school's
   row and the version is still the same. Else the whole request starts again (`StaleAnswerError`). An answer that our
   XSD rejects is not stored: on PostgreSQL it is validated while the transaction is open, which is then rolled back.
4. The bytes are found by the content hash of that state, in the database and in the process: other content has another
   hash, so a process cannot find an answer that it cached before an import.

So a request after an import, a pause or midnight gets what holds then, whichever process answers. A request that
overlaps a change is answered as of before it or as of after it, never with a part of each.

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

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.selection import Selection
from uwlr_adapter.administratie.tables import answer_content
from uwlr_adapter.answers import freshness
from uwlr_adapter.answers.freshness import NO_DATA_HASH, AnswerKey
from uwlr_adapter.answers.memory import ByteLruCache
from uwlr_adapter.answers.tables import answer_state
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
"""Bytes that a process caches: some six hundred schools of the usual size. More only saves a query."""
_KEY_COLUMNS = AnswerKey._fields
_WORKERS = ThreadPoolExecutor(4, "uwlr-aside")
"""Threads that validate and compress answers: both release the interpreter, so that the rest goes on meanwhile."""


class StaleAnswerError(UwlrAdapterError):
    """The stored answer was invalidated while the request was in progress; retry from the access check."""


class InvalidAnswerError(UwlrAdapterError):
    """An answer of ours does not conform to our own schema; the text holds a path and a rule, no value."""


@dataclass(frozen=True, slots=True)
class AnswerContent:
    """The rendered records of an answer, plain and compressed (`part`), and their school, without its days."""

    school: School
    rendered: RenderedRecords
    part: bytes

    @property
    def octets(self) -> int:
        """Its approximate size in memory, in bytes: an index entry takes more than its text."""
        index = self.rendered.index
        return len(self.rendered.records) + len(self.part) + (0 if index is None else 100 * len(index.bounds))


class AnswerState(NamedTuple):
    """The state of an answer that can be sent now; with its records when they were rendered just now."""

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
    """An answer that was rendered just now, and its validation where that is still running."""

    content_hash: str
    content: AnswerContent | None
    validation: Future[None] | None


_NOTHING = _Rendered(NO_DATA_HASH, None, None)
"""The result for a school year without data."""


class AnswerStore:
    """The stored answers of one database, with the caches of this process. Safe to share between threads."""

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
        """Return the state of an answer at this moment; render the answer when no stored one is usable.

        `rows_seen` and `school_version` come from the access query; `opened` is when the koppeling last became active
        (UTC). Raises StaleAnswerError, InvalidAnswerError or DBAPIError, and WouldBlock instead of rendering.
        """
        day = day_of(moment)
        found = _usable(rows_seen, answer_key, answer_format, school_version, day)
        if found is not None:
            return found
        before_blocking()
        with self._one_renderer(answer_key) as waited:
            if waited or not any(
                row[: len(answer_key)] == answer_key for row in rows_seen
            ):  # else the state that the access query read is known to be outdated
                found = _usable(
                    self._database.look(Query(_STATE, answer_key._asdict())),
                    answer_key,
                    answer_format,
                    school_version,
                    day,
                )
            return found or self._render(answer_key, answer_format, moment, opened)

    def content(self, answer_key: AnswerKey, state: AnswerState) -> AnswerContent:
        """Return the records of an answer. Raises StaleAnswerError when they are gone."""
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
        """Return the whole answer, as of `gewijzigd`. Raises StaleAnswerError when its records are gone."""
        key = (state.content_hash, gewijzigd, gzip)
        found = self._answers.get(key)
        if found is None:
            content = self.content(answer_key, state)
            found = assemble(answer_format, content, content.rendered.records, gewijzigd, gzip=gzip, part=content.part)
            self._answers.put(key, found, len(found))
        return found

    def _load(self, answer_key: AnswerKey, state: AnswerState) -> AnswerContent:
        rows = self._database.look(Query(_CONTENT, {**answer_key._asdict(), "content_hash": state.content_hash}))
        if not rows:
            before_blocking()
            with self._database.writing() as connection:  # so that the next request renders it
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
        """Render, validate and store an answer (rule 3); or return the state that another process stored just now."""
        day = day_of(moment)
        selection = Selection(answer_key.brin6, answer_key.schooljaar, day, answer_format.profiel)
        states, versions, *found = self._database.snapshot(
            [
                Query(_STATE, answer_key._asdict()),
                schools.version_query(brincode_of(answer_key.brin6)),
                *selection.ask(),
            ]
        )
        version = schools.version_of(versions)
        if (usable := _usable(states, answer_key, answer_format, version, day)) is not None:
            return usable
        dataset = selection.read(found, format_moment(moment))
        if dataset is None and not states:
            return AnswerState(
                NO_DATA_HASH, freshness.whole_second(moment), 0, 0
            )  # nothing to write: it leaves no trace
        aside = not self._database.is_sqlite  # whose only writer would be held during the validation
        state = _NOTHING if dataset is None else _render(answer_key, answer_format, dataset, aside=aside)
        content_hash, content = state.content_hash, state.content
        validity = freshness.Validity(
            school_version=version,
            valid_from=day,
            valid_until=selection.next_change(found),
            renderer=_renderer(answer_format),
            leerlingen=0 if content is None else content.rendered.leerlingen,
            incomplete=0 if content is None else content.rendered.incomplete,
        )
        # Durable with the entry of the journaal, before the answer leaves.
        with self._database.writing(later=True) as connection:
            gewijzigd = _keep(connection, answer_key, content_hash, content, validity, moment, opened)
            if state.validation is not None:
                state.validation.result()  # raises: then nothing is stored
        if content is not None and content.rendered.index is not None:
            self._contents.put(content_hash, content, content.octets)
        return AnswerState(content_hash, gewijzigd, validity.leerlingen, validity.incomplete, content)

    @contextmanager
    def _one_renderer(self, answer_key: AnswerKey) -> Iterator[bool]:
        """Make one thread at a time render an answer; yield whether this one waited, so that it may find it stored."""
        with self._lock:
            render = self._render_locks.get(answer_key)
            if render is None:
                render = self._render_locks[answer_key] = _RenderLock()
        waited = not render.lock.acquire(blocking=False)
        if waited:
            render.lock.acquire()
        try:
            yield waited
        finally:
            render.lock.release()


class _RenderLock:
    """The lock of the threads that render one answer; a lock by itself cannot be referenced weakly."""

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
    """Return the answer around some of the records, as of a moment; `part` are these records compressed."""
    day = day_of(gewijzigd).isoformat()
    school = replace(content.school, peildatum=day, aanmaakdatum=format_moment(gewijzigd))
    head, tail = answer.around(answer_format, school)
    return gzip_stream.join(head, records, tail, part) if gzip else b"".join([head, records, tail])


def format_moment(moment: datetime) -> str:
    """Format a moment in Amsterdam time with its offset: toolkits send one without an offset back as UTC."""
    return moment.astimezone(AMSTERDAM).isoformat(timespec="seconds")


def _usable(
    states: Sequence[Row], answer_key: AnswerKey, answer_format: AnswerFormat, school_version: int, day: date
) -> AnswerState | None:
    """Return the state of this answer among the rows, when it is usable (rule 2)."""
    for row in states:
        if row[: len(answer_key)] == answer_key:
            content_hash, gewijzigd, version, valid_from, valid_until, renderer, leerlingen, incomplete = row[
                len(answer_key) :
            ]
            is_current = version is not None and version >= school_version and renderer == _renderer(answer_format)
            if is_current and valid_from <= day and (valid_until is None or day < valid_until):
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
    """Return what decides how records are rendered, beside the key of the answer."""
    return f"{answer.RENDERER} key+eckid" if answer_format.key_naast_eckid else str(answer.RENDERER)


def _render(answer_key: AnswerKey, answer_format: AnswerFormat, dataset: Dataset, *, aside: bool) -> "_Rendered":
    """Render the records of an answer and validate them; with `aside` in another thread. Raises InvalidAnswerError."""
    made = rendered.make(answer_format, dataset)
    validate = partial(_validate, answer_format, dataset.school, made.records)
    validation = _WORKERS.submit(validate) if aside else None
    part = _WORKERS.submit(gzip_stream.compress, made.records)
    content_hash = answer.content_hash(answer_format, dataset.school, made.records)
    if not aside:
        validate()
    return _Rendered(
        content_hash, AnswerContent(_school(answer_key, dataset.school.schoolkey), made, part.result()), validation
    )


def _validate(answer_format: AnswerFormat, school: School, records: bytes) -> None:
    """Validate an answer against our XSD. Raises InvalidAnswerError."""
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
    held, last_opened, last_seen = fetch_queries(
        connection,
        [
            schools.version_query(brincode_of(answer_key.brin6), hold=True),
            store.last_opened_query(answer_key.brin6),
            freshness.last_seen_query(answer_key),
        ],
    )
    if schools.version_of(held) != validity.school_version:
        raise StaleAnswerError
    latest = freshness.whole_second(max(opened, store.last_opened_of(last_opened) or opened))
    gewijzigd = freshness.changed_since(last_seen, content_hash, moment, latest)
    state_row = freshness.validity_row(answer_key, content_hash, gewijzigd, validity)
    if content is None:
        connection.execute(answer_content.delete().where(*_by_key(answer_content)), answer_key._asdict())
        insert_rows(connection, [state_row])
        return gewijzigd
    index = content.rendered.index
    stored = {
        **answer_key._asdict(),
        "content_hash": content_hash,
        "schoolkey": content.school.schoolkey,
        "content": content.part,
        "person_index": None if index is None else gzip_stream.compress(index.to_json()),
    }
    insert_rows(connection, [state_row, (_CONTENT_INSERT, stored)])
    return gewijzigd


def _by_key(table: sa.Table) -> list[sa.ColumnElement[bool]]:
    return [table.c[name] == sa.bindparam(name, type_=sa.String) for name in _KEY_COLUMNS]


_COLUMNS = (*_KEY_COLUMNS, "content_hash", "gewijzigd", *freshness.Validity.__slots__)
ANSWER_ROWS = JoinedRows(answer_state, _COLUMNS, on=("schooljaar", "xsdversie", "payload"))
"""The rows that the access query reads too: the state under each profile."""
_STATE = SelectStatement(sa.select(*(answer_state.c[name] for name in _COLUMNS)).where(*_by_key(answer_state)))
_CONTENT_INSERT = InsertStatement(answer_content, [column.name for column in answer_content.c], replaces=True)
_CONTENT = SelectStatement(
    sa.select(answer_content.c.schoolkey, answer_content.c.content, answer_content.c.person_index).where(
        *_by_key(answer_content), answer_content.c.content_hash == sa.bindparam("content_hash", type_=sa.String)
    )
)
