"""From where on something is advised. Apart from what advises, so that settings load at once."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From where on support is advised to act.

    Attributes:
        high: From this risk on a subscriber is to be saved.
        offer_from: From this probability of expanding on an offer is due.
    """

    high: float = 0.25
    offer_from: float = 0.10


DEFAULT_THRESHOLDS = Thresholds()
