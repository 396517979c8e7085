"""The stored answers: each is rendered once, validated against our XSD, stored in the database, and sent many times.

No stale answer is ever sent, because each is compared with the database in the request that sends it:

1. An answer depends on the records of the school, the day, the renderer (its number and settings), and who is withheld
   from its koppeling; on nothing else. Every transaction that changes records increments `school.version`
   (`touch_school`), and an act that changes who is withheld sets `koppeling.withheld` to another number.
2. The access query reads `school.version` and the answer's state in the statement that decides access. A state is
   usable only when it was rendered from that version or a later one, for a day from `valid_from` (inclusive) to
   `valid_until` (exclusive), by this renderer, without those who are withheld now. Else it is rendered again.
3. Rendering reads the calendar of the vestiging, which says whether the year is answered, then its records, each with
   their version in one snapshot. It stores the result only while it holds the school's row and the version is still the
   same. Else the database is asked anew. An answer that our XSD rejects is not
   stored: on PostgreSQL it is validated while the transaction is open, which is then rolled back.
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
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import NamedTuple
from weakref import WeakValueDictionary

import sqlalchemy as sa

from uwlr_adapter.administratie import answered, schools, withholding
from uwlr_adapter.administratie.answered import AnsweredKind
from uwlr_adapter.administratie.school_calendar import calendar_of, calendar_query
from uwlr_adapter.administratie.selection import Selection
from uwlr_adapter.administratie.tables import answer_content
from uwlr_adapter.answers import freshness
from uwlr_adapter.answers.content import AnswerContent, format_moment, from_row, school_of
from uwlr_adapter.answers.freshness import NO_DATA_HASH, NOT_LAID_OUT_HASH, WITHOUT_DATA, AnswerKey, by_key
from uwlr_adapter.answers.state import COLUMNS, AnswerState, number_of, renderer_of, usable
from uwlr_adapter.answers.tables import answer_state
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.clock import day_of
from uwlr_adapter.contract import answer, gzip_stream, rendered
from uwlr_adapter.contract.answer import AnswerFormat
from uwlr_adapter.contract.dataset import Dataset, School
from uwlr_adapter.db.backend import run
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.statements import Insert, InsertStatement, Query, Row, SelectStatement
from uwlr_adapter.errors import UwlrAdapterError
from uwlr_adapter.koppelingen import store

_WORKERS = ThreadPoolExecutor(4, "uwlr-aside")
"""Threads that validate and compress answers: both release the interpreter, so that the rest goes on meanwhile."""


class InvalidAnswerError(UwlrAdapterError):
    """An answer of ours does not conform to our own schema; the text holds a path and a rule, no value."""


class Withheld(NamedTuple):
    """From which koppeling leerlingen are withheld, and the version of that (`koppeling.withheld`)."""

    koppeling_id: int
    version: int | None


NOBODY = Withheld(0, None)
"""No leerling is withheld."""


@dataclass(frozen=True, slots=True)
class Made:
    """What rendering or loading an answer brought: its content, or that there are no data (None).

    Without data it holds for this version of the school's records, this day, and those withheld now only.
    """

    answer_key: AnswerKey
    content_hash: str
    content: AnswerContent | None = None
    school_version: int = 0
    day: date = date.min
    withheld: int | None = None

    def is_nothing(self, answer_key: AnswerKey, withheld: int | None, school_version: int, day: date) -> bool:
        """Return whether it says that this answer has no data."""
        wanted = (answer_key, withheld, school_version, day)
        is_it = (self.answer_key, self.withheld, self.school_version, self.day) == wanted
        return self.content_hash in WITHOUT_DATA and is_it


@dataclass(frozen=True, slots=True)
class _Rendered:
    """An answer that was rendered just now, and its validation where that is still running."""

    content_hash: str
    content: AnswerContent | None
    validation: Future[None] | None


_NOTHING = _Rendered(NO_DATA_HASH, None, None)
_NOT_LAID_OUT = _Rendered(NOT_LAID_OUT_HASH, None, None)
"""The results for a school year without data."""


def content_query(answer_key: AnswerKey, content_hash: str) -> Query:
    """Return the query for the stored content of an answer; `loaded` reads its rows."""
    return Query(_CONTENT, {**answer_key._asdict(), "content_hash": content_hash})


def loaded(answer_key: AnswerKey, state: AnswerState, rows: Sequence[Row]) -> Made | None:
    """Return the stored content of an answer; None when its bytes are gone."""
    if not rows:
        return None
    content = from_row(answer_key, rows[0], state.persons, state.incomplete)
    return Made(answer_key, state.content_hash, content)


def drop(database: Database, answer_key: AnswerKey, content_hash: str) -> None:
    """Mark an answer whose bytes are gone, so that it is rendered again. Raises DBAPIError."""
    with database.writing() as connection:
        freshness.drop_validity(connection, answer_key, content_hash)


class AnswerRenderer:
    """Renders the answers of one database. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._render_locks: WeakValueDictionary[AnswerKey, _RenderLock] = WeakValueDictionary()

    def render(
        self,
        answer_key: AnswerKey,
        answer_format: AnswerFormat,
        moment: datetime,
        opened: datetime,
        withheld: Withheld = NOBODY,
    ) -> Made | None:
        """Render, validate and store an answer (rule 3); `opened` is when the koppeling last became active (UTC).

        Return None when another thread or process did, or when the records changed meanwhile: then the database has to
        be asked anew. Raises InvalidAnswerError or DBAPIError.
        """
        with self._one_renderer(answer_key) as waited:
            return None if waited else self._render(answer_key, answer_format, moment, opened, withheld)

    def _render(
        self,
        answer_key: AnswerKey,
        answer_format: AnswerFormat,
        moment: datetime,
        opened: datetime,
        withheld: Withheld,
    ) -> Made | None:
        day, without = day_of(moment), withheld.version
        school_version = schools.version_query(brincode_of(answer_key.brin6))
        states, versions, calendar_rows = self._database.snapshot(
            [
                Query(_STATE, answer_key._asdict()),
                school_version,
                calendar_query(answer_key.brin6, answer_key.schooljaar),
            ]
        )
        version = schools.version_of(versions)
        state_rows = [(None, *row) for row in states]
        if usable(state_rows, answer_key.profiel, answer_format, without, version, day) is not None:
            return None
        calendar = calendar_of(calendar_rows)
        selection = Selection(answer_key.brin6, answer_key.schooljaar, day, answer_format.profiel, calendar)
        found: list[list[Row]] = []
        left_out: frozenset[int] = frozenset()
        if asked := selection.ask():
            people = [] if without is None else [withholding.persons_query(withheld.koppeling_id)]
            versions, *found = self._database.snapshot([school_version, *asked, *people])
            left_out = withholding.persons_of(found.pop()) if people else left_out
        if schools.version_of(versions) != version:
            return None
        dataset = selection.read(found, format_moment(moment), left_out)
        nothing = _NOTHING if selection.is_laid_out(found) else _NOT_LAID_OUT
        if dataset is None and not states:
            # nothing to write: it leaves no trace
            return Made(answer_key, nothing.content_hash, None, version, day, without)
        aside = not self._database.backend.has_one_writer  # who would be held during the validation
        state = nothing if dataset is None else _render(answer_key, answer_format, dataset, aside=aside)
        content_hash, content = state.content_hash, state.content
        validity = freshness.Validity(
            school_version=version,
            valid_from=day,
            valid_until=selection.next_change(found),
            renderer=renderer_of(answer_format, without),
            leerlingen=0 if content is None else content.rendered.leerlingen,
            incomplete=0 if content is None else content.rendered.incomplete,
        )
        keeping = None
        if dataset is not None:
            persons = selection.persons(found, answer_format.operation.parts, left_out)
            keeping = _keeping(answer_key, answer_format, content_hash, persons, moment)
        # Durable with the entry of the journaal, before the answer leaves.
        with self._database.writing(later=True) as connection:
            is_kept = _keep(connection, answer_key, content_hash, content, validity, moment, opened)
            if is_kept and keeping is not None:
                run(connection, [keeping])
            if state.validation is not None:
                state.validation.result()  # raises: then nothing is stored
        return Made(answer_key, content_hash, content, version, day, without) if is_kept else None

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


def _render(answer_key: AnswerKey, answer_format: AnswerFormat, dataset: Dataset, *, aside: bool) -> _Rendered:
    """Render the records of an answer and validate them; with `aside` in another thread. Raises InvalidAnswerError."""
    made = rendered.make(answer_format, dataset)
    validate = partial(_validate, answer_format, dataset.school, made.records)
    validation = _WORKERS.submit(validate) if aside else None
    part = _WORKERS.submit(gzip_stream.compress, made.records)
    content_hash = answer.content_hash(answer_format, dataset.school, made.records)
    if not aside:
        validate()
    return _Rendered(
        content_hash, AnswerContent(school_of(answer_key, dataset.school.schoolkey), made, part.result()), validation
    )


def _keeping(
    answer_key: AnswerKey, answer_format: AnswerFormat, content_hash: str, persons: Sequence[int], moment: datetime
) -> Insert:
    """Return the statement that keeps who is in an answer."""
    profiel, operation = answer_format.profiel, answer_format.operation
    fields = answered.fields_of(profiel, operation.parts)
    kind = AnsweredKind(answer_key.schooljaar, operation.payload, profiel.digest, fields)
    return answered.keeping(number_of(content_hash, answer_key.profiel), kind, answer_key.brin6, persons, moment)


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
) -> bool:
    """Replace the stored answer; return False, with nothing done, when the records changed (rule 3)."""
    held, last_opened, last_seen, newest = run(
        connection,
        [
            schools.version_query(brincode_of(answer_key.brin6), hold=True),
            store.last_opened_query(answer_key.brin6),
            freshness.last_seen_query(answer_key),
            freshness.newest_query(answer_key),
        ],
    )
    if schools.version_of(held) != validity.school_version:
        return False
    latest = freshness.whole_second(max(opened, store.last_opened_of(last_opened) or opened))
    gewijzigd = freshness.changed_since(last_seen or newest, content_hash, moment, latest)
    state_row = freshness.validity_row(answer_key, content_hash, gewijzigd, validity)
    if content is None:
        connection.execute(answer_content.delete().where(*by_key(answer_content)), answer_key._asdict())
        run(connection, [state_row])
        return True
    index = content.rendered.index
    stored = {
        **answer_key._asdict(),
        "content_hash": content_hash,
        "schoolkey": content.school.schoolkey,
        "content": content.part,
        "person_index": None if index is None else gzip_stream.compress(index.to_json()),
    }
    run(connection, [state_row, Insert(_CONTENT_INSERT, [stored])])
    return True


_STATE = SelectStatement(sa.select(*(answer_state.c[name] for name in COLUMNS)).where(*by_key(answer_state)))
_CONTENT_INSERT = InsertStatement(answer_content, [column.name for column in answer_content.c], replaces=True)
_CONTENT = SelectStatement(
    sa.select(answer_content.c.schoolkey, answer_content.c.content, answer_content.c.person_index).where(
        *by_key(answer_content), answer_content.c.content_hash == sa.bindparam("content_hash", type_=sa.String)
    )
)
