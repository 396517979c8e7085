"""Figures of several rounds: their median and their spread, and the lines in which they are shown."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """The median of some figures, and the lowest and the highest of them."""

    middle: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> "Spread":
        """Return the spread of figures, of which there is at least one."""
        return cls(statistics.median(figures), min(figures), max(figures))

    def __str__(self) -> str:
        """Write the median and the spread."""
        return f"{number(self.middle)} ({number(self.lowest)} to {number(self.highest)})"


@dataclass(frozen=True)
class Requirement:
    """The bound of a ratio: a minimum or a maximum, inclusive."""

    floor: float | None = None
    ceiling: float | None = None

    def verdict(self, found: Spread) -> str:
        """Return whether the median is within the bound, as text."""
        if self.floor is not None:
            return f"at least {number(self.floor)}: {'holds' if found.middle >= self.floor else 'DOES NOT HOLD'}"
        if self.ceiling is not None:
            return f"at most {number(self.ceiling)}: {'holds' if found.middle <= self.ceiling else 'DOES NOT HOLD'}"
        return ""


def ratios(above: Sequence[float], below: Sequence[float]) -> Spread:
    """Return the spread of the ratios of two rivals, round by round."""
    return Spread.of([one / other for one, other in zip(above, below, strict=True)])


def interval_of_median(figures: Sequence[float]) -> tuple[float, float]:
    """Return two of the figures (inclusive) between which the true median lies with a chance of at least 95%.

    The sign test: nothing is supposed of how the figures are spread. Raises ValueError for fewer than six, which say
    too little.
    """
    count, chance, left_out = len(figures), 0.0, -1
    for place in range(count // 2):
        chance += math.comb(count, place) / 2**count  # that so many or fewer figures are below the true median
        if 2 * chance > 0.05:  # noqa: PLR2004
            break
        left_out = place
    if left_out < 0:
        raise ValueError(f"{count} figures say too little about a median")
    ordered = sorted(figures)
    return ordered[left_out], ordered[-1 - left_out]


def number(value: float) -> str:
    """Write a figure with about three digits."""
    if value >= 100:  # noqa: PLR2004
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"  # noqa: PLR2004


def show_ratio(label: str, found: Spread, requirement: Requirement | None = None) -> None:
    """Print one ratio, and whether it is what it must be."""
    print(f"  {label:74} {found!s:30} {'' if requirement is None else requirement.verdict(found)}".rstrip(), flush=True)
