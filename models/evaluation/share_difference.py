"""The difference of two shares: its interval, and the sample sizes to detect it."""

from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist

from perdura.models.evaluation.intervals import Interval

_SURE = NormalDist().inv_cdf(0.975)
_POWER = NormalDist().inv_cdf(0.8)


@dataclass(frozen=True, slots=True)
class Share:
    """``count`` of ``total`` people, at least one."""

    count: int
    total: int

    @property
    def value(self) -> float:
        """In [0, 1]."""
        return self.count / self.total

    @property
    def interval(self) -> Interval:
        """The 95 % interval of the true share.

        Wilson's score interval ("Probable Inference, the Law of Succession, and Statistical
        Inference", JASA 22, 1927).
        """
        centre = self.count + _SURE**2 / 2
        spread = _SURE * sqrt(self.count * (1 - self.value) + _SURE**2 / 4)
        whole = self.total + _SURE**2
        return Interval(max(0.0, (centre - spread) / whole), min(1.0, (centre + spread) / whole))


def difference(one: Share, other: Share) -> Interval:
    """The 95 % interval of the true difference of the shares, one less the other.

    Newcombe's hybrid score interval ("Interval Estimation for the Difference between Independent
    Proportions: Comparison of Eleven Methods", Statistics in Medicine 17, 1998, method 10): it
    stays within [-1, 1], and holds with few people and with shares near one, as retention is.
    """
    distance = one.value - other.value
    interval, other_interval = one.interval, other.interval
    below = sqrt((one.value - interval.low) ** 2 + (other_interval.high - other.value) ** 2)
    above = sqrt((interval.high - one.value) ** 2 + (other.value - other_interval.low) ** 2)
    return Interval(distance - below, distance + above)


def sample_sizes(one: float, other: float, ratio: float) -> tuple[int, int]:
    """The sizes of both samples to detect the difference of two true shares with 80 % power.

    Two-sided at 5 %. Fleiss, Levin and Paik, "Statistical Methods for Rates and Proportions", 3rd
    edition, 2003, chapter 4, for unequal sizes, without correction for continuity.

    Args:
        one: A share.
        other: The other share, different from it.
        ratio: Size of the first sample over that of the second.
    """
    mean = (ratio * one + other) / (ratio + 1)
    null = _SURE * sqrt((ratio + 1) * mean * (1 - mean))
    power = _POWER * sqrt(one * (1 - one) + ratio * other * (1 - other))
    others = (null + power) ** 2 / (ratio * (one - other) ** 2)
    return ceil(others * ratio), ceil(others)
