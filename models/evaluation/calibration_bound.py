"""The highest calibration error allowed: what chance explains, and a share of the churn rate."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from perdura.models.evaluation.metrics import calibration_bins

_DRAWS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationBound:
    """The highest calibration error allowed.

    Attributes:
        chance: A well calibrated model with these risks exceeds it in 5 % of draws.
        tolerance: Allowed beyond chance.
        rows: Number of rows.
        leavers: Number of churners among them.
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

    If the risks are right, the churners of a bin follow a binomial of its mean risk; the
    calibration error of such draws is that of a perfect model by chance alone (the consistency
    resampling of Bröcker and Smith, "Increasing the Reliability of Reliability Diagrams", 2007).

    Args:
        rows: The test rows: ``subscriber_id``, ``as_of``, ``churned``, ``risk``.
        tolerance: Allowed beyond chance, as a share of the churn rate or of the retention rate,
            whichever is less,
        most: with this upper limit.
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
