"""Leakage checks: does the model know what it should predict?

A model that knows the future looks splendid until it is used. What gives it away: a ranking that is
too good to be true, one column that alone ranks nearly as well as all, a column that tells who
leaves by being empty, or a ranking that is gone as soon as the last days before each date are cut
away (Kaufman, Rosset and Perlich, "Leakage in Data Mining", 2012).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakBounds:
    """From where on a number is suspicious.

    Attributes:
        roc_auc: Who leaves is not known better than this by anybody who does not know already.
        alone: A column that alone ranks at least this well, and
        alone_share: has at least this share of what the model is better than a coin.
        missingness: By being empty or not, a column ranks at most this well.
        kept_share: With the last days cut away, the model keeps at least this share of what it is
            better than a coin.
    """

    roc_auc: float = 0.97
    alone: float = 0.80
    alone_share: float = 0.75
    missingness: float = 0.75
    kept_share: float = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class WithoutLastDays:
    """The model asked about what was known some days before, on rows of the same people and dates.

    Attributes:
        days: So many last days before each date are cut away.
        roc_auc: With them.
        cut: Without them.
    """

    days: int
    roc_auc: float
    cut: float

    @property
    def kept_share(self) -> float:
        """What is left of what the model is better than a coin."""
        return (self.cut - 0.5) / max(self.roc_auc - 0.5, 1e-9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaks:
    """What was looked at.

    Attributes:
        roc_auc: Of the model.
        columns: One row per column, the best ranking first: ``column``, and the ROC AUC of its
            value ``alone``, and of whether it has one: ``missingness``.
        cut: Without the last days; ``None``: it was not tried.
        expected: Columns that may rank so well alone: where churn is silence, since when somebody
            has been silent tells most of it.
    """

    roc_auc: float
    columns: pl.DataFrame
    cut: WithoutLastDays | None = None
    expected: Collection[str] = ()

    @property
    def measured(self) -> dict[str, float]:
        """The numbers by name."""
        told = {f"leak.{name}": self.columns[name].max() for name in ("alone", "missingness")}
        if self.cut is not None:
            told |= {"leak.roc_auc_cut": self.cut.cut, "leak.kept_share": self.cut.kept_share}
        return told  # pyright: ignore[reportReturnType]


def alarms(found: Leaks, bounds: LeakBounds, *, todo: str | None = None) -> list[str]:
    """What is suspicious, a sentence each; nothing, where nothing is.

    Args:
        found: What was looked at.
        bounds: From where on a number is suspicious.
        todo: What to try; by default, for events that a mapping reads.
    """
    rung = [f"leakage check: {why}" for why in _alarms(found, bounds)]
    return [*rung[:-1], f"{rung[-1]}. {todo or _WHAT_TO_TRY}"] if rung else []


_WHAT_TO_TRY = (
    "To try: see in the source when these values are written; what is written after people have "
    "left gets the time when it became known (known_at or known_after in the mapping), or is left "
    "out"
)


def _alarms(found: Leaks, bounds: LeakBounds) -> Iterator[str]:
    if found.roc_auc > bounds.roc_auc:
        yield (
            f"its ROC AUC is {found.roc_auc:.3f}; a model that does not know the outcome stays "
            f"below {bounds.roc_auc:.2f}"
        )
    edge, alone = max(found.roc_auc - 0.5, 1e-9), pl.col("alone")
    unforeseen = found.columns.filter(~pl.col("column").is_in(list(found.expected)))
    most = unforeseen.filter(alone >= bounds.alone, (alone - 0.5) / edge >= bounds.alone_share)
    for name, ranks in most.select("column", "alone").rows():
        yield (
            f"column {name!r} alone has a ROC AUC of {ranks:.3f}, {(ranks - 0.5) / edge:.0%} of "
            "what the model is better than a coin"
        )
    empty = found.columns.filter(pl.col("missingness") > bounds.missingness)
    for name, ranks in empty.select("column", "missingness").rows():
        yield (
            f"whether column {name!r} is empty tells who leaves (ROC AUC {ranks:.3f}); it may be "
            "filled in, or cleared, once a subscriber has left"
        )
    cut = found.cut
    if cut is not None and cut.cut < cut.roc_auc and cut.kept_share < bounds.kept_share:
        yield (
            f"with the last {cut.days} days before each date cut away its ROC AUC falls from "
            f"{cut.roc_auc:.3f} to {cut.cut:.3f}; it may know of leaving that has begun"
        )
