"""Two shares: where their difference lies, and how many people it takes to see one."""

from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist

from perdura.models.evaluation.intervals import Interval

_SURE = NormalDist().inv_cdf(0.975)
_POWER = NormalDist().inv_cdf(0.8)


@dataclass(frozen=True, slots=True)
class Share:
    """Of ``of`` people, at least one, so ``many`` did something."""

    many: int
    of: int

    @property
    def value(self) -> float:
        """In [0, 1]."""
        return self.many / self.of

    @property
    def interval(self) -> Interval:
        """Where the true share lies in 95 of 100 such samples.

        Wilson's score interval ("Probable Inference, the Law of Succession, and Statistical
        Inference", JASA 22, 1927): the shares from which what was seen is no further than usual.
        """
        centre = self.many + _SURE**2 / 2
        spread = _SURE * sqrt(self.many * (1 - self.value) + _SURE**2 / 4)
        whole = self.of + _SURE**2
        return Interval(max(0.0, (centre - spread) / whole), min(1.0, (centre + spread) / whole))


def difference(one: Share, other: Share) -> Interval:
    """Where the true difference of the shares, one less the other, lies in 95 of 100 samples.

    Newcombe's hybrid score interval ("Interval Estimation for the Difference between Independent
    Proportions: Comparison of Eleven Methods", Statistics in Medicine 17, 1998, method 10): it
    stays within [-1, 1], and holds with few people and with shares near one, as retention is.
    """
    apart = one.value - other.value
    here, there = one.interval, other.interval
    below = sqrt((one.value - here.low) ** 2 + (there.high - other.value) ** 2)
    above = sqrt((here.high - one.value) ** 2 + (other.value - there.low) ** 2)
    return Interval(apart - below, apart + above)


def people_needed(one: float, other: float, ratio: float) -> tuple[int, int]:
    """How many it takes of each to see the difference of two true shares in 4 of 5 trials.

    Seen is a difference that is no luck at 5 %, on either side. Fleiss, Levin and Paik,
    "Statistical Methods for Rates and Proportions", 3rd edition, 2003, chapter 4, for unequal
    sizes, without correction for continuity.

    Args:
        one: A share.
        other: The other, which is not the same.
        ratio: So many people of the one come on each of the other.
    """
    mean = (ratio * one + other) / (ratio + 1)
    by_luck = _SURE * sqrt((ratio + 1) * mean * (1 - mean))
    missed = _POWER * sqrt(one * (1 - one) + ratio * other * (1 - other))
    others = (by_luck + missed) ** 2 / (ratio * (one - other) ** 2)
    return ceil(others * ratio), ceil(others)
