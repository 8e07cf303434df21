"""Learn the calibration of later months from scores of people that the trees had not seen."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

from perdura.models.predictor.calibration import LEAST_SLOPE
from perdura.models.predictor.hazard_calibration import HazardCalibration, terms

#: How far each slope is expected from what it is without evidence, as that of ``learn_platt``.
_SPREAD = 0.5
#: Slopes without evidence: of the score, of the risk, of the risk at first, of being soon.
_EXPECTED = np.array([1.0, 0.0, 0.0, 0.0])
# A higher score never lowers a hazard, nor does being at risk count less soon than long after. Of
# the risk itself trees may have said too much of far months, which its own slope takes back.
_BOUNDS = [(LEAST_SLOPE, 10.0), (None, None), (0.0, 10.0), (None, None), (None, None)]


def learn_hazard_calibration(
    score: np.ndarray, risk: np.ndarray, month: np.ndarray, left: np.ndarray, share: float = 1.0
) -> HazardCalibration:
    """The calibration under which what came was likeliest; few leavers hardly move its slopes.

    Args:
        score: Scores of person-months whose trees were grown on other people.
        risk: Of leaving in the first month, from trees that were grown on other people.
        month: Of each, from 1 on.
        left: Whether they left in it, 0 or 1.
        share: Of the person-months without a leaver, so many are there.
    """
    columns = np.stack(terms(score, risk, month), axis=1)
    rows = len(columns)
    # One leaver and one stayer more, spread over all: nothing is certain.
    target = np.where(left > 0, (left.sum() + 1) / (left.sum() + 2), 1 / ((1 - left).sum() + 2))

    def log_loss(line: np.ndarray) -> tuple[float, np.ndarray]:
        said = columns @ line[:-1] + line[-1]
        wrong, away = expit(said) - target, (line[:-1] - _EXPECTED) / _SPREAD
        loss = np.mean(np.logaddexp(0, said) - target * said) + (away**2).sum() / 2 / rows
        slope = wrong @ columns / rows + away / _SPREAD / rows
        return float(loss), np.append(slope, np.mean(wrong))

    start = np.append(_EXPECTED, logit(target.mean()) - columns[:, 0].mean())
    found = minimize(log_loss, start, jac=True, method="L-BFGS-B", bounds=_BOUNDS).x
    # Odds among the rows that are there are the true odds over the share.
    found[-1] += np.log(share)
    return HazardCalibration(*found.tolist())
