"""The traffic of a koppeling: last call, last successful call, and a chart of the last 30 days.

What was from before the last act on the koppeling is past: it is grey, and says nothing of the koppeling as it is now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from uwlr_adapter.clock import day_of, long_date
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.journaal import search
from uwlr_adapter.journaal.model import Entry
from uwlr_adapter.journaal.search import DayCount
from uwlr_adapter.koppelingen.verdict import KoppelingVerdict, VerdictKind
from uwlr_adapter.portal.sentences import sentence_of

DAYS = 30
"""The number of days in the chart; today is the last one."""
HEIGHT, BAR_STEP = 36, 8
"""The height of the chart and the distance between bars, in units of its SVG (`_school.html`)."""
MIN_BAR = 5
"""The least height of a bar: one call stays visible beside a day with a thousand."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One day in the chart: its horizontal position, and the heights of its parts; `past` is before the last act."""

    x: int
    past: int
    answered: int
    refused: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """The traffic of one koppeling."""

    last_fetched: datetime | None
    """The moment of the last successful call."""
    last_call: Entry | None
    """The last call, successful or not."""
    is_past: bool
    """Whether that was before the last act."""
    is_refused: bool
    """Whether that is the verdict: a refusal that was mended since, or that followed from a pause, is no warning."""
    bars: tuple[Bar, ...]
    text: str
    """The chart as a Dutch sentence."""


def traffic_of(
    connection: sa.Connection, verdicts: Mapping[int, KoppelingVerdict], moment: datetime
) -> dict[int, Traffic]:
    """Return the traffic of koppelingen by id, up to and including the day of the moment, each under its verdict."""
    acted_at = {id_: verdict.acted_at for id_, verdict in verdicts.items()}
    today = day_of(moment)
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    counts = search.count_days(connection, acted_at, days) if acted_at else {}
    traffic = {}
    for id_, acted in acted_at.items():
        success, last = search.last_success(connection, id_), search.last_call(connection, id_)
        traffic[id_] = Traffic(
            last_fetched=None if success is None else success.moment,
            last_call=last,
            is_past=last is not None and acted is not None and last.moment < acted,
            is_refused=verdicts[id_].kind is VerdictKind.REFUSED,
            bars=_bars(counts[id_]),
            text=_describe(days, counts[id_]),
        )
    return traffic


def fetches(verdict: KoppelingVerdict) -> bool:
    """Return whether fetches are told: where results alone come in, only those that there were."""
    return not verdict.results_only or verdict.last_fetched is not None


def last_call_in_words(traffic: Traffic, name: str, where: str) -> str | None:
    """Return the last call as a sentence, None without one; what is past says no more what to do about it.

    `where` says where a verificatiecode is entered, as seen from the page.
    """
    return (
        None if traffic.last_call is None else sentence_of(traffic.last_call, name, None if traffic.is_past else where)
    )


def _bars(counts: Sequence[DayCount]) -> tuple[Bar, ...]:
    maximum = max((count.calls for count in counts), default=0)

    def height(number: int, room: int) -> int:
        return 0 if number == 0 else min(room, max(MIN_BAR, round(number * HEIGHT / maximum)))

    bars = []
    for index, count in enumerate(counts):
        refused = height(count.refused, HEIGHT - MIN_BAR * ((count.answered > 0) + (count.past > 0)))
        answered = height(count.answered, HEIGHT - refused - MIN_BAR * (count.past > 0))
        bars.append(Bar(index * BAR_STEP, height(count.past, HEIGHT - refused - answered), answered, refused))
    return tuple(bars)


def _describe(days: Sequence[date], counts: Sequence[DayCount]) -> str:
    """Return the chart in words, for screen readers."""
    answered = sum(1 for count in counts if count.answered or count.past_answered)
    refused = sum(1 for count in counts if count.refused or count.past_refused)
    since = f"Sinds {long_date(days[0])}"
    if not answered and not refused:
        return f"{since} is er niet opgehaald."
    text = f"{since} is er op {count_noun(answered, 'dag', 'dagen')} opgehaald"
    text = f"{text} en op {count_noun(refused, 'dag', 'dagen')} geweigerd." if refused else f"{text}."
    return f"{text} Wat grijs is, was vóór de laatste wijziging." if any(count.past for count in counts) else text
