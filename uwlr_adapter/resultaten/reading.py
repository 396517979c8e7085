"""Read results: those that stand of a leerling, those of a groep for a toets, and what a message said. All by page.

A result stands as its newest version that was not taken back, unless a newer one is of another leerling. Results of
somebody who is not known any more, such as after an import was undone, are read by no query here.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.result_tables import not_processed, resultaat_versie
from uwlr_adapter.administratie.tables import plaatsing
from uwlr_adapter.clock import any_from_utc, from_utc
from uwlr_adapter.contract.leerresultaten.records import OsoResultaat, Toets, VocabulaireTerm
from uwlr_adapter.resultaten.identifying import NotProcessedReason
from uwlr_adapter.resultaten.message_filter import EVERY_MESSAGE, MessageFilter
from uwlr_adapter.resultaten.standing import KNOWN, OWN, VERSIONS, GroepScope, in_scope, is_of, standing
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
    afnemer_id: int
    leerlingid: str
    reason: NotProcessedReason
    results: int
    moment: datetime


@dataclass(frozen=True, slots=True)
class ResultChange:
    """What a message said of a result, and what was said of the same leerling before; None where it was new."""

    said: ResultVersion
    before: ResultVersion | None


def of_leerling(
    connection: sa.Connection, persoon_id: int, after: ResultVersion | None = None, limit: int = PAGE
) -> list[ResultVersion]:
    """Return the results that stand of a leerling, the newest afnamedatum first; `after` (exclusive) goes on."""
    query = standing().where(is_of(connection, [persoon_id]))
    if after is not None:
        same_day = sa.and_(OWN.afnamedatum == after.afnamedatum, OWN.resultaat_id < after.resultaat_id)
        query = query.where(sa.or_(OWN.afnamedatum < after.afnamedatum, same_day))
    rows = connection.execute(query.order_by(OWN.afnamedatum.desc(), OWN.resultaat_id.desc()).limit(limit))
    return [version_of(row) for row in rows]


def toetsen_of_groep(
    connection: sa.Connection, brin6: str, schooljaar: str, groep_key: str, after: str = "", limit: int = PAGE
) -> list[str]:
    """Return the toetscodes of which a leerling of a groep has a result that stands, ascending as the database sorts.

    `after` (exclusive) goes on after a page.
    """
    people = _in_groep(connection, brin6, schooljaar, groep_key)
    found = standing().where(is_of(connection, people), toets.c.toetscode > after)
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
    query = standing().where(is_of(connection, people), toets.c.toetscode == toetscode, OWN.resultaat_id > after)
    return [version_of(row) for row in connection.execute(query.order_by(OWN.resultaat_id).limit(limit))]


def of_message(
    connection: sa.Connection,
    message_id: int,
    after: int = 0,
    limit: int = PAGE,
    scope: GroepScope | None = None,
) -> list[ResultChange]:
    """Return what a message changed, by ascending `resultaat_id`; `after` (exclusive) goes on after a page.

    Those of a leerling who is not known any more are left out.
    """
    query = VERSIONS.where(OWN.message_id == message_id, OWN.resultaat_id > after, KNOWN, in_scope(scope))
    said = [version_of(row) for row in connection.execute(query.order_by(OWN.resultaat_id).limit(limit))]
    before = _just_before(connection, message_id, [one.resultaat_id for one in said])
    return [ResultChange(one, _of_same(one, before.get(one.resultaat_id))) for one in said]


def _just_before(
    connection: sa.Connection, message_id: int, resultaten: Collection[int]
) -> Mapping[int, ResultVersion]:
    """Return the version before that of a message, of each of these results that has one."""
    its, earlier = resultaat_versie.alias("its"), resultaat_versie.alias("earlier")
    last = (
        sa.select(sa.func.max(earlier.c.number))
        .join(its, sa.and_(its.c.resultaat_id == earlier.c.resultaat_id, its.c.number > earlier.c.number))
        .where(its.c.message_id == message_id, earlier.c.resultaat_id == OWN.resultaat_id)
        .correlate(resultaat_versie)
        .scalar_subquery()
    )
    query = VERSIONS.where(OWN.resultaat_id.in_(resultaten), OWN.number == last)
    return {row.resultaat_id: version_of(row) for row in connection.execute(query)}


def _of_same(said: ResultVersion, before: ResultVersion | None) -> ResultVersion | None:
    return before if before is not None and before.persoon_id == said.persoon_id else None


def definition_of(connection: sa.Connection, toets_id: str) -> Toets:
    """Return the definition that a result came with, by the `toets_id` of the result."""
    return definitions_of(connection, [toets_id])[toets_id]


def definitions_of(connection: sa.Connection, toetsen: Collection[str]) -> dict[str, Toets]:
    """Return the definitions that results came with, by the `toets_id` of the results, in their order."""
    query = sa.select(toets.c.id, toets.c.definitie).where(toets.c.id.in_(sorted(set(toetsen))))
    stored = {row.id: row.definitie for row in connection.execute(query)}
    return {id_: from_plain(Toets, json.loads(stored[id_])) for id_ in dict.fromkeys(toetsen) if id_ in stored}


def messages(
    connection: sa.Connection,
    brin6: str,
    before_id: int | None = None,
    limit: int = PAGE,
    chosen: MessageFilter = EVERY_MESSAGE,
) -> list[ResultsMessage]:
    """Return the messages of a vestiging, and of those that became it, the newest first; `before_id` is exclusive."""
    query = sa.select(results_message).where(*chosen.conditions)
    return [_message(row) for row in _page(connection, query, results_message, brin6, before_id, limit)]


def find_message(connection: sa.Connection, brin6: str, message_id: int) -> ResultsMessage | None:
    """Return a message of a vestiging, or of those that became it; None when there is no such one."""
    own = results_message.c
    query = sa.select(results_message).where(own.id == message_id, own.brin6.in_(same_vestiging(connection, brin6)))
    row = connection.execute(query).one_or_none()
    return None if row is None else _message(row)


def left_out(
    connection: sa.Connection,
    brin6: str,
    before_id: int | None = None,
    limit: int = PAGE,
    reason: NotProcessedReason | None = None,
) -> list[NotProcessed]:
    """Return what was not processed of the messages of a vestiging, the newest first; `before_id` is exclusive."""
    query = sa.select(not_processed, results_message.c.afnemer_id).join(results_message)
    if reason is not None:
        query = query.where(not_processed.c.reason == reason.value)
    return [
        NotProcessed(
            row.id,
            row.message_id,
            row.afnemer_id,
            row.leerlingid,
            NotProcessedReason(row.reason),
            row.results,
            from_utc(row.moment),
        )
        for row in _page(connection, query, not_processed, brin6, before_id, limit)
    ]


def _page(
    connection: sa.Connection, query: sa.Select[Any], table: sa.Table, brin6: str, before_id: int | None, limit: int
) -> sa.CursorResult[Any]:
    """Return the rows of a table that are of a vestiging, or of those that became it, the newest first."""
    own = table.c
    query = query.where(own.brin6.in_(same_vestiging(connection, brin6)))
    if before_id is not None:
        query = query.where(own.id < before_id)
    return connection.execute(query.order_by(own.id.desc()).limit(limit))


def _in_groep(connection: sa.Connection, brin6: str, schooljaar: str, groep_key: str) -> Sequence[int]:
    own = plaatsing.c
    query = sa.select(own.persoon_id).where(
        own.brin6 == brin6, own.schooljaar == schooljaar, own.groep_key == groep_key
    )
    return connection.scalars(query).all()


def version_of(row: sa.Row[Any]) -> ResultVersion:
    """Return a row with the columns of `standing.VERSIONS` as a version."""
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
