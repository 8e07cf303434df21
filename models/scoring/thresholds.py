"""The thresholds of advice. Apart from the advice itself, so that settings load fast."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """The thresholds from which support is advised to act.

    Attributes:
        high: From this risk on the advice is to save the subscriber.
        offer_from: From this probability of expansion on the advice is an offer.
    """

    high: float = 0.25
    offer_from: float = 0.10


DEFAULT_THRESHOLDS = Thresholds()
