"""The standing of a koppeling, and its traffic: last call, last successful call, and a chart of the last 30 days."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from uwlr_adapter.clock import day_of
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.journaal import search
from uwlr_adapter.journaal.model import Entry
from uwlr_adapter.journaal.search import DayCount
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.portal.wording import long_date, short_date

DAYS = 30
"""The number of days in the chart; today is the last one."""
HEIGHT, BAR_STEP = 36, 8
"""The height of the chart and the distance between bars, in units of its SVG (`_school.html`)."""
MIN_BAR = 5
"""The least height of a bar: one call stays visible beside a day with a thousand."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a koppeling in a Dutch word, and the CSS class that colours it (`goed`, `let-op` or `stil`)."""

    word: str
    kind: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One day in the chart: its horizontal position, and the heights of its answered and refused parts."""

    x: int
    answered: int
    refused: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """The traffic of one koppeling."""

    last_fetched: datetime | None
    """The moment of the last successful call."""
    last_call: Entry | None
    """The last call, successful or not."""
    bars: tuple[Bar, ...]
    text: str
    """The chart as a Dutch sentence."""


def standing_of(koppeling: Koppeling | None, today: date) -> Standing:
    """Return the standing of a koppeling; without a record (None) it is a koppeling that every school has."""
    if koppeling is None:
        return Standing("Actief", "goed")
    if koppeling.status is Status.ACTIEF and koppeling.startdatum > today:
        return Standing(f"Start op {short_date(koppeling.startdatum)}", "let-op")
    return {
        Status.ACTIEF: Standing("Actief", "goed"),
        Status.GEPAUZEERD: Standing("Gepauzeerd", "let-op"),
        Status.BEEINDIGD: Standing("Beëindigd", "stil"),
    }[koppeling.status]


def traffic_of(connection: sa.Connection, koppeling_ids: Iterable[int], moment: datetime) -> dict[int, Traffic]:
    """Return the traffic of each of these koppelingen by id, up to and including the day of the moment."""
    today = day_of(moment)
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    ids = list(koppeling_ids)
    counts = search.count_days(connection, ids, days) if ids else {}
    traffic = {}
    for id_ in ids:
        success = search.last_success(connection, id_)
        traffic[id_] = Traffic(
            last_fetched=None if success is None else success.moment,
            last_call=search.last_call(connection, id_),
            bars=_bars(counts[id_]),
            text=_describe(days, counts[id_]),
        )
    return traffic


def _bars(counts: Sequence[DayCount]) -> tuple[Bar, ...]:
    maximum = max((count.answered + count.refused for count in counts), default=0)

    def height(number: int) -> int:
        return 0 if number == 0 else max(MIN_BAR, round(number * HEIGHT / maximum))

    bars = []
    for index, count in enumerate(counts):
        refused = min(height(count.refused), HEIGHT - MIN_BAR if count.answered else HEIGHT)
        bars.append(Bar(index * BAR_STEP, min(height(count.answered), HEIGHT - refused), refused))
    return tuple(bars)


def _describe(days: Sequence[date], counts: Sequence[DayCount]) -> str:
    """Return the chart in words, for screen readers."""
    answered = sum(1 for count in counts if count.answered)
    refused = sum(1 for count in counts if count.refused)
    since = f"Sinds {long_date(days[0])}"
    if not answered and not refused:
        return f"{since} is er niet opgehaald."
    text = f"{since} is er op {count_noun(answered, 'dag', 'dagen')} opgehaald"
    return f"{text} en op {count_noun(refused, 'dag', 'dagen')} geweigerd." if refused else f"{text}."
