"""Leakage checks: does the model know what it should predict?

Signs of leakage: a ranking that is too good to be true, one column that alone ranks nearly as
well as all, a column that separates churners by being empty, or a ranking that is lost as soon as
the last days before each date are cut away (Kaufman, Rosset and Perlich, "Leakage in Data
Mining", 2012).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import polars as pl

from perdura.sources.counted import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakBounds:
    """The bounds beyond which a number is suspicious.

    Attributes:
        roc_auc: Highest ROC AUC of a model without leakage.
        alone: A single column is suspicious with at least this ROC AUC, and
        alone_share: at least this share of the model's ROC AUC above 0.5.
        missingness: Highest ROC AUC of whether a column is empty.
        kept_share: Least share of the ROC AUC above 0.5 that the model keeps with the last days
            cut away.
    """

    roc_auc: float = 0.97
    alone: float = 0.80
    alone_share: float = 0.75
    missingness: float = 0.75
    kept_share: float = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class WithoutLastDays:
    """The model's ROC AUC on features built some days before, for the same people and dates.

    Attributes:
        days: Number of last days before each date that are cut away.
        roc_auc: ROC AUC with them.
        cut: ROC AUC without them.
    """

    days: int
    roc_auc: float
    cut: float

    @property
    def kept_share(self) -> float:
        """The share of the ROC AUC above 0.5 that is left."""
        return (self.cut - 0.5) / max(self.roc_auc - 0.5, 1e-9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaks:
    """The measurements of the leakage checks.

    Attributes:
        roc_auc: ROC AUC of the model.
        columns: One row per column, the best first: ``column``, the ROC AUC of its value
            ``alone``, and of whether it has a value, ``missingness``.
        cut: The model without the last days; ``None``: not measured.
        expected: Columns that may rank this well alone: where churn is silence, the days since
            the last payment predict most of it.
    """

    roc_auc: float
    columns: pl.DataFrame
    cut: WithoutLastDays | None = None
    expected: Collection[str] = ()

    @property
    def measured(self) -> dict[str, float]:
        """The numbers by name."""
        values = {f"leak.{name}": self.columns[name].max() for name in ("alone", "missingness")}
        if self.cut is not None:
            values |= {"leak.roc_auc_cut": self.cut.cut, "leak.kept_share": self.cut.kept_share}
        return values  # pyright: ignore[reportReturnType]


def alarms(found: Leaks, bounds: LeakBounds, *, todo: str | None = None) -> list[str]:
    """The failed checks, a sentence each; empty where all pass.

    Args:
        found: The measurements.
        bounds: The bounds beyond which a number is suspicious.
        todo: What to try; by default, for events that a mapping reads.
    """
    failed = [f"leakage check: {why}" for why in _failed_checks(found, bounds)]
    return [*failed[:-1], f"{failed[-1]}. {todo or _WHAT_TO_TRY}"] if failed else []


_WHAT_TO_TRY = (
    "To try: see in the source when these values are written; what is written after people have "
    "left gets the time when it became known (known_at or known_after in the mapping), or is left "
    "out"
)


def _failed_checks(found: Leaks, bounds: LeakBounds) -> Iterator[str]:
    if found.roc_auc > bounds.roc_auc:
        yield (
            f"its ROC AUC is {found.roc_auc:.3f}; a model that does not know the outcome stays "
            f"below {bounds.roc_auc:.2f}"
        )
    edge, alone = max(found.roc_auc - 0.5, 1e-9), pl.col("alone")
    unexpected = found.columns.filter(~pl.col("column").is_in(list(found.expected)))
    strong = unexpected.filter(alone >= bounds.alone, (alone - 0.5) / edge >= bounds.alone_share)
    for name, ranks in strong.select("column", "alone").rows():
        yield (
            f"column {name!r} alone has a ROC AUC of {ranks:.3f}: {(ranks - 0.5) / edge:.0%} of "
            "the model's lead over 0.5"
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
            f"with the last {counted(cut.days, 'day')} before each date cut away its ROC AUC falls "
            f"from {cut.roc_auc:.3f} to {cut.cut:.3f}; it may know of leaving that has begun"
        )
