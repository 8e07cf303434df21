"""The level of the risks: their mean, set by the newest outcomes that had closed.

A calibration is learnt from several dates, and the churn rate moves from month to month. The shape
of the curve needs all of them; its level is set by the newest only.
"""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
from scipy.optimize import root_scalar
from scipy.special import expit

from perdura.models.boosting.booster import Examples
from perdura.models.boosting.learner import LEARNER
from perdura.models.dataset.split import Split
from perdura.models.evaluation.risk_level import Level
from perdura.models.predictor.calibration import Calibration
from perdura.models.predictor.churn_model import ChurnModel

#: With this many churners, half of the observed shift is applied: the level of two months seldom
#: differs by more than a tenth (0.1 log-odds), and its variance from n churners is 1 / n.
LEAVERS_FOR_HALF = 100

#: At least 1 - 4 / z ** 2 of a shift of z standard errors is applied: a shift far beyond chance
#: is real (the positive part of James and Stein's estimator, at two standard errors).
_BEYOND_CHANCE = 4.0

_FARTHEST = 20.0


def level_shift(log_odds: np.ndarray, happened: np.ndarray) -> float:
    """The log-odds to add to all rows, so that the mean risk equals the observed rate.

    Half a row of each class is added, so that the shift is finite with one class only.

    Args:
        log_odds: Calibrated log-odds.
        happened: The outcome, 0 or 1, one per row.
    """
    rate = (float(happened.sum()) + 0.5) / (len(happened) + 1)

    def too_high(shift: float) -> float:
        return float(expit(log_odds + shift).mean()) - rate

    return float(root_scalar(too_high, bracket=(-_FARTHEST, _FARTHEST)).root)


def shrunk(shift: float, leavers: int) -> float:
    """The part of a shift to apply: n / (n + 100) of n churners, more if beyond chance."""
    evidence = leavers / (leavers + LEAVERS_FOR_HALF)
    squared_errors = max(shift**2 * leavers, _BEYOND_CHANCE)
    return shift * max(evidence, 1 - _BEYOND_CHANCE / squared_errors)


def shifted(calibration: Calibration, score: np.ndarray, happened: np.ndarray) -> Calibration:
    """The calibration with its intercept moved towards the observed rate; its shape stays.

    Args:
        calibration: The curve.
        score: Raw scores of rows that were not fitted.
        happened: The outcome, 0 or 1, one per score.
    """
    found = level_shift(calibration.log_odds(score), happened)
    return calibration.moved(shrunk(found, int(happened.sum())))


def with_newest_level(
    model: ChurnModel, split: Split, calibrate: Examples, gap_days: int
) -> tuple[ChurnModel, Level | None]:
    """The model at the level of the newest date with outcomes closed before the test set.

    Args:
        model: Calibrated on ``split.calibrate``.
        split: The parts; of the test set only the first date is read.
        calibrate: ``split.calibrate``, encoded.
        gap_days: Days after its date until an outcome is known.

    Returns:
        The model and where its level comes from; the model unchanged and ``None``, where no date
        of the calibration set had closed by then, or it has one class only.
    """
    closed = pl.col("as_of") + timedelta(days=gap_days) <= pl.lit(split.judged_from)
    newest = pl.col("as_of").filter(closed).max()
    at_newest = split.calibrate.select((pl.col("as_of") == newest).fill_null(value=False))
    selected = at_newest.to_series().to_numpy()
    happened = calibrate.happened[selected]
    if not 0 < happened.sum() < len(happened):
        return model, None
    score, leavers = (
        LEARNER.raw_scores(model.booster, calibrate.matrix[selected]),
        int(happened.sum()),
    )
    found = level_shift(model.calibration.log_odds(score), happened)
    level = Level(
        newest=split.calibrate["as_of"].filter(pl.Series(selected))[0],
        judged_from=split.judged_from,
        rows=len(happened),
        leavers=leavers,
        shift=shrunk(found, leavers),
    )
    return replace(model, calibration=model.calibration.moved(level.shift)), level
