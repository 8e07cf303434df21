"""How far risks may be from the rates that came: what chance explains, and a share of the rate."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from perdura.models.evaluation.metrics import calibration_bins

_DRAWS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationBound:
    """The highest calibration error that is not held against a model.

    Attributes:
        chance: A well calibrated model with these risks on so many rows exceeds it in 5 % of draws.
        tolerance: So much more is allowed.
        rows: How many rows.
        leavers: How many of them left.
    """

    chance: float
    tolerance: float
    rows: int
    leavers: int

    @property
    def highest(self) -> float:
        """Chance and tolerance together."""
        return self.chance + self.tolerance


def calibration_bound(
    rows: pl.DataFrame, *, tolerance: float, most: float, seed: int = 0
) -> CalibrationBound:
    """The bound for these rows.

    If the risks are right, so many of a bin's rows leave as a binomial of its mean risk says; the
    calibration error of such draws is what chance alone makes of a perfect model (the consistency
    resampling of Bröcker and Smith, "Increasing the Reliability of Reliability Diagrams", 2007).

    Args:
        rows: The judged rows: ``subscriber_id``, ``as_of``, ``churned``, ``risk``.
        tolerance: Allowed beyond chance, as a share of the rate of leaving or of staying, whichever
            is less,
        most: but so much at most.
        seed: Decides the draws.
    """
    bins = calibration_bins(rows)
    count, risk = bins["rows"].to_numpy(), np.clip(bins["risk"].to_numpy(), 0, 1)
    drawn = np.random.default_rng(seed).binomial(count, risk, (_DRAWS, len(count)))
    errors = np.abs(drawn - count * risk).sum(axis=1) / count.sum()
    leavers = int(rows["churned"].sum())
    rate = leavers / rows.height
    return CalibrationBound(
        chance=float(np.quantile(errors, 0.95)),
        tolerance=min(most, tolerance * min(rate, 1 - rate)),
        rows=rows.height,
        leavers=leavers,
    )
