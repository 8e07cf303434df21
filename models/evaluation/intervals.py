"""How far the numbers of a judgement may be luck: what they would be with other subscribers."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from perdura.models.dataset.person_ids import person_column
from perdura.models.evaluation.bootstrap import drawn_anew
from perdura.models.evaluation.metrics import (
    BINS,
    called,
    debiased_error,
    evaluate,
    in_common_currency,
)

_TAIL = 0.025


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a number lies in 95 of 100 such samples."""

    low: float
    high: float


def intervals(
    rows: pl.DataFrame, risk: str = "risk", *, calls: int, seed: int = 0
) -> dict[str, Interval]:
    """How far each number of ``evaluate`` may be from its true value.

    Subscribers are drawn with replacement, all rows of one together; accounts with one ``owner``
    are one subscriber. As far as resamples are above the number, the number may be above the truth
    (the basic bootstrap: Davison and Hinkley, "Bootstrap Methods and their Application", 1997,
    5.2): that sets a calibration error right, which chance only ever makes larger. Whom support
    would have called stays as it was.

    Args:
        rows: As for ``evaluate``; at least one left and one stayed.
        risk: Name of the risk.
        calls: As for ``evaluate``.
        seed: Decides the resamples.
    """
    told = _Told.of(rows, risk, calls)
    drawn = drawn_anew(told.people, seed, told.numbers)
    stated = evaluate(rows, risk, calls=calls).values
    return {
        name: basic(value, np.array([one[name] for one in drawn]), _MOST.get(name, 1.0))
        for name, value in stated.items()
    }


#: No other number can be above one.
_MOST = {"log_loss": np.inf, "lift": np.inf}


def basic(stated: float, drawn: np.ndarray, most: float = 1.0) -> Interval:
    """Where the drawn numbers say that the stated one lies: mirrored at it, as is possible."""
    ends = np.clip(2 * stated - np.quantile(drawn, [1 - _TAIL, _TAIL]), 0, most)
    return Interval(float(ends[0]), float(ends[1]))


@dataclass(frozen=True, slots=True)
class _Told:
    """Judged rows from the highest risk to the lowest, as the numbers need them.

    Attributes:
        person: Whose each row is, a number below ``people``.
        left: 1 where somebody left.
        last: The last row of each risk.
        bins: The first row of each bin of calibration.
        adding: A row for each number that adds up over rows: log loss, squared distance, risk
            less outcome, called, called and left, money of those, money of all who left.
    """

    people: int
    person: np.ndarray
    left: np.ndarray
    last: np.ndarray
    bins: np.ndarray
    adding: np.ndarray

    @classmethod
    def of(cls, rows: pl.DataFrame, risk: str, calls: int) -> "_Told":
        money = pl.when(in_common_currency(rows)).then("mrr").otherwise(0).fill_null(0)
        told = rows.select(
            person=pl.col(person_column(rows)).rank("dense") - 1,
            risk=pl.col(risk),
            left=pl.col("churned").cast(pl.Float64),
            called=called(risk, calls).cast(pl.Float64),
            money=money.cast(pl.Float64),
            tie=pl.struct("subscriber_id", "as_of").rank("ordinal"),
        ).sort("risk", "tie", descending=[True, True])
        said, left, phoned, money = (
            told[name].to_numpy() for name in ("risk", "left", "called", "money")
        )
        bins = np.arange(len(said))[::-1] * BINS // len(said)  # as from the lowest risk on
        log_losses = -np.log(np.clip(np.where(left > 0, said, 1 - said), 1e-15, 1))
        adding = [log_losses, (said - left) ** 2, phoned, phoned * left, phoned * left * money]
        return cls(
            people=int(told["person"].max()) + 1,  # pyright: ignore[reportArgumentType]
            person=told["person"].to_numpy().astype(np.int64),
            left=left,
            last=np.append(np.flatnonzero(np.diff(said)), len(said) - 1),
            bins=np.flatnonzero(np.diff(bins, prepend=-1)),
            adding=np.stack([*adding, left * money, said - left]),
        )

    def numbers(self, drawn: np.ndarray) -> dict[str, float]:
        """What the numbers would be if each person were there as often as they were drawn."""
        weight = drawn[self.person].astype(np.float64)
        rows, leavers = np.cumsum(weight)[self.last], np.cumsum(weight * self.left)[self.last]
        log_losses, squared, phoned, caught, money, all_money, _ = (
            float((weight * each).sum()) for each in self.adding
        )
        apart = np.add.reduceat(weight * self.adding[-1], self.bins)
        many, left = float(rows[-1]), float(leavers[-1])
        return _ranked(rows, leavers) | {
            "log_loss": log_losses / many,
            "brier": squared / many,
            "calibration_error": float(np.abs(apart).sum()) / many,
            "calibration_error_debiased": self._debiased(weight, apart),
            "lift": _share(_share(caught, phoned), left / many),
            "recall": _share(caught, left),
            "money_caught": _share(money, all_money),
        }

    def _debiased(self, weight: np.ndarray, apart: np.ndarray) -> float:
        rows, left = (np.add.reduceat(w, self.bins) for w in (weight, weight * self.left))
        there = np.maximum(rows, 1)
        return debiased_error(rows, (apart + left) / there, left / there)


def _ranked(rows: np.ndarray, leavers: np.ndarray) -> dict[str, float]:
    """ROC AUC and average precision, from how many rows and leavers have at least each risk."""
    left, stayed = float(leavers[-1]), float(rows[-1] - leavers[-1])
    more = np.diff(leavers, prepend=0.0)
    passed = np.diff(rows - leavers, prepend=0.0)
    precision = np.divide(leavers, rows, out=np.zeros_like(leavers), where=rows > 0)
    both = left > 0 and stayed > 0
    ordered = float((passed * (leavers - more / 2)).sum())
    return {
        "roc_auc": ordered / (left * stayed) if both else 0.5,
        "average_precision": _share(float((more * precision).sum()), left),
    }


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
