"""Check a database: what it finds wrong itself, what our code holds true, and its stored answers."""

from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice, product

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from uwlr_adapter.administratie import tables as records
from uwlr_adapter.administratie import withholding
from uwlr_adapter.administratie.result_tables import resultaat, resultaat_versie
from uwlr_adapter.administratie.schools import version_of, version_query
from uwlr_adapter.administratie.selection import select
from uwlr_adapter.answers.content import from_row
from uwlr_adapter.answers.freshness import AnswerKey
from uwlr_adapter.answers.state import renderer_of
from uwlr_adapter.answers.tables import answer_state
from uwlr_adapter.backup import carrying, tables
from uwlr_adapter.backup.carrying import Progress
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.clock import day_of
from uwlr_adapter.contract.answer import AnswerFormat, content_hash
from uwlr_adapter.contract.names import OPERATIONS
from uwlr_adapter.contract.profiles import Profiel
from uwlr_adapter.contract.rendered import make
from uwlr_adapter.contract.versions import VERSIONS
from uwlr_adapter.db.backend import run
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.table_rows import TableShape, TableValueError, read_rows
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.keys import known_keys
from uwlr_adapter.koppelingen.access import OWN
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.retention import ERASED
from uwlr_adapter.koppelingen.tables import Status, afnemer, earlier_akkoord, koppeling, voorwaarden
from uwlr_adapter.resultaten.tables import results_message

SAMPLE = 100
"""Stored answers that are rendered again and compared, unless all are."""
_COUNT = sa.func.count()


def check(
    database: Database, catalogue: Catalogue, moment: datetime, progress: Progress, sample: int | None = SAMPLE
) -> list[str]:
    """Return what is wrong in a database, a sentence each, without a value of a person; `sample` None is all answers.

    Raises DatabaseUnusableError, CarryError, or DBAPIError when the database cannot even be asked.
    """
    tables.all_tables()
    with carrying.snapshot(database) as connection:
        try:
            found = database.backend.find_damage(connection)
        except DBAPIError as error:
            return [carrying.reason_of(error)]
        found += _unreadable(connection, progress)
        if found:  # what follows would fail on it, and tell nothing that mends it
            return found
        found += _wrong_tables(connection)
        found += _broken_rules(connection, moment)
        found += _stale_answers(connection, catalogue, day_of(moment), sample, progress)
    return found


def _unreadable(connection: sa.Connection, progress: Progress) -> Iterator[str]:
    """Read every row of every table, and yield a sentence for a table that cannot be read to its end."""
    for table in tables.all_tables():
        shape, count = TableShape.of(table), 0
        try:
            for _ in read_rows(connection, shape):
                count += 1
                if count % carrying.REPORT_EVERY == 0:
                    progress(f"read {shape.name}", count, count)
        except DBAPIError as error:
            yield f"the table {shape.name} cannot be read: {carrying.reason_of(error)}"
            return  # the transaction is over
        except TableValueError as error:
            yield str(error)
            return  # the transaction is over
        progress(f"read {shape.name}", count, count)


def _wrong_tables(connection: sa.Connection) -> Iterator[str]:
    """Yield a sentence for each table, column, index or constraint that is not as the migrations make it."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415 - a quarter of a second
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - as above

    from uwlr_adapter.db.metadata import metadata  # noqa: PLC0415 - beside what compares with it

    own = {table.name for table in tables.all_tables()}
    options = {"include_name": lambda name, kind, _parents: kind != "table" or name in own}
    differences = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    if differences:
        kinds = sorted({one[0] if isinstance(one, tuple) else one[0][0] for one in differences})
        yield (
            "tables, columns, indexes or constraints are not as this version makes them: "
            f"{len(differences)} ({', '.join(map(str, kinds))}). Somebody changed them by hand, or a restore by "
            "other means left them out"
        )


def _broken_rules(connection: sa.Connection, moment: datetime) -> Iterator[str]:
    """Yield a sentence for each rule that the rows break."""
    living = koppeling.c.status != Status.BEEINDIGD
    twice = (
        sa.select(koppeling.c.brin6, koppeling.c.entry_id)
        .where(living)
        .group_by(koppeling.c.brin6, koppeling.c.entry_id)
        .having(_COUNT > 1)
    )
    for brin6, entry_id in connection.execute(twice):
        yield f"{brin6} has more than one living koppeling {entry_id}: end all but one"
    known = known_keys.read(connection).keys()
    for name in sorted(known_keys.needed_names(connection, moment) - known):
        yield f"stored codes need the server key '{name}', of which the database has no check value"
    for text, query in _QUERIES.items():
        if count := connection.scalar(query):
            yield f"{text}: {count}"


def _missing(column: sa.Column[int] | sa.Column[str], parent: sa.Column[int] | sa.Column[str]) -> sa.Select[int]:
    """Return the query that counts the values of a column that another one does not have."""
    there = sa.exists(sa.select(sa.literal(1)).where(parent == column))
    return sa.select(_COUNT).select_from(column.table).where(column.is_not(None), ~there)


_earlier, _later = records.inschrijving.alias(), records.inschrijving.alias()
_SAME_DEELNAME = sa.and_(
    *(_earlier.c[name] == _later.c[name] for name in ("brin6", "schooljaar", "persoon_id")),
    _earlier.c.volgorde < _later.c.volgorde,
)
_OVERLAP = sa.and_(
    sa.or_(_earlier.c.tot.is_(None), _later.c.van.is_(None), _later.c.van < _earlier.c.tot),
    sa.or_(_later.c.tot.is_(None), _earlier.c.van.is_(None), _earlier.c.van < _later.c.tot),
)
_QUERIES: dict[str, sa.Select[int]] = {
    "persons are of a school that is not there": _missing(records.persoon.c.brincode, records.school.c.brincode),
    "keys of a source are of another school or kind than their person": sa.select(_COUNT)
    .select_from(records.source_key.join(records.persoon))
    .where(
        sa.or_(
            records.source_key.c.soort != records.persoon.c.soort,
            records.source_key.c.brincode != records.persoon.c.brincode,
        )
    ),
    "periods of enrolment overlap another one of the same deelname": sa.select(_COUNT)
    .select_from(_earlier.join(_later, _SAME_DEELNAME))
    .where(_OVERLAP),
    "agreements name a text of the terms that is not there": sa.select(_COUNT).where(
        koppeling.c.akkoord_tekst.is_not(None),
        koppeling.c.akkoord_naam != ERASED,
        ~sa.exists().where(voorwaarden.c.digest == koppeling.c.akkoord_tekst),
    ),
    "earlier agreements name a text of the terms that is not there": _missing(
        earlier_akkoord.c.tekst, voorwaarden.c.digest
    ),
    "entries of the journaal name a koppeling that is not there": _missing(journaal.c.koppeling_id, koppeling.c.id),
    "entries of the journaal name an afnemer that is not there": _missing(journaal.c.afnemer_id, afnemer.c.id),
    "results are of an afnemer that is not there": _missing(resultaat.c.afnemer_id, afnemer.c.id),
    "results are of a vestiging that is not there": _missing(resultaat.c.brin6, records.vestiging.c.brin6),
    "versions of results came with a message that is not there": _missing(
        resultaat_versie.c.message_id, results_message.c.id
    ),
    "leerlingen are withheld from a koppeling that has ended": sa.select(_COUNT)
    .select_from(records.withheld.join(koppeling))
    .where(koppeling.c.status == Status.BEEINDIGD),
}
"""What must hold and is no constraint: a query that counts what breaks it, by what is said then, before the number."""


def _stale_answers(
    connection: sa.Connection, catalogue: Catalogue, day: date, sample: int | None, progress: Progress
) -> Iterator[str]:
    """Yield a sentence for each stored answer that can be sent today, and is not what the records say."""
    state, content = answer_state.c, records.answer_content.c
    key = [state[name] == content[name] for name in AnswerKey._fields]
    usable = (
        state.content_hash == content.content_hash,
        state.valid_from <= day,
        sa.or_(state.valid_until.is_(None), state.valid_until > day),
    )
    joined = answer_state.join(records.answer_content, sa.and_(*key))
    keys = sa.select(*(state[name] for name in AnswerKey._fields)).select_from(joined).where(*usable)
    found = sorted(AnswerKey(*row) for row in connection.execute(keys))
    chosen = found if sample is None else list(islice(found, None, None, max(1, len(found) // sample)))
    profiles = _profiles(connection, catalogue)
    for done, answer_key in enumerate(chosen, start=1):
        if _is_stale(connection, answer_key, profiles, day):
            which = f"{answer_key.brin6} {answer_key.schooljaar} (UWLR {answer_key.xsdversie})"
            yield f"the stored answer for {which} is not what the records say: `db restored` erases the stored answers"
        progress("compare answers", done, len(chosen))


def _is_stale(
    connection: sa.Connection, answer_key: AnswerKey, profiles: dict[tuple[str, str], Profiel], day: date
) -> bool:
    """Return whether a stored answer is another one than that of the records; one that is not sent any more is none."""
    state, content = answer_state.c, records.answer_content.c
    is_it = [state[name] == value for name, value in answer_key._asdict().items()]
    row = connection.execute(sa.select(answer_state).where(*is_it)).one()
    digest, _, own = answer_key.profiel.partition(OWN)
    profiel = profiles.get((digest, answer_key.xsdversie))
    operation = next((one for one in OPERATIONS.values() if one.payload == answer_key.payload), None)
    (versions,) = run(connection, [version_query(brincode_of(answer_key.brin6))])
    if profiel is None or operation is None or row.school_version != version_of(versions):
        return False
    withheld = connection.scalar(sa.select(koppeling.c.withheld).where(koppeling.c.id == int(own))) if own else None
    without = withholding.withheld_from(connection, int(own)) if own else frozenset[int]()
    for key_naast_eckid in (False, True):
        answer_format = AnswerFormat(operation, profiel, answer_key.xsdversie, key_naast_eckid)
        if row.renderer == renderer_of(answer_format, withheld):
            break
    else:
        return False
    stored = connection.execute(
        sa.select(content.schoolkey, content.content, content.person_index).where(
            *(content[name] == value for name, value in answer_key._asdict().items())
        )
    ).one()
    dataset = select(
        connection,
        brin6=answer_key.brin6,
        schooljaar=answer_key.schooljaar,
        day=day,
        aanmaakdatum="",
        without=without,
    )
    if dataset is None:
        return True
    made = make(answer_format, dataset)
    kept = from_row(answer_key, tuple(stored), row.leerlingen, row.incomplete).rendered
    is_same = content_hash(answer_format, dataset.school, made.records) == row.content_hash
    return not is_same or kept.records != made.records


def _profiles(connection: sa.Connection, catalogue: Catalogue) -> dict[tuple[str, str], Profiel]:
    """Return every profile that an answer can have now, by its digest and version."""
    own = catalogue.profielen.values()
    query = sa.select(koppeling.c.entry_id, koppeling.c.akkoord_velden).distinct()
    agreed = [catalogue.agreed[row.entry_id, row.akkoord_velden] for row in connection.execute(query)]
    found: dict[tuple[str, str], Profiel] = {}
    for version, profiel, asked in product(VERSIONS, (*own, *filter(None, agreed)), (None, *own)):
        one = profiel.in_version(version)
        one = one if asked is None else one.narrowed(asked.in_version(version))
        found[one.digest, version] = one
    return found
