"""The stated chance that a subscriber takes a larger plan this month, from the signs alone.

Each considers it every second month. As moves fall in ``[start + 2 days, start + 28 days)``, the 60
days from the start of a month in which one considers hold that month's decision and no other: the
next but one begins 59 days later at the earliest, and its moves 61. So what comes of 60 days is
known exactly at the start of every second month of each person, and of the months between it is
not: it hangs on signs that are still to come.

The constants were set by simulating, so that about 1.3 in 100 take a larger plan a month, and the
best possible ROC AUC at 60 days is about 0.78.
"""

import numpy as np

from perdura.sources.simulator.signs import SimulatedSigns
from perdura.sources.simulator.vectors import Bools, Floats, Ints, Month

_BASE = -4.3
#: From the largest plan there is no larger one to take.
_PLAN = np.array([0.2, 0.4, 0.0, -np.inf])
_ANNUAL = -0.4
#: No chance is above this: other decisions of the month are drawn from there on.
_AT_MOST = 0.24


def considers(number: Ints, month: Month) -> Bools:
    """Whether the people with these numbers consider a larger plan in that month."""
    return (number + month.count) % 2 == 0


def expansion(s: SimulatedSigns) -> Floats:
    """The chance of taking a larger plan this month, of those who consider it and stay."""
    calm = _BASE + _PLAN[s.plan] + _ANNUAL * s.annual + 0.25 * np.clip(s.seats - 3, 0, 4)
    settled = (s.tenure_days >= 75) & (s.tenure_days < 540)
    # Log odds of what speaks for more: learning how to use it, liking it, having settled in.
    wants = (
        1.1 * np.minimum(s.how_to_tickets, 2)
        + 1.1 * (s.high_ratings > 0)
        + 0.7 * settled
        + 0.9 * s.renews
    )
    # And of what speaks against: trouble with support or money, a change just made.
    minds = (
        1.2 * np.minimum(s.open_tickets, 2)
        + 1.6 * (s.low_ratings > 0)
        + 1.2 * (s.escalations > 0)
        + 0.7 * np.minimum(s.failures, 2)
        + 1.5 * (s.unpaid > 0)
        + 0.9 * (s.price_rises > 0)
        + 1.6 * (s.downgrades > 0)
        + 1.2 * (s.upgrades > 0)
        + 0.9 * (s.tenure_days < 45)
    )
    return np.minimum(1 / (1 + np.exp(-(calm + wants - minds))), _AT_MOST)
