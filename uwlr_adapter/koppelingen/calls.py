"""What the calls through a koppeling come to: its last fetch, since when it is refused, its longest silence. Pure.

A state is folded from the rows of the journaal in their order, so that it can be kept up to a moment and continued from
there (`call_states.py`). An act that opens or closes a koppeling begins anew: what was answered or refused before it
says nothing about the koppeling as it is now.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from uwlr_adapter.contract.leerresultaten.names import BRENG_LEERRESULTATEN
from uwlr_adapter.journaal.model import Act, RefusalReason

RESULTS_CALL = BRENG_LEERRESULTATEN.name
"""The act of a call that brings results; any other call fetches."""
RHYTHM = timedelta(days=60)
"""How far back silences count: long enough for a holiday of two weeks, short enough to forget how a platform worked in
another season."""
SHORTEST_GAP = timedelta(hours=48)
"""A silence up to this long (inclusive) is not kept: it allows no more than the three days that everybody has."""
ONE_NIGHT = timedelta(hours=12)
"""Answers within this time belong together: a platform asks several years or groepen one after the other."""
_FETCHES_BEGIN_ANEW = frozenset(
    {Act.LEERLINGGEGEVENS_PAUSED, Act.LEERLINGGEGEVENS_RESUMED, Act.LEERLINGGEGEVENS_ALLOWED}
)
_BEGIN_ANEW = _FETCHES_BEGIN_ANEW | {
    *(Act.ACTIVATED, Act.CODE_CHANGED, Act.PAUSED, Act.RESUMED, Act.STARTDATUM_CHANGED)
}
_RESULTS_BEGIN_ANEW = frozenset({Act.RESULTS_PAUSED, Act.RESULTS_RESUMED, Act.RESULTS_ALLOWED})
"""The acts after which what was said of results is past; fetches go on as they were."""
_OF_A_STATE = frozenset(
    {
        *(RefusalReason.PAUSED, RefusalReason.ENDED, RefusalReason.NOT_STARTED, RefusalReason.NO_KOPPELING),
        *(RefusalReason.LEERLINGGEGEVENS_PAUSED, RefusalReason.LEERLINGGEGEVENS_NOT_AGREED),
        *(RefusalReason.RESULTS_PAUSED, RefusalReason.RESULTS_NOT_AGREED),
    }
)
"""Refusals that follow from a state of the koppeling, which its verdict tells; they say nothing once it has another."""


class JournaalRow(NamedTuple):
    """A row of the journaal about one koppeling: an act, or a call. `moment` is in UTC, without a zone."""

    moment: datetime
    is_call: bool
    act: str
    outcome: str
    reason: str | None
    leerlingen: int | None


class Gap(NamedTuple):
    """A silence between two fetches, by the moment at which it ended."""

    end: datetime
    length: timedelta


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls through one koppeling up to a moment. Moments are in UTC, without a zone; None is never."""

    act: str | None = None
    """The last act that began anew, and its moment."""
    acted_at: datetime | None = None
    called_at: datetime | None = None
    """The last call, answered or refused."""
    fetched_at: datetime | None = None
    """The last call that was answered, also one from before the last act."""
    first_at: datetime | None = None
    """The first call that was answered since the last act."""
    refused_since: datetime | None = None
    """The first refusal since the last answer or act, and the last one with its reason."""
    refused_at: datetime | None = None
    reason: str | None = None
    full_at: datetime | None = None
    """The last answer since the last act after which the platform had leerlingen."""
    empty_since: datetime | None = None
    """The first answer without leerlingen after that one, and the last."""
    empty_at: datetime | None = None
    leerlingen: int | None = None
    """The number in the last answer since the last act that had one."""
    results_at: datetime | None = None
    """The last call that brought results and was answered, also one from before the last act."""
    results_refused_since: datetime | None = None
    """The first one that was refused since then and since the last act, and the last one with its reason."""
    results_refused_at: datetime | None = None
    results_reason: str | None = None
    gaps: tuple[Gap, ...] = ()
    """Silences longer than SHORTEST_GAP, each longer than those after it: the first is the longest."""

    @property
    def is_empty(self) -> bool:
        """Whether the platform asked for leerlingen and got none, in all answers of one night."""
        if self.empty_at is None:
            return False
        return self.full_at is None or self.empty_at - self.full_at > ONE_NIGHT

    @property
    def has_rhythm(self) -> bool:
        """Whether there are fetches on two days since the last act, or a silence between two that counts."""
        if self.gaps:
            return True
        return self.first_at is not None and self.fetched_at is not None and self.fetched_at - self.first_at > ONE_NIGHT

    def longest_gap(self, moment: datetime) -> timedelta:
        """Return the longest silence that ended in the RHYTHM before a moment; zero when none was kept."""
        return max((gap.length for gap in self.gaps if gap.end >= moment - RHYTHM), default=timedelta(0))


def fold(before: Calls, rows: Iterable[JournaalRow]) -> Calls:
    """Return what the calls come to after some rows, in the order of the journaal."""
    calls = before
    for row in rows:
        if not row.is_call:
            calls = _after_act(calls, row)
        elif row.act == RESULTS_CALL:
            calls = _after_results(calls, row)
        elif "." in row.outcome:
            calls = _after_refusal(calls, row)
        else:
            calls = _after_answer(calls, row)
    return calls


def _after_act(calls: Calls, row: JournaalRow) -> Calls:
    if row.act in _RESULTS_BEGIN_ANEW:
        return replace(calls, results_refused_since=None, results_refused_at=None, results_reason=None)
    if row.act not in _BEGIN_ANEW:
        return calls
    of_fetches = row.act in _FETCHES_BEGIN_ANEW
    return Calls(
        act=row.act,
        acted_at=row.moment,
        called_at=calls.called_at,
        fetched_at=calls.fetched_at,
        results_at=calls.results_at,
        results_refused_since=calls.results_refused_since if of_fetches else None,
        results_refused_at=calls.results_refused_at if of_fetches else None,
        results_reason=calls.results_reason if of_fetches else None,
        gaps=calls.gaps,
    )


def _after_results(calls: Calls, row: JournaalRow) -> Calls:
    """Return what the calls come to after one that brought results: it says nothing of fetches."""
    if "." not in row.outcome:
        taken = replace(calls, results_at=row.moment, results_refused_since=None)
        return replace(taken, results_refused_at=None, results_reason=None)
    if row.reason in _OF_A_STATE:
        return calls
    since = calls.results_refused_since or row.moment
    return replace(calls, results_refused_since=since, results_refused_at=row.moment, results_reason=row.reason)


def _after_refusal(calls: Calls, row: JournaalRow) -> Calls:
    if row.reason in _OF_A_STATE:
        return replace(calls, called_at=row.moment)
    since = calls.refused_since or row.moment
    return replace(calls, called_at=row.moment, refused_since=since, refused_at=row.moment, reason=row.reason)


def _after_answer(calls: Calls, row: JournaalRow) -> Calls:
    answered = replace(
        calls,
        called_at=row.moment,
        fetched_at=row.moment,
        first_at=calls.first_at or row.moment,
        refused_since=None,
        refused_at=None,
        reason=None,
        gaps=_gaps_after(calls, row.moment),
    )
    number = row.leerlingen
    if number is None:
        number = {"geengegevens": 0, "geenwijzigingen": 1 if calls.leerlingen is None else calls.leerlingen}.get(
            row.outcome
        )
    if number is None:  # leerkrachten or groepen alone
        return answered
    known = calls.leerlingen if row.leerlingen is None else row.leerlingen
    if number:
        return replace(answered, full_at=row.moment, empty_since=None, empty_at=None, leerlingen=known)
    since = calls.empty_since or row.moment
    return replace(answered, empty_since=since, empty_at=row.moment, leerlingen=known)


def _gaps_after(calls: Calls, moment: datetime) -> tuple[Gap, ...]:
    """Return the silences that count after a fetch; one across an act is no silence of the platform."""
    kept = tuple(gap for gap in calls.gaps if gap.end >= moment - RHYTHM)
    if calls.first_at is None or calls.fetched_at is None:
        return kept
    length = moment - calls.fetched_at
    if length <= SHORTEST_GAP:
        return kept
    return (*(gap for gap in kept if gap.length > length), Gap(moment, length))
