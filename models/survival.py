"""How long people stay: month by month, the share that leaves of those who had not before."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import lightgbm as lgb
import numpy as np

from models.calibration import Calibration, from_json
from models.fit import load_booster
from models.months import MONTHS
from models.nodes import scores_by_month

#: The column that the trees read after those of the contract.
MONTH = "month"

#: Its folder among the files of the churn model that it goes with.
FOLDER = "survival"

_BOOSTER_FILE, _CALIBRATION_FILE = "booster.txt", "calibration.json"


@dataclass(frozen=True, kw_only=True)
class SurvivalModel:
    """Discrete-time hazards (Singer and Willett 1993) of the months after the first.

    Attributes:
        booster_text: LightGBM's text of the trees that give the log-odds of leaving in a month,
            from the contract's columns and the number of the month, 1 to 11.
        calibration: From those log-odds to the hazard.
    """

    booster_text: str
    calibration: Calibration

    @cached_property
    def booster(self) -> lgb.Booster:
        """The trees."""
        return load_booster(self.booster_text)

    def hazards(self, matrix: np.ndarray) -> np.ndarray:
        """How likely each is to leave in each month after the first, if they have not before.

        Args:
            matrix: Encoded columns of the contract.

        Returns:
            One row per row, one column per month 1 to 11, in (0, 1).
        """
        return self.calibration.apply(scores_by_month(self.booster_text, matrix, MONTHS - 1))

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
            calibration=from_json(stored),
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


def in_month(matrix: np.ndarray, month: np.ndarray | int) -> np.ndarray:
    """Encoded columns and, after them, the month that each row is asked about."""
    asked = np.empty((len(matrix), matrix.shape[1] + 1), order="F")
    asked[:, :-1], asked[:, -1] = matrix, month
    return asked
