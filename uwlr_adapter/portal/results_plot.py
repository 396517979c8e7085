"""The plot of scores over time: its geometry, and the same in words. Pure: a template draws it as SVG."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from uwlr_adapter.clock import short_date
from uwlr_adapter.portal.results_words import number

WIDTH, HEIGHT = 320, 150
"""The size of a plot in units of its SVG."""
LEFT, RIGHT, TOP, BOTTOM = 12, 308, 24, 118
"""The edges of the part with the points."""
MAX_POINTS = 60
"""The most points of a plot (inclusive), the last ones."""
TOLD = 12
"""The most points that the words of a plot name one by one (inclusive)."""

Scored = tuple[date, Decimal | int]


@dataclass(frozen=True, slots=True)
class PlotPoint:
    """A point, in units of the SVG."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class LinePlot:
    """Scores of one scale over time."""

    name: str
    points: tuple[PlotPoint, ...]
    low: str
    high: str
    """The least and the greatest score of the plot."""
    first: str
    last: str
    """The first and the last day."""
    text: str
    """The plot as a Dutch sentence."""

    @property
    def line(self) -> str:
        """The points as SVG writes those of a line."""
        return " ".join(f"{point.x},{point.y}" for point in self.points)


def line_plot(name: str, scored: Iterable[Scored]) -> LinePlot | None:
    """Return the plot of scores, of one day the last one first; None where all are of one day, which is no course."""
    ordered = sorted(scored, key=lambda one: one[0], reverse=True)[:MAX_POINTS][::-1]
    days = [day.toordinal() for day, _ in ordered]
    if not days or days[0] == days[-1]:
        return None
    values = [value for _, value in ordered]
    return LinePlot(
        name,
        tuple(map(PlotPoint, _spread(days, LEFT, RIGHT), _spread(values, BOTTOM, TOP))),
        number(min(values)),
        number(max(values)),
        short_date(ordered[0][0]),
        short_date(ordered[-1][0]),
        _in_words(name, ordered),
    )


def _spread(values: Sequence[Decimal | int], begin: int, end: int) -> list[int]:
    """Return where values come between two edges; in the middle when they are all the same."""
    low, high = min(values), max(values)
    if low == high:
        return [(begin + end) // 2 for _ in values]
    return [begin + round((end - begin) * float(Decimal(one - low) / Decimal(high - low))) for one in values]


def _in_words(name: str, ordered: Sequence[Scored]) -> str:
    if len(ordered) <= TOLD:
        told = ", ".join(f"{number(value)} op {short_date(day)}" for day, value in ordered)
        return f"{name}: {told}."
    (first_day, first), (last_day, last) = ordered[0], ordered[-1]
    values = [value for _, value in ordered]
    return (
        f"{name}: {len(ordered)} scores, van {number(first)} op {short_date(first_day)} naar {number(last)} op "
        f"{short_date(last_day)}; de laagste is {number(min(values))}, de hoogste {number(max(values))}."
    )
