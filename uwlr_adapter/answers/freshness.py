"""`gewijzigd`: since when an answer has its content, and whether a caller has that content already.

The reader that first sees new content sets `gewijzigd`, never the writer of records: content also changes with the
calendar. It is in whole seconds, rounded up, and always later than the last one, so that two contents never share a
moment. The present content is compared first, so no race between readers makes a caller with other content hear
geenwijzigingen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from uwlr_adapter.answers.tables import answer_state
from uwlr_adapter.clock import from_utc, parse_moment, to_utc
from uwlr_adapter.db.statements import Insert, InsertStatement, Query, Row, SelectStatement
from uwlr_adapter.koppelingen.access import OWN

MARGIN = timedelta(minutes=5)
"""How much later than `gewijzigd` a moment of the caller's own clock must be."""

NO_DATA_HASH = ""
"""The content hash of a school year without data: nobody takes part in it, or it is not answered on the day."""
NOT_LAID_OUT_HASH = "-"
"""The content hash of a school year that no source gave yet."""
WITHOUT_DATA = frozenset({NO_DATA_HASH, NOT_LAID_OUT_HASH})
"""The content hashes of which there are no bytes."""


class AnswerKey(NamedTuple):
    """The key of an answer: one vestiging, school year, profile (its digest), version and payload.

    The answer of a koppeling from which somebody is withheld has a key of its own: `Access.suffix` follows the digest.
    """

    brin6: str
    schooljaar: str
    profiel: str
    xsdversie: str
    payload: str


@dataclass(frozen=True, slots=True)
class Validity:
    """For what an answer holds: a version of the records, a period of days, and what rendered it.

    The period is from `valid_from` (inclusive) to `valid_until` (exclusive); None is open.
    """

    school_version: int
    valid_from: date
    valid_until: date | None
    renderer: str
    leerlingen: int
    incomplete: int


def last_seen_query(answer_key: AnswerKey) -> Query:
    """Return the query for the content seen last. The writing transaction must hold the school (`version_query`).

    Then of two readers at once the second finds what the first one stored.
    """
    return Query(_LAST_SEEN, answer_key._asdict())


def newest_query(answer_key: AnswerKey) -> Query:
    """Return the query for the content seen last under the profile of a key, whichever koppeling it was for.

    The first answer that a koppeling has for itself follows on that: no moment stands for two contents.
    """
    digest, _, _ = answer_key.profiel.partition(OWN)
    return Query(_NEWEST, {**answer_key._asdict(), "profiel": f"{digest}%"})


def changed_since(found: Sequence[Row], content_hash: str, moment: datetime, opened: datetime) -> datetime:
    """Return since when an answer has this content, in UTC: as stored, or for new content the present moment.

    `found` are the rows of `last_seen_query`, else those of `newest_query`. New content is later than `opened`, since
    when the koppeling is open under its profile: the last content may have been answered with that moment.
    """
    gewijzigd = whole_second(moment)
    if not found:
        return gewijzigd
    last_hash, last = found[0][0], from_utc(found[0][1])
    return last if last_hash == content_hash else max(gewijzigd, max(opened, last) + timedelta(seconds=1))


def validity_row(answer_key: AnswerKey, content_hash: str, gewijzigd: datetime, validity: Validity) -> Insert:
    """Return the statement that stores the state of an answer."""
    row = {
        **answer_key._asdict(),
        "content_hash": content_hash,
        "gewijzigd": to_utc(gewijzigd),
        **{name: getattr(validity, name) for name in Validity.__slots__},
    }
    return Insert(_VALIDITY_INSERT, [row])


def drop_validity(connection: sa.Connection, answer_key: AnswerKey, content_hash: str) -> None:
    """Mark the state of an answer whose bytes are gone, so that it is rendered again."""
    connection.execute(
        answer_state.update()
        .where(*_is(answer_key), answer_state.c.content_hash == content_hash)
        .values(school_version=None)
    )


def by_key(table: sa.Table) -> list[sa.ColumnElement[bool]]:
    """Return the conditions for the row of an answer, whose parameters are the fields of its key."""
    return [table.c[name] == sa.bindparam(name, type_=sa.String) for name in AnswerKey._fields]


_VALIDITY_INSERT = InsertStatement(answer_state, [column.name for column in answer_state.c], replaces=True)
_LAST_SEEN = SelectStatement(
    sa.select(answer_state.c.content_hash, answer_state.c.gewijzigd).where(*by_key(answer_state))
)
_NEWEST = SelectStatement(
    sa.select(answer_state.c.content_hash, answer_state.c.gewijzigd)
    .where(
        *(
            answer_state.c[name] == sa.bindparam(name, type_=sa.String)
            for name in AnswerKey._fields
            if name != "profiel"
        ),
        answer_state.c.profiel.like(sa.bindparam("profiel", type_=sa.String)),
    )
    .order_by(answer_state.c.gewijzigd.desc())
    .limit(1)
)


def _is(answer_key: AnswerKey) -> list[sa.ColumnElement[bool]]:
    return [answer_state.c[name] == getattr(answer_key, name) for name in AnswerKey._fields]


def caller_has_it(laatstontvangengegevens: str | None, gewijzigd: datetime, moment: datetime) -> bool:
    """Return whether a caller that received data at its moment has the present content.

    True when that moment is exactly `gewijzigd`, or at least MARGIN later (inclusive) and not in the future. A moment
    without a zone is in Amsterdam, in the doubled hour of October the earlier of the two. One that cannot be parsed
    never counts.
    """
    received = None if laatstontvangengegevens is None else parse_moment(laatstontvangengegevens)
    return received is not None and (received == gewijzigd or gewijzigd + MARGIN <= received <= moment)


def whole_second(moment: datetime) -> datetime:
    """Return a moment in UTC, rounded up to whole seconds."""
    if moment.tzinfo is UTC and not moment.microsecond:
        return moment
    floor = moment.astimezone(UTC).replace(microsecond=0)
    return floor if floor == moment else floor + timedelta(seconds=1)
