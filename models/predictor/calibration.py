"""From the booster's score to a probability: rising, without ties."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit

#: The curve stays this steep at least, so that calibrating never turns or joins what was ranked.
LEAST_SLOPE = 0.01

_NEAR = 1e-6


@dataclass(frozen=True, slots=True)
class Calibration(ABC):
    """A rising curve from raw scores (log-odds) to calibrated log-odds."""

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
        """What one log-odds of the score is worth, calibrated, on the way from ``base`` to it.

        So what adds up from ``base`` to the score adds up, times this, to the calibrated score.
        """
        away = np.asarray(score, np.float64) - base
        away = np.where(np.abs(away) < _NEAR, _NEAR, away)
        return (self.log_odds(base + away) - self.log_odds(np.asarray(base))) / away

    def to_json(self) -> dict[str, Any]:
        """The curve as plain values."""
        return {"kind": self.kind} | asdict(self)


@dataclass(frozen=True, slots=True)
class Platt(Calibration):
    """A line (Platt, "Probabilistic Outputs for Support Vector Machines", 1999).

    Attributes:
        steepness: Above one where the booster was too timid, below where it was too bold.
        intercept: Log-odds that were missing everywhere.
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
        a: Steepness where scores are low.
        b: Steepness where scores are high.
        c: Log-odds that were missing everywhere.
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
    """Steps that only rise, joined through their middles (Oron and Flournoy, "Centered Isotonic
    Regression", 2017), so that nobody ties who did not; almost flat beyond the outermost.

    Attributes:
        scores: The middle of each step, rising.
        levels: The calibrated log-odds there, rising.
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


def from_json(told: Mapping[str, Any]) -> Calibration:
    """The curve that ``to_json`` wrote."""
    match dict(told):
        case {"kind": Platt.kind, **numbers}:
            return Platt(**numbers)
        case {"kind": Beta.kind, **numbers}:
            return Beta(**numbers)
        case {"kind": Isotonic.kind, "scores": scores, "levels": levels}:
            return Isotonic(tuple(scores), tuple(levels))
        case other:
            raise ValueError(f"no calibration of kind {other.get('kind')!r} is known")
