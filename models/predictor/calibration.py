"""From the booster's score to a probability: monotone, without ties."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit

#: The least slope of every curve, so that calibration never reverses or ties a ranking.
LEAST_SLOPE = 0.01

_NEAR = 1e-6


@dataclass(frozen=True, slots=True)
class Calibration(ABC):
    """A monotone curve from raw scores (log-odds) to calibrated log-odds."""

    kind: ClassVar[str]

    @abstractmethod
    def log_odds(self, score: np.ndarray) -> np.ndarray:
        """Calibrated log-odds of raw scores."""

    @abstractmethod
    def moved(self, by: float) -> "Calibration":
        """The same curve with ``by`` added to its log-odds everywhere."""

    def apply(self, score: np.ndarray) -> np.ndarray:
        """Calibrated probabilities of raw scores, in the scores' order, inside (0, 1)."""
        return np.clip(expit(self.log_odds(score)), 1e-6, 1 - 1e-6)

    def slope(self, base: float, score: np.ndarray) -> np.ndarray:
        """The mean slope of the curve between ``base`` and each score.

        Contributions that add up from ``base`` to the score add up, times this, to the calibrated
        score.
        """
        distance = np.asarray(score, np.float64) - base
        distance = np.where(np.abs(distance) < _NEAR, _NEAR, distance)
        return (self.log_odds(base + distance) - self.log_odds(np.asarray(base))) / distance

    def to_json(self) -> dict[str, Any]:
        """The curve as plain values."""
        return {"kind": self.kind} | asdict(self)


@dataclass(frozen=True, slots=True)
class Platt(Calibration):
    """A line (Platt, "Probabilistic Outputs for Support Vector Machines", 1999).

    Attributes:
        steepness: Above one where the booster was underconfident, below where overconfident.
        intercept: Log-odds added everywhere.
    """

    kind: ClassVar[str] = "platt"
    steepness: float = 1.0
    intercept: float = 0.0

    def log_odds(self, score: np.ndarray) -> np.ndarray:
        """As ``Calibration.log_odds``."""
        return self.steepness * score + self.intercept

    def moved(self, by: float) -> "Platt":
        """As ``Calibration.moved``."""
        return replace(self, intercept=self.intercept + by)


@dataclass(frozen=True, slots=True)
class Beta(Calibration):
    """A line that bends once (Kull, Silva Filho and Flach, "Beta calibration", 2017).

    ``a * ln(p) - b * ln(1 - p) + c``, with ``p`` the probability that the raw score would be.

    Attributes:
        a: Slope where scores are low.
        b: Slope where scores are high.
        c: Log-odds added everywhere.
    """

    kind: ClassVar[str] = "beta"
    a: float = 1.0
    b: float = 1.0
    c: float = 0.0

    def log_odds(self, score: np.ndarray) -> np.ndarray:
        """As ``Calibration.log_odds``."""
        return self.b * np.logaddexp(0, score) - self.a * np.logaddexp(0, -score) + self.c

    def moved(self, by: float) -> "Beta":
        """As ``Calibration.moved``."""
        return replace(self, c=self.c + by)


@dataclass(frozen=True, slots=True)
class Isotonic(Calibration):
    """Centered isotonic regression (Oron and Flournoy, 2017): ascending steps, joined through
    their middles, so that no new ties appear; almost flat beyond the outermost steps.

    Attributes:
        scores: The middle of each step, ascending.
        levels: The calibrated log-odds there, ascending.
    """

    kind: ClassVar[str] = "isotonic"
    scores: tuple[float, ...]
    levels: tuple[float, ...]

    def log_odds(self, score: np.ndarray) -> np.ndarray:
        """As ``Calibration.log_odds``."""
        beyond = score - np.clip(score, self.scores[0], self.scores[-1])
        return np.interp(score, self.scores, self.levels) + LEAST_SLOPE * beyond

    def moved(self, by: float) -> "Isotonic":
        """As ``Calibration.moved``."""
        return replace(self, levels=tuple(level + by for level in self.levels))


def from_json(stored: Mapping[str, Any]) -> Calibration:
    """The curve that ``to_json`` wrote."""
    match dict(stored):
        case {"kind": Platt.kind, **numbers}:
            return Platt(**numbers)
        case {"kind": Beta.kind, **numbers}:
            return Beta(**numbers)
        case {"kind": Isotonic.kind, "scores": scores, "levels": levels}:
            return Isotonic(tuple(scores), tuple(levels))
        case other:
            raise ValueError(f"no calibration of kind {other.get('kind')!r} is known")
