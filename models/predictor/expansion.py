"""The expansion model: how likely a subscriber is to choose to pay more."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import numpy as np

from perdura.models.boosting.booster import Booster
from perdura.models.boosting.learner import LEARNER
from perdura.models.boosting.tree_scores import scores
from perdura.models.predictor.calibration import Calibration, from_json

#: Its folder among the files of the churn model that it goes with.
FOLDER = "expansion"

_BOOSTER_FILE, _SETTINGS_FILE = "booster.txt", "expansion.json"


@dataclass(frozen=True, kw_only=True)
class ExpansionModel:
    """A fitted and calibrated model of expansion. It reads the columns of its churn model.

    Attributes:
        booster_text: LightGBM's text of the trees that give the log-odds of expanding.
        calibration: From those log-odds to a probability.
        days: Length of the window, ``[as_of + lead, as_of + lead + days)``.
        fitted_until: Nothing that happened from this moment on was used to fit or calibrate.
    """

    booster_text: str
    calibration: Calibration
    days: int
    fitted_until: datetime

    @cached_property
    def booster(self) -> Booster:
        """The trees."""
        return LEARNER.from_text(self.booster_text)

    def predict_encoded(self, matrix: np.ndarray) -> np.ndarray:
        """The probability that each row's subscriber chooses to pay more, in (0, 1).

        Args:
            matrix: Columns encoded by the contract of its churn model.
        """
        return self.calibration.apply(scores(self.booster_text, matrix))

    def save(self, folder: Path) -> None:
        """Write it into a folder of its own in ``folder``, as text and JSON."""
        own = folder / FOLDER
        own.mkdir(parents=True, exist_ok=True)
        (own / _BOOSTER_FILE).write_text(self.booster_text, encoding="utf-8")
        settings = {
            "days": self.days,
            "fitted_until": self.fitted_until.isoformat(),
            "calibration": self.calibration.to_json(),
        }
        text = json.dumps(settings, indent=1, ensure_ascii=False)
        (own / _SETTINGS_FILE).write_text(text, encoding="utf-8")

    @staticmethod
    def load(folder: Path) -> "ExpansionModel | None":
        """What ``save`` wrote into ``folder``; ``None`` where a model has none."""
        own = folder / FOLDER
        if not own.is_dir():
            return None
        stored = json.loads((own / _SETTINGS_FILE).read_text(encoding="utf-8"))
        return ExpansionModel(
            booster_text=(own / _BOOSTER_FILE).read_text(encoding="utf-8"),
            calibration=from_json(stored["calibration"]),
            days=stored["days"],
            fitted_until=datetime.fromisoformat(stored["fitted_until"]),
        )
