"""Where lines, dots and bars lie, in percent of their chart: drawn as SVG they fit any screen.

Texts keep their size, because nothing is scaled. What a chart shows is told in words and in a table
beside it, by the templates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import floor, log10

# Of the width or height that stays free, so that dots and strokes at the edge are whole.
_LEFT, _RIGHT, _TOP, _BOTTOM = 1.0, 98.5, 8.0, 94.0
_STEPS = (1, 2, 5)
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Dot:
    """A value in a chart, ``x`` from the left and ``y`` from above, in percent."""

    x: float
    y: float
    day: date
    value: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line over days: its dots, which of them are joined, and the lines behind it.

    Attributes:
        dots: One for each value, by day.
        joined: Pairs of neighbours; days too far apart are not joined, so a gap stays a gap.
        grid: Height (percent) and value of each line behind.
        ticks: Place from the left (percent) and day, of each label below.
    """

    dots: tuple[Dot, ...]
    joined: tuple[tuple[Dot, Dot], ...]
    grid: tuple[tuple[float, float], ...]
    ticks: tuple[tuple[float, date], ...]


def line(values: Sequence[tuple[date, float]], most: float | None = None) -> Line:
    """The line of values by day, from zero up to a round number above them, at most ``most``."""
    first, last = values[0][0], values[-1][0]
    top = _round_above(max(value for _, value in values), most)
    dots = tuple(Dot(across(day, first, last), _up(v, top), day, v) for day, v in values)
    steps = sorted(b - a for (a, _), (b, _) in pairwise(values))
    usual_step = steps[len(steps) // 2] if steps else timedelta(days=1)
    gap = max(usual_step * 3, _WEEK)
    joined = tuple((a, b) for a, b in pairwise(dots) if b.day - a.day <= gap)
    grid = tuple((_up(share * top, top), share * top) for share in (0, 0.5, 1))
    return Line(dots, joined, grid, ticks(first, last))


def across(moment: datetime | date, first: date, last: date) -> float:
    """Where a moment lies between two days, in percent from the left."""
    whole = (last - first) / timedelta(days=1)
    if isinstance(moment, datetime):
        begin = datetime.combine(first, datetime.min.time(), moment.tzinfo)
        gone = (moment - begin) / timedelta(days=1)
    else:
        gone = (moment - first) / timedelta(days=1)
    share = min(max(gone / whole, 0), 1) if whole else 1
    return round(_LEFT + (_RIGHT - _LEFT) * share, 2)


def ticks(first: date, last: date) -> tuple[tuple[float, date], ...]:
    """Three days to write below a chart, and their places in percent from the left."""
    days = sorted({first, first + (last - first) / 2, last})
    return tuple((across(day, first, last), day) for day in days)


def widths(values: Sequence[float]) -> list[float]:
    """How long bars are, in percent: the longest is 100, and what is not nothing can be seen."""
    most = max(values, default=0)
    return [max(round(100 * value / most, 2), 0.6) if value > 0 else 0.0 for value in values]


def _up(value: float, top: float) -> float:
    return round(_BOTTOM - (_BOTTOM - _TOP) * value / top, 2)


def _round_above(value: float, most: float | None) -> float:
    """The next of 1, 2, 5, 10, 20 ... above the value."""
    if value <= 0:
        return most or 1.0
    size = 10.0 ** floor(log10(value))
    top = next(step * size for step in (*_STEPS, 10) if step * size >= value * 0.999_999)
    return min(top, most) if most else top
