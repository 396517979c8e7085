"""Take a message with results: all of it in the transaction of the caller, durable before it is confirmed.

docs/reference/leerresultaten.md has the rules.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing.diff import AT_ONCE
from uwlr_adapter.administratie.result_tables import not_processed, resultaat, resultaat_versie
from uwlr_adapter.administratie.tables import fusie, joined
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.clock import to_utc
from uwlr_adapter.contract.leerresultaten.records import Leerresultaten, Resultaat, Toetsafname
from uwlr_adapter.db import bulk
from uwlr_adapter.db.backend import run
from uwlr_adapter.db.listed import Listed, as_list
from uwlr_adapter.db.statements import Insert, InsertStatement, Query, SelectStatement, Update, UpdateStatement
from uwlr_adapter.resultaten import stored_form
from uwlr_adapter.resultaten.deciding import Effect, Newest, counted, decide
from uwlr_adapter.resultaten.identifying import NotProcessedReason, known_by
from uwlr_adapter.resultaten.tables import results_message, toets

_NEW_TOETS = InsertStatement(toets, [column.name for column in toets.c], replaces=True)
"""Two schools may be sent one definition at the same time: the second one writes the same row."""
_MORE = ("osoresultaat", "versie", "infourl")
_NOTHING_MORE = (None,) * len(_MORE)
_RESULTAAT = ("id", "key", "afnemer_id", "brin6", "aanmaakdatum", "newest")
_VERSIE = (
    *("resultaat_id", "number", "persoon_id", "leerlingid", "message_id", "toets_id", "onderdeel", "afnamedatum"),
    *("score", "more", "content"),
)
_of, _own = resultaat.c, resultaat_versie.c
_NEWEST = SelectStatement(
    sa.select(
        _of.key,
        _of.id,
        _of.newest,
        sa.func.coalesce(joined.c.persoon_id, _own.persoon_id),
        _own.content,
        _of.aanmaakdatum,
    )
    .join(resultaat_versie, sa.and_(_own.resultaat_id == _of.id, _own.number == _of.newest))
    .outerjoin(joined, joined.c.id == _own.persoon_id)
    .where(
        _of.afnemer_id == sa.bindparam("afnemer_id", type_=sa.Integer()),
        _of.brin6 == sa.bindparam("brin6", type_=sa.String()),
        Listed(_of.key, "keys"),
    )
    .with_for_update(read=True, key_share=True, of=resultaat)
)
"""The newest versions of results, which are held: the purge erases those whose term is over."""
_NEWER = UpdateStatement(
    resultaat.update()
    .where(Listed(_of.id, "ids"))
    .values(
        aanmaakdatum=sa.bindparam("moment", type_=sa.DateTime()),
        newest=_of.newest + sa.bindparam("more", type_=sa.Integer()),
    )
)
"""Make an aanmaakdatum that of results, and add `more` to the number of the newest version of each."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a message; each of its results is in one of the counts."""

    message_id: int
    leerlingen: int
    """Of whom results were taken."""
    added: int
    changed: int
    same: int
    overtaken: int
    """Results of which a newer message came before."""
    not_processed: Mapping[NotProcessedReason, int]
    """The results of leerlingen that were not taken, by the reason."""


class _Sent(NamedTuple):
    """One result of a message, of a leerling who is known."""

    persoon_id: int
    leerlingid: str
    resultaat: Resultaat
    more: dict[str, Any]
    toets_id: str
    content: str


class _Write(NamedTuple):
    """A result, and the newest version of the one with its key."""

    sent: _Sent
    newest: Newest | None
    effect: Effect


def take(connection: sa.Connection, moment: datetime, afnemer_id: int, brin6: str, message: Leerresultaten) -> Taken:
    """Take a judged message for a vestiging that exists, in a writing transaction that holds nothing.

    `moment` is timezone-aware. Raises DBAPIError; then nothing may be confirmed, and the transaction is to be rolled
    back.
    """
    schools.lock_school(connection, brincode_of(brin6))
    aanmaakdatum = counted(message.school.aanmaakdatum, moment)
    taken, left_out = _identified(connection, afnemer_id, brin6, message)
    used = {one.toetscode for _, afname in taken for one in afname.resultaten}
    sent = list(_sent(message, taken, _keep_toetsen(connection, moment, afnemer_id, message, used)))
    newest = _find_newest(connection, afnemer_id, brin6, sent)
    writes = [_decided(one, newest.get(one.resultaat.key), aanmaakdatum) for one in sent]
    effects = Counter(one.effect for one in writes)
    people = len({id_ for id_, _ in taken})
    row = {
        "afnemer_id": afnemer_id,
        "brin6": brin6,
        "schooljaar": message.school.schooljaar,
        "aanmaakdatum": aanmaakdatum,
        "moment": to_utc(moment),
        "leerlingen": people,
        **{effect.value: effects[effect] for effect in Effect},
        "not_processed": left_out.total(),
    }
    message_id = _keep_message(connection, row)
    _write(connection, (afnemer_id, brin6, message_id, aanmaakdatum), writes)
    place = {"message_id": message_id, "brin6": brin6, "moment": to_utc(moment)}
    rows = [{**place, "leerlingid": one, "reason": why, "results": count} for (one, why), count in left_out.items()]
    bulk.insert_many(connection, not_processed, rows)
    return Taken(
        message_id,
        people,
        added=effects[Effect.ADDED],
        changed=effects[Effect.CHANGED],
        same=effects[Effect.SAME],
        overtaken=effects[Effect.OVERTAKEN],
        not_processed=_by_reason(left_out),
    )


def _identified(
    connection: sa.Connection, afnemer_id: int, brin6: str, message: Leerresultaten
) -> tuple[list[tuple[int, Toetsafname]], Counter[tuple[str, NotProcessedReason]]]:
    """Return what is taken, with the id of each leerling, and how many results are not, by leerlingid and reason."""
    known = known_by(connection, afnemer_id, brin6, message)
    taken: list[tuple[int, Toetsafname]] = []
    left_out: Counter[tuple[str, NotProcessedReason]] = Counter()
    for afname in message.toetsafnames:
        found = known.find(afname, message.school.schooljaar)
        if isinstance(found, NotProcessedReason):
            left_out[afname.leerlingid, found] += len(afname.resultaten)
        else:
            taken.append((found, afname))
    return taken, left_out


def _by_reason(left_out: Counter[tuple[str, NotProcessedReason]]) -> dict[NotProcessedReason, int]:
    reasons: Counter[NotProcessedReason] = Counter()
    for (_, reason), number in left_out.items():
        reasons[reason] += number
    return dict(reasons)


def _keep_toetsen(
    connection: sa.Connection, moment: datetime, afnemer_id: int, message: Leerresultaten, used: set[str]
) -> dict[str, str]:
    """Keep the definitions that results come with, as far as they are new; return the id of each by its toetscode."""
    rows: dict[str, dict[str, Any]] = {}
    for definition in message.toetsen:
        if definition.code.term in used:
            plain = stored_form.to_plain(definition)
            id_ = stored_form.digest_of(afnemer_id, plain)
            versie = None if definition.versie is None else definition.versie.term
            rows[id_] = {
                "id": id_,
                "afnemer_id": afnemer_id,
                "toetscode": definition.code.term,
                "versie": versie,
                "definitie": json.dumps(plain),
                "moment": to_utc(moment),
            }
    present: set[str] = set()
    for some in bulk.pieces(sorted(rows), AT_ONCE):
        held = sa.select(toets.c.id).where(toets.c.id.in_(some)).with_for_update(read=True, key_share=True)
        present.update(connection.scalars(held))  # held: the purge erases those that no result names
    for id_ in sorted(rows.keys() - present):  # in one order, so that two messages wait for each other one way only
        run(connection, [Insert(_NEW_TOETS, [rows[id_]])])
    return {row["toetscode"]: id_ for id_, row in rows.items()}


def _sent(
    message: Leerresultaten, taken: Iterable[tuple[int, Toetsafname]], toetsen: Mapping[str, str]
) -> Iterator[_Sent]:
    definitions = {one.code.term: one for one in message.toetsen}
    meanings: dict[tuple[str, str | None], str] = {}
    for persoon_id, afname in taken:
        shared = {} if afname.resultaatverwerkerid is None else {"verwerker": afname.resultaatverwerkerid}
        shared_json = stored_form.to_json(shared)
        for one in afname.resultaten:
            part = (one.toetscode, one.toetsonderdeelcode)
            meaning = meanings.get(part)
            if meaning is None:
                meaning = meanings[part] = stored_form.meaning_of(definitions[one.toetscode], one.toetsonderdeelcode)
            own = _more(one)
            more = own | shared if own else shared
            more_json = stored_form.to_json(more) if own else shared_json
            content = stored_form.content_of(meaning, one.afnamedatum, one.toetsonderdeelcode, one.score, more_json)
            yield _Sent(persoon_id, afname.leerlingid, one, more, toetsen[one.toetscode], content)


def _more(one: Resultaat) -> dict[str, Any]:
    """Return what a result may have beside its score; what is absent is left out."""
    values = (one.osoresultaat, one.versie, one.infourl)
    if values == _NOTHING_MORE:  # as in most of a class
        return {}
    return {name: stored_form.to_plain(value) for name, value in zip(_MORE, values, strict=True) if value is not None}


def same_vestiging(connection: sa.Connection, brin6: str) -> list[str]:
    """Return a brin6 and those that became it (fusie): a result that was sent to one of them is the same result."""
    found = [brin6]
    for one in found:
        earlier = sa.select(fusie.c.brin6).where(fusie.c.into_brin6 == one).order_by(fusie.c.brin6)
        found += [other for other in connection.scalars(earlier) if other not in found]
    return found


def _find_newest(connection: sa.Connection, afnemer_id: int, brin6: str, sent: Sequence[_Sent]) -> dict[str, Newest]:
    """Return the newest version of each result that is known, by its key.

    Where two vestigingen that became one had a key each, the result of the same leerling goes first, then that of the
    vestiging itself.
    """
    persons = {one.resultaat.key: one.persoon_id for one in sent}
    keys = as_list(persons)
    queries = [
        Query(_NEWEST, {"afnemer_id": afnemer_id, "brin6": place, "keys": keys})
        for place in same_vestiging(connection, brin6)
    ]
    found: dict[str, Newest] = {}
    for rows in run(connection, queries):
        for key, *values in rows:
            newest, before = Newest(*values), found.get(key)
            person = persons[key]
            if before is None or (newest.persoon_id == person and before.persoon_id != person):
                found[key] = newest
    return found


def _decided(sent: _Sent, newest: Newest | None, aanmaakdatum: datetime) -> _Write:
    return _Write(sent, newest, decide(newest, sent.persoon_id, sent.content, aanmaakdatum))


def _keep_message(connection: sa.Connection, row: Mapping[str, Any]) -> int:
    made = connection.execute(results_message.insert().values(**row)).inserted_primary_key
    return int(made[0]) if made else 0


def _write(connection: sa.Connection, about: tuple[int, str, int, datetime], writes: Sequence[_Write]) -> None:
    """Write what is new; `about` is the afnemer, the vestiging, the message and its aanmaakdatum."""
    afnemer_id, brin6, message_id, aanmaakdatum = about
    added = [one.sent for one in writes if one.newest is None]
    ids = bulk.take_ids(connection, resultaat, len(added))
    rows = [(id_, one.resultaat.key, afnemer_id, brin6, aanmaakdatum, 1) for id_, one in zip(ids, added, strict=True)]
    bulk.insert_rows(connection, resultaat, _RESULTAAT, rows)
    versions = [_version(id_, 1, message_id, one) for id_, one in zip(ids, added, strict=True)]
    same, changed = [], []
    for sent, newest, effect in writes:
        if newest is None:
            continue
        if effect is Effect.CHANGED:
            changed.append(newest.resultaat_id)
            versions.append(_version(newest.resultaat_id, newest.number + 1, message_id, sent))
        elif effect is Effect.SAME and newest.aanmaakdatum != aanmaakdatum:
            same.append(newest.resultaat_id)
    bulk.insert_rows(connection, resultaat_versie, _VERSIE, versions)
    updates = [(ids, more) for ids, more in ((same, 0), (changed, 1)) if ids]
    run(
        connection,
        [Update(_NEWER, {"ids": as_list(ids), "moment": aanmaakdatum, "more": more}) for ids, more in updates],
    )


def _version(resultaat_id: int, number: int, message_id: int, sent: _Sent) -> tuple[Any, ...]:
    """Return the values of a row of _VERSIE."""
    one = sent.resultaat
    return (
        *(resultaat_id, number, sent.persoon_id, sent.leerlingid, message_id, sent.toets_id, one.toetsonderdeelcode),
        *(one.afnamedatum, one.score, sent.more, sent.content),
    )
