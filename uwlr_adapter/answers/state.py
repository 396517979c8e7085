"""The state of a stored answer: which content it has since when, and whether that holds now."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from uwlr_adapter.answers import freshness
from uwlr_adapter.answers.tables import answer_state
from uwlr_adapter.contract import answer
from uwlr_adapter.contract.answer import AnswerFormat
from uwlr_adapter.db.statements import Row
from uwlr_adapter.koppelingen.access import JoinedRows
from uwlr_adapter.koppelingen.tables import koppeling

HASH_DIGITS, PROFIEL_DIGITS = 16, 8
"""The digits of a content hash and of a profile in the number of an answer: no two of a database share them."""


class AnswerState(NamedTuple):
    """The state of an answer that can be sent now."""

    number: str
    """By which the journaal and `administratie/answered.py` name it."""
    content_hash: str
    """One of WITHOUT_DATA when there are no data."""
    gewijzigd: datetime
    persons: int
    """Leerlingen in the answer."""
    incomplete: int


COLUMNS = ("profiel", "content_hash", "gewijzigd", *freshness.Validity.__slots__)
"""The columns of a state row that a query reads; it asks for the rest of the key."""
_STATE = slice(1, 1 + len(COLUMNS))
ROWS = JoinedRows(answer_state, COLUMNS, on=("schooljaar", "xsdversie", "payload"), same={"brin6": koppeling.c.brin6})
"""The state rows that the access query reads too, for a school with a living koppeling: one under each profile."""


def usable(
    rows: Sequence[Row],
    profiel: str,
    answer_format: AnswerFormat,
    withheld: int | None,
    school_version: int,
    day: date,
) -> AnswerState | None:
    """Return the state of an answer among its rows under each profile, when it is usable (rule 2 of `answers.store`).

    `profiel` is that of its key, and `withheld` the version of who is withheld from its koppeling. A row has one column
    of something else before COLUMNS, as in the access query, and may have others behind them.
    """
    for row in rows:
        found, content_hash, gewijzigd, version, valid_from, valid_until, renderer, persons, incomplete = row[_STATE]
        if found == profiel:
            is_current = version is not None and version >= school_version
            is_current = is_current and renderer == renderer_of(answer_format, withheld)
            if is_current and valid_from <= day and (valid_until is None or day < valid_until):
                number = number_of(content_hash, profiel)
                return AnswerState(number, content_hash, gewijzigd.replace(tzinfo=UTC), persons, incomplete)
    return None


def number_of(content_hash: str, profiel: str) -> str:
    """Return the number of an answer: of its content, under a profile (its digest), in 24 hexadecimal digits."""
    return content_hash[:HASH_DIGITS] + profiel[:PROFIEL_DIGITS]


def renderer_of(answer_format: AnswerFormat, withheld: int | None) -> str:
    """Return what decides how records are rendered, beside the key of the answer.

    That includes who is left out of the answer of one koppeling, by the version of that.
    """
    renderer = f"{answer.RENDERER} key+eckid" if answer_format.key_naast_eckid else str(answer.RENDERER)
    return renderer if withheld is None else f"{renderer} ~{withheld}"
