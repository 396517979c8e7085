"""What the last calls of one afnemer were told, for its own people: answers, faults with their word, repairs.

The true reason of a refusal is never read here: of a refusal without a word nobody learns more than its code, as the
caller did not. The piece of the journaal is that of `recent.py`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from uwlr_adapter.journaal.model import CALLS, EntryKind
from uwlr_adapter.journaal.recent import RecentPiece, calls_in
from uwlr_adapter.journaal.tables import journaal

_rows = journaal.c
_RULE = "regel="
RESULT_COUNTS = ("nieuw", "gewijzigd", "gelijk", "ingehaald", "niet-verwerkt")
"""The words under which an entry counts what became of the results of a message."""


@dataclass(frozen=True, slots=True)
class ToldCalls:
    """The calls of one afnemer in a piece of the journaal, by what the caller was told."""

    answers: Counter[str]
    """By outcome."""
    faults: Counter[tuple[str, str | None]]
    """By the code of the fault, and the word in its detail, if it has one."""
    repairs: Counter[str]
    """The repairs that they needed, by id."""
    results: Counter[str]
    """The results in messages that were taken, counted by a word of RESULT_COUNTS; empty for fetches."""

    @property
    def calls(self) -> int:
        """All of them."""
        return self.answers.total() + self.faults.total()


def calls_of(
    connection: sa.Connection, found: RecentPiece, afnemer_id: int, kinds: Iterable[EntryKind] = CALLS
) -> ToldCalls:
    """Return the calls of an afnemer in a piece, of some kinds."""
    group = (_rows.outcome, _rows.remarks, _rows.repairs)
    own = [*calls_in(found, kinds), _rows.afnemer_id == afnemer_id]
    told = ToldCalls(Counter(), Counter(), Counter(), Counter())
    query = sa.select(*group, sa.func.count()).where(*own).group_by(*group)
    for outcome, remarks, repairs, number in connection.execute(query):
        if "." in outcome:
            told.faults[outcome, _rule_of(remarks)] += number
        else:
            told.answers[outcome] += number
            told.results.update({word: count * number for word, count in _counts_of(remarks)})
        told.repairs.update(dict.fromkeys((repairs or "").split(), number))
    return told


def _counts_of(remarks: str | None) -> Iterator[tuple[str, int]]:
    """Yield each count of results among the remarks of an entry."""
    for one in (remarks or "").split():
        word, _, number = one.partition("=")
        if word in RESULT_COUNTS and number.isdecimal():
            yield word, int(number)


def _rule_of(remarks: str | None) -> str | None:
    """Return the word of the detail of a fault, if it had one."""
    words = [one.removeprefix(_RULE) for one in (remarks or "").split() if one.startswith(_RULE)]
    return words[0] if words else None
