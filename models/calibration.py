"""From the booster's score to a probability: learnt later, rising, without ties."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

# The slope stays above zero, so that calibrating never turns or joins what the booster ranked.
_SLOPES = (0.01, 10.0)

# How far from one a slope is expected: a handful of leavers does not make small differences large.
_SLOPE_SPREAD = 0.5


@dataclass(frozen=True, slots=True)
class Calibration:
    """``risk = 1 / (1 + exp(-(slope * score + intercept)))``, score in log-odds.

    Attributes:
        slope: Above one where the booster was too timid, below where it was too bold.
        intercept: Log-odds that were missing everywhere.
    """

    slope: float = 1.0
    intercept: float = 0.0

    def apply(self, score: np.ndarray) -> np.ndarray:
        """Calibrated probabilities of raw scores, in the scores' order, inside (0, 1)."""
        return np.clip(expit(self.slope * score + self.intercept), 1e-6, 1 - 1e-6)


def learn_calibration(score: np.ndarray, happened: np.ndarray) -> Calibration:
    """The slope and intercept under which what happened was likeliest (Platt).

    Platt's own counts, one added to each side, keep a handful of rows from certainty, and so does
    a slope that is taken to lie near one until the rows say otherwise.

    Args:
        score: Raw scores (log-odds) of rows that were not fitted.
        happened: Whether it did, 0 or 1, one for each score.
    """
    many, few = int((1 - happened).sum()), int(happened.sum())
    target = np.where(happened > 0, (few + 1) / (few + 2), 1 / (many + 2))

    def surprise(line: np.ndarray) -> tuple[float, np.ndarray]:
        logit = line[0] * score + line[1]
        wrong = expit(logit) - target
        away = (line[0] - 1) / _SLOPE_SPREAD
        loss = np.mean(np.logaddexp(0, logit) - target * logit) + away**2 / 2 / len(score)
        pull = away / _SLOPE_SPREAD / len(score)
        return float(loss), np.array([np.mean(wrong * score) + pull, np.mean(wrong)])

    found = minimize(
        surprise, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[_SLOPES, (None, None)]
    )
    return Calibration(float(found.x[0]), float(found.x[1]))
