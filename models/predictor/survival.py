"""The survival model: the hazard of each later month, the share of the remaining that leaves."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.special import logit

from perdura.models.boosting.booster import Booster
from perdura.models.boosting.learner import LEARNER
from perdura.models.boosting.tree_scores import scores_by_month
from perdura.models.predictor.calibration import Calibration, from_json
from perdura.models.predictor.hazard_calibration import HazardCalibration

#: The columns that the trees read after those of the contract, in this order: the log-odds of
#: churn in the first month, and the number of the month. Older models do not read the first.
FIRST_MONTH, MONTH = "first_month", "month"

#: Its folder among the files of the churn model that it goes with.
FOLDER = "survival"

_BOOSTER_FILE, _CALIBRATION_FILE = "booster.txt", "calibration.json"
_LEAST = 1e-6


@dataclass(frozen=True, kw_only=True)
class SurvivalModel:
    """Discrete-time hazards (Singer and Willett 1993) of the months after the first.

    Attributes:
        booster_text: LightGBM's text of the trees that score churn in a month, from the
            contract's columns, the first month's log-odds and the number of the month, 1 to 11.
        calibration: From those scores to the hazard. Models saved before 2026-11-30 have a
            calibration of the score only, and trees that do not read the first month's log-odds.
    """

    booster_text: str
    calibration: HazardCalibration | Calibration

    @cached_property
    def booster(self) -> Booster:
        """The trees."""
        return LEARNER.from_text(self.booster_text)

    def hazards(self, matrix: np.ndarray, risk: np.ndarray) -> np.ndarray:
        """The hazard of each month after the first, if the subscriber has not left before.

        Args:
            matrix: Encoded columns of the contract.
            risk: Calibrated risk of churn in the first month, one per row.

        Returns:
            One row per row, one column per month 1 to 11, in (0, 1).
        """
        if not isinstance(self.calibration, HazardCalibration):
            return self.calibration.apply(scores_by_month(self.booster_text, matrix, MONTHS - 1))
        score = scores_by_month(self.booster_text, with_first_month(matrix, risk), MONTHS - 1)
        return self.calibration.apply(score, risk[:, None], np.arange(1, MONTHS))

    def save(self, folder: Path) -> None:
        """Write it into a folder of its own in ``folder``, as text and JSON."""
        own = folder / FOLDER
        own.mkdir(parents=True, exist_ok=True)
        (own / _BOOSTER_FILE).write_text(self.booster_text, encoding="utf-8")
        text = json.dumps(self.calibration.to_json(), indent=1)
        (own / _CALIBRATION_FILE).write_text(text, encoding="utf-8")

    @staticmethod
    def load(folder: Path) -> "SurvivalModel | None":
        """What ``save`` wrote into ``folder``; ``None`` where a model has none."""
        own = folder / FOLDER
        if not own.is_dir():
            return None
        stored = json.loads((own / _CALIBRATION_FILE).read_text(encoding="utf-8"))
        by_risk = stored["kind"] == HazardCalibration.kind
        return SurvivalModel(
            booster_text=(own / _BOOSTER_FILE).read_text(encoding="utf-8"),
            calibration=HazardCalibration.from_json(stored) if by_risk else from_json(stored),
        )


def survival(risk: np.ndarray, hazards: np.ndarray) -> np.ndarray:
    """The probability that each subscriber is still there at the end of each month.

    Args:
        risk: Risk of churn in the first month.
        hazards: Hazards of the months after it, from ``SurvivalModel.hazards``.

    Returns:
        One row per row, one column per month, 1 to 12, never rising; the first is 1 - risk.
    """
    return np.cumprod(1 - np.column_stack([risk, hazards]), axis=1)


def with_first_month(matrix: np.ndarray, risk: np.ndarray) -> np.ndarray:
    """Encoded columns and, after them, the log-odds of churn in the first month."""
    return with_column(matrix, logit(np.clip(risk, _LEAST, 1 - _LEAST)))


def with_column(matrix: np.ndarray, values: np.ndarray | int) -> np.ndarray:
    """Encoded columns and, after them, one column more, e.g. the number of the month."""
    wider = np.empty((len(matrix), matrix.shape[1] + 1))
    wider[:, :-1], wider[:, -1] = matrix, values
    return wider


#: Months of the survival curve.
MONTHS = 12
