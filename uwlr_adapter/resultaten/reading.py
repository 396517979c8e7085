"""Read results: those that stand of a leerling, those of a groep for a toets, and what a message said. All by page.

A result stands as its newest version that was not taken back, unless a newer one is of another leerling. Results of
somebody who is not known any more, such as after an import was undone, are read by no query here.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.result_tables import not_processed, resultaat, resultaat_versie
from uwlr_adapter.administratie.tables import joined, persoon, plaatsing
from uwlr_adapter.clock import any_from_utc, from_utc
from uwlr_adapter.contract.leerresultaten.records import OsoResultaat, Toets, VocabulaireTerm
from uwlr_adapter.resultaten.identifying import NotProcessedReason
from uwlr_adapter.resultaten.stored_form import from_plain
from uwlr_adapter.resultaten.tables import results_message, toets
from uwlr_adapter.resultaten.taking import same_vestiging

PAGE = 100
"""Rows of one page, unless the caller wants fewer."""


@dataclass(frozen=True, slots=True)
class ResultVersion:
    """One version of a result, as the platform sent it; either a score or a result of OSO."""

    resultaat_id: int
    number: int
    persoon_id: int
    """The person whom it is of now: of two who were joined, the one."""
    afnemer_id: int
    key: str
    message_id: int
    toets_id: str
    toetscode: str
    onderdeel: str | None
    """The toetsonderdeelcode; None: the total."""
    afnamedatum: date
    score: int | None
    osoresultaat: OsoResultaat | None
    versie: VocabulaireTerm | None
    infourl: str | None
    """Any text: only http and https may become a link."""
    verwerker: str | None
    """The key of the leerkracht who judged the work."""


@dataclass(frozen=True, slots=True)
class ResultsMessage:
    """A message that was taken, with its counts of results."""

    id: int
    afnemer_id: int
    brin6: str
    schooljaar: str
    aanmaakdatum: datetime
    moment: datetime
    leerlingen: int
    added: int
    changed: int
    same: int
    overtaken: int
    not_processed: int
    taken_back_at: datetime | None
    taken_back_by: str | None


@dataclass(frozen=True, slots=True)
class NotProcessed:
    """The results of one leerlingid in a message, which were not taken."""

    id: int
    message_id: int
    leerlingid: str
    reason: NotProcessedReason
    results: int
    moment: datetime


@dataclass(frozen=True, slots=True)
class ResultChange:
    """What a message said of a result, and what was said of the same leerling before; None where it was new."""

    said: ResultVersion
    before: ResultVersion | None


_later, _later_message = resultaat_versie.alias("later"), results_message.alias("later_message")
_later_joined = joined.alias("later_joined")
_own = resultaat_versie.c
_PERSON = sa.func.coalesce(joined.c.persoon_id, _own.persoon_id)
_LATER_PERSON = sa.func.coalesce(_later_joined.c.persoon_id, _later.c.persoon_id)
_VERSIONS = (
    sa.select(resultaat_versie, _PERSON.label("person"), resultaat.c.afnemer_id, resultaat.c.key, toets.c.toetscode)
    .join(resultaat, resultaat.c.id == _own.resultaat_id)
    .join(toets, toets.c.id == _own.toets_id)
    .join(results_message, results_message.c.id == _own.message_id)
    .outerjoin(joined, joined.c.id == _own.persoon_id)
)
_STANDING = _VERSIONS.where(
    results_message.c.taken_back_at.is_(None),
    ~sa.exists(
        sa.select(_later.c.number)
        .join(_later_message, _later_message.c.id == _later.c.message_id)
        .outerjoin(_later_joined, _later_joined.c.id == _later.c.persoon_id)
        .where(
            _later.c.resultaat_id == _own.resultaat_id,
            _later.c.number > _own.number,
            sa.or_(_later_message.c.taken_back_at.is_(None), _LATER_PERSON != _PERSON),
        )
        .correlate(resultaat_versie, joined)
    ),
)


def of_leerling(
    connection: sa.Connection, persoon_id: int, after: ResultVersion | None = None, limit: int = PAGE
) -> list[ResultVersion]:
    """Return the results that stand of a leerling, the newest afnamedatum first; `after` (exclusive) goes on."""
    query = _STANDING.where(_is_of(connection, [persoon_id]))
    if after is not None:
        same_day = sa.and_(_own.afnamedatum == after.afnamedatum, _own.resultaat_id < after.resultaat_id)
        query = query.where(sa.or_(_own.afnamedatum < after.afnamedatum, same_day))
    rows = connection.execute(query.order_by(_own.afnamedatum.desc(), _own.resultaat_id.desc()).limit(limit))
    return [_version(row) for row in rows]


def toetsen_of_groep(
    connection: sa.Connection, brin6: str, schooljaar: str, groep_key: str, after: str = "", limit: int = PAGE
) -> list[str]:
    """Return the toetscodes of which a leerling of a groep has a result that stands, ascending as the database sorts.

    `after` (exclusive) goes on after a page.
    """
    people = _in_groep(connection, brin6, schooljaar, groep_key)
    found = _STANDING.where(_is_of(connection, people), toets.c.toetscode > after)
    query = found.with_only_columns(toets.c.toetscode).distinct().order_by(toets.c.toetscode).limit(limit)
    return list(connection.scalars(query))


def of_groep(
    connection: sa.Connection,
    brin6: str,
    schooljaar: str,
    groep_key: str,
    toetscode: str,
    after: int = 0,
    limit: int = PAGE,
) -> list[ResultVersion]:
    """Return the results that stand of the leerlingen of a groep for one toets, by ascending `resultaat_id`.

    `after` (exclusive) is that of the last row of the page before.
    """
    people = _in_groep(connection, brin6, schooljaar, groep_key)
    query = _STANDING.where(_is_of(connection, people), toets.c.toetscode == toetscode, _own.resultaat_id > after)
    return [_version(row) for row in connection.execute(query.order_by(_own.resultaat_id).limit(limit))]


def of_afnemer(
    connection: sa.Connection, afnemer_id: int, brin6: str, after: int = 0, limit: int = PAGE
) -> list[ResultVersion]:
    """Return the results that stand at a vestiging of those that a platform sent, by ascending `resultaat_id`.

    `after` (exclusive) goes on after a page. Those of a leerling who is not known any more are left out.
    """
    known = sa.exists().where(persoon.c.id == _PERSON)
    own = (resultaat.c.afnemer_id == afnemer_id, resultaat.c.brin6.in_(same_vestiging(connection, brin6)), known)
    query = _STANDING.where(*own, _own.resultaat_id > after)
    return [_version(row) for row in connection.execute(query.order_by(_own.resultaat_id).limit(limit))]


def of_message(connection: sa.Connection, message_id: int, after: int = 0, limit: int = PAGE) -> list[ResultChange]:
    """Return what a message changed, by ascending `resultaat_id`; `after` (exclusive) goes on after a page.

    Those of a leerling who is not known any more are left out.
    """
    known = sa.exists().where(persoon.c.id == _PERSON)
    query = _VERSIONS.where(_own.message_id == message_id, _own.resultaat_id > after, known)
    said = [_version(row) for row in connection.execute(query.order_by(_own.resultaat_id).limit(limit))]
    earlier = _VERSIONS.where(_own.resultaat_id.in_([one.resultaat_id for one in said])).order_by(_own.number)
    before: dict[int, list[ResultVersion]] = {}
    for row in connection.execute(earlier):
        before.setdefault(row.resultaat_id, []).append(_version(row))
    return [ResultChange(one, _before(one, before[one.resultaat_id])) for one in said]


def _before(said: ResultVersion, versions: Sequence[ResultVersion]) -> ResultVersion | None:
    earlier = [one for one in versions if one.number < said.number]
    return earlier[-1] if earlier and earlier[-1].persoon_id == said.persoon_id else None


def definition_of(connection: sa.Connection, toets_id: str) -> Toets:
    """Return the definition that a result came with, by the `toets_id` of the result."""
    stored = connection.scalars(sa.select(toets.c.definitie).where(toets.c.id == toets_id)).one()
    return from_plain(Toets, json.loads(stored))


def messages(
    connection: sa.Connection, brin6: str, before_id: int | None = None, limit: int = PAGE
) -> list[ResultsMessage]:
    """Return the messages of a vestiging, and of those that became it, the newest first; `before_id` is exclusive."""
    return [_message(row) for row in _page(connection, results_message, brin6, before_id, limit)]


def left_out(
    connection: sa.Connection, brin6: str, before_id: int | None = None, limit: int = PAGE
) -> list[NotProcessed]:
    """Return what was not processed of the messages of a vestiging, the newest first; `before_id` is exclusive."""
    return [
        NotProcessed(
            row.id, row.message_id, row.leerlingid, NotProcessedReason(row.reason), row.results, from_utc(row.moment)
        )
        for row in _page(connection, not_processed, brin6, before_id, limit)
    ]


def _page(
    connection: sa.Connection, table: sa.Table, brin6: str, before_id: int | None, limit: int
) -> sa.CursorResult[Any]:
    """Return the rows of a table that are of a vestiging, or of those that became it, the newest first."""
    own = table.c
    query = sa.select(table).where(own.brin6.in_(same_vestiging(connection, brin6)))
    if before_id is not None:
        query = query.where(own.id < before_id)
    return connection.execute(query.order_by(own.id.desc()).limit(limit))


def _is_of(connection: sa.Connection, persons: Collection[int]) -> sa.ColumnElement[bool]:
    """Return the condition that a version is of one of these persons, by any id that they had."""
    earlier = sa.select(joined.c.id).where(joined.c.persoon_id.in_(persons))
    return _own.persoon_id.in_([*persons, *connection.scalars(earlier)])


def _in_groep(connection: sa.Connection, brin6: str, schooljaar: str, groep_key: str) -> Sequence[int]:
    own = plaatsing.c
    query = sa.select(own.persoon_id).where(
        own.brin6 == brin6, own.schooljaar == schooljaar, own.groep_key == groep_key
    )
    return connection.scalars(query).all()


def _version(row: sa.Row[Any]) -> ResultVersion:
    more = row.more
    oso, versie = more.get("osoresultaat"), more.get("versie")
    return ResultVersion(
        resultaat_id=row.resultaat_id,
        number=row.number,
        persoon_id=row.person,
        afnemer_id=row.afnemer_id,
        key=row.key,
        message_id=row.message_id,
        toets_id=row.toets_id,
        toetscode=row.toetscode,
        onderdeel=row.onderdeel,
        afnamedatum=row.afnamedatum,
        score=row.score,
        osoresultaat=None if oso is None else from_plain(OsoResultaat, oso),
        versie=None if versie is None else from_plain(VocabulaireTerm, versie),
        infourl=more.get("infourl"),
        verwerker=more.get("verwerker"),
    )


def _message(row: sa.Row[Any]) -> ResultsMessage:
    values = dict(row._mapping)  # noqa: SLF001 - the public name of a row's mapping
    for name in ("aanmaakdatum", "moment"):
        values[name] = from_utc(values[name])
    values["taken_back_at"] = any_from_utc(values["taken_back_at"])
    return ResultsMessage(**values)
