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

from uwlr_adapter.clock import AMSTERDAM, from_utc, to_utc
from uwlr_adapter.db.libpq import Row
from uwlr_adapter.db.metadata import metadata
from uwlr_adapter.db.statements import InsertStatement, Query, SelectStatement

MARGIN = timedelta(minutes=5)
"""How much later than `gewijzigd` a caller's own moment must lie: its clock need not be ours."""

stand = sa.Table(
    "stand",
    metadata,
    sa.Column("brin6", sa.String(6), sa.ForeignKey("vestiging.brin6"), primary_key=True),
    sa.Column("schooljaar", sa.String(9), primary_key=True),
    sa.Column("profiel", sa.String(40), primary_key=True),
    sa.Column("xsdversie", sa.String(8), primary_key=True),
    sa.Column("soort", sa.String(40), primary_key=True, comment="the payload of the operation"),
    sa.Column("inhoud_hash", sa.String(64), nullable=False, comment="without aanmaakdatum and peildatum"),
    sa.Column("gewijzigd", sa.DateTime, nullable=False, comment="UTC, whole seconds"),
    sa.Column("schoolversie", sa.Integer, comment="of the records that it was made from"),
    sa.Column("van", sa.Date, comment="the day for which it was made"),
    sa.Column("tot", sa.Date, comment="first day on which it may differ; none: never by itself"),
    sa.Column("vorm", sa.String(40), comment="what made it: the version of the house"),
    sa.Column("leerlingen", sa.Integer),
    sa.Column("onvolledig", sa.Integer, comment="records that lack a field of the profile"),
    comment="since when an answer has its content",
)
NO_DATA_HASH = ""
"""The content hash of a school year without data."""


class AnswerKey(NamedTuple):
    """Which answer: of one vestiging, school year, profile (its digest), version and kind."""

    brin6: str
    schooljaar: str
    profiel: str
    xsdversie: str
    soort: str


@dataclass(frozen=True, slots=True)
class Validity:
    """For what an answer holds: a version of the records, the days from `van` until `tot`, and what rendered it."""

    schoolversie: int
    van: date
    tot: date | None
    vorm: str
    leerlingen: int
    onvolledig: int


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
        "inhoud_hash": content_hash,
        "gewijzigd": to_utc(gewijzigd),
        **{naam: getattr(validity, naam) for naam in Validity.__slots__},
    }


def drop_validity(connection: sa.Connection, answer_key: AnswerKey, content_hash: str) -> None:
    """Take the note away from content that is gone, so that it is made again."""
    connection.execute(
        stand.update().where(*_is(answer_key), stand.c.inhoud_hash == content_hash).values(schoolversie=None)
    )


_VALIDITY_INSERT = InsertStatement(stand, [column.name for column in stand.c], replaces=True)
_LAST_SEEN = SelectStatement(
    sa.select(stand.c.inhoud_hash, stand.c.gewijzigd).where(
        *(stand.c[naam] == sa.bindparam(naam, type_=sa.String) for naam in AnswerKey._fields)
    )
)


def _is(answer_key: AnswerKey) -> list[sa.ColumnElement[bool]]:
    return [stand.c[naam] == getattr(answer_key, naam) for naam in AnswerKey._fields]


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
