"""Since when an answer is as it is, and whether a caller has it already.

A reader sets `gewijzigd` when it first sees new content, never a writer: content also changes by the calendar. It is in
whole seconds, rounded up, and always later than the last one, so that two contents never share a moment. Whatever a
race between readers writes, the present content is compared first, so a caller with other content never hears that
nothing changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from uwlr_adapter.answers.tables import answer_state
from uwlr_adapter.clock import AMSTERDAM, from_utc, to_utc
from uwlr_adapter.db.libpq import Row
from uwlr_adapter.db.statements import InsertStatement, Query, SelectStatement

MARGIN = timedelta(minutes=5)
"""How much later than `gewijzigd` a caller's own moment must lie: its clock need not be ours."""

NO_DATA_HASH = ""
"""The content hash of a school year without data."""


class AnswerKey(NamedTuple):
    """Which answer: of one vestiging, school year, profile, version and kind."""

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
    """Ask what was seen last. A writing transaction must hold the school first (`asked_version`).

    Then of two readers at once the second finds what the first one wrote.
    """
    return Query(_LAST_SEEN, answer_key._asdict())


def changed_since(found: Sequence[Row], content_hash: str, moment: datetime, opened: datetime) -> datetime:
    """Give since when an answer has this content, in UTC, from what was found; new content is new from now on.

    It is also later than `opened`, since when the koppeling is open under its profile: the last content may have been
    answered with that moment.
    """
    gewijzigd = whole_second(moment)
    if not found:
        return gewijzigd
    last_hash, last = found[0][0], from_utc(found[0][1])
    return last if last_hash == content_hash else max(gewijzigd, max(opened, last) + timedelta(seconds=1))


def validity_row(
    answer_key: AnswerKey, content_hash: str, gewijzigd: datetime, validity: Validity
) -> tuple[InsertStatement, dict[str, Any]]:
    """Give the row that says since when an answer has its content, and for what it holds (`opslag.put`)."""
    return _VALIDITY_INSERT, {
        **answer_key._asdict(),
        "content_hash": content_hash,
        "gewijzigd": to_utc(gewijzigd),
        **{naam: getattr(validity, naam) for naam in Validity.__slots__},
    }


def drop_validity(connection: sa.Connection, answer_key: AnswerKey, content_hash: str) -> None:
    """Take the note away from content that is gone, so that it is made again."""
    connection.execute(
        answer_state.update()
        .where(*_is(answer_key), answer_state.c.content_hash == content_hash)
        .values(school_version=None)
    )


_VALIDITY_INSERT = InsertStatement(answer_state, [column.name for column in answer_state.c], replaces=True)
_LAST_SEEN = SelectStatement(
    sa.select(answer_state.c.content_hash, answer_state.c.gewijzigd).where(
        *(answer_state.c[naam] == sa.bindparam(naam, type_=sa.String) for naam in AnswerKey._fields)
    )
)


def _is(answer_key: AnswerKey) -> list[sa.ColumnElement[bool]]:
    return [answer_state.c[naam] == getattr(answer_key, naam) for naam in AnswerKey._fields]


def caller_has_it(laatstontvangengegevens: str | None, gewijzigd: datetime, moment: datetime) -> bool:
    """Tell whether a caller who got data at its moment has the present content.

    It has when that is exactly `gewijzigd`, or lies the margin after it and not in the future. A moment without a zone
    is one of Amsterdam; in the doubled hour of October it is the earlier of two. What cannot be read is never enough.
    """
    received = _parse(laatstontvangengegevens)
    return received is not None and (received == gewijzigd or gewijzigd + MARGIN <= received <= moment)


def whole_second(moment: datetime) -> datetime:
    """Give a moment in UTC, rounded up to whole seconds."""
    if moment.tzinfo is UTC and not moment.microsecond:
        return moment
    floor = moment.astimezone(UTC).replace(microsecond=0)
    return floor if floor == moment else floor + timedelta(seconds=1)


def _parse(text: str | None) -> datetime | None:
    """Give the instant of an xs:dateTime; None for what Python's calendar does not hold, such as 24:00:00."""
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text.strip(" \t\r\n"))
        return (read if read.tzinfo is not None else read.replace(tzinfo=AMSTERDAM, fold=0)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
