"""Learn the calibration of later months from out-of-fold scores."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

from perdura.models.predictor.calibration import LEAST_SLOPE
from perdura.models.predictor.hazard_calibration import HazardCalibration, terms

#: Prior standard deviation of each slope, as in ``learn_platt``.
_SPREAD = 0.5
#: Prior means: of the score, of the risk, of the early risk, of the early months.
_EXPECTED = np.array([1.0, 0.0, 0.0, 0.0])
# A higher score never lowers a hazard, and the first month's risk never counts less early than
# late. The slope of the risk itself may be negative: trees can overstate it in far months.
_BOUNDS: list[tuple[float | None, float | None]] = [
    (LEAST_SLOPE, 10.0),
    (None, None),
    (0.0, 10.0),
    (None, None),
    (None, None),
]


def learn_hazard_calibration(
    score: np.ndarray, risk: np.ndarray, month: np.ndarray, left: np.ndarray, share: float = 1.0
) -> HazardCalibration:
    """The calibration of maximum likelihood; a few churners hardly move its slopes.

    Args:
        score: Out-of-fold scores of person-months.
        risk: Out-of-fold risk of churn in the first month.
        month: Month of each, from 1 on.
        left: Whether they left in it, 0 or 1.
        share: Share of the person-months without churn that is present.
    """
    columns = np.stack(terms(score, risk, month), axis=1)
    rows = len(columns)
    # One row more of each class, spread over all: no outcome is certain.
    leavers, others = float(left.sum()), float((1 - left).sum())
    target = np.where(left > 0, (leavers + 1) / (leavers + 2), 1 / (others + 2))

    def log_loss(line: np.ndarray) -> tuple[float, np.ndarray]:
        odds: np.ndarray = columns @ line[:-1] + line[-1]
        residual: np.ndarray = expit(odds) - target
        prior = (line[:-1] - _EXPECTED) / _SPREAD
        loss = np.mean(np.logaddexp(0, odds) - target * odds) + (prior**2).sum() / 2 / rows
        slope = residual @ columns / rows + prior / _SPREAD / rows
        return float(loss), np.append(slope, np.mean(residual))

    start = np.append(_EXPECTED, logit(float(target.mean())) - columns[:, 0].mean())
    found = minimize(log_loss, start, jac=True, method="L-BFGS-B", bounds=_BOUNDS).x
    # Odds among the present rows are the true odds over the share.
    found[-1] += np.log(share)
    return HazardCalibration(*found.tolist())
