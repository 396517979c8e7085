"""What operators see of the afnemers: schools and verdicts, what their calls got and when they come, versions, repairs.

Nothing here is of one school or of a person: counts, words and moments.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from uwlr_adapter.journaal import recent
from uwlr_adapter.journaal.recent import CallCounts, RecentCalls, RecentPiece
from uwlr_adapter.koppelingen import afnemer_counts, afnemers, versions_used
from uwlr_adapter.koppelingen.afnemer_counts import AfnemerCounts
from uwlr_adapter.koppelingen.afnemers import Afnemer
from uwlr_adapter.koppelingen.catalogue import Catalogue, CatalogueEntry
from uwlr_adapter.koppelingen.verdict import VerdictKind
from uwlr_adapter.koppelingen.verdict_words import kind_in_words
from uwlr_adapter.koppelingen.versions_used import UsedVersion
from uwlr_adapter.portal.operator_words import ANSWERS, refusal_in_words

PER_PAGE = 100
"""Afnemers of one page."""
VERSIONS_SINCE = timedelta(days=30)
"""How far back the versions of answers are told."""
SHOWN = {
    "": "Alle afnemers",
    "storing": "Met een storing",
    "aandacht": "Met koppelingen die aandacht vragen",
    "catalogus": "Niet in de catalogus",
}
"""The choices of the list, by what the address says."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AfnemerInList:
    """One afnemer as the list shows it."""

    afnemer: Afnemer
    entries: tuple[str, ...]
    """The names of its catalogue entries; none: no school can activate it."""
    counts: AfnemerCounts
    last: datetime | None
    """Its last call, as far as it is known; None when it never called."""

    @property
    def outages(self) -> int:
        """Koppelingen of which the verdict is that the platform has an outage."""
        return self.counts.of_kind(VerdictKind.OUTAGE)


@dataclass(frozen=True, slots=True)
class CountInWords:
    """A number of calls in words; `todo` is what there is to do about them, for refusals."""

    what: str
    number: int
    todo: str = ""


@dataclass(frozen=True, slots=True)
class KindCount:
    """How many koppelingen of one entry have a verdict, with what the list of schools is narrowed to for them."""

    words: str
    number: int
    kind: VerdictKind
    entry_id: str


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When an afnemer calls."""

    per_day: int
    busiest: int | None
    """The hour of the day in which most calls come, in Amsterdam; None when there are none."""
    last: datetime | None


@dataclass(frozen=True, slots=True)
class AfnemerInsight:
    """What the page of one afnemer says."""

    entries: tuple[CatalogueEntry, ...]
    counts: AfnemerCounts
    by_entry: tuple[tuple[str, tuple[KindCount, ...]], ...]
    """The verdicts of each entry, by its name."""
    since: datetime | None
    """Since when calls are counted; None while the journaal is empty."""
    calls: int
    answers: tuple[CountInWords, ...]
    refusals: tuple[CountInWords, ...]
    rhythm: Rhythm
    repairs: tuple[tuple[str, int], ...]
    versions: tuple[UsedVersion, ...]


def rows_of(
    connection: sa.Connection, catalogue: Catalogue, moment: datetime, *, with_calls: bool = True
) -> list[AfnemerInList]:
    """Return every afnemer with what the list says of it, by klantnaam; its last calls only when told so."""
    counts = afnemer_counts.by_afnemer(connection, catalogue, moment)
    found = recent.piece(connection, moment) if with_calls else None
    calls = {} if found is None else recent.counts(connection, found)
    noted = afnemer_counts.last_called(connection) if with_calls else {}
    return [
        AfnemerInList(
            one,
            tuple(entry.naam for entry in entries_of(catalogue, one)),
            counts.get(one.id, AfnemerCounts()),
            _later(noted.get(one.id), calls.get(one.id)),
        )
        for one in afnemers.list_all(connection)
    ]


def _later(noted: datetime | None, found: CallCounts | None) -> datetime | None:
    """Return the last call: what was noted up to an hour ago, or what the journaal has of the last days."""
    moments = (noted, None if found is None else found.last)
    return max((moment for moment in moments if moment is not None), default=None)


def is_shown(row: AfnemerInList, toon: str) -> bool:
    """Return whether the list has a row under one of the choices of SHOWN; any other choice is all."""
    return {"storing": row.outages > 0, "aandacht": row.counts.steps > 0, "catalogus": not row.entries}.get(toon, True)


def page_of(rows: Sequence[AfnemerInList], after: str | None) -> tuple[Sequence[AfnemerInList], str | None]:
    """Return the page of afnemers after a klantnaam, and the klantnaam after which the next one begins, if any."""
    first = bisect_right(rows, after or "", key=lambda row: row.afnemer.klantnaam)
    page = rows[first : first + PER_PAGE]
    return page, page[-1].afnemer.klantnaam if first + PER_PAGE < len(rows) else None


def entries_of(catalogue: Catalogue, afnemer: Afnemer) -> tuple[CatalogueEntry, ...]:
    """Return the catalogue entries that name an afnemer."""
    return tuple(entry for entry in catalogue if entry.afnemer == afnemer.klantnaam)


def without_afnemer(catalogue: Catalogue, known: Iterable[Afnemer]) -> list[CatalogueEntry]:
    """Return the catalogue entries whose afnemer does not exist: no school can activate them."""
    klantnamen = {one.klantnaam for one in known}
    return [entry for entry in catalogue if entry.afnemer is not None and entry.afnemer not in klantnamen]


def insight_of(connection: sa.Connection, catalogue: Catalogue, afnemer: Afnemer, moment: datetime) -> AfnemerInsight:
    """Return what the page of an afnemer says, at a moment, which is the present."""
    counts = afnemer_counts.by_afnemer(connection, catalogue, moment, afnemer.id).get(afnemer.id, AfnemerCounts())
    found = recent.piece(connection, moment)
    calls = None if found is None else recent.calls_of(connection, found, afnemer.id)
    own = None if found is None else recent.counts(connection, found, afnemer.id).get(afnemer.id)
    last = _later(afnemer_counts.last_called(connection, afnemer.id).get(afnemer.id), own)
    return AfnemerInsight(
        entries=entries_of(catalogue, afnemer),
        counts=counts,
        by_entry=_by_entry(catalogue, counts),
        since=None if found is None else found.since,
        calls=0 if calls is None else calls.calls,
        answers=() if calls is None else _answers(calls),
        refusals=() if calls is None else _refusals(calls),
        rhythm=_rhythm(found, calls, moment, last),
        repairs=() if calls is None else tuple(calls.repairs.most_common()),
        versions=tuple(versions_used.of_afnemer(connection, catalogue, afnemer.id, moment - VERSIONS_SINCE)),
    )


def _by_entry(catalogue: Catalogue, counts: AfnemerCounts) -> tuple[tuple[str, tuple[KindCount, ...]], ...]:
    ids = dict.fromkeys(entry_id for entry_id, _ in sorted(counts.kinds))
    return tuple(
        (
            entry_id if (entry := catalogue.get(entry_id)) is None else entry.naam,
            tuple(
                KindCount(kind_in_words(kind), counts.kinds[entry_id, kind], kind, entry_id)
                for kind in VerdictKind
                if counts.kinds[entry_id, kind]
            ),
        )
        for entry_id in ids
    )


def _answers(calls: RecentCalls) -> tuple[CountInWords, ...]:
    answered = ((outcome, number) for (outcome, _), number in calls.outcomes.most_common() if "." not in outcome)
    return tuple(CountInWords(ANSWERS.get(outcome, outcome), number) for outcome, number in answered)


def _refusals(calls: RecentCalls) -> tuple[CountInWords, ...]:
    refused = ((reason, number) for (outcome, reason), number in calls.outcomes.most_common() if "." in outcome)
    return tuple(
        CountInWords(what, number, todo) for reason, number in refused for what, todo in (refusal_in_words(reason),)
    )


def _rhythm(found: RecentPiece | None, calls: RecentCalls | None, moment: datetime, last: datetime | None) -> Rhythm:
    if found is None or calls is None or not calls.hours:
        return Rhythm(0, None, last)
    by_hour: dict[int, int] = {}
    for hour, number in calls.hours.items():
        by_hour[hour.hour] = by_hour.get(hour.hour, 0) + number
    days = max((moment - found.since) / _DAY, 1 / 24)
    return Rhythm(round(calls.calls / days), max(by_hour, key=lambda hour: (by_hour[hour], -hour)), last)
