"""The seam for another learner: what training and the predictor need of one.

Models save the text of their trees. Another learner implements ``Learner`` and replaces
``LEARNER``. Two fast paths read LightGBM's text directly and need a counterpart: attributions in
bulk (``shap_values.explained``) and scores by month (``tree_scores``).
"""

from typing import Protocol

import numpy as np

from perdura.models.boosting.booster import (
    Booster,
    Examples,
    booster_text,
    fit_booster,
    load_booster,
    raw_scores,
)
from perdura.models.boosting.shap_values import contributions
from perdura.models.params import BoosterParams


class Learner(Protocol):
    """Fits trees for log-odds, scores and explains rows, and keeps its trees as text."""

    def fit(
        self, past: Examples, later: Examples | None, names: list[str], params: BoosterParams
    ) -> Booster:
        """Trees fitted on ``past``, as many as improve ``later``; ``None``: ``params.rounds``."""
        ...

    def raw_scores(self, booster: Booster, matrix: np.ndarray) -> np.ndarray:
        """The log-odds of each row, float64."""
        ...

    def contributions(self, booster: Booster, matrix: np.ndarray) -> np.ndarray:
        """What each column adds to each row's score: one row per row, one column per column."""
        ...

    def to_text(self, booster: Booster) -> str:
        """The trees as text, the same for the same rows, columns and parameters."""
        ...

    def from_text(self, text: str) -> Booster:
        """The trees that ``to_text`` wrote."""
        ...


class LightGBM:
    """LightGBM's trees, with exact SHAP values from tables."""

    def fit(
        self, past: Examples, later: Examples | None, names: list[str], params: BoosterParams
    ) -> Booster:
        """As ``fit_booster``."""
        return fit_booster(past, later, names, params)

    def raw_scores(self, booster: Booster, matrix: np.ndarray) -> np.ndarray:
        """As ``raw_scores``."""
        return raw_scores(booster, matrix)

    def contributions(self, booster: Booster, matrix: np.ndarray) -> np.ndarray:
        """As ``contributions``."""
        return contributions(booster, matrix)

    def to_text(self, booster: Booster) -> str:
        """As ``booster_text``."""
        return booster_text(booster)

    def from_text(self, text: str) -> Booster:
        """As ``load_booster``."""
        return load_booster(text)


#: The learner of every model.
LEARNER: Learner = LightGBM()
