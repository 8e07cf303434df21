"""The thresholds of advice. Apart from the advice itself, so that settings load fast."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """The thresholds from which support is advised to act.

    Attributes:
        high: From this risk on the advice is to save the subscriber.
        stays: Who was in the high band the night before is still to be saved from this share of
            ``high`` on, as the band is kept.
        offer_from: From this probability of expansion on the advice is an offer.
    """

    high: float = 0.25
    stays: float = 0.8
    offer_from: float = 0.10


DEFAULT_THRESHOLDS = Thresholds()
