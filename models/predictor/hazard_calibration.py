"""From scores of later months to hazards, by the risk of the first month and the months since.

Trees that see all months together are underconfident just after the first: a subscriber at risk
today is still at risk a month later, and a year later is like the others.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit, logit

_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class HazardCalibration:
    """``score_slope * score + (risk_slope + early_risk_slope / month) * risk + early / month``
    ``+ intercept``, all in log-odds; never falling in the score.

    Attributes:
        score_slope: Weight of the trees' score.
        risk_slope: Weight of the first month's risk in every month, besides its part in the score.
        early_risk_slope: Additional weight of it in month 1, half of that in month 2, and so on.
        early: Log-odds added in month 1, half of that in month 2, and so on.
        intercept: Log-odds added in every month.
    """

    kind: ClassVar[str] = "by_risk"
    score_slope: float = 1.0
    risk_slope: float = 0.0
    early_risk_slope: float = 0.0
    early: float = 0.0
    intercept: float = 0.0

    def apply(self, score: np.ndarray, risk: np.ndarray, month: np.ndarray) -> np.ndarray:
        """Hazards, inside (0, 1).

        Args:
            score: Scores of the trees.
            risk: Risk of churn in the first month; broadcast against ``score``.
            month: From 1 on; broadcast against ``score``.
        """
        slopes = [self.score_slope, self.risk_slope, self.early_risk_slope, self.early]
        log_odds = self.intercept
        for slope, column in zip(slopes, terms(score, risk, month), strict=True):
            log_odds = log_odds + slope * column
        return np.clip(expit(log_odds), _LEAST, 1 - _LEAST)

    def to_json(self) -> dict[str, Any]:
        """The calibration as plain values."""
        return {"kind": self.kind} | asdict(self)

    @staticmethod
    def from_json(stored: Mapping[str, Any]) -> "HazardCalibration":
        """What ``to_json`` wrote."""
        return HazardCalibration(**{name: stored[name] for name in stored if name != "kind"})


def terms(score: np.ndarray, risk: np.ndarray, month: np.ndarray) -> list[np.ndarray]:
    """The terms that the slopes multiply, in the order of the attributes."""
    log_odds = logit(np.clip(risk, _LEAST, 1 - _LEAST))
    return [score, log_odds, log_odds / month, 1 / month]
