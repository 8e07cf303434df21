"""The stated hazard: the chance that an active subscriber leaves this month, by the signs alone.

The constants were set by simulating, so that about 3.2 in 100 leave a month, a bit under a
quarter of them for want of payment, and the best possible ROC AUC at 30 days is about 0.86,
at any size of company.
"""

from dataclasses import dataclass

import numpy as np

from perdura.sources.simulator.signs import SimulatedSigns
from perdura.sources.simulator.vectors import Floats, Ints

#: The signals, named as the features' signals are.
SIGNALS = (
    "unpaid_invoices",
    "payment_failures",
    "refunds_disputes",
    "open_tickets",
    "ticket_volume",
    "slow_support",
    "low_satisfaction",
    "escalations",
    "price_rise",
    "downgrade",
    "pause",
    "tenure",
    "renewal",
)

#: The chance that a departure is undone within 30 days: by choice, for want of payment.
UNDONE_BY_CHOICE = 0.08
UNDONE_BY_PAYMENT = 0.10

_BASE = -4.93
_PLAN = np.array([0.2, 0.0, -0.1, -0.4])
_SEASON = np.array([0.1, 0.0, 0.0, 0.0, 0.0, 0.05, 0.1, 0.1, 0.0, -0.05, -0.05, 0.0])
_ANNUAL = -1.3
#: Log odds of being ended by payment: practically never without an open invoice.
_NOTHING_OWED = -40.0
_OWING = -2.05
#: A signal is named as the cause only if without it the hazard were this much smaller.
_NAMED_FROM = 0.2


@dataclass(frozen=True, slots=True)
class Hazard:
    """Chances of leaving this month, and the signal that adds most to their sum.

    Attributes:
        voluntary: By choice, given that payment does not end it first.
        payment: For want of payment.
        cause: Place in ``SIGNALS``, -1 where no signal stands out.
    """

    voluntary: Floats
    payment: Floats
    cause: Ints

    @property
    def stays(self) -> Floats:
        """Probability of not leaving at all this month, not even to come back."""
        return (1 - self.voluntary) * (1 - self.payment)

    @property
    def risk_voluntary(self) -> Floats:
        """Probability of leaving by choice and not coming back within 30 days."""
        return self.voluntary * (1 - self.payment) * (1 - UNDONE_BY_CHOICE)

    @property
    def risk_payment(self) -> Floats:
        """Probability of being ended for want of payment and not coming back within 30 days."""
        return self.payment * (1 - UNDONE_BY_PAYMENT)


def hazard(signs: SimulatedSigns) -> Hazard:
    """The chances of everyone, and what drives them most."""
    choice, payment = _choice(signs), _payment(signs)
    quiet = _BASE + _PLAN[signs.plan] + _SEASON[signs.of_year] + _ANNUAL * signs.annual
    for_choice = sum(choice.values(), start=quiet)
    for_payment = sum(payment.values(), start=np.full_like(quiet, _NOTHING_OWED))
    whole = _either(for_choice, for_payment)
    lifts = np.stack(
        [
            whole - _either(for_choice - choice.get(s, 0.0), for_payment - payment.get(s, 0.0))
            for s in SIGNALS
        ]
    )
    stands_out = lifts.max(axis=0) > _NAMED_FROM * whole
    cause = np.where(stands_out, lifts.argmax(axis=0), -1)
    return Hazard(_chance(for_choice), _chance(for_payment), cause)


def _choice(s: SimulatedSigns) -> dict[str, Floats]:
    """What each signal adds to the log odds of leaving by choice."""
    young = s.tenure_days < 365
    waited = np.log2(np.maximum(s.reply_hours, 6) / 6)
    return {
        "payment_failures": 0.45 * np.minimum(s.failures, 4),
        "refunds_disputes": 1.8 * (s.taken_back > 0),
        # A customer of the largest plan has an account manager to call.
        "open_tickets": np.where(s.plan == 3, 0.8, 1.2) * np.minimum(s.open_tickets, 2),
        "ticket_volume": 0.7 * np.clip(s.tickets - 1, 0, 3),
        "slow_support": 0.4 * np.minimum(waited, 4.5),
        "low_satisfaction": 1.7 * (s.low_ratings > 0),
        "escalations": 1.4 * (s.escalations > 0),
        "price_rise": np.where(young, 2.1, 1.4) * (s.price_rises > 0),
        "downgrade": 1.8 * (s.downgrades > 0),
        "pause": 1.6 * (s.pauses > 0),
        "tenure": 1.6 * np.exp(-s.tenure_days / 100),
        # The year's bill is when a price rise is felt.
        "renewal": (3.3 + 0.8 * (s.price_rises > 0)) * s.renews,
    }


def _payment(s: SimulatedSigns) -> dict[str, Floats]:
    """What each signal adds to the log odds of being ended for want of payment."""
    return {
        "unpaid_invoices": (_OWING - _NOTHING_OWED) * (s.unpaid > 0),
        "payment_failures": 0.6 * np.minimum(s.failures_lately, 4)
        + 0.3 * np.minimum(s.failures - s.failures_lately, 3),
        "tenure": 0.8 * (s.tenure_days < 120),
    }


def _either(for_choice: Floats, for_payment: Floats) -> Floats:
    ended = _chance(for_payment)
    return ended + _chance(for_choice) * (1 - ended)


def _chance(log_odds: Floats) -> Floats:
    return 1 / (1 + np.exp(-log_odds))
