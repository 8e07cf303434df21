"""How long people stay: month by month, the share that leaves of those who had not before."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import logit

from perdura.models.boosting.booster import Booster, load_booster
from perdura.models.boosting.tree_scores import scores_by_month
from perdura.models.predictor.calibration import Calibration, from_json
from perdura.models.predictor.hazard_calibration import HazardCalibration

#: The columns that the trees read after those of the contract, in this order: the log-odds of
#: leaving in the first month, and the month asked about. Older models do not read the first.
FIRST_MONTH, MONTH = "first_month", "month"

#: Its folder among the files of the churn model that it goes with.
FOLDER = "survival"

_BOOSTER_FILE, _CALIBRATION_FILE = "booster.txt", "calibration.json"
_LEAST = 1e-6


@dataclass(frozen=True, kw_only=True)
class SurvivalModel:
    """Discrete-time hazards (Singer and Willett 1993) of the months after the first.

    Attributes:
        booster_text: LightGBM's text of the trees that score leaving in a month, from the
            contract's columns, the first month's log-odds and the number of the month, 1 to 11.
        calibration: From those scores to the hazard. Models that were learnt before 2026-11-30
            have one of scores alone, and trees that do not read the first month's log-odds.
    """

    booster_text: str
    calibration: HazardCalibration | Calibration

    @cached_property
    def booster(self) -> Booster:
        """The trees."""
        return load_booster(self.booster_text)

    def hazards(self, matrix: np.ndarray, risk: np.ndarray) -> np.ndarray:
        """How likely each is to leave in each month after the first, if they have not before.

        Args:
            matrix: Encoded columns of the contract.
            risk: Of leaving in the first month, calibrated; one per row.

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
        """What ``save`` wrote into ``folder``; none where nobody learnt it."""
        own = folder / FOLDER
        if not own.is_dir():
            return None
        stored = json.loads((own / _CALIBRATION_FILE).read_text(encoding="utf-8"))
        return SurvivalModel(
            booster_text=(own / _BOOSTER_FILE).read_text(encoding="utf-8"),
            calibration=_calibration(stored),
        )


def survival(risk: np.ndarray, hazards: np.ndarray) -> np.ndarray:
    """How likely each is to be there still at the end of each month.

    Args:
        risk: Of leaving in the first month.
        hazards: Of the months after it, as of ``SurvivalModel.hazards``.

    Returns:
        One row per row, one column per month, 1 to 12, never rising; the first is 1 - risk.
    """
    return np.cumprod(1 - np.column_stack([risk, hazards]), axis=1)


def with_first_month(matrix: np.ndarray, risk: np.ndarray) -> np.ndarray:
    """Encoded columns and, after them, the log-odds of leaving in the first month."""
    return _with_column(matrix, logit(np.clip(risk, _LEAST, 1 - _LEAST)))


def in_month(matrix: np.ndarray, month: np.ndarray | int) -> np.ndarray:
    """Encoded columns and, after them, the month that each row is asked about."""
    return _with_column(matrix, month)


def _with_column(matrix: np.ndarray, values: np.ndarray | int) -> np.ndarray:
    wider = np.empty((len(matrix), matrix.shape[1] + 1))
    wider[:, :-1], wider[:, -1] = matrix, values
    return wider


def _calibration(stored: Mapping[str, Any]) -> HazardCalibration | Calibration:
    if stored["kind"] == HazardCalibration.kind:
        return HazardCalibration.from_json(stored)
    return from_json(stored)


#: Months that people are followed for.
MONTHS = 12
