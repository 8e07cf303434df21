"""Confidence intervals of the metrics, from a bootstrap of the test set by subscriber."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from perdura.models.dataset.person_ids import person_column
from perdura.models.evaluation.bootstrap import map_resamples
from perdura.models.evaluation.metrics import (
    BINS,
    called,
    debiased_error,
    evaluate,
    in_common_currency,
    share,
)

_TAIL = 0.025


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval: low and high end."""

    low: float
    high: float


def intervals(
    rows: pl.DataFrame, risk: str = "risk", *, calls: int, seed: int = 0
) -> dict[str, Interval]:
    """The 95 % interval of each metric of ``evaluate``.

    Subscribers are drawn with replacement, all rows of one together; accounts with one ``owner``
    are one subscriber. As far as resamples are above the metric, the metric may be above the truth
    (the basic bootstrap: Davison and Hinkley, "Bootstrap Methods and their Application", 1997,
    5.2): that corrects a calibration error, which chance always makes larger. The called
    subscribers stay the same.

    Args:
        rows: As for ``evaluate``; at least one churned and one did not.
        risk: Name of the risk.
        calls: As for ``evaluate``.
        seed: Decides the resamples.
    """
    ranked = RankedRows.of(rows, risk, calls)
    drawn = map_resamples(ranked.subscribers, seed, ranked.metrics)
    stated = evaluate(rows, risk, calls=calls).values
    return {
        name: basic(value, np.array([metrics[name] for metrics in drawn]), _MOST.get(name, 1.0))
        for name, value in stated.items()
    }


#: No other metric can be above one.
_MOST = {"log_loss": np.inf, "lift": np.inf}


def basic(stated: float, drawn: np.ndarray, most: float = 1.0) -> Interval:
    """The basic bootstrap interval: the drawn quantiles mirrored at the stated value, clipped."""
    ends = np.clip(2 * stated - np.quantile(drawn, [1 - _TAIL, _TAIL]), 0, most)
    return Interval(float(ends[0]), float(ends[1]))


@dataclass(frozen=True, slots=True)
class RankedRows:
    """Test rows by descending risk, with the terms of each metric.

    Attributes:
        subscriber: Index of each row's subscriber, below ``subscribers``.
        left: 1 where the subscriber churned.
        last: The last row of each distinct risk.
        bins: The first row of each bin of calibration.
        terms: One row per metric that is a sum over rows: log loss, squared distance, called,
            called and churned, MRR of those, MRR of all churners, risk less outcome.
    """

    subscribers: int
    subscriber: np.ndarray
    left: np.ndarray
    last: np.ndarray
    bins: np.ndarray
    terms: np.ndarray

    @classmethod
    def of(cls, rows: pl.DataFrame, risk: str, calls: int) -> "RankedRows":
        """From the rows of ``evaluate``."""
        money = pl.when(in_common_currency(rows)).then("mrr").otherwise(0).fill_null(0)
        ranked = rows.select(
            subscriber=pl.col(person_column(rows)).rank("dense") - 1,
            risk=pl.col(risk),
            left=pl.col("churned").cast(pl.Float64),
            called=called(risk, calls).cast(pl.Float64),
            money=money.cast(pl.Float64),
            tie=pl.struct("subscriber_id", "as_of").rank("ordinal"),
        ).sort("risk", "tie", descending=[True, True])
        risks, left, phoned, money = (
            ranked[name].to_numpy() for name in ("risk", "left", "called", "money")
        )
        bins = np.arange(len(risks))[::-1] * BINS // len(risks)  # as from the lowest risk on
        log_losses = -np.log(np.clip(np.where(left > 0, risks, 1 - risks), 1e-15, 1))
        terms = [log_losses, (risks - left) ** 2, phoned, phoned * left, phoned * left * money]
        return cls(
            subscribers=int(ranked["subscriber"].max()) + 1,  # pyright: ignore[reportArgumentType]
            subscriber=ranked["subscriber"].to_numpy().astype(np.int64),
            left=left,
            last=np.append(np.flatnonzero(np.diff(risks)), len(risks) - 1),
            bins=np.flatnonzero(np.diff(bins, prepend=-1)),
            terms=np.stack([*terms, left * money, risks - left]),
        )

    def metrics(self, drawn: np.ndarray) -> dict[str, float]:
        """The metrics with each subscriber counted as often as drawn."""
        weight = drawn[self.subscriber].astype(np.float64)
        rows, leavers = np.cumsum(weight)[self.last], np.cumsum(weight * self.left)[self.last]
        log_losses, squared, phoned, caught, money, all_money, _ = (
            float((weight * term).sum()) for term in self.terms
        )
        distance = np.add.reduceat(weight * self.terms[-1], self.bins)
        bin_rows, bin_left = (np.add.reduceat(w, self.bins) for w in (weight, weight * self.left))
        present = np.maximum(bin_rows, 1)
        # Of few subscribers a resample may hold none.
        count, left = max(float(rows[-1]), 1.0), float(leavers[-1])
        return _ranking(rows, leavers) | {
            "log_loss": log_losses / count,
            "brier": squared / count,
            "calibration_error": float(np.abs(distance).sum()) / count,
            "calibration_error_debiased": debiased_error(
                bin_rows, (distance + bin_left) / present, bin_left / present
            ),
            "lift": share(share(caught, phoned), left / count),
            "recall": share(caught, left),
            "money_caught": share(money, all_money),
        }


def _ranking(rows: np.ndarray, leavers: np.ndarray) -> dict[str, float]:
    """ROC AUC and average precision, from the rows and churners with at least each risk."""
    left, stayed = float(leavers[-1]), float(rows[-1] - leavers[-1])
    more = np.diff(leavers, prepend=0.0)
    passed = np.diff(rows - leavers, prepend=0.0)
    precision = np.divide(leavers, rows, out=np.zeros_like(leavers), where=rows > 0)
    both = left > 0 and stayed > 0
    ordered = float((passed * (leavers - more / 2)).sum())
    return {
        "roc_auc": ordered / (left * stayed) if both else 0.5,
        "average_precision": share(float((more * precision).sum()), left),
    }
