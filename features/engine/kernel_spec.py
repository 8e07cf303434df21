"""A plan and the dates that are asked about, as the numbers that the compiled loops take."""

from typing import NamedTuple

import numpy as np

from perdura.features.definition import Feature
from perdura.features.engine.column_plan import ColumnPlan, ColumnSpec, Op

_DAY = 86_400_000_000

_KEPT = {
    "total": {Op.SUM, Op.MEAN},
    "moments": {Op.FIRST, Op.LAST, Op.LATEST},
    "ends": {Op.MAX, Op.MIN},
}

#: What is said of a channel: where in a cell its rows are counted and its values are summed, and
#: which word of a record its value is. What is not wanted is written to a place that is never read.
CHANNEL = np.dtype([(name, np.int64) for name in ("rows", "word", *_KEPT)])

#: What is said of a column: its operation, its window, where rows of its channel are counted, where
#: else it is read from, and what a total is divided by (0: the value is a float, kept as its bits).
COLUMN = np.dtype(
    [(name, np.int64) for name in ("op", "window", "rows", "place")] + [("scale", np.float64)]
)


class WindowEdges(NamedTuple):
    """Where time is cut: ``[as_of - days, as_of)`` of every date and window, to the microsecond.

    The n-th interval ends where the n-th edge is, and begins at the edge before. Its cell is the
    one of number n + 1.

    Attributes:
        dates: In order, as microseconds.
        edges: Every edge of every window, in order.
        first_date: By interval (one more than edges), the first date after it.
        until: By date, the cell of its last interval.
        before: By date and window, the cell before the first interval in it; of no window, which
            goes back for ever and comes first, 0.
    """

    dates: np.ndarray
    edges: np.ndarray
    first_date: np.ndarray
    until: np.ndarray
    before: np.ndarray

    @classmethod
    def from_dates(cls, dates: np.ndarray, windows: list[int]) -> "WindowEdges":
        """The cuts of these dates and windows (days)."""
        begins = dates[:, None] - np.array(windows, np.int64)[None, :] * _DAY
        edges = np.unique(np.append(begins.ravel(), dates))
        first_date = np.append(np.searchsorted(dates, edges), len(dates))
        before = np.insert(np.searchsorted(edges, begins) + 1, 0, 0, axis=1)
        return cls(dates, edges, first_date, np.searchsorted(edges, dates) + 1, before)


class KernelSpec(NamedTuple):
    """What is to be told.

    Attributes:
        channels: As ``CHANNEL``.
        columns: As ``COLUMN``, in order of operations.
        bounds: Where the columns of each operation end.
        empty: By column, its value where no row counts.
        sums: How many sums a cell has.
        moments: How many channels' moments are kept; ``timed``: which (bits).
        ends: How many channels' greatest and least are kept; ``ended``: which (bits).
        money: The channels (bits) of amounts in one currency.
        currency: Which word of a record is its currency.
    """

    channels: np.ndarray
    columns: np.ndarray
    bounds: np.ndarray
    empty: np.ndarray
    sums: int
    moments: int
    timed: int
    ends: int
    ended: int
    money: int
    currency: int

    @classmethod
    def from_plan(cls, plan: ColumnPlan) -> "KernelSpec":
        """The orders that a plan stands for."""
        kept = {
            kind: sorted({column.channel for column in plan.columns if column.op in ops})
            for kind, ops in _KEPT.items()
        }
        money = sum(1 << n for n, channel in enumerate(plan.channels) if channel.is_money)
        channels, empties = _channels(plan, kept), [empty(column) for column in plan.columns]
        return cls(
            channels,
            np.array([_column(plan, column, channels) for column in plan.columns], COLUMN),
            np.searchsorted([column.op for column in plan.columns], list(Op)[:-1], side="right"),
            np.array(empties),
            sums=len(channels) + len(kept["total"]) + 1,
            moments=len(kept["moments"]),
            timed=sum(1 << channel for channel in kept["moments"]),
            ends=len(kept["ends"]),
            ended=sum(1 << channel for channel in kept["ends"]),
            money=money,
            currency=2 + plan.currency if money else 0,
        )


def empty(column: ColumnSpec) -> float:
    """A column's value where no row counts; NaN if it is null."""
    feature = column.column.feature
    value = feature.when_empty if isinstance(feature, Feature) else None
    return np.nan if value is None else value


def _channels(plan: ColumnPlan, kept: dict[str, list[int]]) -> np.ndarray:
    """Sums are the rows of each channel, then totals, then a place that is never read."""
    channels = np.zeros(len(plan.channels), CHANNEL)
    channels["rows"] = np.arange(len(channels))
    channels["word"] = [2 + channel.word if channel.word >= 0 else 0 for channel in plan.channels]
    channels["total"] = len(channels) + len(kept["total"])
    for kind, wanted in kept.items():
        first = len(channels) if kind == "total" else 0
        channels[kind][wanted] = first + np.arange(len(wanted))
    return channels


def _column(
    plan: ColumnPlan, column: ColumnSpec, channels: np.ndarray
) -> tuple[int, int, int, int, float]:
    channel = channels[column.channel]
    kind = next((kind for kind, ops in _KEPT.items() if column.op in ops), "rows")
    form = plan.words[column.word].form if column.word >= 0 else "number"
    scale = {"millionths": 1e6, "order": 0.0}.get(form, 1.0)
    return column.op, column.window + 1, channel["rows"], channel[kind], scale
